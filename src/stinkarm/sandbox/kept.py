"""What a file's status is to a guest that is only its own root (--fake-root), kept beside the file.

The host lets no ordinary user give a file away, make a device, or write what may not be written. So the host's file
keeps its owner and the permissions that its owner needs, and what the guest has asked for is an extended attribute
of it: that goes with the file when it is renamed, linked, moved or copied with its attributes, ends with it, needs
no lock, and costs one call to look at. Only regular files and directories can have one, and not on every file system.
For others there is a *ledger*: one file of the user's, of lines that are only added to. It knows a file by its inode
number and the time when it was made, which tells it from a later file that has the number too.
"""

from __future__ import annotations

import os
import stat
from struct import unpack_from

from stinkarm.guest.native import addressof, create_string_buffer
from stinkarm.linux.host import call

TYPE_CHECKING = False
if TYPE_CHECKING:
    Key = tuple[int, int]

ATTRIBUTE = "user.stinkarm.status"
ATTRIBUTE_MAX = 128
HOST_STATX = 332
AT_EMPTY_PATH = 0x1000
STATX_BTIME = 0x800
STATX_SIZE = 256
BTIME_OFFSET = 80
LEDGER_SLACK = 1000  # lines that say nothing any more, before it is written anew

S_IFMT = 0o170000
PERMISSIONS = 0o7777


class Kept:
    """A status that was asked for: owner, group, mode with the file's type, the device; `host` is st_mode then."""

    __slots__ = ("device", "gid", "host", "mode", "uid")

    def __init__(self, uid: int, gid: int, mode: int, host: int, device: int) -> None:
        self.uid = uid
        self.gid = gid
        self.mode = mode
        self.host = host
        self.device = device

    def encode(self) -> bytes:
        """Write it as text."""
        return b"%d %d %o %o %d" % (self.uid, self.gid, self.mode, self.host, self.device)


def decode(text: bytes) -> Kept | None:
    """Read what `encode` wrote; None for anything else."""
    parts = text.split(b" ")
    if len(parts) != 5 or not all(part.isdigit() for part in parts):
        return None
    try:
        return Kept(int(parts[0]), int(parts[1]), int(parts[2], 8), int(parts[3], 8), int(parts[4]))
    except ValueError:  # 8 and 9 are no octal digits
        return None


def host_mode(mode: int) -> int:
    """Give the permissions that the host's file gets for those that the guest asks for.

    Its owner may always do what root may; and no other user of the host gets to run a program as the owner.
    """
    given = mode & 0o1777 | stat.S_IRUSR | stat.S_IWUSR
    return given | stat.S_IXUSR if stat.S_ISDIR(mode) or mode & 0o111 else given


def place(fd: int) -> str:
    """Name what a descriptor is open on, for calls that take a path."""
    return f"/proc/self/fd/{fd}"


class KeptStatus:
    """Looks up and changes what files are to the guest. Files are named by descriptors, which may be O_PATH ones."""

    def __init__(self) -> None:
        self._uid = os.geteuid()
        self._gid = os.getegid()
        self._ledger = Ledger()

    def make_folder(self) -> str:
        """Make the directory of the ledger; give its name. Where that fails, so will what needs the ledger."""
        folder = self._ledger.folder
        try:
            os.makedirs(folder, 0o700, exist_ok=True)
        except OSError:  # in a home that cannot be written
            return folder
        return folder

    def shown(self, fd: int) -> os.stat_result:
        """Give the status that the guest sees."""
        status = os.fstat(fd)
        kept = self._find(fd, status)
        if kept is None:
            return _changed(status, status.st_mode, *self._owners(status), status.st_rdev)
        return _changed(status, _mode(kept, status), kept.uid, kept.gid, kept.device or status.st_rdev)

    def _owners(self, status: os.stat_result) -> tuple[int, int]:
        """Give owner and group of a file of which nothing is kept: what is the user's is root's."""
        uid = 0 if status.st_uid == self._uid else status.st_uid
        gid = 0 if status.st_gid == self._gid else status.st_gid
        return uid, gid

    def keep(self, fd: int, *, mode: int = -1, uid: int = -1, gid: int = -1, device: int = -1) -> None:
        """Change what the guest sees; -1 leaves it. `mode` may have a file type, else that stays."""
        status, now = os.fstat(fd), self.shown(fd)
        mode = now.st_mode if mode < 0 else mode
        if not mode & S_IFMT:
            mode |= now.st_mode & S_IFMT
        uid, gid = now.st_uid if uid < 0 else uid, now.st_gid if gid < 0 else gid
        device = now.st_rdev if device < 0 else device
        if not stat.S_ISLNK(status.st_mode):
            wanted = host_mode(mode)
            if status.st_mode & PERMISSIONS != wanted:
                _permit(fd, wanted)
            status = os.fstat(fd)
        plain = (mode, uid, gid, device) == (status.st_mode, *self._owners(status), status.st_rdev)
        self._write(fd, status, None if plain else Kept(uid, gid, mode, status.st_mode, device))

    def admit(self, fd: int) -> bool:
        """Let the user reach a file of its own as root would, whose permissions forbid it; say whether they did."""
        status = os.fstat(fd)
        if status.st_uid != self._uid or stat.S_ISLNK(status.st_mode):
            return False
        wanted = host_mode(status.st_mode) | status.st_mode & PERMISSIONS
        if wanted == status.st_mode & PERMISSIONS:
            return False
        self.keep(fd, mode=self.shown(fd).st_mode)
        return True

    def _find(self, fd: int, status: os.stat_result) -> Kept | None:
        if stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode):
            try:
                return decode(os.getxattr(place(fd), ATTRIBUTE))
            except OSError:  # none, or not to be had on this file system, or of this file
                pass
        if self._ledger.empty():
            return None
        return self._ledger.find(_key(fd, status))

    def _write(self, fd: int, status: os.stat_result, kept: Kept | None) -> None:
        if stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode):
            try:
                if kept is not None:
                    os.setxattr(place(fd), ATTRIBUTE, kept.encode())
                    return
                os.removexattr(place(fd), ATTRIBUTE)
            except OSError:  # the same
                pass
        if kept is not None or not self._ledger.empty():
            key = _key(fd, status)
            if kept is not None or self._ledger.find(key) is not None:
                self._ledger.add(key, kept)


