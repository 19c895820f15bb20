"""Text that somebody else chose is shown without obeying it."""

import os

import pytest

from stinkarm.guest.text import quote, shown


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"plain name", '"plain name"'),
        (b'a"b\\c', '"a\\"b\\\\c"'),
        (b"two\nlines\t", '"two\\nlines\\t"'),
        (b"\x1b[2J", '"\\x1b[2J"'),
        (b"caf\xc3\xa9", '"café"'),
        (b"not UTF-8: \xff", '"not UTF-8: \\xff"'),
        ("\u202eabc".encode(), '"\\u202eabc"'),
    ],
)
def test_quote(data: bytes, text: str) -> None:
    assert quote(os.fsdecode(data)) == text


def test_shown_quotes_only_what_needs_it() -> None:
    assert shown('a"b') == 'a"b'
    assert shown("a\nb") == '"a\\nb"'
