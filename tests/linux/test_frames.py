"""The frames of signal handlers, against the ARM headers, and that they keep every register."""

from __future__ import annotations

import random
import shutil
import subprocess
from pathlib import Path

import pytest

from stinkarm.guest.kuser import PAGE_ADDRESS, SIGNAL_RETURN, SIGRETURN_CODE, page
from stinkarm.linux import delivery, frames
from tests.linux.process import DATA, TEXT, UNMAPPED, Process

ABI = Path(__file__).parent / "abi"
OFFSETS = dict(line.split() for line in (ABI / "frames.txt").read_text().splitlines())
SIGINFO, RESTORER, ONSTACK = frames.SA_SIGINFO, frames.SA_RESTORER, frames.SA_ONSTACK


def offset(name: str) -> int:
    return int(OFFSETS[name])


def test_offsets_are_those_of_the_arm_headers() -> None:
    named = {name: getattr(frames, name) for name in OFFSETS if hasattr(frames, name)}
    assert named == {name: offset(name) for name in named}
    assert len(named) == 8
    assert frames._mcontext.size == offset("MCONTEXT_SIZE")
    assert frames._vfp.size == offset("END_MAGIC") + 4


def test_the_program_prints_the_recorded_offsets(tmp_path: Path) -> None:
    compiler, emulator = shutil.which("arm-linux-gnueabi-gcc"), shutil.which("qemu-arm")
    if not compiler or not emulator:
        pytest.skip("needs arm-linux-gnueabi-gcc and qemu-arm")
    program = tmp_path / "frames"
    subprocess.run([compiler, "-static", "-o", program, ABI / "frames.c"], check=True)
    printed = subprocess.run([emulator, program], check=True, capture_output=True, text=True).stdout
    assert printed == (ABI / "frames.txt").read_text()


def fill(guest: Process, seed: int) -> None:
    """Set every register to something."""
    random_ = random.Random(seed)
    for index in range(16):
        guest.state.r[index] = random_.getrandbits(32)
    for index in range(32):
        guest.state.doubles[16 + index] = random_.getrandbits(64)
    guest.state.fpscr = 0xF800009F
    guest.state.cpsr = random_.getrandbits(32) & 0xFE0FFE20 & ~0x200 | 0x10
    guest.state.r[15] &= ~1 if guest.state.thumb else ~3
    guest.state.r[13] = DATA + 0x9004


def snapshot(guest: Process) -> list[int]:
    state = guest.state
    return [*state.r, *state.doubles[16:48], state.cpsr, state.fpscr, guest.kernel.blocked]


@pytest.mark.parametrize("flags", [0, SIGINFO, RESTORER, SIGINFO | RESTORER])
@pytest.mark.parametrize("handler", [0x8000, 0x8001])
@pytest.mark.parametrize("seed", range(4))
def test_a_frame_keeps_everything(guest: Process, flags: int, handler: int, seed: int) -> None:
    fill(guest, seed)
    k, state = guest.kernel, guest.state
    k.state = state
    k.blocked = 1 << 40 | 1 << 4
    before = snapshot(guest)
    assert frames.enter(k, 10, delivery.user_info(10, 0), (handler, flags, 0x9000, 0), k.blocked)
    sp = state.r[13]
    assert sp % 8 == 0
    assert (state.r[0], state.r[15], state.thumb) == (10, 0x8000, bool(handler & 1))
    assert state.cpsr & ~(0xF0000 | 0x20) == 0x10  # no flag, no IT state; GE stays, as in Linux
    context = sp
    if flags & SIGINFO:
        context += frames.INFO_SIZE
        assert (state.r[1], state.r[2]) == (sp, context)
    registers = context + offset("UC_MCONTEXT") + offset("MCONTEXT_R0")
    assert [guest.word(registers + 4 * index) for index in range(16)] == before[:16]
    assert guest.word(context + offset("UC_MCONTEXT") + offset("MCONTEXT_CPSR")) == before[48]
    assert guest.word(context + offset("UC_REGSPACE") + offset("VFP_FPSCR")) == before[49]
    if flags & RESTORER:
        assert state.r[14] == 0x9000
    else:
        assert state.r[14] & 1 == handler & 1
        word = state.r[14] - (handler & 1) - SIGNAL_RETURN
        code = page()[SIGNAL_RETURN - PAGE_ADDRESS :]
        assert code[word : word + 4] == SIGRETURN_CODE[word : word + 4]
        assert guest.memory.read(context + frames.RETCODE, 4) == code[word : word + 4]
    k.blocked = 0
    for index in range(48):
        if index < 16:
            state.r[index] = 0 if index != 13 else sp
        state.doubles[16 + index % 32] = 0
    state.cpsr, state.fpscr = 0x10, 0
    assert frames.leave(k, with_info=bool(flags & SIGINFO))
    assert snapshot(guest) == before


@pytest.mark.parametrize("sp", [UNMAPPED + 0x800, TEXT + 0x800, 0, 8, 0xFFFFFFF8])
def test_a_frame_that_cannot_be_written(guest: Process, sp: int) -> None:
    fill(guest, 1)
    guest.state.r[13] = sp
    before = snapshot(guest)
    guest.kernel.state = guest.state
    assert not frames.enter(guest.kernel, 10, bytes(128), (0x8000, SIGINFO, 0, 0), 0)
    assert snapshot(guest) == before


@pytest.mark.parametrize("seed", range(300))
def test_random_frames_never_surprise(guest: Process, seed: int) -> None:
    random_ = random.Random(seed)
    guest.put(random_.randbytes(2048), DATA)
    guest.state.r[13] = DATA + random_.choice((0, 8, 64, 4))
    guest.call(random_.choice(("sigreturn", "rt_sigreturn")))
    assert guest.kernel.exit_signal == 11
    assert guest.state.cpsr & 0x1F == 0x10
    assert not guest.kernel.blocked & (1 << 8 | 1 << 18)
