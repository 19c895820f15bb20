"""Opening files, and changing and walking directories."""

from __future__ import annotations

import os
import stat
from errno import E2BIG, EEXIST, EINVAL, ENAMETOOLONG, ENOENT, EOVERFLOW, EPERM, ERANGE, EXDEV
from struct import pack_into, unpack_from

from stinkarm.guest.memory import GuestFault
from stinkarm.guest.native import addressof, create_string_buffer
from stinkarm.linux import open_flags, structs
from stinkarm.linux.declare import FD, PATH, syscall
from stinkarm.linux.host import call
from stinkarm.linux.open_flags import MAX_NON_LFS
from stinkarm.sandbox.descriptors import ALL
from stinkarm.sandbox.special import OWN_COMM, OWN_HIDDEN, classify, host_name, on_procfs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from stinkarm.linux.kernel import Kernel
    from stinkarm.linux.parameters import (
        AtFlags,
        Bytes,
        Device,
        Dirents,
        DirFd,
        Fd,
        In,
        Int,
        Mode,
        Off64,
        OpenFlags,
        OpenHow,
        Out,
        Path,
        RenameFlags,
        Size,
        String,
        UInt,
    )
    from stinkarm.sandbox.paths import Entry, Found

AT_FDCWD = -100
AT_SYMLINK_NOFOLLOW = 0x100
AT_REMOVEDIR = 0x200
AT_SYMLINK_FOLLOW = 0x400
AT_EMPTY_PATH = 0x1000

HOST_GETDENTS64 = 217
HOST_LINKAT = 265
HOST_RENAMEAT2 = 316

PATH_MAX = 4096
MOST_ENTRIES = 1 << 16  # bytes that one call reads
FIRST_POSITION = 0x10000000  # of those that stand for larger ones
PAGE = 4096
RENAME_NOREPLACE = 1
RENAME_EXCHANGE = 2
RENAME_WHITEOUT = 4
RESOLVE_ALL = 0x3F
DT_UNKNOWN = 0
DT_REG = 8
S_IFMT = 0o170000
S_IFCHR = 0o020000
S_IFDIR = 0o040000
S_IFBLK = 0o060000
S_IFREG = 0o100000
S_IFLNK = 0o120000


def read_path(k: Kernel, address: int) -> bytes:
    """Read a file name, as the kernel's getname does."""
    path = k.memory.read_cstring(address, PATH_MAX)
    if len(path) == PATH_MAX:
        raise OSError(ENAMETOOLONG, "the path is too long")
    return path


def _open(k: Kernel, dirfd: int, pathname: int, flags: int, mode: int) -> int:
    path = read_path(k, pathname)
    k.policy.descriptors.check_room()
    if path.endswith(b"/mem") and classify(path)[:2] == (OWN_HIDDEN, b"mem"):
        from stinkarm.linux import proc_memory

        return proc_memory.open_memory(k, open_flags.to_host(flags))
    if path.endswith(b"/comm") and k.policy.sandboxed and k.policy.alone and classify(path)[0] == OWN_COMM:
        from stinkarm.linux import proc_comm

        return proc_comm.open_name(k, classify(path)[1], open_flags.to_host(flags))
    return _open_path(k, dirfd, path, open_flags.to_host(flags), mode & 0o7777)


def _open_path(k: Kernel, dirfd: int, path: bytes, flags: int, mode: int, resolve: int = 0) -> int:
    """Open with the host's flags; the files of /proc/self are made up, whatever name leads there."""

    def make_texts() -> dict[bytes, Callable[[], bytes]]:
        from stinkarm.linux.proc_files import make_files

        return make_files(k)

    paths = k.policy.paths
    if paths.make_texts is None:
        paths.make_texts = make_texts
    large = flags & open_flags.HOST_LARGEFILE
    if flags & os.O_TRUNC and not large:
        _check_small(k, dirfd, path)
    if k.policy.kept is not None:
        from stinkarm.linux.fake_files import open_file

        fd = open_file(k, dirfd, path, flags, mode, resolve)
    else:
        fd = paths.open(dirfd, path, flags, mode, resolve)
    if not large and fd >= 0 and not flags & os.O_PATH:
        _note_small(k, fd)
    return fd


