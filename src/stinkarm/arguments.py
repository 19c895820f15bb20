"""Check what Python users pass: each mistake is one sentence that names the argument, its value and what it may be."""

from __future__ import annotations

from itertools import islice
from operator import index

from stinkarm.status import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

ADDRESS_MAXIMUM = (1 << 32) - 1
_NAMES = 20000  # names worth comparing with
_SHOWN = 60  # characters of a value worth showing


def whole(name: str, value: object, low: int, high: int, what: str) -> int:
    """Check that a value is a whole number in [low, high], which is called `what`."""
    if not isinstance(value, bool):
        try:
            number = index(value)  # type: ignore[arg-type]  # what is no number raises TypeError
        except TypeError:
            pass
        else:
            if low <= number <= high:
                return number
            raise UsageError(f"{name} is {_number(number)}; it must be {what}.")
    raise UsageError(f"{name} is {shorten(value)}; it must be {what}.")


def _number(value: int) -> str:
    return (
        str(value)
        if -100000 < value < 100000
        else f"a number of {value.bit_length()} bits" + (f" ({value:#x})" if value.bit_length() < 80 else "")
    )


def shorten(value: object) -> str:
    """Show a value, not all of it if it is long."""
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def address(name: str, value: object) -> int:
    """Check an address."""
    return whole(name, value, 0, ADDRESS_MAXIMUM, "an address, a number from 0 to 0xffffffff")


def size(name: str, value: object) -> int:
    """Check a number of bytes."""
    return whole(name, value, 0, 1 << 32, "a number of bytes from 0 to 2^32")


def word(name: str, value: object) -> int:
    """Check a value of 32 bits, with a sign or without; give it without."""
    number = whole(name, value, -(1 << 31), ADDRESS_MAXIMUM, "a number of 32 bits, from -2^31 to 2^32-1")
    return number & ADDRESS_MAXIMUM


def count(name: str, value: object) -> int:
    """Check how many of something there are to be."""
    return whole(name, value, 0, (1 << 63) - 1, "a whole number from 0 to 2^63-1")


def octets(name: str, value: object) -> bytes:
    """Check what is to be written; give it as bytes."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    hint = f"; encode it first ({name}.encode())" if isinstance(value, str) else ""
    raise UsageError(f"{name} is {shorten(value)}; it must be bytes{hint}.")


def text(name: str, value: object) -> str:
    """Check a string."""
    if isinstance(value, str):
        return value
    raise UsageError(f"{name} is {shorten(value)}; it must be a string.")


def near(wanted: str, names: Iterable[str]) -> str:
    """Give the end of a sentence about a name that does not exist: what it may have been meant to be."""
    import difflib

    known = list(dict.fromkeys(islice(names, _NAMES)))
    lower = {name.lower(): name for name in reversed(known)}
    found = [lower[wanted.lower()]] if wanted.lower() in lower else []
    found += [name for name in difflib.get_close_matches(wanted, known, 3, 0.6) if name not in found]
    return f"; did you mean {' or '.join(map(repr, found[:3]))}?" if found else ""
