"""Run a guest in a child process for `stinkarm.run`, and be that child.

The guest's fds 0 to 2 are its process's own, so a guest whose output is captured needs a process.
The child is a fresh Python, not a fork of the caller, which may have threads and gigabytes of its own. It
gets the settings on one pipe and answers on another; both speak JSON.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any, NoReturn

from stinkarm import status
from stinkarm.settings import Settings
from stinkarm.status import Failed, StinkarmError, UsageError

if TYPE_CHECKING:
    from stinkarm.machine import Machine, Outcome

# How long after the guest's own time limit the child may take to say so.
GRACE = 5.0
CHUNK = 1 << 16
REPLACED = "replaced"  # the answer of a guest that runs another program in its place
ANSWER_MAXIMUM = 16 << 20

BOOT = (
    "import json, sys; fd = int(sys.argv[1]); "
    "order = json.load(open(fd, encoding='utf-8')); sys.path[:] = order['path']; "
    "from stinkarm.worker import serve; serve(order['settings'], int(sys.argv[2]))"
)


def run(
    settings: Settings, stdin: bytes, max_output: int, cwd: str | None = None
) -> tuple[dict[str, Any], bytes, bytes]:
    """Run a guest in a child, in the directory `cwd` if one is given, and return (answer, stdout, stderr).

    Raises what `runner.prepare` raised in the child.
    """
    if not sys.executable:
        raise Failed("sys.executable is not set, so no child Python can be started; use stinkarm.Emulator.")
    path = [os.path.abspath(name) for name in sys.path]
    order = {"path": path, "settings": {name: getattr(settings, name) for name in Settings.__slots__}}
    order_read, order_write = os.pipe()
    answer_read, answer_write = os.pipe()
    try:
        child = subprocess.Popen(
            [sys.executable, "-ISc", BOOT, str(order_read), str(answer_write)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=(order_read, answer_write),
            cwd=cwd,
        )
    except OSError as error:
        os.close(order_write)
        os.close(answer_read)
        if cwd is not None and error.filename == cwd:
            raise UsageError(f"cwd is {cwd!r}, where the program cannot be run: {error.strerror}.") from None
        raise Failed(f"a child Python could not be started: {error.strerror}.") from None
    finally:
        os.close(order_read)
        os.close(answer_write)
    exchange = _Exchange(child, max_output, settings.timeout)
    try:
        exchange.send(order_write, json.dumps(order).encode("ascii"))
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stderr is not None
        exchange.send(os.dup(child.stdin.fileno()), stdin)
        child.stdin.close()
        exchange.receive("answer", answer_read, ANSWER_MAXIMUM)
        exchange.receive("stdout", os.dup(child.stdout.fileno()), max_output)
        exchange.receive("stderr", os.dup(child.stderr.fileno()), max_output)
        child.stdout.close()
        child.stderr.close()
        exchange.run()
        if exchange.answer.get("reason") == REPLACED and not (exchange.late or exchange.overflow):
            exchange.wait()
    finally:
        exchange.close()
        child.kill()
        child.wait()
    return _read_answer(exchange, child.returncode, settings)


class _Exchange:
    """The pipes to a child, all served at once."""

    def __init__(self, child: subprocess.Popen[bytes], max_output: int, timeout: float | None) -> None:
        self.child = child
        self.timeout = timeout
        self.deadline: float | None = None
        self.overflow = False
        self.late = False
        self.received: dict[str, bytearray] = {}
        self._limits: dict[str, int] = {}
        self._selector = selectors.DefaultSelector()

    def send(self, descriptor: int, data: bytes) -> None:
        """Feed `data` to a descriptor, which is closed when it is through."""
        os.set_blocking(descriptor, False)
        self._selector.register(descriptor, selectors.EVENT_WRITE, memoryview(data))

    def receive(self, name: str, descriptor: int, limit: int) -> None:
        """Collect what comes from a descriptor; more than `limit` bytes end the child."""
        os.set_blocking(descriptor, False)
        self.received[name] = bytearray()
        self._limits[name] = limit
        self._selector.register(descriptor, selectors.EVENT_READ, name)

    def run(self) -> None:
        """Serve the pipes until the child has closed them, or has to be ended."""
        while self._selector.get_map():
            wait = None if self.deadline is None else max(0.0, self.deadline - time.monotonic())
            events = self._selector.select(wait)
            if not events and self.deadline is not None and time.monotonic() >= self.deadline:
                self.late = True
                return
            for key, _ in events:
                if isinstance(key.data, str):
                    self._read(key.fd, key.data)
                else:
                    self._write(key.fd, key.data)
            if self.overflow:
                return

    def _write(self, descriptor: int, data: memoryview) -> None:
        try:
            count = os.write(descriptor, data[:CHUNK]) if data else 0
        except BlockingIOError:
            return
        except BrokenPipeError:  # the guest does not read its input to the end, as is its right
            count = len(data)
        if count < len(data):
            self._selector.modify(descriptor, selectors.EVENT_WRITE, data[count:])
        else:
            self._close(descriptor)

    def _read(self, descriptor: int, name: str) -> None:
        try:
            data = os.read(descriptor, CHUNK)
        except BlockingIOError:
            return
        if not data:
            self._close(descriptor)
            return
        received = self.received[name]
        received += data
        if len(received) > self._limits[name]:
            del received[self._limits[name] :]
            self.overflow = True
        if name == "answer" and self.deadline is None and self.timeout is not None:
            self.deadline = time.monotonic() + self.timeout + GRACE  # the guest has started

    @property
    def answer(self) -> dict[str, Any]:
        """The last line of the answer; empty when there is none."""
        try:
            last: dict[str, Any] = json.loads(self.received["answer"].rpartition(b"\n")[2])
        except ValueError:
            return {}
        return last

    def wait(self) -> None:
        """Wait for a child that closed its output and runs on."""
        left = None if self.deadline is None else max(0.0, self.deadline - time.monotonic())
        try:
            self.child.wait(left)
        except subprocess.TimeoutExpired:
            self.late = True

    def _close(self, descriptor: int) -> None:
        self._selector.unregister(descriptor)
        os.close(descriptor)

    def close(self) -> None:
        """Close what is still open."""
        for key in list(self._selector.get_map().values()):
            self._close(key.fd)
        self._selector.close()


def _read_answer(exchange: _Exchange, returncode: int, settings: Settings) -> tuple[dict[str, Any], bytes, bytes]:
    stdout, stderr = bytes(exchange.received["stdout"]), bytes(exchange.received["stderr"])
    unknown: dict[str, Any] = {"status": None, "signal": None, "crash": None, "instructions": 0, "denials": []}
    if exchange.overflow:
        return {"reason": "output", **unknown}, stdout, stderr
    if exchange.late:
        return {"reason": "timeout", **unknown}, stdout, stderr
    answer = exchange.answer
    if not answer:
        how = f"signal {-returncode}" if returncode < 0 else f"status {returncode}"
        text = stderr.decode("utf-8", "backslashreplace").strip()
        raise Failed(
            f"the process that ran {settings.program} ended with {how} and no answer; this is a defect of "
            f"stinkarm. It wrote: {text or 'nothing'}"
        )
    if "error" in answer:
        kinds: dict[str, type[StinkarmError]] = {kind.__name__: kind for kind in StinkarmError.__subclasses__()}
        raise kinds.get(answer["error"], Failed)(answer["text"])
    if answer["reason"] == REPLACED:  # the guest ran another program in its place, whose end is the process's
        answer["reason"] = "signaled" if returncode < 0 else "exited"
        answer["status"], answer["signal"] = (None, -returncode) if returncode < 0 else (returncode, None)
    return answer, stdout, stderr


def serve(values: dict[str, Any], answer: int) -> NoReturn:
    """Be the child: run the guest of these settings, and write how it ended to the descriptor `answer`."""
    # Ctrl-C on the terminal reaches the caller too, who ends this process.
    from stinkarm.guest.reserve import reserve
    from stinkarm.inspect.log import keep_away
    from stinkarm.linux.kernel import IGNORED_HERE

    if signal.signal(signal.SIGINT, signal.SIG_IGN) is not signal.SIG_IGN:
        IGNORED_HERE.add(signal.SIGINT)

    reserve.begin()
    answer = keep_away(answer)
    try:
        result = _serve(values, answer)
    except StinkarmError as error:
        result = {"error": type(error).__name__, "text": str(error)}
    write_answer(answer, result)
    os._exit(status.OK)


def write_answer(descriptor: int, result: dict[str, Any]) -> None:
    """Write an answer as a line of its own; the last one counts."""
    data = b"\n" + json.dumps(result).encode("ascii")
    while data:
        data = data[os.write(descriptor, data) :]


def _serve(values: dict[str, Any], answer: int) -> dict[str, Any]:
    from stinkarm import runner
    from stinkarm.machine import Outcome

    settings = Settings()
    for name, value in values.items():
        setattr(settings, name, value)
    settings.quiet = True  # the result has it
    runner.take_signals(interruptible=True)
    log = runner.open_log(settings, None)
    machine = runner.prepare(settings, log)
    machine.policy.descriptors.hide(answer)
    machine.before_replace = lambda: write_answer(answer, _describe(machine, Outcome(REPLACED)))
    walls = runner.prepare_walls(machine)
    runner.start_watchdog(machine)
    runner.stand(walls)
    os.write(answer, b"\n")  # the guest starts

    def conclude(outcome: Outcome) -> NoReturn:
        write_answer(answer, _describe(machine, outcome))
        os._exit(status.OK)

    return _describe(machine, runner.execute(machine, conclude))


def _describe(machine: Machine, outcome: Outcome) -> dict[str, Any]:
    from stinkarm.inspect import refusals

    return {
        "reason": outcome.kind,
        "status": outcome.status if outcome.kind == "exited" else None,
        "signal": outcome.signal if outcome.kind == "signaled" else None,
        "crash": outcome.crash.to_dict() if outcome.crash is not None else None,
        "instructions": machine.instructions,
        "denials": [denial.to_list() for denial in refusals.records(machine.policy, machine.log)],
    }
