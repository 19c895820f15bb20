"""The command line: options, errors, statuses, logs."""

from __future__ import annotations

import os
import random
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import stinkarm
from stinkarm import cli, status
from stinkarm.settings import Settings
from stinkarm.status import UsageError
from stinkarm.variables import LACKING, split_words
from tests.guest.elf_file import elf_file, segment

EXAMPLES = Path(__file__).parent.parent / "examples"
EXIT, HELLO, CRASH = (str(EXAMPLES / name) for name in ("exit.elf", "hello.elf", "crash.elf"))


# Write argv[0] to standard output.
PRINT_ARGUMENTS = elf_file(
    [
        segment(
            bytes.fromhex(
                "04109de5"  # ldr r1, [sp, #4]
                "0120a0e1"  # mov r2, r1
                "0130d2e4"  # ldrb r3, [r2], #1
                "000053e3"  # cmp r3, #0
                "fcffff1a"  # bne back to the ldrb
                "012042e2"  # sub r2, r2, #1
                "012042e0"  # sub r2, r2, r1
                "0100a0e3 0470a0e3 000000ef"  # write(1, r1, r2)
                "0000a0e3 0170a0e3 000000ef"  # exit(0)
            )
        )
    ]
)


def stinkarm_command(*arguments: str, **options: object) -> subprocess.CompletedProcess[bytes]:
    """Run the command; `options` are those of subprocess.run."""
    source = str(Path(stinkarm.__file__).parent.parent)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([source, os.environ.get("PYTHONPATH", "")])}
    defaults = {"stdin": subprocess.DEVNULL, "capture_output": True, "timeout": 300, "env": environment}
    command = [sys.executable, "-m", "stinkarm", *arguments]
    return subprocess.run(command, check=False, **{**defaults, **options})  # type: ignore[call-overload,no-any-return]


def parsed(*arguments: str) -> Settings:
    settings = cli.parse(list(arguments))
    assert settings is not None
    return settings


# Reading options


def test_options_end_at_program() -> None:
    settings = parsed("-C", "deny", "prog", "-C", "forward", "--", "-h")
    assert settings.syscalls == "deny"
    assert settings.program == "prog"
    assert settings.arguments == ["-C", "forward", "--", "-h"]


def test_two_dashes_end_the_options() -> None:
    assert parsed("--", "-strange").program == "-strange"


