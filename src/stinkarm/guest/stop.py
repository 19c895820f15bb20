"""Why an engine stopped running guest code."""

BUDGET = 1  # the instruction budget is used up
SYSCALL = 2  # SVC; r15 is the instruction after it; detail is its immediate
FAULT = 3  # a data access the MMU refused; r15 is the instruction
FETCH = 4  # r15 cannot be executed (unmapped, or not executable)
UNDEFINED = 5  # an UNDEFINED word (UDF included) at r15
BREAKPOINT = 6  # BKPT at r15; detail is its immediate
ALIGNMENT = 7  # an access that must be aligned was not; r15 is the instruction
HOT = 8  # r15 has been branched to many times; nothing else has happened
DEBUGGER_BREAK = 9  # an UNDEFINED word that Linux takes for a breakpoint (linux/faults.py makes it of UNDEFINED)

NAMES = {
    BUDGET: "budget",
    SYSCALL: "syscall",
    FAULT: "fault",
    FETCH: "fetch",
    UNDEFINED: "undefined",
    BREAKPOINT: "breakpoint",
    ALIGNMENT: "alignment",
    HOT: "hot",
    DEBUGGER_BREAK: "debugger break",
}


class Stop:
    """One outcome of `Engine.run`.

    `kind` is a constant of this module, `pc` the guest address named there, `address` and `write`
    the refused access (FAULT, ALIGNMENT, FETCH), `signal`/`code` the host's view of it
    (SIGSEGV/SIGBUS and si_code), `detail` an immediate.
    """

    __slots__ = ("address", "code", "detail", "kind", "pc", "signal", "write")

    def __init__(
        self,
        kind: int,
        pc: int,
        *,
        address: int = 0,
        write: bool = False,
        signal: int = 0,
        code: int = 0,
        detail: int = 0,
    ) -> None:
        self.kind = kind
        self.pc = pc
        self.address = address
        self.write = write
        self.signal = signal
        self.code = code
        self.detail = detail

    def __repr__(self) -> str:
        return f"Stop({NAMES[self.kind]}, pc={self.pc:#x})"
