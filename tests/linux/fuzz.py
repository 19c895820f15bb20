"""Make random system calls in the sandbox: `python -m tests.linux.fuzz SEED COUNT FOLDER`.

Prints one line a surprise (an exception out of the kernel, a call that cannot be interrupted) and ends with status 1
then. Run it in a process of its own: calls close descriptors and change the process's priority.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import traceback

from stinkarm.inspect.log import Log
from stinkarm.inspect.strace import CallLog, Strace
from stinkarm.linux.declare import PAIRS, Syscall
from stinkarm.linux.kernel import find
from stinkarm.linux.table import CALLS
from tests.linux.process import DATA, DATA_SIZE, TEXT, UNMAPPED, Process

CALL_SECONDS = 0.02  # after which a call that waits is interrupted
NUMBERS = [number for number, row in CALLS.items() if "." in row]
INTERESTING = (
    *(0, 1, 2, 3, 4, 5, 7, 8, 9, 12, 16, 20, 64, 100, 128, 255, 4095, 4096, 65536),
    *(DATA, DATA + 1, DATA + 8, DATA + 0x800, DATA + DATA_SIZE - 4, TEXT, TEXT + 0xFF8, UNMAPPED),
    *(0x7FFFFFFF, 0x80000000, 0xBF000000, 0xFFFF0000, 0xFFFFF000, 0xFFFFFF9C, 0xFFFFFFFE, 0xFFFFFFFF),
)
PATHS = (b"/etc/passwd", b"..", b".", b"", b"/", b"/proc/self/mem", b"/dev/null", b"/dev/fd/1", b"x" * 300)
NAMES = (b"", b"/file", b"/link", b"/writable", b"/writable/new", b"/writable/../../escaped")


class Interrupted(Exception):
    """A call waited."""


def interrupt(*_: object) -> None:
    raise Interrupted


def renew(random_: random.Random, folder: str) -> Process:
    """Make a process with something in its memory."""
    addresses = ["127.0.0.1:9"] if random_.randrange(2) else True
    guest = Process("sandbox", allow_read=[folder], allow_write=[folder + "/writable"], allow_net=addresses)
    guest.memory.set_brk(0x100000)
    guest.put(random_.randbytes(0x800), DATA + 0x800)
    for index, path in enumerate((*PATHS, *(os.fsencode(folder) + name for name in NAMES))):
        guest.put(path + b"\0", DATA + 0x2000 + 0x200 * index)
    sink = Log((), "/dev/null")
    guest.kernel.tracer = random_.choice([CallLog(sink, guest.memory, "sandbox"), Strace(sink, guest.memory), None])
    return guest


def argument(random_: random.Random) -> int:
    kind = random_.randrange(6)
    if kind == 0:
        return random_.getrandbits(32)
    if kind == 1:
        return 1 << random_.randrange(32)
    if kind == 2:
        return DATA + 0x2000 + 0x200 * random_.randrange(len(PATHS) + len(NAMES))
    if kind == 3:
        return DATA + 4 * random_.randrange(DATA_SIZE // 4)
    return random_.choice(INTERESTING)


def argument_of(kind: str, random_: random.Random) -> int:
    """Choose an argument that its parameter could have, most of the time."""
    if random_.random() < 0.25:
        return argument(random_)
    if kind in ("Fd", "DirFd"):
        return random_.choice((0, 1, 2, 3, 4, 5, 6, 0xFFFFFF9C))
    if kind in ("In[Path]", "In[String]"):
        return DATA + 0x2000 + 0x200 * random_.randrange(len(PATHS) + len(NAMES))
    if "[" in kind or kind == "Address":
        return random_.choice((0, DATA, DATA + 0x100, DATA + 0x800, DATA + 0x4000, TEXT))
    if kind in ("Off64", "U64"):
        return random_.choice((0, 1, 100, 1 << 40, (1 << 64) - 1))
    return random_.choice((0, 0, 1, 2, 3, 4, 7, 8, 0x22, 4096, 8192, 1 << random_.randrange(32)))


def registers_of(call: Syscall, random_: random.Random) -> list[int]:
    """Choose r0..r6 for a call."""
    call.prepare()
    registers: list[int] = []
    for _, kind in call.parameters:
        value = argument_of(kind, random_)
        if kind in PAIRS:
            registers += [0] * (len(registers) & 1) + [value & 0xFFFFFFFF, value >> 32]
        else:
            registers.append(value)
    return registers


def fuzz(seed: int, count: int, folder: str) -> int:
    """Make `count` calls by a guest that may read and write a folder; give the number of surprises."""
    random_ = random.Random(seed)
    surprises = 0
    stop, os.kill = os.kill, lambda pid, number: None  # a call that stops the process would stop the test
    signal.signal(signal.SIGALRM, interrupt)
    guest = renew(random_, folder)
    for index in range(count):
        if guest.kernel.exit_status is not None or index % 500 == 499:
            guest.close()
            guest = renew(random_, folder)
        number = random_.choice(NUMBERS)
        registers = registers_of(find(number), random_)
        surprise = ""
        try:
            signal.setitimer(signal.ITIMER_REAL, CALL_SECONDS)
            try:
                guest.call(number, *registers)
            except Interrupted:
                pass
            except BaseException as error:
                surprise = "".join(traceback.format_exception(error, limit=-4))
            signal.setitimer(signal.ITIMER_REAL, 0)
        except Interrupted:  # just after the call
            pass
        if surprise:
            surprises += 1
            print(f"{CALLS[number]}({', '.join(map(hex, registers))}):\n{surprise}", file=sys.stderr)
    guest.close()
    os.kill = stop
    return surprises


if __name__ == "__main__":
    # The guest may close 2, so that surprises are told on a descriptor that it cannot name.
    sys.stderr = os.fdopen(os.dup2(2, 700), "w", buffering=1)
    sys.exit(1 if fuzz(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]) else 0)
