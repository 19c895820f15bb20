"""The examples run from their ELF files and from their sources, and the files are what the sources make."""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import os
import shutil
from pathlib import Path
from types import ModuleType

import pytest

import stinkarm
from stinkarm import toolchain

EXAMPLES = Path(__file__).parent.parent / "examples"

# name, arguments, stdin, then status and stdout
OUTCOMES = {
    "exit": ([], b"", 161, b""),
    "hello": ([], b"", 0, b"Hello, world!\n"),
    "fibonacci": ([], b"", 0, b"46368\n"),
    "hello-c": (["stinkarm"], b"", 0, b"Hello, stinkarm!\n"),
    "primes": (["1000"], b"", 0, b"168 primes below 1000\n"),
    "sha256": ([], b"x" * 200, 0, hashlib.sha256(b"x" * 200).hexdigest().encode() + b"  -\n"),
}
ASSEMBLY = ("exit", "hello", "fibonacci")

HAS_GNU = any(shutil.which(prefix + "as") and shutil.which(prefix + "ld") for prefix in toolchain.GNU_PREFIXES)
HAS_GCC = any(shutil.which(prefix + "gcc") for prefix in toolchain.GNU_C_PREFIXES)
needs_zig = pytest.mark.skipif(not toolchain.has_zig(), reason="ziglang is not installed (stinkarm[toolchain])")
needs_gnu = pytest.mark.skipif(not HAS_GNU, reason="no GNU assembler for ARM is installed")


@pytest.fixture(scope="module")
def build() -> ModuleType:
    """examples/build.py as a module."""
    spec = importlib.util.spec_from_file_location("build_examples", EXAMPLES / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("engine", ["interpreter", "reference"])
@pytest.mark.parametrize("name", OUTCOMES)
def test_ready_made(name: str, engine: str) -> None:
    arguments, stdin, status, stdout = OUTCOMES[name]
    if name == "fibonacci" and engine == "reference":
        pytest.skip("fib(24) takes the reference engine half a minute")
    result = stinkarm.run(EXAMPLES / f"{name}.elf", arguments, stdin=stdin, engine=engine)  # type: ignore[arg-type]
    assert (result.status, result.stdout, result.stderr) == (status, stdout, b""), result.crash


def test_every_example_is_tested(build: ModuleType) -> None:
    assert {Path(name).stem for name in build.SOURCES} == {*OUTCOMES, "crash"}
    assert {path.name for path in EXAMPLES.glob("*.elf")} == set(build.SOURCES)
    assert {path.name for path in EXAMPLES.glob("*.[sc]")} == set(build.SOURCES.values())


def run_built(tmp_path: Path, source: str, name: str, *, zig: bool) -> None:
    output = tmp_path / "built"
    toolchain.build(str(EXAMPLES / source), str(output), zig=zig)
    assert os.listdir(tmp_path) == ["built"]
    arguments, stdin, status, stdout = OUTCOMES[name]
    result = stinkarm.run(output, arguments, stdin=stdin)
    assert (result.status, result.stdout, result.stderr) == (status, stdout, b""), result.crash


@needs_gnu
@pytest.mark.parametrize("name", ASSEMBLY)
def test_gnu_assembly(tmp_path: Path, name: str) -> None:
    run_built(tmp_path, f"{name}.s", name, zig=False)


@needs_zig
@pytest.mark.parametrize("name", ASSEMBLY)
def test_zig_assembly(tmp_path: Path, name: str) -> None:
    run_built(tmp_path, f"{name}.s", name, zig=True)


@pytest.mark.skipif(not HAS_GCC, reason="no GCC for ARM Linux is installed")
@pytest.mark.parametrize(("source", "name"), [("hello.c", "hello-c"), ("primes.c", "primes"), ("sha256.c", "sha256")])
def test_gnu_c(tmp_path: Path, source: str, name: str) -> None:
    run_built(tmp_path, source, name, zig=False)


@needs_zig
@pytest.mark.skipif(
    HAS_GCC and not os.environ.get("CI"), reason="zig takes a minute to build its C library; gcc does it here"
)
def test_examples_are_what_their_sources_make(tmp_path: Path, build: ModuleType) -> None:
    build.build(tmp_path)
    for name, (arguments, stdin, status, stdout) in OUTCOMES.items():
        result = stinkarm.run(tmp_path / f"{name}.elf", arguments, stdin=stdin)
        assert (result.status, result.stdout) == (status, stdout), result.crash
    version = importlib.metadata.version("ziglang")
    if version != build.ZIG:
        pytest.skip(f"zig {version} is installed; the files in the repository were built with {build.ZIG}")
    assert build.differences(tmp_path) == []


@pytest.mark.skipif(not HAS_GNU and not toolchain.has_zig(), reason="no assembler for ARM is installed")
def test_a_source_is_a_program(tmp_path: Path) -> None:
    assert stinkarm.run(EXAMPLES / "exit.s").status == 161
    assert stinkarm.run(EXAMPLES / "hello.s").stdout == b"Hello, world!\n"
    wrong = tmp_path / "wrong.s"
    wrong.write_text("    mov r0, nonsense, r99\n")
    with pytest.raises(stinkarm.NotExecutable, match=r"wrong\.s could not be built; .* says:\n"):
        stinkarm.run(wrong)


@pytest.mark.skipif(not HAS_GNU and not toolchain.has_zig(), reason="no assembler for ARM is installed")
@pytest.mark.parametrize("name", ["-dash.s", "a space and\na line.s"])
def test_a_source_of_an_unusual_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    Path(name).write_bytes((EXAMPLES / "exit.s").read_bytes())
    assert stinkarm.run(name).status == 161


@pytest.mark.skipif(not HAS_GCC, reason="no GCC for ARM Linux is installed")
def test_a_preprocessed_source(tmp_path: Path) -> None:
    source = tmp_path / "status.S"
    source.write_text("#define STATUS 42\n.global _start\n_start: mov r0, #STATUS\nmov r7, #1\nsvc #0\n")
    assert stinkarm.run(source).status == 42


def test_without_a_toolchain(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(toolchain, "has_zig", lambda: False)
    for source, what in (("exit.s", "assembler"), ("hello.c", "C compiler")):
        with pytest.raises(
            stinkarm.Failed, match=f"no {what} for ARM is installed; .*pip install 'stinkarm.toolchain.'"
        ):
            toolchain.build(str(EXAMPLES / source), str(tmp_path / "out"))