def _check_small(k: Kernel, dirfd: int, path: bytes) -> None:
    """Refuse to empty what may not be opened without O_LARGEFILE."""
    try:
        with k.policy.paths.find(dirfd, path) as found:
            status = os.stat(found.path, dir_fd=found.fd, follow_symlinks=found.follow)
    except OSError:  # not there, or not to be looked at: opening it will tell
        return
    if status.st_mode & S_IFMT == S_IFREG and status.st_size > MAX_NON_LFS:
        raise OSError(EOVERFLOW, "the file is too large to be opened without O_LARGEFILE")


def _note_small(k: Kernel, fd: int) -> None:
    """Remember that a file was opened without O_LARGEFILE: nothing of it is above 2 GiB (generic_file_open)."""
    status = os.fstat(fd)
    is_file = status.st_mode & S_IFMT == S_IFREG
    if is_file and status.st_size > MAX_NON_LFS:
        from stinkarm.linux.descriptors import close

        close(k, fd)
        raise OSError(EOVERFLOW, "the file is too large to be opened without O_LARGEFILE")
    if fd not in k.policy.descriptors.made:
        k.policy.descriptors.small[fd] = is_file


@syscall(5, PATH)
def open(k: Kernel, pathname: In[Path], flags: OpenFlags, mode: Mode) -> Fd:
    """Open a file."""
    return _open(k, AT_FDCWD, pathname, flags, mode)


@syscall(8, PATH)
def creat(k: Kernel, pathname: In[Path], mode: Mode) -> Fd:
    """Make a file, or empty it."""
    return _open(k, AT_FDCWD, pathname, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, mode)


@syscall(322, PATH)
def openat(k: Kernel, dirfd: DirFd, pathname: In[Path], flags: OpenFlags, mode: Mode) -> Fd:
    """Open a file relative to a directory."""
    return _open(k, dirfd, pathname, flags, mode)


@syscall(437, PATH)
def openat2(k: Kernel, dirfd: DirFd, pathname: In[Path], how: In[OpenHow], size: Size) -> Fd:
    """Open a file relative to a directory, strictly."""
    if size < structs.OpenHow.size:
        return -EINVAL
    if size > PAGE:
        return -E2BIG
    if any(k.memory.read(how + structs.OpenHow.size, size - structs.OpenHow.size)):
        return -E2BIG
    flags, mode, resolve = structs.OpenHow.read(k.memory, how)
    if flags & ~open_flags.VALID or resolve & ~RESOLVE_ALL:
        return -EINVAL
    creates = flags & (open_flags.O_CREAT | open_flags.O_TMPFILE & ~open_flags.O_DIRECTORY)
    if mode & ~0o7777 if creates else mode:
        return -EINVAL
    path = read_path(k, pathname)
    k.policy.descriptors.check_room()
    return _open_path(k, dirfd, path, open_flags.to_host(flags), mode, resolve)


# Directories


def _made(k: Kernel, entry: Entry) -> None:
    """With --fake-root, say what was made."""
    if k.policy.kept is not None:
        from stinkarm.linux.fake_files import made_at

        made_at(k, entry.fd, entry.name)


def _mkdir(k: Kernel, dirfd: int, pathname: int, mode: int) -> int:
    with k.policy.paths.entry(dirfd, read_path(k, pathname), create=True) as entry:
        entry.check_mode(S_IFDIR)
        os.mkdir(entry.name, mode & 0o7777, dir_fd=entry.fd)
        _made(k, entry)
    return 0


@syscall(39, PATH)
def mkdir(k: Kernel, pathname: In[Path], mode: Mode) -> int:
    """Make a directory."""
    return _mkdir(k, AT_FDCWD, pathname, mode)


