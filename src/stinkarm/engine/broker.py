"""Starting workers from outside of the walls that the guest's process is in (sandbox/walls.py).

A process behind the walls cannot start a worker that may write the code cache, for what it starts is behind them too.
So a *broker* is started before they stand: a program of some 300 bytes, which knows one command, and executes that
for each message that brings two descriptors, the worker's standard input and output. It is nobody's child, as workers
are (spawn.py), and ends with the last process that holds the other end of its socket.
"""

from __future__ import annotations

import os
import struct

from ..guest import native as ctypes
from .spawn import SpawnError, spawn

AF_UNIX, SOCK_SEQPACKET, SOCK_CLOEXEC = 1, 5, 0x80000
SOL_SOCKET, SCM_RIGHTS = 1, 1
MSG_DONTWAIT, MSG_NOSIGNAL = 0x40, 0x4000

# As a process that execve has started: the arguments behind its own name are the worker's. It has at most 16 at a time.
CODE = (
    ("488b1c24", "mov rbx, qword ptr [rsp]"),
    ("4c8d642410", "lea r12, [rsp + 0x10]"),
    ("4c8d6cdc10", "lea r13, [rsp + rbx*8 + 0x10]"),
    ("31ed", "xor ebp, ebp"),
    ("b870000000", "mov eax, 0x70"),
    ("0f05", "syscall"),
    ("4881ec00010000", "sub rsp, 0x100"),
    ("31c0", "xor eax, eax"),
    ("b920000000", "mov ecx, 0x20"),
    ("4889e7", "mov rdi, rsp"),
    ("f348ab", "rep stosq qword ptr [rdi], rax"),
    ("488d442440", "lea rax, [rsp + 0x40]"),
    ("4889442410", "mov qword ptr [rsp + 0x10], rax"),
    ("48c744241801000000", "mov qword ptr [rsp + 0x18], 1"),
    ("488d4c2450", "lea rcx, [rsp + 0x50]"),
    ("488908", "mov qword ptr [rax], rcx"),
    ("48c7400801000000", "mov qword ptr [rax + 8], 1"),
    ("488d442460", "lea rax, [rsp + 0x60]"),
    ("4889442420", "mov qword ptr [rsp + 0x20], rax"),
    ("48c744242818000000", "mov qword ptr [rsp + 0x28], 0x18"),
    ("31ff", "xor edi, edi"),
    ("4889e6", "mov rsi, rsp"),
    ("ba00000040", "mov edx, 0x40000000"),
    ("b82f000000", "mov eax, 0x2f"),
    ("0f05", "syscall"),
    ("83f8fc", "cmp eax, -4"),
    ("74a7", "je 0x1e"),
    ("85c0", "test eax, eax"),
    ("0f8eb5000000", "jle 0x134"),
    ("bfffffffff", "mov edi, 0xffffffff"),
    ("31f6", "xor esi, esi"),
    ("ba01000000", "mov edx, 1"),
    ("4531d2", "xor r10d, r10d"),
    ("b83d000000", "mov eax, 0x3d"),
    ("0f05", "syscall"),
    ("85c0", "test eax, eax"),
    ("7e04", "jle 0x9d"),
    ("ffcd", "dec ebp"),
    ("ebe2", "jmp 0x7f"),
    ("48837c246018", "cmp qword ptr [rsp + 0x60], 0x18"),
    ("0f8575ffffff", "jne 0x1e"),
    ("448b742470", "mov r14d, dword ptr [rsp + 0x70]"),
    ("448b7c2474", "mov r15d, dword ptr [rsp + 0x74]"),
    ("83fd10", "cmp ebp, 0x10"),
    ("7324", "jae 0xdc"),
    ("bf11410000", "mov edi, 0x4111"),
    ("488db42400feffff", "lea rsi, [rsp - 0x200]"),
    ("31d2", "xor edx, edx"),
    ("4531d2", "xor r10d, r10d"),
    ("4531c0", "xor r8d, r8d"),
    ("b838000000", "mov eax, 0x38"),
    ("0f05", "syscall"),
    ("85c0", "test eax, eax"),
    ("741d", "je 0xf5"),
    ("7802", "js 0xdc"),
    ("ffc5", "inc ebp"),
    ("4489f7", "mov edi, r14d"),
    ("b803000000", "mov eax, 3"),
    ("0f05", "syscall"),
    ("4489ff", "mov edi, r15d"),
    ("b803000000", "mov eax, 3"),
    ("0f05", "syscall"),
    ("e929ffffff", "jmp 0x1e"),
    ("4489f7", "mov edi, r14d"),
    ("31f6", "xor esi, esi"),
    ("b821000000", "mov eax, 0x21"),
    ("0f05", "syscall"),
    ("4489ff", "mov edi, r15d"),
    ("be01000000", "mov esi, 1"),
    ("b821000000", "mov eax, 0x21"),
    ("0f05", "syscall"),
    ("bf03000000", "mov edi, 3"),
    ("beffffffff", "mov esi, 0xffffffff"),
    ("31d2", "xor edx, edx"),
    ("b8b4010000", "mov eax, 0x1b4"),
    ("0f05", "syscall"),
    ("498b3c24", "mov rdi, qword ptr [r12]"),
    ("4c89e6", "mov rsi, r12"),
    ("4c89ea", "mov rdx, r13"),
    ("b83b000000", "mov eax, 0x3b"),
    ("0f05", "syscall"),
    ("31ff", "xor edi, edi"),
    ("b83c000000", "mov eax, 0x3c"),
    ("0f05", "syscall"),
)

