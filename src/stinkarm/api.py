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
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Self

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
from stinkarm.inspect.crash import CrashReport
from stinkarm.inspect.log import Log
from stinkarm.inspect.registers import NAMES, format_registers, read_registers
from stinkarm.runner import open_log, prepare
from stinkarm.settings import Settings
from stinkarm.status import (
    SIGNAL,
    Failed,
    NotExecutable,
    ProgramNotFound,
    StinkarmError,
    UsageError,
)

if TYPE_CHECKING:
    from stinkarm.machine import Machine, Outcome

__all__ = [
    "CrashReport",
    "Emulator",
    "Failed",
    "GuestFault",
    "NotExecutable",
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


@dataclass(frozen=True)
class Result:
    """How a program that `run` ran has ended.

    `reason` is "exited", "signaled", "timeout", "instructions" (the budget is used up) or "output" (it wrote
    more than `max_output`). `status` is its exit status, None unless it exited; `signal` the number of
    the signal that ended it, None unless one did. `instructions` counts what it executed. `crash` is the report
    when its own code made a fault. `denials` are the things that the sandbox refused, each a sentence
    that names the grant for it.
    """

    reason: Literal["exited", "signaled", "timeout", "instructions", "output"]
    status: int | None
    signal: int | None
    stdout: bytes
    stderr: bytes
    instructions: int
    crash: CrashReport | None
    denials: tuple[str, ...] = ()

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


def run(
    program: Path,
    args: Sequence[str] = (),
    *,
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
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
) -> Result:
    """Run a program to its end in a process of its own and return how it ended and what it wrote.

    `program` is a 32-bit ARM executable, or an assembly or C source. `stdin` is all of its standard
    input. `env` is its whole environment; without it the program gets what the mode and
    `allow_env` let it see of this process's. `syscalls` is the mode: "sandbox", "forward" or "deny".
    `allow_read` and `allow_write` are True or the host paths that the sandbox may reach; with `allow_run` it may have
    children and run other ARM programs (True), or only those listed; `allow_net` are True or the addresses
    ("HOST:PORT"…) that it may reach. `run_env` are variables that programs of the host get from it. `timeout` is in
    seconds of wall-clock time; `max_output` in bytes, each for stdout and stderr. `log` are topics as of
    `--log`, written to `log_file`, without which there is no log.

    Raises ProgramNotFound, NotExecutable, UsageError (an argument is wrong) and Failed (stinkarm itself
    could not do it), all of them StinkarmError; never because of what the program does.
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
    if not isinstance(stdin, (bytes, bytearray, memoryview)):
        raise UsageError(f"stdin is a {type(stdin).__name__}; it must be bytes.")
    if max_output < 0:
        raise UsageError(f"max_output is {max_output}; it must be a number of bytes.")
    if timeout is not None:
        settings.set_option("--timeout", "timeout", repr(timeout))
    if max_instructions is not None:
        settings.set_option("--max-instructions", "max_instructions", str(max_instructions))
    answer, stdout, stderr = worker.run(settings, stdin, max_output)
    crash = answer["crash"]
    return Result(
        reason=answer["reason"],
        status=answer["status"],
        signal=answer["signal"],
        stdout=stdout,
        stderr=stderr,
        instructions=answer["instructions"],
        crash=CrashReport(**crash) if crash else None,
        denials=tuple(answer["denials"]),
    )


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
        if isinstance(value, (str, bytes)):
            raise UsageError(f"{name} is {value!r}; it must be a list.")
    settings = Settings()
    settings.program = _text("program", program)
    settings.arguments = [_text("args", argument) for argument in args]
    settings.argv0 = None if argv0 is None else _text("argv0", argv0)
    settings.set_option("--syscalls", "syscalls", syscalls)
    settings.set_option("--engine", "engine", engine)
    settings.set_option("--stack-size", "stack_size", str(stack_size))
    settings.allow_read = _grant("allow_read", allow_read)
    settings.allow_write = _grant("allow_write", allow_write)
    settings.allow_env = _grant("allow_env", allow_env)
    if env is not None:
        settings.no_env = True
        for name, value in env.items():
            if not name or "=" in name:
                raise UsageError(f"env has a variable named {name!r}; a name is not empty and has no =.")
            settings.set_variable(f"{_text('env', name)}={_text('env', value)}")
    for topic in log:
        settings.set_topics(topic)
    if log_file is not None:
        settings.log_file = os.fspath(log_file)
    elif settings.topics:
        raise UsageError("log names topics but log_file is not given; say which file to write them to.")
    return settings


def _grant(name: str, value: Grant) -> bool | list[str]:
    if isinstance(value, bool):
        return value
    if isinstance(value, (str, bytes, os.PathLike)):
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


class Registers(MutableMapping[str, int]):
    """The core registers by name: r0 to r15, sp, lr, pc and cpsr."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    def __getitem__(self, name: str) -> int:
        state = self._emulator.machine.state
        return state.cpsr if name == "cpsr" else state.r[_index(name)]

    def __setitem__(self, name: str, value: int) -> None:
        state = self._emulator.machine.state
        if name == "cpsr":
            state.cpsr = value & 0xFFFFFFFF
            return
        index = _index(name)
        if index == 15:
            value &= ~1 if state.thumb else ~3
        state.r[index] = value & 0xFFFFFFFF

    def __delitem__(self, name: str) -> None:
        raise TypeError("registers cannot be deleted")

    def __iter__(self) -> Iterator[str]:
        return iter((*NAMES, "cpsr"))

    def __len__(self) -> int:
        return len(NAMES) + 1

    def __str__(self) -> str:
        return format_registers(read_registers(self._emulator.machine.state))


_NUMBERS = {**{name: number for number, name in enumerate(NAMES)}, "r13": 13, "r14": 14, "r15": 15}


def _index(name: str) -> int:
    try:
        return _NUMBERS[name]
    except KeyError:
        raise KeyError(f"there is no register {name!r}; there are r0 to r15, sp, lr, pc and cpsr") from None


class _Register:
    """A register as an attribute of `Emulator`."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, emulator: Emulator, owner: object = None) -> int:
        return emulator.registers[self._name]

    def __set__(self, emulator: Emulator, value: int) -> None:
        emulator.registers[self._name] = value


class Emulator:
    """A guest in this process, to be looked at, changed and run step by step.

    Make one from a program, with the arguments of `run`, or from machine code with `from_code`. The
    guest's system calls are carried out in this process: its fds 0, 1 and 2 are this process's.
    Addresses are guest addresses. Close it, or use it in a `with`, to give its memory back.
    """

    machine: Machine

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
        self._log = open_log(settings, None) if settings.topics else Log()
        self._end: StopReason | None = None
        self.registers = Registers(self)
        try:
            self.machine = prepare(settings, self._log, empty=program is None)
        except BaseException:
            self._log.close()
            raise

    @classmethod
    def from_code(
        cls, code: bytes, *, address: int = CODE_ADDRESS, thumb: bool = False, engine: Engine = "jit"
    ) -> Self:
        """Make an emulator that is about to run `code` at `address`, with a stack of 64 KiB."""
        emulator = cls(engine=engine)
        emulator.map(address & -PAGE, (address % PAGE) + max(len(code), 1), "rx")
        emulator.write(address, code)
        top = emulator.map(None, STACK_SIZE, "rw") + STACK_SIZE
        emulator.sp = top
        emulator.jump(address | thumb)
        return emulator

    def close(self) -> None:
        """Give the guest's memory back. Closing twice does nothing."""
        self.machine.close()
        self._log.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Registers

    r0, r1, r2, r3 = _Register("r0"), _Register("r1"), _Register("r2"), _Register("r3")
    r4, r5, r6, r7 = _Register("r4"), _Register("r5"), _Register("r6"), _Register("r7")
    r8, r9, r10, r11 = _Register("r8"), _Register("r9"), _Register("r10"), _Register("r11")
    r12, sp, lr, pc = _Register("r12"), _Register("sp"), _Register("lr"), _Register("pc")
    r13, r14, r15, cpsr = _Register("r13"), _Register("r14"), _Register("r15"), _Register("cpsr")

    @property
    def thumb(self) -> bool:
        """Whether the instruction set is T32."""
        return self.machine.state.thumb

    def jump(self, address: int) -> None:
        """Set pc as BX does: bit 0 of the address chooses T32."""
        state = self.machine.state
        state.thumb = bool(address & 1)
        state.r[15] = address & (~1 if address & 1 else ~3) & 0xFFFFFFFF

    # Memory

    def read(self, address: int, size: int) -> bytes:
        """Read guest memory. Raises GuestFault when the guest could not."""
        return self.machine.memory.read(address, size)

    def read_u32(self, address: int) -> int:
        """Read a little-endian word. Raises GuestFault when the guest could not."""
        return self.machine.memory.read_u32(address)

    def read_cstring(self, address: int, limit: int = 4096) -> bytes:
        """Read up to a zero byte or `limit` bytes. Raises GuestFault when the guest could not."""
        return self.machine.memory.read_cstring(address, limit)

    def write(self, address: int, data: bytes) -> None:
        """Write mapped guest memory, also where the guest itself may not write, such as its code.

        Raises GuestFault when something of the range is not mapped; nothing is written then.
        """
        memory = self.machine.memory
        end = address + len(data)
        found = pieces(memory.mappings, address, end) if address >= 0 else []
        reached = address
        for piece in found:
            if piece.start != reached:
                break
            reached = piece.end
        if reached < end:
            raise GuestFault(reached & 0xFFFFFFFF, True)
        closed = [piece for piece in found if not piece.prot & PROT_WRITE]
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
        self.write(address, (value & 0xFFFFFFFF).to_bytes(4, "little"))

    def map(self, address: int | None, size: int, permissions: str = "rw") -> int:
        """Map zeroed memory and return its address; without one it is chosen. Both are rounded to pages.

        `permissions` are letters of "rwx". Raises OSError when something is mapped there already, or the
        address is not one that Linux would map.
        """
        if set(permissions) - set("rwx"):
            raise UsageError(f"permissions are {permissions!r}; they are letters of 'rwx'.")
        bits = {"r": PROT_READ, "w": PROT_WRITE, "x": PROT_EXEC}
        prot = sum(bits[letter] for letter in set(permissions))
        flags = MAP_PRIVATE | MAP_ANONYMOUS | (0 if address is None else MAP_FIXED_NOREPLACE)
        return self.machine.memory.map(address or 0, size, prot, flags)

    @property
    def mappings(self) -> list[str]:
        """What is mapped, one line a mapping in the form of /proc/self/maps."""
        return [f"{m.start:08x}-{m.end:08x} {m.permissions} {m.name}".rstrip() for m in self.machine.memory.mappings]

    # Names and code

    def find_symbol(self, name: str) -> int | None:
        """Give the address of a symbol of the program, with bit 0 set for a T32 function."""
        symbols = self.machine.symbols
        return symbols.find(name) if symbols is not None else None

    def name_address(self, address: int) -> str:
        """Write an address as `symbol+0x10`, or give "" when it has no name."""
        return self.machine.name_address(address)

    def disassemble(self, address: int | None = None, count: int = 1) -> list[str]:
        """Disassemble `count` instructions from an address on (pc by default), one line each."""
        from stinkarm.inspect.disassembly import disassemble_from

        state = self.machine.state
        start = state.r[15] if address is None else address
        return [str(line) for line in disassemble_from(self.machine.memory, start, count, state.thumb)]

    # Running

    @property
    def instructions(self) -> int:
        """How many instructions were executed so far."""
        return self.machine.instructions

    def step(self, count: int = 1) -> StopReason:
        """Execute `count` instructions, system calls included."""
        return self.run(max_instructions=count)

    def run(
        self,
        until: int | Callable[[Emulator], bool] | None = None,
        *,
        max_instructions: int | None = None,
    ) -> StopReason:
        """Run until the program ends or makes a fault, or `max_instructions` were executed.

        `until` is an address to stop at before it is executed, or a function that is asked after each
        instruction. At least one instruction is executed, so that running on from a stop works. A program that
        has exited stays so: the same reason comes back.
        """
        if self._end is not None:
            return self._end
        if until is None:
            return self._reason(self.machine.run(max_instructions))
        wanted = until if callable(until) else _pc_is(until)
        left = -1 if max_instructions is None else max_instructions
        while left:
            reason = self._reason(self.machine.run(1))
            if reason.kind != "instructions":
                return reason
            if wanted(self):
                return StopReason("until", self.pc)
            left -= 1
        return StopReason("instructions", self.pc)

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


def _pc_is(address: int) -> Callable[[Emulator], bool]:
    wanted = address & ~1
    return lambda emulator: emulator.pc == wanted
