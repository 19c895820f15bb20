"""Core dumps: the file that a program leaves which a signal ends, for a debugger (fs/binfmt_elf.c, elf_core_dump).

It is ARM's: PT_NOTE with the registers of each thread, then a PT_LOAD a mapping. Pages that nobody has touched are
holes, and of mapped files only what the program may have changed, and the first page of ELF files, is in it.
`ulimit -c` says how long it may be; in the sandbox it needs a grant to write it.
"""

from __future__ import annotations

import os
import stat
import time
from errno import EEXIST
from struct import Struct, pack

from stinkarm.guest.mapping import MAP_ANONYMOUS, MAP_SHARED, PROT_EXEC, PROT_READ, PROT_WRITE, Mapping
from stinkarm.guest.memory import GuestFault
from stinkarm.linux import delivery
from stinkarm.linux.proc_files import auxiliary_vector
from stinkarm.linux.resident import resident_pages

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from stinkarm.linux.kernel import Kernel

AT_FDCWD = -100
PAGE = 4096
PIECE = 1 << 20
RLIMIT_CORE = 4
PR_SET_DUMPABLE = 4
# QUIT ILL TRAP ABRT BUS FPE SEGV XCPU XFSZ SYS
DUMPING = frozenset((3, 4, 5, 6, 7, 8, 11, 24, 25, 31))

EM_ARM = 40
ET_CORE = 4
EF_ARM_EABI_VER5 = 0x05000000
PT_LOAD, PT_NOTE = 1, 4
NT_PRSTATUS, NT_PRPSINFO, NT_AUXV, NT_ARM_VFP = 1, 3, 6, 0x400
NT_SIGINFO, NT_FILE = 0x53494749, 0x46494C45
SEGV_MAPERR, SEGV_ACCERR = 1, 2
SIGSEGV, SIGBUS = 11, 7

EHDR = Struct("<16sHHIIIIIHHHHHH")
PHDR = Struct("<8I")
NHDR = Struct("<3I")
# struct elf_prstatus up to pr_reg: siginfo, cursig, sigpend, sighold, pid, ppid, pgrp, sid, four times
PRSTATUS = Struct("<3iH2x2I4i8i18Ii")
PRPSINFO = Struct("<bcbbIHH4i16s80s")  # struct elf_prpsinfo

STOPPING = 0.3  # seconds that other threads get to stop


def is_wanted(k: Kernel, signal: int) -> bool:
    """Say whether a process that this signal ends leaves a core file."""
    if signal not in DUMPING or not k.attributes.get(PR_SET_DUMPABLE, 1):
        return False
    return limit_of(k) > 0 and (not k.policy.sandboxed or bool(k.policy.allow_write))


def limit_of(k: Kernel) -> int:
    """Give how many bytes a core file may have."""
    from stinkarm.linux.resources import limits_of

    return limits_of(k, RLIMIT_CORE)[0]


def dump(k: Kernel, others: Sequence[Kernel], signal: int, address: int | None) -> bool:
    """Write the core file; False, and a note in the log, when it is not whole. `address` is what a fault was about."""
    end = time.monotonic() + STOPPING
    while any(thread.tid in k.threads.members for thread in others if thread is not k) and time.monotonic() < end:
        time.sleep(0.002)
    threads = [k, *(thread for thread in others if thread is not k)]
    name = _name(k)
    try:
        fd = _open(k, name)
    except OSError as error:
        k.note(f"the core file {os.fsdecode(name)} cannot be written: {error.strerror}")
        return False
    try:
        _Writer(fd, limit_of(k)).write(k, threads, _signal_info(k, signal, address))
    except OSError as error:
        k.note(f"the core file {os.fsdecode(name)} is not whole: {error.strerror}")
        return False
    return True


