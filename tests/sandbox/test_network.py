"""What words of --allow-net mean."""

from __future__ import annotations

import pytest

import stinkarm
from stinkarm.sandbox.network import Rule
from stinkarm.sandbox.policy import Policy
from stinkarm.settings import Settings
from stinkarm.status import UsageError

LOCAL, OTHER, SIXTH = b"\x7f\0\0\1", b"\x0a\1\2\3", bytes(15) + b"\1"


@pytest.mark.parametrize(
    ("text", "covered", "not_covered"),
    [
        ("127.0.0.1:80", [(LOCAL, 80)], [(LOCAL, 81), (OTHER, 80), (SIXTH, 80)]),
        ("127.0.0.1", [(LOCAL, 0), (LOCAL, 65535)], [(OTHER, 1)]),
        (":80", [(LOCAL, 80), (SIXTH, 80)], [(LOCAL, 81)]),
        ("*:80-82", [(OTHER, 80), (OTHER, 82)], [(OTHER, 79), (OTHER, 83)]),
        ("*", [(OTHER, 1), (SIXTH, 2)], []),
        ("10.0.0.0/8:1", [(OTHER, 1)], [(LOCAL, 1), (OTHER, 2)]),
        ("::1", [(SIXTH, 5)], [(LOCAL, 5)]),
        ("[::1]:5", [(SIXTH, 5)], [(SIXTH, 6)]),
        ("[::]/0:5", [(SIXTH, 5)], [(LOCAL, 5)]),
        ("::ffff:127.0.0.1", [(LOCAL, 5)], [(SIXTH, 5)]),
        ("@name", [], [(LOCAL, 5)]),
    ],
)
def test_rules(text: str, covered: list[tuple[bytes, int]], not_covered: list[tuple[bytes, int]]) -> None:
    rule = Rule(text)
    assert all(rule.covers(*address) for address in covered)
    assert not any(rule.covers(*address) for address in not_covered)


def test_names_are_looked_up_when_they_are_needed() -> None:
    lines: list[str] = []
    network = Policy(allow_net=["localhost:80", "no.such.name.invalid"], report=lines.append).network
    assert network.covers(LOCAL, 80)
    assert not network.covers(OTHER, 80)
    assert len(lines) <= 1 and all("no.such.name.invalid gives nothing" in line for line in lines)
    assert not network.covers(OTHER, 80)
    assert len(lines) <= 1


@pytest.mark.parametrize(
    "text", ["1.2.3.4:x", "1.2.3.4:70000", "1.2.3.4:9-8", "1.2.3.4/33", "a b", "[::1", "[::1]x", "host/8", "a:-1"]
)
def test_what_is_no_rule_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no "):
        Policy(allow_net=[text])
    with pytest.raises(UsageError, match="--allow-net: "):
        Settings().grant("--allow-net", [text])
    with pytest.raises(UsageError, match="--allow-net: "):
        stinkarm.run("program", allow_net=[text])
