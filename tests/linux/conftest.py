from collections.abc import Iterator

import pytest

from tests.linux.process import Process, process


@pytest.fixture
def guest() -> Iterator[Process]:
    """A sandboxed process."""
    with process() as made:
        yield made


@pytest.fixture
def forward() -> Iterator[Process]:
    """A process whose calls are the host's."""
    with process("forward") as made:
        yield made


@pytest.fixture(autouse=True)
def _in_this_process(descriptors_given_back: None) -> None:
    """Have each test leave no descriptor behind."""
