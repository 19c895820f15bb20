"""docs/instruction-set.md says what the declarations, the cases and the record of comparisons say."""

from __future__ import annotations

import pytest

pytest.importorskip("unicorn", reason="the page is made with what `pip install stinkarm[test]` brings")

from stinkarm.isa.declare import ENCODINGS
from stinkarm.isa.decode import decoder
from stinkarm.proof import record

from .document import PAGE, RECORD, document, too_few


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == document(), "run: python -m tests.isa.document"


def test_every_encoding_was_compared_often() -> None:
    decoder()
    counts = record.read(RECORD)
    missing = [e.id for e in ENCODINGS if e.id not in counts]
    assert not missing, f"run: stinkarm-fuzz --only '^({'|'.join(missing)}) ' --record tests/isa/fuzzed.txt"
    assert not too_few(counts)
