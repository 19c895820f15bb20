"""Backtraces of backtrace.c: by debug information, tables and code, after each kind of fault and between faults."""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import stinkarm
from stinkarm.guest.mapping import MAP_PRIVATE, PROT_EXEC, PROT_READ
from stinkarm.guest.memory import MAP_FIXED, GuestFault, Memory
from stinkarm.guest.sections import Sections
from stinkarm.inspect.backtrace import LIMIT, SIGNAL_FRAME, Frame, backtrace, format_callers
from stinkarm.inspect.dwarf_frames import Frames
from stinkarm.inspect.lines import Lines
from stinkarm.inspect.modules import Modules

SOURCE = Path(__file__).parent / "backtrace.c"
LINES = SOURCE.read_text().split("\n")
HARD, SOFT = "arm-linux-gnueabihf-gcc", "arm-linux-gnueabi-gcc"
BUILDS = {
    "plain": (HARD, "-O0 -g -mthumb"),
    "a32": (HARD, "-O2 -g -marm"),
    "static": (HARD, "-O2 -g -mthumb -static"),
    "small": (HARD, "-Os -g -fomit-frame-pointer"),
    "fixed": (HARD, "-O1 -no-pie -marm"),
    "soft": (SOFT, "-O1 -g"),
}
built: dict[str, Path] = {}


