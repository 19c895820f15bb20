"""The main process's side of background compilation: what is hot waits in a queue, worker processes compile it.

Nothing here ever waits: messages go and come when there is room and when they are there. A worker that ends, or that
says what nobody understands, costs no more than what it was compiling: that stays interpreted.

A message is its length in four bytes and then marshal's form of a tuple that begins with its kind:

    to a worker     begin, the name of its file among the slots, or "" (slots.py)
                    unusual, places
                    compile, number, entry, thumb, v8, link, final, image or None, pages gone, pages
    from a worker   here, its process id
                    ready
                    piece, number, piece or None, why there is none, milliseconds
                    need, number, pages
                    renew, entry, thumb
                    say, text
                    dump, text

An image is (identity, start, end, stale, holes), as in images.py. A page is (number, writable, its bytes or None if
they were sent, the instruction set, which of its instructions of that set have been executed). `need` asks for pages
that a region turned out to reach into, each as twice its number plus the set; unless the request is `final`. `link`
is what LR held when the entry was found hot; with what it learns from that, a worker proposes to `renew` a region that
has the call (callees.py), which is asked for with RENEWED. What is still waiting at the program's end is left to the
worker in another way (leaving.py).
"""

from __future__ import annotations

import marshal
import os
import time

from ..guest import host
from ..guest import native as ctypes
from ..guest.mapping import MAP_SHARED, PROT_EXEC, PROT_WRITE
from .callees import RENEWED
from .jit import Done
from .leaving import PAGE, PAGES, Writer, around, entries_size, executed_in
from .piece import read as read_piece
from .spawn import SpawnError, spawn, worker_command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol

    from ..guest.memory import Memory
    from .images import Images
    from .table import CodeTable

    class Descriptors(Protocol):
        """Who keeps descriptors from the guest."""

        hidden: set[int]

        def move_up(self, fd: int, owner: object = None, name: str = "") -> int: ...


MOST_NEEDED = 24  # pages that a worker gets for one region on top
ROUNDS = 2  # that it may ask for some

MOST_QUEUED = 256
POLL_AFTER = 0.001  # seconds
MOST_SENT = 2  # requests that a worker has at one time
MOST_LEFT = 256  # that are left to it when the program ends
LEAVING = 0.002, 0.008  # seconds that this may take: so many, or such a part of what the program took
MOST_LOST = 3  # workers, after which there are no more
PAUSE = 0.1  # seconds until a worker is started after one was lost; twice as long each time
BUSY = 0.25  # until it is tried again, when others have all the workers that there may be
PATIENCE = 0.1  # seconds of the processor that the process has had before a worker is started
LONGEST = 1 << 26  # bytes of one message

AF_UNIX, SOCK_STREAM, SOCK_CLOEXEC = 1, 1, 0x80000
MSG_DONTWAIT, MSG_NOSIGNAL = 0x40, 0x4000
SIGKILL = 9
EINTR, EAGAIN = 4, 11

_libc = ctypes.PyDLL(None, use_errno=True)
_recv, _send = _libc.recv, _libc.send
for _function in (_recv, _send):
    _function.restype = ctypes.c_ssize_t
_recv.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
_send.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_int]
_BUFFER = 1 << 16


class WorkerLost(Exception):
    """A worker is of no more use; the text says why."""


class Request:
    """A place that is to be compiled. `heat` says how often it was found hot since.

    Once it was sent: `changed`, what was forgotten since then, and in how many `rounds` the worker asked for `pages`.
    """

    __slots__ = ("changed", "entry", "heat", "link", "number", "pages", "rounds", "thumb", "v8")

    def __init__(self, number: int, entry: int, thumb: bool, v8: bool, link: int) -> None:
        self.number = number
        self.entry = entry
        self.thumb = thumb
        self.v8 = v8
        self.link = link
        self.heat = 1
        self.rounds = 0
        self.pages: set[int] = set()  # twice the number, plus 1 for what is executed of T32
        self.changed: list[tuple[int, int]] = []


