"""Cut one LLVM module's text into several, so that several processors compile it at once."""

from __future__ import annotations

import re

_DEFINITION = re.compile(r"define (?:internal |hidden )?(.*?)@(\"[^\"]+\"|[\w.$]+)(\(.*)$", re.DOTALL)
_CONSTANT = re.compile(r"(@[\w.$]+) = internal (?:unnamed_addr )?constant (\[[^\]]*\]|\S+)")
_REFERENCE = re.compile(r"@(\"[^\"]+\"|[\w.$]+)")


class _Function:
    def __init__(self, lines: list[str]) -> None:
        match = _DEFINITION.match(lines[0])
        if match is None:
            raise ValueError(f"{lines[0]!r} is not a function definition")
        kind, self.name, rest = match.groups()
        self.text = "\n".join([f"define hidden {kind}@{self.name}{rest}", *lines[1:]])
        self.declaration = f"declare hidden {kind}@{self.name}{rest[: _closing(rest)]}"
        self.references = set(_REFERENCE.findall(self.text)) - {self.name}


def _closing(text: str) -> int:
    """Return where the parenthesis that opens `text` is closed."""
    depth = 0
    for i, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return i + 1
    raise ValueError(f"{text!r} does not close its parameters")


def split(module: str, parts: int) -> list[str]:
    """Return `parts` modules that, linked in this order, are `module`; its functions keep their order.

    Module-level assembly and constants go to the first one. Names that were internal become hidden ones.
    """
    functions: list[_Function] = []
    first: list[str] = []
    common: list[str] = []
    constants: dict[str, str] = {}
    lines = iter(module.split("\n"))
    for line in lines:
        if line.startswith("define "):
            body = [line]
            while body[-1] != "}" and not (len(body) == 1 and line.rstrip().endswith("}")):
                body.append(next(lines))
            functions.append(_Function(body))
        elif line.startswith("module asm"):
            first.append(line)
        elif line.startswith("@"):
            match = _CONSTANT.match(line)
            if match is None:
                raise ValueError(f"{line!r} is not an internal constant")
            constants[match.group(1)[1:]] = f"{match.group(1)} = external hidden constant {match.group(2)}"
            first.append(line.replace(" = internal ", " = hidden ", 1))
        elif line.strip():
            common.append(line)
    by_name = {function.name: function for function in functions}
    total = sum(len(function.text) for function in functions)
    groups: list[list[_Function]] = [[] for _ in range(parts)]
    done = 0
    for function in functions:
        groups[min(parts - 1, done * parts // total)].append(function)
        done += len(function.text)
    modules = []
    for number, group in enumerate(groups):
        here = {function.name for function in group}
        wanted = set().union(*(function.references for function in group))
        if number == 0:
            wanted |= {name for line in first for name in _REFERENCE.findall(line)}
        declarations = [by_name[name].declaration for name in sorted(wanted - here) if name in by_name]
        declarations += [constants[name] for name in sorted(wanted) if name in constants and number]
        own = first if number == 0 else []
        modules.append("\n".join([*common, *own, *declarations, *[function.text for function in group], ""]))
    return modules
