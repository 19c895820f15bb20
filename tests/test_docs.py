"""What the README shows is true: its commands, its Python, its links and its options."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
import tomllib
from pathlib import Path

import pytest

import stinkarm
from stinkarm import cli, toolchain
from tests.test_examples import HAS_GNU

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCKS = BLOCK.findall(README)
PAGE_BLOCKS = BLOCK.findall((ROOT / "docs/python.md").read_text(encoding="utf-8"))
PYTHON = [text for language, text in (*BLOCKS, *PAGE_BLOCKS) if language == "python"]
CONSOLE = [text for language, text in BLOCKS if language == "console"]
SHELL = [text for language, text in BLOCKS if language == "sh"]

STAMP = re.compile(r"^\[ *\d+\.\d{3}ms\]", re.MULTILINE)


def commands(text: str) -> list[tuple[str, str]]:
    """Split a console block into (command, what it prints)."""
    parts = re.split(r"^\$ (.*)\n", text, flags=re.MULTILINE)
    return list(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize("text", PYTHON, ids=lambda text: text.strip().split("\n")[-1])
def test_python(text: str) -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(stinkarm.__file__).parent.parent)}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", text],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("command", "output"), [pair for text in CONSOLE for pair in commands(text)], ids=lambda text: text.split("\n")[0]
)
def test_console(tmp_path: Path, command: str, output: str) -> None:
    if ".s" in command and not HAS_GNU and not toolchain.has_zig():
        pytest.skip("no assembler for ARM is installed")
    script = tmp_path / "stinkarm"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m stinkarm "$@"\n')
    script.chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "PYTHONPATH": str(Path(stinkarm.__file__).parent.parent),
    }
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    shown, printed = (STAMP.sub("[stamp]", text).rstrip("\n") for text in (output, done.stdout.replace(f"{ROOT}/", "")))
    if shown.endswith("\n   ..."):
        assert printed.startswith(shown.removesuffix("   ..."))
    else:
        assert printed == shown


def test_the_blocks_are_found() -> None:
    assert len(PYTHON) >= 2
    assert len(CONSOLE) >= 4
    assert len(SHELL) == 2


def test_the_two_commands_are_one_line_each() -> None:
    for text in SHELL:
        assert text.count("\n") == 1
        assert text.startswith("python3 -m venv ")


def test_ci_runs_the_readme_test_command() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    found = re.search(r"^command=\$\((.*)\)$", script, re.MULTILINE)
    assert found is not None
    done = subprocess.run(["bash", "-c", found[1]], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == SHELL[1]
    assert script.rstrip().endswith('bash -c "$command"')


def test_links_lead_somewhere() -> None:
    for text in (README, CONTRIBUTING):
        for target in re.findall(r"\]\(([^)#]+)\)", text):
            assert (ROOT / target).exists(), target


def test_options_in_the_readme_exist() -> None:
    table = README.partition("| option | |")[2].partition("\n\n")[0]
    names = re.findall(r"(?<![\w=])(--?[a-zA-Z0][\w-]*)", table)
    assert len(names) > 15
    assert [name for name in names if name not in cli.INDEX] == []


def test_extras_in_the_readme_exist() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for text in (README, CONTRIBUTING):
        for extra in re.findall(r"\[(\w+)\]'", text):
            assert extra in project["optional-dependencies"]


def test_the_changelog_has_this_version() -> None:
    assert f"\n## {stinkarm.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_docstring_examples_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    from stinkarm import api

    for module in (stinkarm, api):
        assert module.__doc__ is not None
        code = textwrap.dedent("\n".join(line for line in module.__doc__.split("\n") if line.startswith("    ")))
        assert code.startswith("import stinkarm\n")
        exec(compile(code, module.__name__, "exec"), {})
