"""Start a process that the guest cannot see: no child of this one, with none of its descriptors.

It is the child of a child that has ended, so that no wait finds it and no SIGCHLD tells of it. The child between does
not run Python, which other threads may be in the middle of, and shares this process's memory until it ends (as after
vfork), so that nothing is copied. All of that is machine code.

Signals are blocked in it. It is still in this process's group, and is to leave it (setsid) when it runs: if it did so
before, a SIGSTOP to the group could stop it there, and this process with it, and the SIGCONT that follows would not
reach it.
"""

from __future__ import annotations

import marshal
import os
import sys

from ..guest import host
from ..guest import native as ctypes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PAGE = 4096

# long spawn(u64 block[12]), with these in the block:
BLOCK = (
    "path",
    "argv",
    "envp",
    "input",
    "null",
    "result",
    "all_signals",
    "mask",
    "stack1",
    "stack2",
    "inner",
    "output",
)
CODE = (
    ("53", "push rbx"),
    ("4889fb", "mov rbx, rdi"),
    ("bf02000000", "mov edi, 2"),
    ("488d7330", "lea rsi, [rbx + 0x30]"),
    ("488d5338", "lea rdx, [rbx + 0x38]"),
    ("41ba08000000", "mov r10d, 8"),
    ("b80e000000", "mov eax, 0xe"),
    ("0f05", "syscall"),
    ("bf00410000", "mov edi, 0x4100"),
    ("488b7340", "mov rsi, qword ptr [rbx + 0x40]"),
    ("31d2", "xor edx, edx"),
    ("4531d2", "xor r10d, r10d"),
    ("4531c0", "xor r8d, r8d"),
    ("b838000000", "mov eax, 0x38"),
    ("0f05", "syscall"),
    ("4885c0", "test rax, rax"),
    ("743f", "je 0x7a"),
    ("48894328", "mov qword ptr [rbx + 0x28], rax"),
    ("781b", "js 0x5c"),
    ("89c7", "mov edi, eax"),
    ("31f6", "xor esi, esi"),
    ("ba00000040", "mov edx, 0x40000000"),
    ("4531d2", "xor r10d, r10d"),
    ("b83d000000", "mov eax, 0x3d"),
    ("0f05", "syscall"),
    ("488b4350", "mov rax, qword ptr [rbx + 0x50]"),
    ("48894328", "mov qword ptr [rbx + 0x28], rax"),
    ("bf02000000", "mov edi, 2"),
    ("488d7338", "lea rsi, [rbx + 0x38]"),
    ("31d2", "xor edx, edx"),
    ("41ba08000000", "mov r10d, 8"),
    ("b80e000000", "mov eax, 0xe"),
    ("0f05", "syscall"),
    ("488b4328", "mov rax, qword ptr [rbx + 0x28]"),
    ("5b", "pop rbx"),
    ("c3", "ret"),
    ("bf11410000", "mov edi, 0x4111"),
    ("488b7348", "mov rsi, qword ptr [rbx + 0x48]"),
    ("31d2", "xor edx, edx"),
    ("4531d2", "xor r10d, r10d"),
    ("4531c0", "xor r8d, r8d"),
    ("b838000000", "mov eax, 0x38"),
    ("0f05", "syscall"),
    ("4885c0", "test rax, rax"),
    ("7416", "je 0xad"),
    ("7807", "js 0xa0"),
    ("48837b5000", "cmp qword ptr [rbx + 0x50], 0"),
    ("7504", "jne 0xa4"),
    ("48894350", "mov qword ptr [rbx + 0x50], rax"),
    ("31ff", "xor edi, edi"),
    ("b83c000000", "mov eax, 0x3c"),
    ("0f05", "syscall"),
    ("488b7b18", "mov rdi, qword ptr [rbx + 0x18]"),
    ("31f6", "xor esi, esi"),
    ("b821000000", "mov eax, 0x21"),
    ("0f05", "syscall"),
    ("488b7b58", "mov rdi, qword ptr [rbx + 0x58]"),
    ("be01000000", "mov esi, 1"),
    ("b821000000", "mov eax, 0x21"),
    ("0f05", "syscall"),
    ("488b7b20", "mov rdi, qword ptr [rbx + 0x20]"),
    ("be02000000", "mov esi, 2"),
    ("b821000000", "mov eax, 0x21"),
    ("0f05", "syscall"),
    ("bf03000000", "mov edi, 3"),
    ("beffffffff", "mov esi, 0xffffffff"),
    ("31d2", "xor edx, edx"),
    ("b8b4010000", "mov eax, 0x1b4"),
    ("0f05", "syscall"),
    ("488b3b", "mov rdi, qword ptr [rbx]"),
    ("488b7308", "mov rsi, qword ptr [rbx + 8]"),
    ("488b5310", "mov rdx, qword ptr [rbx + 0x10]"),
    ("b83b000000", "mov eax, 0x3b"),
    ("0f05", "syscall"),
    ("48894350", "mov qword ptr [rbx + 0x50], rax"),
    ("bf7f000000", "mov edi, 0x7f"),
    ("b83c000000", "mov eax, 0x3c"),
    ("0f05", "syscall"),
)