@syscall(323, PATH)
def mkdirat(k: Kernel, dirfd: DirFd, pathname: In[Path], mode: Mode) -> int:
    """Make a directory relative to a directory."""
    return _mkdir(k, dirfd, pathname, mode)


def _remove(k: Kernel, dirfd: int, pathname: int, directory: bool) -> int:
    with k.policy.paths.entry(dirfd, read_path(k, pathname)) as entry:
        (os.rmdir if directory else os.unlink)(entry.name, dir_fd=entry.fd)
    return 0


@syscall(40, PATH)
def rmdir(k: Kernel, pathname: In[Path]) -> int:
    """Remove a directory."""
    return _remove(k, AT_FDCWD, pathname, True)


@syscall(10, PATH)
def unlink(k: Kernel, pathname: In[Path]) -> int:
    """Remove a name of a file."""
    return _remove(k, AT_FDCWD, pathname, False)


@syscall(328, PATH)
def unlinkat(k: Kernel, dirfd: DirFd, pathname: In[Path], flags: AtFlags) -> int:
    """Remove a name relative to a directory."""
    if flags & ~AT_REMOVEDIR:
        return -EINVAL
    return _remove(k, dirfd, pathname, bool(flags))


def _rename(k: Kernel, olddirfd: int, oldpath: int, newdirfd: int, newpath: int, flags: int) -> int:
    if flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT):
        return -EINVAL
    if flags & RENAME_WHITEOUT and k.policy.sandboxed:
        return -EPERM
    paths = k.policy.paths
    old_name, new_name = read_path(k, oldpath), read_path(k, newpath)
    with paths.entry(olddirfd, old_name) as old, paths.entry(newdirfd, new_name) as new:
        old_last, new_last = _below(old), _below(new)
        new.check_kind(old)
        if flags & RENAME_EXCHANGE:
            old.check_kind(new)
        if not flags:
            os.rename(old_last, new_last, src_dir_fd=old.fd, dst_dir_fd=new.fd)
            return 0
        source, target = create_string_buffer(old_last), create_string_buffer(new_last)
        return call(HOST_RENAMEAT2, old.fd, addressof(source), new.fd, addressof(target), flags)


def _below(entry: Entry) -> bytes:
    """Give the name of an entry; for "/" one that is as little to be renamed, and on the mount of the guest's root."""
    return b"." if entry.name == b"/" else entry.name


@syscall(38, PATH)
def rename(k: Kernel, oldpath: In[Path], newpath: In[Path]) -> int:
    """Rename a file."""
    return _rename(k, AT_FDCWD, oldpath, AT_FDCWD, newpath, 0)


@syscall(329, PATH)
def renameat(k: Kernel, olddirfd: DirFd, oldpath: In[Path], newdirfd: DirFd, newpath: In[Path]) -> int:
    """Rename a file relative to directories."""
    return _rename(k, olddirfd, oldpath, newdirfd, newpath, 0)


@syscall(382, PATH)
def renameat2(
    k: Kernel,
    olddirfd: DirFd,
    oldpath: In[Path],
    newdirfd: DirFd,
    newpath: In[Path],
    flags: RenameFlags,
) -> int:
    """Rename a file relative to directories, with flags."""
    return _rename(k, olddirfd, oldpath, newdirfd, newpath, flags)


