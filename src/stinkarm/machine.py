"""One whole guest: memory, program, kernel and engine, and the loop that runs them."""

from __future__ import annotations

import os
import time
from _thread import allocate_lock
from errno import ENOENT, ENOMEM, ENOTDIR

from stinkarm.guest import elf, hwcap, image, stack
from stinkarm.guest import stop as stops
from stinkarm.guest.memory import Memory
from stinkarm.guest.signals import SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGSYS, SIGTRAP
from stinkarm.guest.state import State
from stinkarm.guest.text import quote
from stinkarm.linux.host import arrived
from stinkarm.linux.kernel import Kernel
from stinkarm.sandbox import sysroot
from stinkarm.sandbox.openat2 import AT_FDCWD
from stinkarm.sandbox.policy import Policy
from stinkarm.status import NOT_FOUND, Failed, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Protocol

    from stinkarm.engine.watch import Watch
    from stinkarm.guest.stop import Stop
    from stinkarm.guest.symbols import Symbols
    from stinkarm.inspect.backtrace import Frame
    from stinkarm.inspect.crash import CrashReport
    from stinkarm.inspect.log import Log
    from stinkarm.inspect.modules import Modules
    from stinkarm.settings import Settings

    class Engine(Protocol):
        """What runs guest code."""

        def run(self, state: State, budget: int) -> Stop: ...

        def flush(self, start: int, end: int) -> None: ...

        def begin_child(self) -> None: ...

        def start_broker(self) -> int: ...

        def use_broker(self, descriptor: int) -> None: ...

        def leave(self) -> None: ...

        def close(self) -> None: ...


# Instructions between two looks at signals and the clock: a few milliseconds of each engine.
SLICES = {"jit": 5_000_000, "interpreter": 2_000_000, "reference": 500}

WITHOUT_NATIVE = "--engine reference runs without it, slowly"

# The signals that say that something is wrong with a program, whoever has sent them.
REPORTED = (SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGSYS)

STOPPING = 0.1  # seconds that other threads get to stop at the end, so that it can be said where they were
SHOWN_THREADS = 16  # where they are, when a limit has ended the program

# How a run ended.
EXITED = "exited"
SIGNALED = "signaled"
INSTRUCTIONS = "instructions"
TIMEOUT = "timeout"
INTERRUPTED = "interrupted"


class Outcome:
    """How a run ended.

    `kind` is one of the constants above, `status` what the guest gave to exit, `signal` what ended it,
    `crash` the report when its own code was the cause, or it was one of the signals that say that something is wrong.
    """

    __slots__ = ("crash", "kind", "signal", "status")

    def __init__(self, kind: str, *, status: int = 0, signal: int = 0, crash: CrashReport | None = None) -> None:
        self.kind = kind
        self.status = status
        self.signal = signal
        self.crash = crash


