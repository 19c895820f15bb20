"""What keeps a guest in: the text of `--explain-sandbox`."""

from __future__ import annotations

import errno
import os

from stinkarm.guest.text import quote
from stinkarm.sandbox import landlock, seccomp
from stinkarm.sandbox.descriptors import WRITE
from stinkarm.sandbox.walls import CAPABILITIES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from stinkarm.sandbox.policy import Policy
    from stinkarm.sandbox.walls import Walls

WIDTH = 100


def explain(policy: Policy, limits: list[tuple[str, float | None]], walls: Walls | None) -> str:
    """Lay out the mode, the grants as they were resolved, the limits by option, and what stands behind them."""
    return "\n".join([*_grants(policy, limits), *_walls(walls)]) + "\n"


def _grants(policy: Policy, limits: list[tuple[str, float | None]]) -> Iterator[str]:
    yield f"mode: {policy.mode}"
    if not policy.sandboxed:
        yield "nothing is kept from the program: its system calls have the rights of the user who runs stinkarm"
    else:
        yield "files:"
        for path, root in sorted(policy.roots.exact.items()):
            what = "read, write" if root.rights & WRITE else "read"
            yield f"  {what:<11}  {quote(os.fsdecode(path))}"
        for name, place in (("sysroot", policy.sysroot), ("root", policy.root)):
            if place:
                yield f"  {name:<11}  {quote(os.fsdecode(place))}"
        yield f"environment: {_granted(policy.allow_env, 'TERM, LANG and their like')}"
        yield f"children and other programs: {_granted(policy.allow_run, 'none')}"
        yield f"network: {_granted(policy.allow_net, 'none')}"
    yield f"limits: {', '.join(f'{name} {value:g}' for name, value in limits if value is not None) or 'none'}"


def _granted(grant: bool | tuple[str, ...], nothing: str) -> str:
    if grant is True:
        return "everything"
    return ", ".join(quote(word) for word in grant or ()) or nothing


def _walls(walls: Walls | None) -> Iterator[str]:
    if walls is None:
        yield "second wall: none"
        return
    yield "second wall, which the kernel enforces around the process and all that come of it:"
    yield "  no_new_privs"
    if walls.capabilities is not None:
        yield f"  capabilities: {', '.join(CAPABILITIES[number] for number in walls.capabilities)}; all others go"
    if walls.abi:
        yield f"  Landlock, ABI {walls.abi}:"
        for reach in walls.reaches:
            if reach.fd < 0 and not os.path.exists(reach.path):
                continue
            yield from _wrapped(f"    {quote(reach.path)} ({reach.why}):", landlock.names_of(reach.rights))
        yield f"    TCP ports: {_ports(walls)}"
        yield "    signals go to the program's own family only"
        if walls.scopes & landlock.SCOPE_ABSTRACT_UNIX_SOCKET:
            yield "    abstract Unix sockets of others are out of reach"
    yield "  seccomp refuses:"
    names = [f"{rule.name}{_condition(rule)}={errno.errorcode[rule.error]}" for rule in walls.refused]
    yield from _wrapped("   ", [*names, f"numbers above {seccomp.LAST}=ENOSYS", "int 0x80 and x32=ENOSYS"])
    yield f"left out: {'; '.join(walls.left_out) or 'nothing'}"


def _ports(walls: Walls) -> str:
    if walls.ports is None:
        return "all"
    return ", ".join(str(port) for port, _ in walls.ports) or "none"


def _condition(rule: seccomp.Rule) -> str:
    """Say which calls a rule is about, when it is not about all."""
    if rule.condition is None:
        return ""
    argument, kind, mask, values = rule.condition
    match kind:
        case seccomp.ANY_BIT:
            return f"(argument {argument} & {mask:#x})"
        case seccomp.NO_BIT:
            return f"(not argument {argument} & {mask:#x})"
        case seccomp.ONE_OF:
            return f"(argument {argument} in {', '.join(map(hex, values))})"
        case _:
            return f"(argument {argument} not in {', '.join(map(hex, values))})"


def _wrapped(first: str, words: list[str]) -> Iterator[str]:
    """Break a list of words into lines."""
    line = first
    for word in words:
        if len(line) + 1 + len(word) > WIDTH:
            yield line
            line = "     "
        line += " " + word
    yield line
