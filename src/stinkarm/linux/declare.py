"""What a system call is: one typed Python function.

    @syscall(4, FD)
    def write(k: Kernel, fd: Fd, buf: In[Bytes], count: Size) -> int:
        \"\"\"Write bytes to a file.\"\"\"

The function's name and its parameters' names are those of `man 2`; the annotations come from
`linux/parameters.py` and say how the registers are decoded and how a log shows them. The answer is
the number for r0; a failure is `return -EINVAL` or any OSError, and `GuestFault` is EFAULT.

Everything is worked out from the annotations on the first call, not at import.
"""

from __future__ import annotations

from struct import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

# What a call can reach, which decides how the sandbox treats it.
PURE = "pure"  # nothing outside the process: always runs
FD = "fd"  # descriptors; runs, and itself asks `kernel.policy` about what is new
PATH = "path"  # names of files; runs, and itself asks `kernel.policy`
SOCKET = "socket"  # sockets; runs, and itself asks `kernel.policy` about kinds and addresses
CHILD = "child"  # new processes and programs: refused with EPERM but for --allow-run
PROCESS = "process"  # other processes: refused with EPERM
SYSTEM = "system"  # the machine's own settings: refused with EPERM

NEEDS = (PURE, FD, PATH, SOCKET, CHILD, PROCESS, SYSTEM)

# Parameter types of `linux/parameters.py` that are not one unsigned register.
SIGNED = frozenset(("Clock", "DirFd", "Fd", "Id", "Int", "IdKind", "Pid", "Signal", "TimerId", "Whence"))
PAIRS = {"Off64": "q", "U64": "Q"}
HALVES = frozenset(("Mode",))  # umode_t: the upper half of the register does not count
ARGUMENT_REGISTERS = 7

# Declared so far: by number, and the names taken.
DECLARED: dict[int, Syscall] = {}
NAMES: dict[str, int] = {}


class Syscall:
    """One declared system call.

    `unpack(state.words)` gives the decoded arguments; it is None until `prepare` has run.
    `partial` says what is missing of it, `missing` that all of it is (it answers ENOSYS).
    `direct` is the host's number for native code to pass it on (linux/direct.py), or -1, and `special` how when that
    does not follow from the parameters.
    """

    __slots__ = (
        *("direct", "handler", "missing", "name", "needs", "number", "parameters", "partial", "result", "special"),
        "unpack",
    )

    def __init__(
        self,
        number: int,
        needs: str,
        handler: Callable[..., int],
        partial: str = "",
        missing: bool = False,
        direct: int = -1,
        special: str = "",
    ) -> None:
        self.number = number
        self.name = handler.__name__
        self.needs = needs
        self.handler = handler
        self.partial = partial
        self.missing = missing
        self.direct = direct
        self.special = special
        self.parameters: list[tuple[str, str]] = []
        self.result = "Int"
        self.unpack: Callable[[Any], tuple[int, ...]] | None = None

    def prepare(self) -> Callable[[Any], tuple[int, ...]]:
        """Read the annotations and lay the parameters out over r0..r6.

        A 64-bit parameter takes a register pair that starts at an even register (AAPCS 6.5).
        """
        if self.unpack is not None:
            return self.unpack
        register = 0
        code = "<"
        for name, kind in self.handler.__annotations__.items():
            if name == "return":
                self.result = kind
                continue
            if kind == "Kernel":
                continue
            self.parameters.append((name, kind))
            pair = PAIRS.get(kind)
            if pair is None:
                code += "i" if kind in SIGNED else "H2x" if kind in HALVES else "I"
                register += 1
                continue
            if register & 1:
                code += "4x"
                register += 1
            code += pair
            register += 2
        if register > ARGUMENT_REGISTERS:
            raise ValueError(f"{self.name} takes {register} registers; a system call has r0..r6.")
        self.unpack = Struct(code).unpack_from
        return self.unpack

    def __repr__(self) -> str:
        return f"Syscall({self.number}, {self.name})"


def _declare(call: Syscall) -> None:
    number, name = call.number, call.name
    if call.needs not in NEEDS:
        raise ValueError(f"{name} is declared with needs={call.needs!r}; it must be one of {', '.join(NEEDS)}.")
    if number in DECLARED:
        raise ValueError(f"System call {number} is declared as {DECLARED[number].name} and again as {name}.")
    if name in NAMES:
        raise ValueError(f"System call {name} is declared with number {NAMES[name]} and again with {number}.")
    DECLARED[number] = call
    NAMES[name] = number


def syscall(
    number: int, needs: str, *, partial: str = "", direct: int = -1, special: str = ""
) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Declare the decorated function as system call `number`.

    `needs` is one of the classes above. `partial` names, for the documentation, what Linux does and this
    does not. `direct`: the host's call of this number does the same whenever it succeeds, so that native code may
    pass it on; `special` names the way (guest/direct.py SHAPES) when the types of the parameters do not say it.
    """

    def declare(handler: Callable[..., int]) -> Callable[..., int]:
        _declare(Syscall(number, needs, handler, partial, direct=direct, special=special))
        return handler

    return declare


def missing(number: int, needs: str) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Declare a call that stinkarm does not have yet: the log shows its arguments, it answers ENOSYS."""

    def declare(handler: Callable[..., int]) -> Callable[..., int]:
        _declare(Syscall(number, needs, handler, missing=True))
        return handler

    return declare