class Worker:
    """A worker process, the socket to it, and the file `left` for what is left to it at the end.

    `sent` are its requests, in the order in which it does them.
    """

    __slots__ = (
        *("buffer", "fd", "gone", "incoming", "known", "left", "outgoing", "pid", "ready", "sent", "slot", "unusual"),
    )

    def __init__(self, fd: int, left: int, pid: int) -> None:
        self.fd = fd
        self.left = left
        self.pid = pid  # 0 until it says so, if another process has started it
        self.slot = -1  # a descriptor that is held until the worker is there
        self.ready = False
        self.unusual = 0  # how many unusual places it knows
        self.sent: dict[int, Request] = {}
        self.known: set[int] = set()  # page numbers
        self.gone: set[int] = set()  # of those, what is to be forgotten
        self.buffer = ctypes.create_string_buffer(_BUFFER)
        self.incoming = bytearray()
        self.outgoing = b""

    def say(self, *message: Any) -> None:
        """Have a message sent by the next `flush`."""
        data = marshal.dumps(message)
        self.outgoing += len(data).to_bytes(4, "little") + data

    def flush(self) -> None:
        """Send what there is room for."""
        while self.outgoing:
            count = _send(self.fd, self.outgoing, len(self.outgoing), MSG_DONTWAIT | MSG_NOSIGNAL)
            if count < 0:
                error = ctypes.get_errno()
                if error in (EAGAIN, EINTR):
                    return
                raise WorkerLost(os.strerror(error))
            self.outgoing = self.outgoing[count:]

    def receive(self) -> list[tuple[Any, ...]]:
        """Return the messages that have come."""
        address = ctypes.addressof(self.buffer)
        while True:
            count = _recv(self.fd, address, _BUFFER, MSG_DONTWAIT)
            if count < 0:
                error = ctypes.get_errno()
                if error in (EAGAIN, EINTR):
                    break
                raise WorkerLost(os.strerror(error))
            if not count:
                raise WorkerLost("it has ended")
            self.incoming += memoryview(self.buffer).cast("B")[:count]
            if count < _BUFFER:
                break
        return self._messages()

    def _messages(self) -> list[tuple[Any, ...]]:
        messages = []
        data, at = self.incoming, 0
        while len(data) - at >= 4:
            size = int.from_bytes(data[at : at + 4], "little")
            if size > LONGEST:
                raise WorkerLost("it sent nonsense")
            if len(data) - at - 4 < size:
                break
            try:
                message = marshal.loads(data[at + 4 : at + 4 + size])
            except (ValueError, EOFError, TypeError):
                raise WorkerLost("it sent nonsense") from None
            if not isinstance(message, tuple) or not message:
                raise WorkerLost("it sent nonsense")
            messages.append(message)
            at += 4 + size
        del data[:at]
        return messages


