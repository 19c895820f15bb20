"""The commands `stinkarm cache` and `stinkarm compile`: what is kept of compiled code, and making it ahead of time."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.process import BaseProcess
from typing import NamedTuple

from stinkarm.engine import ahead, cache_writer
from stinkarm.engine.cache import size_limit
from stinkarm.engine.images import identity_of
from stinkarm.engine.store import code_directory, code_key, interpreter_path, region_level
from stinkarm.guest.mapping import MAP_ANONYMOUS, PROT_EXEC, PROT_WRITE
from stinkarm.machine import Machine
from stinkarm.runner import open_log, prepare
from stinkarm.settings import Settings
from stinkarm.status import Failed

SAVE_EVERY = 30.0  # seconds
MOST_DEATHS = 3  # processes that end one after the other, over different code
BAR = 30  # characters


# cache


def info() -> str:
    """Describe the code cache."""
    root = code_directory()
    current = code_key(interpreter_path(), region_level())
    packs = [(path, found) for path, found in cache_writer.packs(root) if path.endswith(".pack")]
    used = [path for path, _ in packs if os.path.basename(os.path.dirname(path)) == current]
    size = sum(found.st_size for _, found in packs)
    return (
        f"directory  {root}\n"
        f"size       {_bytes(size)} of at most {_bytes(size_limit())}\n"
        f"files      {len(packs)}, one for each mapped file; {len(used)} of them for this version\n"
    )


def clear() -> str:
    """Remove all compiled code."""
    gone = cache_writer.evict(code_directory(), -1)
    return f"removed {gone} {'file' if gone == 1 else 'files'} of compiled code\n"


def _bytes(size: int) -> str:
    for unit in ("bytes", "kB", "MB"):
        if size < 10_000 or unit == "MB":
            break
        size = (size + 500) // 1000
    return f"{size:,} {unit}"


# compile


class Part(NamedTuple):
    """A mapped file whose code is compiled."""

    start: int
    end: int
    identity: bytes
    code: bytes


def compile_program(settings: Settings) -> str:
    """Compile the functions of a program, and of the loader that it names, for later runs; say how much that was."""
    log = open_log(settings, None)
    machine = prepare(settings, log)
    try:
        parts = list(_parts(machine))
        roots = _roots(machine)
        v8 = machine.state.v8
    finally:
        machine.close()
        log.close()
    if not parts:
        raise Failed(f"{settings.program} has no code that can be kept.")
    began = time.monotonic()
    work = _Work(parts, roots, v8)
    work.run()
    size = sum(len(record.piece.code) for record in work.records)
    compiled = f"compiled {len(work.records)} functions and loops ({_bytes(size)}) in {time.monotonic() - began:.1f} s"
    if work.lost:
        address, why = work.lost[0]
        raise Failed(
            f"{compiled}, which are kept; the processes that compiled the rest were ended (of {len(work.lost)}, the "
            f"first is at {address & ~1:#x}: {why})."
        )
    return f"{compiled}; {len(work.done) - len(work.records)} are left to the interpreter\n"


def _parts(machine: Machine) -> Iterator[Part]:
    memory = machine.memory
    for mapping in memory.mappings:
        if not mapping.prot & PROT_EXEC or mapping.prot & PROT_WRITE or mapping.flags & MAP_ANONYMOUS:
            continue
        start, end = mapping.start, mapping.end
        identity = identity_of(memory.base, start, end, mapping.offset, machine.state.v8)
        yield Part(start, end, identity, memory.read(start, end - start))


def _roots(machine: Machine) -> list[int]:
    image, symbols = machine.image, machine.symbols
    assert image is not None
    found = [machine.state.r[15] | int(machine.state.thumb), image.entry]
    return found + (symbols.functions() if symbols is not None else [])


class _Work:
    """Functions to compile, in processes of their own: `records` and what is `done`.

    `lost` are those that a process has ended over, and how it ended.
    """

    def __init__(self, parts: list[Part], roots: list[int], v8: bool) -> None:
        self.parts = parts
        self.v8 = v8
        self.waiting = [root for root in dict.fromkeys(roots) if self._part(root) is not None]
        self.known = set(self.waiting)
        self.waiting.reverse()
        self.done: set[int] = set()
        self.records: list[cache_writer.Record] = []
        self.lost: list[tuple[int, str]] = []
        self._suspects: list[int] = []
        self._deaths = 0  # of processes, since something was compiled
        self._saved = 0
        self._save_at = time.monotonic() + SAVE_EVERY
        self._interpreter = interpreter_path()
        self._key = code_key(self._interpreter, region_level())

    def _part(self, address: int) -> Part | None:
        return next((part for part in self.parts if part.start <= address & ~1 < part.end), None)

    def run(self) -> None:
        """Compile all, and what it calls; save it."""
        bar = _bar if sys.stderr.isatty() else None
        processes = max(1, len(os.sched_getaffinity(0)))
        try:
            while self.waiting or self._suspects:
                # A process has ended: one of what was being compiled is to blame, so each is tried alone.
                self._run_pool(bar, 1 if self._suspects else processes)
        finally:
            if bar is not None:
                sys.stderr.write("\r\033[K")
                sys.stderr.flush()
            self._save()

    def _run_pool(self, bar: Callable[[int, int], None] | None, processes: int) -> None:
        """Compile the suspects, if there are any, else what waits, until all is done or a process has ended."""
        queue = self._suspects or self.waiting
        most = 1 if self._suspects else 2 * processes
        code = [(part.start, part.code) for part in self.parts]
        begin = (region_level(), self._interpreter, code, self.v8)
        # Not by a server of processes, which would run the command's launcher again.
        context = multiprocessing.get_context("fork")
        running: dict[Future[ahead.Result], int] = {}
        children: list[BaseProcess] = []
        try:
            with ProcessPoolExecutor(processes, context, initializer=ahead.begin, initargs=begin) as pool:
                try:
                    pool.submit(ahead.wait_for_work).result()
                    children = multiprocessing.active_children()
                    while queue or running:
                        while queue and len(running) < most:
                            running[pool.submit(ahead.compile_function, queue[-1])] = queue[-1]
                            self.done.add(queue.pop())
                        for future in wait(running, return_when=FIRST_COMPLETED).done:
                            self._take(future.result())
                            del running[future]
                            self._deaths = 0
                        if bar is not None:
                            bar(len(self.done) - len(running), len(self.known))
                        if time.monotonic() > self._save_at:
                            self._save()
                except BrokenProcessPool:
                    raise
                except BaseException:
                    pool.shutdown(wait=False, cancel_futures=True)
                    raise
        except BrokenProcessPool:
            self._note_death(list(running.values()), _why_ended(children))
        except MemoryError:
            raise Failed("there is not enough memory to compile.") from None
        except BlockingIOError as error:
            raise Failed(f"the processes that compile cannot be started: {error.strerror}.") from None

    def _note_death(self, running: list[int], why: str) -> None:
        """Find out what a process has ended over; give up if all of them end."""
        self._deaths += 1
        if self._deaths > MOST_DEATHS:
            raise Failed(f"the processes that compile are ended, each by {why}; what they had compiled before is kept.")
        if len(running) > 1:
            self._suspects += running
        elif running:
            self.lost.append((running[0], why))

    def _take(self, result: ahead.Result) -> None:
        root, piece, calls = result
        for address in calls:
            if address not in self.known and self._part(address) is not None:
                self.known.add(address)
                self.waiting.append(address)
        part = self._part(root)
        if piece is None or part is None:
            return
        if all(part.start <= start and end <= part.end for start, end in piece.ranges):
            contents = [part.code[start - part.start : end - part.start] for start, end in piece.ranges]
            self.records.append(cache_writer.Record(piece, bool(root & 1), contents))

    def _save(self) -> None:
        new = self.records[self._saved :]
        self._saved = len(self.records)
        self._save_at = time.monotonic() + SAVE_EVERY
        for part in self.parts:
            records = [record for record in new if part.start <= record.piece.entries[0] < part.end]
            if not records:
                continue
            try:
                cache_writer.save(
                    *(code_directory(), self._key, part.identity, records, set()), limit=size_limit(), beneath=True
                )
            except cache_writer.Failure as failure:
                raise Failed(f"{failure}; set XDG_CACHE_HOME to a directory that you can write to.") from None


def _why_ended(children: list[BaseProcess]) -> str:
    """Say how the first of some processes has ended; the rest was terminated then."""
    codes = [child.exitcode for child in children if child.exitcode]
    code = next((code for code in codes if code != -signal.SIGTERM), -signal.SIGTERM)
    return f"status {code}" if code > 0 else signal.Signals(-code).name


def _bar(done: int, known: int) -> None:
    full = BAR * done // max(known, 1)
    with contextlib.suppress(OSError):  # the terminal is gone
        sys.stderr.write(f"\r[{'#' * full}{'.' * (BAR - full)}] {done} of {known}\033[K")
        sys.stderr.flush()
