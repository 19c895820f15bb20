"""The Python API with wrong arguments, closed, copied, dropped; with streams, directories and text of the caller's."""

from __future__ import annotations

import copy
import inspect
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

import stinkarm
from stinkarm import Emulator, UsageError

EXAMPLES = Path(__file__).parent.parent / "examples"
HELLO, FIBONACCI, CRASH = EXAMPLES / "hello.elf", EXAMPLES / "fibonacci.elf", EXAMPLES / "crash.elf"
HELLO_C = EXAMPLES / "hello-c.elf"


def wrong(call: Callable[[Emulator], object], message: str) -> object:
    """Make a case: a call, and what its error says."""
    return pytest.param(call, message, id=message)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        wrong(lambda e: e.step(-1), "count is -1; it must be a whole number from 0"),
        wrong(lambda e: e.step("1"), "count is '1'"),  # type: ignore[arg-type]
        wrong(lambda e: e.step(1.5), "count is 1.5"),  # type: ignore[arg-type]
        wrong(lambda e: e.step(True), "count is True"),
        wrong(lambda e: e.run(max_instructions=-1), "max_instructions is -1"),
        wrong(lambda e: e.run(max_instructions=1 << 64), "max_instructions is a number of 65 bits"),
        wrong(lambda e: e.run(until="fibonaci"), "until is 'fibonaci'.* did you mean 'fibonacci'"),
        wrong(lambda e: e.run(until="\0"), "no symbol of that name"),
        wrong(lambda e: e.run(until=-4), "until is -4; it must be an address, the name of a symbol or a function"),
        wrong(lambda e: e.run(until=[1]), r"until is \[1\]"),  # type: ignore[arg-type]
        wrong(lambda e: e.read(0x8000, -1), "size is -1; it must be a number of bytes"),
        wrong(lambda e: e.read(-1, 1), "address is -1; it must be an address"),
        wrong(lambda e: e.read(1 << 32, 1), r"address is a number of 33 bits \(0x100000000\)"),
        wrong(lambda e: e.read(None, 1), "address is None"),  # type: ignore[arg-type]
        wrong(lambda e: e.read_u32(-4), "address is -4"),
        wrong(lambda e: e.read_cstring(0x8000, -1), "limit is -1"),
        wrong(lambda e: e.read_cstring("main"), "address is 'main'"),  # type: ignore[arg-type]
        wrong(lambda e: e.write(0x8000, "text"), r"data is 'text'; it must be bytes; encode it first"),  # type: ignore[arg-type]
        wrong(lambda e: e.write(0x8000, 5), "data is 5"),  # type: ignore[arg-type]
        wrong(lambda e: e.write_u32(0x8000, 1 << 32), "value is a number of 33 bits"),
        wrong(lambda e: e.map(-1, 1), "address is -1"),
        wrong(lambda e: e.map(None, 0), "size is 0; a mapping has at least a byte"),
        wrong(lambda e: e.map(None, -5), "size is -5"),
        wrong(lambda e: e.map(None, 1, 7), "permissions is 7; it must be a string"),  # type: ignore[arg-type]
        wrong(lambda e: e.jump(-1), "address is -1"),
        wrong(lambda e: e.find_symbol(5), "name is 5"),  # type: ignore[arg-type]
        wrong(lambda e: e.name_address("main"), "address is 'main'"),  # type: ignore[arg-type]
        wrong(lambda e: e.disassemble(-1), "address is -1"),
        wrong(lambda e: e.disassemble(0x8000, -1), "count is -1"),
        wrong(lambda e: e.where(-1), "address is -1"),
        wrong(lambda e: e.backtrace(0), "limit is 0; it must be a number of frames"),
        wrong(lambda e: setattr(e, "r0", "5"), "r0 is '5'; it must be a number of 32 bits"),
        wrong(lambda e: setattr(e, "r0", 1 << 32), "r0 is a number of 33 bits"),
        wrong(lambda e: setattr(e, "cpsr", None), "cpsr is None"),
        wrong(lambda e: e.registers.update(sp=1.0), "sp is 1.0"),  # type: ignore[arg-type]
        wrong(lambda e: e.stdout, "stdout is not collected; make the Emulator with stdout=PIPE"),
    ],
)
def test_wrong_arguments(call: Callable[[Emulator], object], message: str) -> None:
    with Emulator(FIBONACCI) as emulator:
        before = dict(emulator.registers)
        with pytest.raises(UsageError, match=message):
            call(emulator)
        assert dict(emulator.registers) == before
        assert emulator.instructions == 0


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("PC", "no attribute 'PC'; did you mean 'pc'"),
        ("r16", "r0 to r15, sp, lr, pc and cpsr are the registers"),
        ("R0", "did you mean 'r0'"),
        ("register", "did you mean 'registers'"),
        ("anything", "an emulator has no attribute 'anything'$"),
    ],
)
def test_attributes_that_do_not_exist(name: str, message: str) -> None:
    with Emulator(FIBONACCI) as emulator:
        with pytest.raises(AttributeError, match=message):
            setattr(emulator, name, 1)
        with pytest.raises(AttributeError):
            getattr(emulator, name)
        with pytest.raises(AttributeError):
            emulator.thumb = True  # type: ignore[misc]