class Background:
    """Compiles in worker processes.

    `configuration` is what a worker is started with. `workers` is how many there may be. `kill_every` kills a worker
    each time that so many pieces have come, for tests. `broker` is the socket of the process that starts workers, if
    this one does not do it itself.
    """

    poll_after = POLL_AFTER

    def __init__(
        self,
        memory: Memory,
        table: CodeTable,
        configuration: dict[str, Any],
        descriptors: Descriptors | None,
        *,
        images: Images | None = None,
        workers: int = 1,
        kill_every: int = 0,
        patience: float = PATIENCE,
        broker: int = -1,
        say: Callable[[str], None] | None = None,
        dump: Callable[[str], None] | None = None,
    ) -> None:
        self.memory = memory
        self.table = table
        self.dump = dump
        self.configuration = configuration
        self.descriptors = descriptors
        self.images = images
        self.most_workers = workers
        self.kill_every = kill_every
        self.broker = broker
        self.say = say
        self.workers: list[Worker] = []
        self.slots = str(configuration.get("slots", ""))
        self._patience = time.process_time() + patience
        self._patient = patience
        self.lost = 0  # workers
        self._not_before = 0.0  # when another may be started
        self._queue: dict[tuple[int, bool], Request] = {}
        self._done: list[Done] = []
        self._unusual: list[int] = []
        self._number = 0
        self._finished = 0

    # What the Jit asks

    def request(self, entry: int, thumb: bool, v8: bool, link: int) -> None:
        """Have a region compiled."""
        self._number += 1
        if len(self._queue) >= MOST_QUEUED:
            # Looking through all of them each time would be what takes most.
            for coldest in sorted(self._queue.values(), key=_heat)[: max(1, MOST_QUEUED // 4)]:
                del self._queue[coldest.entry, coldest.thumb]
                self._done.append(Done(coldest.entry, coldest.thumb, None, why="others are hotter", again=True))
        self._queue[entry, thumb] = Request(self._number, entry, thumb, v8, link)

    def note_unusual(self, place: int) -> None:
        """Note a place that often has numbers that regions are not made for."""
        self._unusual.append(place)

    def hotter(self, entry: int, thumb: bool) -> None:
        """Note that a place is still hot."""
        request = self._queue.get((entry, thumb))
        if request is not None:
            request.heat += 1

    def put_off(self, ranges: list[tuple[int, int]]) -> None:
        """Give back what waits and is inside a region by now; it is asked for again if it stays hot."""
        low, high = min(ranges)[0], max(end for _, end in ranges)
        inside = [key for key, request in self._queue.items() if low <= key[0] < high and request.link != RENEWED]
        for key in inside:
            if any(start <= key[0] < end for start, end in ranges):
                del self._queue[key]
                self._done.append(Done(*key, None, why="it is inside a region", again=True))

    def poll(self) -> list[Done]:
        """Return what became of requests; send those that are waiting."""
        for worker in list(self.workers):
            try:
                worker.flush()
                for message in worker.receive():
                    self._take(worker, message)
            except WorkerLost as reason:
                self._lose(worker, str(reason))
        if self._queue:
            self._feed()
        done, self._done = self._done, []
        return done

    def forget(self, start: int, end: int) -> None:
        """Note that guest code has changed."""
        first, last = start // PAGE, (end + PAGE - 1) // PAGE
        for worker in self.workers:
            for request in worker.sent.values():
                request.changed.append((start, end))
            gone = {page for page in worker.known if first <= page < last}
            worker.known -= gone
            worker.gone |= gone

    def begin_child(self) -> None:
        """Be the copy in a child process: the workers are the parent's."""
        for worker in self.workers:
            self._queue.update({(request.entry, request.thumb): request for request in worker.sent.values()})
            for request in worker.sent.values():
                request.changed, request.rounds = [], 0
            self._close(worker)
        self.workers = []
        self._patience = time.process_time() + self._patient

    def leave(self) -> None:
        """Leave what is hot to the workers, the hottest first. They go on after the program's end, for its next run."""
        images = self.images
        if images is None:  # there is no next run that it would be for
            return
        waiting = sorted(self._queue.values(), key=_heat, reverse=True)
        seconds = time.process_time()
        until = time.thread_time() + max(LEAVING[0], LEAVING[1] * seconds)
        for number, worker in enumerate(self.workers):
            # What was sent may be half in the socket.
            requests = [*worker.sent.values(), *waiting[number :: len(self.workers)]]
            requests = [request for request in requests if images.find(request.entry) is not None][:MOST_LEFT]
            if not requests:
                continue
            writer = Writer(worker.left, self.memory, self.table, images, worker.known, worker.gone)
            try:
                count = writer.write(requests, seconds, until)
            except OSError as error:  # there is no memory for it
                why = error.strerror
                if self.say is not None:
                    self.say(f"nothing is left to worker {worker.pid}: {why}")
                continue
            if self.say is not None:
                self.say(f"{count} of {len(requests)} places that are hot are left to worker {worker.pid}")

    def close(self) -> None:
        """Let the workers end."""
        for worker in self.workers:
            self._close(worker)
        self.workers = []

    # Workers

    def _close(self, worker: Worker) -> None:
        self._give_up_slot(worker)
        self._close_hidden(worker.left)  # before the socket, whose end the worker waits for
        self._close_hidden(worker.fd)

    def _give_up_slot(self, worker: Worker) -> None:
        """Leave the place among the user's workers to the worker, which waits for it."""
        if worker.slot >= 0:
            self._close_hidden(worker.slot)
            worker.slot = -1

    def _close_hidden(self, fd: int) -> None:
        if self.descriptors is not None:
            self.descriptors.hidden.discard(fd)
        os.close(fd)

    def _start(self, slot: int, path: str) -> None:
        """Start a worker process, whose place is the file `path`, locked by the descriptor `slot` or not at all."""
        try:
            worker = self._spawn()
        except BaseException:
            if slot >= 0:
                os.close(slot)
            raise
        worker.slot = slot if slot < 0 or self.descriptors is None else self.descriptors.move_up(slot, worker, "slot")
        self.workers.append(worker)
        if self.say is not None:
            self.say(f"worker {worker.pid or 'outside'} is started")
        worker.say("begin", os.path.basename(path) if slot >= 0 else "")

    def _spawn(self) -> Worker:
        pair = (ctypes.c_int * 2)()
        if _libc.socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair):
            raise SpawnError(os.strerror(ctypes.get_errno()))
        ours, theirs = pair[0], pair[1]
        left = -1
        try:
            left = os.memfd_create("left", os.MFD_CLOEXEC)
            if self.broker >= 0:
                from .broker import ask

                ask(self.broker, theirs, left)
                pid = 0
            else:
                pid = spawn(*worker_command(self.configuration), theirs, left)
        except (SpawnError, OSError):
            os.close(ours)
            if left >= 0:
                os.close(left)
            raise
        finally:
            os.close(theirs)
        worker = Worker(ours, left, pid)
        if self.descriptors is not None:
            worker.fd = self.descriptors.move_up(ours, worker, "fd")
            worker.left = self.descriptors.move_up(left, worker, "left")
        return worker

    def _lose(self, worker: Worker, why: str) -> None:
        """Do without a worker. What it was compiling is not asked for again, for it may be the reason."""
        self.workers.remove(worker)
        self._close(worker)
        if self.say is not None:
            self.say(f"worker {worker.pid or 'outside'} is lost: {why}")
        for number, request in enumerate(worker.sent.values()):
            if number == 0 and worker.ready and not self.kill_every:
                self._done.append(Done(request.entry, request.thumb, None, why="a worker was lost over it"))
                continue
            request.changed, request.rounds = [], 0
            self._queue[request.entry, request.thumb] = request
        self._failed()

    def _failed(self) -> None:
        if self.kill_every:
            return
        self._not_before = time.monotonic() + PAUSE * 2**self.lost
        self.lost += 1
        if self.lost >= MOST_LOST:
            if self.say is not None:
                self.say("no more workers are started: hot code stays interpreted")
            self._give_up()

    def _give_up(self) -> None:
        for request in self._queue.values():
            self._done.append(Done(request.entry, request.thumb, None, why="there is no worker"))
        self._queue.clear()

    def _feed(self) -> None:
        """Send the hottest requests to workers that have room."""
        free = [worker for worker in self.workers if len(worker.sent) < MOST_SENT]
        if not free and len(self.workers) < self.most_workers:
            if self.lost >= MOST_LOST:
                self._give_up()
                return
            # Programs that are over soon, such as those of a script, are not worth a worker.
            if time.monotonic() < self._not_before or time.process_time() < self._patience:
                return
            slot, path = _take_slot(self.slots) if self.slots else (-1, "none")
            if not path:
                self._not_before = time.monotonic() + BUSY
                return
            try:
                self._start(slot, path)
            except (SpawnError, OSError) as error:
                if self.say is not None:
                    self.say(f"a worker cannot be started: {error}")
                self._failed()
                return
            free = self.workers[-1:]
        for worker in free:
            try:
                while len(worker.sent) < MOST_SENT and self._send_hottest(worker):
                    pass
            except WorkerLost as reason:
                self._lose(worker, str(reason))

    def _send_hottest(self, worker: Worker) -> bool:
        """Send a worker the hottest request, if there is one."""
        if not self._queue:
            return False
        # The first of the hottest: it has waited longest.
        request = max(self._queue.values(), key=_heat)
        del self._queue[request.entry, request.thumb]
        worker.sent[request.number] = request
        self._send(worker, request)
        return True

    def _send(self, worker: Worker, request: Request) -> None:
        if not request.rounds:
            request.pages = {2 * number + request.thumb for number in around(request.entry)}
            request.changed = []
        pages = [self._page(worker, number >> 1, bool(number & 1)) for number in request.pages]
        final = request.rounds >= ROUNDS
        image = None if self.images is None else self.images.find(request.entry)
        about = None if image is None else image.as_tuple()
        gone = list(worker.gone)
        worker.gone.clear()
        what = (request.entry, request.thumb, request.v8, request.link)
        if worker.unusual < len(self._unusual):
            worker.say("unusual", self._unusual[worker.unusual :])
            worker.unusual = len(self._unusual)
        worker.say("compile", request.number, *what, final, about, gone, pages)
        worker.flush()

    def _page(self, worker: Worker, number: int, thumb: bool) -> tuple[int, bool, bytes | None, bool, bytes]:
        """Describe a page of guest memory for a worker."""
        address = number * PAGE
        mapping = self.memory.find(address)
        worker.gone.discard(number)
        if mapping is None or not mapping.prot & PROT_EXEC or not self.table.is_executable(address):
            worker.known.discard(number)
            return number, True, b"", thumb, b""
        writable = bool(mapping.prot & PROT_WRITE or mapping.flags & MAP_SHARED)
        data: bytes | None = None
        if writable or number not in worker.known:
            data = host.copy_out(self.memory.base + address, PAGE)
            worker.known.add(number)
        entries = host.copy_out(self.table.entry(address, thumb), entries_size(thumb))
        return number, writable, data, thumb, executed_in(entries)

    def _take(self, worker: Worker, message: tuple[Any, ...]) -> None:
        """Take a message of a worker."""
        try:
            match message:
                case ("ready",):
                    worker.ready = True
                case ("here", int(pid)):
                    worker.pid = pid
                    self._give_up_slot(worker)
                case ("piece", number, values, why, milliseconds):
                    piece = None if values is None else read_piece(values)
                    self._finish(worker.sent.pop(number), piece, str(why), float(milliseconds))
                    if self.kill_every and self._finished % self.kill_every == 0:
                        if self.broker >= 0:  # it is out of reach
                            raise WorkerLost("it is done without")
                        os.kill(worker.pid, SIGKILL)
                case ("need", number, pages):
                    request = worker.sent.pop(number)
                    worker.sent[number] = request
                    request.rounds += 1
                    request.pages = {int(page) for page in pages[:MOST_NEEDED] if 0 <= page < 2 * PAGES}
                    self._send(worker, request)
                case ("renew", int(entry), bool(thumb)):
                    self._done.append(Done(entry, thumb, None, renew=True))
                case ("dump", text):
                    if self.dump is not None:
                        self.dump(str(text))
                case ("say", text):
                    if self.say is not None:
                        self.say(str(text))
                case _:
                    raise WorkerLost("it sent nonsense")
        except (KeyError, TypeError, ValueError):
            raise WorkerLost("it sent nonsense") from None

    def _finish(self, request: Request, piece: Any, why: str, milliseconds: float) -> None:
        self._finished += 1
        again = False
        if piece is not None and any(
            start < changed_end and changed < end
            for start, end in piece.ranges
            for changed, changed_end in request.changed
        ):
            piece, why, again = None, "its code has changed", True
        self._done.append(Done(request.entry, request.thumb, piece, why=why, again=again, milliseconds=milliseconds))


def _take_slot(directory: str) -> tuple[int, str]:
    from .slots import take

    return take(directory)


def _heat(request: Request) -> int:
    return request.heat
