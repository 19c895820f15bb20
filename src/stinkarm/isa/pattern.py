"""Bit patterns of encodings: parse them, and prove that every bit is accounted for."""

from __future__ import annotations

_widths: dict[str, int] = {}  # of tokens that were found right: there are few, and many patterns


class PatternError(ValueError):
    """A pattern that does not describe a whole instruction word."""


class Pattern:
    """One encoding diagram, written most significant bit first.

    `0101` are fixed bits, `rn:4` is a field, `(0)` and `(1)` are the manual's should-be bits:
    they are not examined when decoding. `mask`/`value` give the fixed bits, `fields` maps a
    name to (least significant bit, width).
    """

    __slots__ = ("fields", "mask", "should_be", "text", "value", "width")

    def __init__(self, text: str) -> None:
        self.text = text
        self.mask = self.value = self.should_be = 0
        self.fields: dict[str, tuple[int, int]] = {}
        tokens = text.split()
        widths = [_widths.get(token) or self._width(token) for token in tokens]
        self.width = sum(widths)
        if self.width not in (16, 32):
            raise PatternError(f"{text!r} has {self.width} bits; a pattern has 16 or 32")
        position = self.width
        for token, width in zip(tokens, widths, strict=True):
            position -= width
            if ":" in token:
                name = token.partition(":")[0]
                if name in self.fields:
                    raise PatternError(f"{text!r} names the field {name!r} twice")
                self.fields[name] = (position, width)
            elif token[0] == "(":
                self.should_be |= int(token[1:-1], 2) << position
            else:
                self.mask |= ((1 << width) - 1) << position
                self.value |= int(token, 2) << position

    def _width(self, token: str) -> int:
        name, colon, width = token.partition(":")
        if colon:
            if not name.isidentifier() or not width.isdigit() or int(width) < 1:
                raise PatternError(f"{self.text!r}: {token!r} is not a field; write name:width")
            _widths[token] = int(width)
            return int(width)
        bits = token[1:-1] if token[0] == "(" and token[-1] == ")" else token
        if not bits or bits.strip("01"):
            raise PatternError(f"{self.text!r}: {token!r} is neither bits, (bits) nor name:width")
        _widths[token] = len(bits)
        return len(bits)

    def matches(self, word: int) -> bool:
        """Say whether the fixed bits of `word` are this pattern's."""
        return word & self.mask == self.value

    def extract(self, word: int) -> dict[str, int]:
        """Return the fields of `word` by name."""
        return {name: word >> lsb & (1 << width) - 1 for name, (lsb, width) in self.fields.items()}
