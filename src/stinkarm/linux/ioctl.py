"""ioctl: only requests whose arguments are known, since any other could name host memory."""

from __future__ import annotations

import os
from errno import EINVAL, ENOTTY, EOVERFLOW, EPERM

from stinkarm.guest.native import addressof, c_uint64, create_string_buffer
from stinkarm.linux.declare import FD, syscall
from stinkarm.linux.host import call
from stinkarm.sandbox.descriptors import INHERITED, READ

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stinkarm.linux.kernel import Kernel
    from stinkarm.linux.parameters import Fd, Hex, IoctlRequest

HOST_IOCTL = 16

# What the third argument is: a plain number, or the address of so many bytes.
NUMBER = 0

TERMIO = 18  # struct termio
TERMIOS = 36
TERMIOS2 = 44
WINSIZE = 8
INT = 4

SOCKETS = 0x89  # the upper byte of requests on sockets
TIOCSCTTY = 0x540E
TIOCSPGRP = 0x5410
TIOCGPTPEER = 0x5441
FIOASYNC = 0x5452
FICLONE = 0x40049409
FICLONERANGE = 0x4020940D
FIEMAP = 0xC020660B  # FS_IOC_FIEMAP
FIEMAP_SIZE, FIEMAP_COUNT_AT, EXTENT_SIZE = 32, 24, 56
MAX_EXTENTS = 1 << 14

# Requests that ARM and x86-64 number and lay out alike (asm-generic/ioctls.h, linux/fs.h), and are harmless
# in the sandbox: asking, and setting how one's own terminal treats lines.
HARMLESS = {
    0x5401: TERMIOS,  # TCGETS
    0x5402: TERMIOS,  # TCSETS
    0x5403: TERMIOS,  # TCSETSW
    0x5404: TERMIOS,  # TCSETSF
    0x5405: TERMIO,  # TCGETA
    0x5406: TERMIO,  # TCSETA
    0x5407: TERMIO,  # TCSETAW
    0x5408: TERMIO,  # TCSETAF
    0x5409: NUMBER,  # TCSBRK
    0x540A: NUMBER,  # TCXONC
    0x540B: NUMBER,  # TCFLSH
    0x540F: INT,  # TIOCGPGRP
    0x5411: INT,  # TIOCOUTQ
    0x5413: WINSIZE,  # TIOCGWINSZ
    0x541B: INT,  # FIONREAD
    0x5421: INT,  # FIONBIO
    0x5424: INT,  # TIOCGETD
    0x5425: NUMBER,  # TCSBRKP
    0x5429: INT,  # TIOCGSID
    0x802C542A: TERMIOS2,  # TCGETS2
    0x402C542B: TERMIOS2,  # TCSETS2
    0x402C542C: TERMIOS2,  # TCSETSW2
    0x402C542D: TERMIOS2,  # TCSETSF2
    0x5450: NUMBER,  # FIONCLEX
    0x5451: NUMBER,  # FIOCLEX
    0x5460: 8,  # FIOQSIZE
    0x0002: INT,  # FIGETBSZ
    0x801C581F: 28,  # FS_IOC_FSGETXATTR
    0x81009431: 256,  # FS_IOC_GETFSLABEL
    0x80045200: INT,  # RNDGETENTCNT
}

