"""Threads that come upon code at once that nobody has executed yet."""

from __future__ import annotations

import threading

from stinkarm.engine.interpreter import Interpreter
from stinkarm.guest.mapping import MAP_ANONYMOUS, MAP_PRIVATE
from stinkarm.guest.memory import MAP_FIXED, Memory
from stinkarm.guest.state import State
from stinkarm.guest.stop import SYSCALL

CODE = 0x10000
THREADS = 3
ROUNDS = 8

# cmp r0, #1; as often as fits in a megabyte: itttt eq; four times addeq r0, #1; then svc #0
BLOCKS = 100_000
TEXT = bytes.fromhex("0128") + bytes.fromhex("01bf" + "0130" * 4) * BLOCKS + bytes.fromhex("00df")


def test_threads_decode_it_blocks_at_once() -> None:
    """Whoever runs into an IT that another thread is just decoding has its block under its condition."""
    results: list[tuple[int, int]] = []
    start = threading.Barrier(THREADS)

    with Memory() as memory:
        size = len(TEXT) + 0xFFF & -0x1000
        memory.map(CODE, size, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED)
        memory.write(CODE, TEXT)
        memory.protect(CODE, size, 5)
        engine = Interpreter(memory)

        def run() -> None:
            state = State()
            state.r[15] = CODE
            state.thumb = True
            start.wait()
            kind = engine.run(state, 10_000_000).kind
            results.append((kind, state.r[0]))

        for _ in range(ROUNDS):
            engine.flush(CODE, CODE + size)
            threads = [threading.Thread(target=run) for _ in range(THREADS)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        engine.close()
    assert results == [(SYSCALL, 0)] * (THREADS * ROUNDS)
