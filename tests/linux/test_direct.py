"""System calls that native code passes on: they do what Python's handlers do, and only where nobody looks."""

from __future__ import annotations

import errno
import os
import socket
import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import stinkarm
from stinkarm.guest.direct import DESCRIPTORS, SHAPES
from stinkarm.linux.direct import shape_of
from stinkarm.linux.kernel import DIRECT_AFTER
from tests.guest.elf_file import elf_file, segment
from tests.linux.process import NUMBERS
from tests.linux.test_declare import declared

CODE = 0x10000
DATA = 0x20000  # two pages
READ_ONLY = 0x22000
UNMAPPED = 0x30000
SVC = {"A32": bytes.fromhex("000000ef"), "T32": bytes.fromhex("00df")}


class Guest:
    """An emulator that runs one SVC at a time, and counts those that Python sees."""

    def __init__(self, isa: str = "A32", **settings: Any) -> None:
        self.emulator = stinkarm.Emulator(**settings)
        self.thumb = isa == "T32"
        self.emulator.map(CODE, 0x1000, "rx")
        self.emulator.write(CODE, SVC[isa])
        self.emulator.map(DATA, 0x2000, "rw")
        self.emulator.map(READ_ONLY, 0x1000, "r")
        self.seen = 0
        kernel = self.emulator.machine.kernel
        syscall = kernel.syscall

        def counted(state: object) -> None:
            self.seen += 1
            syscall(state)  # type: ignore[arg-type]

        kernel.syscall = counted  # type: ignore[method-assign]

    def call(self, name: str, *registers: int) -> int:
        """Make a system call; give its result, negative for an error number."""
        emulator = self.emulator
        for number in range(7):
            value = registers[number] if number < len(registers) else 0xDEAD0000 + number
            emulator.registers[f"r{number}"] = value & 0xFFFFFFFF
        emulator.r7 = NUMBERS[name]
        emulator.jump(CODE | self.thumb)
        reason = emulator.run(max_instructions=1)
        assert reason.kind == "instructions"
        assert emulator.pc == CODE + (2 if self.thumb else 4)
        return emulator.r0 - (1 << 32) if emulator.r0 > 0xFFFFF000 else emulator.r0

    def repeat(self, name: str, *registers: int) -> int:
        """Make a call until native code has learned it."""
        for _ in range(DIRECT_AFTER + 2):
            result = self.call(name, *registers)
        return result

    def directly(self, name: str, *registers: int) -> int:
        """Make a call, which must not enter Python."""
        seen = self.seen
        result = self.call(name, *registers)
        assert self.seen == seen, f"{name} entered Python"
        return result

    def indirectly(self, name: str, *registers: int) -> int:
        """Make a call, which must enter Python."""
        seen = self.seen
        result = self.call(name, *registers)
        assert self.seen == seen + 1, f"{name} did not enter Python"
        return result

    def words(self, address: int, count: int) -> tuple[int, ...]:
        return struct.unpack(f"<{count}I", self.emulator.read(address, 4 * count))


@pytest.fixture
def guest() -> Iterator[Guest]:
    made = Guest(syscalls="forward")
    yield made
    made.emulator.close()


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[..., int]]:
    """Open files for the guest, which has all descriptors in forward mode."""
    fds: list[int] = []

    def open_file(path: str | Path = tmp_path / "file", flags: int = os.O_RDWR | os.O_CREAT) -> int:
        fds.append(os.open(path, flags))
        return fds[-1]

    yield open_file
    for fd in fds:
        try:
            os.close(fd)
        except OSError as error:
            assert error.errno == errno.EBADF


def test_every_direct_declaration_has_a_shape() -> None:
    calls = [call for call in declared() if call.direct >= 0]
    assert {call.name for call in calls} >= {"getppid", "read", "write", "clock_gettime64", "writev"}
    assert {shape_of(call) for call in calls} == set(SHAPES) - {""}


