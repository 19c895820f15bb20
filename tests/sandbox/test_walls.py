"""The second wall: what the kernel refuses to a sandboxed guest's process when stinkarm's own checks let it through."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

import stinkarm
from stinkarm.engine.store import interpreter_path
from stinkarm.sandbox import landlock, seccomp
from stinkarm.settings import Settings

EXAMPLES = Path(__file__).parents[2] / "examples"

needs_landlock = pytest.mark.skipif(landlock.abi() < landlock.SCOPES_SINCE, reason="the host's Landlock is too old")

# What follows stands where a guest's system call would be carried out, with nothing checked before.
BEHIND = """
import errno, os, socket, sys
from stinkarm import runner
from stinkarm.settings import Settings
settings = Settings()
settings.program = {program!r}
for name, value in {options!r}.items():
    setattr(settings, name, value)
machine = runner.prepare(settings, runner.open_log(settings, None))
walls = runner.prepare_walls(machine)
assert walls is not None
runner.stand(walls)
assert not walls.left_out, walls.left_out

def refused(function, *arguments):
    try:
        function(*arguments)
    except OSError as error:
        return errno.errorcode[error.errno]
    return "done"
"""


def behind(code: str, **options: object) -> list[str]:
    """Run Python code behind the walls of a guest with these settings; give the lines that it prints."""
    text = BEHIND.format(program=str(EXAMPLES / "hello.elf"), options=options) + textwrap.dedent(code)
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@needs_landlock
def test_files_that_were_not_granted_are_out_of_reach(tmp_path: Path) -> None:
    granted, other = tmp_path / "granted", tmp_path / "other"
    granted.mkdir()
    other.mkdir()
    (granted / "in").write_text("in")
    (other / "out").write_text("out")
    (granted / "link").symlink_to(other / "out")
    lines = behind(
        f"""
        granted, other = {str(granted)!r}, {str(other)!r}
        print(open(granted + "/in").read())
        print(refused(open, granted + "/in", "a"))
        print(refused(open, granted + "/link"), refused(open, granted + "/../other/out"))
        print(refused(open, other + "/out"))
        print(refused(open, "/etc/hostname"), refused(os.listdir, "/"), refused(os.listdir, "/root"))
        print(refused(open, other + "/new", "w"), refused(os.mkdir, granted + "/new"))
        print(refused(os.unlink, other + "/out"))
        print(refused(open, "/proc/self/mem", "r+b"), refused(open, "/proc/%d/environ" % os.getppid()))
        """,
        allow_read=[str(granted)],
    )
    assert lines == [
        *("in", "EACCES", "EACCES EACCES", "EACCES", "EACCES EACCES EACCES", "EACCES EACCES", "EACCES"),
        "EACCES EACCES",
    ]


@needs_landlock
def test_a_write_grant_reaches_no_further(tmp_path: Path) -> None:
    granted, other = tmp_path / "granted", tmp_path / "other"
    granted.mkdir()
    other.mkdir()
    (other / "out").write_text("out")
    lines = behind(
        f"""
        granted, other = {str(granted)!r}, {str(other)!r}
        open(granted + "/a", "w").write("a")
        os.mkdir(granted + "/d")
        os.rename(granted + "/a", granted + "/d/b")
        os.symlink("b", granted + "/d/l")
        os.mkfifo(granted + "/f")
        print(refused(os.rename, granted + "/d/b", other + "/b"), refused(os.link, other + "/out", granted + "/out"))
        print(refused(os.mknod, granted + "/null", 0o20666, os.makedev(1, 3)))
        print(refused(os.rename, granted, other + "/granted"))
        """,
        allow_write=[str(granted)],
    )
    assert set(lines[0].split()) <= {"EACCES", "EXDEV"}
    assert lines[1] in ("EACCES", "EPERM")
    assert lines[2] in ("EACCES", "EXDEV")
    assert sorted(os.listdir(granted / "d")) == ["b", "l"]


@needs_landlock
def test_the_cache_cannot_be_written() -> None:
    lines = behind(
        """
        from stinkarm.engine.store import cache_directory, interpreter_path
        cache = cache_directory()
        for name in ("planted", "code/planted", os.path.basename(interpreter_path())):
            print(refused(open, cache + "/" + name, "ab"))
        print(refused(os.rename, cache + "/code", cache + "/other"), refused(os.unlink, interpreter_path()))
        """
    )
    assert lines == ["EACCES", "EACCES", "EACCES", "EACCES EACCES"]


def test_nothing_is_executed_and_no_process_made_without_a_grant() -> None:
    lines = behind(
        """
        print(refused(os.execv, "/bin/true", ["true"]), refused(os.fork))
        print(refused(os.posix_spawn, "/bin/true", ["t"], {}))
        """
    )
    assert lines == ["EPERM EPERM", "EPERM"]


@needs_landlock
def test_with_children_only_stinkarm_is_executed(tmp_path: Path) -> None:
    (tmp_path / "true").write_bytes(Path("/bin/true").read_bytes())
    (tmp_path / "true").chmod(0o755)
    lines = behind(
        f"""
        pid = os.fork()
        if not pid:
            print(refused(os.execv, "/bin/true", ["true"]), refused(os.execv, {str(tmp_path / "true")!r}, ["true"]))
            sys.stdout.flush()
            os.execv(sys.executable, [sys.executable, "-ISc", "print('Python')"])
        os.waitpid(pid, 0)
        """,
        allow_run=True,
        allow_write=[str(tmp_path)],
    )
    assert lines == ["EACCES EACCES", "Python"]


def test_the_network_is_out_of_reach() -> None:
    lines = behind(
        """
        print([refused(socket.socket, family) for family in (socket.AF_INET, socket.AF_INET6, socket.AF_PACKET)])
        print(refused(socket.socket, socket.AF_UNIX))
        """
    )
    assert lines == ["['EACCES', 'EACCES', 'EACCES']", "done"]


@needs_landlock
def test_only_granted_ports_are_in_reach() -> None:
    lines = behind(
        """
        for port in (1, 2):
            print(refused(socket.create_connection, ("127.0.0.1", port)))
        print(refused(socket.create_server, ("127.0.0.1", 54321)))
        """,
        allow_net=["127.0.0.1:1"],
    )
    assert lines == ["ECONNREFUSED", "EACCES", "EACCES"]


@needs_landlock
def test_nobody_else_gets_a_signal() -> None:
    assert behind("print(refused(os.kill, os.getppid(), 0), refused(os.kill, os.getpid(), 0))") == ["EPERM done"]


def test_capabilities_are_given_up() -> None:
    lines = behind(
        """
        status = dict(line.split(":", 1) for line in open("/proc/self/status"))
        print(*(status[name].strip() for name in ("NoNewPrivs", "Seccomp", "CapEff", "CapPrm")))
        """
    )
    kept = f"{1 << 2:016x}" if os.geteuid() == 0 else f"{0:016x}"
    assert lines == [f"1 2 {kept} {kept}"]


def test_calls_that_nothing_needs_are_refused() -> None:
    lines = behind(
        """
        import ctypes
        libc = ctypes.CDLL(None, use_errno=True)
        def call(*arguments):
            return errno.errorcode[ctypes.get_errno()] if libc.syscall(*arguments) < 0 else "done"
        print(call(101, 0, 0, 0, 0), call(165, 0, 0, 0, 0), call(272, 0x10000000), call(425, 1, 0))
        print(call(435, 0, 0), call(4000), call(0x40000000 + 39), call(56, 0x10000011, 0, 0, 0, 0), call(39))
        print(call(16, 0, 0x5412, 0), call(16, 0, 0x541C, 0))
        """
    )
    assert lines == ["EPERM EPERM EPERM EPERM", "ENOSYS ENOSYS ENOSYS EPERM done", "EPERM EPERM"]


# With a guest

UNCHECKED = """
import os, sys
from stinkarm import runner
from stinkarm.settings import Settings
settings = Settings()
settings.program, settings.arguments = sys.argv[1], sys.argv[2:]
settings.allow_read = [os.path.dirname(sys.argv[2])]
machine = runner.prepare(settings, runner.open_log(settings, None))
walls = runner.prepare_walls(machine)
machine.policy.mode = "forward"
machine.policy.descriptors.sandboxed = False
machine.policy._paths = None
runner.stand(walls)
os._exit(runner.finish(machine, runner.execute(machine)))
"""


@needs_landlock
def test_a_guest_whose_calls_are_not_checked(tmp_path: Path) -> None:
    (tmp_path / "granted").mkdir()
    (tmp_path / "granted" / "a").write_text("")
    (tmp_path / "b").write_text("")
    (tmp_path / "granted" / "link").symlink_to(tmp_path / "b")
    names = [tmp_path / "granted" / "a", tmp_path / "b", tmp_path / "granted" / "link", Path("/etc/hostname")]
    for name in names:
        arguments = [str(EXAMPLES / "sha256.elf"), str(name)]
        arguments = [arguments[0], str(names[0]), str(name)]
        done = subprocess.run(
            [sys.executable, "-c", UNCHECKED, *arguments], capture_output=True, text=True, check=False
        )
        assert "Traceback" not in done.stderr
        assert str(names[0]) in done.stdout
        assert (str(name) in done.stdout) == (name == names[0])


def test_hot_code_is_compiled_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "stinkarm").mkdir(mode=0o700)
    shutil.copy2(interpreter_path(), tmp_path / "stinkarm")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tmp_path / "big").write_bytes(bytes(40 << 20))
    command = [sys.executable, "-m", "stinkarm", "--log", "jit", "--engine", "jit:hot=200"]
    command += [f"--allow-read={tmp_path / 'big'}", str(EXAMPLES / "sha256.elf"), str(tmp_path / "big")]
    end = time.monotonic() + 120
    said = ""
    while not list(tmp_path.rglob("*.pack")):
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
        said += done.stderr
        assert time.monotonic() < end, said
    assert "worker outside is started" in said


def test_an_emulator_puts_no_wall_around_its_user() -> None:
    code = """
    import stinkarm
    with stinkarm.Emulator({program!r}) as emulator:
        emulator.run()
    status = dict(line.split(":", 1) for line in open("/proc/self/status"))
    print(status["NoNewPrivs"].strip(), status["Seccomp"].strip())
    """
    text = textwrap.dedent(code).format(program=str(EXAMPLES / "exit.elf"))
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    assert done.stdout.split()[-2:] == ["0", "0"]


def test_the_walls_are_explained(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "stinkarm", "--explain-sandbox", f"--allow-write={tmp_path}"]
    done = subprocess.run([*command, str(EXAMPLES / "hello.elf")], capture_output=True, text=True, check=True)
    assert "Hello" not in done.stdout
    assert f'read, write  "{tmp_path}"' in done.stdout
    assert "ptrace=EPERM" in done.stdout
    done = subprocess.run(
        [*command, "-C", "forward", str(EXAMPLES / "hello.elf")], capture_output=True, text=True, check=True
    )
    assert "second wall: none" in done.stdout


# The filter's program


def run_filter(program: bytes, number: int, *arguments: int, architecture: int = seccomp.AUDIT_ARCH_X86_64) -> int:
    """Interpret the BPF program; give the errno that it answers with, or 0."""
    data = number.to_bytes(4, "little") + architecture.to_bytes(4, "little") + bytes(8)
    data += b"".join(argument.to_bytes(8, "little") for argument in (*arguments, 0, 0, 0, 0, 0, 0)[:6])
    accumulator, at = 0, 0
    while True:
        code, then, otherwise, k = (
            int.from_bytes(program[at : at + 2], "little"),
            program[at + 2],
            program[at + 3],
            int.from_bytes(program[at + 4 : at + 8], "little"),
        )
        at += 8
        match code:
            case 0x20:
                accumulator = int.from_bytes(data[k : k + 4], "little")
            case 0x54:
                accumulator &= k
            case 0x15:
                at += 8 * (then if accumulator == k else otherwise)
            case 0x25:
                at += 8 * (then if accumulator > k else otherwise)
            case 0x06:
                return k & 0xFFFF if k >> 16 == 5 else 0
            case _:
                raise AssertionError(f"code {code:#x}")


@pytest.mark.parametrize("children", [False, True])
@pytest.mark.parametrize("network", [False, True])
def test_each_number_gets_the_answer_of_its_rules(children: bool, network: bool) -> None:
    rules = seccomp.rules(network=network, children=children, host_programs=children)
    program = seccomp.program(rules)
    always = {rule.number: rule.error for rule in rules if rule.condition is None}
    conditions = {rule.number for rule in rules if rule.condition is not None}
    for number in range(seccomp.LAST + 100):
        if number in conditions:
            continue
        expected = always.get(number, 0) if number <= seccomp.LAST else 38
        assert run_filter(program, number) == expected, number
    assert run_filter(program, 39, architecture=0x40000003) == 38
    assert [run_filter(program, 41, family) for family in (1, 2, 10, 17)] == [0, *([0, 0] if network else [13, 13]), 13]
    assert run_filter(program, 56, 0x10F00) == 0
    assert run_filter(program, 56, 0x11) == (0 if children else 1)
    assert run_filter(program, 56, 0x10010000) == 1
    assert [run_filter(program, 16, 0, request) for request in (0x5401, 0x5412, 0x541C)] == [0, 1, 1]


def test_settings_have_walls_by_default() -> None:
    assert not Settings().no_walls
    assert stinkarm.run(EXAMPLES / "hello.elf").status == 0
