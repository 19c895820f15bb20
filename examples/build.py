"""Rebuild the example programs: python examples/build.py [--check]

Needs `pip install 'stinkarm[toolchain]'`. With the version of zig named below the files come out
bit for bit as they are in the repository; `--check` compares instead of writing.
"""

import importlib.metadata
import sys
import tempfile
from pathlib import Path

from stinkarm import toolchain

ZIG = "0.17.1"
HERE = Path(__file__).resolve().parent
# hello.c and hello.s would both become hello.elf.
SOURCES = {
    "exit.elf": "exit.s",
    "hello.elf": "hello.s",
    "fibonacci.elf": "fibonacci.s",
    "crash.elf": "crash.s",
    "hello-c.elf": "hello.c",
    "primes.elf": "primes.c",
    "sha256.elf": "sha256.c",
}


def build(directory: Path) -> None:
    """Build every example into `directory`."""
    for name, source in SOURCES.items():
        toolchain.build(str(HERE / source), str(directory / name), zig=True)


def differences(directory: Path) -> list[str]:
    """Name the examples in `directory` that differ from those in the repository."""
    return [name for name in SOURCES if (directory / name).read_bytes() != (HERE / name).read_bytes()]


def main() -> int:
    """Rebuild or check the examples."""
    if not toolchain.has_zig():
        print("zig is not installed; run: pip install 'stinkarm[toolchain]'", file=sys.stderr)
        return 1
    version = importlib.metadata.version("ziglang")
    if version != ZIG:
        print(f"note: zig {version} is installed; the files in the repository are built with {ZIG}")
    if "--check" not in sys.argv[1:]:
        build(HERE)
        return 0
    with tempfile.TemporaryDirectory() as name:
        build(Path(name))
        changed = differences(Path(name))
    print("\n".join(f"{name} differs" for name in changed) or "all examples are as built")
    return 1 if changed else 0


if __name__ == "__main__":
    sys.exit(main())
