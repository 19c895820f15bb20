"""Policy files: `--policy FILE`."""

from __future__ import annotations

from pathlib import Path

import pytest

from stinkarm import cli
from stinkarm.sandbox import policy_file
from stinkarm.sandbox.policy import Denial, Policy
from stinkarm.status import UsageError

WHOLE = """
mode = "forward"
root = "/usr"

[grants]
read = ["/etc/hosts", "a,b"]
write = false
env = true
net = ["localhost:80"]

[limits]
timeout = 1.5
max-instructions = 1000

[environment]
LANG = "C, or so"
TERM = false
"""


def write(folder: Path, text: str) -> str:
    path = folder / "policy.toml"
    path.write_text(text)
    return str(path)


def test_it_stands_for_options(tmp_path: Path) -> None:
    settings = cli.parse(["--allow-read=c", "--policy", write(tmp_path, WHOLE), "--timeout", "3", "program"])
    assert settings is not None
    assert (settings.syscalls, settings.root) == ("forward", "/usr")
    assert (settings.allow_read, settings.allow_write, settings.allow_env) == (["c", "/etc/hosts", "a,b"], [], True)
    assert (settings.allow_net, settings.max_instructions, settings.timeout) == (["localhost:80"], 1000, 3.0)
    assert settings.environment_changes == [("LANG", "C, or so"), ("TERM", None)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("mode = ", "is not TOML: Invalid value"),
        ("mode = 'open'", "--syscalls 'open' is not known"),
        ("mod = 'deny'", "'mod' is not known in the file; there are mode, root, sysroot, grants,"),
        ("mode = 1", "mode must be text."),
        ("grants = 1", "grants must be a table: [grants]."),
        ("[grants]\nreed = true", "'reed' is not known in grants; there are read, write, env, run, net, run-env."),
        ("[grants]\nread = '/etc'", "grants.read must be true or a list of names."),
        ("[grants]\nread = ['']", "grants.read must be true or a list of names."),
        ("[grants]\nnet = ['a:b']", "--allow-net"),
        ("[limits]\ncpus = 1", "'cpus' is not known in limits"),
        ("[limits]\ntimeout = true", "limits.timeout must be a number or text."),
        ("[limits]\ntimeout = -1", "--timeout wants a number of seconds above 0, not '-1'."),
        ("[environment]\nA = 1", "environment.A must be text."),
        ("[environment]\n'' = 'x'", "--env wants VAR=VAL"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        cli.parse(["--policy", write(tmp_path, text), "program"])
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_a_file_that_is_none(tmp_path: Path) -> None:
    for name, message in ((tmp_path / "x", "cannot be read: No such file"), (tmp_path, "cannot be read: Is a")):
        with pytest.raises(UsageError, match=message):
            cli.parse(["--policy", str(name), "program"])
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="is not TOML"):
        cli.parse(["--policy", str(tmp_path / "binary"), "program"])


def test_any_name_comes_back_from_what_is_written(tmp_path: Path) -> None:
    names = [
        "/plain",
        'a"b\\c',
        "line\nfeed",
        "\x1b[2J",
        "ä",
        "\u202e",
        "a,b",
        "\U000e0001",
        "''' '",
        "# x",
        "\x7f",
    ]
    denials = [Denial("open", name, f"--allow-read={name}", at) for at, name in enumerate(names, 1)]
    denials.append(Denial("open", "\udcff", "--allow-read=\udcff"))  # which TOML has no way to write
    denials.append(Denial("socket", "the network", "--allow-net"))
    denials.append(Denial("kill", "another process", ""))
    text = policy_file.text_of(Policy(allow_env=["A"]), "program", denials)
    assert all(character.isprintable() or character == "\n" for character in text)
    settings = cli.parse(["--policy", write(tmp_path, text), "program"])
    assert settings is not None
    assert (settings.allow_read, settings.allow_net, settings.allow_env) == (names, True, ["A"])