# ... and those that reach others: other programs on the terminal, new terminals, devices.
REACHING = {
    0x540C: NUMBER,  # TIOCEXCL
    0x540D: NUMBER,  # TIOCNXCL
    TIOCSCTTY: NUMBER,
    TIOCSPGRP: INT,
    0x5412: 1,  # TIOCSTI
    0x5414: WINSIZE,  # TIOCSWINSZ
    0x5415: INT,  # TIOCMGET
    0x5416: INT,  # TIOCMBIS
    0x5417: INT,  # TIOCMBIC
    0x5418: INT,  # TIOCMSET
    0x5419: INT,  # TIOCGSOFTCAR
    0x541A: INT,  # TIOCSSOFTCAR
    0x5420: INT,  # TIOCPKT
    0x5422: NUMBER,  # TIOCNOTTY
    0x5423: INT,  # TIOCSETD
    0x5427: NUMBER,  # TIOCSBRK
    0x5428: NUMBER,  # TIOCCBRK
    0x80045430: INT,  # TIOCGPTN
    0x40045431: INT,  # TIOCSPTLCK
    0x80045432: INT,  # TIOCGDEV
    0x80045438: INT,  # TIOCGPKT
    0x80045439: INT,  # TIOCGPTLCK
    0x80045440: INT,  # TIOCGEXCL
    0x1268: INT,  # BLKSSZGET
    0x125E: INT,  # BLKROGET
    0x1278: INT,  # BLKIOMIN
    0x1279: INT,  # BLKIOOPT
    0x127A: INT,  # BLKALIGNOFF
    0x127B: INT,  # BLKPBSZGET
    0x127E: 2,  # BLKROTATIONAL
    0x401C5820: 28,  # FS_IOC_FSSETXATTR
}

# Of these, what concerns a terminal only that the guest has opened itself, through a grant.
OF_OWN_TERMINAL = frozenset(
    (0x540C, 0x540D, TIOCSCTTY, TIOCSPGRP, 0x5414, 0x5420, 0x5422, 0x80045430, 0x40045431, 0x80045432, 0x80045438),
) | {0x80045439, 0x80045440, TIOCGPTPEER}

# _IOR and _IOW with `long`, whose size is in the number, but an int behind the pointer (FS_IOC32_*).
GETS = {
    0x80046601: 0x80086601,  # FS_IOC_GETFLAGS
    0x80047601: 0x80087601,  # FS_IOC_GETVERSION
}
SETS = {
    0x40046602: 0x40086602,  # FS_IOC_SETFLAGS
    0x40047602: 0x40087602,  # FS_IOC_SETVERSION
}
# A `size_t` of bytes, and a `long` of sectors, written 64 bits wide by the host.
BLOCK_SIZES = {
    0x80041272: 0x80081272,  # BLKGETSIZE64, which every kernel writes 64 bits wide
    0x1260: 0x1260,  # BLKGETSIZE
}
BLKGETSIZE = 0x1260

NAMES = {0x5412: "TIOCSTI", TIOCSPGRP: "TIOCSPGRP", 0x540E: "TIOCSCTTY", 0x5414: "TIOCSWINSZ"}


@syscall(54, FD, partial="terminals and files; other requests answer ENOTTY")
def ioctl(k: Kernel, fd: Fd, request: IoctlRequest, argp: Hex) -> int:
    """Do what only one kind of file can."""
    k.policy.descriptors.check(fd)
    size = HARMLESS.get(request)
    if size is not None:
        return _ioctl(k, fd, request, size, argp)
    if request in GETS:
        return _ioctl(k, fd, GETS[request], INT, argp)
    if request in (FICLONE, FICLONERANGE):
        return _clone(k, fd, request, argp)
    if request == FIEMAP:
        return _extents(k, fd, argp)
    if request == FIOASYNC:
        from stinkarm.linux import owners

        return owners.set_async(k, fd, argp)
    if request >> 8 == SOCKETS:
        from stinkarm.linux import interfaces

        if interfaces.is_known(request):
            return interfaces.ioctl(k, fd, request, argp)
    size = REACHING.get(request)
    if size is None and request not in SETS and request not in BLOCK_SIZES and request != TIOCGPTPEER:
        k.policy.descriptors.check_open(fd)
        k.note(f"ioctl {request:#x} is not known: it answers ENOTTY.")
        return -ENOTTY
    if k.policy.sandboxed:
        fd = k.policy.descriptors.hold(fd)
    if request == TIOCSPGRP:
        return _set_group(k, fd, argp)
    if k.policy.sandboxed and not _own_terminal(k, fd, request):
        k.policy.deny("ioctl " + NAMES.get(request, f"{request:#x}"))
        return -EPERM
    if request == TIOCSCTTY and k.policy.sandboxed:
        argp = 0  # 1 would take it away from another session
    if size is not None:
        return _ioctl(k, fd, request, size, argp)
    if request in SETS:
        return _ioctl(k, fd, SETS[request], INT, argp)
    if request == TIOCGPTPEER:
        peer = call(HOST_IOCTL, fd, request, argp)
        return k.policy.descriptors.add(peer) if peer >= 0 else peer
    return _block_size(k, fd, request, argp)


