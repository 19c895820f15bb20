"""The files of /proc/PID of other processes that run under stinkarm, made of what the host's kernel says of them.

Nothing is asked of the process, and nothing is believed that it could have written: where its guest memory is has been
told to the kernel (linux/published.py), and where it says something else, only what is shown of itself is wrong. Pages
that the guest has mapped without any access are not shown, for the host has no others in the reservation.
"""

from __future__ import annotations

import os
import stat as file_types
from struct import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = 4096
SPACE = 1 << 32
WORD = 0xFFFFFFFF
VECTORS = 0xFFFF0000
PT_LOAD, PF_X = 1, 1

# Fields of /proc/PID/stat behind the name, less 3 than their numbers in `man 5 proc`.
VSIZE, RSS, RSSLIM, START_CODE, END_CODE, START_STACK, ESP, EIP = range(20, 28)
START_DATA, END_DATA, START_BRK, ARG_START, ARG_END, ENV_START, ENV_END = range(42, 49)

TEXTS = frozenset((b"stat", b"statm", b"status", b"maps"))


class Row:
    """A line of a guest's maps: the host's, with the guest's addresses, name and permissions."""

    __slots__ = ("device", "end", "inode", "name", "offset", "permissions", "start")

    def __init__(self, start: int, end: int, permissions: str, offset: int, device: str, inode: int, name: str) -> None:
        self.start = start
        self.end = end
        self.permissions = permissions
        self.offset = offset
        self.device = device
        self.inode = inode
        self.name = name