@pytest.mark.parametrize("isa", ["A32", "T32"])
@pytest.mark.parametrize("mode", ["forward", "sandbox"])
def test_identity(isa: str, mode: str) -> None:
    guest = Guest(isa, syscalls=mode)
    wanted = {
        "getpid": os.getpid(),
        "getppid": os.getppid(),
        "getpgrp": os.getpgrp(),
        "getuid32": os.getuid(),
        "geteuid32": os.geteuid(),
        "getgid32": os.getgid(),
        "getegid32": os.getegid(),
        "sched_yield": 0,
    }
    for name, value in wanted.items():
        assert guest.call(name) == value
        guest.repeat(name)
        assert guest.directly(name) == value
    guest.emulator.close()


def test_registers_and_flags_stay(guest: Guest) -> None:
    guest.repeat("getppid")
    for flags in (0, 0x90000000, 0x60000000, 0xF0000000):
        guest.emulator.cpsr = flags | 0x10
        guest.emulator.sp, guest.emulator.lr, guest.emulator.r8 = 0x1234, 0x5678, 0x9ABC
        guest.directly("getppid", 1, 2, 3, 4, 5, 6, 7)
        assert [guest.emulator.registers[f"r{number}"] for number in range(1, 7)] == [2, 3, 4, 5, 6, 7]
        assert (guest.emulator.sp, guest.emulator.lr, guest.emulator.r8) == (0x1234, 0x5678, 0x9ABC)
        assert guest.emulator.cpsr & 0xF0000000 == flags


def test_what_is_shown_or_refused_enters_python(tmp_path: Path) -> None:
    log = tmp_path / "log"
    guest = Guest(syscalls="forward", log=["syscalls"], log_file=log)
    guest.repeat("getppid")
    assert guest.indirectly("getppid") == os.getppid()
    guest.emulator.close()
    assert log.read_text().count("getppid()") == DIRECT_AFTER + 3
    guest = Guest(syscalls="deny")
    guest.repeat("getppid")
    assert guest.indirectly("getppid") == -errno.ENOSYS
    guest.emulator.close()


def test_read_and_write(guest: Guest, opened: Callable[..., int]) -> None:
    fd = opened()
    guest.emulator.write(DATA, b"0123456789")
    for _ in range(DIRECT_AFTER + 1):
        assert guest.call("write", fd, DATA, 1) == 1
    assert guest.directly("write", fd, DATA + 1, 9) == 9
    assert os.pread(fd, 100, 0) == b"0" * (DIRECT_AFTER + 1) + b"123456789"
    os.lseek(fd, 0, os.SEEK_SET)
    for _ in range(DIRECT_AFTER + 1):
        assert guest.call("read", fd, DATA + 100, 1) == 1
    assert guest.directly("read", fd, DATA + 200, 5000) == 9
    assert guest.emulator.read(DATA + 200, 10) == b"123456789\0"
    assert guest.directly("read", fd, DATA, 10) == 0


def test_positions(guest: Guest, opened: Callable[..., int]) -> None:
    fd = opened()
    guest.emulator.write(DATA, b"abcdef")
    far = 0x1_2345_6789
    guest.repeat("pwrite64", fd, DATA, 6, 0, far & 0xFFFFFFFF, far >> 32)
    assert guest.directly("pwrite64", fd, DATA + 1, 2, 0, far & 0xFFFFFFFF, far >> 32) == 2
    guest.repeat("pread64", fd, DATA + 64, 6, 0, far & 0xFFFFFFFF, far >> 32)
    assert guest.directly("pread64", fd, DATA + 80, 6, 0, far & 0xFFFFFFFF, far >> 32) == 6
    assert guest.emulator.read(DATA + 80, 6) == b"bccdef"
    assert guest.indirectly("pread64", fd, DATA + 80, 6, 0, 0, 0x80000000) == -errno.EINVAL
    guest.repeat("_llseek", fd, 0, 0, DATA, os.SEEK_SET)
    assert guest.directly("_llseek", fd, far >> 32, far & 0xFFFFFFFF, DATA, os.SEEK_SET) == 0
    assert guest.words(DATA, 2) == (far & 0xFFFFFFFF, far >> 32)
    assert guest.directly("_llseek", fd, 0xFFFFFFFF, -1, DATA, os.SEEK_END) == 0
    assert guest.words(DATA, 2) == ((far + 5) & 0xFFFFFFFF, far >> 32)
    assert guest.directly("_llseek", fd, 0, 0, DATA, os.SEEK_CUR) == 0
    # This one must not be made twice, whatever happens.
    assert guest.indirectly("_llseek", fd, 0, 7, DATA, os.SEEK_CUR) == 0
    assert os.lseek(fd, 0, os.SEEK_CUR) == far + 12
    assert guest.indirectly("_llseek", fd, 0, 3, READ_ONLY, os.SEEK_SET) == -errno.EFAULT
    assert guest.indirectly("_llseek", fd, 0, 0, DATA, 99) == -errno.EINVAL


