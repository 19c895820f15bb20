"""A fixed part of the attack with mutated files; the whole of it is `python -m tests.hostile.mutate`."""

from .mutate import attack


def test_mutated_files_do_no_harm() -> None:
    assert attack(400, seed=2) == []
