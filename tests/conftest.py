"""What every test may count on."""

import contextlib
import os
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def native_interpreter() -> None:
    """Build the native interpreter, if it is not up to date, before a test with a time limit has to wait for it."""
    from stinkarm.engine.store import interpreter_path

    interpreter_path()


@pytest.fixture
def descriptors_given_back() -> Iterator[None]:
    """Close what a guest in this process has left open, for later tests to find the numbers free."""
    before = set(os.listdir("/proc/self/fd"))
    yield
    for number in set(os.listdir("/proc/self/fd")) - before:
        with contextlib.suppress(OSError):  # the listing's own
            os.close(int(number))
