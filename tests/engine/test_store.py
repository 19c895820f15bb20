"""Where the native interpreter is kept: built once, never believed when it is not whole or not ours."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from stinkarm.engine import store
from stinkarm.engine.image import HEADER_SIZE, SYMBOLS, pack_header

SOURCE = Path(store.__file__).parents[2]
WHOLE = pack_header([0] * len(SYMBOLS), HEADER_SIZE + 100) + bytes(100)

# Stands for the compiler: notes that it was called, takes its time and writes a file that passes for an interpreter.
FAKE = f"""
import os, subprocess, sys, time
from stinkarm.engine import store

def build(command, **options):
    assert command[1:4] == ["-P", "-m", "stinkarm.engine.build"], command
    with open(os.environ["CALLS"], "a") as calls:
        calls.write("built\\n")
    time.sleep(0.3)
    with open(command[-1] + ".tmp", "wb") as file:
        file.write({WHOLE[:64]!r} + bytes({len(WHOLE) - 64}))
    os.replace(command[-1] + ".tmp", command[-1])
    return subprocess.CompletedProcess(command, 0, "built x (1 bytes) in 0.3 s", "")

subprocess.run = build
store.packaged_path = lambda level: "/nonexistent/interpreter"
print(store.interpreter_path())
"""


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a cache directory of the test's own, which is not made yet."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("CALLS", str(tmp_path / "calls"))
    monkeypatch.setattr(store, "packaged_path", lambda level: "/nonexistent/interpreter")
    return tmp_path / "stinkarm"


def ask() -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    return subprocess.Popen(
        [sys.executable, "-c", FAKE], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def calls(cache: Path) -> int:
    return len((cache.parent / "calls").read_text().splitlines())


def test_a_host_with_avx_512_runs_the_interpreter_of_v3(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "_level", "x86-64-v4")
    assert (store.region_level(), store.cpu_level()) == ("x86-64-v4", "x86-64-v3")
    monkeypatch.setattr(store, "_level", "x86-64-v2")
    assert (store.region_level(), store.cpu_level()) == ("x86-64-v2", "x86-64-v2")


def test_several_processes_build_once(cache: Path) -> None:
    processes = [ask() for _ in range(5)]
    answers = {process.communicate(timeout=60) for process in processes}
    assert [process.returncode for process in processes] == [0] * 5
    assert len(answers) == 1
    ((path, stderr),) = answers
    assert stderr == ""
    assert Path(path.strip()).parent == cache
    assert calls(cache) == 1
    assert cache.stat().st_mode & 0o777 == 0o700


# As FAKE, but the builder is a process of its own, which outlives the one that started it.
SLOW = FAKE.replace(
    "subprocess.run = build",
    """
if os.environ.get("CHILD"):
    build([None, "-P", "-m", "stinkarm.engine.build", os.environ["CHILD"]])
    os._exit(0)
run = subprocess.run

def start(command, **options):
    child = [sys.executable, "-c", os.environ["CODE"]]
    return run(child, env={**os.environ, "CHILD": command[-1]}, pass_fds=options["pass_fds"], capture_output=True)

subprocess.run = start
""",
).replace("time.sleep(0.3)", "time.sleep(1.5)")


def test_a_builder_whose_starter_was_killed_is_waited_for(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CODE", SLOW)
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    command = [sys.executable, "-c", SLOW]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as first:
        deadline = time.monotonic() + 30
        while not (cache.parent / "calls").exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        first.kill()
    second = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=True)
    assert Path(second.stdout.strip()).read_bytes() == WHOLE
    assert calls(cache) == 1


def cached(cache: Path) -> Path:
    """Make an up-to-date interpreter, as far as its header says."""
    cache.mkdir()
    level = store.cpu_level()
    path = cache / f"interpreter-{level}-{store.key(level)}.bin"
    path.write_bytes(WHOLE)
    path.chmod(0o644)
    return path


def test_an_interpreter_in_the_cache_is_used(cache: Path) -> None:
    path = cached(cache)
    assert store.interpreter_path() == str(path)


@pytest.mark.parametrize("content", [b"", WHOLE[:50], WHOLE[:-1], bytes(len(WHOLE)), WHOLE + b"x"])
def test_one_that_is_not_whole_is_built_again(cache: Path, content: bytes) -> None:
    path = cached(cache)
    path.write_bytes(content)
    process = ask()
    stdout, stderr = process.communicate(timeout=60)
    assert (stdout.strip(), stderr) == (str(path), "")
    assert calls(cache) == 1
    assert len(path.read_bytes()) == len(WHOLE)


@pytest.mark.parametrize("mode", [0o664, 0o646])
def test_one_that_others_can_change_is_refused(cache: Path, mode: int) -> None:
    cached(cache).chmod(mode)
    with pytest.raises(RuntimeError, match="belongs to another user or can be changed by one; remove it"):
        store.interpreter_path()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_one_of_another_user_is_refused(cache: Path) -> None:
    os.chown(cached(cache), 12345, 12345)
    # The owner may be root, whoever asks: root can change everything anyway.
    with pytest.raises(RuntimeError, match="belongs to another user"):
        store.interpreter_path()


def test_a_cache_that_cannot_be_made(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/dev/null")
    with pytest.raises(RuntimeError, match=r"kept in /dev/null/stinkarm: Not a directory; set XDG_CACHE_HOME to"):
        store.interpreter_path()


def test_a_build_that_fails_says_why_in_a_line(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(command: list[str], **options: object) -> subprocess.CompletedProcess[str]:
        text = "Traceback (most recent call last):\n  File ...\nModuleNotFoundError: No module named 'llvmlite'\n"
        return subprocess.CompletedProcess(command, 1, "", text)

    monkeypatch.setattr(subprocess, "run", fail)
    monkeypatch.delenv("STINKARM_TRACEBACK", raising=False)
    with pytest.raises(RuntimeError, match=r"could not be built: ModuleNotFoundError: No module named 'llvmlite'$"):
        store.interpreter_path()


def test_old_interpreters_go_and_the_new_one_stays(cache: Path) -> None:
    newest = cached(cache)
    os.utime(newest, (1, 1))
    for number in range(store._KEPT + 4):
        (cache / f"interpreter-{number}.bin").write_bytes(b"")
    store._remove_old(str(newest))
    left = [path.name for path in cache.iterdir()]
    assert len(left) == store._KEPT
    assert newest.name in left


# Imported by what generates, but no part of what is generated.
NOT_GENERATING = {
    "engine/__init__.py",
    "engine/store.py",
    "guest/__init__.py",
    "guest/native.py",
}


def test_the_key_covers_every_module_that_generates() -> None:
    script = (
        "import sys; import stinkarm.engine.build, stinkarm.engine.generate\n"
        "from stinkarm.isa.decode import decoder; decoder()\n"
        "print(*(m.__file__ for n, m in sys.modules.items() if n.startswith('stinkarm.')), sep='\\n')"
    )
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    package = SOURCE / "stinkarm"
    used = {str(Path(line).relative_to(package)) for line in done.stdout.split()}
    covered = {line.split()[0] for line in store._sources()}
    assert used - covered <= NOT_GENERATING


def test_the_key_changes_with_a_source(monkeypatch: pytest.MonkeyPatch) -> None:
    sources = list(store._sources())
    before = store.key("x86-64-v2")
    assert before != store.key("x86-64-v3")
    monkeypatch.setattr(store, "_sources", lambda: [*sources[1:], sources[0] + "1"])
    assert store.key("x86-64-v2") != before
