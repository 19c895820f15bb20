"""Floating-point numbers worth trying, of the three formats, as bits."""

from __future__ import annotations

from random import Random

# The bits of exponent and fraction, by width.
FORMATS = {16: (5, 10), 32: (8, 23), 64: (11, 52)}


def edges(width: int) -> list[int]:
    """Return numbers at the edges of a format, of both signs."""
    exponent_bits, fraction_bits = FORMATS[width]
    one = (1 << exponent_bits - 1) - 1 << fraction_bits
    infinity = (1 << exponent_bits) - 1 << fraction_bits
    smallest = 1 << fraction_bits
    positive = [
        *(0, 1, 2, smallest >> 1, smallest - 1, smallest, smallest + 1, 2 * smallest - 1, 2 * smallest),
        *(one - 1, one, one + 1, one + smallest, one + (smallest >> 1), one + 31 * smallest, one + 32 * smallest),
        *(infinity - 1, infinity - smallest, infinity, infinity + 1, infinity + smallest // 2, infinity + smallest - 1),
    ]
    if width > 16:
        positive += [one + (fraction_bits - 1) * smallest + 1, one + (fraction_bits + 1) * smallest + 1]
        positive += [one + 31 * smallest - 1, one + 32 * smallest - 1, one + 16 * smallest + 3, one - smallest]
        positive += [one - fraction_bits * smallest, one - 14 * smallest, one - 24 * smallest, one - 25 * smallest + 1]
        # Factors whose products round up to the smallest normal number.
        half_range = one - (one // smallest // 2) * smallest
        positive += [half_range, half_range - 1, half_range + 1, (one >> 1) + smallest // 3]
    return [sign | number for number in positive for sign in (0, 1 << width - 1)]


_EDGES = {width: edges(width) for width in FORMATS}


def interesting(rng: Random, width: int) -> int:
    """Return a random number, often near the edges of exponents."""
    exponent_bits, fraction_bits = FORMATS[width]
    kind = rng.random()
    if kind < 0.3:
        return rng.choice(_EDGES[width])
    if kind < 0.5:
        return rng.getrandbits(width)
    one = (1 << exponent_bits - 1) - 1
    exponent = one + rng.randrange(-70, 70) if kind < 0.9 else rng.choice((0, 1, 2, 2 * one, 2 * one - 1))
    exponent = max(0, min(2 * one, exponent))
    fraction = rng.getrandbits(fraction_bits)
    if rng.random() < 0.6:
        fraction &= -1 << rng.randrange(fraction_bits)
    return rng.getrandbits(1) << width - 1 | exponent << fraction_bits | fraction & (1 << fraction_bits) - 1
