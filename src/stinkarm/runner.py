"""Run one guest from its settings to its end, as the only guest of this process."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # `signal` is the same with enums, whose import takes longer
import gc
import os
import sys
import time

from stinkarm import status
from stinkarm.guest.elf import ElfError
from stinkarm.guest.memory import MemoryReservationError
from stinkarm.guest.reserve import reserve
from stinkarm.guest.signals import SIGALRM, SIGINT
from stinkarm.guest.text import shown
from stinkarm.inspect.log import Log
from stinkarm.linux import published
from stinkarm.machine import EXITED, INSTRUCTIONS, INTERRUPTED, SIGNALED, TIMEOUT, Machine, Outcome
from stinkarm.status import Failed, NotExecutable, ProgramNotFound, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

    from stinkarm.handover import Handover
    from stinkarm.linux.execute import Program
    from stinkarm.linux.kernel import Kernel
    from stinkarm.sandbox.walls import Walls
    from stinkarm.settings import Settings

SOURCE_SUFFIXES = (".s", ".S", ".c")


class TimeoutReached(BaseException):
    """The wall-clock limit has passed; raised by the alarm wherever the run is then."""


def run_command(settings: Settings, start: float, handover: Handover | None = None, archive: bytes = b"") -> int:
    """Run a guest for the command line, or one that another guest left its process to; return the exit status.

    Does not return when a signal ended the guest: then this process ends by that signal.
    """
    if handover is None:
        reserve.begin()
    log = open_log(settings, start, None if handover is None else handover.log_fds)
    log.open()
    machine = prepare(settings, log, handover=handover)
    take_signals(interruptible=settings.dump_registers)
    if log.elf:
        log.line("starting the emulator")
    walls = prepare_walls(machine, handover)
    if archive and not settings.topics and not machine.kernel.tracer and machine.engine:
        from stinkarm.archive import write

        write(archive)
    start_watchdog(machine, handover)
    stand(walls)
    gc.freeze()
    gc.enable()
    outcome = execute(machine)
    return finish(machine, outcome)


def explain_sandbox(settings: Settings, start: float) -> str:
    """Say what would keep the guest of these settings in, and run nothing."""
    from stinkarm.inspect.explain import explain

    machine = prepare(settings, open_log(settings, start))
    limits = [("--timeout", settings.timeout), ("--max-instructions", settings.max_instructions)]
    text = explain(machine.policy, limits, plan_walls(machine))
    machine.close()
    return text


def open_log(settings: Settings, start: float | None, opened: tuple[int, ...] | None = None) -> Log:
    """Make the log that the settings ask for; `opened` are its descriptors when it goes on."""
    strace, summary = settings.strace, settings.strace_summary
    if opened is not None:
        return Log(settings.topics, settings.log_file, strace=strace, summary=summary, start=start, opened=opened)
    report, policy = settings.report, settings.save_policy
    try:
        topics, path = settings.topics, settings.log_file
        return Log(topics, path, strace=strace, summary=summary, start=start, report=report, policy=policy)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        name = error.filename if isinstance(error, OSError) else settings.log_file
        option = {report: "--report", policy: "--save-policy"}.get(name, "-D")
        what = "the log file" if option == "-D" else "the file"
        raise UsageError(f"{option} {name}: {what} cannot be written: {reason}") from None


def take_signals(*, interruptible: bool) -> None:
    """Undo what Python does with signals, so that they end the guest as they would on Linux.

    SIGPIPE stays ignored: the kernel raises it in the guest, which may ignore it. `interruptible` keeps Ctrl-C an
    exception, for what is still to be printed then.
    """
    if not interruptible and _signal.getsignal(SIGINT) is not _signal.SIG_IGN:
        _signal.signal(SIGINT, _signal.SIG_DFL)
    _signal.signal(_signal.SIGXFSZ, _signal.SIG_DFL)


def prepare(settings: Settings, log: Log, *, empty: bool = False, handover: Handover | None = None) -> Machine:
    """Make the guest and load its program, built first if it is a source; none when it is to be `empty`.

    With a `handover` the guest goes on in a process that ran another program before.

    Raises one of `status`'s errors, whose text names the program.
    """
    try:
        machine = Machine(settings, log, inherited=handover is not None)
    except MemoryReservationError as error:
        raise Failed(str(error)) from None
    try:
        if handover is not None:
            handover.apply(machine)
            handover.load(machine)
        elif not empty:
            load_program(machine)
        else:
            machine.open_grants()
    except ElfError as error:
        machine.close()
        name = shown(settings.program)
        if error.status == status.NOT_FOUND:
            hint = "" if "/" in settings.program else "; PATH is not searched, so give the path of a file"
            raise ProgramNotFound(f"{name}: {error}{hint}") from None
        raise NotExecutable(f"{name}: {error}") from None
    except BaseException:
        machine.close()
        raise
    return machine


def prepare_walls(machine: Machine, handover: Handover | None = None) -> Walls | None:
    """Plan the second wall around a guest in the sandbox (sandbox/walls.py), and do what must be done before it stands.

    That is what is outside of it for good: the broker, who starts workers. None if there is no wall, or if the guest's
    family has been behind it since its first program.
    """
    policy = machine.policy
    if handover is not None:
        if handover.broker >= 0:
            machine.broker = policy.descriptors.move_up(handover.broker)
            machine.engine.use_broker(machine.broker)
        return None
    walls = plan_walls(machine)
    if walls is None:
        return None
    start_broker(machine, walls)
    if policy.allow_net and policy.allow_net is not True:
        policy.network.look_up()
    return walls


def start_watchdog(machine: Machine, handover: Handover | None = None) -> None:
    """Have a time limit outlived by nobody; the first of a family does it for all."""
    if machine.settings.timeout is not None and handover is None:
        from stinkarm import watchdog

        watchdog.start(machine.kernel.family, machine.policy.descriptors, machine.settings.timeout)


def stand(walls: Walls | None) -> None:
    """Have the kernel enforce the walls, if there are any, for this process and all that come of it."""
    if walls is not None:
        walls.stand()


def plan_walls(machine: Machine) -> Walls | None:
    """Plan the second wall around a guest in the sandbox; None where there is to be none."""
    if not machine.policy.sandboxed or machine.settings.no_walls:
        return None
    from stinkarm.engine.store import cache_directory, locks_directory
    from stinkarm.sandbox.walls import plan

    locks = locks_directory()
    if not os.path.isdir(locks):
        try:
            os.makedirs(locks, mode=0o700)
        except OSError:  # then nothing limits how many workers there are
            locks = ""
    return plan(machine.policy, (cache_directory(),), locks, traces=machine.settings.perf_map)


def start_broker(machine: Machine, walls: Walls) -> None:
    """Start the process that does outside of the walls what has to be done there."""
    from stinkarm.engine.spawn import SpawnError

    try:
        broker = machine.engine.start_broker()
    except (OSError, SpawnError) as error:
        walls.left_out.append(f"compiling hot code, for nobody can start a worker: {error}")
        return
    if broker >= 0:
        machine.broker = machine.policy.descriptors.move_up(broker)
        machine.engine.use_broker(machine.broker)


def load_program(machine: Machine) -> None:
    """Load the program that the settings name, and disassemble it if they say so. Raises ElfError."""
    settings = machine.settings
    path = settings.program
    arguments = [settings.argv0 if settings.argv0 is not None else path, *settings.arguments]
    argv = [os.fsencode(argument) for argument in arguments]
    environment = settings.environment(machine.policy)
    if path.endswith(SOURCE_SUFFIXES) and os.path.isfile(path):
        load_source(machine, path, argv, environment)
    else:
        machine.load(path, argv, environment)
    if settings.dump_asm and machine.image is not None:
        from stinkarm.inspect.disassembly import disassemble_program

        for line in disassemble_program(machine.memory, machine.image, machine.symbols, machine.state.thumb):
            machine.log.write(line + "\n")


def load_source(machine: Machine, source: str, argv: list[bytes], environment: list[bytes]) -> None:
    """Build a source and load what comes out; its file is removed when it is mapped."""
    import shutil
    import tempfile

    from stinkarm import toolchain

    directory = ""
    try:
        directory = tempfile.mkdtemp(prefix="stinkarm-")
        output = os.path.join(directory, os.path.basename(source) + ".elf")
        toolchain.build(source, output)
        machine.load(output, argv, environment)
    except OSError as error:
        raise Failed(f"{shown(source)} cannot be built: {error.strerror}.") from None
    finally:
        if directory:
            shutil.rmtree(directory, ignore_errors=True)


def execute(machine: Machine, conclude: Callable[[Outcome], NoReturn] | None = None) -> Outcome:
    """Run a guest to its end, or to the limits in its settings.

    Where another thread than the first one ends it, `conclude` ends this process.
    """
    settings = machine.settings
    if machine.image is not None:
        published.publish(machine.kernel, machine.image)
    if machine.policy.sandboxed and machine.policy.allow_write:  # what the guest may write is no module of ours
        untrusted = machine.policy.roots.guard.untrusted
        sys.path[:] = [folder for folder in sys.path if folder not in untrusted]
    machine.kernel.own_host_signals({SIGALRM} if settings.timeout is not None else ())
    inherit_mask(machine)
    if machine.kernel.children:  # of the program before this one
        machine.kernel.keep_children()
    deadline = None if settings.timeout is None else time.monotonic() + settings.timeout
    allow_children(machine, deadline)
    machine.limit(settings.max_instructions)

    def conclude_child(outcome: Outcome) -> NoReturn:
        os._exit(finish(machine, outcome))

    def run_thread(kernel: Kernel) -> None:
        try:
            if kernel.sharer is not None:
                conduct_sharer(machine, kernel)
                return
            outcome = conduct(machine, kernel)
            if outcome is not None:
                end = conclude_child if kernel.forked or conclude is None else conclude
                end(outcome)
        except BaseException:
            sys.excepthook(*sys.exc_info())
            os._exit(status.FAILED)

    machine.kernel.run_thread = run_thread
    if settings.timeout is not None:
        _signal.signal(_signal.SIGALRM, _raise_timeout)
        start_timer(settings.timeout)
    outcome = conduct(machine, machine.kernel)
    while outcome is None:  # another thread ends this process
        time.sleep(1)
    if machine.kernel.forked:  # who called this is the parent's business
        conclude_child(outcome)
    return outcome


def conduct(machine: Machine, kernel: Kernel) -> Outcome | None:
    """Run a thread to its end; give the outcome if the process has ended, and this thread is to say so."""
    outcome: Outcome | None = Outcome(TIMEOUT)
    try:
        outcome = machine.run_thread(kernel)
        if outcome is None:
            from stinkarm.linux import threads

            if threads.leave(kernel):
                outcome = Outcome(EXITED, status=kernel.exit_status or 0)
            else:
                if kernel.tracer is not None:
                    kernel.tracer.end(f"exited with {kernel.exit_status or 0}")
                if kernel.tid == kernel.threads.leader:
                    threads.park(kernel)
    except TimeoutReached:
        outcome = Outcome(TIMEOUT)
    except KeyboardInterrupt:
        outcome = Outcome(INTERRUPTED, signal=SIGINT)
    if outcome is None:
        return None
    if machine.settings.timeout is not None:
        _signal.setitimer(_signal.ITIMER_REAL, 0)
    others = machine.last_threads = list(kernel.threads.members.values())
    if kernel.threads.several or kernel.holds_robust_locks:
        from stinkarm.linux import threads

        if not threads.claim_end(kernel):
            return None
        machine.state = kernel.state
    if outcome.kind == SIGNALED:
        from stinkarm.linux import core

        if core.is_wanted(kernel, outcome.signal):
            address = outcome.crash.address if outcome.crash is not None else None
            if core.dump(kernel, others, outcome.signal, address):
                kernel.family.note_core()
    kernel.end_child()
    return outcome


def conduct_sharer(machine: Machine, kernel: Kernel) -> None:
    """Run a process that shares this one to its end."""
    from stinkarm.linux import sharing

    outcome = machine.run_thread(kernel)
    if outcome is None or outcome.kind == EXITED:
        sharing.end(kernel, kernel.exit_status or 0, 0)
        return
    if outcome.crash is not None:
        machine.log.tell(f"stinkarm: {shown(machine.settings.program)}: {outcome.crash}\n")
    sharing.end(kernel, 0, outcome.signal)


def start_timer(seconds: float) -> None:
    """Send SIGALRM after so many seconds, and again: the first may come just before a call that waits."""
    _signal.setitimer(_signal.ITIMER_REAL, seconds, 0.1)


def inherit_mask(machine: Machine) -> None:
    """Give the guest the signals to block that this process was started with, and block none of the host's."""
    blocked = _signal.pthread_sigmask(_signal.SIG_BLOCK, ())
    if blocked:
        from stinkarm.linux import delivery

        kernel = machine.kernel
        for number in blocked:
            kernel.blocked |= 1 << (number - 1)
        delivery.mask_changed(kernel, 0)
        _signal.pthread_sigmask(_signal.SIG_SETMASK, ())