class Machine:
    """A guest: make it, `load` a program, `run` it.

    `state` and `kernel` are the first thread's, or in a child that another thread has forked, that thread's. Without a
    program, memory is empty and every register 0.
    """

    def __init__(self, settings: Settings, log: Log, *, inherited: bool = False) -> None:
        self.settings = settings
        self.inherited = inherited  # another guest chose the program, and must not get at more by what it names
        self.log = log
        self.image: image.Image | None = None
        self.path = ""
        self.last_threads: list[Kernel] = []  # those that there were when the program was ended
        self.broker = -1  # the socket of the process that works outside of the walls, if there is one
        self.before_replace: Callable[[], None] | None = None
        self._symbols: Symbols | None = None
        self.state = State()
        self.state.v8 = settings.cpu == "max"
        self.memory = Memory()
        self.memory.log = log
        self.policy = Policy(
            settings.syscalls,
            allow_read=settings.allow_read,
            allow_write=settings.allow_write,
            allow_env=settings.allow_env,
            allow_run=settings.allow_run,
            allow_net=settings.allow_net,
            run_env=settings.run_env,
            sysroot=None if settings.root else settings.sysroot or sysroot.from_environment(self.environment),
            root=settings.root,
            fake_root=settings.fake_root,
        )
        for name in log.HELD:
            self.policy.descriptors.hide(getattr(log, name), log, name)
        self.kernel = make_kernel(self.memory, self.policy, log, settings)
        self.kernel.state = self.state
        self.state.calls = self.kernel.direct.address
        self.kernel.stack_size = settings.stack_size
        if settings.seed is not None:
            from stinkarm.linux.seeded import Randomness

            self.kernel.random = Randomness(b"%d" % settings.seed)
        self._left = -1  # instructions that may still be executed, if it is not negative
        self._lent = 0  # threads that are executing some of them
        self._lock = allocate_lock()  # of these two
        self.slice = SLICES[settings.engine]
        self._engine: Engine | None = None

    @property
    def environment(self) -> Mapping[str, str]:
        """What of the host's environment says where to look: nothing to a program that comes after others."""
        return {} if self.inherited else os.environ

    @property
    def engine(self) -> Engine:
        """What runs the code; made when first asked for, so that a program that is refused is refused at once."""
        if self._engine is None:
            self._engine = make_engine(self.settings, self.memory, self.policy, make_watch(self))
            self.kernel.engine = self._engine
        return self._engine

    @property
    def instructions(self) -> int:
        """How many instructions the guest has executed."""
        threads = self.kernel.threads
        return threads.executed + sum(kernel.instructions for kernel in list(threads.members.values()))

    def leave(self) -> None:
        """Say that the guest has ended by itself: what is hot is still compiled, for its next run."""
        if self._engine is not None:
            self._engine.leave()

    def close(self) -> None:
        """Give the memory back. The machine cannot be used any more."""
        if self._engine is not None:
            self._engine.close()
        self.kernel.close()
        self.policy.descriptors.end_guest()
        self.policy.descriptors.close()
        self.memory.close()

    def load(
        self,
        path: str,
        argv: Sequence[bytes],
        environment: Sequence[bytes],
        *,
        descriptor: int = -1,
        name: bytes | None = None,
    ) -> None:
        """Map the program at `path`, lay out its stack and point the registers at its start.

        For a program that another guest has asked for, `descriptor` is its open file and `name` what the guest
        calls it. Raises elf.ElfError.
        """
        log = self.log
        if log.elf:
            log.line(f"opening binary {quote(path)}")
        execfn = os.fsencode(path) if name is None else name
        if self.policy.root:
            self.open_grants()
        if descriptor < 0:
            if self.settings.root:
                path, descriptor = self.open_below_root(execfn)
            else:
                descriptor = elf.open_program(path)
        try:
            if log.elf:
                log.line("parsing ELF...")
            headers = elf.parse(descriptor)
            if log.elf:
                from stinkarm.inspect.elf_table import elf_table

                log.line(elf_table(headers))
            self.policy.set_program(path, descriptor)
            self.kernel.name = os.path.basename(execfn)[:15]
            self.path = os.path.abspath(path)
            found = self.find_interpreter(headers) if headers.interpreter else None
            self.open_grants()
            self.image = image.load(self.memory, headers, descriptor, name=self.path, log=log)
        finally:
            os.close(descriptor)
        user, group = self.policy.users()
        low = stack.reserve(self.memory, self.image, self.settings.stack_size)
        interpreter = self.load_interpreter(found) if found is not None else None
        sp = stack.build(
            self.memory,
            self.image,
            argv,
            environment,
            interpreter=interpreter,
            low=low,
            stack_size=self.settings.stack_size,
            execfn=execfn,
            random=self.kernel.random.take(16) if self.kernel.random is not None else None,
            hwcap2=hwcap.HWCAP2_V8 if self.state.v8 else hwcap.HWCAP2,
            uid=user[0],
            euid=user[1],
            gid=group[0],
            egid=group[1],
        )
        self.policy.set_start(argv, environment, sp)
        entry = (interpreter or self.image).entry
        self.state.r[13] = sp
        self.state.r[15] = entry & ~1
        self.state.thumb = bool(entry & 1)
        if log.elf:
            log.line(f"jumping to entry G={entry & ~1:#x} at H={self.memory.base + (entry & ~1):#x}")

    def open_below_root(self, name: bytes) -> tuple[str, int]:
        """Open the program as the guest would name it; give the host's name and the descriptor."""
        try:
            with self.policy.paths.find(AT_FDCWD, name) as found:
                path = os.readlink(found.path, dir_fd=found.fd)
        except OSError as error:
            if error.errno in (ENOENT, ENOTDIR):
                raise elf.ElfError(f"there is no such file below {self.settings.root}", status=NOT_FOUND) from None
            raise elf.ElfError(f"the file cannot be opened: {error.strerror}") from None
        return os.fsdecode(path), elf.open_program(path)

    def open_grants(self) -> None:
        """Open what the guest is granted, before its first instruction. Raises UsageError."""
        try:
            self.policy.open()
        except ValueError as error:
            raise UsageError(str(error)) from None

    def find_interpreter(self, headers: elf.Elf) -> sysroot.Interpreter:
        """Find the program's interpreter, and let the guest read what that will read."""
        name, given, policy = headers.interpreter, self.settings.sysroot, self.policy
        if policy.root:
            found = sysroot.find_interpreter(name, self.path, policy.root_place(), {}, above=False, host=False)
            if isinstance(found, list):
                raise elf.ElfError(*sysroot.not_found(name, found))
            if found.root >= 0:
                os.close(found.root)
            return found
        limited = self.inherited and policy.sandboxed
        if limited and policy.sysroot_fd >= 0:
            fd = sysroot.open_below(policy.sysroot_fd, name)
            if fd >= 0:
                return sysroot.Interpreter(fd, os.fsdecode(policy.sysroot))
        if limited and name not in sysroot.KNOWN:
            try:
                return sysroot.Interpreter(policy.paths.open_to_read(name), os.fsdecode(policy.sysroot))
            except OSError as error:
                raise elf.ElfError(f"the interpreter {elf.printable(name)}: {error.strerror}") from None
        found = sysroot.find_interpreter(
            name, self.path, None if limited else given, self.environment, above=not limited, named=bool(given)
        )
        if isinstance(found, list):
            raise elf.ElfError(*sysroot.not_found(name, found))
        try:
            policy.set_interpreter(found.sysroot, found.root, found.libraries, guessed=found.guessed)
        except ValueError as error:  # the guest may have made the links that lead there
            os.close(found.fd)
            raise elf.ElfError(str(error)) from None
        return found

    def load_interpreter(self, found: sysroot.Interpreter) -> image.Image:
        """Map the program's interpreter, which will load the rest; close its file."""
        log = self.log
        try:
            if log.elf:
                log.line(f"loading interpreter {quote(found.path)}")
            headers = elf.parse(found.fd, interpreter=True)
            return image.load(self.memory, headers, found.fd, name=found.path, log=log, interpreter=True)
        except elf.ElfError as error:
            raise elf.ElfError(f"the interpreter {found.path}: {error.sentence}", error.hint) from None
        finally:
            os.close(found.fd)

    @property
    def symbols(self) -> Symbols | None:
        """The names in the loaded program's file, if there is one."""
        if self._symbols is None and self.image is not None:
            from stinkarm.guest.symbols import Symbols

            self._symbols = Symbols(self.policy.program_fd, self.image.base)
        return self._symbols

    def modules(self) -> Modules:
        """Give what can be known of the files that the guest's code is from, for a `with`."""
        from stinkarm.inspect.modules import Modules, opener

        policy = self.policy
        return Modules(self.memory, self.image, policy.program_fd, opener(policy), policy.stack)

    def backtrace(self, kernel: Kernel | None = None, limit: int | None = None) -> list[Frame]:
        """Give the frames of a thread's stack, of the first one's if none is given."""
        from stinkarm.inspect import backtrace

        with self.modules() as modules:
            state = self.state if kernel is None else kernel.state
            return backtrace.backtrace(state, self.memory, modules, limit or backtrace.LIMIT)

    def describe_places(self) -> list[str]:
        """Write where each thread was when the program was ended, with its callers."""
        from stinkarm.inspect.crash import format_place

        threads = self.last_threads or [self.kernel]
        end = time.monotonic() + STOPPING
        while len(self.kernel.threads.members) > 1 and time.monotonic() < end:
            time.sleep(0.002)  # registers of a thread that executes code are not where they can be read
        lines: list[str] = []
        for kernel in threads[:SHOWN_THREADS]:
            frames = self.backtrace(kernel)
            lines += format_place(frames, kernel.state.r[15], kernel.tid if len(threads) > 1 else 0)
        if len(threads) > SHOWN_THREADS:
            lines.append(f"  and {len(threads) - SHOWN_THREADS} more threads")
        return lines

    def name_address(self, address: int) -> str:
        """Write an address as `symbol+0x10`, or give "" when it has no name."""
        symbols = self.symbols
        return symbols.name(address) if symbols is not None else ""

    def run(self, budget: int | None = None) -> Outcome:
        """Run until the program ends, or has executed `budget` instructions. It has one thread."""
        self.limit(budget)
        outcome = self.run_thread(self.kernel)
        assert outcome is not None
        return outcome

    def limit(self, budget: int | None) -> None:
        """Let the threads execute no more than so many instructions."""
        self._left = -1 if budget is None else budget
        self._lent = 0

    def begin_child(self, kernel: Kernel) -> None:
        """Be a copy of the machine in a child process, where only the thread is left that has made it."""
        self.kernel, self.state = kernel, kernel.state
        if self._engine is not None:
            self._engine.begin_child()
        self._lent = 0
        self._lock = allocate_lock()

    def run_thread(self, kernel: Kernel) -> Outcome | None:
        """Run one thread until it ends: with the process, or alone (then None)."""
        engine_run, state, signed = self.engine.run, kernel.state, kernel.state.signed
        slice_, log_instructions = self.slice, self.log.instructions
        limited = self._left >= 0
        if log_instructions:
            from stinkarm.inspect.trace import InstructionLog

            trace = InstructionLog(self.log, state, self.memory)
            slice_ = 1
        while kernel.exit_status is None:
            give = self._lend(slice_) if limited else slice_
            if not give:
                return Outcome(INSTRUCTIONS)
            if log_instructions:
                trace.before()
            stop = engine_run(state, give)
            used = give - signed[52]
            kernel.instructions += used
            if limited:
                self._take_back(give - used)
            if log_instructions:
                trace.after(kernel.tid if kernel.threads.several else 0)
            kind = stop.kind
            if kernel.exit_status is not None:  # another thread has ended the process
                break
            if kind == stops.SYSCALL:
                kernel.syscall(state)
                continue
            if kind != stops.BUDGET:
                before = kernel.instructions
                if not kernel.fault(state, stop):
                    return self.crashed(kernel, stop)
                if limited and kernel.instructions > before:  # which the kernel has executed
                    self._spend(kernel.instructions - before)
            if kernel.robust_list:
                kernel.renew_host_list()
            if arrived[0] or kernel.attention:
                kernel.deliver(state)
        return None if kernel.leaves else self.ended(kernel)

    def _lend(self, most: int) -> int:
        """Give a thread instructions to execute, 0 if there are no more. What others have may come back."""
        while True:
            with self._lock:
                give = min(most, self._left)
                if give:
                    self._left -= give
                    self._lent += 1
                if give or not self._lent:
                    return give
            time.sleep(0.0005)

    def _spend(self, count: int) -> None:
        with self._lock:
            self._left = max(0, self._left - count)

    def _take_back(self, rest: int) -> None:
        with self._lock:
            self._left += rest
            self._lent -= 1

    def ended(self, kernel: Kernel) -> Outcome:
        """Give the outcome of a program that a thread has ended."""
        signal = kernel.exit_signal
        if signal in REPORTED:
            from stinkarm.inspect import crash

            with self.modules() as modules:
                report = crash.report_signal(kernel.state, self.memory, signal, kernel.exit_info, modules)
            report.thread = kernel.tid if kernel.threads.several else 0
            return Outcome(SIGNALED, signal=signal, crash=report)
        if signal:
            return Outcome(SIGNALED, signal=signal)
        return Outcome(EXITED, status=kernel.exit_status or 0)

    def crashed(self, kernel: Kernel, stop: Stop) -> Outcome:
        """Give the outcome of a program whose own code made a fault."""
        from stinkarm.inspect import crash

        with self.modules() as modules:
            report = crash.report(kernel.state, self.memory, stop, modules)
        if kernel.threads.several:
            report.thread = kernel.tid
        return Outcome(SIGNALED, signal=report.signal, crash=report)


