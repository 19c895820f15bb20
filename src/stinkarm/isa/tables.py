"""Constant tables that meanings look bytes up in."""

from __future__ import annotations

from typing import NamedTuple


class Table(NamedTuple):
    """256 entries of `width` bits."""

    width: int
    entries: tuple[int, ...]


def _rotate(byte: int, amount: int) -> int:
    return (byte << amount | byte >> 8 - amount) & 0xFF


def _aes() -> tuple[int, ...]:
    """Return the S-box of FIPS 197: the inverse in GF(2^8), then an affine map."""
    powers = [1]  # of 3, which generates all but 0
    while len(powers) < 255:
        last = powers[-1]
        powers.append(last ^ last << 1 ^ (0x11B if last & 0x80 else 0))
    inverse = dict(zip(powers, [powers[0], *reversed(powers[1:])], strict=True)) | {0: 0}
    return tuple(
        b ^ _rotate(b, 1) ^ _rotate(b, 2) ^ _rotate(b, 3) ^ _rotate(b, 4) ^ 0x63
        for b in (inverse[byte] for byte in range(256))
    )


def _inverse(entries: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(entries.index(byte) for byte in range(256))


def _crc(polynomial: int) -> tuple[int, ...]:
    """Return the remainders of all bytes, lowest bit first."""
    entries = []
    for byte in range(256):
        rest = byte
        for _ in range(8):
            rest = rest >> 1 ^ (polynomial if rest & 1 else 0)
        entries.append(rest)
    return tuple(entries)


TABLES = {
    "aes": Table(8, _aes()),
    "aes_inverse": Table(8, _inverse(_aes())),
    "crc32": Table(32, _crc(0xEDB88320)),
    "crc32c": Table(32, _crc(0x82F63B78)),
}
