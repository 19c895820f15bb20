"""Find the encoding of a word; prove that each word has at most one."""

from __future__ import annotations

from typing import Any

from .declare import A32, ENCODINGS, T32, V8, DeclarationError, Encoding


class Decoded:
    """One decoded instruction: its encoding, all its fields, the word and its length in bytes."""

    __slots__ = ("encoding", "fields", "length", "pc", "word")

    def __init__(self, encoding: Encoding, fields: dict[str, int], word: int, pc: int) -> None:
        self.encoding = encoding
        self.fields = fields
        self.word = word
        self.pc = pc
        self.length = encoding.length


class Node:
    """A step of the decision tree: switch on `word & mask`, or (a leaf) try `encodings` in turn."""

    __slots__ = ("children", "encodings", "mask")

    def __init__(self) -> None:
        self.mask = 0
        self.children: dict[int, Node] = {}
        self.encodings: list[Encoding] = []


def in_order(encodings: list[Encoding]) -> list[Encoding]:
    """Sort encodings so that one that is seen (see=) stands before the one that names it."""
    result: list[Encoding] = []

    def visit(encoding: Encoding, trail: tuple[Encoding, ...]) -> None:
        if encoding in result:
            return
        if encoding in trail:
            raise DeclarationError(f"see= goes in a circle: {trail}")
        for other in encodings:
            if encoding.sees(other) and other is not encoding:
                visit(other, (*trail, encoding))
        result.append(encoding)

    for encoding in encodings:
        visit(encoding, ())
    return result


def build_tree(encodings: list[Encoding], known: int = 0) -> Node:
    """Return a decision tree over the encodings' fixed bits; `known` bits were looked at."""
    node = Node()
    common = ~known
    for encoding in encodings:
        common &= encoding.pattern.mask
    common &= 0xFFFFFFFF
    if len(encodings) <= 1 or (not common and len(encodings) <= 3):
        node.encodings = in_order(encodings)
        return node
    if not common:
        counts = {bit: sum(e.pattern.mask >> bit & 1 for e in encodings) for bit in range(32) if not known >> bit & 1}
        best = max(counts, key=lambda bit: counts[bit], default=None)
        if best is None or counts[best] == 0:
            node.encodings = in_order(encodings)
            return node
        common = 1 << best
    node.mask = common
    groups: dict[int, list[Encoding]] = {}
    for value in sorted(
        {e.pattern.value & common for e in encodings if e.pattern.mask & common}
        | ({0, common} if common.bit_count() == 1 else set())
    ):
        groups[value] = [e for e in encodings if not (e.pattern.value ^ value) & common & e.pattern.mask]
    node.children = {value: build_tree(group, known | common) for value, group in groups.items() if group}
    return node


def _lookup(node: Node, word: int) -> Encoding | None:
    while node.mask:
        child = node.children.get(word & node.mask)
        if child is None:
            return None
        node = child
    for encoding in node.encodings:
        if encoding.pattern.matches(word):
            return encoding
    return None


# The four spaces in which a word is looked up. A32 words with cond == 1111 are a space of their own.
SPACES = ("A32", "A32_unconditional", "T16", "T32")


def space_of(encoding: Encoding) -> str:
    """Name the space in which an encoding is found."""
    if encoding.isa == A32:
        return "A32" if encoding.conditional else "A32_unconditional"
    return "T16" if encoding.pattern.width == 16 else "T32"


def is_wide(halfword: int) -> bool:
    """Say whether a T32 instruction that begins with `halfword` has a second one (A6.1)."""
    return halfword >> 11 in (0b11101, 0b11110, 0b11111)


class Decoder:
    """All declared encodings, ready to be looked up."""

    def __init__(self, encodings: list[Encoding]) -> None:
        spaces: dict[str, list[Encoding]] = {space: [] for space in SPACES}
        for encoding in encodings:
            spaces[space_of(encoding)].append(encoding)
        self.spaces = spaces
        self._trees: dict[str, Node] = {}

    def tree(self, space: str) -> Node:
        """Return the decision tree of a space, built when it is first asked for."""
        tree = self._trees.get(space)
        if tree is None:
            tree = self._trees[space] = build_tree(self.spaces[space])
        return tree

    def find(self, word: int, *, thumb: bool, length: int, v8: bool = True) -> Encoding | None:
        """Return the encoding of `word`, or None when there is none; `v8`: what ARMv8 adds is there."""
        space = ("T16" if length == 2 else "T32") if thumb else "A32_unconditional" if word >> 28 == 15 else "A32"
        encoding = _lookup(self._trees.get(space) or self.tree(space), word)
        return None if encoding is not None and encoding.extension == V8 and not v8 else encoding

    def decode(
        self, word: int, *, thumb: bool, length: int = 4, pc: int = 0, itstate: int = 0, v8: bool = True
    ) -> Decoded | None:
        """Decode `word` (a wide T32 one is first halfword << 16 | second), or return None when it is UNDEFINED."""
        encoding = self.find(word, thumb=thumb, length=length, v8=v8)
        if encoding is None:
            return None
        fields: dict[str, Any] = encoding.pattern.extract(word)
        fields["pc"] = pc
        fields["in_it"] = int(itstate & 0xF != 0)
        fields["mid_it"] = int(itstate & 7 != 0)
        values = encoding.arguments(fields)
        return None if encoding.is_undefined(values) else Decoded(encoding, values, word, pc)


