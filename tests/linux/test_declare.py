"""Declarations: how registers are decoded, what is refused, that the table is whole and true."""

import importlib
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import stinkarm.linux
from stinkarm.guest.state import State
from stinkarm.linux import declare, parameters
from stinkarm.linux.declare import DECLARED, PAIRS, PURE, SIGNED, Syscall
from stinkarm.linux.kernel import find
from stinkarm.linux.table import CALLS

HEADERS = [Path(f"/usr/{target}/include/asm/unistd-eabi.h") for target in ("arm-linux-gnueabi", "arm-linux-gnueabihf")]
TOPICS = sorted({row.partition(".")[0] for row in CALLS.values() if "." in row})


def declared() -> list[Syscall]:
    for topic in TOPICS:
        importlib.import_module("stinkarm.linux." + topic)
    return list(DECLARED.values())


def decode(handler: object, *registers: int) -> tuple[int, ...]:
    state = State()
    for index, value in enumerate(registers):
        state.r[index] = value
    return Syscall(0, PURE, handler).prepare()(state.words)  # type: ignore[arg-type]


def test_signed_and_unsigned_registers() -> None:
    def call(k: "Kernel", fd: "Fd", count: "Size") -> "int": ...  # type: ignore[name-defined] # noqa: F821

    assert decode(call, 0xFFFFFFFF, 0xFFFFFFFF) == (-1, 0xFFFFFFFF)


def test_pairs_start_at_an_even_register() -> None:
    def pread64(k: "Kernel", fd: "Fd", buf: "Address", count: "Size", offset: "Off64") -> "int": ...  # type: ignore[name-defined] # noqa: F821
    def ftruncate64(k: "Kernel", fd: "Fd", length: "Off64") -> "int": ...  # type: ignore[name-defined] # noqa: F821
    def fadvise(k: "Kernel", fd: "Fd", advice: "Int", offset: "Off64", len: "Off64") -> "int": ...  # type: ignore[name-defined] # noqa: F821

    assert decode(pread64, 3, 4, 5, 99, 0x89ABCDEF, 0x01234567) == (3, 4, 5, 0x0123456789ABCDEF)
    assert decode(ftruncate64, 3, 99, 0xFFFFFFFF, 0xFFFFFFFF) == (3, -1)
    assert decode(fadvise, 1, 2, 3, 0, 4, 0) == (1, 2, 3, 4)


def test_a_mode_is_sixteen_bits() -> None:
    def mkdir(k: "Kernel", pathname: "Address", mode: "Mode") -> "int": ...  # type: ignore[name-defined] # noqa: F821

    assert decode(mkdir, 4, 0xFFFF41FF) == (4, 0o40777)


def test_more_registers_than_there_are_is_refused() -> None:
    def wide(k: "Kernel", a: "Off64", b: "Off64", c: "Off64", d: "Off64") -> "int": ...  # type: ignore[name-defined] # noqa: F821

    with pytest.raises(ValueError, match=r"wide takes 8 registers; a system call has r0\.\.r6"):
        decode(wide)


def test_a_number_is_declared_once() -> None:
    find(20)
    with pytest.raises(ValueError, match="System call 20 is declared as getpid and again as another"):

        @declare.syscall(20, PURE)
        def another(k: object) -> int:
            return 0


def test_a_name_is_declared_once() -> None:
    find(20)
    with pytest.raises(ValueError, match="System call getpid is declared with number 20 and again with 9999"):

        @declare.syscall(9999, PURE)
        def getpid(k: object) -> int:
            return 0


def test_a_class_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing is declared with needs='luck'; it must be one of pure, "):

        @declare.syscall(9998, "luck")
        def nothing(k: object) -> int:
            return 0


@pytest.mark.parametrize("header", HEADERS, ids=lambda header: header.parts[2])
def test_numbers_are_those_of_the_headers(header: Path) -> None:
    if not header.exists():
        pytest.skip(f"needs {header}")
    rows = re.findall(r"#define __NR_(\w+) \(__NR_SYSCALL_BASE \+ (\d+)\)", header.read_text())
    assert len(rows) > 400
    ours = {number: row.rpartition(".")[2] for number, row in CALLS.items()}
    assert {int(number): ours.get(int(number)) for _, number in rows} == {int(number): name for name, number in rows}
    newest = max(int(number) for _, number in rows)
    assert not {number for number in ours if number <= newest} - {int(number) for _, number in rows}


def test_private_numbers_are_those_of_the_headers() -> None:
    header = HEADERS[0].with_name("unistd.h")
    if not header.exists():
        pytest.skip(f"needs {header}")
    rows = re.findall(r"#define __ARM_NR_(\w+)\s+\(__ARM_NR_BASE\+(\d)\)", header.read_text())
    assert {CALLS[0xF0000 + int(number)] for _, number in rows} == {f"arm.{name}" for name, _ in rows}


def test_the_table_says_where_each_call_is_declared() -> None:
    where = {call.number: f"{call.handler.__module__.rpartition('.')[2]}.{call.name}" for call in declared()}
    assert where == {number: row for number, row in CALLS.items() if "." in row}


def test_every_module_with_declarations_is_in_the_table() -> None:
    package = Path(stinkarm.linux.__file__).parent
    with_declarations = {
        module.name
        for module in pkgutil.iter_modules([str(package)])
        if re.search(r"^@(syscall|missing)\(", (package / f"{module.name}.py").read_text(), re.MULTILINE)
    }
    assert with_declarations == set(TOPICS)


def test_annotations_name_parameter_types() -> None:
    kinds = {name for name in vars(parameters) if not name.startswith("_")}
    for call in declared():
        call.prepare()
        for name, kind in [*call.parameters, ("result", call.result)]:
            for word in re.findall(r"\w+", kind):
                assert word in kinds or word == "int", f"{call.name}: {name} is {kind}"
        assert call.handler.__doc__, f"{call.name} has no docstring"
    assert set(SIGNED) | set(PAIRS) <= kinds
    assert all(getattr(parameters, kind) is int for kind in (*SIGNED, *PAIRS))


def test_missing_calls_answer_nothing_but_enosys() -> None:
    from errno import ENOSYS

    for call in declared():
        if call.missing:
            assert call.handler(None, *[0] * len(call.prepare() and call.parameters)) == -ENOSYS


def test_unknown_numbers_have_a_name() -> None:
    assert find(7).name == "syscall_0x7"
    assert find(0xEFFFF).name == "syscall_0xeffff"
    assert find(0xF0FFF).name == "bad_syscall"
    assert find(0xFFFFFFFF).name == "bad_syscall"


def test_the_kernel_imports_no_topic_before_it_is_needed() -> None:
    program = (
        "import sys, stinkarm.linux.kernel\nprint(*sorted(m for m in sys.modules if m.startswith('stinkarm.linux.')))\n"
    )
    printed = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
    names = ("calls_that_wait", "declare", "family", "host", "kernel", "published", "table")
    assert printed.split() == [f"stinkarm.linux.{name}" for name in names]
