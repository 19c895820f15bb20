"""Guests of these tests run in the tests' own process."""

import pytest


@pytest.fixture(autouse=True)
def _in_this_process(descriptors_given_back: None) -> None:
    """Have each test leave no descriptor behind."""