# The arguments are sys.path and what `worker_command` was given.
BOOT = (
    "import sys; sys.path[:] = sys.argv[1].split('\\n'); "
    "from stinkarm.engine.jit_worker import main; main(sys.argv[2])"
)  # fmt: skip


class SpawnError(Exception):
    """The process could not be started; the text says why."""


def worker_command(configuration: dict[str, Any]) -> tuple[list[str], dict[str, str]]:
    """Give the arguments and the environment of a worker process. Raises SpawnError."""
    if not sys.executable:
        raise SpawnError("it is not known where Python is")
    # Relative directories mean others by now.
    path = "\n".join(folder for folder in sys.path if folder.startswith("/"))
    environment = {name: os.environ[name] for name in ("LD_LIBRARY_PATH", "HOME") if name in os.environ}
    return [sys.executable, "-ISc", BOOT, path, marshal.dumps(configuration).hex()], environment


def spawn(arguments: list[str], environment: dict[str, str], descriptor: int, output: int = -1) -> int:
    """Run `arguments` (a path first) with `descriptor` as its standard input; return its id.

    `output` is its standard output, if it is given. The rest is on /dev/null.
    """
    null = os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC)
    memory = 0
    try:
        # Numbers below 3 are overwritten while the others are put in place.
        high = [host.duplicate(fd, 3) for fd in (descriptor, null, null if output < 0 else output)]
        try:
            memory = host.mmap(0, 4 * PAGE, host.PROT_READ | host.PROT_WRITE, host.MAP_PRIVATE | host.MAP_ANONYMOUS)
            ctypes.memmove(memory, code := machine_code(), len(code))
            host.mprotect(memory, PAGE, host.PROT_READ | host.PROT_EXEC)
            result = _spawn(memory, arguments, environment, high)
        finally:
            for fd in high:
                os.close(fd)
    except OSError as error:
        raise SpawnError(error.strerror) from None
    finally:
        os.close(null)
        if memory:
            host.munmap(memory, 4 * PAGE)
    if result < 0:
        raise SpawnError(os.strerror(-result))
    return result


def machine_code() -> bytes:
    """Give the code."""
    return bytes.fromhex("".join(row[0] for row in CODE))


def _spawn(memory: int, arguments: list[str], environment: dict[str, str], descriptors: list[int]) -> int:
    texts = [
        [os.fsencode(text) for text in arguments],
        [os.fsencode(f"{name}={value}") for name, value in environment.items()],
    ]
    kept = [[ctypes.create_string_buffer(text) for text in group] for group in texts]
    arrays = []
    for group in kept:
        array = (ctypes.c_uint64 * (len(group) + 1))()
        for i, text in enumerate(group):
            array[i] = ctypes.addressof(text)
        arrays.append(array)
    block = memory + PAGE
    values = {
        "path": ctypes.addressof(kept[0][0]),
        "argv": ctypes.addressof(arrays[0]),
        "envp": ctypes.addressof(arrays[1]),
        "input": descriptors[0],
        "null": descriptors[1],
        "output": descriptors[2],
        "all_signals": (1 << 64) - 1,
        "stack1": memory + 3 * PAGE,
        "stack2": memory + 4 * PAGE,
    }
    data = b"".join(values.get(name, 0).to_bytes(8, "little") for name in BLOCK)
    ctypes.memmove(block, data, len(data))
    result: int = ctypes.CFUNCTYPE(ctypes.c_long, ctypes.c_void_p)(memory)(block)
    return result
