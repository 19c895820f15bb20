"""The files of /proc/self that stinkarm makes up, because the host's would show the emulator."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from stinkarm.linux.kernel import Kernel

NAME_COLUMN = 49  # where show_map_vma puts names in a 32-bit kernel
MAX_AUXV = 64


def make_files(k: Kernel) -> dict[bytes, Callable[[], bytes]]:
    """Give what makes each file's contents, by name."""
    policy = k.policy
    files: dict[bytes, Callable[[], bytes]] = {
        b"maps": lambda: maps(k),
        b"comm": lambda: k.name + b"\n",
    }
    if policy.stack:
        files[b"auxv"] = lambda: auxiliary_vector(k)
        files[b"cmdline"] = lambda: b"".join(text + b"\0" for text in policy.arguments)
        files[b"environ"] = lambda: b"".join(text + b"\0" for text in policy.variables)
    return files


def maps(k: Kernel) -> bytes:
    """Show the guest's mappings as fs/proc/task_mmu.c does."""
    lines = []
    for mapping in k.memory.mappings:
        device, inode = "00:00", 0
        if mapping.name.startswith("/"):
            try:
                status = os.stat(mapping.name)
            except OSError:  # renamed or removed since it was mapped
                pass
            else:
                device = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}"
                inode = status.st_ino
        line = f"{mapping.start:08x}-{mapping.end:08x} {mapping.permissions} {mapping.offset:08x} {device} {inode} "
        lines.append((line.ljust(NAME_COLUMN) if mapping.name else line) + mapping.name.replace("\n", "\\012") + "\n")
    return os.fsencode("".join(lines))


def auxiliary_vector(k: Kernel) -> bytes:
    """Give the auxiliary vector, which stands after argc, argv and envp on the initial stack.

    How long those are is not read there: programs write over argc, and take variables out of envp.
    """
    memory = k.memory
    address = k.policy.stack + 4 * (len(k.policy.arguments) + len(k.policy.variables) + 3)
    end = address
    while end - address < 8 * MAX_AUXV:
        end += 8
        if memory.read_u32(end - 8) == 0:  # AT_NULL
            break
    return memory.read(address, end - address)