def _open(k: Kernel, name: bytes) -> int:
    """Open the file, and empty it if it is one that nobody else has a name for."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK  # a FIFO would make it wait
    fd = k.policy.paths.open(AT_FDCWD, name, flags, 0o600)
    about = os.fstat(fd)
    if not stat.S_ISREG(about.st_mode) or about.st_nlink != 1 or about.st_uid != os.geteuid():
        raise OSError(EEXIST, "there is a file that is no core file")
    os.ftruncate(fd, 0)
    return fd


def _name(k: Kernel) -> bytes:
    """Give the name of the file: as the host's core_pattern says, if that is a plain name."""
    try:
        with open("/proc/sys/kernel/core_pattern", "rb") as file:
            pattern = file.read().strip()
        with open("/proc/sys/kernel/core_uses_pid", "rb") as file:
            with_pid = file.read().strip() == b"1"
    except OSError:
        pattern, with_pid = b"core", False
    if not pattern or pattern.startswith(b"|") or b"/" in pattern:
        pattern = b"core"
    pid = b"%d" % os.getpid()
    name = b"%".join(part.replace(b"%p", pid).replace(b"%e", k.name) for part in pattern.split(b"%%"))
    return name + b"." + pid if with_pid and pid not in name else name


def _signal_info(k: Kernel, signal: int, address: int | None) -> bytes:
    if address is None:
        return delivery.user_info(signal, delivery.SI_USER)
    code = 1
    if signal in (SIGSEGV, SIGBUS):
        code = SEGV_MAPERR if k.memory.find(address) is None else SEGV_ACCERR
    return delivery.fault_info(signal, code, address)


# Notes


