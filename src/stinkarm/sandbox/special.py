"""Names that mean the guest's own process, not a file: /proc/self and its kin, /dev/fd, harmless devices.

Only names as programs write them are recognised here. That is for their convenience, not for safety: what
another spelling reaches is checked once it is open (`paths.py`).
"""

import os
import stat
import sys

from stinkarm.sandbox.openat2 import PROC_SUPER_MAGIC, filesystem_type

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Protocol

    class Family(Protocol):
        """The guest's processes (linux/family.py)."""

        def knows(self, pid: int) -> bool: ...

        def text_of(self, name: bytes) -> bytes | None: ...

        def program_of(self, pid: bytes) -> bytes | None: ...


ORDINARY = 0
OWN_FD = 1  # detail: the descriptor
OWN_EXE = 2
OWN_TEXT = 3  # detail: the name below /proc/self, or /cpuinfo; stinkarm writes its contents
OWN_HIDDEN = 4  # shows or changes the emulator's memory
OWN_DIRECTORY = 5  # detail: a path that names the same place (cwd, root, and what is below fd/N)
DEVICE = 6
OWN_LISTING = 7  # detail: `fd` or `task`; linux/paths.py takes out what is the emulator's
OWN_COMM = 8  # detail: the name below /proc; the host has the guest's name there
OTHER = 9  # another process; detail: the name below /proc

# What stinkarm makes up, because the host's own would show the emulator.
TEXTS = frozenset((b"maps", b"cmdline", b"environ", b"auxv", b"stat", b"statm", b"status"))

# Of the kinds, what the guest sees otherwise than the host has it, whatever name has led there.
MADE_UP = (OWN_TEXT, OWN_HIDDEN, OWN_COMM, OTHER)

# What would show the emulator's memory, where it is, or let it be written.
HIDDEN = frozenset(
    (
        b"mem",
        b"map_files",
        b"pagemap",
        b"smaps",
        b"smaps_rollup",
        b"numa_maps",
        b"clear_refs",
        b"stack",
        b"syscall",
        b"kstack",
    )
)

# Device numbers by name: reading and writing these reaches nobody.
DEVICES = {
    b"/dev/null": os.makedev(1, 3),
    b"/dev/zero": os.makedev(1, 5),
    b"/dev/full": os.makedev(1, 7),
    b"/dev/random": os.makedev(1, 8),
    b"/dev/urandom": os.makedev(1, 9),
}
HARMLESS = frozenset(DEVICES.values())

# Physical memory, kernel memory, I/O ports: never, in any mode.
MEMORY_DEVICES = frozenset((os.makedev(1, 1), os.makedev(1, 2), os.makedev(1, 4)))

# Pseudo-terminals: the device that makes them, and those of the terminals.
PTMX = os.makedev(5, 2)
TERMINAL_MAJORS = range(136, 144)
TIOCGPTN = 0x80045430

STANDARD = {b"/dev/stdin": 0, b"/dev/stdout": 1, b"/dev/stderr": 2}

# Files of /proc that tell of the machine and of no process. Others are refused in the sandbox.
MACHINE = frozenset(
    b"/proc/" + name
    for name in (
        b"meminfo",
        b"stat",
        b"uptime",
        b"loadavg",
        b"version",
        b"filesystems",
        b"sys/kernel/hostname",
        b"sys/kernel/ostype",
        b"sys/kernel/osrelease",
        b"sys/kernel/version",
        b"sys/kernel/pid_max",
        b"sys/kernel/ngroups_max",
        b"sys/kernel/random/boot_id",
        b"sys/kernel/random/uuid",
        b"sys/kernel/cap_last_cap",
        b"sys/kernel/threads-max",
        b"sys/kernel/random/entropy_avail",
        b"sys/net/core/somaxconn",
        b"sys/vm/max_map_count",
        b"sys/vm/mmap_min_addr",
        b"sys/vm/overcommit_memory",
        b"sys/fs/file-max",
        b"sys/fs/pipe-max-size",
    )
)


