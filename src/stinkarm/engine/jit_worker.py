"""A worker process: compiles the regions that the main process asks for (jit_client.py has the messages)."""

from __future__ import annotations

import contextlib
import marshal
import os
import resource
import signal
import sys
import time

from ..isa import instructions  # noqa: F401 - importing declares them
from ..isa.declare import ENCODINGS
from ..isa.decode import Decoder
from .compiler import CompileError, Compiler
from .image import unpack_routines
from .region import Code, grow

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PAGE = 4096
SOCKET = 0
MOST_MEMORY = 3 << 30  # bytes of address space: LLVM has taken too much before the host runs out
MOST_SECONDS = 30.0  # of the processor, for one region


class Ended(Exception):
    """The main process has ended."""


class Page:
    """A page of guest code. `executed`: by instruction set, what the main process has sent."""

    __slots__ = ("data", "executed", "writable")

    def __init__(self) -> None:
        self.data = b""
        self.writable = True
        self.executed: dict[bool, bytes] = {}


class Pages:
    """Guest code as far as it is known. `missing` are numbers of pages that somebody wanted to look at."""

    def __init__(self) -> None:
        self.pages: dict[int, Page] = {}
        self.missing: set[int] = set()

    def take(self, number: int, writable: bool, data: bytes | None, thumb: bool, executed: bytes) -> None:
        """Take a page as the main process describes it."""
        page = self.pages.setdefault(number, Page())
        page.writable = writable
        page.executed[thumb] = executed
        if data is not None:
            page.data = data

    def forget(self, number: int) -> None:
        """Forget a page whose contents have changed."""
        self.pages.pop(number, None)

    def read(self, address: int, size: int) -> bytes | None:
        """Return executable bytes, or None."""
        return self._read(address, size, constant=False)

    def constant(self, address: int, size: int) -> bytes | None:
        """Return executable bytes that are not writable, or None."""
        return self._read(address, size, constant=True)

    def _read(self, address: int, size: int, *, constant: bool) -> bytes | None:
        parts = []
        end = address + size
        while address < end:
            page = self.pages.get(address // PAGE)
            if page is None:
                self.missing.add(address // PAGE)
                return None
            if not page.data or (constant and page.writable):
                return None
            offset = address % PAGE
            part = page.data[offset : offset + end - address]
            parts.append(part)
            address += len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def has_executed(self, address: int, thumb: bool) -> bool:
        """Say whether an instruction has been executed."""
        page = self.pages.get(address // PAGE)
        known = None if page is None else page.executed.get(thumb)
        if known is None:
            self.missing.add(address // PAGE)
            return False
        index = address % PAGE >> (1 if thumb else 2)
        return index < len(known) and bool(known[index])


class Server:
    """Answers requests until the main process ends."""

    def __init__(self) -> None:
        self.pages = Pages()
        self.decoder = Decoder(ENCODINGS)
        self._incoming = bytearray()
        self._ended = False
        _, configuration = self._message()
        self.compiler = Compiler(configuration["level"])
        with open(configuration["interpreter"], "rb") as file:
            self.routines = unpack_routines(file.read())
        self._say("ready")

    def _message(self) -> tuple[Any, ...]:
        """Return the next message; raise Ended when there are no more."""
        while True:
            data = self._incoming
            if len(data) >= 4:
                size = int.from_bytes(data[:4], "little")
                if len(data) >= 4 + size:
                    message: tuple[Any, ...] = marshal.loads(data[4 : 4 + size])
                    del data[: 4 + size]
                    return message
            if self._ended:
                raise Ended
            self._receive()

    def _receive(self) -> None:
        try:
            data = os.read(SOCKET, 1 << 18)
        except ConnectionError:  # it ended with unread messages
            data = b""
        self._ended = not data
        self._incoming += data

    def _say(self, *message: Any) -> None:
        data = marshal.dumps(message)
        data = len(data).to_bytes(4, "little") + data
        while data and not self._ended:
            try:
                data = data[os.write(SOCKET, data) :]
            except ConnectionError:
                # What was asked for is still compiled, for the next time.
                self._ended = True

    def serve(self) -> None:
        """Answer."""
        with contextlib.suppress(Ended):
            while True:
                match self._message():
                    case ("compile", number, entry, thumb, v8, final, gone, pages):
                        for page in gone:
                            self.pages.forget(page)
                        for page in pages:
                            self.pages.take(*page)
                        self._compile(number, entry, thumb, v8, final or self._ended)

    def _compile(self, number: int, entry: int, thumb: bool, v8: bool, final: bool) -> None:
        pages = self.pages
        pages.missing.clear()
        began = time.perf_counter()
        why, piece = "its first instruction is for the interpreter", None
        code = Code(pages.read, pages.constant, lambda address: pages.has_executed(address, thumb), thumb, v8)
        # A region that takes for ever ends the process, and then the main process does not ask for it again.
        signal.setitimer(signal.ITIMER_VIRTUAL, MOST_SECONDS)
        try:
            region = grow(code, [entry], self.decoder, self.routines)
            if pages.missing and not final:
                self._say("need", number, sorted(pages.missing))
                return
            if region is not None:
                piece = self.compiler.compile(region)
        except (CompileError, RecursionError) as error:
            why = str(error)
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        milliseconds = (time.perf_counter() - began) * 1000
        self._say("piece", number, None if piece is None else piece.as_tuple(), why, milliseconds)


def _prepare() -> None:
    """Be out of the way: of the guest's, the host's and the user's."""
    os.chdir("/")
    os.nice(10)
    os.closerange(3, 1 << 16)  # before Linux 5.9 they are still open
    for number in (signal.SIGINT, signal.SIGVTALRM, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN if number == signal.SIGPIPE else signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
        file.write("1000")


def main() -> None:
    """Be a worker process."""
    _prepare()
    # A traceback would go nowhere; that the process has ended tells enough.
    with contextlib.suppress(Ended):
        Server().serve()
    sys.stdout.flush()
    os._exit(0)
