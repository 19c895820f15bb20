"""Executing stinkarm again in the same process, for a guest that runs another ARM program.

The settings, the program and what it is given, whose descriptors are whose: all that the new process image has to
know is handed over in a memory file, whose descriptor the guest cannot name. What was granted goes as descriptors, each
with device and inode: the new process looks up none of its names.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # `signal` is the same with enums, whose import takes longer
import os
import sys
import time

from stinkarm import lasting
from stinkarm.guest.reserve import reserve
from stinkarm.sandbox.roots import Guard, HostProgram, Root, Roots
from stinkarm.settings import Settings
from stinkarm.status import Failed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stinkarm.linux.execute import Program
    from stinkarm.linux.kernel import Kernel
    from stinkarm.machine import Machine
    from stinkarm.sandbox.policy import Policy

SIGPIPE, SIGCHLD = 13, 17
MAGIC = b"stinkarm handover 1\n"
# The first argument is the start archive (archive.py) that this process uses, or empty.
BOOT = """\
import sys
if sys.argv[1]:
    import marshal, posix
    try:
        file = posix.open(sys.argv[1], posix.O_CLOEXEC)
        status = posix.fstat(file)
        if status.st_uid not in (0, posix.geteuid()) or status.st_mode & 0o22:
            raise ValueError
        code, arguments = marshal.loads(posix.read(file, int.from_bytes(posix.read(file, 8), "little")))
        posix.close(file)
    except Exception:
        pass
    else:
        exec(code)
        boot(sys.argv[1].encode("utf-8", "surrogateescape"), status, *arguments, handover=int(sys.argv[3]))
sys.path[:] = sys.argv[2].split("\\n")
from stinkarm.cli import take_over
take_over(int(sys.argv[3]))
"""

# The settings that go with a program to the next; the rest is about the program itself, or is a time or a count.
SAME = ("syscalls", "sysroot", "root", "release", "cpu", "engine", "jit", "log_file")
SWITCHES = ("fake_root", "strace", "strace_summary", "quiet", "dump_registers", "perf_map")
WORDS = ("run_env",)
GRANTS = ("allow_read", "allow_write", "allow_env", "allow_run", "allow_net")
EVERYTHING = b"\n"  # a grant without names
SIG_IGN = 1


def _encoded(values: list[int]) -> list[bytes]:
    return [b"%d" % value for value in values]


# Leaving


def replace(machine: Machine, kernel: Kernel, program: Program, deadline: float | None) -> int:
    """Run another program in the place of this one, for the thread of `kernel`; return only by an OSError."""
    from stinkarm.linux.capture import leave
    from stinkarm.linux.execute import is_arm

    if kernel.link is not None:
        kernel.link.send()
    held = _signal.pthread_sigmask(_signal.SIG_BLOCK, ())
    back = os.open(".", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    kept: list[int] = []
    policy = machine.policy
    lent = policy.held()
    try:
        _set_signals(kernel)
        if not is_arm(program) and kernel.actions.get(SIGCHLD, (0,))[0] == SIG_IGN:
            leave(SIGCHLD, ignore=True)
        if is_arm(program):
            for fd in lent:
                os.set_inheritable(fd, True)
            state = _write(machine, kernel, program, deadline, kept)
            descriptors = policy.descriptors
            archive = "" if descriptors.lasting else os.fsdecode(getattr(sys.meta_path[0], "archive", b""))
            python = lasting.executable(descriptors)
            options = [python, "-ISc", BOOT, archive, "\n".join(lasting.search_path(descriptors)), str(state)]
            lasting.hand_over(descriptors, keeps=True)
            os.execv(python, [*options, os.fsdecode(program.argv[0])[:200]])
        policy.paths.enter_working_directory()
        reserve.give_back()
        if program.on_host is not None:
            os.execve(program.on_host.fd, program.argv, policy.host_environment(program.environment))
        variables = dict(text.partition(b"=")[::2] for text in program.environment)
        os.execve(program.path, program.argv, variables)
    finally:  # there is no other program: this one goes on
        reserve.take_again()
        for fd in kept:
            os.close(fd)
        for fd in lent:
            os.set_inheritable(fd, False)
        lasting.hand_over(policy.descriptors, keeps=False)
        leave(SIGPIPE, ignore=True)
        kernel.keep_children()
        os.fchdir(back)
        os.close(back)
        _signal.pthread_sigmask(_signal.SIG_SETMASK, held)
    raise AssertionError("execve returned")


def _set_signals(kernel: Kernel) -> None:
    """Leave the host's mask and ignored signals as the guest has them, which execve keeps."""
    from stinkarm.linux.capture import NEVER_TAKEN, leave

    leave(SIGPIPE, ignore=kernel.actions.get(SIGPIPE, (0,))[0] == SIG_IGN)
    blocked = {number for number in range(1, 65) if kernel.blocked >> (number - 1) & 1 and number not in (32, 33)}
    _signal.pthread_sigmask(_signal.SIG_SETMASK, blocked)
    for number, _ in (*kernel.pending, *kernel.shared):
        if number in blocked and number not in NEVER_TAKEN:
            os.kill(os.getpid(), number)