def _link(k: Kernel, olddirfd: int, oldpath: int, newdirfd: int, newpath: int, flags: int) -> int:
    if flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH):
        return -EINVAL
    from stinkarm.sandbox.paths import is_dots, split_last

    paths = k.policy.paths
    old_name, new_name = read_path(k, oldpath), read_path(k, newpath)
    follow = bool(flags & AT_SYMLINK_FOLLOW)
    if k.policy.sandboxed and old_name and new_name and is_dots(split_last(new_name)[1]):
        # It is there, whatever may be done to the old file.
        with paths.find(olddirfd, old_name, follow=follow), paths.entry(newdirfd, new_name):
            return -EEXIST
    if flags & AT_EMPTY_PATH and not old_name:
        source = paths.find_descriptor(olddirfd, ALL)
    else:
        # A second name in a writable directory makes the file writable: the old name must be so, too.
        source = paths.find(olddirfd, old_name, follow=follow, need=ALL)
    with source as found, paths.entry(newdirfd, new_name, create=True) as new:
        if new.alone:
            new.check_mode(os.fstat(found.opath).st_mode)
        old, name = create_string_buffer(found.path), create_string_buffer(new.name)
        host_flags = AT_SYMLINK_FOLLOW if found.follow else 0
        result = call(HOST_LINKAT, found.fd, addressof(old), new.fd, addressof(name), host_flags)
        if result == -EXDEV and _is_directory_beside(found, new):
            return -EPERM  # the second wall is asked before the file system, and knows no name for a granted directory
        return result


def _is_directory_beside(found: Found, new: Entry) -> bool:
    """Say whether what was found is a directory on the file system of a new name."""
    if found.opath < 0:
        return False
    status = os.fstat(found.opath)
    return stat.S_ISDIR(status.st_mode) and status.st_dev == os.fstat(new.fd).st_dev


@syscall(9, PATH)
def link(k: Kernel, oldpath: In[Path], newpath: In[Path]) -> int:
    """Give a file another name."""
    return _link(k, AT_FDCWD, oldpath, AT_FDCWD, newpath, 0)


@syscall(330, PATH)
def linkat(k: Kernel, olddirfd: DirFd, oldpath: In[Path], newdirfd: DirFd, newpath: In[Path], flags: AtFlags) -> int:
    """Give a file another name, relative to directories."""
    return _link(k, olddirfd, oldpath, newdirfd, newpath, flags)


def _symlink(k: Kernel, target: int, newdirfd: int, linkpath: int) -> int:
    text, name = read_path(k, target), read_path(k, linkpath)
    if not text:
        return -ENOENT
    with k.policy.paths.entry(newdirfd, name, create=True) as entry:
        entry.check_mode(S_IFLNK)
        os.symlink(text, entry.name, dir_fd=entry.fd)
        _made(k, entry)
    return 0


@syscall(83, PATH)
def symlink(k: Kernel, target: In[String], linkpath: In[Path]) -> int:
    """Make a symbolic link."""
    return _symlink(k, target, AT_FDCWD, linkpath)


@syscall(331, PATH)
def symlinkat(k: Kernel, target: In[String], newdirfd: DirFd, linkpath: In[Path]) -> int:
    """Make a symbolic link relative to a directory."""
    return _symlink(k, target, newdirfd, linkpath)


def _readlink(k: Kernel, dirfd: int, pathname: int, buf: int, bufsiz: int) -> int:
    if bufsiz <= 0:
        return -EINVAL
    path = read_path(k, pathname)
    if not path and dirfd != AT_FDCWD:  # the link that an O_PATH descriptor is open on
        target = os.readlink(b"", dir_fd=k.policy.descriptors.check(dirfd))
    elif path == b"/proc/self/exe" and k.policy.program and not k.policy.root:
        target = k.policy.program_name()  # each static program asks this, for which `policy.paths` is not needed
    else:
        target = k.policy.paths.read_link(dirfd, path)
    target = target[:bufsiz]
    k.memory.write(buf, target)
    return len(target)


@syscall(85, PATH)
def readlink(k: Kernel, pathname: In[Path], buf: Out[Bytes], bufsiz: Int) -> int:
    """Read what a symbolic link says."""
    return _readlink(k, AT_FDCWD, pathname, buf, bufsiz)


