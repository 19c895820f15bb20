"""What Python users import: `run` for a whole program, `Emulator` to hold one and step it.

    import stinkarm

    result = stinkarm.run("examples/hello.elf")
    assert result.status == 0 and result.stdout == b"Hello, world!\\n"

    with stinkarm.Emulator("examples/exit.elf") as emulator:
        emulator.step()
        assert emulator.r0 == 161
        assert emulator.run().status == 161

Addresses, sizes and register values are plain integers; text that a guest reads or writes is bytes.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import fields as dataclass_fields
from typing import TYPE_CHECKING, Generic, Literal, Self, TypedDict, TypeVar, Unpack, overload

from stinkarm import arguments
from stinkarm.guest.mapping import (
    MAP_ANONYMOUS,
    MAP_PRIVATE,
    PROT_EXEC,
    PROT_READ,
    PROT_WRITE,
    pieces,
)
from stinkarm.guest.memory import MAP_FIXED_NOREPLACE, PAGE, GuestFault
from stinkarm.guest.signals import signal_name
from stinkarm.guest.text import shown
from stinkarm.inspect.backtrace import Frame, Location
from stinkarm.inspect.crash import CrashReport
from stinkarm.inspect.log import Log
from stinkarm.registers import Register, Registers
from stinkarm.runner import open_log, prepare
from stinkarm.sandbox.policy import Denial
from stinkarm.settings import Settings
from stinkarm.status import (
    SIGNAL,
    Failed,
    NotExecutable,
    ProgramNotFound,
    StinkarmError,
    UsageError,
)
from stinkarm.streams import DEVNULL, PIPE, STDOUT, Stream, Streams

if TYPE_CHECKING:
    from stinkarm.guest.memory import Memory
    from stinkarm.machine import Machine, Outcome

__all__ = [
    "DEVNULL",
    "PIPE",
    "STDOUT",
    "CrashReport",
    "Denial",
    "Emulator",
    "Failed",
    "Frame",
    "GuestFault",
    "Location",
    "NotExecutable",
    "ProgramFailed",
    "ProgramNotFound",
    "Registers",
    "Result",
    "StinkarmError",
    "StopReason",
    "UsageError",
    "run",
]

Path = str | os.PathLike[str]
Mode = Literal["sandbox", "forward", "deny"]
Engine = Literal["jit", "interpreter", "reference"]
Grant = bool | Sequence[Path]

CODE_ADDRESS = 0x8000
STACK_SIZE = 64 << 10
_TAIL = 500  # characters of a failed program's stderr worth showing


Output = TypeVar("Output", bytes, str)


@dataclass(frozen=True)
class Result(Generic[Output]):
    """How a program that `run` ran has ended.

    `reason` is "exited", "signaled", "timeout", "instructions" (the budget is used up) or "output" (it wrote
    more than `max_output`). `status` is its exit status, None unless it exited; `signal` the number of
    the signal that ended it, None unless one did. `instructions` counts what it executed. `crash` is the report
    when its own code made a fault. `denials` are the things that the sandbox refused, each with `kind` (read, write,
    run, net, other), `call`, `what` (the path or address), `grant`, `count`, `pid`; its text is a sentence.
    """

    reason: Literal["exited", "signaled", "timeout", "instructions", "output"]
    status: int | None
    signal: int | None
    stdout: Output
    stderr: Output
    instructions: int
    crash: CrashReport | None
    denials: tuple[Denial, ...] = ()

    @property
    def returncode(self) -> int:
        """The exit status that the `stinkarm` command would have ended with."""
        from stinkarm.status import LIMIT

        if self.status is not None:
            return self.status
        return LIMIT if self.signal is None else SIGNAL + self.signal


@dataclass(frozen=True)
class StopReason:
    """Why an `Emulator` stopped.

    `kind` is "exited" (then `status` is set), "signaled" (`signal`, and `crash` when the program's own code
    made a fault; registers are as they were at the fault, and it may be mended and run on),
    "instructions" (as many as asked for were executed) or "until" (the condition became true).
    """

    kind: Literal["exited", "signaled", "instructions", "until"]
    pc: int
    status: int | None = None
    signal: int | None = None
    crash: CrashReport | None = None

    def __str__(self) -> str:
        if self.kind == "exited":
            return f"exited with status {self.status}"
        if self.kind == "signaled":
            return str(self.crash) if self.crash else f"ended by {signal_name(self.signal or 0)}"
        what = "the condition became true" if self.kind == "until" else "the instructions asked for were executed"
        return f"{what}, at pc={self.pc:#010x}"


class ProgramFailed(StinkarmError):
    """A program that `run` was to `check` has not ended with status 0; `result` is how it ended."""

    def __init__(self, program: str, result: Result[bytes] | Result[str]) -> None:
        self.result = result
        text = f"{shown(program)}: {_ending(result)}"
        if result.crash is not None:
            text += f": {result.crash.reason}"
        elif result.stderr:
            errors = result.stderr if isinstance(result.stderr, str) else result.stderr.decode("utf-8", "replace")
            text += f"; it wrote: {shown(errors.strip()[-_TAIL:])}"
        super().__init__(text)

    def __reduce__(self) -> tuple[object, ...]:
        return _failed, (str(self), self.result)


def _failed(text: str, result: Result[bytes] | Result[str]) -> ProgramFailed:
    """Make the exception again, in the process that it was sent to."""
    error = ProgramFailed.__new__(ProgramFailed, text)
    error.result = result
    return error


def _ending(result: Result[bytes] | Result[str]) -> str:
    if result.reason == "exited":
        return f"it exited with status {result.status}"
    if result.reason == "signaled":
        return f"{signal_name(result.signal or 0)} ended it"
    limits = {"timeout": "timeout", "instructions": "max_instructions", "output": "max_output"}
    return f"it was ended by {limits[result.reason]}"


class RunOptions(TypedDict, total=False):
    """The arguments of `run` that have names, but for `text`."""

    stdin: bytes | str
    env: Mapping[str, str] | None
    cwd: Path | None
    check: bool
    argv0: str | None
    syscalls: Mode
    allow_read: Grant
    allow_write: Grant
    allow_env: bool | Sequence[str]
    allow_run: bool | Sequence[str]
    allow_net: bool | Sequence[str]
    stack_size: int
    engine: Engine
    timeout: float | None
    max_instructions: int | None
    max_output: int
    log: Sequence[str]
    log_file: Path | None


@overload
def run(
    program: Path, args: Sequence[str] = (), *, text: Literal[False] = False, **options: Unpack[RunOptions]
) -> Result[bytes]: ...


@overload
def run(
    program: Path, args: Sequence[str] = (), *, text: Literal[True], **options: Unpack[RunOptions]
) -> Result[str]: ...


def run(
    program: Path,
    args: Sequence[str] = (),
    *,
    stdin: bytes | str = b"",
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    text: bool = False,
    check: bool = False,
    argv0: str | None = None,
    syscalls: Mode = "sandbox",
    allow_read: Grant = False,
    allow_write: Grant = False,
    allow_env: bool | Sequence[str] = False,
    allow_run: bool | Sequence[str] = False,
    allow_net: bool | Sequence[str] = False,
    run_env: Sequence[str] = (),
    stack_size: int = 8 << 20,
    engine: Engine = "jit",
    timeout: float | None = None,
    max_instructions: int | None = None,
    max_output: int = 256 << 20,
    log: Sequence[str] = (),
    log_file: Path | None = None,
) -> Result[bytes] | Result[str]:
    """Run a program to its end in a process of its own and return how it ended and what it wrote.

    `program` is a 32-bit ARM executable, or an assembly or C source. `stdin` is all of its standard
    input. With `text` that may be text, and the output is text: UTF-8, in which U+FFFD stands for what is none.
    `env` is its whole environment; without it the program gets what the mode and `allow_env` let it see of this
    process's. `cwd` is the directory that it runs in; names among the arguments are from this process's all the same.
    With `check`, ProgramFailed is raised unless it exits with status 0.

    `syscalls` is the mode: "sandbox", "forward" or "deny".
    `allow_read` and `allow_write` are True or the host paths that the sandbox may reach; with `allow_run` it may have
    children and run other ARM programs (True), or only those listed; `allow_net` are True or the addresses
    ("HOST:PORT"…) that it may reach. `run_env` are variables that programs of the host get from it. `timeout` is in
    seconds of wall-clock time; `max_output` in bytes, each for stdout and stderr. `log` are topics as of
    `--log`, written to `log_file`, without which there is no log.

    Raises ProgramNotFound, NotExecutable, UsageError (an argument is wrong) and Failed (stinkarm itself
    could not do it), all of them StinkarmError; without `check` never because of what the program does.
    """
    from stinkarm import worker

    settings = make_settings(
        program, args, env, argv0, syscalls, allow_read, allow_write, allow_env, stack_size, engine, log, log_file
    )
    settings.allow_run = _grant("allow_run", allow_run)
    for name in run_env:
        settings.set_option("--run-env", "run_env", _text("run_env", name))
    addresses = _grant("allow_net", allow_net)
    if addresses is not False:
        settings.grant("--allow-net", None if addresses is True else addresses)
    if text and isinstance(stdin, str):
        stdin = stdin.encode("utf-8", "surrogateescape")
    elif not isinstance(stdin, (bytes, bytearray, memoryview)):
        raise UsageError(f"stdin is a {type(stdin).__name__}; it must be bytes{' or a string' if text else ''}.")
    max_output = arguments.count("max_output", max_output)
    directory = None if cwd is None else _text("cwd", cwd)
    if directory is not None:
        settings.make_absolute()
    if timeout is not None:
        settings.set_option("--timeout", "timeout", repr(timeout))
    if max_instructions is not None:
        settings.set_option("--max-instructions", "max_instructions", str(max_instructions))
    answer, stdout, stderr = worker.run(settings, bytes(stdin), max_output, directory)
    crash = answer["crash"]
    result: Result[bytes] = Result(
        reason=answer["reason"],
        status=answer["status"],
        signal=answer["signal"],
        stdout=stdout,
        stderr=stderr,
        instructions=answer["instructions"],
        crash=CrashReport(**crash) if crash else None,
        denials=tuple(Denial(*denial) for denial in answer["denials"]),
    )
    shown_result = _decoded(result) if text else result
    if check and result.status != 0:
        raise ProgramFailed(os.fsdecode(program), shown_result)
    return shown_result


def _decoded(result: Result[bytes]) -> Result[str]:
    """Give the same with text for what was written."""
    fields = {field.name: getattr(result, field.name) for field in dataclass_fields(result)}
    for name in ("stdout", "stderr"):
        fields[name] = fields[name].decode("utf-8", "replace")
    return Result(**fields)


def make_settings(
    program: Path,
    args: Sequence[str],
    env: Mapping[str, str] | None,
    argv0: str | None,
    syscalls: str,
    allow_read: Grant,
    allow_write: Grant,
    allow_env: bool | Sequence[str],
    stack_size: int,
    engine: str,
    log: Sequence[str],
    log_file: Path | None,
) -> Settings:
    """Check the arguments that `run` and `Emulator` share."""
    for name, value in (("args", args), ("log", log)):
        if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
            raise UsageError(f"{name} is {value!r}; it must be a list.")
    settings = Settings()
    settings.program = _text("program", program)
    settings.arguments = [_text("args", argument) for argument in args]
    settings.argv0 = None if argv0 is None else _text("argv0", argv0)
    settings.set_option("--syscalls", "syscalls", arguments.text("syscalls", syscalls))
    settings.set_option("--engine", "engine", arguments.text("engine", engine))
    settings.set_option("--stack-size", "stack_size", str(stack_size))
    settings.allow_read = _grant("allow_read", allow_read)
    settings.allow_write = _grant("allow_write", allow_write)
    settings.allow_env = _grant("allow_env", allow_env)
    if env is not None:
        if not isinstance(env, Mapping):
            raise UsageError(f"env is {arguments.shorten(env)}; it must be a dictionary.")
        settings.no_env = True
        for name, value in env.items():
            if not name or "=" in _text("env", name):
                raise UsageError(f"env has a variable named {name!r}; a name is not empty and has no =.")
            settings.set_variable(f"{_text('env', name)}={_text('env', value)}")
    for topic in log:
        settings.set_topics(arguments.text("log", topic))
    if log_file is not None:
        settings.log_file = _text("log_file", log_file)
    elif settings.topics:
        raise UsageError("log names topics but log_file is not given; say which file to write them to.")
    return settings


def _grant(name: str, value: Grant) -> bool | list[str]:
    if isinstance(value, bool):
        return value
    if isinstance(value, (str, bytes, os.PathLike)) or not isinstance(value, Iterable):
        raise UsageError(f"{name} is {value!r}; it must be True, False or a list.")
    return [_text(name, item) for item in value]


def _text(name: str, value: object) -> str:
    """Check that `value` is a string that can be given to a program."""
    if isinstance(value, (bytes, os.PathLike)):
        value = os.fsdecode(value)
    if not isinstance(value, str):
        raise UsageError(f"{name} has {value!r}; it must be a string.")
    try:
        encoded = os.fsencode(value)
    except UnicodeEncodeError:
        raise UsageError(f"{name} has {value!r}, which cannot be encoded for the program.") from None
    if b"\0" in encoded:
        raise UsageError(f"{name} has {value!r}; a string for a program has no zero byte.")
    return value


class Emulator:
    """A guest in this process, to be looked at, changed and run step by step.

    Make one from a program, with the arguments of `run`, or from machine code with `from_code`. The
    guest's system calls are carried out in this process: its fds 0, 1 and 2 are this process's, unless `stdin`,
    `stdout` and `stderr` say otherwise. Each is a file, its descriptor, or DEVNULL; `stdin` may be the bytes that the
    guest is to read; the others PIPE, to collect what it writes for the attributes `stdout` and `stderr`; and
    `stderr` STDOUT. They take the place of this process's own while guest code runs, for all threads of this process.
    Addresses are guest addresses. Close it, or use it in a `with`, to give its memory back.
    """

    _machine: Machine | None = None
    _log: Log
    _end: StopReason | None
    _streams: Streams

    def __init__(
        self,
        program: Path | None = None,
        args: Sequence[str] = (),
        *,
        env: Mapping[str, str] | None = None,
        argv0: str | None = None,
        syscalls: Mode = "sandbox",
        allow_read: Grant = False,
        allow_write: Grant = False,
        allow_env: bool | Sequence[str] = False,
        stack_size: int = 8 << 20,
        engine: Engine = "jit",
        stdin: Stream = None,
        stdout: Stream = None,
        stderr: Stream = None,
        log: Sequence[str] = (),
        log_file: Path | None = None,
    ) -> None:
        settings = make_settings(
            program or "",
            args,
            env,
            argv0,
            syscalls,
            allow_read,
            allow_write,
            allow_env,
            stack_size,
            engine,
            log,
            log_file,
        )
        self._end = None
        self._streams = Streams(stdin, stdout, stderr)
        try:
            self._log = open_log(settings, None) if settings.topics else Log()
        except BaseException:
            self._streams.close()
            raise
        try:
            with self._streams:
                self._machine = prepare(settings, self._log, empty=program is None)
        except BaseException:
            self._log.close()
            self._streams.close()
            raise

    @classmethod
    def from_code(
        cls, code: bytes, *, address: int = CODE_ADDRESS, thumb: bool = False, engine: Engine = "jit"
    ) -> Self:
        """Make an emulator that is about to run `code` at `address`, with a stack of 64 KiB."""
        code = arguments.octets("code", code)
        address = arguments.address("address", address)
        if address & (1 if thumb else 3):
            raise UsageError(f"address is {address:#x}; code of {'T32' if thumb else 'A32'} is not there.")
        emulator = cls(engine=engine)
        emulator.map(address & -PAGE, (address % PAGE) + max(len(code), 1), "rx")
        emulator.write(address, code)
        top = emulator.map(None, STACK_SIZE, "rw") + STACK_SIZE
        emulator.sp = top
        emulator.jump(address | thumb)
        return emulator

    def close(self) -> None:
        """Give the guest's memory back. Closing twice does nothing."""
        machine, self._machine = self._machine, None
        if machine is not None:
            with self._streams:
                machine.close()
            self._log.close()
            self._streams.close()

    def __del__(self) -> None:
        if not sys.is_finalizing():
            self.close()

    def __enter__(self) -> Self:
        self.machine  # noqa: B018 - says so when it is closed
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def machine(self) -> Machine:
        """What the guest is made of. Raises UsageError when the emulator is closed."""
        machine = self._machine
        if machine is None:
            raise UsageError("the emulator is closed; make another one.")
        return machine

    def __setattr__(self, name: str, value: object) -> None:
        if not name.startswith("_") and not hasattr(type(self), name):
            others = type(self) is not Emulator and not _REGISTER_LIKE(name)
            if not others:
                registers = [] if not _REGISTER_LIKE(name) else ["r0 to r15, sp, lr, pc and cpsr are the registers"]
                hint = arguments.near(name, (known for known in dir(self) if not known.startswith("_")))
                raise AttributeError("; ".join([f"an emulator has no attribute {name!r}{hint}", *registers]))
        object.__setattr__(self, name, value)

    def __copy__(self) -> Self:
        raise TypeError(_NO_COPY)

    def __deepcopy__(self, memo: object) -> Self:
        raise TypeError(_NO_COPY)

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError(_NO_COPY)

    def __repr__(self) -> str:
        machine = self._machine
        if machine is None:
            return "<Emulator, closed>"
        name = f"{machine.settings.program!r}, " if machine.settings.program else ""
        return f"<Emulator, {name}pc={machine.state.r[15]:#010x}>"

    @property
    def stdout(self) -> bytes:
        """What the guest has written to its standard output so far, if it was made with `stdout=PIPE`."""
        self.machine  # noqa: B018 - says so when it is closed
        return self._streams.collected(1)

    @property
    def stderr(self) -> bytes:
        """What the guest has written to its standard error so far, if it was made with `stderr=PIPE`."""
        self.machine  # noqa: B018 - says so when it is closed
        return self._streams.collected(2)

    # Registers

    @property
    def registers(self) -> Registers:
        """The core registers by name."""
        return Registers(self)

    r0, r1, r2, r3 = Register("r0"), Register("r1"), Register("r2"), Register("r3")
    r4, r5, r6, r7 = Register("r4"), Register("r5"), Register("r6"), Register("r7")
    r8, r9, r10, r11 = Register("r8"), Register("r9"), Register("r10"), Register("r11")
    r12, sp, lr, pc = Register("r12"), Register("sp"), Register("lr"), Register("pc")
    r13, r14, r15, cpsr = Register("r13"), Register("r14"), Register("r15"), Register("cpsr")

    @property
    def thumb(self) -> bool:
        """Whether the instruction set is T32."""
        return self.machine.state.thumb

    def jump(self, address: int) -> None:
        """Set pc as BX does: bit 0 of the address chooses T32."""
        state = self.machine.state
        address = arguments.address("address", address)
        state.thumb = bool(address & 1)
        state.r[15] = address & (~1 if address & 1 else ~3) & 0xFFFFFFFF

    # Memory

    def read(self, address: int, size: int) -> bytes:
        """Read guest memory. Raises GuestFault when the guest could not."""
        memory = self.machine.memory
        address, size = arguments.address("address", address), arguments.size("size", size)
        reached = _mapped_from(memory, address, address + size)
        if reached < address + size:
            raise GuestFault(reached & 0xFFFFFFFF, False)
        return memory.read(address, size)

    def read_u32(self, address: int) -> int:
        """Read a little-endian word. Raises GuestFault when the guest could not."""
        return self.machine.memory.read_u32(arguments.address("address", address))

    def read_cstring(self, address: int, limit: int = 4096) -> bytes:
        """Read up to a zero byte or `limit` bytes. Raises GuestFault when the guest could not."""
        memory = self.machine.memory
        return memory.read_cstring(arguments.address("address", address), arguments.size("limit", limit))

    def write(self, address: int, data: bytes) -> None:
        """Write mapped guest memory, also where the guest itself may not write, such as its code.

        Raises GuestFault when something of the range is not mapped; nothing is written then.
        """
        memory = self.machine.memory
        address, data = arguments.address("address", address), arguments.octets("data", data)
        end = address + len(data)
        reached = _mapped_from(memory, address, end)
        if reached < end:
            raise GuestFault(reached & 0xFFFFFFFF, True)
        closed = [piece for piece in pieces(memory.mappings, address, end) if not piece.prot & PROT_WRITE]
        for piece in closed:
            low, high = piece.start & -PAGE, -(-piece.end // PAGE) * PAGE
            memory.protect(low, high - low, piece.prot | PROT_WRITE)
        try:
            memory.write(address, data)
        finally:
            for piece in closed:
                low, high = piece.start & -PAGE, -(-piece.end // PAGE) * PAGE
                memory.protect(low, high - low, piece.prot)
        self.machine.engine.flush(address, end)

    def write_u32(self, address: int, value: int) -> None:
        """Write a little-endian word, as `write` does."""
        self.write(address, arguments.word("value", value).to_bytes(4, "little"))

    def map(self, address: int | None, size: int, permissions: str = "rw") -> int:
        """Map zeroed memory and return its address; without one it is chosen. Both are rounded to pages.

        `permissions` are letters of "rwx". Raises OSError when something is mapped there already, or the
        address is not one that Linux would map.
        """
        memory = self.machine.memory
        address = None if address is None else arguments.address("address", address)
        if not arguments.size("size", size):
            raise UsageError("size is 0; a mapping has at least a byte.")
        if set(arguments.text("permissions", permissions)) - set("rwx"):
            raise UsageError(f"permissions are {permissions!r}; they are letters of 'rwx'.")
        bits = {"r": PROT_READ, "w": PROT_WRITE, "x": PROT_EXEC}
        prot = sum(bits[letter] for letter in set(permissions))
        flags = MAP_PRIVATE | MAP_ANONYMOUS | (0 if address is None else MAP_FIXED_NOREPLACE)
        return memory.map(address or 0, size, prot, flags)

    @property
    def mappings(self) -> list[str]:
        """What is mapped, one line a mapping in the form of /proc/self/maps."""
        return [f"{m.start:08x}-{m.end:08x} {m.permissions} {m.name}".rstrip() for m in self.machine.memory.mappings]

    # Names and code

    def find_symbol(self, name: str) -> int | None:
        """Give the address of a symbol of the program, with bit 0 set for a T32 function."""
        symbols = self.machine.symbols
        name = arguments.text("name", name)
        return symbols.find(name) if symbols is not None else None

    def name_address(self, address: int) -> str:
        """Write an address as `symbol+0x10`, or give "" when it has no name."""
        return self.machine.name_address(arguments.address("address", address))

    def where(self, address: int | None = None) -> Location:
        """Say where an address is (pc by default): file, function, and source line if the debug information tells."""
        from stinkarm.inspect.backtrace import locate

        machine = self.machine
        at = machine.state.r[15] if address is None else arguments.address("address", address) & ~1
        with machine.modules() as modules:
            return Location(at, **locate(machine.memory, modules, at))

    def backtrace(self, limit: int = 64) -> list[Frame]:
        """Give the frames of the stack, that of pc first, each with file, function and source line; at most `limit`."""
        machine = self.machine
        return machine.backtrace(limit=arguments.whole("limit", limit, 1, 1 << 20, "a number of frames from 1 to 2^20"))

    def disassemble(self, address: int | None = None, count: int = 1) -> list[str]:
        """Disassemble `count` instructions from an address on (pc by default), one line each."""
        from stinkarm.inspect.disassembly import disassemble_from

        state = self.machine.state
        start = state.r[15] if address is None else arguments.address("address", address)
        arguments.whole("count", count, 0, 1 << 30, "a number of instructions from 0 to 2^30")
        return [str(line) for line in disassemble_from(self.machine.memory, start, count, state.thumb)]

    # Running

    @property
    def instructions(self) -> int:
        """How many instructions were executed so far."""
        return self.machine.instructions

    def step(self, count: int = 1) -> StopReason:
        """Execute `count` instructions, system calls included."""
        return self.run(max_instructions=arguments.count("count", count))

    def run(
        self,
        until: int | str | Callable[[Emulator], bool] | None = None,
        *,
        max_instructions: int | None = None,
    ) -> StopReason:
        """Run until the program ends or makes a fault, or `max_instructions` were executed.

        `until` is an address to stop at before it is executed, the name of a symbol of the program or of a library
        that is loaded, or a function that is asked after each instruction. At least one instruction is executed, so
        that running on from a stop works. A program that has exited stays so: the same reason comes back.
        """
        machine = self.machine
        if max_instructions is not None:
            max_instructions = arguments.count("max_instructions", max_instructions)
        wanted = until if until is None or callable(until) else _pc_is(self._address_of(until))
        if self._end is not None:
            return self._end
        with self._streams:
            if wanted is None:
                return self._reason(machine.run(max_instructions))
            left = -1 if max_instructions is None else max_instructions
            while left:
                reason = self._reason(machine.run(1))
                if reason.kind != "instructions":
                    return reason
                if callable(until):
                    with self._streams.outside():
                        reached = until(self)
                else:
                    reached = wanted(self)
                if reached:
                    return StopReason("until", self.pc)
                left -= 1
            return StopReason("instructions", self.pc)

    def _address_of(self, until: int | str) -> int:
        """Give the address that `until` means."""
        if not isinstance(until, str):
            return arguments.whole(
                "until", until, 0, arguments.ADDRESS_MAXIMUM, "an address, the name of a symbol or a function"
            )
        with self.machine.modules() as modules:
            known = modules.all()
            for module in known:
                found = module.find(until)
                if found is not None:
                    return found
            hint = arguments.near(
                until, (name for module in known for table in module.tables for name in table.names())
            )
        raise UsageError(f"until is {until!r}, and there is no symbol of that name{hint or '.'}")

    def _reason(self, outcome: Outcome) -> StopReason:
        if outcome.kind == "exited":
            self._end = StopReason("exited", self.pc, status=outcome.status)
            return self._end
        if outcome.kind == "signaled":
            reason = StopReason("signaled", self.pc, signal=outcome.signal, crash=outcome.crash)
            if outcome.crash is None:
                self._end = reason
            return reason
        return StopReason("instructions", self.pc)


_NO_COPY = "an emulator cannot be copied or pickled: it holds memory and descriptors of this process; make another one"
_REGISTER_LIKE = re.compile(r"(?i)(r\d+|sp|lr|pc|cpsr|sb|sl|fp|ip|apsr)").fullmatch


def _mapped_from(memory: Memory, address: int, end: int) -> int:
    """Give the first address in [address, end) that is not mapped, or `end`."""
    for piece in pieces(memory.mappings, address, end):
        if piece.start != address:
            break
        address = piece.end
    return address


def _pc_is(address: int) -> Callable[[Emulator], bool]:
    wanted = address & ~1
    return lambda emulator: emulator.pc == wanted