def build(name: str, folder: Path) -> Path:
    """Compile the program as BUILDS says, once; or skip."""
    if name not in built:
        compiler, flags = BUILDS[name]
        if shutil.which(compiler) is None:
            pytest.skip(f"{compiler} is not installed")
        output = folder / f"backtrace-{name}"
        subprocess.run(
            [compiler, *flags.split(), "-w", "-fno-optimize-sibling-calls", "-o", output, SOURCE, "-lm"], check=True
        )
        built[name] = output
    return built[name]


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the builds go."""
    return tmp_path_factory.mktemp("backtrace")


@pytest.fixture(params=list(BUILDS))
def program(request: pytest.FixtureRequest, folder: Path) -> Path:
    """Each build."""
    return build(request.param, folder)


def crash_of(program: Path, *arguments: str, **options: object) -> stinkarm.CrashReport:
    """Run the program; it must end by a signal, with a report."""
    result = stinkarm.run(program, arguments, **options)  # type: ignore[arg-type]
    assert result.reason == "signaled", result
    assert result.crash is not None
    return result.crash


def functions(frames: list[Frame]) -> list[str]:
    """List the functions of frames that have a name."""
    return [SIGNAL_FRAME if frame.signal else frame.function for frame in frames if frame.function or frame.signal]


def contains(found: list[str], *wanted: str) -> bool:
    """Say whether names stand in a list in this order."""
    left = iter(found)
    return all(name in left for name in wanted)


OURS = ("wrong", "between", "main")


@pytest.mark.parametrize(
    ("how", "first"),
    [("library", "strlen"), ("abort", ""), ("assert", ""), ("write", "wrong"), ("raise", ""), ("jump", "")],
)
def test_callers(program: Path, how: str, first: str) -> None:
    crash = crash_of(program, how)
    found = functions(crash.backtrace)
    assert contains(found, *OURS), str(crash)
    assert found[0] == first or not first
    assert crash.backtrace[0].pc == crash.pc
    text = str(crash)
    assert re.search(r"\n  by    0x\w+ <between\+0x\w+>", text), text
    assert f"pc={crash.pc:#010x}" in text


def test_what_ends_a_program_by_its_own_will(folder: Path) -> None:
    program = build("plain", folder)
    assert crash_of(program, "abort").reason == "the program called abort()"
    assert crash_of(program, "assert").reason == "an assertion of the program has failed"
    assert crash_of(program, "raise").reason == "the program sent it to itself"


def test_a_library_is_named(folder: Path) -> None:
    crash = crash_of(build("fixed", folder), "library")
    assert crash.symbol.startswith("strlen")
    first = crash.backtrace[0]
    assert first.module.endswith("/libc.so.6")
    assert not first.program
    assert f"at pc={crash.pc:#010x} <{crash.symbol} in libc.so.6>" in str(crash)
    # The offset is what binutils would be asked for.
    nm = subprocess.run(["arm-linux-gnueabihf-nm", "-D", first.module], capture_output=True, text=True, check=True)
    (value,) = re.findall(r"^(\w+) \w strlen@", nm.stdout, re.MULTILINE)
    assert first.module_offset - first.offset == int(value, 16) & ~1


@pytest.mark.parametrize("name", ["plain", "a32", "static", "small", "soft"])
def test_source_lines(name: str, folder: Path) -> None:
    crash = crash_of(build(name, folder), "write")
    by_name = {frame.function: frame for frame in crash.backtrace}
    assert by_name["wrong"].file == str(SOURCE)
    assert LINES[by_name["wrong"].line - 1].strip() == "*nowhere = 1;"
    assert "wrong(how)" in LINES[by_name["between"].line - 1]
    assert f"at backtrace.c:{by_name['between'].line}" in str(crash)


@pytest.mark.parametrize("information", [(), ("siginfo",)])
def test_through_a_handler(program: Path, information: tuple[str, ...]) -> None:
    found = functions(crash_of(program, "handler", *information).backtrace)
    assert contains(found, *OURS[:2], "handler", SIGNAL_FRAME, "raise", "in_handler", "main"), found


def test_deep_recursion(program: Path) -> None:
    crash = crash_of(program, "write", "50000")
    assert len(crash.backtrace) == LIMIT
    assert functions(crash.backtrace)[:2] == ["wrong", "between"]
    text = str(crash)
    assert "more of the same" in text
    assert text.count("<recurse+") < 4


def test_a_stack_that_was_written_over(program: Path) -> None:
    crash = crash_of(program, "smash", timeout=60)
    assert len(crash.backtrace) < LIMIT


def test_a_child(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "stinkarm", "-C", "forward", build("plain", folder), "child", "write"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert "<between+" in done.stderr


def test_a_stripped_program_has_the_same_frames(folder: Path) -> None:
    for name in ("plain", "a32", "fixed"):
        whole = build(name, folder)
        stripped = folder / f"{whole.name}-stripped"
        subprocess.run(["arm-linux-gnueabihf-strip", "-o", stripped, whole], check=True)
        for how in ("write", "library", "abort"):
            frames, expected = crash_of(stripped, how).backtrace, crash_of(whole, how).backtrace
            assert [frame.pc for frame in frames] == [frame.pc for frame in expected]
            ours = [frame for frame in frames if frame.program]
            assert ours
            assert all(not frame.function or frame.function.endswith("@plt") for frame in ours)
            assert f"<{stripped.name}+{ours[0].module_offset:#x}>" in str(ours[0])


@pytest.mark.parametrize("by", ["build-id", "debuglink"])
def test_a_separate_file_with_debug_information(by: str, folder: Path, tmp_path: Path) -> None:
    whole = build("static", folder)
    stripped, separate = tmp_path / "program", tmp_path / "program.debug"
    copy = ["arm-linux-gnueabihf-objcopy"]
    subprocess.run([*copy, "--only-keep-debug", "--compress-debug-sections=zlib", whole, separate], check=True)
    subprocess.run(["arm-linux-gnueabihf-strip", "-o", stripped, whole], check=True)
    options: dict[str, object] = {"syscalls": "forward"}
    if by == "debuglink":
        subprocess.run([*copy, f"--add-gnu-debuglink={separate}", stripped], check=True)
    crash = crash_of(stripped, "write")  # in the sandbox, where the guest could not read it
    assert not crash.backtrace[0].file
    if by == "build-id":
        build_id = Sections(whole.read_bytes()).build_id().hex()
        place = tmp_path / "root/usr/lib/debug/.build-id" / build_id[:2] / f"{build_id[2:]}.debug"
        place.parent.mkdir(parents=True)
        separate.rename(place)
        done = subprocess.run(
            [sys.executable, "-m", "stinkarm", "-L", tmp_path / "root", stripped, "write"],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        assert "<wrong+" in done.stderr
        assert "at backtrace.c:" in done.stderr
        return
    crash = crash_of(stripped, "write", **options)
    assert crash.backtrace[0].function == "wrong"
    assert crash.backtrace[0].file == str(SOURCE)
    separate.write_bytes(separate.read_bytes() + b"\0")  # no longer what the checksum is of
    assert not crash_of(stripped, "write", **options).backtrace[0].file


def test_a_limit_says_where_the_program_was(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "stinkarm", "--timeout", "1.5", build("plain", folder), "loop"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode == 124
    assert "ended by --timeout 1.5 (seconds)\n  at pc=0x" in done.stderr
    assert re.search(r"by    0x\w+ <between\+0x\w+> at backtrace.c:\d+\n", done.stderr)


# Everywhere


class Shadow:
    """The calls that have not returned, noted while a program is stepped."""

    def __init__(self, emulator: stinkarm.Emulator) -> None:
        self.emulator = emulator
        self.calls = [(emulator.lr, emulator.sp)]

    def step(self) -> bool:
        """Execute an instruction; False when main has returned or the program has ended."""
        emulator = self.emulator
        pc, lr, sp, length = emulator.pc, emulator.lr, emulator.sp, 4
        if emulator.thumb:
            (first,) = emulator.read(pc + 1, 1)
            length = 4 if first >> 3 in (29, 30, 31) else 2
        if emulator.step().kind != "instructions":
            return False
        to = emulator.pc
        if to != pc + length and emulator.lr & ~1 == pc + length and (emulator.lr != lr or self.calls[-1] != (lr, sp)):
            self.calls.append((emulator.lr, emulator.sp))
        elif self.calls and to == self.calls[-1][0] & ~1 and emulator.sp >= self.calls[-1][1]:
            self.calls.pop()
        return bool(self.calls)


@pytest.mark.parametrize("name", ["static", "a32-static", "plain-static"])
def test_at_any_instruction(name: str, folder: Path) -> None:
    """At random instructions of a program and the C library, the frames are the calls that have not returned."""
    BUILDS.setdefault("a32-static", (HARD, "-O2 -marm -static"))
    BUILDS.setdefault("plain-static", (HARD, "-O0 -mthumb -static"))
    program = build(name, folder)
    rng = random.Random(5)
    looked = wrong = 0
    with stinkarm.Emulator(program) as emulator:
        main = emulator.find_symbol("main")
        assert main is not None
        emulator.run(until=main)
        shadow = Shadow(emulator)
        with emulator.machine.modules() as modules:
            while True:
                if rng.random() < 0.015:
                    frames = backtrace(emulator.machine.state, emulator.machine.memory, modules)
                    expected = [address & ~1 for address, _ in reversed(shadow.calls)]
                    looked += 1
                    wrong += [frame.pc for frame in frames[1:]][: len(expected)] != expected
                if not shadow.step():
                    break
    assert looked > 80
    assert wrong <= looked / 50


# Files that lie


def test_a_library_that_is_replaced_is_read_from_memory(folder: Path, tmp_path: Path) -> None:
    crash = crash_of(build("plain", folder), "library")
    library = tmp_path / "libx.so"
    shutil.copy(crash.backtrace[0].module, library)
    loads = [header for header in Sections(library.read_bytes()).program_headers if header.p_type == 1]
    with Memory() as memory:
        fd = os.open(library, os.O_RDONLY)
        base = 0x40000000
        for load in loads:
            low, high = load.p_vaddr & ~4095, load.p_vaddr + load.p_filesz
            protection = PROT_READ | (PROT_EXEC if load.p_flags & 1 else 0)
            offset, size = load.p_offset & ~4095, high - low
            memory.map(base + low, size, protection, MAP_PRIVATE | MAP_FIXED, fd=fd, offset=offset, name=str(library))
        os.close(fd)
        address = base + crash.backtrace[0].module_offset
        with Modules(memory) as modules:
            module = modules.at(address)
            assert module is not None and module.fd >= 0
            assert module.lookup(address) == ("strlen", crash.backtrace[0].offset)
        os.replace(shutil.copy(SOURCE, tmp_path / "new"), library)
        with Modules(memory) as modules:
            module = modules.at(address)
            assert module is not None and module.fd < 0
            assert module.lookup(address) == ("strlen", crash.backtrace[0].offset)


def test_damaged_debug_information(folder: Path) -> None:
    program = build("plain", folder)
    sections = Sections(program.read_bytes())
    names = (".debug_line", ".debug_info", ".debug_abbrev", ".debug_aranges", ".debug_line_str", ".debug_str")
    whole = {name: sections.read(name) for name in (*names, ".debug_frame")}
    pc = int(re.findall(r"(\w+) T main", nm(program))[0], 16) & ~1
    assert Lines(whole.__getitem__).find(pc) == (
        str(SOURCE),
        LINES.index("int main(int count, char **arguments)") + 2,
    )
    rng = random.Random(9)
    right = 0
    with Memory() as memory:
        for _ in range(300):
            damaged = dict(whole)
            name = rng.choice([*names, ".debug_frame"])
            data = bytearray(damaged[name] or b"\0")
            for _ in range(rng.randint(1, 4)):
                data[rng.randrange(len(data))] = rng.randrange(256)
            damaged[name] = bytes(data[: rng.choice([len(data), rng.randrange(len(data))])])
            found = Lines(lambda key, d=damaged: d.get(key, b"")).find(pc)  # type: ignore[misc]
            right += found is not None and found[0] == str(SOURCE)
            try:
                Frames(damaged[".debug_frame"]).unwind(memory, [0x1000 * n for n in range(16)], pc + 4)
            except GuestFault:
                right += 1
    assert right > 100


def nm(program: Path) -> str:
    """List the symbols."""
    return subprocess.run(["arm-linux-gnueabihf-nm", program], capture_output=True, text=True, check=True).stdout


def test_names_cannot_steer_a_terminal() -> None:
    frame = Frame(0x1000, module="/tmp/\x1b[2Jx", module_offset=16, file="/src/\x1b[0m.c", line=3)
    assert "\x1b" not in str(frame)
    assert "\\x1b" in str(frame)
    assert "\x1b" not in "".join(format_callers([frame, frame]))