def prove(encodings: list[Encoding]) -> None:
    """Raise DeclarationError unless each word has at most one encoding and each encoding has a word.

    Where two encodings of a space overlap, one must name the other in `see`.
    """
    names = {e.instruction.name for e in encodings}
    spaces: dict[str, list[Encoding]] = {}
    ids = set()
    for encoding in encodings:
        unknown = encoding.see - names
        if unknown:
            raise DeclarationError(f"{encoding!r} sees {', '.join(sorted(unknown))}, which is not declared")
        _prove_place(encoding)
        space = space_of(encoding)
        if (space, encoding.id) in ids:
            raise DeclarationError(f"two encodings of one space are called {encoding.id}")
        ids.add((space, encoding.id))
        spaces.setdefault(space, []).append(encoding)
    for members in spaces.values():
        patterns = [(e, e.pattern.mask, e.pattern.value) for e in members]
        for a, mask, value in patterns:
            overlapping = [b for b, m, v in patterns if not (value ^ v) & mask & m and b is not a]
            for b in overlapping:
                _prove_order(a, b)
            covers = [b for b in overlapping if a.sees(b)]
            if covers and not _has_words(a, covers):
                raise DeclarationError(
                    f"{a!r} can never be reached: {', '.join(map(repr, covers))} take every word of it"
                )


_WIDE = tuple(first << 27 for first in (0b11101, 0b11110, 0b11111))


def _prove_place(encoding: Encoding) -> None:
    """Refuse a pattern that the words of its space could not have."""
    pattern = encoding.pattern
    space = space_of(encoding)
    if space == "A32" and "cond" in pattern.fields and pattern.fields["cond"] != (28, 4):
        raise DeclarationError(f"{encoding!r}: in {pattern.text!r} cond is not the top four bits")
    if space == "A32_unconditional" and pattern.mask & pattern.value >> 28 << 28 != 0xF << 28:
        raise DeclarationError(f"{encoding!r}: {pattern.text!r} begins neither with cond:4 nor with 1111")
    if space == "T16":
        if any(not (pattern.value << 16 ^ wide) & pattern.mask << 16 & 0xF8000000 for wide in _WIDE):
            raise DeclarationError(f"{encoding!r}: {pattern.text!r} takes words that begin a 32-bit instruction")
    elif space == "T32":
        firsts = [first << 27 for first in range(32) if not (pattern.value ^ first << 27) & pattern.mask & 0xF8000000]
        if not set(firsts) <= set(_WIDE):
            raise DeclarationError(f"{encoding!r}: {pattern.text!r} takes words that begin with a 16-bit instruction")


def _prove_order(a: Encoding, b: Encoding) -> None:
    """Refuse two overlapping encodings without an order."""
    a_first, b_first = b.sees(a), a.sees(b)
    if a.instruction is not b.instruction and a_first and b_first:
        raise DeclarationError(f"{a!r} and {b!r} name each other in see=; only the more general one may")
    if not a_first and not b_first:
        raise DeclarationError(
            f"{a!r} ({a.pattern.text}) and {b!r} ({b.pattern.text}) overlap; one must name the other in see="
        )


def _has_words(encoding: Encoding, covers: list[Encoding]) -> bool:
    """Say whether some word of an encoding is in none of `covers`, by taking each away from what is left."""
    left = [(encoding.pattern.mask, encoding.pattern.value)]
    for cover in covers:
        rest = []
        for mask, value in left:
            if (value ^ cover.pattern.value) & mask & cover.pattern.mask:
                rest.append((mask, value))
                continue
            free = cover.pattern.mask & ~mask
            while free:
                # The words that differ from the cover in this bit, and agree in the bits before.
                bit = free & -free
                rest.append((mask | bit, value | ~cover.pattern.value & bit))
                mask, value, free = mask | bit, value | cover.pattern.value & bit, free & ~bit
        left = rest
    return bool(left)


_decoder: Decoder | None = None


def decoder() -> Decoder:
    """Return the decoder of all declared instructions.

    They are proved when the interpreter is built of them, and by the tests: it takes longer than a crash report may.
    """
    global _decoder  # noqa: PLW0603 - built once, on first use
    if _decoder is None:
        from . import instructions  # noqa: F401 - importing declares them

        _decoder = Decoder(ENCODINGS)
    return _decoder


__all__ = ["A32", "T32", "Decoded", "Decoder", "build_tree", "decoder", "is_wide", "prove", "space_of"]