class Other:
    """Another guest process. Raises OSError when it is gone or not to be seen, ValueError when it is none.

    `name` is its directory below /proc, that of a process or of a thread.
    """

    def __init__(self, name: bytes) -> None:
        self.folder = os.fsdecode(b"/proc/" + name)
        self.head, _, rest = self._read("stat").rpartition(")")
        self.fields = rest.split()
        start_data, end_data = int(self.fields[START_DATA]), int(self.fields[END_DATA])
        self.base = start_data
        sp = int(self.fields[START_STACK]) - self.base
        if not self.base or start_data != end_data or self.base % PAGE or not 0 < sp < SPACE:
            raise ValueError("not a guest")
        self.sp = sp
        self.start = int(self.fields[START_CODE]) - self.base
        self.end = int(self.fields[END_CODE]) - self.base
        self.rows: list[Row] = []
        self.resident = dict.fromkeys(("Rss", "Anonymous", "Shared"), 0)
        self._read_rows()

    def _read(self, name: str) -> str:
        with open(f"{self.folder}/{name}", encoding="utf-8", errors="surrogateescape") as file:
            return file.read()

    # Its memory

    def _read_rows(self) -> None:
        """Read what is mapped in its guest memory, and how much of it is there, in KiB."""
        low, high = self.base, self.base + SPACE
        row: Row | None = None
        for line in self._read("smaps").splitlines():
            word, _, rest = line.partition(" ")
            start, dash, end = word.partition("-")
            if dash and not word.endswith(":"):
                at = int(start, 16)
                row = self._row(at, int(end, 16), rest) if low <= at < high else None
            elif row is not None and word == "Rss:":
                size = int(rest.split()[0])
                shared = "Shared" if row.permissions[3] == "s" else "Rss" if row.inode else "Anonymous"
                self.resident[shared] += size

    def _row(self, start: int, end: int, rest: str) -> Row | None:
        permissions, offset, device, inode, *name = rest.split(None, 4)
        start, end = start - self.base, min(end - self.base, SPACE)
        if permissions[:3] == "---" and inode == "0":  # the reservation
            return None
        row = Row(start, end, permissions, int(offset, 16), device, int(inode), name[0] if name else "")
        if row.inode and "x" in _executable(row, self.folder):
            row.permissions = row.permissions[:2] + "x" + row.permissions[3]
        brk = -(-self.end // PAGE) * PAGE
        if start <= self.sp < end:
            row.name = "[stack]"
        elif start == VECTORS:
            row.name, row.permissions = "[vectors]", "r-xp"
        elif not row.inode and start == brk:
            row.name = "[heap]"
        elif not row.inode and start < brk < end:  # behind the program's zeros
            self.rows.append(Row(start, brk, permissions, 0, device, 0, ""))
            row.start, row.name = brk, "[heap]"
        self.rows.append(row)
        return row

    @property
    def program(self) -> bytes:
        """The host's name of its program."""
        for row in self.rows:
            if row.start <= self.start < row.end and row.inode:
                return os.fsencode(row.name)
        raise FileNotFoundError(2, "the program is not mapped any more")

    # Its files

    def text(self, name: bytes) -> bytes:
        """Give what a file of TEXTS holds."""
        made = {b"maps": self.maps, b"stat": self.stat, b"statm": self.statm, b"status": self.status}[name]()
        return os.fsencode(made)

    def maps(self) -> str:
        """Give its mappings in the form of fs/proc/task_mmu.c."""
        lines = []
        for row in self.rows:
            line = f"{row.start:08x}-{row.end:08x} {row.permissions} {row.offset:08x} {row.device} {row.inode} "
            lines.append((line.ljust(49) + row.name if row.name else line) + "\n")
        return "".join(lines)

    def _sizes(self) -> tuple[int, int, int, int, int]:
        """Give pages: of all, of the program's code, of other code, of data, of the stack."""
        text = libraries = data = stack = total = 0
        program = next((row.inode for row in self.rows if row.start <= self.start < row.end), 0)
        for row in self.rows:
            pages = (row.end - row.start) // PAGE
            total += pages
            if row.name == "[stack]":
                stack += pages
            elif "x" in row.permissions:
                text, libraries = (text + pages, libraries) if row.inode == program else (text, libraries + pages)
            elif "w" in row.permissions and "p" in row.permissions:
                data += pages
        return total, text, libraries, data, stack

    def stat(self) -> str:
        """Give the host's numbers, with the guest's addresses and sizes."""
        fields = list(self.fields)
        fields[VSIZE] = str(self._sizes()[0] * PAGE)
        fields[RSS] = str(sum(self.resident.values()) * 1024 // PAGE)
        for index in (START_CODE, END_CODE, START_STACK, ARG_START, ARG_END, ENV_START, ENV_END):
            fields[index] = str(max(0, int(fields[index]) - self.base))
        for index, value in ((RSSLIM, WORD), (ESP, 0), (EIP, 0), (START_DATA, 0), (END_DATA, 0), (START_BRK, 0)):
            fields[index] = str(value)
        return f"{self.head}) {' '.join(fields)}\n"

    def statm(self) -> str:
        """Give sizes in pages: all, resident, shared, text, nothing, data and stack, nothing."""
        total, text, _, data, stack = self._sizes()
        resident = sum(self.resident.values()) * 1024 // PAGE
        shared = (self.resident["Rss"] + self.resident["Shared"]) * 1024 // PAGE
        return f"{total} {resident} {shared} {text} 0 {data + stack} 0\n"

    def status(self) -> str:
        """Give the host's lines, with the guest's sizes."""
        total, text, libraries, data, stack = (4 * pages for pages in self._sizes())
        resident = sum(self.resident.values())
        sizes = {
            **dict.fromkeys(("VmPeak", "VmSize"), total),
            **dict.fromkeys(("VmHWM", "VmRSS"), resident),
            **{"RssAnon": self.resident["Anonymous"], "RssFile": self.resident["Rss"]},
            **{"RssShmem": self.resident["Shared"], "VmData": data, "VmStk": stack, "VmExe": text, "VmLib": libraries},
            **{"VmPTE": -(-resident // 512)},
        }
        shown = []
        for line in self._read("status").splitlines(keepends=True):
            name = line.partition(":")[0]
            if not name.startswith(("x86_", "untag")):
                shown.append(f"{name}:\t{sizes[name]:8} kB\n" if name in sizes else line)
        return "".join(shown)


_header = Struct("<16sHHIIIIIHHH")
_segment = Struct("<8I")


def _executable(row: Row, folder: str) -> str:
    """Give "x" for a row that an ELF file says is code; the host maps it without that permission."""
    if "w" in row.permissions:
        return ""
    for offset, size, flags in _segments(row, folder):
        if flags & PF_X and offset // PAGE * PAGE <= row.offset < offset + size:
            return "x"
    return ""


def _segments(row: Row, folder: str) -> Iterator[tuple[int, int, int]]:
    """Give offset, size and flags of what an ELF file for ARM has loaded; nothing for any other file."""
    try:
        fd = os.open(row.name, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return
    try:
        about = os.fstat(fd)
        if not file_types.S_ISREG(about.st_mode) or about.st_ino != row.inode:
            return
        data = os.pread(fd, PAGE, 0)
    finally:
        os.close(fd)
    if len(data) < _header.size or data[:5] != b"\x7fELF\x01":
        return
    *_, phoff, _, _, _, phentsize, phnum = _header.unpack_from(data)
    for at in range(phoff, min(phoff + phentsize * phnum, len(data) - _segment.size + 1), max(phentsize, 1)):
        kind, offset, _, _, size, _, flags, _ = _segment.unpack_from(data, at)
        if kind == PT_LOAD:
            yield offset, size, flags


def text_of(name: bytes) -> bytes | None:
    """Give what a file below /proc holds if it is another guest's, and made up; None for any other."""
    process, _, file = name.rpartition(b"/")
    if file not in TEXTS:
        return None
    try:
        return Other(process).text(file)
    except (OSError, ValueError):  # gone, not to be seen, or a program of the host: the host answers
        return None


def program_of(pid: bytes) -> bytes | None:
    """Give the host's name of the program that another guest runs; None for a process that is none."""
    try:
        return Other(pid).program
    except (OSError, ValueError):
        return None