def _write(machine: Machine, kernel: Kernel, program: Program, deadline: float | None, kept: list[int]) -> int:
    """Write the state into a file in memory; give its descriptor, which execve keeps open.

    Descriptors that execve keeps are added to `kept`.
    """
    settings, policy = machine.settings, machine.policy
    log = machine.log
    left = []
    if settings.max_instructions is not None:
        left = [max(1, settings.max_instructions - machine.instructions)]
    values: dict[str, list[bytes]] = {
        "program": [program.path, program.name],
        "arguments": program.argv,
        "environment": program.environment,
        "topics": [topic.encode() for topic in settings.topics],
        "switches": [name.encode() for name in SWITCHES if getattr(settings, name)],
        **_grants(policy),
        "times": [repr(log.start).encode(), *([repr(deadline).encode()] if deadline is not None else [])],
        "stack_size": _encoded([settings.stack_size]),
        "max_instructions": _encoded(left),
        "fds": _encoded([_kept(fd, kept) for fd in (program.fd, *log.opened, kernel.family.fd, machine.broker)]),
        "rights": _encoded(
            [number for fd, right in policy.descriptors.rights.items() if _stays(fd) for number in (fd, right)]
        ),
        "children": _encoded(sorted(kernel.children)),
        "groups": _encoded(sorted(kernel.groups)),
        "ignored": _encoded([number for number, action in kernel.actions.items() if action[0] == SIG_IGN]),
        "attributes": _encoded([number for pair in kernel.attributes.items() for number in pair]),
        "limits": _encoded([number for kind, pair in kernel.limits.items() for number in (kind, *pair)]),
        "personality": _encoded([kernel.personality]),
        "small": _encoded([number for pair in policy.descriptors.small.items() for number in pair]),
        "descriptors": _encoded(reserve.numbers()),
        "signalfds": _encoded(_signalfds(policy, kept)),
        "parent": _encoded([kernel.parent]),
        "roots": _encoded([_kept(fd, kept) for fd in policy.root_fds]),
        "lasting": _encoded(list(policy.descriptors.lasting.values())),
        "ids": _encoded(_ids(policy, program)),
        "random": [],
    }
    if kernel.random is not None:
        values["random"] = [kernel.random.key, *_encoded([kernel.random.calls, kernel.random.branches])]
    now = {"sysroot": os.fsdecode(policy.sysroot), "root": os.fsdecode(policy.root)}
    for name in SAME:
        value = now.get(name, getattr(settings, name))
        values[name] = [os.fsencode(value)] if value else []
    for name in WORDS:
        values[name] = [os.fsencode(word) for word in getattr(settings, name)]
    for name in GRANTS:
        grant = getattr(policy, name)
        if name == "allow_net" and grant and grant is not True:
            grant = policy.network.looked_up()
        values[name] = [EVERYTHING] if grant is True else [os.fsencode(word) for word in grant or ()]
    file = os.memfd_create("stinkarm", os.MFD_CLOEXEC)
    with open(file, "r+b") as stream:
        stream.write(encode(values))
        stream.flush()
        return _kept(file, kept)


def _signalfds(policy: Policy, kept: list[int]) -> list[int]:
    if not policy.descriptors.signals:
        return []
    from stinkarm.linux.signalfd import hand_over

    return hand_over(policy.descriptors, lambda fd: _kept(fd, kept))


def _ids(policy: Policy, program: Program) -> list[int]:
    """Give the ids that a program has with --fake-root."""
    if policy.fake is None or policy.kept is None:
        return []
    from stinkarm.linux.fake_ids import FakeIds

    ids = FakeIds()
    ids.restore(policy.fake.numbers())
    status = policy.kept.shown(program.fd)
    ids.execute(status.st_mode, status.st_uid, status.st_gid)
    return ids.numbers()