def test_vectors(guest: Guest, opened: Callable[..., int]) -> None:
    fd = opened()
    guest.emulator.write(DATA, b"onetwothree")
    guest.emulator.write(DATA + 0x100, struct.pack("<6I", DATA, 3, UNMAPPED, 0, DATA + 6, 5))
    guest.repeat("writev", fd, DATA + 0x100, 3)
    os.ftruncate(fd, 0)
    os.lseek(fd, 0, os.SEEK_SET)
    assert guest.directly("writev", fd, DATA + 0x100, 3) == 8
    assert os.pread(fd, 20, 0) == b"onethree"
    guest.repeat("readv", fd, DATA + 0x100, 3)
    os.lseek(fd, 0, os.SEEK_SET)
    guest.emulator.write(DATA, bytes(16))
    assert guest.directly("readv", fd, DATA + 0x100, 3) == 8
    assert guest.emulator.read(DATA, 11) == b"one\0\0\0three"
    os.lseek(fd, 0, os.SEEK_SET)
    # The array may begin in one mapping and end in none, lie in none, or at the end of the address space.
    assert guest.indirectly("readv", fd, READ_ONLY + 0xFF8, 2) == -errno.EFAULT
    assert guest.indirectly("readv", fd, UNMAPPED, 2) == -errno.EFAULT
    assert guest.indirectly("readv", fd, 0xFFFFFFFC, 1) == -errno.EFAULT
    assert guest.indirectly("readv", fd, DATA + 0x100, 0) == 0
    assert guest.indirectly("readv", fd, DATA + 0x100, -1) == -errno.EINVAL
    guest.emulator.write(DATA + 0x100, struct.pack("<2I", DATA, 0x80000000))
    assert guest.indirectly("readv", fd, DATA + 0x100, 1) == -errno.EINVAL
    guest.emulator.write(DATA + 0x100, struct.pack("<2I", 0xFFFFFFF0, 0x20))
    assert guest.indirectly("readv", fd, DATA + 0x100, 1) == -errno.EFAULT
    # More than native code converts.
    guest.emulator.write(DATA + 0x100, struct.pack("<2I", DATA, 1) * 9)
    assert guest.indirectly("readv", fd, DATA + 0x100, 9) == 8


def test_bad_buffers(guest: Guest, opened: Callable[..., int]) -> None:
    fd = opened()
    os.write(fd, bytes(8192))
    guest.repeat("pread64", fd, DATA, 8, 0, 0, 0)
    for address in (UNMAPPED, READ_ONLY, 0, 0xFFFFFFF8, 0xFFFF0000):
        assert guest.indirectly("pread64", fd, address, 8, 0, 0, 0) == -errno.EFAULT, hex(address)
    assert guest.indirectly("pread64", fd, DATA, 0xFFFFFFFF, 0, 0, 0) == -errno.EFAULT
    assert guest.directly("pread64", fd, DATA + 0x1000, 0x1800, 0, 0, 0) == 0x1000


def test_a_pipe_is_read_and_written_only_if_that_need_not_wait(guest: Guest, opened: Callable[..., int]) -> None:
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    try:
        guest.emulator.write(DATA, b"x" * 0x1800)
        guest.repeat("write", writer, DATA, 1)
        assert guest.directly("write", writer, DATA, 4096) == 4096
        # A longer one could be written in part.
        assert guest.indirectly("write", writer, DATA, 4097) == 4097
        os.read(reader, 1 << 16)
        os.write(writer, b"y" * 100)
        guest.repeat("read", reader, DATA, 1)
        assert guest.directly("read", reader, DATA, 8) == 8
        assert guest.emulator.read(DATA, 9) == b"yyyyyyyyx"
        os.read(reader, 1 << 16)
        assert guest.indirectly("read", reader, DATA, 8) == -errno.EAGAIN
        guest.emulator.write(DATA, struct.pack("<4I", DATA, 2, DATA + 2, 2))
        guest.repeat("writev", writer, DATA, 2)
        assert guest.directly("writev", writer, DATA, 2) == 4
    finally:
        os.close(reader)
        os.close(writer)