def _ioctl(k: Kernel, fd: int, request: int, size: int, argp: int) -> int:
    return call(HOST_IOCTL, fd, request, k.memory.host(argp, size) if size else argp)


def _own_terminal(k: Kernel, fd: int, request: int) -> bool:
    """Say whether a request concerns only a terminal that the guest has opened itself."""
    return request in OF_OWN_TERMINAL and not k.policy.descriptors.rights_of(fd) & INHERITED


def _set_group(k: Kernel, fd: int, argp: int) -> int:
    """Give the terminal to a process group; in the sandbox, one that the guest could send signals to."""
    group = k.memory.read_u32(argp)
    own = group == os.getpgrp() or (_own_terminal(k, fd, TIOCSPGRP) and k.owns_group(group))
    if k.policy.sandboxed and not own:
        k.policy.deny("ioctl TIOCSPGRP")
        return -EPERM
    number = (c_uint64 * 1)(group)
    return call(HOST_IOCTL, fd, TIOCSPGRP, addressof(number))


def _clone(k: Kernel, fd: int, request: int, argp: int) -> int:
    """Share blocks between two files; both must be the guest's."""
    source = argp if request == FICLONE else k.memory.read_u64(argp)
    if source > 0x7FFFFFFF:
        return -EINVAL
    descriptors = k.policy.descriptors
    source = descriptors.hold(source)
    if not descriptors.rights_of(source) & READ:
        return -EPERM
    if request == FICLONE:
        return call(HOST_IOCTL, fd, request, source)
    words = (c_uint64 * 4).from_buffer_copy(k.memory.read(argp, 32))
    words[0] = source  # as checked: the guest's memory may have changed since
    return call(HOST_IOCTL, fd, request, addressof(words))


def _extents(k: Kernel, fd: int, argp: int) -> int:
    """Say where a file's blocks are: a struct fiemap, behind it as many struct fiemap_extent as it has room for.

    The host gets a copy with less room, if that is for very many: it says which extent is the last one, so that
    programs go on from there.
    """
    head = k.memory.read(argp, FIEMAP_SIZE)
    count = min(int.from_bytes(head[FIEMAP_COUNT_AT : FIEMAP_COUNT_AT + 4], "little"), MAX_EXTENTS)
    size = FIEMAP_SIZE + count * EXTENT_SIZE
    k.memory.read(argp, size)
    given = create_string_buffer(head[:FIEMAP_COUNT_AT] + count.to_bytes(4, "little") + head[-4:], size)
    result = call(HOST_IOCTL, fd, FIEMAP, addressof(given))
    flags_and_mapped, mapped = given.raw[16:24], int.from_bytes(given.raw[20:24], "little")
    if result >= 0:
        used = FIEMAP_SIZE + min(count, mapped) * EXTENT_SIZE
        k.memory.write(argp + FIEMAP_SIZE, given.raw[FIEMAP_SIZE:used])
    k.memory.write(argp + 16, flags_and_mapped)
    return result


def _block_size(k: Kernel, fd: int, request: int, argp: int) -> int:
    size = c_uint64()
    result = call(HOST_IOCTL, fd, BLOCK_SIZES[request], addressof(size))
    if result < 0:
        return result
    if request == BLKGETSIZE:
        if size.value > 0xFFFFFFFF:
            return -EOVERFLOW
        k.memory.write_u32(argp, size.value)
    else:
        k.memory.write_u64(argp, size.value)
    return result
