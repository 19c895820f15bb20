"""A fixed part of the random comparison with oracles; `stinkarm-fuzz` does as much as one likes."""

from __future__ import annotations

import shutil

import pytest

pytest.importorskip("unicorn", reason="the random comparison needs unicorn, which `pip install stinkarm[test]` brings")

from stinkarm.isa.decode import decoder
from stinkarm.proof import command, record
from stinkarm.proof.divergences import DIVERGENCES, Divergence
from stinkarm.proof.fuzz import Fuzzer, explanation
from stinkarm.proof.samples import Sample
from stinkarm.proof.world import CODE, DATA_SIZE, arbitrary

from .case import Case

# UNPREDICTABLE in User mode whatever their operands are, or not run yet.
NOT_JUDGED = {"eret", "ldm_privileged", "stm_privileged", "rfe", "srs", "subs_pc_lr"}
# Also what qemu-arm does something of its own for.
NOT_JUDGED_BY_QEMU = NOT_JUDGED | {"svc", "hint"}

needs_qemu = pytest.mark.skipif(not shutil.which("qemu-arm"), reason="qemu-arm is not installed")


def told(fuzzer: Fuzzer) -> str:
    return "\n".join(command.tell(fuzzer, *failure) for failure in fuzzer.failures[:5])


@pytest.mark.parametrize(
    ("engine", "oracle", "words"),
    [
        ("reference", "unicorn", 8_000),
        ("interpreter", "unicorn", 20_000),
        ("jit", "unicorn", 6_000),
        pytest.param("interpreter", "qemu", 9_000, marks=needs_qemu),
    ],
)
def test_random_words_do_what_an_oracle_says(engine: str, oracle: str, words: int) -> None:
    fuzzer = Fuzzer(engine, seed=20, oracles=[oracle])
    try:
        fuzzer.run(words)
        assert not fuzzer.failures, told(fuzzer)
        judged = fuzzer.judged[oracle]
        assert sum(judged.values()) + fuzzer.unjudged[oracle] == fuzzer.drawn == words
        assert fuzzer.unjudged[oracle] < words // (50 if oracle == "unicorn" else 10)
        left_out = {e.instruction.name for e in fuzzer.encodings if not judged[e.id]}
        assert left_out <= (NOT_JUDGED if oracle == "unicorn" else NOT_JUDGED_BY_QEMU)
        assert not any(one.died for one in fuzzer.oracles)
        runs = getattr(fuzzer.worlds[engine].engine, "runs", None)
        if runs is not None:
            assert runs["entered"] > 0.85 * words and runs["whole"] > 0.6 * words, runs
    finally:
        fuzzer.close()


@pytest.mark.parametrize("divergence", DIVERGENCES, ids=lambda divergence: divergence.name)
def test_a_known_divergence_is_not_stale(divergence: Divergence) -> None:
    oracles = [oracle for oracle in divergence.oracles if oracle != "qemu" or shutil.which("qemu-arm")]
    if not oracles:
        pytest.skip("qemu-arm is not installed")
    fuzzer = Fuzzer("interpreter", seed=21, only=divergence.encodings, oracles=oracles)
    for _ in range(12):
        fuzzer.run(1_000)
        if fuzzer.explained[divergence.name]:
            break
    fuzzer.close()
    assert fuzzer.explained[divergence.name], f"{divergence.name!r} explains nothing any more: remove it"


def test_a_branch_into_its_own_it_block_is_a_known_divergence() -> None:
    """ittte mi; nop; nop; nop; b to the third nop: UNPREDICTABLE"""
    decoded = decoder().decode(0xE7FD, thumb=True, length=2, pc=CODE + 8, itstate=0x58)
    assert decoded is not None
    words = [(word, 2) for word in (0xBF43, 0xBF00, 0xBF00, 0xBF00, 0xE7FD)]
    sample = Sample(words, decoded, 4, arbitrary(0) | {"T": 1})
    for engine in ("reference", "interpreter", "jit"):
        fuzzer = Fuzzer(engine, seed=1, oracles=["unicorn"])
        try:
            ((difference, _),) = fuzzer.differences([sample], bytes(DATA_SIZE))
            assert explanation(difference) == "branch into an IT block"
        finally:
            fuzzer.close()


