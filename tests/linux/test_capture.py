"""The machine code that takes host signals, and what becomes of what it takes."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from stinkarm.linux import capture

# In a process of its own: take SIGUSR1 and real-time signals, send them, and say what was taken.
TAKING = """
import os, struct, sys
sys.path[:] = {path!r}
from stinkarm.linux import capture, host
from tests.linux.process import process
with process() as guest:
    capture.install(guest.kernel)
    for number in (10, 40):
        capture.take(number)
    {body}
"""


def taking(body: str) -> str:
    code = TAKING.format(path=sys.path, body=body.strip().replace("\n", "\n    "))
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60).stdout


def test_the_code_is_what_its_text_says() -> None:
    capstone = pytest.importorskip("capstone")
    code = capture.machine_code(0, 0)
    decoder = capstone.Cs(capstone.CS_ARCH_X86, capstone.CS_MODE_64)
    rows = capture.CODE
    decoded = [(row.bytes.hex(), f"{row.mnemonic} {row.op_str}".strip()) for row in decoder.disasm(code, 0, len(rows))]
    assert decoded == list(rows)
    parts = (capture.HANDLER, capture.WAKE_HANDLER, capture.CALL3, capture.CALL, capture.LOST, capture.RESTORER)
    places = [sum(len(row[0]) // 2 for part in parts[:index] for row in part) for index in range(7)]
    assert places[1:] == [
        capture.WAKE_AT,
        capture.CALL3_AT,
        capture.CALL_AT,
        capture.LOST_AT,
        capture.RESTORER_AT,
        capture.DATA_AT,
    ]
    assert len(code) == capture.DATA_AT + 16


def test_taken_signals_come_in_order_with_their_infos() -> None:
    out = taking(
        """
os.kill(os.getpid(), 10)
os.kill(os.getpid(), 40)
assert host.arrived[0]
for info in capture.taken():
    print(*struct.unpack_from("<iii4xi", info), end=";")
assert not host.arrived[0] and not list(capture.taken())
print(os.getpid())
"""
    )
    shown, _, pid = out.strip().rpartition(";")
    assert shown == f"10 0 0 {pid};40 0 0 {pid}"


def test_signals_beyond_the_ring_are_not_lost() -> None:
    out = taking(
        """
for _ in range(capture.ENTRIES):
    os.kill(os.getpid(), 40)
os.kill(os.getpid(), 10)
print(*(info[0] for info in capture.taken()))
os.kill(os.getpid(), 10)
print(*(info[0] for info in capture.taken()))
"""
    )
    assert out.splitlines() == [" ".join(["40"] * capture.ENTRIES + ["10"]), "10"]


def test_a_call_is_not_begun_after_a_signal() -> None:
    out = taking(
        """
os.kill(os.getpid(), 10)
print(host.call_once(39), host.call_once(34))
list(capture.taken())
print(host.call_once(39) == os.getpid(), host.call(3, 12345))
"""
    )
    assert out.splitlines() == ["-4 -4", "True -9"]


def test_every_gap_before_a_call_is_closed() -> None:
    """Signals come from a timer at every moment around calls that wait; none may be slept through."""
    out = taking(
        """
import threading, time
pid, stop = os.getpid(), []
main = threading.main_thread().native_id
import ctypes
tgkill = ctypes.CDLL(None).syscall
def send():
    while not stop:
        tgkill(234, pid, main, 10)
        time.sleep(0.0003)
thread = threading.Thread(target=send)
thread.start()
woken = 0
for _ in range(300):
    assert host.call_once(34) == -4
    woken += len(list(capture.taken()))
stop.append(1)
thread.join()
print(woken >= 250)
"""
    )
    assert out == "True\n"


def test_a_thread_is_woken_however_it_waits() -> None:
    """Wakes come at every moment around calls that wait, of three and of six arguments; each ends one."""
    out = taking(
        """
import os, threading, time
from stinkarm.guest.state import WORD
capture.prepare_to_wake()
guest.kernel.tid = threading.main_thread().native_id
flag, stop = WORD["interrupt"], []
def send():
    while not stop:
        if not guest.state.words[flag]:
            capture.wake(guest.kernel)
        time.sleep(0.0003)
thread = threading.Thread(target=send)
thread.start()
reader, writer = os.pipe()
data = bytearray(1)
host.on_interrupt = None
import ctypes
address = ctypes.addressof((ctypes.c_char * 1).from_buffer(data))
for index in range(300):
    assert host.call_once(34) == -4
    guest.state.words[flag] = 0
    assert host._syscall3(0, reader, address, 1, host.current.flag) == -4
    guest.state.words[flag] = 0
stop.append(1)
thread.join()
print(host.arrived[0], host.call_always(39) == os.getpid())
"""
    )
    assert out == "0 True\n"


def test_ignored_signals_are_inherited() -> None:
    code = "import signal, os; signal.signal(10, signal.SIG_IGN); os.execv({0!r}, [{0!r}, '-c', {1!r}])"
    inner = f"import sys; sys.path[:] = {sys.path!r}; from stinkarm.linux import capture; print(capture.ignored(10))"
    outer = code.format(sys.executable, inner)
    done = subprocess.run(
        [sys.executable, "-c", outer], check=True, capture_output=True, text=True, env=dict(os.environ)
    )
    assert done.stdout == "True\n"