def allow_children(machine: Machine, deadline: float | None) -> None:
    """Let the guest make children and run other programs in its place: this process is all its own."""
    kernel = machine.kernel
    kernel.may_fork = True

    def on_fork(kernel: Kernel) -> None:
        machine.begin_child(kernel)
        if deadline is not None:  # a child has no timer
            start_timer(max(0.001, deadline - time.monotonic()))

    def replace(kernel: Kernel, program: Program) -> int:
        from stinkarm import handover

        if machine.before_replace is not None and not kernel.forked:
            machine.before_replace()
        if machine.policy.denials:
            from stinkarm.inspect import refusals

            refusals.save(machine.policy, machine.log)
        return handover.replace(machine, kernel, program, deadline)

    def before_ids_change() -> None:
        from stinkarm import lasting

        lasting.reserve(machine)

    kernel.before_ids_change = before_ids_change
    kernel.on_fork = on_fork
    kernel.replace = replace


def _raise_timeout(number: int, frame: object) -> None:
    _signal.setitimer(_signal.ITIMER_REAL, 0)
    raise TimeoutReached


def show_end(machine: Machine, outcome: Outcome) -> None:
    """Let strace's form of the log show how the process ends."""
    tracer = machine.kernel.tracer
    assert tracer is not None
    if outcome.kind in (SIGNALED, INTERRUPTED):
        from stinkarm.inspect.flags import SIGNALS

        tracer.end(f"killed by {SIGNALS[outcome.signal]}")
    elif outcome.kind == EXITED:
        tracer.end(f"exited with {outcome.status}")
    tracer.finish(is_first=not machine.kernel.parent)


