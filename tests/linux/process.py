"""A guest process without an engine: tests set registers and make system calls."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from stinkarm.guest.memory import Memory
from stinkarm.guest.state import State
from stinkarm.inspect.log import Log
from stinkarm.linux.kernel import Kernel
from stinkarm.linux.table import CALLS
from stinkarm.sandbox.policy import Policy

NUMBERS = {row.rpartition(".")[2]: number for number, row in CALLS.items()}

DATA = 0x20000  # sixteen pages to read and write
DATA_SIZE = 0x10000
TEXT = 0x40000  # one page to read only
UNMAPPED = 0x60000


class Process:
    """Memory, registers and a kernel."""

    def __init__(self, mode: str = "sandbox", **settings: Any) -> None:
        self.memory = Memory()
        self.memory.map(DATA, DATA_SIZE, 3, 0x32)
        self.memory.map(TEXT, 0x1000, 1, 0x32)
        self.state = State()
        self.policy = Policy(mode, **settings)
        self.log = Log()
        self.kernel = Kernel(self.memory, self.policy, self.log)
        self.kernel.state = self.state

    def call(self, name: str | int, *registers: int) -> int:
        """Make a system call with r0..r6; give its result, negative for an error number."""
        r = self.state.r
        for index in range(7):
            r[index] = (registers[index] if index < len(registers) else 0xDEAD0000 + index) & 0xFFFFFFFF
        r[7] = NUMBERS[name] if isinstance(name, str) else name
        self.kernel.syscall(self.state)
        result = r[0]
        return result - (1 << 32) if result > 0xFFFFF000 else result

    def error(self, name: str | int, *registers: int) -> str:
        """Make a system call that fails; give the name of the error."""
        result = self.call(name, *registers)
        assert result < 0, f"{name} gave {result}"
        return errno.errorcode[-result]

    def put(self, data: bytes, address: int = DATA) -> int:
        """Write guest memory; give the address."""
        self.memory.write(address, data)
        return address

    def word(self, address: int = DATA) -> int:
        """Read a 32-bit number."""
        return int.from_bytes(self.memory.read(address, 4), "little")

    def close(self) -> None:
        """Give the memory back."""
        self.kernel.close()
        self.policy.descriptors.close()
        self.memory.close()


@contextmanager
def process(mode: str = "sandbox", **settings: Any) -> Iterator[Process]:
    """Make a process for the length of a `with` block."""
    guest = Process(mode, **settings)
    try:
        yield guest
    finally:
        guest.close()
