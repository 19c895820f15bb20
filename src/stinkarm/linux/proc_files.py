"""The files of /proc/self that stinkarm makes up, because the host's would show the emulator, and /proc/cpuinfo."""

from __future__ import annotations

import os

from stinkarm.guest.mapping import MAP_ANONYMOUS, MAP_SHARED, PROT_EXEC, PROT_WRITE
from stinkarm.linux.descriptors import flags_of
from stinkarm.linux.published import strings
from stinkarm.linux.resident import resident_pages

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from stinkarm.guest.mapping import Mapping
    from stinkarm.linux.fake_ids import FakeIds
    from stinkarm.linux.kernel import Kernel

NAME_COLUMN = 49  # where show_map_vma puts names in a 32-bit kernel
MAX_AUXV = 64
PAGE = 4096
WORD = 0xFFFFFFFF
SIG_IGN = 1

# What VMs of the status file are, in the order of fs/proc/task_mmu.c.
STATUS_SIZES = ("VmPeak", "VmSize", "VmHWM", "VmRSS", "RssAnon", "RssFile", "RssShmem")
STATUS_MORE = ("VmData", "VmStk", "VmExe", "VmLib", "VmPTE", "VmSwap")


def make_files(k: Kernel) -> dict[bytes, Callable[..., bytes]]:
    """Give what makes each file's contents, by its name below /proc/self, or below / for those of the machine."""
    policy = k.policy
    files: dict[bytes, Callable[..., bytes]] = {
        b"maps": lambda: maps(k),
        b"comm": lambda: first_thread(k).name + b"\n",
        b"stat": lambda: stat(k),
        b"statm": lambda: statm(k),
        b"status": lambda: status(k),
        b"fdinfo": lambda fd: descriptor(k, fd),
        b"/cpuinfo": lambda: cpuinfo(k),
    }
    if policy.stack:
        files[b"auxv"] = lambda: auxiliary_vector(k)
        files[b"cmdline"] = lambda: b"".join(text + b"\0" for text in policy.arguments)
        files[b"environ"] = lambda: b"".join(text + b"\0" for text in policy.variables)
    return files


def first_thread(k: Kernel) -> Kernel:
    """Give the first thread, which the files of the process tell of, if it still lives."""
    return k.threads.members.get(k.threads.leader, k)


def maps(k: Kernel) -> bytes:
    """Show the guest's mappings as fs/proc/task_mmu.c does."""
    lines = []
    for mapping in k.memory.mappings:
        number, inode = mapping.file
        device = f"{os.major(number):02x}:{os.minor(number):02x}"
        line = f"{mapping.start:08x}-{mapping.end:08x} {mapping.permissions} {mapping.offset:08x} {device} {inode} "
        lines.append((line.ljust(NAME_COLUMN) if mapping.name else line) + mapping.name.replace("\n", "\\012") + "\n")
    return os.fsencode("".join(lines))


def auxiliary_vector(k: Kernel) -> bytes:
    """Give the auxiliary vector, which stands after argc, argv and envp on the initial stack.

    How long those are is not read there: programs write over argc, and take variables out of envp.
    """
    memory = k.memory
    address = k.policy.stack + 4 * (len(k.policy.arguments) + len(k.policy.variables) + 3)
    end = address
    while end - address < 8 * MAX_AUXV:
        end += 8
        if memory.read_u32(end - 8) == 0:  # AT_NULL
            break
    return memory.read(address, end - address)


# How much memory there is


class Sizes:
    """The guest's memory in pages: what is mapped, what is there, by kind."""

    def __init__(self, k: Kernel) -> None:
        self.mapped = self.anonymous = self.file = self.shared = 0
        self.text = self.libraries = self.data = self.stack = 0
        program = os.fsdecode(k.policy.program)
        for mapping in k.memory.mappings:
            pages = (mapping.end - mapping.start) // PAGE
            there = sum(resident_pages(k.memory, mapping.start, mapping.end - mapping.start))
            self.mapped += pages
            if mapping.flags & MAP_SHARED:
                self.shared += there
            elif mapping.flags & MAP_ANONYMOUS:
                self.anonymous += there
            else:
                self.file += there
            self._count(mapping, pages, program)

    def _count(self, mapping: Mapping, pages: int, program: str) -> None:
        if mapping.name == "[stack]":
            self.stack += pages
        elif mapping.prot & PROT_EXEC:
            if mapping.name == program:
                self.text += pages
            else:
                self.libraries += pages
        elif mapping.prot & PROT_WRITE and not mapping.flags & MAP_SHARED:
            self.data += pages

    @property
    def resident(self) -> int:
        """How many pages are there."""
        return self.anonymous + self.file + self.shared


def statm(k: Kernel) -> bytes:
    """Show sizes in pages: all, resident, shared, text, nothing, data and stack, nothing."""
    sizes = Sizes(k)
    shared = sizes.file + sizes.shared
    values = (sizes.mapped, sizes.resident, shared, sizes.text, 0, sizes.data + sizes.stack, 0)
    return b"%d %d %d %d %d %d %d\n" % values


# The process