def test_a_pipe_that_nobody_reads() -> None:
    guest = Guest(syscalls="forward")
    reader, writer = os.pipe()
    guest.repeat("write", writer, DATA, 1)
    os.close(reader)
    guest.emulator.registers["r0"] = writer
    guest.emulator.jump(CODE)
    reason = guest.emulator.run(max_instructions=1)
    assert (reason.kind, reason.signal) == ("signaled", 13)
    os.close(writer)
    guest.emulator.close()


def test_a_socket_is_read(guest: Guest) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.send(b"z" * 100)
        guest.repeat("read", theirs.fileno(), DATA, 1)
        assert guest.call("read", theirs.fileno(), DATA, 4) == 4
        guest.repeat("write", theirs.fileno(), DATA, 1)
        assert guest.indirectly("write", theirs.fileno(), DATA, 1) == 1


def test_a_closed_descriptor_is_forgotten(guest: Guest, opened: Callable[..., int]) -> None:
    fd = opened("/dev/null")
    guest.repeat("write", fd, DATA, 1)
    guest.directly("write", fd, DATA, 1)
    assert guest.call("close", fd) == 0
    assert guest.indirectly("write", fd, DATA, 1) == -errno.EBADF
    other = opened("/dev/zero")
    assert other == fd
    assert guest.indirectly("write", fd, DATA, 1) == 1
    assert guest.directly("write", fd, DATA, 1) == 1
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    assert guest.call("dup2", reader, fd) == fd
    assert guest.indirectly("write", fd, DATA, 1) == -errno.EBADF
    os.close(reader)
    os.close(writer)


def test_the_sandbox_passes_on_only_the_guests_descriptors(tmp_path: Path) -> None:
    null = os.open("/dev/null", os.O_RDWR)
    guest = Guest(syscalls="sandbox", allow_read=[str(tmp_path)])
    (tmp_path / "file").write_bytes(b"granted")
    guest.emulator.write(DATA, os.fsencode(tmp_path / "file") + b"\0")
    fd = guest.call("open", DATA, 0, 0)
    assert fd > null
    guest.repeat("pread64", fd, DATA + 0x1000, 7, 0, 0, 0)
    assert guest.directly("pread64", fd, DATA + 0x1000, 7, 0, 0, 0) == 7
    assert guest.emulator.read(DATA + 0x1000, 7) == b"granted"
    for descriptor in (null, *guest.emulator.machine.policy.descriptors.hidden, DESCRIPTORS, 0x7FFFFFFF, -1):
        for _ in range(3):
            assert guest.indirectly("pread64", descriptor, DATA, 1, 0, 0, 0) == -errno.EBADF
    guest.emulator.close()
    os.close(null)


def test_clocks(guest: Guest) -> None:
    for clock in (time.CLOCK_REALTIME, time.CLOCK_MONOTONIC, time.CLOCK_THREAD_CPUTIME_ID, time.CLOCK_BOOTTIME):
        for name, form in (("clock_gettime", "<II"), ("clock_gettime64", "<qq")):
            guest.repeat(name, clock, DATA)
            before = time.clock_gettime_ns(clock)
            assert guest.directly(name, clock, DATA) == 0
            seconds, nanoseconds = struct.unpack(form, guest.emulator.read(DATA, struct.calcsize(form)))
            assert before <= seconds * 10**9 + nanoseconds <= time.clock_gettime_ns(clock)
    guest.repeat("gettimeofday", DATA, 0)
    before = time.time_ns() // 1000
    assert guest.directly("gettimeofday", DATA, 0) == 0
    seconds, microseconds = guest.words(DATA, 2)
    assert before <= seconds * 10**6 + microseconds <= time.time_ns() // 1000
    for name in ("clock_gettime", "clock_gettime64"):
        assert guest.indirectly(name, 99, DATA) == -errno.EINVAL
        for address in (READ_ONLY, UNMAPPED, 0, 0xFFFFFFFC, READ_ONLY - 4 + 0x1000):
            assert guest.indirectly(name, 0, address) == -errno.EFAULT, hex(address)
    assert guest.indirectly("gettimeofday", READ_ONLY, 0) == -errno.EFAULT
    assert guest.indirectly("gettimeofday", 0, 0) == 0


