"""`--log jit`, `--dump` and `--perf-map` tell what becomes of hot code."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from stinkarm.engine.perf_map import PerfMap

EXAMPLES = Path(__file__).parents[2] / "examples"


def stinkarm(*arguments: str) -> tuple[int, str, str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "stinkarm", *arguments, str(EXAMPLES / "fibonacci.elf")],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    out, err = process.communicate(timeout=100)
    assert (process.returncode, out) == (0, "46368\n"), err
    return process.pid, out, err


def test_all_stages_of_a_region_are_shown() -> None:
    _, _, err = stinkarm("--engine", "jit:hot=10,sync", "--dump", "regions,ir,opt,asm")
    kinds = re.findall(r"^; (\w+) of (0x\w+ .A32.)$", err, re.MULTILINE)
    assert [kind for kind, _ in kinds[:4]] == ["regions", "ir", "opt", "asm"]
    assert len({place for _, place in kinds[:4]}) == 1
    assert "  00008018  e3500002  cmp r0, #2\n" in err
    assert "define hidden preserve_nonecc void @region(" in err and "\nregion:\n" in err


def test_a_worker_sends_its_dumps(tmp_path: Path) -> None:
    from stinkarm.engine.watch import Watch
    from tests.engine.hot import Guest

    dumped: list[str] = []
    guest = Guest("hot=100,nocache", watch=Watch(None, dumped.append, ["regions"]))
    try:
        guest.until_compiled()
        assert "e2522001  subs r2, r2, #1\n" in dumped[0]
        assert "\nentries 0x10000" in dumped[0]
    finally:
        guest.close()


def test_the_log_says_what_happens() -> None:
    _, _, err = stinkarm("--engine", "jit:hot=10,sync,forget=1", "--log", "jit")
    assert re.search(r"ms\] 0x00008018 \(A32\) is hot\n", err)
    assert re.search(
        r"0x00008018 \(A32\) is compiled: \d+ instructions, \d+ entries, \d+ bytes at 0x\w+, [\d.]+ ms\n", err
    )
    assert re.search(r"1 regions of 0x0..0x100000000 are forgotten\n", err)


def test_perf_is_told_the_names() -> None:
    pid, _, _ = stinkarm("--engine", "jit:hot=10,sync", "--perf-map")
    path = Path(f"/tmp/perf-{pid}.map")
    lines = path.read_text().splitlines()
    assert path.stat().st_mode & 0o777 == 0o600
    path.unlink()
    assert lines and all(re.fullmatch(r"[0-9a-f]+ [0-9a-f]+ arm:\S+", line) for line in lines)
    assert any("arm:fib" in line for line in lines)


def test_a_perf_map_follows_no_link(tmp_path: Path) -> None:
    path = Path(f"/tmp/perf-{os.getpid()}.map")
    victim = tmp_path / "victim"
    victim.write_text("mine")
    if path.exists():
        pytest.skip(f"{path} is there")
    path.symlink_to(victim)
    try:
        PerfMap(lambda address: "name").add([(0x1000, 16, 4)])
        assert victim.read_text() == "mine"
        assert path.read_text() == "1000 10 arm:name\n"
    finally:
        path.unlink()


def test_wrong_kinds_are_refused() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "stinkarm", "--dump", "ir,llvm", "x"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr == "stinkarm: --dump 'llvm' is not known; it is one of regions, ir, opt, asm.\n"
