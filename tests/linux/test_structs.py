"""Struct layouts, against what a C program prints that was compiled with the real ARM headers."""

import shutil
import subprocess
from pathlib import Path
from struct import Struct

import pytest

from stinkarm.linux import structs

HERE = Path(__file__).parent / "abi"
LAYOUTS = {name: layout for name, layout in vars(structs).items() if isinstance(layout, structs.Layout)}


def described() -> str:
    """Describe the declared structs as layout.c does."""
    lines = []
    for name, layout in LAYOUTS.items():
        lines.append(f"{name} {layout.size}")
        lines += [f"{name} {field} {offset} {Struct('<' + code).size}" for field, code, offset in layout.fields]
    return "\n".join(lines) + "\n"


def test_layouts_are_those_of_the_arm_headers() -> None:
    assert described() == (HERE / "layout.txt").read_text()


@pytest.mark.parametrize("name", LAYOUTS)
def test_packing_fills_the_struct(name: str) -> None:
    layout = LAYOUTS[name]
    values = layout.unpack(bytes(layout.size))
    assert layout.pack(*values) == bytes(layout.size)


def test_overlapping_fields_are_refused() -> None:
    layout = structs.Layout("struct wrong", 8, "a:I@0 b:I@2")
    with pytest.raises(ValueError, match="Field b of struct wrong starts at 2, before 4"):
        layout.pack(0, 0)


def test_layout_program_prints_the_recorded_values(tmp_path: Path) -> None:
    compiler, emulator = shutil.which("arm-linux-gnueabi-gcc"), shutil.which("qemu-arm")
    if not compiler or not emulator:
        pytest.skip("needs arm-linux-gnueabi-gcc and qemu-arm")
    program = tmp_path / "layout"
    subprocess.run([compiler, "-static", "-o", program, HERE / "layout.c"], check=True)
    printed = subprocess.run([emulator, program], check=True, capture_output=True, text=True).stdout
    assert printed == (HERE / "layout.txt").read_text()