def test_futexes(guest: Guest) -> None:
    wait, wake, cmp_requeue, wake_op, wake_bitset, private = 0, 1, 4, 5, 10, 128
    for name in ("futex", "futex_time64"):
        guest.repeat(name, DATA, wake | private, 1)
        assert guest.directly(name, DATA, wake, 1) == 0
        assert guest.directly(name, DATA, wake_bitset | private, 1, 0, 0, 1) == 0
        guest.emulator.write(DATA, struct.pack("<II", 7, 5))
        assert guest.directly(name, DATA, wait | private, 8, 0) == -errno.EAGAIN
        assert guest.directly(name, DATA, cmp_requeue, 1, 1, DATA + 4, 7) == 0
        assert guest.directly(name, DATA, wake_op, 1, 1, DATA + 4, 1 << 28 | 3 << 12) == 0  # add 3
        assert guest.words(DATA, 2) == (7, 8)
        assert guest.indirectly(name, DATA, cmp_requeue, 1, 1, DATA + 4, 6) == -errno.EAGAIN
        assert guest.indirectly(name, DATA, wake_op, 1, 1, READ_ONLY, 1 << 28) == -errno.EFAULT
        for address, error in ((UNMAPPED, errno.EFAULT), (DATA + 1, errno.EINVAL), (0xFFFFFFFE, errno.EFAULT)):
            assert guest.indirectly(name, address, wait, 8, 0) == -error
        assert guest.indirectly(name, DATA, wait, 8, UNMAPPED) == -errno.EFAULT  # the time
        assert guest.indirectly(name, DATA, 0x7F, 0) == -errno.ENOSYS
        assert guest.indirectly(name, DATA, wake_bitset, 1, 0, 0, 0) == -errno.EINVAL


# mov r7, #64; svc #0; b back
ENDLESS = "4070a0e3 000000ef fdffffea"


@pytest.mark.parametrize("instructions", [3000, 3001, 30002])
def test_direct_calls_are_counted(tmp_path: Path, instructions: int) -> None:
    program = tmp_path / "endless"
    program.write_bytes(elf_file([segment(bytes.fromhex(ENDLESS))]))
    result = stinkarm.run(program, max_instructions=instructions)
    assert (result.reason, result.instructions) == ("instructions", instructions)


def test_a_program_that_only_makes_direct_calls_can_be_ended(tmp_path: Path) -> None:
    program = tmp_path / "endless"
    program.write_bytes(elf_file([segment(bytes.fromhex(ENDLESS))]))
    began = time.monotonic()
    result = stinkarm.run(program, timeout=0.5)
    assert result.reason == "timeout"
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("name", ["getppid", "gettid"])
def test_calls_in_an_it_block(name: str) -> None:
    """`itte ne; svcne; addne; addeq`, with a call that native code passes on, and one that it leaves to Python."""
    guest = Guest("T32", syscalls="forward")
    guest.repeat(name)
    guest.emulator.write(CODE, bytes.fromhex("1abf 00df 0131 0132"))  # itte ne; svcne #0; addne r1, #1; addeq r2, #1
    guest.emulator.machine.engine.flush(CODE, CODE + 8)
    for z, expected in ((0, (1, 0)), (1, (0, 1))):
        guest.emulator.cpsr = z << 30 | 0x30
        guest.emulator.r0, guest.emulator.r1, guest.emulator.r2 = 0, 0, 0
        guest.emulator.r7 = NUMBERS[name]
        guest.emulator.jump(CODE | 1)
        for _ in range(2):  # stopping in the block, and not
            assert guest.emulator.run(max_instructions=2).kind == "instructions"
        assert (guest.emulator.r1, guest.emulator.r2) == expected
        assert (guest.emulator.r0 != 0) == (z == 0)
        assert guest.emulator.pc == CODE + 8
    guest.emulator.close()
