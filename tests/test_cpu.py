"""-cpu: what ARMv8 adds runs with max, and is UNDEFINED on a Cortex-A15, the default."""

from __future__ import annotations

from pathlib import Path

import pytest

from stinkarm.guest import hwcap

from .guest.elf_file import elf_file, segment
from .test_cli import stinkarm_command

# movw r1, #0x1234; crc32b r0, r0, r1 (r0 is 0 at the start); exit with the low byte
CRC32 = {
    "A32": bytes.fromhex("341201e3 410000e1 ff0000e2 0170a0e3 000000ef"),
    "T32": bytes.fromhex("41f23421 c0fa81f0 c0b2 0127 00df 00bf"),
}
LOW_BYTE = 0xB5  # of the remainder 0x21b4f4b5

# Exit with AT_HWCAP2: walk over argv and the environment to the auxiliary vector.
AT_HWCAP2 = bytes.fromhex(
    "04408de2 040094e4 000050e3 fcffff1a 040094e4 000050e3 fcffff1a 040094e4 041094e4 1a0050e3 fbffff1a"
    "0100a0e1 0170a0e3 000000ef"
)


def program(folder: Path, code: bytes, isa: str = "A32") -> str:
    path = folder / "program"
    path.write_bytes(elf_file([segment(code)], e_entry=0x8000 | (isa == "T32")))
    return str(path)


@pytest.mark.parametrize("engine", ["reference", "interpreter"])
@pytest.mark.parametrize("isa", ["A32", "T32"])
def test_an_instruction_of_armv8(tmp_path: Path, isa: str, engine: str) -> None:
    path = program(tmp_path, CRC32[isa], isa)
    assert stinkarm_command("--engine", engine, "-cpu", "max", path).returncode == LOW_BYTE
    for options in ([], ["-cpu", "cortex-a15"]):
        done = stinkarm_command("--engine", engine, *options, path)
        assert done.returncode in (128 + 4, -4)  # SIGILL
        assert b"is crc32b r0, r0, r1, which ARMv8 adds to what a Cortex-A15 has; -cpu max runs it" in done.stderr


def test_hwcap2_tells_what_there_is(tmp_path: Path) -> None:
    path = program(tmp_path, AT_HWCAP2)
    assert stinkarm_command(path).returncode == 0
    assert stinkarm_command("-cpu", "max", path).returncode == hwcap.HWCAP2_V8
    assert hwcap.features(0, hwcap.HWCAP2_V8) == "aes pmull sha1 sha2 crc32"
