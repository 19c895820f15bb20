"""Write docs/syscalls.md from the declarations: `python -m stinkarm.linux.document > docs/syscalls.md`."""

from __future__ import annotations

import sys
from importlib import import_module

from stinkarm.linux.declare import CHILD, DECLARED, FD, PATH, PROCESS, PURE, SOCKET, SYSTEM, Syscall
from stinkarm.linux.table import CALLS

IN_SANDBOX = {
    PURE: "allowed",
    FD: "the guest's own descriptors",
    PATH: "what is granted",
    SOCKET: "pairs, granted paths, `--allow-net`",
    CHILD: "EPERM without `--allow-run`",
    PROCESS: "EPERM",
    SYSTEM: "EPERM",
}

HEAD = """\
# System calls

Made by `python -m stinkarm.linux.document` from the declarations in `src/stinkarm/linux/`; a test checks that
this page is current.

The ARM EABI has {all} system calls in this table, six of them private to ARM. stinkarm runs {full} of them whole
and {partial} in part; {missing} answer ENOSYS. `--log syscalls` shows every call, and says once for each missing
one that it is missing.

In forward mode (`-C forward`) a call does what it does on the host. In the sandbox, the default, it does what the
column "sandbox" says. With `-C deny` everything but `exit` and `exit_group` answers ENOSYS.

The number of a call is taken from r7 whatever the immediate of `svc` is, as a kernel without OABI support does.
"""


def load() -> list[tuple[int, str, Syscall | None]]:
    """List every call: its number, its name and its declaration."""
    calls = []
    for number, row in sorted(CALLS.items()):
        topic, _, name = row.rpartition(".")
        if topic:
            import_module("stinkarm.linux." + topic)
        if name != "bad_syscall":  # what unknown private numbers get; not a call
            calls.append((number, name, DECLARED.get(number)))
    return calls


def _number(number: int) -> str:
    return str(number) if number < 0x10000 else f"{number:#x}"


def _topic(call: Syscall) -> str:
    return call.handler.__module__.rpartition(".")[2]


def document() -> str:
    """Give the page."""
    calls = load()
    declared = [(number, name, call) for number, name, call in calls if call is not None and not call.missing]
    full = [row for row in declared if not row[2].partial]
    partial = [row for row in declared if row[2].partial]
    missing = [(number, name, call) for number, name, call in calls if call is None or call.missing]
    lines = [HEAD.format(all=len(calls), full=len(full), partial=len(partial), missing=len(missing))]

    lines += ["## Whole", "", "| number | name | module | sandbox |", "|---:|---|---|---|"]
    for number, name, call in full:
        lines.append(f"| {_number(number)} | `{name}` | {_topic(call)} | {IN_SANDBOX[call.needs]} |")

    lines += ["", "## In part", "", "| number | name | module | sandbox | what differs |", "|---:|---|---|---|---|"]
    for number, name, call in partial:
        sandbox = IN_SANDBOX[call.needs]
        lines.append(f"| {_number(number)} | `{name}` | {_topic(call)} | {sandbox} | {call.partial} |")

    lines += ["", "## Missing", "", "These answer ENOSYS; in the sandbox, those named with it another error.", ""]
    for number, name, declaration in missing:
        refused = ""
        if declaration is not None and declaration.needs in (CHILD, PROCESS, SYSTEM):
            refused = f" ({IN_SANDBOX[declaration.needs]})"
        lines.append(f"- {_number(number)} `{name}`{refused}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(document())