def unexplained(monkeypatch: pytest.MonkeyPatch, only: str, oracle: str, names: set[str]) -> str:
    """Return what is told of a known divergence when it is not known."""
    monkeypatch.setattr("stinkarm.proof.fuzz.DIVERGENCES", [])
    fuzzer = Fuzzer("interpreter", seed=22, only=only, oracles=[oracle])
    try:
        fuzzer.run(400, most_failures=200)
        difference, engine = next(failure for failure in fuzzer.failures if failure[0].names == names)
        return command.tell(fuzzer, difference, engine)
    finally:
        fuzzer.close()


def test_a_difference_shrinks_to_a_case(monkeypatch: pytest.MonkeyPatch) -> None:
    line, encoding, ours, theirs = unexplained(monkeypatch, "^msr_reg A32", "unicorn", {"E"}).splitlines()
    # Everything but the register that MSR writes from has gone, and E is what the two sides differ in.
    assert line.startswith("A32 ") and "cpsr_" in line
    assert len(Case(line).before.registers) == 1
    assert encoding.strip().startswith("msr_reg A32/A1: cond:4 00010 0 10 mask:4")
    sides = {ours.strip(), theirs.strip()}
    assert sides == {"interpreter: budget; E=0x1", "unicorn: budget; E=0x0"}


@needs_qemu
def test_a_difference_with_qemu_shrinks_to_a_case(monkeypatch: pytest.MonkeyPatch) -> None:
    text = unexplained(monkeypatch, "^vmsr T32", "qemu", {"fpscr", "pc"})
    case = Case(text.splitlines()[0])
    assert not case.before.registers  # any number will do for Len
    assert "fpscr" in case.after.registers
    assert "    interpreter: undefined; " in text and "    qemu: budget; " in text


def test_memory_that_matters_is_in_the_case(monkeypatch: pytest.MonkeyPatch) -> None:
    """A load that goes wrong for one value only: the case names the word that it reads."""
    fuzzer = Fuzzer("reference", seed=5, only="^ldr_imm A32 A1$")
    try:
        world = fuzzer.worlds["reference"]
        run = world.run

        def wrong(values: dict[str, int], count: int) -> object:
            stop, state = run(values, count)
            return stop, {name: value ^ (value >> 31 if name == "r1" else 0) for name, value in state.items()}

        monkeypatch.setattr(world, "run", wrong)
        fuzzer.run(600)
        loads = [f for f in fuzzer.failures if f[0].sample.decoded.fields["rt"] == 1]
        assert loads
        line = command.tell(fuzzer, *loads[0]).splitlines()[0]
        case = Case(line)
        assert len(case.before.memory) in (1, 2)  # two when the address is not aligned
        assert world.run is wrong
        monkeypatch.undo()
        assert case.run(world, "A32", 0) == case.run(world, "A32", 1) == []
    finally:
        fuzzer.close()


def test_the_command(capsys: pytest.CaptureFixture[str], tmp_path: object) -> None:
    path = record.Path(str(tmp_path)) / "fuzzed.txt"
    arguments = ["--words", "300", "--engine", "reference", "--engine", "interpreter", "--family", "^divide$"]
    assert command.main([*arguments, "--record", str(path)]) == 0
    out = capsys.readouterr().out
    assert "300 words on reference and interpreter in " in out
    assert "unicorn: 300 compared, of 4 encodings (the least 75 times" in out
    assert "0 unexplained differences" in out
    assert command.main([*arguments, "--record", str(path)]) == 0
    counts = record.read(path)
    assert dict(counts["udiv.T1"]) == {"reference/unicorn": 150, "interpreter/unicorn": 150}
    assert not any(count for name, count in counts.items() if "div" not in name)
    assert len(counts) > 1_500
    assert command.main(["--only", "^nothing$"]) == 2
    assert "no encoding matches '^nothing$'" in capsys.readouterr().err


def test_the_same_seed_draws_the_same_words() -> None:
    drawn = []
    for _ in range(2):
        fuzzer = Fuzzer("reference", seed=9, only="^v")
        drawn.append([fuzzer._draw(fuzzer.encodings[n], 0x10000) for n in range(60)])
        fuzzer.close()
    states = [[(s.words, s.start) for s in samples if s] for samples in drawn]
    assert states[0] == states[1] and len(states[0]) > 40
