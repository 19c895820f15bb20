"""A worker process: compiles the regions that the main process asks for (jit_client.py has the messages).

What has been compiled by now, and saved, by the worker of another process that runs the same program, is taken from
there. When the main process has ended, the worker goes on with what that has left to it (leaving.py), for a while and
at the lowest priority.
"""

from __future__ import annotations

import bisect
import contextlib
import marshal
import os
import resource
import select
import signal
import time

from stinkarm.sandbox.walls import plan_worker

from ..isa import instructions  # noqa: F401 - importing declares them
from ..isa.declare import ENCODINGS
from ..isa.decode import Decoder
from . import leaving
from .cache_writer import Failure, Record, read_records, save
from .callees import RENEWED, Callees
from .compiler import CompileError, Compiler
from .image import unpack_routines
from .piece import Piece
from .region import MOST_INLINED, Code, Region, grow
from .slots import Afterwards, take_over

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PAGE = 4096
SOCKET = 0
MOST_MEMORY = 3 << 30  # bytes of address space: LLVM has taken too much before the host runs out
SAVE_AFTER = 1.0  # seconds without a request; twice as long each time
SAVE_EVERY = 5.0  # seconds with requests
SAVE_AFTERWARDS = 1.0  # seconds, after the program's end
SAVING = 20  # times as long as it took to save is there nothing saved
MOST_AFTERWARDS = 20.0  # seconds of the processor, after the program's end
TIMES_AFTERWARDS = 20  # times as much as the program has taken at most
PATIENCE_AFTERWARDS = 10.0  # seconds until another one has ended, after the program's end
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
    """Guest code as far as it is known. `missing` is what somebody wanted to look at, as `need` asks for it.

    `thumb` is the instruction set of which most of it is.
    """

    def __init__(self) -> None:
        self.pages: dict[int, Page] = {}
        self.missing: set[int] = set()
        self.thumb = False

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
                self.missing.add(address // PAGE * 2 + self.thumb)
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
            self.missing.add(address // PAGE * 2 + thumb)
            return False
        index = address % PAGE >> (1 if thumb else 2)
        return index < len(known) and bool(known[index])


class Image:
    """A mapped file whose regions are kept. `records` are those that are to be saved, `kept` all of them, by entry.

    `failed` is what cannot be compiled; `stale`, that what is saved is of other code.
    """

    def __init__(self, path: str, identity: bytes, start: int, end: int, stale: bool) -> None:
        self.path = path
        self.identity = identity
        self.start = start
        self.end = end
        self.stale = stale
        self.holes: list[tuple[int, int]] = []
        self.records: list[Record] = []
        self.failed: set[tuple[int, bool]] = set()
        self.kept: dict[tuple[int, bool], Record] = {}
        self._stamp: tuple[int, int] | None = None
        self._covered: list[tuple[int, int]] = []  # of both sets: a region may have instructions of both
        self.refresh()

    def refresh(self) -> None:
        """Read what is saved, if it is not what it was."""
        stamp = self._stamp_of_file()
        if not self.stale and stamp != self._stamp:
            self._stamp = stamp
            self._take(read_records(self.path, self.identity)[0])

    def saved(self, records: list[Record]) -> None:
        """Know that this is what is saved now."""
        self.stale = False
        self.records = []
        self._stamp = self._stamp_of_file()
        self._take(records)

    def _stamp_of_file(self) -> tuple[int, int] | None:
        try:
            status = os.stat(self.path)
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns

    def _take(self, records: list[Record]) -> None:
        self.kept = {key: record for record in [*records, *self.records] for key in record.keys}
        self._covered = sorted(pair for record in records for pair in record.piece.ranges)

    def add(self, record: Record) -> None:
        """Have a new region saved."""
        self.records.append(record)
        self.kept.update(dict.fromkeys(record.keys, record))

    def covers(self, address: int) -> bool:
        """Say whether an earlier run has compiled an instruction, which is why it is not executed in this one."""
        ranges = self._covered
        at = bisect.bisect_right(ranges, (address, 1 << 32))
        return any(start <= address < end for start, end in ranges[max(0, at - 4) : at])

    def may_keep(self, ranges: list[tuple[int, int]]) -> bool:
        """Say whether code is all from the file."""
        return all(
            self.start <= start and end <= self.end and not any(start < high and low < end for low, high in self.holes)
            for start, end in ranges
        )


def _enclose(configuration: dict[str, Any]) -> None:
    """Put a wall around this process: what it is sent comes from where guest code runs."""
    folders = [folder for folder in (configuration["cache"], configuration["slots"]) if folder]
    for folder in folders:
        with contextlib.suppress(OSError):  # then nothing is kept
            os.makedirs(folder, mode=0o700, exist_ok=True)
    plan_worker([configuration["interpreter"]], folders).stand()


class Server:
    """Answers requests until the main process ends."""

    def __init__(self, configuration: dict[str, Any]) -> None:
        self.configuration = configuration
        self.pages = Pages()
        self.decoder = Decoder(ENCODINGS)
        self.callees = Callees()
        self.unusual: set[int] = set()  # places
        self._incoming = bytearray()
        self._ended = False  # there is nothing more to read
        self._alone = False  # nobody reads what is said
        self._images: dict[bytes, Image] = {}
        self._changed: set[bytes] = set()  # images to be saved
        self._pause = SAVE_AFTER
        self._save_at = time.monotonic() + SAVE_EVERY
        self._answered: set[int] = set()  # numbers of requests
        self._place: Afterwards | None = None
        _, slot = self._message()
        self._say("here", os.getpid())
        self._slot = take_over(configuration["slots"], slot) if slot else -1
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
            if self._changed and not select.select([SOCKET], [], [], self._pause)[0]:
                self.save()
                self._pause = min(2 * self._pause, 60.0)
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
        while data and not self._alone:
            try:
                data = data[os.write(SOCKET, data) :]
            except ConnectionError:
                # What was asked for is still compiled, for the next time.
                self._alone = True

    def serve(self) -> None:
        """Answer."""
        with contextlib.suppress(Ended):
            while True:
                match self._message():
                    case ("unusual", places):
                        self.unusual.update(places)
                    case ("compile", number, entry, thumb, v8, link, final, about, gone, pages):
                        for page in gone:
                            self.pages.forget(page)
                        for page in pages:
                            self.pages.take(*page)
                        image = None if about is None else self._image(*about)
                        if not self._is_saved(number, entry, thumb, link, final, image):
                            self._compile(number, entry, thumb, v8, link, final or self._alone, image)
                        if self._alone or time.monotonic() > self._save_at:
                            self.save()

    def go_on(self, left: leaving.Left) -> None:
        """Compile what the program has left when it ended."""
        for page in left.gone:
            self.pages.forget(page)
        for contents in left.contents():
            self.pages.take(*contents)
        images = [self._image(*about) for about in left.images]
        self._alone = True
        most = min(MOST_AFTERWARDS, TIMES_AFTERWARDS * left.seconds)
        began = time.process_time()
        for number, entry, thumb, v8, link, which in left.requests:
            if time.process_time() - began > most or (self._place is not None and not self._place.is_wanted()):
                break
            image = None if which < 0 else images[which]
            if image is None or number in self._answered:
                continue
            image.refresh()
            if (entry, thumb) in image.kept and link != RENEWED:
                continue
            self._compile(number, entry, thumb, v8, link, True, image)
            if time.monotonic() > self._save_at:
                self.save()

    def prepare_to_go_on(self, left: leaving.Left) -> bool:
        """Be out of the way of programs that run, and of their workers; say whether there is a place for this."""
        if self._slot >= 0:
            os.close(self._slot)
            self._slot = -1
        directory = self.configuration["slots"]
        if directory and left.images:
            with contextlib.suppress(OSError):
                place = Afterwards(directory, left.images[0][0])
                if not place.wait(PATIENCE_AFTERWARDS):
                    return False
                self._place = place
        with contextlib.suppress(OSError):  # a sandbox may not let it
            os.nice(19)
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        return bool(left.images)

    def _image(self, identity: bytes, start: int, end: int, stale: bool, holes: list[tuple[int, int]]) -> Image | None:
        """Return what is known of an image."""
        configuration = self.configuration
        if not configuration["cache"]:
            return None
        image = self._images.get(identity)
        if image is None:
            path = os.path.join(configuration["cache"], configuration["key"], f"{identity.hex()}.pack")
            image = self._images[identity] = Image(path, identity, start, end, stale)
        image.holes = holes
        return image

    def _keep(self, image: Image, entry: int, thumb: bool, piece: Piece | None) -> None:
        """Have a piece saved."""
        if piece is None:
            image.failed.add((entry, thumb))
        elif image.may_keep(piece.ranges):
            contents = [self.pages.read(start, end - start) for start, end in piece.ranges]
            image.add(Record(piece, thumb, [data for data in contents if data]))
            self._changed.add(image.identity)

    def _is_saved(self, number: int, entry: int, thumb: bool, link: int, final: bool, image: Image | None) -> bool:
        """Answer a request with what another process has had compiled and saved; say whether that could be done."""
        if image is None or link == RENEWED or self.configuration["dump"]:
            return False
        image.refresh()
        record = image.kept.get((entry, thumb))
        if record is None or not image.may_keep(record.piece.ranges):
            return False
        pages = self.pages
        pages.missing.clear()
        pages.thumb = thumb
        contents = [pages.constant(start, end - start) for start, end in record.piece.ranges]
        if pages.missing and not final:
            self._say("need", number, sorted(pages.missing))
            return True
        if contents != record.contents:
            return False
        if record.piece.instructions <= MOST_INLINED:
            self.callees.note(link, entry | thumb)
        self._answer(number, record.piece, "", 0.0)
        return True

    def _answer(self, number: int, piece: Piece | None, why: str, milliseconds: float) -> None:
        self._answered.add(number)
        self._say("piece", number, None if piece is None else piece.as_tuple(), why, milliseconds)

    def save(self) -> None:
        """Save what is new."""
        began = time.monotonic()
        configuration = self.configuration
        for identity in self._changed:
            image = self._images[identity]
            try:
                saved = save(
                    *(configuration["cache"], configuration["key"], identity, image.records, image.failed),
                    limit=configuration["limit"],
                    stale=image.stale,
                )
                self._say("say", f"{len(image.records)} regions are saved, which makes {len(saved)}")
            except Failure as failure:
                self._say("say", str(failure))
                saved = []
            image.saved(saved)
        self._changed.clear()
        now = time.monotonic()
        self._save_at = now + max(SAVE_AFTERWARDS if self._alone else SAVE_EVERY, SAVING * (now - began))

    def _dump(self, region: Region, code: Code) -> None:
        from .dump import describe

        self._say("dump", describe(region, code, self.compiler, self.configuration["dump"]))

    def _compile(
        self, number: int, entry: int, thumb: bool, v8: bool, link: int, final: bool, image: Image | None
    ) -> None:
        pages = self.pages
        pages.missing.clear()
        pages.thumb = thumb
        began = time.perf_counter()
        why, piece = "its first instruction is for the interpreter", None

        def executed(place: int) -> bool:
            address = place & ~1
            return pages.has_executed(address, bool(place & 1)) or (image is not None and image.covers(address))

        code = Code(pages.read, pages.constant, executed, thumb, v8, self.callees.of, self.unusual.__contains__)
        # A region that takes for ever ends the process, and then the main process does not ask for it again.
        signal.setitimer(signal.ITIMER_VIRTUAL, MOST_SECONDS)
        try:
            region = grow(code, [entry], self.decoder, self.routines)
            if pages.missing and not final:
                self._say("need", number, sorted(pages.missing))
                if not self._alone:
                    return
            if region is not None:
                if self.configuration["dump"]:
                    self._dump(region, code)
                self.callees.compiled(region, entry, thumb)
                piece = self.compiler.compile(region)
                if region.instructions <= MOST_INLINED and not region.stub:
                    self.callees.note(link, entry | thumb)
        except (CompileError, RecursionError) as error:
            why = str(error)
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        if image is not None:
            self._keep(image, entry, thumb, piece)
        if self.callees.outdated and not self._incoming and not select.select([SOCKET], [], [], 0)[0]:
            for key in self.callees.renew():
                self._say("renew", *key)
        milliseconds = (time.perf_counter() - began) * 1000
        self._answer(number, piece, why, milliseconds)


def _prepare() -> int:
    """Be out of the way: of the guest's, the host's and the user's. Returns the descriptor for what is left."""
    os.chdir("/")
    os.nice(10)
    os.closerange(3, 1 << 16)  # before Linux 5.9 they are still open
    left = os.dup(1)
    os.dup2(2, 1)
    os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # what has come for the group that it was in is forgotten
    for number in (signal.SIGINT, signal.SIGVTALRM, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN if number == signal.SIGPIPE else signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
        file.write("1000")
    return left


def main(configuration: str) -> None:
    """Be a worker process; `configuration` is marshalled, in hexadecimal digits."""
    descriptor = _prepare()
    # A traceback would go nowhere; that the process has ended tells enough.
    with contextlib.suppress(Ended):
        values = marshal.loads(bytes.fromhex(configuration))
        _enclose(values)
        server = Server(values)
        server.serve()
        server.save()
        left = leaving.read(descriptor)
        if left is not None and server.prepare_to_go_on(left):
            server.go_on(left)
            server.save()
    os._exit(0)
