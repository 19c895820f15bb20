"""A fixed part of the random comparison with Unicorn; `python -m tests.isa.fuzz` does as much as one likes."""

from __future__ import annotations

import pytest

pytest.importorskip("unicorn", reason="the random comparison needs unicorn, which `pip install stinkarm[test]` brings")

from .divergences import DIVERGENCES, Divergence
from .fuzz import Fuzzer

# UNPREDICTABLE in User mode whatever their operands are, or not run yet.
NOT_JUDGED = {"eret", "ldm_privileged", "stm_privileged", "rfe", "srs", "subs_pc_lr"}


@pytest.mark.parametrize(("engine", "words"), [("reference", 8_000), ("interpreter", 20_000)])
def test_random_words_do_what_unicorn_says(engine: str, words: int) -> None:
    fuzzer = Fuzzer(engine, seed=20)
    fuzzer.run(words)
    fuzzer.close()
    assert not fuzzer.failures, "\n".join(text for _, text in fuzzer.failures)
    assert sum(fuzzer.words.values()) == words
    assert fuzzer.unjudged < words // 50
    left_out = {e.instruction.name for e in fuzzer.encodings if not fuzzer.words[e.id]}
    assert left_out <= NOT_JUDGED


@pytest.mark.parametrize("divergence", DIVERGENCES, ids=lambda divergence: divergence.name)
def test_a_known_divergence_is_not_stale(divergence: Divergence) -> None:
    fuzzer = Fuzzer("interpreter", seed=21, only=divergence.encodings)
    for words in range(1_000, 9_000, 1_000):
        fuzzer.run(words)
        if fuzzer.explained[divergence.name]:
            break
    fuzzer.close()
    assert fuzzer.explained[divergence.name], f"{divergence.name!r} explains nothing any more: remove it"


def test_an_unexplained_difference_is_told_as_a_case(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.isa.fuzz.DIVERGENCES", [])
    fuzzer = Fuzzer("interpreter", seed=22, only="^msr_reg A32")
    fuzzer.run(200)
    fuzzer.close()
    difference, text = fuzzer.failures[0]
    assert difference.names == {"E"}
    case, encoding, ours, theirs = text.splitlines()
    assert case.startswith("A32 ") and " msr cpsr_" in case and " | r0=0x" in case and " => " in case
    assert encoding.strip().startswith("msr_reg A32/A1: cond:4 00010 0 10 mask:4")
    assert [ours.strip(), theirs.strip()] in (
        [f"stinkarm: budget; E={ours.strip()[-3:]}", f"unicorn: budget; E={theirs.strip()[-3:]}"],
    )
    assert ours[-3:] != theirs[-3:]
