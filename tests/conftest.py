"""What every test may count on."""

import pytest


@pytest.fixture(scope="session", autouse=True)
def native_interpreter() -> None:
    """Build the native interpreter, if it is not up to date, before a test with a time limit has to wait for it."""
    from stinkarm.engine.store import interpreter_path

    interpreter_path()