def test_a_class_of_the_users_may_have_attributes() -> None:
    class Traced(Emulator):
        def __init__(self) -> None:
            super().__init__(FIBONACCI)
            self.trace = [1]

    with Traced() as emulator:
        assert emulator.trace == [1]
        with pytest.raises(AttributeError, match="r16"):
            emulator.r16 = 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"args": 5}, "args is 5; it must be a list"),
        ({"env": [1]}, "env is .* it must be a dictionary"),
        ({"env": {1: "x"}}, "env has 1"),
        ({"syscalls": 5}, "syscalls is 5"),
        ({"engine": None}, "engine is None"),
        ({"allow_read": 5}, "allow_read is 5"),
        ({"stack_size": "big"}, "stack_size wants a size"),
        ({"stack_size": -1}, "stack_size wants a size"),
        ({"log": [5], "log_file": "x"}, "log is 5"),
        ({"log": ["elf"], "log_file": 5}, "log_file has 5"),
        ({"argv0": 5}, "argv0 has 5"),
    ],
)
def test_wrong_options(options: dict[str, object], message: str) -> None:
    for make in (Emulator, stinkarm.run):
        with pytest.raises(UsageError, match=message):
            make(HELLO, **options)  # type: ignore[arg-type,operator]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"stdin": "text"}, "stdin is a str; it must be bytes"),
        ({"stdin": 5, "text": True}, "stdin is a int; it must be bytes or a string"),
        ({"max_output": -1}, "max_output is -1"),
        ({"max_output": "x"}, "max_output is 'x'"),
        ({"timeout": "soon"}, "timeout wants a number of seconds"),
        ({"timeout": -1}, "timeout wants"),
        ({"max_instructions": "x"}, "max_instructions wants"),
        ({"cwd": 5}, "cwd has 5"),
        ({"cwd": "/nowhere/at/all"}, "cwd is '/nowhere/at/all', where the program cannot be run: No such file"),
        ({"cwd": HELLO}, "cannot be run: Not a directory"),
    ],
)
def test_wrong_options_of_run(options: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        stinkarm.run(HELLO, **options)  # type: ignore[call-overload]


def test_until_a_name() -> None:
    with Emulator(FIBONACCI) as emulator:
        assert emulator.run(until="fibonacci").kind == "until"
        assert emulator.name_address(emulator.pc) == "fibonacci"


PUBLIC = [name for name in dir(Emulator) if not name.startswith("_") and name not in ("close", "from_code")]


@pytest.mark.parametrize("name", PUBLIC)
def test_closed(name: str) -> None:
    emulator = Emulator(FIBONACCI, stdout=stinkarm.PIPE)
    emulator.run(max_instructions=3)
    registers = emulator.registers
    emulator.close()
    emulator.close()
    assert repr(emulator) == "<Emulator, closed>"
    arguments = {"read": (0x8000, 4), "write": (0x8000, b"x"), "write_u32": (0x8000, 1), "map": (None, 1)}
    simple = {"read_u32": (0,), "read_cstring": (0,), "find_symbol": ("x",), "name_address": (0,), "jump": (0,)}
    with pytest.raises(UsageError, match="the emulator is closed"):
        value = getattr(emulator, name)
        if callable(value):
            value(*{**arguments, **simple}.get(name, ()))
        else:
            str(registers)
    with pytest.raises(UsageError, match="the emulator is closed"), emulator:
        pass
    if isinstance(inspect.getattr_static(Emulator, name), stinkarm.registers.Register):  # type: ignore[attr-defined]
        with pytest.raises(UsageError, match="the emulator is closed"):
            setattr(emulator, name, 1)


def test_copies_are_refused() -> None:
    with Emulator(FIBONACCI) as emulator:
        for attempt in (copy.copy, copy.deepcopy, pickle.dumps):
            with pytest.raises(TypeError, match="an emulator cannot be copied or pickled"):
                attempt(emulator)  # type: ignore[operator]
        assert emulator.run().kind == "exited"


def counts() -> tuple[int, int, int, list[str]]:
    """Count descriptors, mappings and threads of this process, and list its children."""
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    mappings = len(Path("/proc/self/maps").read_text().splitlines())
    return len(os.listdir("/proc/self/fd")), mappings, threading.active_count(), children


@pytest.mark.parametrize("close", [True, False])
def test_many_emulators_leave_nothing(close: bool) -> None:
    def make(number: int) -> None:
        emulator = Emulator(FIBONACCI, stdout=stinkarm.PIPE)
        assert emulator.run(max_instructions=None if number % 2 else 10).kind in ("exited", "instructions")
        if close:
            emulator.close()

    for number in range(4):
        make(number)
    descriptors, mappings, threads, children = counts()
    for number in range(100):
        make(number)
    after = counts()
    assert (after[0], after[2], after[3]) == (descriptors, threads, children)
    assert after[1] < mappings + 10


def test_streams_of_an_emulator(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with Emulator(HELLO, stdout=stinkarm.PIPE) as emulator:
        emulator.run()
        assert emulator.stdout == b"Hello, world!\n"
        with pytest.raises(UsageError, match="stderr is not collected"):
            emulator.stderr  # noqa: B018
    output = tmp_path / "output"
    with output.open("wb") as file, Emulator(HELLO, stdout=file) as emulator:
        emulator.run()
    assert output.read_bytes() == b"Hello, world!\n"
    with Emulator(HELLO, stdout=stinkarm.DEVNULL) as emulator:
        assert emulator.run().kind == "exited"
    assert capfd.readouterr().out == ""
    with Emulator(HELLO) as emulator:
        emulator.run()
    assert capfd.readouterr().out == "Hello, world!\n"


def test_a_function_of_the_callers_writes_where_the_caller_does(capfd: pytest.CaptureFixture[str]) -> None:
    def tell(emulator: Emulator) -> bool:
        os.write(1, b".")
        return False

    with Emulator(HELLO, stdout=stinkarm.PIPE) as emulator:
        emulator.run(until=tell)
        assert emulator.stdout == b"Hello, world!\n"
    assert set(capfd.readouterr().out) == {"."}


def test_what_the_guest_does_to_its_streams_is_not_the_callers(tmp_path: Path) -> None:
    # close(1); write(1, pc, 4): EBADF; exit(-r0)
    code = bytes.fromhex(
        "0100a0e3 0670a0e3 000000ef 0f10a0e1 0420a0e3 0100a0e3 0470a0e3 000000ef 000060e2 0170a0e3 000000ef"
    )
    data = bytearray((EXAMPLES / "exit.elf").read_bytes())
    with Emulator(EXAMPLES / "exit.elf") as emulator:
        start = data.find(emulator.read(emulator.pc, 12))
    data[start : start + len(code)] = code
    (tmp_path / "closes.elf").write_bytes(data)
    before = os.fstat(1)
    for steps in (None, 1):
        with Emulator(tmp_path / "closes.elf", stdout=stinkarm.PIPE) as emulator:
            while (reason := emulator.run(max_instructions=steps)).kind == "instructions":
                assert os.path.samestat(os.fstat(1), before)
            assert reason.status == 9
        assert os.path.samestat(os.fstat(1), before)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"stdin": "text"}, "stdin is 'text'; it must be bytes, DEVNULL, a file or its descriptor"),
        ({"stdout": b"x"}, "stdout is b'x'; it must be PIPE, DEVNULL"),
        ({"stdout": 999}, "stdout is 999, which is not an open file"),
        ({"stderr": True}, "stderr is True"),
        ({"stdin": stinkarm.PIPE}, "stdin is -1"),
    ],
)
def test_wrong_streams(options: dict[str, object], message: str) -> None:
    before = os.listdir("/proc/self/fd")
    with pytest.raises(UsageError, match=message):
        Emulator(HELLO, **options)  # type: ignore[arg-type]
    assert os.listdir("/proc/self/fd") == before