def _note(name: bytes, kind: int, data: bytes) -> bytes:
    text = name + b"\0"
    return NHDR.pack(len(text), len(data), kind) + text.ljust(8, b"\0") + data.ljust(-(-len(data) // 4) * 4, b"\0")


def _registers(thread: Kernel, info: bytes) -> bytes:
    """Give struct elf_prstatus of a thread."""
    signal = int.from_bytes(info[:4], "little")
    pending = sum(1 << (number - 1) for number, _ in thread.pending if number <= 32)
    values = general_registers(thread)
    code = int.from_bytes(info[8:12], "little", signed=True)
    ids = (thread.tid, os.getppid(), os.getpgrp(), os.getsid(0))
    times = os.times()
    spent = [part for value in times[:4] for part in (int(value), int(value % 1 * 1_000_000))]
    words = (pending & 0xFFFFFFFF, thread.blocked & 0xFFFFFFFF, *ids, *spent, *values)
    return PRSTATUS.pack(signal, code, 0, signal, *words, 1)


def general_registers(thread: Kernel) -> tuple[int, ...]:
    """Give struct pt_regs of a thread: r0 to r15, CPSR, and r0 before the call."""
    state = thread.state
    return (*state.r, state.cpsr & 0xFFFFFFFF, state.r[0])


def vfp_registers(thread: Kernel) -> bytes:
    """Give struct user_vfp of a thread."""
    state = thread.state
    return state.doubles[16:48].tobytes() + pack("<I", state.fpscr)


def _process(k: Kernel) -> bytes:
    """Give struct elf_prpsinfo."""
    arguments = b" ".join(k.policy.arguments)[:79]
    ids = (os.getpid(), os.getppid(), os.getpgrp(), os.getsid(0))
    return PRPSINFO.pack(0, b"R", 0, 0, 0, os.getuid() & 0xFFFF, os.getgid() & 0xFFFF, *ids, k.name[:15], arguments)


def _files(mappings: list[Mapping]) -> bytes:
    """Give the note of the files that are mapped, and where."""
    mapped = [mapping for mapping in mappings if mapping.name.startswith("/")]
    rows = b"".join(pack("<3I", mapping.start, mapping.end, mapping.offset // PAGE) for mapping in mapped)
    names = b"".join(os.fsencode(mapping.name) + b"\0" for mapping in mapped)
    return pack("<2I", len(mapped), PAGE) + rows + names


def _auxiliary_vector(k: Kernel) -> bytes:
    if not k.policy.stack:
        return b""
    try:
        return auxiliary_vector(k)
    except GuestFault:  # the guest has unmapped its stack
        return b""


def _notes(k: Kernel, threads: Sequence[Kernel], info: bytes, mappings: list[Mapping]) -> bytes:
    notes = [_note(b"CORE", NT_PRSTATUS, _registers(k, info)), _note(b"CORE", NT_PRPSINFO, _process(k))]
    notes.append(_note(b"CORE", NT_SIGINFO, info))
    vector = _auxiliary_vector(k)
    if vector:
        notes.append(_note(b"CORE", NT_AUXV, vector))
    notes += [_note(b"CORE", NT_FILE, _files(mappings)), _note(b"LINUX", NT_ARM_VFP, vfp_registers(k))]
    for thread in threads[1:]:
        notes.append(_note(b"CORE", NT_PRSTATUS, _registers(thread, bytes(12))))
        notes.append(_note(b"LINUX", NT_ARM_VFP, vfp_registers(thread)))
    return b"".join(notes)


# Contents


class _Writer:
    """A core file being written, up to a limit."""

    def __init__(self, fd: int, limit: int) -> None:
        self._fd = fd
        self._limit = limit

    def _put(self, offset: int, data: bytes) -> None:
        data = data[: max(0, self._limit - offset)]
        while data:
            written = os.pwrite(self._fd, data, offset)
            data, offset = data[written:], offset + written

    def write(self, k: Kernel, threads: Sequence[Kernel], info: bytes) -> None:
        """Write everything."""
        mappings = [mapping for mapping in k.memory.mappings if mapping.end <= 0xFFFF0000]
        notes = _notes(k, threads, info, mappings)
        count = len(mappings) + 1
        notes_at = EHDR.size + PHDR.size * count
        offset = -(-(notes_at + len(notes)) // PAGE) * PAGE
        headers = [PHDR.pack(PT_NOTE, notes_at, 0, 0, len(notes), 0, 0, 4)]
        places = []
        for mapping in mappings:
            size = _dumped(k, mapping)
            flags = (
                (mapping.prot & PROT_READ and 4) | (mapping.prot & PROT_WRITE and 2) | bool(mapping.prot & PROT_EXEC)
            )
            length = mapping.end - mapping.start
            headers.append(PHDR.pack(PT_LOAD, offset, mapping.start, 0, size, length, flags, PAGE))
            places.append((mapping.start, size, offset))
            offset += size
        ident = b"\x7fELF\1\1\1" + bytes(9)
        sizes = (EHDR.size, PHDR.size, count, 0, 0, 0)
        head = EHDR.pack(ident, ET_CORE, EM_ARM, 1, 0, EHDR.size, 0, EF_ARM_EABI_VER5, *sizes)
        self._put(0, head + b"".join(headers) + notes)
        for start, size, at in places:
            for piece, length in _present(k, start, size):
                if at + piece - start >= self._limit:
                    return
                try:
                    self._put(at + piece - start, k.memory.read(piece, length))
                except GuestFault:  # beyond the end of a mapped file
                    continue
        os.ftruncate(self._fd, min(offset, self._limit))


def _dumped(k: Kernel, mapping: Mapping) -> int:
    """Give how many bytes of a mapping are in the file."""
    if not mapping.prot:
        return 0
    if mapping.flags & MAP_ANONYMOUS:
        return mapping.end - mapping.start
    if not mapping.flags & MAP_SHARED and mapping.prot & PROT_WRITE:
        return mapping.end - mapping.start
    try:
        return PAGE if mapping.offset == 0 and k.memory.read(mapping.start, 4) == b"\x7fELF" else 0
    except GuestFault:
        return 0


def _present(k: Kernel, start: int, size: int) -> list[tuple[int, int]]:
    """List the runs of pages of a range that are there, in pieces: start and length."""
    found: list[tuple[int, int]] = []
    for piece in range(start, start + size, PIECE):
        length = min(PIECE, start + size - piece)
        pages = resident_pages(k.memory, piece, length)
        at = 0
        while (at := pages.find(1, at)) >= 0:
            end = pages.find(0, at)
            end = end if end >= 0 else len(pages)
            found.append((piece + at * PAGE, (end - at) * PAGE))
            at = end
    return found
