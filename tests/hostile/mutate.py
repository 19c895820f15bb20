"""Run mutated ELF files, each in the sandbox and in a process of its own, and judge how it ended.

    python -m tests.hostile.mutate --files 5000 [--seed N]

What must hold for every file: the process ends by itself; a signal ends it only when the guest earned it
(the crash report on stderr says so); stderr holds no Python traceback; nothing is written in the
working folder.
"""

from __future__ import annotations

import argparse
import os
import random
import select
import signal
import struct
import sys
import tempfile
import time
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parent.parent.parent / "examples"
LIMIT = 20.0  # seconds after which a run counts as hanging
BUDGET = 100_000  # guest instructions

EDGES = (
    0,
    1,
    2,
    0x7F,
    0x80,
    0xFF,
    0xFFF,
    0x1000,
    0x7FFF,
    0x8000,
    0xFFFF,
    0x7FFFFFFF,
    0x80000000,
    0xFFFFFFFF,
    0xBF000000,
)


def seeds() -> list[bytes]:
    """Return the programs that are mutated."""
    return [path.read_bytes() for path in sorted(EXAMPLES.glob("*.elf"))]


def mutate(data: bytes, dice: random.Random) -> bytes:
    """Change a few bytes or words of a program; one time in ten cut it, one time in ten change code bytes."""
    changed = bytearray(data)
    for _ in range(dice.randint(1, 4)):
        kind = dice.random()
        headers = min(len(changed), 52 + 32 * 8)
        if kind < 0.4 and headers >= 4:
            struct.pack_into("<I", changed, dice.randrange(headers - 3), dice.choice(EDGES))
        elif kind < 0.6:
            changed[dice.randrange(headers)] = dice.randrange(256)
        elif kind < 0.7:
            del changed[dice.randrange(len(changed)) :]
            if not changed:
                break
        else:
            changed[dice.randrange(len(changed))] ^= 1 << dice.randrange(8)
    return bytes(changed)


def run(path: str) -> tuple[int, bytes]:
    """Run a file in a fork of this process; return the wait status and its stderr. A hang is killed, status -1."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reader)
            null = os.open("/dev/null", os.O_RDWR)
            os.dup2(null, 0)
            os.dup2(null, 1)
            os.dup2(writer, 2)
            from stinkarm.cli import run as run_command

            os._exit(run_command(["--max-instructions", str(BUDGET), "--timeout", "5", path]))
        finally:
            os._exit(99)
    os.close(writer)
    said = b""
    ends = time.monotonic() + LIMIT
    while True:
        ready, _, _ = select.select([reader], [], [], max(0.0, ends - time.monotonic()))
        if not ready:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            os.close(reader)
            return -1, said
        part = os.read(reader, 65536)
        if not part:
            break
        said += part
    os.close(reader)
    return os.waitpid(child, 0)[1], said


def verdict(status: int, said: bytes) -> str:
    """Return what is wrong with the way a run ended, or nothing."""
    if status == -1:
        return "it hangs"
    if b"Traceback" in said:
        return "a Python traceback"
    if os.WIFSIGNALED(status):
        name = signal.Signals(os.WTERMSIG(status)).name.encode()
        # A guest that ends by abort(), or kills itself, says nothing; only faults do.
        faults = (b"SIGSEGV", b"SIGBUS", b"SIGILL", b"SIGFPE", b"SIGTRAP")
        if name in faults and b": " + name + b": " not in said:
            return f"the host process crashed by {name.decode()}"
    elif os.WEXITSTATUS(status) == 99 and not said:
        return "the process left Python in an unknown way"
    return ""


def attack(files: int, seed: int) -> list[str]:
    """Run `files` mutants; return one line a failure."""
    from stinkarm.engine.interpreter import native_code

    native_code()  # build it once, before the forks
    dice = random.Random(seed)
    originals = seeds()
    failures = []
    before = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            for number in range(files):
                data = mutate(dice.choice(originals), dice)
                with open("mutant", "wb") as file:
                    file.write(data)
                os.chmod("mutant", 0o500)
                wrong = verdict(*run("./mutant"))
                if os.listdir(".") != ["mutant"] or Path("mutant").read_bytes() != data:
                    wrong = "it wrote into the folder"
                if wrong:
                    kept = Path(tempfile.gettempdir()) / f"mutant-{seed}-{number}"
                    kept.write_bytes(data)
                    failures.append(f"mutant {number} of seed {seed}: {wrong} (kept as {kept})")
                os.unlink("mutant")
        finally:
            os.chdir(before)
    return failures


def main() -> int:
    """Attack as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    began = time.monotonic()
    failures = attack(options.files, options.seed)
    print(*failures, sep="\n")
    print(f"{options.files} mutated files, {len(failures)} failures, {time.monotonic() - began:.0f} s")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