@syscall(332, PATH)
def readlinkat(k: Kernel, dirfd: DirFd, pathname: In[Path], buf: Out[Bytes], bufsiz: Int) -> int:
    """Read what a symbolic link says, relative to a directory."""
    return _readlink(k, dirfd, pathname, buf, bufsiz)


def _mknod(k: Kernel, dirfd: int, pathname: int, mode: int, dev: int) -> int:
    fake = k.policy.kept is not None
    if mode & S_IFMT in (S_IFCHR, S_IFBLK) and k.policy.sandboxed and dev and not fake:
        return -EPERM
    if k.policy.sandboxed and not fake:
        mode &= S_IFMT | 0o1777  # no set-user-ID files
    # new_decode_dev: 12 bits of major between the two parts of a 20-bit minor
    device = os.makedev(dev >> 8 & 0xFFF, dev & 0xFF | dev >> 12 & 0xFFF00)
    with k.policy.paths.entry(dirfd, read_path(k, pathname), create=True) as entry:
        if fake:
            from stinkarm.linux.fake_files import make_node

            return make_node(k, entry.fd, entry.name, mode & 0xFFFF, device)
        os.mknod(entry.name, mode & 0xFFFF, device, dir_fd=entry.fd)
    return 0


@syscall(14, PATH)
def mknod(k: Kernel, pathname: In[Path], mode: Mode, dev: Device) -> int:
    """Make a file, FIFO, socket or device."""
    return _mknod(k, AT_FDCWD, pathname, mode, dev)


@syscall(324, PATH)
def mknodat(k: Kernel, dirfd: DirFd, pathname: In[Path], mode: Mode, dev: Device) -> int:
    """Make a file, FIFO, socket or device relative to a directory."""
    return _mknod(k, dirfd, pathname, mode, dev)


def _truncate(k: Kernel, path: int, length: int) -> int:
    from stinkarm.sandbox.descriptors import WRITE

    with k.policy.paths.find(AT_FDCWD, read_path(k, path), need=WRITE) as found:
        os.truncate(found.path, length)
    return 0


@syscall(92, PATH)
def truncate(k: Kernel, path: In[Path], length: Int) -> int:
    """Set the length of a file by name."""
    return _truncate(k, path, length)


@syscall(193, PATH)
def truncate64(k: Kernel, path: In[Path], length: Off64) -> int:
    """Set the length of a file by name, 64 bits wide."""
    return _truncate(k, path, length)


# The working directory


@syscall(12, PATH)
def chdir(k: Kernel, path: In[Path]) -> int:
    """Change the working directory."""
    k.policy.paths.change_directory(read_path(k, path))
    return 0


@syscall(133, FD)
def fchdir(k: Kernel, fd: Fd) -> int:
    """Change the working directory to an open one."""
    k.policy.paths.change_directory_to(fd)
    return 0


@syscall(183, FD)
def getcwd(k: Kernel, buf: Out[Bytes], size: Size) -> int:
    """Give the working directory, with its final NUL."""
    text = k.policy.paths.working_directory() + b"\0"
    if len(text) > size:
        return -ERANGE
    k.memory.write(buf, text)
    return len(text)


@syscall(60, FD)
def umask(k: Kernel, mask: Mode) -> Mode:
    """Set which permissions new files do not get; give the earlier mask."""
    return os.umask(mask & 0o777)


# Reading directories


def _without_types(entries: bytearray) -> None:
    """Say of regular files that their type is unknown, since with --fake-root they may be devices."""
    at = 0
    while at < len(entries):
        if entries[at + 18] == DT_REG:
            entries[at + 18] = DT_UNKNOWN
        at += unpack_from("<H", entries, at + 16)[0]


