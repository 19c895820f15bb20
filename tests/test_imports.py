"""The shape of the package: imports point one way, and running a program imports little."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import stinkarm

PACKAGE = Path(stinkarm.__file__).parent
ROOT = PACKAGE.parent
EXIT_ELF = Path(__file__).parent.parent / "examples" / "exit.elf"

# cli -> api -> engine, linux, sandbox, inspect -> guest -> isa
LAYERS = {"isa": 0, "guest": 1, "engine": 2, "linux": 2, "sandbox": 2, "inspect": 2}
PROOF = 5  # nothing that runs a program imports it
TOP = 3
COMMAND = 4
COMMAND_MODULES = ("cli", "__main__", "boot")

MODULES = sorted(PACKAGE.rglob("*.py"))


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def layer_of(module: str) -> int:
    parts = module.split(".")
    if len(parts) < 2:
        return TOP
    if parts[1] == "proof":
        return PROOF
    if parts[1] in COMMAND_MODULES:
        return COMMAND
    return LAYERS.get(parts[1], TOP)


def imports_of(path: Path) -> Iterator[tuple[int, str]]:
    """Give the line and the full name of each stinkarm module that a file imports."""
    module = name_of(path)
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == "stinkarm":
                    yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, base] if base else above)
            if base.split(".")[0] != "stinkarm":
                continue
            for alias in node.names:
                full = f"{base}.{alias.name}"
                is_module = (ROOT / Path(*full.split("."))).with_suffix(".py").exists() or (
                    ROOT / Path(*full.split("."))
                ).is_dir()
                yield node.lineno, full if is_module else base


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_point_one_way(path: Path) -> None:
    here = layer_of(name_of(path))
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {imported}"
        for line, imported in imports_of(path)
        if layer_of(imported) > here and imported != "stinkarm"
    ]
    assert not wrong


def test_the_layers_are_seen() -> None:
    found = {imported for path in MODULES for _, imported in imports_of(path)}
    assert {"stinkarm.guest.memory", "stinkarm.linux.kernel", "stinkarm.isa.decode"} <= found


PRINT_MODULES = """
import sys
sys.path[:] = {path!r}
from stinkarm.cli import run
status = run([{program!r}])
print(status, *sorted(sys.modules))
"""

COSTLY = (
    "ctypes",
    *("llvmlite", "elftools", "typing", "enum", "dataclasses", "re", "argparse", "pathlib", "subprocess"),
    *("json", "collections", "functools", "signal", "tempfile", "shutil", "inspect", "threading", "logging"),
    *("stinkarm.api", "stinkarm.isa", "stinkarm.engine.reference", "stinkarm.engine.generate", "stinkarm.toolchain"),
    *("stinkarm.inspect.disassembly", "stinkarm.inspect.crash", "stinkarm.inspect.strace"),
    *("stinkarm.linux.delivery", "stinkarm.linux.frames", "stinkarm.linux.capture", "stinkarm.linux.signals"),
)


def test_a_program_runs_without_costly_imports() -> None:
    code = PRINT_MODULES.format(path=[str(ROOT), *sys.path], program=str(EXIT_ELF))
    # The first run may build the interpreter, which imports more.
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-ISc", code], capture_output=True, text=True, check=False, env=dict(os.environ)
        )
    assert done.returncode == 0, done.stderr
    status, *modules = done.stdout.split()
    assert status == "161"
    assert "stinkarm.engine.interpreter" in modules
    assert [name for name in COSTLY if name in modules] == []


def test_importing_the_package_imports_nothing_else() -> None:
    code = f"import sys; sys.path[:] = {[str(ROOT), *sys.path]!r}; import stinkarm; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-ISc", code], capture_output=True, text=True, check=True)
    assert [name for name in done.stdout.split() if name.startswith("stinkarm.")] == []


def test_every_public_name_is_there() -> None:
    assert [name for name in stinkarm.__all__ if not hasattr(stinkarm, name)] == []
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        stinkarm.nothing  # noqa: B018
