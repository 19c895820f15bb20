"""The command lines of matrix.txt that are marked `tested` do what they do under qemu-arm or on the host."""

from __future__ import annotations

from pathlib import Path

import matrix
import pytest
from test_debian import PROGRAMS

LINES = matrix.read_lines()


@pytest.mark.parametrize("line", [line for line in LINES if line.tested], ids=lambda line: line.text.splitlines()[0])
def test_same(line: matrix.Line, tmp_path: Path) -> None:
    if not matrix.is_there(line):
        pytest.skip(f"{line.text.split()[0]} is not in {PROGRAMS}: python tests/programs/fetch.py gets it")
    try:
        different, _ = matrix.check(line, tmp_path, [])
    except matrix.NoReferenceError as error:
        pytest.skip(str(error))
    assert not different, "\n".join(different)


def test_marks_and_expected_output_are_read(tmp_path: Path) -> None:
    file = tmp_path / "lines.txt"
    file.write_text("# a comment\n\n[one, two tested host:]\nlong: one -a 'b\nc'\n> out\n> more\n[three]\nthree\n")
    first, second = matrix.read_lines(file)
    assert (first.section, first.text, first.marks) == ("one, two", "one -a 'b\nc'", {"host", "long"})
    assert (first.expected, first.tested) == ("out\nmore\n", True)
    assert (second.section, second.text, second.marks, second.expected) == ("three", "three", set(), None)
    assert not second.tested
    file.write_text("[one odd:]\none\n")
    with pytest.raises(ValueError, match="unknown marks: odd"):
        matrix.read_lines(file)


def test_every_kind_of_difference_is_seen() -> None:
    line = matrix.Line("s", "s", frozenset())
    same = matrix.Result(0, b"out", b"err", {"file": ("0o644", b"x")})
    assert matrix.differences(line, same, same) == []
    assert matrix.differences(line, matrix.Result(1, b"out", b"err", same.left), same)[0] == "status is 1, not 0"
    assert "stdout is b'' (" not in matrix.differences(line, matrix.Result(0, b"", b"err", same.left), same)[0]
    assert matrix.differences(line, matrix.Result(0, b"", b"err", same.left), same)[0] == "stdout is b'', not b'out'"
    assert matrix.differences(line, matrix.Result(0, b"out", b"", same.left), same) == ["stderr is b'', not b'err'"]
    assert matrix.differences(line, matrix.Result(0, b"out", b"err"), same) == ["the files left behind differ: file"]
    assert "did not end in time" in matrix.differences(line, matrix.Result(None, b"out", b""), same)[0]
    given = matrix.Line("s", "s", frozenset(), "out")
    assert matrix.differences(given, same, None) == []
    assert "printed b'no', not 'out'" in matrix.differences(given, matrix.Result(0, b"no", b""), None)[0]
