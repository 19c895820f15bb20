"""Build an assembly or C source into an ARM executable, with whatever toolchain is installed."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys

from stinkarm.status import Failed, NotExecutable

ASSEMBLY = (".s", ".S")

# Text and constants at 0x8000, writable data on the next page. No header is mapped, so that a
# program of three instructions is a segment of twelve bytes.
LINKER_SCRIPT = """\
ENTRY(_start)
SECTIONS
{
  . = 0x8000;
  .text : { *(.text .text.*) *(.rodata .rodata.*) }
  . = ALIGN(0x1000);
  .data : { *(.data .data.*) }
  .bss : { *(.bss .bss.* COMMON) }
}
"""
# LLD would map its headers unless told which segments there are; GNU ld would make an empty one of each told.
LLD_SCRIPT = (
    LINKER_SCRIPT.replace("SECTIONS", "PHDRS { code PT_LOAD FLAGS(5); data PT_LOAD FLAGS(6); }\nSECTIONS")
    .replace(".rodata.*) }", ".rodata.*) } :code")
    .replace("COMMON) }", "COMMON) } :data")
    .replace(".data.*) }", ".data.*) } :data")
)
PAGES = ("-z", "max-page-size=0x1000")

GNU_PREFIXES = ("arm-linux-gnueabi-", "arm-linux-gnueabihf-", "arm-none-eabi-")
# Everything that a Cortex-A15 has may be assembled, whether or not stinkarm runs it yet.
GNU_ASSEMBLY = ("-mcpu=cortex-a15", "-mfpu=neon-vfpv4", "-mfloat-abi=softfp")

ZIG_ASSEMBLY = ("-target", "arm-linux-musleabi", "-mcpu=cortex_a15", "-g0")
# zig builds its own C library, here without VFP and NEON; GCC comes with one, built as Debian builds it.
GNU_C = ("-static", "-O1")
GNU_C_PREFIXES = ("arm-linux-gnueabihf-", "arm-linux-gnueabi-")
ZIG_C = (
    *("-target", "arm-linux-musleabi", "-mcpu=cortex_a15-vfp2-vfp2sp-vfp3-vfp4-neon-fp64+soft_float"),
    *("-static", "-O1", "-g0", "-Wl,--strip-debug"),
)


def build(source: str, output: str, *, extra: tuple[str, ...] = (), zig: bool | None = None) -> None:
    """Build `source` (.s, .S or .c) into the executable `output`.

    `extra` are more compiler arguments; `zig` True or False leaves only that toolchain or the GNU one.
    Raises NotExecutable with the tool's messages when the source is wrong, Failed when no tool is installed.
    """
    if source.startswith("-"):
        source = os.path.join(".", source)  # or it would be taken for an option
    if os.path.splitext(source)[1] in ASSEMBLY:
        _assemble(source, output, extra, zig)
        return
    gcc = None if zig else next(filter(None, (shutil.which(prefix + "gcc") for prefix in GNU_C_PREFIXES)), None)
    if gcc:
        command = [gcc, *GNU_C]
    elif zig is not False and has_zig():
        command = [*_zig(), *ZIG_C]
    else:
        raise _missing("C compiler")
    _run([*command, *extra, source, "-o", output], source)


def _assemble(source: str, output: str, extra: tuple[str, ...], zig: bool | None) -> None:
    compiler = "gcc" if source.endswith(".S") else "as"
    script, object_file = output + ".ld", output + ".o"
    try:
        for prefix in () if zig else GNU_PREFIXES:
            assembler, linker = shutil.which(prefix + compiler), shutil.which(prefix + "ld")
            if assembler and linker:
                flags = ["-c"] if compiler == "gcc" else []
                _run([assembler, *flags, *GNU_ASSEMBLY, *extra, source, "-o", object_file], source)
                _write(script, LINKER_SCRIPT)
                _run([linker, *PAGES, "-T", script, object_file, "-o", output], source)
                return
        if zig is False or not has_zig():
            raise _missing("assembler")
        _write(script, LLD_SCRIPT)
        link = ["-nostdlib", "-static", f"-Wl,-T,{script}", "-Wl," + ",".join(PAGES)]
        _run([*_zig(), *ZIG_ASSEMBLY, *extra, *link, source, "-o", output], source)
    finally:
        for path in (script, object_file):
            if os.path.exists(path):
                os.unlink(path)


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def _missing(what: str) -> Failed:
    return Failed(
        f"no {what} for ARM is installed; install Debian's gcc-arm-linux-gnueabihf, "
        "or run: pip install 'stinkarm[toolchain]'"
    )


def has_zig() -> bool:
    """Say whether PyPI's ziglang is installed in this Python."""
    return importlib.util.find_spec("ziglang") is not None


def _zig() -> list[str]:
    return [sys.executable, "-m", "ziglang", "cc"]


def _run(command: list[str], source: str) -> None:
    name = os.path.basename(command[0]) if "ziglang" not in command else "zig"
    if name == "zig" and source.endswith(".c") and sys.stderr is not None and sys.stderr.isatty():
        sys.stderr.write(f"stinkarm: building {source} with zig; the first C program takes about a minute\n")
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    if done.returncode:
        text = done.stdout.decode("utf-8", "backslashreplace").strip()
        raise NotExecutable(f"{source} could not be built; {name} says:\n{text}")
