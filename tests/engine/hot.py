"""A loop of guest code on an engine that compiles it, for tests."""

from __future__ import annotations

import time
from typing import Any

from stinkarm.engine.interpreter import Interpreter
from stinkarm.engine.jit import Jit
from stinkarm.guest.mapping import MAP_ANONYMOUS, MAP_PRIVATE
from stinkarm.guest.memory import MAP_FIXED, Memory
from stinkarm.guest.state import State
from stinkarm.guest.stop import SYSCALL

CODE = 0x10000
LOOP = "030080e2 001021e0 012052e2 fbffff1a"  # add r0, #3; eor r1, r0; subs r2, #1; bne CODE
END = "000000ef"  # svc #0


def expected(count: int, step: int = 3) -> tuple[int, int]:
    """Return r0 and r1 after the loop."""
    r0 = r1 = 0
    for _ in range(count):
        r0 = r0 + step & 0xFFFFFFFF
        r1 ^= r0
    return r0, r1


class Guest:
    """Memory with the loop in it, registers and an engine. `log` is what was said."""

    def __init__(self, options: str, *, prot: int = 5, descriptors: Any = None) -> None:
        self.log: list[str] = []
        self.memory = Memory()
        self.memory.map(CODE, 0x4000, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED)
        self.memory.write(CODE, bytes.fromhex(LOOP + END))
        self.memory.protect(CODE, 0x4000, prot)
        self.engine = Interpreter(self.memory, jit=options, descriptors=descriptors, say=self.log.append)
        assert self.engine.jit is not None
        self.jit: Jit = self.engine.jit
        self.state = State()

    def close(self) -> None:
        """Give everything back."""
        self.engine.close()
        self.memory.close()

    def loop(self, count: int, at: int = CODE) -> tuple[int, int]:
        """Go round so often; return r0 and r1."""
        r = self.state.r
        r[0] = r[1] = 0
        r[2] = count
        r[15] = at
        while True:
            stop = self.engine.run(self.state, 1_000_000)
            if stop.kind == SYSCALL:
                return r[0], r[1]

    def is_compiled(self, at: int = CODE) -> bool:
        """Say whether a region begins there."""
        return self.jit.is_region(at, False)

    def until_compiled(self, at: int = CODE) -> None:
        """Go round until it is compiled."""
        end = time.monotonic() + 60
        while not self.is_compiled(at):
            assert time.monotonic() < end, self.log
            assert self.loop(5000, at)[0] == 15000
            time.sleep(0.005)