def _grants(policy: Policy) -> dict[str, list[bytes]]:
    """Describe what is granted: names for messages, descriptors for use."""
    values = {
        "libraries": [os.fsencode(name) for name in policy.libraries],
        "places": _encoded([policy.sysroot_fd, int(policy.sysroot_guessed)]),
        "directory": _encoded([policy.cwd_fd, policy.cwd_rights]),
        "start": [os.fsencode(policy.start_directory), os.fsencode(policy.host_path)],
        "run_names": [os.fsencode(name) for name in policy.run_names],
        "held": [],
        "granted": [],
        "programs": [],
        "guard": [],
    }
    for fd in policy.held():
        status = os.fstat(fd)
        values["held"] += _encoded([fd, status.st_dev, status.st_ino])
    roots = policy.roots if policy.sandboxed else None
    if roots is not None:
        values["made"] = _encoded([roots.made])
        for root in roots.exact.values():
            numbers = (root.rights, root.fd, root.parent, root.file, *root.identity, root.slot)
            values["granted"] += [root.path, root.name, *_encoded([*numbers])]
        for program in roots.programs:
            values["programs"] += [os.fsencode(program.name), *_encoded([program.fd, *program.identity])]
        for identity, name in roots.guard.entries:
            values["guard"] += [name, *_encoded([*identity])]
        values["trees"] = roots.guard.trees
    return values


def _stays(fd: int) -> bool:
    """Say whether a descriptor of the guest is open in the next program, too."""
    try:
        return os.get_inheritable(fd)
    except OSError:  # closed, and kept for the guest (sandbox/descriptors.py), or never opened
        return False


def _kept(fd: int, kept: list[int]) -> int:
    """Copy a descriptor so that it stays open in the next program, away from the guest's; -1 stays -1."""
    import fcntl

    if fd < 0:
        return fd
    try:
        copy = fcntl.fcntl(fd, fcntl.F_DUPFD, reserve.first_hidden())
    except OSError:  # nothing is reserved, and the limit is low
        copy = fcntl.fcntl(fd, fcntl.F_DUPFD, 3)
    kept.append(copy)
    return copy


# Arriving


