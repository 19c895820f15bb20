"""The kernel that a guest program sees.

`Kernel.syscall` runs the call that a thread's registers ask for. Calls are declared in the
topic modules beside this one, which are imported when the guest first needs them.

The number is r7 whatever the immediate of SVC says, as in a kernel without CONFIG_OABI_COMPAT.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found,unused-ignore]  # `signal` costs an import of enum
import os
from _thread import RLock, get_ident
from errno import EACCES, EFAULT, ENOSYS, EPERM

from stinkarm.guest.direct import DirectCalls
from stinkarm.guest.memory import GuestFault
from stinkarm.linux import host, published
from stinkarm.linux.calls_that_wait import MAY_NOT_RETURN
from stinkarm.linux.declare import CHILD, DECLARED, FD, NAMES, PATH, PROCESS, PURE, SOCKET, SYSTEM, Syscall
from stinkarm.linux.family import Family
from stinkarm.linux.table import CALLS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, Protocol

    from stinkarm.guest.memory import Memory
    from stinkarm.guest.state import State
    from stinkarm.guest.stop import Stop
    from stinkarm.inspect.log import Log
    from stinkarm.linux.execute import Program
    from stinkarm.linux.parameters import Hex
    from stinkarm.linux.robust import HostList
    from stinkarm.linux.seeded import Randomness
    from stinkarm.linux.sharing import Sharer
    from stinkarm.linux.timers import Timer
    from stinkarm.linux.tracing import Tracing
    from stinkarm.linux.vfork import Link
    from stinkarm.sandbox.policy import Policy

    class Tracer(Protocol):
        """Who is shown every call: inspect/strace.py."""

        def enter(self, call: Syscall, arguments: tuple[int, ...]) -> None: ...

        def leave(self, call: Syscall, arguments: tuple[int, ...], result: int | None) -> None: ...

        def another(self) -> Tracer: ...

        def begin_family(self, *, is_child: bool = False) -> None: ...

        def signal(self, number: int, info: bytes) -> None: ...

        def end(self, how: str, thread: int = 0) -> None: ...

        def finish(self, *, is_first: bool) -> None: ...

    class Engine(Protocol):
        """What runs guest code, and is told of new code."""

        def run(self, state: State, budget: int) -> Stop: ...

        def flush(self, start: int, end: int) -> None: ...


arrived = host.arrived

EXIT = 1
EXIT_GROUP = 248
PRIVATE = 0xF0000  # the first number of the calls that only ARM has

# How a call that the sandbox refuses fails.
REFUSALS = {CHILD: EPERM, PROCESS: EPERM, SYSTEM: EPERM}
REACHES = {
    CHILD: "a new process",
    PROCESS: "another process",
    SYSTEM: "the settings of the system",
}
RUNS_IN_SANDBOX = (PURE, FD, PATH, SOCKET)

MAX_NOTES = 500
IDS = (199, 200, 201, 202)  # getuid32 and such, which the host must not answer with --fake-root
DIRECT_AFTER = 16  # calls of one number, before native code learns to pass it on

SIG_DFL = 0
SIG_IGN = 1
NO_ACTION = (SIG_DFL, 0, 0, 0)
SIGCHLD = 17
SA_NOCLDWAIT = 2
IGNORED_BY_DEFAULT = (17, 18, 23, 28)  # SIGCHLD SIGCONT SIGURG SIGWINCH
IGNORED_HERE: set[int] = set()  # what this process ignores on its own account, which a guest does not inherit


class Threads:
    """The threads of one process.

    `members` are those that live, by thread id. `lock` guards what they share: signals, this, the making of processes.
    `several` says that there was ever more than one, `over` that the process has ended, and nobody may do
    anything more but the one that found it out. `leader` is the id of the first thread. `executed` counts the
    instructions of those that have ended. `sharers` are the processes that share memory with this one
    (linux/sharing.py), by id, until they are waited for.
    """

    __slots__ = ("executed", "leader", "lock", "members", "over", "several", "sharers")

    def __init__(self) -> None:
        self.lock = RLock()
        self.members: dict[int, Kernel] = {}
        self.sharers: dict[int, Sharer] = {}
        self.leader = 0
        self.executed = 0
        self.several = False
        self.over = False

    def begin(self, kernel: Kernel) -> None:
        """Let a process have one thread."""
        self.leader = kernel.tid = os.getpid()
        self.members.clear()
        self.sharers.clear()
        self.members[self.leader] = kernel

    @property
    def alone(self) -> bool:
        """Say whether only one is left."""
        return len(self.members) == 1


class Kernel:
    """The kernel as one guest thread sees it.

    What belongs to the process is the same objects in all its threads' kernels, changed in place only; the rest of
    the process's is set before there is a second thread, or in a child that has one.

    Of the thread: `tid`; `ident`, the host thread's; `state`; `exit_status`, None until the thread must stop: then what
    a shell would see, and `exit_signal` the signal that ended the process, or 0; `leaves`, that it is not the process
    that ends; `renamed`, the name that another thread has given it and the host does not know yet; `call`, the call
    that is running; `tracing`, its tracer's part of it; `instructions` that it executed; `clear_child_tid` and
    `robust_list`, what the kernel does at its end; `host_list`, what the host's does; `random`, where random bytes come
    from if they follow from a seed.

    Of the process: `threads`; `attributes`, what prctl keeps; `limits`, the resource limits (soft, hard) that have been
    asked for; `missing`, the calls that answered ENOSYS because stinkarm does not have them.

    Signals of the process: `actions`, number to (handler, flags, restorer, mask); `shared`, the pending signals that
    any thread may take; `timers`. Of the thread: `blocked`, a set with signal n at bit n-1; `waiting`, the set that
    rt_sigtimedwait waits for; `saved_mask`, what `blocked` becomes again after a call that changed it while it waits;
    `pending`, the thread's own pending signals; `altstack`, the signal stack (sp, flags, size); `trap`, what its last
    fault was (number, error code, address); `attention`, that there may be a signal to deliver.
    `owns_host_signals` says that what the host sends to this process is meant for the guest, but for `kept`.

    `family` knows the other processes of the guest. `children` are those that it made and has not waited for, `groups`
    the process groups; `may_fork` says that this process may be copied and replaced, `forked` that it is a copy,
    `parent` which guest made it, `link` leads to a parent that waits in vfork; `on_fork` is called in a copy, `replace`
    runs another program, `run_thread` runs a thread in the calling host thread; each is given the kernel of the thread.
    `sharer` is what the process is to another that it shares memory with, in the same process of the host.
    `before_ids_change` opens what `replace` will need of what the user that the process becomes may not reach.
    """

    def __init__(
        self,
        memory: Memory,
        policy: Policy,
        log: Log,
        *,
        release: str = "6.1.0",
        tracer: Tracer | None = None,
    ) -> None:
        self.memory = memory
        self.policy = policy
        self.log = log
        self.release = release
        self.tracer = tracer
        self.engine: Engine | None = None
        self.tid = 0
        self.ident = get_ident()
        self.threads = Threads()
        self.threads.begin(self)
        self.state: State
        self.instructions = 0
        self.leaves = False
        self.exit_status: int | None = None
        self.exit_signal = 0
        self.exit_info = b""
        self.missing: dict[str, int] = {}
        self.actions: dict[int, tuple[int, int, int, int]] = {}
        self.shared: list[tuple[int, bytes]] = []
        self.timers: dict[int, Timer] = {}
        self.blocked = 0
        self.waiting = 0
        self.saved_mask: int | None = None
        self.pending: list[tuple[int, bytes]] = []
        self.altstack = (0, 0, 0)
        self.trap = (0, 0, 0)
        self.attention = False
        self.owns_host_signals = False
        self.kept: frozenset[int] = frozenset()
        self.captured: set[int] = set()
        self.clear_child_tid = 0
        self.robust_list = 0
        self.host_list: HostList | None = None
        self.personality = 0
        self.random: Randomness | None = None
        self.stack_size = 8 << 20
        self._name = b""
        self.renamed: bytes | None = None
        self.attributes: dict[int, int] = {}
        self.limits: dict[int, tuple[int, int]] = {}
        self.call: Syscall | None = None
        self.may_fork = False
        self.forked = False
        self.parent = 0
        self.children: set[int] = set()
        self.groups: set[int] = set()
        self.link: Link | None = None
        self.sharer: Sharer | None = None
        self.tracing: Tracing | None = None
        self.on_fork: Callable[[Kernel], None] | None = None
        self.replace: Callable[[Kernel, Program], int] | None = None
        self.before_ids_change: Callable[[], None] | None = None
        self.run_thread: Callable[[Kernel], None] | None = None
        self.direct = DirectCalls(policy.descriptors.kinds)
        self._noted: set[str] = set()
        self.family = policy.family = Family()
        policy.call = self._running
        if policy.report is None:
            policy.report = self.note
        self._ready: dict[int, tuple[Callable[..., int], Callable[[Any], tuple[int, ...]], Syscall]] = {}

    def syscall(self, state: State) -> None:
        """Run the call in r7 with r0..r6, and leave its answer in r0."""
        self.state = state
        registers = state.r
        entry = self._ready.get(registers[7])
        if entry is None:
            with self.threads.lock:  # another thread may be halfway through importing the module
                entry = self._prepare(registers[7])
        handler, unpack, call = entry
        self.call = call
        arguments = unpack(state.words)
        tracer = self.tracer
        if tracer is not None:
            tracer.enter(call, arguments)
        try:
            result = handler(self, *arguments)
        except GuestFault:
            result = -EFAULT
        except OSError as error:
            if error.errno is None:
                raise
            result = -error.errno
        except host.Interrupted as interruption:
            from stinkarm.linux import delivery

            result = delivery.end_of_wait(self, call.number, begun=interruption.begun)
        except BaseException:
            if tracer is not None:
                tracer.leave(call, arguments, None)
            raise
        if result == -EACCES and self.policy.kept is not None:
            from stinkarm.linux import fake_files

            result = fake_files.again(self, call, arguments)
        if self.threads.several:
            self.policy.descriptors.release()
        if tracer is not None:
            tracer.leave(call, arguments, result)
        registers[0] = result & 0xFFFFFFFF
        if self.attention or arrived[0]:
            self.deliver(state)

    def new_thread(self) -> Kernel:
        """Make what another thread sees, which is to begin where this one is; `tid` and `ident` are still to be set."""
        new = Kernel.__new__(Kernel)
        new.__dict__.update(self.__dict__)
        new.state = self.state.copy()
        new.instructions = 0
        new.exit_status, new.exit_signal, new.leaves = None, 0, False
        new.waiting, new.saved_mask = 0, None
        new.pending = []
        new.altstack = (0, 0, 0)
        new.trap = (0, 0, 0)
        new.attention = False
        new.clear_child_tid = new.robust_list = 0
        new.host_list = new.renamed = None
        if self.random is not None:
            new.random = self.random.branch()
        new.tracing = None
        if self.tracer is not None:
            new.tracer = self.tracer.another()
        return new

    def close(self) -> None:
        """Stop what would still send signals."""
        for timer in self.timers.values():
            timer.delete()
        self.timers.clear()

    @property
    def name(self) -> bytes:
        """The 15 bytes that ps shows of the thread: the host's own, where the process is the guest's alone."""
        if self.renamed is not None:
            return self.renamed
        if self.owns_host_signals:
            try:
                return published.read_name(self.tid)
            except OSError:  # the thread has ended
                return self._name
        return self._name

    @name.setter
    def name(self, name: bytes) -> None:
        """Name the calling thread."""
        self._name, self.renamed = name, None
        if self.owns_host_signals:
            published.set_name(name)

    @property
    def holds_robust_locks(self) -> bool:
        """Say whether the thread's list of robust locks is not empty."""
        try:
            head = self.robust_list
            return bool(head) and (self.memory.read_u32(head) != head or self.memory.read_u32(head + 8) != 0)
        except GuestFault:
            return False

    def renew_host_list(self) -> None:
        """Let the host's kernel know which robust locks the thread holds: only it sees some ends of a thread."""
        if self.owns_host_signals and (self.host_list is not None or self.holds_robust_locks):
            from stinkarm.linux import robust

            robust.renew(self)

    def own_host_signals(self, kept: Iterable[int] = ()) -> None:
        """Let the guest have the signals that the host sends to this process, but for `kept`, which others take."""
        self.owns_host_signals = self.policy.alone = True
        self.kept = frozenset(kept)

    def ignores(self, signal: int) -> bool:
        """Say whether a signal does nothing, by choice or by default."""
        handler = self.actions.get(signal, NO_ACTION)[0]
        return handler == SIG_IGN or (handler == SIG_DFL and signal in IGNORED_BY_DEFAULT)

    @property
    def reaps(self) -> bool:
        """Say whether children that end are nobody's to wait for (SIGCHLD is ignored, SA_NOCLDWAIT).

        The host could do that, but then their numbers would be others' before anybody here knew.
        """
        handler, flags, _, _ = self.actions.get(SIGCHLD, NO_ACTION)
        return self.owns_host_signals and (handler == SIG_IGN or bool(flags & SA_NOCLDWAIT))

    def keep_children(self) -> None:
        """Let the host keep the numbers of children that end until they are waited for here."""
        if SIGCHLD in self.actions or was_ignored(SIGCHLD):
            from stinkarm.linux import delivery

            delivery.follow(self, 1 << (SIGCHLD - 1))

    def raise_signal(self, signal: int) -> None:
        """Send a signal from the kernel to the running thread."""
        from stinkarm.linux import delivery

        delivery.send(self, signal, delivery.kernel_info(signal))

    def force_signal(self, signal: int, code: int = 0x80, address: int = 0) -> None:
        """Send the running thread a signal that it cannot keep off: blocked or ignored, it ends the process."""
        from stinkarm.linux import delivery

        delivery.force(self, signal, delivery.fault_info(signal, code, address))

    def fault(self, state: State, stop: Stop) -> bool:
        """Let the guest's handler have a fault of its own code; False when that ends the process."""
        from stinkarm.linux import faults

        self.state = state
        return faults.handle(self, stop)

    def deliver(self, state: State) -> None:
        """Let signals act that came, if they are not blocked."""
        from stinkarm.linux import delivery

        self.state = state
        delivery.deliver(self)

    def show_signal(self, signal: int, info: bytes) -> None:
        """Show that a signal acts."""
        if self.tracer is not None:
            self.tracer.signal(signal, info)

    def end(self, signal: int, info: bytes = b"") -> None:
        """End the process by a signal; `info` is its siginfo."""
        self.exit_signal, self.exit_info = signal, info
        self.exit_status = 128 + signal

    def begin_child(self, link: Link | None) -> None:
        """Be a child that was just forked: what a child does not inherit goes."""
        if self.link is not None:
            self.link.close()
        self.link = link
        if link is not None:
            link.begin_child()
        self.forked = True
        self.parent = os.getppid()
        self.threads.begin(self)
        self.groups |= self.children
        self.children = set()
        self.pending, self.shared, self.timers = [], [], {}
        if self.captured:
            from stinkarm.linux import capture

            for _ in capture.taken():  # what came before the fork is the parent's
                continue
        self.robust_list, self.host_list = 0, None
        self.tracing = None
        self.family.enter()
        for made in set(self.policy.descriptors.made.values()):
            made.begin_child()
        if self.random is not None:
            self.random = self.random.branch()
        self.policy.denials = []
        if self.tracer is not None:
            self.tracer.begin_family(is_child=True)
        if self.on_fork is not None:
            self.on_fork(self)

    def end_child(self) -> None:
        """Let a parent that waits in vfork go on; called when the process ends."""
        if self.link is not None:
            self.link.send()
            self.link.close()
            self.link = None

    def foreign(self, pid: int) -> bool:
        """Say whether a process or thread is none of this one's business: not its own or its child, in the sandbox."""
        return (
            self.policy.sandboxed
            and pid not in (0, os.getpid())
            and pid not in self.children
            and pid not in self.threads.members
        )

    def may_signal(self, pid: int) -> bool:
        """Say whether a signal may be sent to a process, or a group as for `man 2 kill`."""
        if not self.policy.sandboxed or pid in self.children:
            return True
        if pid > 0:
            return pid == self.parent == os.getppid()
        return pid != -1 and self.owns_group(-pid or os.getpgrp())

    def owns_group(self, group: int) -> bool:
        """Say whether a process group is one that the guest, its children or the guests above it have made.

        One of the family must be in it: else the number may be another's by now.
        """
        if group not in self.groups and group not in self.children:
            return False
        near = (os.getpid(), *self.children, self.parent)
        return any(group_of(pid) == group for pid in near) or any(
            group_of(pid) == group for pid in self.family.members()
        )

    def pointer(self, address: int, size: int) -> int:
        """Give the host address of `size` guest bytes, or 0 for NULL."""
        return self.memory.host(address, size) if address else 0

    def write_word(self, address: int, value: int) -> None:
        """Write 32 bits to a guest address."""
        self.memory.write(address, (value & 0xFFFFFFFF).to_bytes(4, "little"))

    def _running(self) -> str:
        ident = get_ident()
        for kernel in list(self.threads.members.values()) if self.threads.several else ():
            if kernel.ident == ident:
                return kernel.call.name if kernel.call is not None else "a system call"
        return self.call.name if self.call is not None else "a system call"

    def deny(self, needs: str) -> None:
        """Note that the sandbox refuses what the running call needs."""
        self.policy.deny(REACHES[needs], "--allow-run" if needs == CHILD else "")

    def note(self, text: str) -> None:
        """Tell the user something about this process once, when system calls are logged."""
        if text not in self._noted and len(self._noted) < MAX_NOTES:
            self._noted.add(text)
            if self.log.syscalls or self.log.strace:
                self.log.line(text)

    def _prepare(self, number: int) -> tuple[Callable[..., int], Callable[[Any], tuple[int, ...]], Syscall]:
        """Find the declaration of a number, and what this process gets for it."""
        call = find(number)
        unpack = call.prepare()
        handler = call.handler
        if number in MAY_NOT_RETURN:
            handler = _renewing(handler)
        mode = self.policy.mode
        if mode == "deny" and number not in (EXIT, EXIT_GROUP):
            handler = _answer(ENOSYS)
        elif mode == "sandbox" and call.needs not in RUNS_IN_SANDBOX and not (call.needs == CHILD and self.policy.runs):
            handler = _answer(REFUSALS[call.needs])
            self.call = call
            self.deny(call.needs)
        elif call.missing:
            handler = _answer(ENOSYS)
            if number in CALLS:
                self.missing[call.name] = number
            self.note(f"{call.name} (system call {number}) is not implemented: it answers ENOSYS.")
        elif call.direct >= 0 and self.tracer is None and not (self.sharer or (self.policy.fake and number in IDS)):
            handler = self._count_down(call, handler)
        entry = (handler, unpack, call)
        if number in CALLS:  # a guest that tries all other numbers does not fill memory
            self._ready[number] = entry
        return entry

    def _count_down(self, call: Syscall, handler: Callable[..., int]) -> Callable[..., int]:
        """Make the handler of a call that native code shall pass on once it has been made often."""
        left = DIRECT_AFTER

        def counted(k: Kernel, *arguments: int) -> int:
            nonlocal left
            left -= 1
            if left <= 0:
                from stinkarm.linux import direct

                _, unpack, _ = k._ready[call.number]
                k._ready[call.number] = (direct.begin(k, call, handler), unpack, call)
            return handler(k, *arguments)

        return counted