def _signals(k: Kernel) -> tuple[int, int, int, int, int]:
    """Give sets of signals: the thread's pending, the process's pending, blocked, ignored, caught."""
    thread = first_thread(k)
    pending, shared = (
        sum(1 << (number - 1) for number in {number for number, _ in queue}) for queue in (thread.pending, k.shared)
    )
    ignored = sum(1 << (number - 1) for number, action in k.actions.items() if action[0] == SIG_IGN)
    caught = sum(1 << (number - 1) for number, action in k.actions.items() if action[0] > SIG_IGN)
    return pending, shared, thread.blocked, ignored, caught


def _range(k: Kernel, prot: int) -> tuple[int, int]:
    """Give where the program's mappings with a protection begin and end."""
    program = os.fsdecode(k.policy.program)
    found = [mapping for mapping in k.memory.mappings if mapping.name == program and mapping.prot & prot]
    return (found[0].start, found[-1].end) if found else (0, 0)


def stat(k: Kernel) -> bytes:
    """Show the numbers of fs/proc/array.c: the host's, but for what tells of memory, threads and signals."""
    with open("/proc/self/stat", "rb") as file:
        fields = file.read().rpartition(b")")[2].split()
    sizes = Sizes(k)
    pending, shared, blocked, ignored, caught = _signals(k)
    low = (1 << 31) - 1
    changed: dict[int, int] = {
        17: len(k.threads.members),
        **dict(enumerate((sizes.mapped * PAGE, sizes.resident, WORD, *_range(k, PROT_EXEC), k.policy.stack, 0, 0), 20)),
        **dict(enumerate(((pending | shared) & low, blocked & low, ignored & low, caught & low, 0), 28)),
        **dict(enumerate((*_range(k, PROT_WRITE), k.memory.brk_start, *strings(k)), 42)),
    }
    for index, value in changed.items():
        fields[index] = b"%d" % value
    fields[0] = b"R"
    return b"%d (%s) %s\n" % (os.getpid(), first_thread(k).name, b" ".join(fields))


def status(k: Kernel) -> bytes:
    """Show the same as text: the host's lines, but for what tells of memory, threads, signals and the emulator."""
    sizes = Sizes(k)
    peak = (sizes.mapped, sizes.mapped, sizes.resident, sizes.resident)
    kibibytes = [4 * pages for pages in (*peak, sizes.anonymous, sizes.file, sizes.shared)]
    more = [4 * pages for pages in (sizes.data, sizes.stack, sizes.text, sizes.libraries, -(-sizes.resident // 512), 0)]
    lines = {name: f"{size:8} kB" for name, size in zip(STATUS_SIZES + STATUS_MORE, kibibytes + more, strict=True)}
    for name, signals in zip(("SigPnd", "ShdPnd", "SigBlk", "SigIgn", "SigCgt"), _signals(k), strict=True):
        lines[name] = f"{signals:016x}"
    lines["Name"] = os.fsdecode(first_thread(k).name).replace("\\", "\\\\").replace("\n", "\\n")
    lines["State"] = "R (running)"
    if k.policy.fake is not None:
        lines.update(_fake_ids(k.policy.fake))
    lines["Threads"] = str(len(k.threads.members))
    shown = []
    with open("/proc/self/status", encoding="utf-8", errors="surrogateescape") as file:
        for line in file:
            name, _, rest = line.partition(":")
            if not name.startswith(("x86_", "untag")):
                shown.append(f"{name}:\t{lines[name]}\n" if name in lines else f"{name}:{rest}")
    return os.fsencode("".join(shown))


def _fake_ids(fake: FakeIds) -> dict[str, str]:
    """Give the lines of the status file that tell of ids and capabilities, with --fake-root."""
    lines = {name: "\t".join(map(str, ids)) for name, ids in (("Uid", fake.uids), ("Gid", fake.gids))}
    lines["Groups"] = "".join(f"{group} " for group in fake.groups)
    sets = (("Inh", fake.inheritable), ("Prm", fake.permitted), ("Eff", fake.effective))
    return {**lines, **{f"Cap{name}": f"{number:016x}" for name, number in sets}}


def descriptor(k: Kernel, fd: int) -> bytes:
    """Show what the host says of a descriptor, with the flags of open(2) in the guest's bits."""
    with open(f"/proc/self/fdinfo/{fd}", "rb") as file:
        lines = file.readlines()
    for index, line in enumerate(lines):
        if line.startswith(b"flags:"):
            lines[index] = b"flags:\t0%o\n" % flags_of(k, fd, int(line[6:], 8))
    return b"".join(lines)


# The machine

PROCESSOR = """\
processor\t: {number}
model name\t: ARMv{version} Processor rev 1 (v{version}l)
BogoMIPS\t: 100.00
Features\t: {features}
CPU implementer\t: 0x41
CPU architecture: {version}
CPU variant\t: 0x2
CPU part\t: 0xc0f
CPU revision\t: 1

"""
MACHINE = """\
Hardware\t: Generic DT based system
Revision\t: 0000
Serial\t\t: 0000000000000000
"""


def cpuinfo(k: Kernel) -> bytes:
    """Show as many ARM processors as the host has (arch/arm/kernel/setup.c, c_show)."""
    from stinkarm.guest import hwcap

    eight = k.state.v8
    features = hwcap.features(hwcap.HWCAP, hwcap.HWCAP2_V8 if eight else hwcap.HWCAP2)
    version = 8 if eight else 7
    processors = (
        PROCESSOR.format(number=number, version=version, features=features) for number in range(os.cpu_count() or 1)
    )
    return ("".join(processors) + MACHINE).encode()
