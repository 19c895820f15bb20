"""Compiling regions in the guest's own process, while it waits: for tests, and to see what a region becomes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from ..guest import host
from ..guest.mapping import PROT_EXEC, PROT_WRITE
from ..guest.memory import Memory
from ..isa.decode import decoder
from .callees import Callees
from .compiler import CompileError, Compiler
from .dump import describe
from .image import unpack_routines
from .jit import Done
from .region import MOST_INLINED, Code, grow
from .table import CodeTable


class Immediately:
    """Compiles a region when it is asked for."""

    poll_after = 0.0

    def __init__(
        self,
        memory: Memory,
        table: CodeTable,
        configuration: dict[str, Any],
        dump: Callable[[str], None] | None = None,
    ) -> None:
        self.memory = memory
        self.table = table
        self.compiler = Compiler(configuration["level"])
        self.kinds = configuration["dump"]
        self.dump = dump
        self.decoder = decoder()
        self.callees = Callees()
        with open(configuration["interpreter"], "rb") as file:
            self.routines = unpack_routines(file.read())
        self._done: list[Done] = []
        self.unusual: set[int] = set()

    def _read(self, address: int, size: int, without: int = 0) -> bytes | None:
        mapping = self.memory.find(address)
        if mapping is None or not mapping.prot & PROT_EXEC or mapping.prot & without or address + size > mapping.end:
            return None
        data = host.copy_out(self.memory.base + address, size)
        return data if len(data) == size else None

    def request(self, entry: int, thumb: bool, v8: bool, link: int) -> None:
        """Compile."""

        def executed(place: int) -> bool:
            address, table = place & ~1, self.table
            return table.is_executable(address) and any(table.read(table.entry(address, bool(place & 1)))[:4])

        def constant(address: int, size: int) -> bytes | None:
            return self._read(address, size, PROT_WRITE)

        began = time.perf_counter()
        why, piece = "its first instruction is for the interpreter", None
        try:
            code = Code(self._read, constant, executed, thumb, v8, self.callees.of, self.unusual.__contains__)
            region = grow(code, [entry], self.decoder, self.routines)
            if region is not None:
                if self.kinds and self.dump is not None:
                    self.dump(describe(region, code, self.compiler, self.kinds))
                self.callees.compiled(region, entry, thumb)
                piece = self.compiler.compile(region)
                if region.instructions <= MOST_INLINED and not region.stub:
                    self.callees.note(link, entry | thumb)
                self._done += [Done(*key, None, renew=True) for key in self.callees.renew()]
        except CompileError as error:
            why = str(error)
        took = (time.perf_counter() - began) * 1000
        self._done.append(Done(entry, thumb, piece, why=why, milliseconds=took))

    def note_unusual(self, place: int) -> None:
        """Note a place that often has numbers that regions are not made for."""
        self.unusual.add(place)

    def hotter(self, entry: int, thumb: bool) -> None:
        """Nothing waits."""

    def put_off(self, ranges: list[tuple[int, int]]) -> None:
        """Nothing waits."""

    def poll(self) -> list[Done]:
        """Return what is done."""
        done, self._done = self._done, []
        return done

    def forget(self, start: int, end: int) -> None:
        """Nothing is under way."""

    def begin_child(self) -> None:
        """Nothing is shared."""

    def leave(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """Nothing is held."""
