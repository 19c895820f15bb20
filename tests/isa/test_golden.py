"""Generated code changes only on purpose: some handlers and regions are kept as text."""

from __future__ import annotations

import pytest

from stinkarm.engine.generate import Generator
from stinkarm.isa.decode import decoder

from .golden import FOLDER, REGIONS, file_name, handler_of, names, region_of


@pytest.fixture(scope="module")
def generator() -> Generator:
    return Generator(decoder())


@pytest.mark.parametrize(
    ("isa", "word", "length"), names(), ids=lambda value: f"{value:x}" if isinstance(value, int) else value
)
def test_a_handler_is_as_it_was(isa: str, word: int, length: int, generator: Generator) -> None:
    path = FOLDER / file_name(isa, word, length)
    kept = path.read_text() if path.exists() else ""
    assert handler_of(generator, isa, word, length) == kept, (
        "the generated code has changed: when that is meant, run `python -m tests.isa.golden` and commit the difference"
    )


@pytest.mark.parametrize("name", REGIONS)
def test_a_region_is_as_it_was(name: str) -> None:
    path = FOLDER / f"region_{name}.ll"
    kept = path.read_text() if path.exists() else ""
    assert region_of(*REGIONS[name]) == kept, (
        "compiled regions have changed: when that is meant, run `python -m tests.isa.golden` and commit the difference"
    )


def test_every_file_is_one_of_the_list() -> None:
    known = [*(file_name(*name) for name in names()), *(f"region_{name}.ll" for name in REGIONS)]
    assert sorted(path.name for path in FOLDER.glob("*.ll")) == sorted(known)