def show_refusals(machine: Machine, outcome: Outcome, is_first: bool) -> None:
    """Show what the sandbox refused, if this is the family's first process; keep it for that one if not."""
    from stinkarm.inspect import refusals

    if not is_first:
        refusals.save(machine.policy, machine.log)
        return
    code = outcome.status if outcome.kind == EXITED else None
    end = refusals.End(machine.path, outcome.kind, code, outcome.signal or None)
    refusals.finish(machine.policy, machine.log, end, quiet=machine.settings.quiet)


def finish(machine: Machine, outcome: Outcome) -> int:
    """Show how a guest ended, as its settings ask, and return the exit status for it.

    Does not return when a signal ended the guest: then this process ends by that signal.
    """
    settings, log = machine.settings, machine.log
    if machine.kernel.tracer is not None:
        show_end(machine, outcome)
    is_first = not machine.kernel.forked and not machine.kernel.parent
    if machine.policy.denials or (is_first and log.asks_for_refusals):
        show_refusals(machine, outcome, is_first)
    if settings.dump_registers:
        from stinkarm.inspect.registers import format_registers, read_registers

        log.write(format_registers(read_registers(machine.state)) + "\n")
    if outcome.kind == EXITED:
        machine.leave()
        if log.elf:
            log.line(f"exiting with `{outcome.status}`")
        return outcome.status
    if outcome.kind in (SIGNALED, INTERRUPTED):
        if outcome.crash is not None:
            log.tell(f"stinkarm: {shown(settings.program)}: {outcome.crash}\n")
        if log.elf:
            log.line(f"ending by signal {outcome.signal}")
        status.end_by_signal(outcome.signal)
    limit = ""
    if outcome.kind == TIMEOUT:
        limit = f"--timeout {settings.timeout:g} (seconds)"
    elif outcome.kind == INSTRUCTIONS:
        limit = f"--max-instructions {settings.max_instructions}"
    if limit:
        places = "".join(f"{line}\n" for line in machine.describe_places())
        log.tell(f"stinkarm: {shown(settings.program)}: ended by {limit}\n{places}")
    return status.LIMIT