def was_ignored(signal: int) -> bool:
    """Say whether who started this process had it ignore a signal."""
    return bool(_signal.getsignal(signal) == SIG_IGN)


def group_of(pid: int) -> int:
    """Give the group of a process, 0 if it is not there."""
    try:
        return os.getpgid(pid) if pid > 0 else 0
    except OSError:
        return 0


def _answer(error: int) -> Callable[..., int]:
    """Make a handler that fails with `error` whatever it is asked."""

    def answer(*_: object) -> int:
        return -error

    return answer


def _renewing(handler: Callable[..., int]) -> Callable[..., int]:
    """Make the handler of a call after which the thread may never come back here."""

    def renewing(k: Kernel, *arguments: int) -> int:
        if k.robust_list:
            k.renew_host_list()
        return handler(k, *arguments)

    return renewing


def _undeclared(k: Kernel, r0: Hex, r1: Hex, r2: Hex, r3: Hex, r4: Hex, r5: Hex) -> int:
    return -ENOSYS


def _load(module: str) -> None:
    """Import a topic module, whole or not at all: Ctrl-C or a timeout may end an import halfway."""
    try:
        __import__(module)
    except BaseException:
        for number, call in list(DECLARED.items()):
            if call.handler.__module__ == module:
                del DECLARED[number], NAMES[call.name]
        raise


def find(number: int) -> Syscall:
    """Give the declaration of a number; one is made up for a number that has none."""
    call = DECLARED.get(number)
    if call is not None:
        return call
    row = CALLS.get(number)
    if row is None and number >= PRIVATE:
        row, number = CALLS[PRIVATE], PRIVATE
    topic, _, name = (row or f"syscall_{number:#x}").rpartition(".")
    if topic:
        _load("stinkarm.linux." + topic)
        return DECLARED[number]
    call = Syscall(number, PURE, _undeclared, missing=True)
    call.name = name
    return call
