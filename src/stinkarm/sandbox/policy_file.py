"""Policy files: options of the sandbox in TOML. `--policy FILE` reads one, `--save-policy FILE` writes one.

mode = "sandbox"

[grants]
read = ["/usr/share/dict", "notes.txt"]
net = true

[limits]
timeout = 10

[environment]
LANG = "C.UTF-8"
"""

from __future__ import annotations

import tomllib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from stinkarm.sandbox.policy import Denial, Policy

GRANTS = ("read", "write", "env", "run", "net")
TABLES = ("mode", "root", "sysroot", "grants", "limits", "environment")


def read(name: str, limits: Iterable[str]) -> list[tuple[str, str | None]]:
    """Read a policy; give the options that it stands for, each with its value. `limits` are those that there are.

    Raises ValueError, whose text says what is wrong.
    """
    try:
        with open(name, "rb") as file:
            tables = tomllib.load(file)
    except OSError as error:
        raise ValueError(f"--policy {name!r} cannot be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"--policy {name!r} is not TOML: {error}.") from None
    _check(name, "the file", tables, TABLES)
    found: list[tuple[str, str | None]] = []
    for key, option in (("mode", "--syscalls"), ("root", "--root"), ("sysroot", "-L")):
        if key in tables:
            found.append((option, _text(name, key, tables[key])))
    grants = _table(name, tables, "grants")
    _check(name, "grants", grants, (*GRANTS, "run-env"))
    for key, value in grants.items():
        if value is True:
            found.append((f"--allow-{key}", None))
        elif value is not False:
            if not isinstance(value, list) or not all(isinstance(word, str) and word for word in value):
                raise ValueError(f"--policy {name!r}: grants.{key} must be true or a list of names.")
            option = "--run-env" if key == "run-env" else f"--allow-{key}"
            found += [(option, word) for word in value]
    limited = _table(name, tables, "limits")
    known = [limit.removeprefix("--") for limit in limits]
    _check(name, "limits", limited, known)
    for key, value in limited.items():
        if isinstance(value, bool) or not isinstance(value, (int, float, str)):
            raise ValueError(f"--policy {name!r}: limits.{key} must be a number or text.")
        found.append((f"--{key}", str(value)))
    for variable, value in _table(name, tables, "environment").items():
        if value is False:
            found.append(("-U", variable))
        else:
            found.append(("--env", f"{variable}={_text(name, 'environment.' + variable, value)}"))
    return found


def _table(name: str, tables: dict[str, Any], key: str) -> dict[str, Any]:
    table = tables.get(key, {})
    if not isinstance(table, dict):
        raise ValueError(f"--policy {name!r}: {key} must be a table: [{key}].")
    return table


def _check(name: str, where: str, table: dict[str, Any], known: Iterable[str]) -> None:
    for key in table:
        if key not in known:
            raise ValueError(f"--policy {name!r}: {key!r} is not known in {where}; there are {', '.join(known)}.")


def _text(name: str, key: str, value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"--policy {name!r}: {key} must be text.")
    return value


# Writing


def text_of(policy: Policy, program: str, denials: list[Denial]) -> str:
    """Write the grants that a run had, and those for what it was refused, as a policy."""
    lines = [
        f"# What {quote(program)} may do, and what it was refused, marked as such: look it through before you use it",
        "# (stinkarm --policy FILE PROGRAM). Names without a leading / are looked for where the command is run.",
        f"mode = {quote(policy.mode)}",
        "",
        "[grants]",
    ]
    for key in GRANTS:
        grant = getattr(policy, f"allow_{key}")
        if grant is True:
            lines.append(f"{key} = true")
            continue
        words = dict.fromkeys(grant or (), "")
        for denial in denials:
            option, _, word = denial.grant.partition("=")
            if option == f"--allow-{key}" and word not in words:
                words[word] = f"  # refused: {denial.call}, {'once' if denial.count == 1 else f'{denial.count} times'}"
            elif option == f"--allow-{key}" and not word:
                words = {"": ""}
                break
        if "" in words:
            lines.append(f"{key} = true  # refused")
        elif words:
            lines.append(f"{key} = [")
            lines += [f"    {quote(word)},{remark}" for word, remark in words.items() if is_text(word)]
            lines.append("]")
    return "\n".join(lines) + "\n"


def is_text(word: str) -> bool:
    """Say whether a name can be written in TOML: one that is no UTF-8 cannot."""
    return not any("\udc80" <= character <= "\udcff" for character in word)


def quote(text: str) -> str:
    """Write a basic string of TOML, in which nothing reaches a terminal that it would obey."""
    parts = []
    for character in text:
        if character.isprintable() and character not in '"\\':
            parts.append(character)
        elif ord(character) > 0xFFFF:
            parts.append(f"\\U{ord(character):08x}")
        else:
            parts.append(f"\\u{ord(character):04x}")
    return f'"{"".join(parts)}"'