def test_stdin_of_an_emulator() -> None:
    read = bytes.fromhex("0000a0e3 0d10a0e1 1020a0e3 0370a0e3 000000ef")  # read(0, sp, 16)
    with Emulator(EXAMPLES / "exit.elf", stdin=b"some input") as emulator:
        emulator.write(emulator.pc, read)
        emulator.sp -= 64
        emulator.step(5)
        assert emulator.r0 == 10
        assert emulator.read(emulator.sp, 10) == b"some input"


# run


def test_text() -> None:
    result = stinkarm.run(HELLO_C, args=["Zoë"], text=True)
    assert result.stdout == "Hello, Zoë!\n"
    assert result.stderr == ""
    assert stinkarm.run(HELLO_C, args=["\udcff"], text=True).stdout == "Hello, \ufffd!\n"
    assert stinkarm.run(HELLO_C).stdout == b"Hello, world!\n"


def test_check() -> None:
    assert stinkarm.run(HELLO, check=True).status == 0
    with pytest.raises(stinkarm.ProgramFailed, match=r"exit\.elf: it exited with status 161") as caught:
        stinkarm.run(EXAMPLES / "exit.elf", check=True)
    assert caught.value.result.status == 161
    assert isinstance(caught.value, stinkarm.StinkarmError)
    with pytest.raises(stinkarm.ProgramFailed, match=r"SIGSEGV ended it: read of NULL\+0x10") as caught:
        stinkarm.run(CRASH, check=True)
    assert caught.value.result.crash is not None
    with pytest.raises(stinkarm.ProgramFailed, match="it was ended by max_instructions"):
        stinkarm.run(HELLO, check=True, max_instructions=1)


def test_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(EXAMPLES)
    (tmp_path / "file").write_bytes(b"")
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  file\n"
    for grants in ({"syscalls": "forward"}, {"allow_read": [tmp_path]}, {"allow_read": [os.path.relpath(tmp_path)]}):
        result = stinkarm.run("sha256.elf", ["file"], cwd=tmp_path, text=True, **grants)  # type: ignore[call-overload]
        assert result.stdout == empty, result
    assert stinkarm.run("./hello.elf", cwd="/").status == 0


def test_relative_entries_of_the_path(tmp_path: Path) -> None:
    source = Path(stinkarm.__file__).parent.parent
    code = (
        f"import sys; sys.path.insert(0, 'src'); import stinkarm; print(stinkarm.run({str(HELLO)!r}, cwd='/').status)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=source.parent, capture_output=True, text=True, check=False)
    assert done.stdout == "0\n", done.stderr