def classify(path: bytes) -> tuple[int, bytes, int]:
    """Give the kind of a name (a constant above), and its detail as bytes and as a number."""
    if path in DEVICES:
        return DEVICE, path, -1
    if path in STANDARD:
        return OWN_FD, b"", STANDARD[path]
    if not path.startswith((b"/proc/", b"/dev/", b"//", b"/./")):
        return ORDINARY, b"", -1
    parts = _parts(path)
    if parts[:1] not in ([b"proc"], [b"dev"]):
        return ORDINARY, b"", -1
    name = b"/" + b"/".join(parts)
    if name in DEVICES and not path.endswith(b"/"):
        return DEVICE, name, -1
    if parts[:2] == [b"dev", b"fd"]:
        return _descriptor(parts[2:], path)
    if parts == [b"proc", b"cpuinfo"]:
        return OWN_TEXT, b"/cpuinfo", -1
    if len(parts) < 2 or parts[0] != b"proc":
        return ORDINARY, b"", -1
    if not _is_own(parts[1]):
        is_process = parts[1].isdigit() and len(parts[1]) < 10 and b".." not in parts
        return OTHER if is_process else ORDINARY, b"/".join(parts[1:]), -1
    if len(parts) < 3:
        return ORDINARY, b"", -1
    rest = parts[2:]
    if rest[0] == b"task" and len(rest) > 2 and (_is_own(rest[1]) or _is_own_thread(rest[1])):
        rest = rest[2:]
    name = rest[0]
    if name == b"comm" and len(rest) == 1:
        return OWN_COMM, b"/".join(parts[1:]), -1
    if name in (b"fd", b"task") and len(rest) == 1:
        return OWN_LISTING, name, -1
    if name == b"fd":
        return _descriptor(rest[1:], path)
    if name == b"exe" and len(rest) == 1:
        return OWN_EXE, b"", -1
    if name == b"cwd":
        return OWN_DIRECTORY, b"/".join(rest[1:]) or b".", -1
    if name == b"root":
        return OWN_DIRECTORY, b"/" + b"/".join(rest[1:]), -1
    if name in HIDDEN:
        return OWN_HIDDEN, name, -1
    if name == b"fdinfo" and len(rest) == 2 and rest[1].isdigit() and len(rest[1]) < 10:
        return OWN_TEXT, name, int(rest[1])
    if name in TEXTS and len(rest) == 1:
        return OWN_TEXT, name, -1
    return ORDINARY, b"", -1


def _parts(path: bytes) -> list[bytes]:
    """Split a name; take ".." out of it where it stands after what is known to be a directory and no link."""
    parts: list[bytes] = []
    for part in path.split(b"/"):
        if part == b".." and parts in ([b"proc"], [b"dev"], []):
            parts = []
        elif part == b".." and parts == [b"dev", b"fd"]:
            parts = [b"proc", b"self"]
        elif part == b".." and parts[0] == b"proc" and _is_own_directory(parts[1:]):
            parts.pop()
        elif part not in (b"", b"."):
            parts.append(part)
    return parts


def _is_own_directory(parts: list[bytes]) -> bool:
    """Say whether names below /proc are of the process's own directory, or one in it."""
    if not _is_own(parts[0]):
        return False
    rest = parts[1:]
    if len(rest) > 1 and rest[0] == b"task" and _is_own_thread(rest[1]):
        rest = rest[2:]
    return rest in ([], [b"fd"], [b"fdinfo"], [b"task"])


def is_own_link(kind: int, detail: bytes, path: bytes) -> bool:
    """Say whether a name, classified so, is a link of /proc/self itself."""
    if path.endswith(b"/") or not path.startswith(b"/proc"):
        return False
    return kind in (OWN_EXE, OWN_FD) or (kind == OWN_DIRECTORY and path.rpartition(b"/")[2] in (b"cwd", b"root"))


def _is_own(name: bytes) -> bool:
    return name in (b"self", b"thread-self") or name == b"%d" % os.getpid() or _is_own_thread(name)


def _is_own_thread(name: bytes) -> bool:
    return name.isdigit() and len(name) < 10 and os.path.isdir(b"/proc/self/task/" + name)


def _descriptor(rest: list[bytes], path: bytes) -> tuple[int, bytes, int]:
    """Classify what stands after /proc/self/fd."""
    if not rest or not rest[0].isdigit() or len(rest[0]) > 9:
        return ORDINARY, b"", -1
    number = int(rest[0])
    below = rest[1:]
    if path.endswith(b"/"):
        below.append(b"")
    if below:
        return OWN_DIRECTORY, b"/".join(below) or b".", number
    return OWN_FD, b"", number


def is_own_terminal(device: int, fds: "Iterable[int]") -> bool:
    """Say whether a device is the terminal of a pseudo-terminal whose other end is among the descriptors."""
    if os.major(device) not in TERMINAL_MAJORS:
        return False
    import fcntl

    for fd in tuple(fds):
        try:
            if os.fstat(fd).st_rdev == PTMX:
                number = int.from_bytes(fcntl.ioctl(fd, TIOCGPTN, bytes(4)), sys.byteorder)
                if number == (os.major(device) - TERMINAL_MAJORS[0]) * 256 + os.minor(device):
                    return True
        except OSError:  # another thread has closed it
            continue
    return False


def on_procfs(fd: int, device: int) -> bool:
    """Say whether a descriptor, whose st_dev is `device`, is on a proc file system."""
    return os.major(device) == 0 and filesystem_type(fd) == PROC_SUPER_MAGIC


def host_name(fd: int) -> bytes:
    """Give the host's present name of what a descriptor of the emulator is open on."""
    return os.readlink(b"/proc/self/fd/%d" % fd)


def shows_memory(fd: int, status: os.stat_result) -> bool:
    """Say whether an open file is memory of this or another process, or of the machine."""
    if stat.S_ISCHR(status.st_mode):
        return status.st_rdev in MEMORY_DEVICES
    if not on_procfs(fd, status.st_dev):
        return False
    parts = host_name(fd).split(b"/")
    if parts[-1] in (b"mem", b"kcore"):
        return True
    return str(os.getpid()).encode() in parts and not HIDDEN.isdisjoint(parts)