def _permit(fd: int, mode: int) -> None:
    """Set a file's permissions on the host; those of another user's are changed for the guest alone."""
    try:
        os.chmod(place(fd), mode)
    except PermissionError:
        return


def _mode(kept: Kept, status: os.stat_result) -> int:
    """Give the mode that was asked for, or the host's permissions if they were changed there since."""
    if kept.host == status.st_mode:
        return kept.mode
    return kept.mode & S_IFMT | status.st_mode & PERMISSIONS


def _changed(status: os.stat_result, mode: int, uid: int, gid: int, device: int) -> os.stat_result:
    """Give a status with other owners, mode and device."""
    names = ("st_atime_ns", "st_mtime_ns", "st_ctime_ns", "st_blksize", "st_blocks")
    more = {name: getattr(status, name) for name in names}
    return os.stat_result((mode, *status[1:4], uid, gid, *status[6:]), {**more, "st_rdev": device})


def _key(fd: int, status: os.stat_result) -> Key:
    """Give what tells a file from all others: its number, and when it was made (or its device)."""
    answer = create_string_buffer(STATX_SIZE)
    name = create_string_buffer(b"")
    if call(HOST_STATX, fd, addressof(name), AT_EMPTY_PATH, STATX_BTIME, addressof(answer)) == 0:
        (mask,) = unpack_from("<I", answer)
        if mask & STATX_BTIME:
            seconds, nanoseconds = unpack_from("<qI", answer, BTIME_OFFSET)
            return status.st_ino, seconds * 1_000_000_000 + nanoseconds
    return status.st_ino, -1 - status.st_dev


class Ledger:
    """The file of what no attribute can hold: a line a change, the last of a file counts.

    It is shared by all processes of the user: what others have added is read when the file has grown.
    """

    def __init__(self) -> None:
        base = os.environ.get("XDG_DATA_HOME", "")
        if not base.startswith("/"):  # a relative one means nothing (XDG Base Directory Specification)
            base = os.path.join(os.path.expanduser("~"), ".local", "share")
        self.folder = os.path.join(base, "stinkarm")
        self._path = os.path.join(self.folder, "fake-root")
        self._known: dict[Key, Kept | None] = {}
        self._lines = 0
        self._read = (0, 0)  # the inode, and how far it was read

    def empty(self) -> bool:
        """Say whether nothing was ever added."""
        self._refresh()
        return not self._known

    def find(self, key: Key) -> Kept | None:
        """Give what a file is, as of the last `empty`."""
        return self._known.get(key)

    def add(self, key: Key, kept: Kept | None) -> None:
        """Add a line."""
        import fcntl

        os.makedirs(self.folder, 0o700, exist_ok=True)
        line = b"%d %d %s\n" % (*key, b"-" if kept is None else kept.encode())
        while True:
            fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX)
                if not self._is(fd):
                    continue
                os.write(fd, line)
                self._refresh()
                if self._lines > 2 * len(self._known) + LEDGER_SLACK:
                    self._rewrite()
                return
            finally:
                os.close(fd)

    def _is(self, fd: int) -> bool:
        """Say whether an open file is still the ledger."""
        try:
            return os.path.samestat(os.fstat(fd), os.stat(self._path))
        except FileNotFoundError:
            return False

    def _refresh(self) -> None:
        """Read what was added since the last time."""
        try:
            status = os.stat(self._path)
        except OSError:  # nothing was added yet
            return
        inode, offset = self._read
        if (status.st_ino, status.st_size) == self._read:
            return
        if inode != status.st_ino or status.st_size < offset:
            self._known.clear()
            self._lines = offset = 0
        with open(self._path, "rb") as file:
            file.seek(offset)
            text = file.read()
        whole = text[: text.rfind(b"\n") + 1]
        for line in whole.splitlines():
            self._take(line)
        self._read = (status.st_ino, offset + len(whole))

    def _take(self, line: bytes) -> None:
        inode, made, text = (*line.split(b" ", 2), b"", b"")[:3]
        self._lines += 1
        if inode.isdigit() and made.lstrip(b"-").isdigit():
            self._known[int(inode), int(made)] = decode(text)

    def _rewrite(self) -> None:
        """Write the ledger anew, with one line a file."""
        there = {key: kept for key, kept in self._known.items() if kept is not None}
        beside = self._path + ".new"
        with open(beside, "wb") as file:
            file.writelines(b"%d %d %s\n" % (*key, kept.encode()) for key, kept in there.items())
        os.replace(beside, self._path)
        self._known.clear()
        self._lines = 0
        self._read = (0, 0)
