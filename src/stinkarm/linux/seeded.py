"""Random bytes that follow from a seed (`-seed N`), the same in each run."""

from __future__ import annotations


class Randomness:
    """The bytes of one thread. Another thread, a child, has a branch: its bytes do not depend on who is faster.

    `key`, `calls` and `branches` are all that makes the next bytes.
    """

    __slots__ = ("branches", "calls", "key")

    def __init__(self, key: bytes, calls: int = 0, branches: int = 0) -> None:
        self.key = key
        self.calls = calls
        self.branches = branches

    def take(self, size: int) -> bytes:
        """Give the next bytes."""
        self.calls += 1
        return _hash(b"bytes %d of %s" % (self.calls, self.key), size)

    def branch(self) -> Randomness:
        """Give the bytes of another thread or child, the next one that this thread makes."""
        self.branches += 1
        return Randomness(_hash(b"branch %d of %s" % (self.branches, self.key), 32))


def _hash(text: bytes, size: int) -> bytes:
    from _sha3 import shake_256  # type: ignore[import-not-found]  # `hashlib` takes long to import

    return bytes(shake_256(text).digest(size))
