"""What the sandbox refused a family of programs: a sentence at its end, a report, grants for the next run.

A process keeps its own records (`Policy.denials`). Before it ends or executes another program it adds them to a file in
memory that the family shares (`Log.refusals`); the first program shows them all.
"""

from __future__ import annotations

import marshal
import os

from stinkarm.guest.text import quote
from stinkarm.sandbox.policy import Denial

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from stinkarm.inspect.log import Log
    from stinkarm.sandbox.policy import Policy

MOST_BYTES = 1 << 20  # of the records of a family that makes ever more processes

# What the C library, its loader, SELinux's library and shells look for by themselves, and do without.
PROBES = (
    *("/etc/ld.so", "/etc/nsswitch.conf", "/etc/localtime", "/etc/gai.conf", "/etc/host.conf", "/etc/selinux"),
    *("/usr/lib/locale", "/usr/share/locale", "/usr/share/zoneinfo", "/proc/filesystems", "/proc/self/"),
    *(
        "/proc/meminfo",
        "/proc/mounts",
        "/proc/stat",
        "/proc/sys/",
        "/selinux",
        "/sys/devices/system/cpu",
        "/sys/fs/selinux",
    ),
)
PROBES_TO_WRITE = ("/dev/tty", "/var/run/nscd/", "/run/nscd/")


# The family's records


def save(policy: Policy, log: Log) -> None:
    """Add the process's records to the family's."""
    if not policy.denials:
        return
    file = log.share_refusals()
    policy.descriptors.hide(file, log, "refusals")
    if os.fstat(file).st_size < MOST_BYTES:
        texts = [marshal.dumps(denial.to_list()) for denial in policy.denials]
        os.write(file, b"".join(len(text).to_bytes(4, "little") + text for text in texts))
    policy.denials = []


def records(policy: Policy, log: Log) -> list[Denial]:
    """Give the process's own records, then those of the family's processes that have ended."""
    if log.refusals < 0:
        return list(policy.denials)
    data = os.pread(log.refusals, os.fstat(log.refusals).st_size, 0)
    found, at = [], 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "little")
        found.append(Denial(*marshal.loads(data[at + 4 : at + 4 + size])))
        at += 4 + size
    own = [denial for denial in found if denial.pid == os.getpid()]  # of what it was before an execve
    return own + policy.denials + [denial for denial in found if denial.pid != os.getpid()]


# What is shown


def is_probe(denial: Denial) -> bool:
    """Say whether a refusal changes nothing for the program: a look at what is not there, or at what may be missing."""
    if denial.kind == "write":
        if denial.what.startswith(PROBES_TO_WRITE):
            return True
        looks = denial.call == "connect"
    else:
        looks = denial.kind == "read"
        if looks and (denial.what.startswith(PROBES) or "/gconv" in denial.what):
            return True
    _, equals, path = denial.grant.partition("=")
    return looks and bool(equals) and not os.path.lexists(path)


def sentence(denials: list[Denial]) -> str:
    """Say what was refused, and what to do; "" when nothing was that matters."""
    counted = [denial for denial in denials if not is_probe(denial)]
    if not counted:
        return ""
    first = counted[0]
    what = f"{first.call}({quote(first.what)})"
    many = "1 thing was refused:" if len(counted) == 1 else f"{len(counted)} things were refused; the first:"
    advice = f"grant it with {first.advice}, or run" if first.grant else "no grant allows it; run"
    return f"stinkarm: {many} {what}; {advice} with -C forward\n"


class End:
    """How a program has ended: `reason`, and the `status` or `signal` of it."""

    __slots__ = ("program", "reason", "signal", "status")

    def __init__(self, program: str, reason: str, status: int | None, signal: int | None) -> None:
        self.program = program
        self.reason = reason
        self.status = status
        self.signal = signal

    @property
    def failed(self) -> bool:
        """Say whether the program itself has failed; that it was ended by a limit is said elsewhere."""
        return self.reason == "signaled" or bool(self.status)


def finish(policy: Policy, log: Log, end: End, *, quiet: bool) -> None:
    """Show what was refused, at the end of a family's first process."""
    found = records(policy, log)
    if end.failed and not quiet and not log.any:
        text = sentence(found)
        if text:
            log.tell(text)
    if log.report >= 0:
        _write(log.report, _report(end, found))
    if log.policy >= 0:
        from stinkarm.sandbox.policy_file import text_of

        _write(log.policy, text_of(policy, end.program, found))


def _report(end: End, denials: list[Denial]) -> str:
    import json

    report: dict[str, Any] = {
        **{"program": end.program, "reason": end.reason, "status": end.status, "signal": end.signal},
        "denials": [denial.to_dict() for denial in denials],
    }
    return json.dumps(report, indent=2) + "\n"


def _write(file: int, text: str) -> None:
    data = text.encode("utf-8", "backslashreplace")
    try:
        while data:
            data = data[os.write(file, data) :]
    except OSError:  # the disk is full: the program has ended all the same
        return
