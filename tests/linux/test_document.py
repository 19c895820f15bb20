"""docs/syscalls.md says what the declarations say."""

from pathlib import Path

import pytest

from stinkarm.linux.document import document

PAGE = Path(__file__).parents[2] / "docs" / "syscalls.md"


def test_the_page_is_current() -> None:
    if not PAGE.exists():
        pytest.skip("the documentation is not part of this installation")
    assert PAGE.read_text() == document(), "run: python -m stinkarm.linux.document > docs/syscalls.md"
