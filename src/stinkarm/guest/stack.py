"""The initial stack of a program, as Linux lays it out (fs/binfmt_elf.c create_elf_tables).

From the top down: a zero word, the name of the program file, the strings of the environment and of the
arguments, the platform's name, 16 random bytes, then the auxiliary vector, envp, argv and, where
sp points (a multiple of 16), argc.
"""

from __future__ import annotations

import os
import struct

from stinkarm.guest import hwcap as features
from stinkarm.guest import kuser
from stinkarm.guest.elf import ElfError
from stinkarm.guest.mapping import PROT_EXEC, PROT_READ, PROT_WRITE
from stinkarm.guest.memory import PAGE, TASK_SIZE, Memory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from stinkarm.guest.image import Image

DEFAULT_SIZE = 8 << 20
MINIMUM_SIZE = 16 << 10
MAXIMUM_SIZE = 1 << 30
STACK_TOP = TASK_SIZE

# The smallest room for arguments that Linux promises (ARG_MAX); above it, a quarter of the stack.
_ARG_MAX = 128 << 10

AT_NULL = 0
AT_PHDR = 3
AT_PHENT = 4
AT_PHNUM = 5
AT_PAGESZ = 6
AT_BASE = 7
AT_FLAGS = 8
AT_ENTRY = 9
AT_UID = 11
AT_EUID = 12
AT_GID = 13
AT_EGID = 14
AT_PLATFORM = 15
AT_HWCAP = 16
AT_CLKTCK = 17
AT_SECURE = 23
AT_RANDOM = 25
AT_HWCAP2 = 26
AT_EXECFN = 31


def build(
    memory: Memory,
    image: Image,
    argv: Sequence[bytes],
    envp: Sequence[bytes],
    *,
    interpreter: Image | None = None,
    low: int | None = None,
    stack_size: int = DEFAULT_SIZE,
    execfn: bytes | None = None,
    hwcap: int = features.HWCAP,
    hwcap2: int = features.HWCAP2,
    platform: bytes = b"v7l",
    uid: int = 0,
    euid: int = 0,
    gid: int = 0,
    egid: int = 0,
    random: bytes | None = None,
) -> int:
    """Map the stack and the kuser helper page, write the initial stack, and return sp.

    `low` is what `reserve` returned, when the stack is already mapped.
    `stack_size` is in bytes. `random` are the 16 bytes of AT_RANDOM; new ones by default. Raises ElfError
    when the stack does not fit in memory, or the arguments in the stack.
    """
    if low is None:
        low = reserve(memory, image, stack_size)
    name = execfn if execfn is not None else (argv[0] if argv else b"")
    _check_arguments(argv, envp, name, stack_size)

    strings = _Strings(STACK_TOP - 4)
    execfn_address = strings.add(name)
    # The first string of each table is the lowest.
    envp_addresses = [strings.add(text) for text in reversed(envp)][::-1]
    argv_addresses = [strings.add(text) for text in reversed(argv)][::-1]
    platform_address = strings.add(platform)
    random_address = strings.add_bytes(os.urandom(16) if random is None else random[:16].ljust(16, b"\0"))

    auxv = (
        (AT_HWCAP, hwcap),
        (AT_PAGESZ, PAGE),
        (AT_CLKTCK, 100),
        (AT_PHDR, image.phdr_address),
        (AT_PHENT, image.phent),
        (AT_PHNUM, image.phnum),
        (AT_BASE, interpreter.base if interpreter is not None else 0),
        (AT_FLAGS, 0),
        (AT_ENTRY, image.entry),
        (AT_UID, uid),
        (AT_EUID, euid),
        (AT_GID, gid),
        (AT_EGID, egid),
        (AT_SECURE, 0),
        (AT_RANDOM, random_address),
        (AT_HWCAP2, hwcap2),
        (AT_EXECFN, execfn_address),
        (AT_PLATFORM, platform_address),
        (AT_NULL, 0),
    )
    words = [len(argv), *argv_addresses, 0, *envp_addresses, 0]
    for key, value in auxv:
        words += (key, value & 0xFFFFFFFF)
    sp = (strings.address - 4 * len(words)) & -16
    table = struct.pack(f"<{len(words)}I", *words)
    content = table + bytes(strings.address - sp - len(table)) + strings.content() + bytes(4)
    if sp < low:
        raise _too_long(STACK_TOP - sp, stack_size)
    memory.write(sp, content)
    kuser.install(memory)
    return sp


class _Strings:
    """Strings that are put below one another in memory."""

    def __init__(self, top: int) -> None:
        self.address = top
        self._parts: list[bytes] = []

    def add(self, text: bytes) -> int:
        """Put a zero-terminated string; return its address."""
        return self.add_bytes(text + b"\0")

    def add_bytes(self, data: bytes) -> int:
        """Put bytes; return their address."""
        self._parts.append(data)
        self.address -= len(data)
        return self.address

    def content(self) -> bytes:
        """Everything that was put, from the lowest address up."""
        return b"".join(reversed(self._parts))


def reserve(memory: Memory, image: Image, stack_size: int = DEFAULT_SIZE) -> int:
    """Map the stack; return its lowest address. What mmap places comes below it."""
    if not MINIMUM_SIZE <= stack_size <= MAXIMUM_SIZE:
        raise ElfError(
            f"a stack of {stack_size} bytes was asked for; it may have {MINIMUM_SIZE >> 10} KiB to "
            f"{MAXIMUM_SIZE >> 30} GiB (-s/--stack-size)"
        )
    low = (STACK_TOP - stack_size) & -PAGE
    prot = PROT_READ | PROT_WRITE | (PROT_EXEC if image.stack_executable else 0)
    try:
        memory.map_stack(low, STACK_TOP, prot)
    except OSError as error:
        if image.end > low:
            raise ElfError(
                f"the program's segments end at {image.end:#x}, above the bottom of the stack at {low:#x}",
                "give it a smaller stack with -s/--stack-size",
            ) from None
        raise ElfError(
            f"the host could not map a stack of {stack_size} bytes: {error.strerror}",
            "give it a smaller stack with -s/--stack-size",
        ) from None
    return low


def _check_arguments(argv: Sequence[bytes], envp: Sequence[bytes], name: bytes, stack_size: int) -> None:
    for text in (name, *argv, *envp):
        if b"\0" in text:
            raise ElfError("an argument or environment string contains a zero byte; C strings end there")
    size = len(name) + 1 + sum(len(text) + 5 for text in (*argv, *envp))
    limit = min(max(stack_size // 4, _ARG_MAX), stack_size // 2)
    if size > limit:
        raise _too_long(size, stack_size)


def _too_long(size: int, stack_size: int) -> ElfError:
    return ElfError(
        f"the arguments and the environment take {size} bytes, too many for a stack of {stack_size} bytes (E2BIG)",
        "give it a larger stack with -s/--stack-size, or pass less with -n/--no-env",
    )