@pytest.mark.parametrize(
    ("arguments", "attribute", "value"),
    [
        (["-C", "forward"], "syscalls", "forward"),
        (["-Cforward"], "syscalls", "forward"),
        (["--syscalls", "deny"], "syscalls", "deny"),
        (["--syscalls=deny"], "syscalls", "deny"),
        ([], "syscalls", "sandbox"),
        ([], "allow_read", []),
        (["--allow-read"], "allow_read", True),
        (["--allow-read=/etc,lib"], "allow_read", ["/etc", "lib"]),
        (["--allow-read=/etc", "--allow-read=lib"], "allow_read", ["/etc", "lib"]),
        (["--allow-read=/etc", "--allow-read"], "allow_read", True),
        (["--allow-write=/tmp"], "allow_write", ["/tmp"]),
        (["--allow-env"], "allow_env", True),
        (["--allow-env=HOME,TERM"], "allow_env", ["HOME", "TERM"]),
        ([], "stack_size", 8 << 20),
        (["-s", "64k"], "stack_size", 64 << 10),
        (["-s16M"], "stack_size", 16 << 20),
        (["--stack-size=1G"], "stack_size", 1 << 30),
        (["-s", "123456"], "stack_size", 123456),
        (["-n"], "no_env", True),
        (["--no-env"], "no_env", True),
        (["-l", "elf"], "topics", ["elf"]),
        (["-l", "elf,memory", "--log=syscalls"], "topics", ["elf", "memory", "syscalls"]),
        (["-v", "-l", "none"], "topics", []),
        (["-v"], "topics", ["elf", "memory", "syscalls"]),
        (["-nv"], "topics", ["elf", "memory", "syscalls"]),
        (["-nlelf"], "topics", ["elf"]),
        (["-strace"], "strace", True),
        (["-E", "A=b=c", "-U", "D"], "environment_changes", [("A", "b=c"), ("D", None)]),
        (["-E", "A=1,B=", "-EC=2"], "environment_changes", [("A", "1"), ("B", ""), ("C", "2")]),
        (["--env", "A=1,B=2", "--env=C=,"], "environment_changes", [("A", "1,B=2"), ("C", ",")]),
        (["-U", "A,B"], "environment_changes", [("A", None), ("B", None)]),
        (["-seed", "7"], "seed", 7),
        (["--seed=0x10"], "seed", 16),
        (["-seed", "010"], "seed", 8),
        (["--strace"], "strace", True),
        (["-strace", "-c"], "strace_summary", True),
        (["--cpu", "max"], "cpu", "max"),
        (["-0", "me"], "argv0", "me"),
        (["-L", "/usr"], "sysroot", "/usr"),
        (["--root", "/usr"], "root", "/usr"),
        (["--allow-run"], "allow_run", True),
        (["--allow-run=a,/b"], "allow_run", ["a", "/b"]),
        (["--allow-net"], "allow_net", True),
        (["--allow-net=localhost:80,[::1]"], "allow_net", ["localhost:80", "[::1]"]),
        (["-r", "5.4.0"], "release", "5.4.0"),
        (["-D", "out.log"], "log_file", "out.log"),
        (["-cpu", "cortex-a15"], "cpu", "cortex-a15"),
        (["-cpu", "max"], "cpu", "max"),
        (["--engine", "reference"], "engine", "reference"),
        (["--max-instructions", "1_000"], "max_instructions", 1000),
        (["--max-instructions=0"], "max_instructions", 0),
        (["--timeout", "1.5"], "timeout", 1.5),
        (["--dump-asm"], "dump_asm", True),
        (["--dump-registers"], "dump_registers", True),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) and value and isinstance(value[0], str) else None,
)
def test_option(arguments: list[str], attribute: str, value: object) -> None:
    assert getattr(parsed(*arguments, "prog"), attribute) == value


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "no PROGRAM is given: stinkarm [options] PROGRAM [ARGS...]. See stinkarm --help."),
        (["-n"], "no PROGRAM is given: stinkarm [options] PROGRAM [ARGS...]. See stinkarm --help."),
        (["--max-instrctions", "3"], "--max-instrctions is not an option; did you mean --max-instructions?"),
        (["--trace"], f"qemu-arm's -trace is not an option of stinkarm: {LACKING['-trace']}."),
        (["-strce"], "-strce is not an option; did you mean -strace?"),
        (["-sedd"], "-sedd is not an option; did you mean -seed?"),
        (["-seed", "-1"], "-seed wants a whole number below 2^64, not '-1'."),
        (["-seed", "18446744073709551616"], "-seed wants a whole number below 2^64, not '18446744073709551616'."),
        (["-g", "1"], "qemu-arm's -g is not an option of stinkarm: the gdb server is not there yet."),
        (["-g1234"], "qemu-arm's -g is not an option of stinkarm: the gdb server is not there yet."),
        (["--plugin=x"], f"qemu-arm's -plugin is not an option of stinkarm: {LACKING['-plugin']}."),
        (["-E", "A=1,"], "-E wants VAR=VAL, not ''; for a value with a comma there is --env VAR=VAL."),
        (["-E", "A=1,2"], "-E wants VAR=VAL, not '2'; for a value with a comma there is --env VAR=VAL."),
        (["--env", "A"], "--env wants VAR=VAL, not 'A'."),
        (["-U", "A,"], "-U wants the name of an environment variable, not ''."),
        (["--zzzzzzzz"], "--zzzzzzzz is not an option; see stinkarm --help."),
        (["-Z"], "-Z is not an option; see stinkarm --help."),
        (["-C"], "-C needs a value: -C MODE. See stinkarm --help."),
        (["-C", "open"], "-C 'open' is not known; it is one of sandbox, forward, deny."),
        (["--no-env=1"], "--no-env takes no value, but '1' is given."),
        (["-l", "elf,asm"], "--log 'asm' is not known; it is one of none, elf, syscalls, memory, instructions, jit."),
        (["-s", "12"], "-s wants a size from 64k to 1G, such as 8M, not '12'."),
        (["-s", "2G"], "-s wants a size from 64k to 1G, such as 8M, not '2G'."),
        (["-s", "M"], "-s wants a size from 64k to 1G, such as 8M, not 'M'."),
        (["-s", "٣٣٣٣٣٣٣"], "-s wants a size from 64k to 1G, such as 8M, not '٣٣٣٣٣٣٣'."),
        (["-s", ""], "-s wants a size from 64k to 1G, such as 8M, not ''."),
        (["-E", "A"], "-E wants VAR=VAL, not 'A'; for a value with a comma there is --env VAR=VAL."),
        (["-E", "=b"], "-E wants VAR=VAL, not '=b'; for a value with a comma there is --env VAR=VAL."),
        (["-U", "A=b"], "-U wants the name of an environment variable, not 'A=b'."),
        (["-L", "/dev/null"], "-L wants a directory, and '/dev/null' is none."),
        (["-cpu", "cortex-m0"], "-cpu 'cortex-m0' is not known; it is one of max, cortex-a15."),
        (["--engine", "fast"], "--engine 'fast' is not known; it is one of jit, interpreter, reference."),
        (["--timeout", "0"], "--timeout wants a number of seconds above 0, not '0'."),
        (["--timeout", "nan"], "--timeout wants a number of seconds above 0, not 'nan'."),
        (["--timeout", "inf"], "--timeout wants a number of seconds above 0, not 'inf'."),
        (
            ["--max-instructions", "-1"],
            "--max-instructions wants a whole number of instructions below 2^63, not '-1'.",
        ),
        (
            ["--max-instructions", "9223372036854775808"],
            "--max-instructions wants a whole number of instructions below 2^63, not '9223372036854775808'.",
        ),
        (["--engine", "jit:hot=x"], "--engine jit:hot wants a whole number from 1, not 'x'."),
        (["--engine", "jit:fast"], "--engine jit 'fast' is not known; it is one of sync, nocache."),
        (["--engine", "reference:hot=1"], "--engine 'reference:hot=1' is not known; only jit has options."),
        (["--allow-read=a,,b"], "--allow-read=a,,b has an empty word; write --allow-read=PATH,...."),
        (["--allow-write="], "--allow-write= has an empty word; write --allow-write=PATH,...."),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_wrong_option(arguments: list[str], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        cli.parse([*arguments, "prog"] if arguments and arguments[-1] not in ("-C", "-n") else arguments)
    assert str(caught.value) == message


def test_the_environment_is_what_the_options_say() -> None:
    from stinkarm.sandbox.policy import Policy

    settings = parsed("-n", "-E", "A=1", "-E", "B=2", "-U", "A", "-E", "C=\udcff", "prog")
    assert settings.environment(Policy("forward")) == [b"B=2", b"C=\xff"]
    forwarded = dict(text.split(b"=", 1) for text in parsed("-U", "PATH", "prog").environment(Policy("forward")))
    assert forwarded == {name: value for name, value in os.environb.items() if name != b"PATH"}


def with_variables(variables: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Run the command with options in its environment."""
    source = str(Path(stinkarm.__file__).parent.parent)
    return stinkarm_command(*arguments, env={**os.environ, "PYTHONPATH": source, **variables})


@pytest.mark.parametrize(
    ("variables", "arguments", "said"),
    [
        ({"STINKARM_OPTIONS": "--log elf"}, [HELLO], "opening binary"),
        ({"STINKARM_OPTIONS": "-l elf,syscalls"}, ["-l", "none", "-strace", HELLO], "^execve|^write\\(1, "),
        ({"QEMU_STRACE": "1"}, [HELLO], "write\\(1, "),
        ({"QEMU_CPU": "max", "STINKARM_OPTIONS": "-cpu cortex-a16"}, [HELLO], "^stinkarm: STINKARM_OPTIONS: -cpu 'cor"),
        ({"QEMU_CPU": "cortex"}, [HELLO], "^stinkarm: QEMU_CPU 'cortex' is not known"),
        ({"QEMU_STACK_SIZE": "x"}, [HELLO], "^stinkarm: QEMU_STACK_SIZE wants a size"),
        ({"QEMU_SET_ENV": "A=1,B"}, [HELLO], "^stinkarm: QEMU_SET_ENV wants VAR=VAL, not 'B'"),
        ({"QEMU_UNSET_ENV": "A,"}, [HELLO], "^stinkarm: QEMU_UNSET_ENV wants the name of"),
        ({"QEMU_RAND_SEED": "x"}, [HELLO], "^stinkarm: QEMU_RAND_SEED wants a whole number"),
        ({"QEMU_GDB": "1234"}, [HELLO], "^stinkarm: QEMU_GDB is set, .* the gdb server is not there yet\\.$"),
        ({"QEMU_PLUGIN": "x"}, [HELLO], "^stinkarm: QEMU_PLUGIN is set, "),
        ({"STINKARM_OPTIONS": "-n x"}, [HELLO], "^stinkarm: STINKARM_OPTIONS holds options only, and 'x' is none\\.$"),
        (
            {"STINKARM_OPTIONS": "'"},
            [HELLO],
            "STINKARM_OPTIONS is not the shell's words: there is no closing '\\.$",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, dict) else None,
)
def test_options_in_the_environment(variables: dict[str, str], arguments: list[str], said: str) -> None:
    done = with_variables(variables, *arguments)
    assert re.search(said, done.stderr.decode(), re.MULTILINE)
    assert done.returncode == (0 if done.stdout else 2)


def test_words_are_split_as_the_shell_splits_them() -> None:
    generator = random.Random(1)
    for _ in range(3000):
        text = "".join(generator.choice("ab ' \" \\ \t\n$#-=") for _ in range(generator.randrange(12)))
        try:
            expected = shlex.split(text)
        except ValueError:
            with pytest.raises(ValueError, match=r"closing|backslash"):
                split_words(text)
        else:
            assert split_words(text) == expected, text


def test_options_in_the_environment_come_before_others(tmp_path: Path) -> None:
    program = tmp_path / "print.elf"
    program.write_bytes(PRINT_ARGUMENTS)
    variables = {"QEMU_ARGV0": "qemu", "QEMU_GUEST_BASE": "0x1000"}
    assert with_variables(variables, str(program)).stdout == b"qemu"
    variables["STINKARM_OPTIONS"] = "-0 'two words'"
    assert with_variables(variables, str(program)).stdout == b"two words"
    assert with_variables(variables, "-0", "me", str(program)).stdout == b"me"


def test_what_binfmt_misc_passes_on(tmp_path: Path) -> None:
    program = tmp_path / "print.elf"
    program.write_bytes(PRINT_ARGUMENTS)
    assert stinkarm_command("--binfmt", str(program), "its name", "an argument").stdout == b"its name"
    assert b"--binfmt wants PROGRAM and then its argv[0]" in stinkarm_command("--binfmt", str(program)).stderr
    assert stinkarm_command("--binfmt", "-0", "me", str(program), "its name").stdout == b"me"


# Texts


def test_help_names_every_option() -> None:
    done = stinkarm_command("--help")
    assert done.returncode == 0
    assert done.stderr == b""
    text = done.stdout.decode()
    assert all(name in text for name in cli.INDEX)
    assert max(len(line) for line in text.split("\n")) <= 100


def test_version() -> None:
    assert stinkarm_command("-V").stdout.decode() == f"stinkarm {stinkarm.__version__}\n"


def test_cpu_help() -> None:
    assert stinkarm_command("-cpu", "help").stdout == b"cortex-a15\nmax\n"


def test_help_to_a_closed_pipe() -> None:
    read, write = os.pipe()
    os.close(read)
    done = stinkarm_command("-h", capture_output=False, stdout=write, stderr=subprocess.PIPE)
    os.close(write)
    assert done.stderr == b""


# Programs that cannot be run


@pytest.mark.parametrize(
    ("name", "content", "code", "message"),
    [
        ("missing", None, 127, "there is no such file"),
        ("missing.s", None, 127, "there is no such file"),
        ("empty", b"", 126, "the file is empty"),
        ("script", b"#!/bin/sh\n", 126, "this is a script for /bin/sh"),
        ("text.elf", b"hello\n", 126, "the magic is [68, 65, 6c, 6c]"),
    ],
)
def test_not_a_program(tmp_path: Path, name: str, content: bytes | None, code: int, message: str) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    done = stinkarm_command(str(path))
    text = done.stderr.decode()
    assert done.returncode == code
    assert done.stdout == b""
    assert text.startswith(f"stinkarm: {path}: ")
    assert message in text
    assert text.count("\n") == 1


def test_a_name_cannot_steer_the_terminal(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/\x1b[2J\n\xff.elf"
    Path(os.fsdecode(path)).write_bytes(Path(CRASH).read_bytes())
    text = stinkarm_command("-l", "elf,memory", os.fsdecode(path)).stderr
    assert b"\x1b" not in text
    assert b"\xff" not in text
    shown = f'{tmp_path}/\\x1b[2J\\n\\xff.elf"'.encode()
    assert text.count(shown) >= 3
    assert b"\x1b" not in stinkarm_command(os.fsdecode(path) + "x").stderr


def test_path_is_not_searched(tmp_path: Path) -> None:
    done = stinkarm_command("sh", cwd=tmp_path)
    assert done.returncode == status.NOT_FOUND
    assert b"PATH is not searched" in done.stderr


def test_a_host_program_is_refused() -> None:
    done = stinkarm_command(sys.executable)
    assert done.returncode == status.NOT_EXECUTABLE
    assert b"64-bit x86 program" in done.stderr


def test_a_directory_is_refused(tmp_path: Path) -> None:
    done = stinkarm_command(str(tmp_path))
    assert done.returncode == status.NOT_EXECUTABLE
    assert b"a directory" in done.stderr


def test_no_address_space() -> None:
    import resource

    done = stinkarm_command(EXIT, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30)))
    assert done.returncode == status.FAILED
    assert b"ulimit -v" in done.stderr
    assert b"Traceback" not in done.stderr


# Running


def test_exit_status_passes_through() -> None:
    done = stinkarm_command(EXIT)
    assert (done.returncode, done.stdout, done.stderr) == (161, b"", b"")


def test_hello() -> None:
    done = stinkarm_command(HELLO)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"Hello, world!\n", b"")


def test_reference_engine() -> None:
    done = stinkarm_command("--engine", "reference", HELLO)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"Hello, world!\n", b"")


STAMP = re.compile(r"^\[ *\d+\.\d{3}ms\] ")


def test_elf_log() -> None:
    done = stinkarm_command("-l", "elf", "examples/exit.elf", cwd=EXAMPLES.parent)
    lines = done.stderr.decode().split("\n")
    stamped = [STAMP.sub("", line) for line in lines if STAMP.match(line)]
    assert next(line for line in lines if line.startswith("[")).index("]") == len("[     0.613ms")
    host = re.search(r"H=(0x[0-9a-f]+)", done.stderr.decode())
    assert host is not None
    assert stamped == [
        'opening binary "examples/exit.elf"',
        "parsing ELF...",
        "\\",
        f"mapped program header `LOAD` of 12B (G=0x8000 -> H={host[1]})",
        f"jumping to entry G=0x8000 at H={host[1]}",
        "starting the emulator",
        "exiting with `161`",
    ]
    table = [line for line in lines if not STAMP.match(line)]
    assert table[:8] == [
        "ELF Header:",
        "  Magic:              [7f, 45, 4c, 46]",
        "  Class:              ELF32",
        "  Data:               Little endian",
        "  Type:               Executable",
        "  Machine:            EM_ARM",
        "  Version:            1",
        "  Entry point:        0x8000",
    ]
    assert table[-5:] == [
        "Program Headers:",
        "  Type       Offset   VirtAddr   PhysAddr   FileSz    MemSz  Flags  Align",
        "  LOAD     0x001000 0x00008000 0x00008000 0x00000c 0x00000c    R|X 0x1000",
        "",
        "",
    ]
    assert done.stdout == b""


def test_syscall_log() -> None:
    done = stinkarm_command("-l", "syscalls", HELLO)
    lines = done.stderr.decode().split("\n")
    assert re.fullmatch(r'\d+ write\(fd=1, buf=0x8024 "Hello, world!\\n", len=14\) \[sandbox\]', lines[0])
    assert lines[1] == "=14"
    assert done.stdout == b"Hello, world!\n"


def test_strace() -> None:
    done = stinkarm_command("-strace", HELLO)
    assert re.search(r'^(\d+ )?write\(1, "Hello, world!\\n", 14\) += 14$', done.stderr.decode(), re.MULTILINE)
    assert done.stdout == b"Hello, world!\n"


def test_instruction_log() -> None:
    done = stinkarm_command("-l", "instructions", EXIT)
    lines = [STAMP.sub("", line) for line in done.stderr.decode().rstrip("\n").split("\n")]
    assert [line.split()[:2] for line in lines] == [
        ["00008000", "e3a000a1"],
        ["00008004", "e3a07001"],
        ["00008008", "ef000000"],
    ]
    assert lines[0].split(maxsplit=2)[2].startswith("mov r0, #161")
    assert lines[0].endswith(" r0=0x000000a1")
    assert lines[1].endswith(" r7=0x00000001")


def test_memory_log() -> None:
    text = stinkarm_command("-l", "memory", EXIT).stderr.decode()
    assert re.search(r"map 4096B \(G=0x8000 -> H=0x[0-9a-f]+\) r-xp ", text)
    assert "[stack]" in text


def test_log_file(tmp_path: Path) -> None:
    done = stinkarm_command("-v", "-D", str(tmp_path / "log"), HELLO)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"Hello, world!\n", b"")
    text = (tmp_path / "log").read_text()
    assert "ELF Header:" in text
    assert "write(" in text


def test_log_file_that_cannot_be_written(tmp_path: Path) -> None:
    done = stinkarm_command("-D", str(tmp_path / "none" / "log"), HELLO)
    assert done.returncode == status.USAGE
    assert b"the log file cannot be written: No such file or directory" in done.stderr
    assert done.stdout == b""


def test_closed_standard_files() -> None:
    command = f'exec "{sys.executable}" -m stinkarm -v "{HELLO}" <&- >&- 2>&-'
    done = subprocess.run(
        ["bash", "-c", command],
        env={**os.environ, "PYTHONPATH": str(Path(stinkarm.__file__).parent.parent)},
        check=False,
        timeout=60,
    )
    assert done.returncode in (0, 1)  # write(1) fails, and hello.s does not look


def test_dump_asm() -> None:
    done = stinkarm_command("--dump-asm", HELLO)
    text = done.stderr.decode()
    assert "00008000 <_start>:" in text
    assert "  00008010  ef000000  svc" in text
    assert ".word" in text  # the literal pool is data
    lines = text.splitlines()
    assert lines[0].startswith("00008000-00008033 r-xp /")
    assert lines[-1].startswith("  00008030  ")
    assert done.stdout == b"Hello, world!\n"


def test_dump_asm_of_a_stripped_t32_program(tmp_path: Path) -> None:
    content = bytearray(Path(EXIT).read_bytes())
    content[0x1000:0x1006] = bytes.fromhex("a120 0127 00df")  # movs r0, #161; movs r7, #1; svc #0
    content[24:28] = (0x8001).to_bytes(4, "little")  # e_entry
    content[32:36] = bytes(4)  # e_shoff
    content[48:52] = bytes(4)  # e_shnum, e_shstrndx
    path = tmp_path / "t32.elf"
    path.write_bytes(content)
    done = stinkarm_command("--dump-asm", str(path))
    assert done.returncode == 161
    assert "\n  00008000  20a1      movs r0, #161\n" in done.stderr.decode()


def test_dump_registers() -> None:
    done = stinkarm_command("--dump-registers", EXIT)
    assert " r0 000000a1 " in done.stderr.decode()
    assert "cpsr 00000010  (nzcvq GE=0000 A32)" in done.stderr.decode()
    assert done.returncode == 161


def test_arguments_reach_the_program() -> None:
    done = stinkarm_command(str(EXAMPLES / "hello-c.elf"), "-n")
    assert done.stdout == b"Hello, -n!\n"


# Limits and signals


@pytest.fixture
def spin(tmp_path: Path) -> str:
    """An executable that loops for ever: exit.elf with its first instruction `b .`."""
    content = bytearray(Path(EXIT).read_bytes())
    content[0x1000:0x1004] = bytes.fromhex("feffffea")
    path = tmp_path / "spin.elf"
    path.write_bytes(content)
    return str(path)


def test_max_instructions_is_exact() -> None:
    assert stinkarm_command("--max-instructions", "3", EXIT).returncode == 161
    done = stinkarm_command("--max-instructions", "2", "--dump-registers", EXIT)
    assert done.returncode == status.LIMIT
    assert b"ended by --max-instructions 2" in done.stderr
    assert b" pc 00008008" in done.stderr


def test_max_instructions_of_many_slices(spin: str) -> None:
    assert stinkarm_command("--max-instructions", "5000001", spin).returncode == status.LIMIT


@pytest.mark.parametrize("engine", ["interpreter", "reference"])
def test_timeout(spin: str, engine: str) -> None:
    start = time.monotonic()
    done = stinkarm_command("--engine", engine, "--timeout", "0.3", spin)
    assert done.returncode == status.LIMIT
    assert b"ended by --timeout 0.3 (seconds)" in done.stderr
    assert time.monotonic() - start < 20


def test_timeout_in_a_system_call(tmp_path: Path) -> None:
    read, write = os.pipe()  # nothing ever comes
    done = stinkarm_command("--timeout", "0.3", str(EXAMPLES / "sha256.elf"), stdin=read)
    os.close(read)
    os.close(write)
    assert done.returncode == status.LIMIT


@pytest.mark.parametrize("options", [[], ["--dump-registers"]], ids=["plain", "dump-registers"])
def test_interrupt(spin: str, options: list[str]) -> None:
    source = str(Path(stinkarm.__file__).parent.parent)
    child = subprocess.Popen(
        [sys.executable, "-m", "stinkarm", "-l", "elf", *options, spin],
        env={**os.environ, "PYTHONPATH": source},
        stderr=subprocess.PIPE,
    )
    assert child.stderr is not None
    seen = b""
    while b"starting the emulator" not in seen:
        line = child.stderr.readline()
        assert line, seen
        seen += line
    time.sleep(0.1)
    child.send_signal(signal.SIGINT)
    _, text = child.communicate(timeout=20)
    assert child.returncode == -signal.SIGINT
    assert b"Traceback" not in text
    assert (b" pc 00008000" in text) == bool(options)


def test_interrupt_while_a_source_is_built(tmp_path: Path) -> None:
    for tool in ("as", "ld"):
        script = tmp_path / f"arm-linux-gnueabi-{tool}"
        script.write_text(f"#!/bin/sh\ntouch '{tmp_path}/started'\nexec sleep 60\n")
        script.chmod(0o755)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    source = str(Path(stinkarm.__file__).parent.parent)
    path = f"{tmp_path}:{os.environ['PATH']}"
    child = subprocess.Popen(
        [sys.executable, "-m", "stinkarm", str(EXAMPLES / "exit.s")],
        env={**os.environ, "PYTHONPATH": source, "PATH": path, "TMPDIR": str(temporary)},
        stderr=subprocess.PIPE,
    )
    while not (tmp_path / "started").exists():
        assert child.poll() is None
        time.sleep(0.02)
    child.send_signal(signal.SIGINT)
    _, text = child.communicate(timeout=20)
    assert (child.returncode, text) == (-signal.SIGINT, b"")
    assert not list(temporary.iterdir())


def test_no_place_to_build_a_source(tmp_path: Path) -> None:
    source = str(Path(stinkarm.__file__).parent.parent)
    script = (
        "import sys, tempfile; tempfile._candidate_tempdir_list = lambda: ['/nonexistent']; "
        "from stinkarm.cli import main; main(sys.argv[1:])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(EXAMPLES / "exit.s")],
        env={**os.environ, "PYTHONPATH": source},
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == status.FAILED
    assert b"exit.s cannot be built: No usable temporary directory found" in done.stderr


def test_crash_report() -> None:
    done = stinkarm_command(CRASH)
    text = done.stderr.decode()
    assert done.returncode == -signal.SIGSEGV
    assert f"{CRASH}: SIGSEGV: read of NULL+0x10, where nothing is mapped\n" in text
    assert "  at pc=0x00008014 <visit>" in text
    assert re.search(r"^-> 00008014  e5940010  ldr r0, \[r4, #16\]$", text, re.MULTILINE)
    assert "  r4 00000000" in text
    assert "  0x00000010 is not mapped" in text


def test_crash_without_symbols_or_code(tmp_path: Path) -> None:
    content = bytearray(Path(EXIT).read_bytes())
    content[0x1000:0x100C] = bytes.fromhex("0ff0a0e1 0000a0e1 0000a0e1")  # mov pc, pc; nop; nop
    content[0x1000:0x1004] = bytes.fromhex("00f0a0e3")  # mov pc, #0
    content[32:36] = bytes(4)  # e_shoff
    content[48:52] = bytes(4)  # e_shnum, e_shstrndx
    path = tmp_path / "jump.elf"
    path.write_bytes(content)
    done = stinkarm_command(str(path))
    text = done.stderr.decode()
    assert done.returncode == -signal.SIGSEGV
    assert "SIGSEGV: a jump to NULL+0x0, where nothing is mapped" in text
    assert "no code can be read there" in text


@pytest.mark.parametrize(
    ("word", "number", "reason"),
    [
        ("f0f0f0e7", signal.SIGILL, "udf"),
        ("700020e1", signal.SIGTRAP, "bkpt"),
        ("00f08fe2", signal.SIGSEGV, "not executable"),  # adr pc: replaced below
    ],
)
def test_signals_of_instructions(tmp_path: Path, word: str, number: int, reason: str) -> None:
    content = bytearray(Path(EXIT).read_bytes())
    content[0x1000:0x1004] = bytes.fromhex(word)
    if reason == "not executable":
        content[0x1000:0x1004] = bytes.fromhex("0df0a0e1")  # mov pc, sp
    path = tmp_path / "signal.elf"
    path.write_bytes(content)
    done = stinkarm_command(str(path))
    assert done.returncode == -number
    assert reason in done.stderr.decode()


def test_a_shell_sees_128_plus_the_signal() -> None:
    command = f'"{sys.executable}" -m stinkarm "{CRASH}"; echo $?'
    done = subprocess.run(
        ["bash", "-c", command],
        env={**os.environ, "PYTHONPATH": str(Path(stinkarm.__file__).parent.parent)},
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert done.stdout == b"139\n"
    assert not list(Path.cwd().glob("core*"))


def test_a_defect_is_one_line(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    def broken(arguments: list[str]) -> None:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr(cli, "parse", broken)
    assert cli.run(["x"]) == status.FAILED
    text = capfd.readouterr().err
    assert text.startswith("stinkarm: this is a defect of stinkarm: ZeroDivisionError: oops (broken in test_cli.py, ")
    assert text.count("\n") == 1
