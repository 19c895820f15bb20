"""A loop of guest code on an engine that compiles it, for tests."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from stinkarm.engine.interpreter import Interpreter
from stinkarm.engine.jit import Jit
from stinkarm.engine.jit_client import Background
from stinkarm.engine.watch import Watch
from stinkarm.guest.mapping import MAP_ANONYMOUS, MAP_PRIVATE
from stinkarm.guest.memory import MAP_FIXED, Memory
from stinkarm.guest.state import State
from stinkarm.guest.stop import SYSCALL, Stop

CODE = 0x10000
SIZE = 0x4000
LOOP = "030080e2 001021e0 012052e2 fbffff1a"  # add r0, #3; eor r1, r0; subs r2, #1; bne CODE
END = "000000ef"  # svc #0


def expected(count: int, step: int = 3) -> tuple[int, int]:
    """Return r0 and r1 after the loop."""
    r0 = r1 = 0
    for _ in range(count):
        r0 = r0 + step & 0xFFFFFFFF
        r1 ^= r0
    return r0, r1


def write_file(path: Path, code: str = LOOP + END, at: int = 0) -> Path:
    """Write a file that can be mapped: pages of zeros with some code in it."""
    data = bytearray(SIZE)
    text = bytes.fromhex(code)
    data[at : at + len(text)] = text
    path.write_bytes(data)
    return path


class Guest:
    """Memory with the loop in it, or a file, registers and an engine. `log` is what was said."""

    def __init__(
        self,
        options: str,
        *,
        prot: int = 5,
        descriptors: Any = None,
        file: Path | None = None,
        watch: Watch | None = None,
    ) -> None:
        self.log: list[str] = []
        self.memory = Memory()
        if file is None:
            self.memory.map(CODE, SIZE, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED)
            self.memory.write(CODE, bytes.fromhex(LOOP + END))
            self.memory.protect(CODE, SIZE, prot)
        self.engine = Interpreter(
            self.memory, jit=options, descriptors=descriptors, watch=watch or Watch(self.log.append)
        )
        if file is not None:
            fd = os.open(file, os.O_RDONLY)
            self.memory.map(CODE, SIZE, prot, MAP_PRIVATE | MAP_FIXED, fd=fd, name=str(file))
            os.close(fd)
        assert self.engine.jit is not None
        self.jit: Jit = self.engine.jit
        self.state = State()

    def close(self) -> None:
        """Give everything back."""
        self.engine.close()
        self.memory.close()

    def close_and_save(self) -> None:
        """Give everything back, and wait for the worker's end."""
        compiling = self.jit.compiling
        assert isinstance(compiling, Background)
        pids = [worker.pid for worker in compiling.workers]
        self.close()
        for pid in pids:
            wait_until_ended(pid)

    def run(self, at: int, *registers: int) -> Stop:
        """Run from an address to what is no end of a slice."""
        r = self.state.r
        for number, value in enumerate(registers):
            r[number] = value
        r[15] = at
        while True:
            stop = self.engine.run(self.state, 1_000_000)
            if stop.kind != 1:
                return stop

    def loop(self, count: int, at: int = CODE) -> tuple[int, int]:
        """Go round so often; return r0 and r1."""
        stop = self.run(at, 0, 0, count)
        assert stop.kind == SYSCALL, stop
        return self.state.r[0], self.state.r[1]

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


def is_running(pid: int) -> bool:
    """Say whether a process is there that is not a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_until_ended(pid: int) -> None:
    """Wait for the end of somebody else's process."""
    end = time.monotonic() + 30
    while is_running(pid):
        assert time.monotonic() < end, "the worker goes on"
        time.sleep(0.02)