EHDR_SIZE, PHDR_SIZE = 64, 56
ADDRESS = 0x400000

_libc = ctypes.PyDLL(None, use_errno=True)
_libc.sendmsg.restype = ctypes.c_ssize_t
_libc.sendmsg.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_int]


def machine_code() -> bytes:
    """Give the code."""
    return bytes.fromhex("".join(row[0] for row in CODE))


def program() -> bytes:
    """Give the broker as an ELF executable: one segment, which has the headers too."""
    code = machine_code()
    size = EHDR_SIZE + PHDR_SIZE + len(code)
    entry = ADDRESS + EHDR_SIZE + PHDR_SIZE
    identification = b"\x7fELF\2\1\1" + bytes(9)
    kind = struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, entry, EHDR_SIZE, 0, 0, EHDR_SIZE, PHDR_SIZE, 1, 0, 0, 0)
    segment = struct.pack("<IIQQQQQQ", 1, 5, 0, ADDRESS, ADDRESS, size, size, 4096)
    return identification + kind + segment + code


def start(arguments: list[str], environment: dict[str, str]) -> int:
    """Start a broker whose workers run `arguments`; give the descriptor of its socket. Raises SpawnError, OSError."""
    pair = (ctypes.c_int * 2)()
    if _libc.socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair):
        raise SpawnError(os.strerror(ctypes.get_errno()))
    ours, theirs = pair[0], pair[1]
    image = -1
    try:
        image = os.memfd_create("stinkarm-broker", os.MFD_CLOEXEC)
        os.write(image, program())
        # It is its own standard output, by which it is found.
        spawn(["/proc/self/fd/1", *arguments], environment, theirs, image)
    except BaseException:
        os.close(ours)
        raise
    finally:
        os.close(theirs)
        if image >= 0:
            os.close(image)
    return ours


def ask(broker: int, first: int, second: int) -> None:
    """Have a worker started with these two descriptors. Raises SpawnError."""
    data = ctypes.create_string_buffer(1)
    control = ctypes.create_string_buffer(struct.pack("<Qiiii", 24, SOL_SOCKET, SCM_RIGHTS, first, second))
    vector = ctypes.create_string_buffer(struct.pack("<QQ", ctypes.addressof(data), 1))
    header = struct.pack("<QI4xQQQQI4x", 0, 0, ctypes.addressof(vector), 1, ctypes.addressof(control), 24, 0)
    if _libc.sendmsg(broker, header, MSG_DONTWAIT | MSG_NOSIGNAL) < 0:
        raise SpawnError(os.strerror(ctypes.get_errno()))
