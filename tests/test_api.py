"""The Python API: `run` and `Emulator`."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import stinkarm
from stinkarm import Emulator, GuestFault

EXAMPLES = Path(__file__).parent.parent / "examples"
EXIT, HELLO, CRASH, HELLO_C, SHA256, FIBONACCI = (
    EXAMPLES / f"{name}.elf" for name in ("exit", "hello", "crash", "hello-c", "sha256", "fibonacci")
)
ENGINES = ["interpreter", "reference"]

SPIN = bytes.fromhex("feffffea")  # b .


def patched(path: Path, words: str) -> Path:
    """Write exit.elf with other code at its start."""
    content = bytearray(EXIT.read_bytes())
    code = bytes.fromhex(words)
    content[0x1000 : 0x1000 + len(code)] = code
    path.write_bytes(content)
    return path


# run


@pytest.mark.parametrize("engine", ENGINES)
def test_run_exit(engine: str) -> None:
    result = stinkarm.run(EXIT, engine=engine)  # type: ignore[arg-type]
    assert result == stinkarm.Result("exited", 161, None, b"", b"", 3, None, ())
    assert result.returncode == 161


def test_run_captures_output() -> None:
    result = stinkarm.run(str(HELLO))
    assert (result.status, result.stdout, result.stderr) == (0, b"Hello, world!\n", b"")
    assert result.instructions == 8


def test_run_passes_arguments() -> None:
    assert stinkarm.run(HELLO_C, ["-n", "ignored"]).stdout == b"Hello, -n!\n"


def test_run_feeds_stdin() -> None:
    data = bytes(range(256)) * 4096
    digest = subprocess.run(["sha256sum"], input=data, capture_output=True, check=True).stdout
    assert stinkarm.run(SHA256, stdin=data).stdout == digest


def test_run_of_a_guest_that_does_not_read() -> None:
    assert stinkarm.run(EXIT, stdin=bytes(1 << 20)).status == 161


def test_run_leaves_the_callers_files_alone(capfd: pytest.CaptureFixture[str]) -> None:
    before = sorted(os.listdir("/proc/self/fd"))
    stinkarm.run(HELLO)
    stinkarm.run(CRASH)
    assert sorted(os.listdir("/proc/self/fd")) == before
    assert capfd.readouterr() == ("", "")


def test_run_in_threads() -> None:
    results: list[bytes] = []
    threads = [
        threading.Thread(target=lambda n=n: results.append(stinkarm.run(HELLO_C, [str(n)]).stdout)) for n in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [f"Hello, {n}!\n".encode() for n in range(4)]


@pytest.mark.parametrize("engine", ENGINES)
def test_run_crash(engine: str) -> None:
    result = stinkarm.run(CRASH, engine=engine)  # type: ignore[arg-type]
    assert (result.reason, result.status, result.signal, result.returncode) == ("signaled", None, 11, 139)
    assert result.stderr == b""
    crash = result.crash
    assert crash is not None
    assert (crash.signal_name, crash.pc, crash.symbol, crash.address) == ("SIGSEGV", 0x8014, "visit", 0x10)
    assert crash.registers["r4"] == 0
    assert crash.registers["lr"] == 0x8008
    assert crash.reason == "read of NULL+0x10, where nothing is mapped"
    assert "-> 00008014  e5940010  ldr r0, [r4, #16]" in crash.disassembly
    assert str(crash).startswith("SIGSEGV: read of NULL+0x10")


@pytest.mark.parametrize("engine", ENGINES)
def test_run_counts_instructions(tmp_path: Path, engine: str) -> None:
    spin = patched(tmp_path / "spin.elf", SPIN.hex())
    result = stinkarm.run(spin, max_instructions=123_457, engine=engine)  # type: ignore[arg-type]
    assert (result.reason, result.status, result.signal, result.returncode) == ("instructions", None, None, 124)
    assert result.instructions == 123_457


def test_run_timeout(tmp_path: Path) -> None:
    spin = patched(tmp_path / "spin.elf", SPIN.hex())
    stinkarm.run(EXIT)  # builds the interpreter if need be
    start = time.monotonic()
    result = stinkarm.run(spin, timeout=0.3)
    assert (result.reason, result.returncode) == ("timeout", 124)
    assert result.instructions > 0
    assert time.monotonic() - start < 10


def test_run_of_a_guest_that_floods(tmp_path: Path) -> None:
    # mov r0, #1; mov r1, sp; mov r2, #256; mov r7, #4; svc #0; b .-20
    flood = patched(tmp_path / "flood.elf", "0100a0e3 0d10a0e1 402fa0e3 0470a0e3 000000ef f9ffffea")
    result = stinkarm.run(flood, max_output=100_000, timeout=60)
    assert result.reason == "output"
    assert len(result.stdout) == 100_000


def test_run_environment() -> None:
    # crt1 of hello-c.elf does not print its environment; the stack holds it.
    with Emulator(HELLO_C, env={"A": "1", "B": "two"}) as emulator:
        stack = emulator.read(emulator.sp, 0xBF000000 - emulator.sp)
    assert b"A=1\0B=two\0" in stack


def test_run_in_the_sandbox_and_out(tmp_path: Path) -> None:
    file = tmp_path / "data"
    file.write_bytes(b"abc")
    denied = stinkarm.run(SHA256, [str(file)])
    assert denied.status == 1
    assert denied.stdout == b""
    assert b"Permission denied" in denied.stderr
    assert any("--allow-read" in str(denial) for denial in denied.denials)
    digest = f"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  {file}\n".encode()
    for result in (
        stinkarm.run(SHA256, [str(file)], allow_read=[tmp_path]),
        stinkarm.run(SHA256, [str(file)], allow_read=True),
        stinkarm.run(SHA256, [str(file)], syscalls="forward"),
    ):
        assert (result.status, result.stdout, result.stderr, result.denials) == (0, digest, b"", ())
    assert stinkarm.run(SHA256, [str(file)], syscalls="deny").stdout == b""


def test_run_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    result = stinkarm.run(HELLO, log=["syscalls", "elf"], log_file=log)
    assert (result.stdout, result.stderr) == (b"Hello, world!\n", b"")
    text = log.read_text()
    assert "ELF Header:" in text
    assert 'write(fd=1, buf=0x8024 "Hello, world!\\n", len=14) [sandbox]\n=14\n' in text


def test_run_errors(tmp_path: Path) -> None:
    with pytest.raises(stinkarm.ProgramNotFound, match="there is no such file"):
        stinkarm.run(tmp_path / "none")
    with pytest.raises(stinkarm.NotExecutable, match="EI_CLASS is ELFCLASS64"):
        stinkarm.run(sys.executable)
    with pytest.raises(stinkarm.UsageError, match="syscalls 'open' is not known"):
        stinkarm.run(EXIT, syscalls="open")  # type: ignore[arg-type]
    with pytest.raises(stinkarm.UsageError, match="args is 'x'; it must be a list"):
        stinkarm.run(EXIT, "x")
    with pytest.raises(stinkarm.UsageError, match="allow_read is '/'; it must be True, False or a list"):
        stinkarm.run(EXIT, allow_read="/")
    with pytest.raises(stinkarm.UsageError, match="log_file is not given"):
        stinkarm.run(EXIT, log=["elf"])
    with pytest.raises(stinkarm.UsageError, match="timeout wants a number of seconds above 0"):
        stinkarm.run(EXIT, timeout=-1)
    with pytest.raises(stinkarm.UsageError, match="stack_size wants a size"):
        stinkarm.run(EXIT, stack_size=1)
    for error in (stinkarm.ProgramNotFound, stinkarm.NotExecutable, stinkarm.UsageError, stinkarm.Failed):
        assert issubclass(error, stinkarm.StinkarmError)


# Emulator


@pytest.mark.parametrize("engine", ENGINES)
def test_step(engine: str) -> None:
    with Emulator(EXIT, engine=engine) as emulator:  # type: ignore[arg-type]
        assert emulator.pc == 0x8000
        reason = emulator.step()
        assert reason == stinkarm.StopReason("instructions", 0x8004)
        assert emulator.r0 == emulator.registers["r0"] == 161
        assert emulator.instructions == 1
        emulator.r0 = 7
        reason = emulator.run()
        assert (reason.kind, reason.status) == ("exited", 7)
        assert emulator.run() is reason
        assert emulator.instructions == 3


def test_registers() -> None:
    with Emulator.from_code(bytes(4)) as emulator:
        registers = emulator.registers
        assert list(registers) == [*(f"r{n}" for n in range(13)), "sp", "lr", "pc", "cpsr"]
        registers["r13"] = 0x2345_6788
        assert emulator.sp == emulator.r13 == 0x2345_6788
        emulator.lr = -1
        assert registers["r14"] == 0xFFFFFFFF
        emulator.pc = 0x9003
        assert emulator.r15 == 0x9000
        emulator.cpsr = 0xF8000030
        assert emulator.cpsr == 0xF8000030
        assert emulator.thumb
        assert "cpsr f8000030  (NZCVQ GE=0000 T32)" in str(registers)
        emulator.jump(0x8000)
        assert not emulator.thumb
        emulator.jump(0x8001)
        assert (emulator.thumb, emulator.pc) == (True, 0x8000)
        with pytest.raises(KeyError, match="there is no register 'r16'"):
            registers["r16"]
        with pytest.raises(TypeError, match="cannot be deleted"):
            del registers["r0"]


@pytest.mark.parametrize("engine", ENGINES)
def test_from_code(engine: str) -> None:
    # mov r0, #5; add r1, r0, #1; push {r1}; bkpt #7
    code = bytes.fromhex("0500a0e3 011080e2 04102de5 770020e1")
    with Emulator.from_code(code, address=0x10004, engine=engine) as emulator:  # type: ignore[arg-type]
        reason = emulator.run(max_instructions=10)
        assert reason.kind == "signaled"
        assert reason.crash is not None
        assert reason.crash.signal_name == "SIGTRAP"
        assert reason.crash.reason == "the breakpoint instruction bkpt #0x7"
        assert emulator.r1 == emulator.read_u32(emulator.sp) == 6
        assert emulator.instructions == 3


def test_from_thumb_code() -> None:
    with Emulator.from_code(bytes.fromhex("0520 411c fee7"), thumb=True) as emulator:  # movs, adds, b .
        assert emulator.run(max_instructions=2).kind == "instructions"
        assert (emulator.r0, emulator.r1, emulator.pc) == (5, 6, 0x8004)
        assert emulator.disassemble(0x8000, 3) == [
            "00008000  2005      movs r0, #5",
            "00008002  1c41      adds r1, r0, #1",
            "00008004  e7fe      b 0x8004",
        ]


@pytest.mark.parametrize("engine", ENGINES)
def test_run_until(engine: str) -> None:
    with Emulator(FIBONACCI, engine=engine) as emulator:  # type: ignore[arg-type]
        fibonacci = emulator.find_symbol("fibonacci")
        assert fibonacci is not None
        assert emulator.run(until=fibonacci) == stinkarm.StopReason("until", fibonacci)
        assert emulator.r0 == 24
        assert emulator.name_address(fibonacci + 4) == "fibonacci+0x4"
        emulator.r0 = 5
        end = emulator.lr
        assert emulator.run(until=lambda e: e.pc == end and e.r0 == 5).kind == "until"
        assert emulator.run(until=fibonacci, max_instructions=1).kind == "instructions"


def test_until_executes_at_least_one_instruction() -> None:
    with Emulator.from_code(bytes.fromhex("010080e2 fdffffea")) as emulator:  # add r0, r0, #1; b .-4
        for turn in range(1, 4):
            assert emulator.run(until=0x8000).kind == "until"
            assert emulator.r0 == turn


def test_a_fault_can_be_mended() -> None:
    with Emulator(CRASH) as emulator:
        reason = emulator.run()
        assert reason.kind == "signaled"
        assert emulator.name_address(emulator.pc) == "visit"
        emulator.r4 = emulator.map(None, 4096)
        emulator.write_u32(emulator.r4 + 16, 99)
        assert emulator.step().kind == "instructions"
        assert emulator.r0 == 99
        assert emulator.run().status == 0


@pytest.mark.parametrize("engine", ENGINES)
def test_code_can_be_rewritten(engine: str) -> None:
    with Emulator(EXIT, engine=engine) as emulator:  # type: ignore[arg-type]
        emulator.step()
        emulator.pc = 0x8000
        emulator.write_u32(0x8000, 0xE3A00003)  # mov r0, #3
        assert emulator.run().status == 3


def test_memory() -> None:
    with Emulator() as emulator:
        address = emulator.map(0x20000, 5000, "rw")
        assert address == 0x20000
        assert "00020000-00022000 rw-p" in emulator.mappings
        emulator.write(0x20FFC, b"abcdefgh\0")
        assert emulator.read(0x20FFE, 4) == b"cdef"
        assert emulator.read_cstring(0x20FFC) == b"abcdefgh"
        with pytest.raises(GuestFault, match="0x00022000 is not writable"):
            emulator.write(0x21FFE, b"1234")
        assert emulator.read(0x21FFE, 2) == bytes(2)
        with pytest.raises(GuestFault):
            emulator.read(0, 1)
        with pytest.raises(stinkarm.UsageError, match="address is -1"):
            emulator.write(-1, b"x")
        with pytest.raises(OSError, match="File exists"):
            emulator.map(0x21000, 1)
        with pytest.raises(stinkarm.UsageError, match="permissions are 'rq'"):
            emulator.map(None, 1, "rq")
        emulator.map(0x30000, 4096, "r")
        emulator.write(0x30000, b"forced")
        assert emulator.read(0x30000, 6) == b"forced"
        assert any(line.startswith("00030000-00031000 r--p") for line in emulator.mappings)


def test_an_empty_emulator_has_nowhere_to_run() -> None:
    with Emulator() as emulator:
        reason = emulator.run()
        assert reason.kind == "signaled"
        assert reason.crash is not None
        assert reason.crash.reason == "a jump to NULL+0x0, where nothing is mapped"
        assert str(reason) == str(reason.crash)


def test_reasons_read_well() -> None:
    with Emulator(EXIT) as emulator:
        assert str(emulator.step()) == "the instructions asked for were executed, at pc=0x00008004"
        assert str(emulator.run(until=0x8008)) == "the condition became true, at pc=0x00008008"
        assert str(emulator.run()) == "exited with status 161"


def test_closing_twice_and_many_emulators(tmp_path: Path) -> None:
    before = set(os.listdir("/proc/self/fd"))
    for number in range(20):
        emulator = Emulator(EXIT, allow_read=[tmp_path], log=["elf"], log_file=tmp_path / str(number))
        assert emulator.run().status == 161
        emulator.close()
        emulator.close()
    assert set(os.listdir("/proc/self/fd")) == before


def test_an_emulator_that_cannot_be_made_leaves_nothing(tmp_path: Path) -> None:
    before = set(os.listdir("/proc/self/fd"))
    mappings = len(Path("/proc/self/maps").read_text().splitlines())
    for _ in range(50):
        with pytest.raises(stinkarm.NotExecutable):
            Emulator(tmp_path, log=["elf"], log_file=tmp_path / "log")
        with pytest.raises(stinkarm.NotExecutable, match="E2BIG"):
            Emulator(EXIT, ["x" * 70000], stack_size=64 << 10)
    assert set(os.listdir("/proc/self/fd")) == before
    assert len(Path("/proc/self/maps").read_text().splitlines()) < mappings + 50


def test_closing_gives_back_what_the_guest_opened(tmp_path: Path) -> None:
    before = set(os.listdir("/proc/self/fd"))
    # open("/dev/null", O_RDONLY); exit(fd)
    code = "10008fe2 0010a0e3 0570a0e3 000000ef 0170a0e3 000000ef 2f646576 2f6e756c 6c00"
    with Emulator(patched(tmp_path / "open.elf", code)) as emulator:
        reason = emulator.run()
        assert reason.kind == "exited"
        assert reason.status is not None
        assert reason.status > 2
        assert reason.status < 128, "an error number"
    assert set(os.listdir("/proc/self/fd")) == before