class Handover:
    """What the process image before this one has told it.

    `fd` is the program; `log_fds` are the log's descriptors, `family_fd` the family's, `broker` the broker's, or -1.
    """

    __slots__ = ("broker", "family_fd", "fd", "log_fds", "log_start", "rights", "settings", "values")

    def __init__(self, values: dict[str, list[bytes]]) -> None:
        self.values = values
        fds = self.numbers("fds")
        self.fd, self.log_fds = fds[0], tuple(fds[1:-2])
        self.family_fd, self.broker = fds[-2:]
        for fd in fds:
            if fd >= 0:
                os.set_inheritable(fd, False)
        held = self.numbers("held")
        for at in range(0, len(held), 3):
            status = os.fstat(held[at])
            if (status.st_dev, status.st_ino) != (held[at + 1], held[at + 2]):
                raise Failed("a descriptor of what is granted was lost when another program was started.")
            os.set_inheritable(held[at], False)
        # Now, as nothing of this process's own is open that the guest could have had under its number.
        own = {*fds, *held[::3]}
        self.rights = {fd: right for fd, right in self.pairs("rights") if fd not in own and _is_open(fd)}
        reserve.go_on(self.numbers("descriptors"))
        times = [float(text) for text in values["times"]]
        self.log_start = times[0]
        settings = self.settings = Settings()
        settings.program = os.fsdecode(values["program"][0])
        for name in SAME:
            if values[name]:
                setattr(settings, name, os.fsdecode(values[name][0]))
        for name in SWITCHES:
            setattr(settings, name, name.encode() in values["switches"])
        for name in WORDS:
            setattr(settings, name, [os.fsdecode(word) for word in values[name]])
        for name in GRANTS:
            words = [os.fsdecode(text) for text in values[name]]
            setattr(settings, name, True if values[name] == [EVERYTHING] else words)
        settings.topics = [text.decode() for text in values["topics"]]
        settings.stack_size = self.numbers("stack_size")[0]
        for count in self.numbers("max_instructions"):
            settings.max_instructions = count
        if len(times) > 1:
            settings.timeout = max(0.001, times[1] - time.monotonic())

    def numbers(self, name: str) -> list[int]:
        """Give a list of numbers."""
        return [int(text) for text in self.values[name]]

    def pairs(self, name: str) -> list[tuple[int, int]]:
        """Give a list of pairs of numbers."""
        numbers = self.numbers(name)
        return list(zip(numbers[::2], numbers[1::2], strict=True))

    def apply(self, machine: Machine) -> None:
        """Make the guest what the process was: its descriptors, its children, its attributes."""
        kernel, policy = machine.kernel, machine.policy
        policy.descriptors.rights = self.rights
        self._apply_grants(policy)
        if self.family_fd >= 0:
            kernel.family.fd = policy.descriptors.move_up(self.family_fd, kernel.family, "fd")
        kernel.children = set(self.numbers("children"))
        kernel.groups = set(self.numbers("groups"))
        kernel.attributes = dict(self.pairs("attributes"))
        limits = self.numbers("limits")
        kernel.limits = {limits[at]: (limits[at + 1], limits[at + 2]) for at in range(0, len(limits), 3)}
        kernel.personality = self.numbers("personality")[0]
        kernel.parent = self.numbers("parent")[0]
        if kernel.tracer is not None and (kernel.parent or kernel.children):
            kernel.tracer.begin_family()
        policy.descriptors.small = {fd: bool(is_file) for fd, is_file in self.pairs("small") if _is_open(fd)}
        signalfds = self.numbers("signalfds")
        if signalfds:
            from stinkarm.linux.signalfd import take_over

            take_over(kernel, signalfds)
        lasting.take_over(policy.descriptors, self.numbers("lasting"))
        roots = self.numbers("roots")
        for fd in roots:
            if fd >= 0:
                os.set_inheritable(fd, False)
        policy.root_fds = (roots[0], roots[1])
        for fd in {fd for fd in roots if fd >= 0}:
            policy.descriptors.hidden.add(fd)
        if policy.fake is not None:
            policy.fake.restore(self.numbers("ids"))
        if self.values["random"]:
            from stinkarm.linux.seeded import Randomness

            key, *counts = self.values["random"]
            kernel.random = Randomness(key, *map(int, counts))
        kernel.actions = dict.fromkeys(self.numbers("ignored"), (SIG_IGN, 0, 0, 0))

    def _apply_grants(self, policy: Policy) -> None:
        values = self.values
        policy.libraries = tuple(os.fsdecode(text) for text in values["libraries"])
        policy.start_directory, policy.host_path = map(os.fsdecode, values["start"])
        policy.run_names = {os.fsdecode(name) for name in values["run_names"]}
        for fd in self.numbers("held")[::3]:
            policy.descriptors.own(fd)
        policy.sysroot_fd, guessed = self.numbers("places")
        policy.sysroot_guessed = bool(guessed)
        policy.cwd_fd, policy.cwd_rights = self.numbers("directory")
        if "made" not in values:
            return
        found = {}
        for path, name, *texts in _groups(values["granted"], 9):
            rights, fd, parent, file, device, inode, slot = map(int, texts)
            root = found[path] = Root(path, rights, fd, parent, name, file, (device, inode))
            root.slot = slot
        programs = [
            HostProgram(os.fsdecode(name), int(fd), (int(device), int(inode)))
            for name, fd, device, inode in _groups(values["programs"], 4)
        ]
        guard = Guard()
        guard.trees = values["trees"]
        guard.files = {program.identity for program in programs}
        guard.entries = {((int(device), int(inode)), name) for name, device, inode in _groups(values["guard"], 3)}
        policy.roots = Roots(found, programs, guard, self.numbers("made")[0])

    def load(self, machine: Machine) -> None:
        """Load the program."""
        path, name = self.values["program"]
        argv, environment = self.values["arguments"], self.values["environment"]
        machine.load(os.fsdecode(path), argv, environment, descriptor=self.fd, name=name)


def _groups(values: list[bytes], size: int) -> list[list[bytes]]:
    return [values[at : at + size] for at in range(0, len(values), size)]


def _is_open(fd: int) -> bool:
    try:
        os.fstat(fd)
    except OSError:  # closed by the execve
        return False
    return True


# The form


def encode(values: dict[str, list[bytes]]) -> bytes:
    """Write lists of byte strings by name, each string after its length."""
    parts = [MAGIC]
    for name, strings in values.items():
        for text in (name.encode(), b"%d" % len(strings), *strings):
            parts.append(b"%d:%s" % (len(text), text))
    return b"".join(parts)


def decode(data: bytes) -> dict[str, list[bytes]]:
    """Read what `encode` wrote; raise ValueError for anything else."""
    if not data.startswith(MAGIC):
        raise ValueError("not a handover of this version of stinkarm")
    strings = []
    at = len(MAGIC)
    while at < len(data):
        colon = data.index(b":", at)
        end = colon + 1 + int(data[at:colon])
        strings.append(data[colon + 1 : end])
        at = end
    values = {}
    index = 0
    while index < len(strings):
        end = index + 2 + int(strings[index + 1])
        values[strings[index].decode()] = strings[index + 2 : end]
        index = end
    return values


def read(state: int) -> Handover:
    """Read the state from its descriptor, which is closed."""
    with open(state, "rb") as stream:
        stream.seek(0)
        return Handover(decode(stream.read()))