def _small_positions(k: Kernel, fd: int, entries: bytearray) -> None:
    """Replace positions that do not fit 31 bits in struct linux_dirent64s.

    A 64-bit ext4 gives hashes as positions, which readdir of a 32-bit program would refuse with EOVERFLOW. The
    replacements are found again by lseek (linux/files.py).
    """
    positions = k.policy.descriptors.positions.get(fd)
    at = 0
    while at < len(entries):
        offset, length = unpack_from("<qH", entries, at + 8)
        if not 0 <= offset < FIRST_POSITION:
            if positions is None:
                positions = k.policy.descriptors.positions[fd] = []
            pack_into("<q", entries, at + 8, FIRST_POSITION + len(positions))
            positions.append(offset)
        at += length


@syscall(217, FD)
def getdents64(k: Kernel, fd: Fd, dirp: Out[Dirents], count: UInt) -> int:
    """Read directory entries."""
    return _list(k, fd, dirp, count, bytes)


def _list(k: Kernel, fd: int, dirp: int, count: int, form: Callable[[bytearray], bytes]) -> int:
    """Read entries as the guest sees them, in memory where no other thread changes them meanwhile; write their form."""
    held = k.policy.descriptors.hold(fd)
    k.memory.host(dirp, count)
    buffer = create_string_buffer(min(count, MOST_ENTRIES))
    try:
        before = os.lseek(held, 0, os.SEEK_CUR)
    except OSError:  # nothing to list: the call says so
        before = 0
    while True:
        size = call(HOST_GETDENTS64, held, addressof(buffer), len(buffer))
        if size <= 0:
            return size
        entries = bytearray(buffer.raw[:size])
        _small_positions(k, fd, entries)
        if k.policy.kept is not None:
            _without_types(entries)
        _leave_out_hidden(k, held, entries)
        if entries:  # else there was nothing but what is hidden: the end is not reached yet
            break
    data = form(entries)
    try:
        k.memory.write(dirp, data)
    except GuestFault:
        os.lseek(held, before, os.SEEK_SET)
        raise
    return len(data)


def _leave_out_hidden(k: Kernel, fd: int, entries: bytearray) -> None:
    """Take what is the emulator's out of a listing of the process's descriptors or threads."""
    if not on_procfs(fd, os.fstat(fd).st_dev):
        return
    shown = _shown(k, host_name(fd).split(b"/"))
    if shown is None:
        return
    kept = bytearray()
    at = 0
    while at < len(entries):
        (length,) = unpack_from("<H", entries, at + 16)
        record = entries[at : at + length]
        name = bytes(record[19:]).split(b"\0", 1)[0]
        if not name.isdigit() or shown(int(name)):
            kept += record
        at += length
    entries[:] = kept


def _shown(k: Kernel, parts: list[bytes]) -> Callable[[int], bool] | None:
    """Give what says which numbers the guest sees in a directory of /proc; None for one that is not its own."""
    if parts == [b"", b"proc"] and k.policy.sandboxed:
        return k.family.knows
    if b"%d" % os.getpid() not in parts:
        return None
    if parts[-1] == b"fd":
        return k.policy.descriptors.usable
    if parts[-1] == b"task":
        members = (k if k.sharer is None else k.sharer.lender).threads.members
        return lambda number: number in members
    return None


@syscall(141, FD)
def getdents(k: Kernel, fd: Fd, dirp: Out[Bytes], count: UInt) -> int:
    """Read directory entries in the old form: 32-bit numbers, and the type after the name."""
    return _list(k, fd, dirp, count, _old_form)


def _old_form(entries: bytearray) -> bytes:
    """Give struct linux_dirents for struct linux_dirent64s."""
    records = []
    at = 0
    while at < len(entries):
        inode, offset, length, kind = structs.Dirent64.unpack(entries[at : at + structs.Dirent64.size])
        name = entries[at + structs.Dirent64.size : at + length].split(b"\0", 1)[0]
        reclen = (structs.Dirent.size + len(name) + 2 + 3) & ~3
        head = structs.Dirent.pack(inode & 0xFFFFFFFF, offset, reclen)
        padding = reclen - structs.Dirent.size - len(name) - 1
        records.append(head + name + bytes(padding) + bytes((kind,)))
        at += length
    return b"".join(records)