def make_watch(machine: Machine) -> Watch | None:
    """Make who is told of hot code, if the settings ask for that."""
    settings, log = machine.settings, machine.log
    if not (log.jit or settings.dump or settings.perf_map):
        return None
    from stinkarm.engine.watch import Watch

    watch = Watch(log.line if log.jit else None, log.write, settings.dump)
    if settings.perf_map:
        from stinkarm.engine.perf_map import PerfMap

        watch.perf_map = PerfMap(machine.name_address)
    return watch


def make_engine(settings: Settings, memory: Memory, policy: Policy, watch: Watch | None) -> Engine:
    """Make the engine that the settings name."""
    if settings.engine == "reference":
        from stinkarm.engine.reference import Reference

        return Reference(memory)
    from stinkarm.engine.interpreter import Interpreter, InterpreterError

    try:
        return Interpreter(
            memory,
            jit=(settings.jit or "on") if settings.engine == "jit" else "",
            v8=settings.cpu == "max",
            descriptors=policy.descriptors,
            watch=watch,
        )
    except OSError as error:
        if error.errno != ENOMEM:
            raise Failed(f"the native interpreter cannot be used: {error}; {WITHOUT_NATIVE}.") from None
        raise Failed(
            "the host refused 50 GiB of address space for the interpreter's code table (it takes no memory): raise the "
            f"limit with `ulimit -v unlimited`; {WITHOUT_NATIVE}."
        ) from None
    except (InterpreterError, RuntimeError) as error:
        raise Failed(f"{error}; {WITHOUT_NATIVE}.") from None


def make_kernel(memory: Memory, policy: Policy, log: Log, settings: Settings) -> Kernel:
    """Make the kernel, with a tracer when system calls are to be shown."""
    tracer = None
    if log.syscalls or log.strace or log.summary:
        from stinkarm.inspect.strace import make_tracer

        tracer = make_tracer(log, memory, settings.syscalls)
    if settings.release is None:
        return Kernel(memory, policy, log, tracer=tracer)
    return Kernel(memory, policy, log, release=settings.release, tracer=tracer)
