"""The standard streams of an `Emulator`, whose guest shares this process's descriptors 0, 1 and 2.

While guest code runs, the guest's streams are put in the place of this process's, and taken away behind it. What the
guest writes can be collected in a file in memory, which is never full, as a pipe would be with nobody else to read it.
"""

from __future__ import annotations

import os
from subprocess import DEVNULL, PIPE, STDOUT
from typing import IO, Any

from stinkarm.arguments import shorten
from stinkarm.inspect.log import keep_away
from stinkarm.status import Failed, UsageError

Stream = int | bytes | IO[Any] | None
_NAMES = ("stdin", "stdout", "stderr")


__all__ = ["DEVNULL", "PIPE", "STDOUT", "Stream", "Streams"]


class Streams:
    """Three streams; use it in a `with` around what the guest does."""

    def __init__(self, stdin: Stream, stdout: Stream, stderr: Stream) -> None:
        self._kept = [-1, -1, -1]  # this process's while the guest runs
        self._guest = [-1, -1, -1]  # the guest's while it does not
        self._collected = [-1, -1, -1]  # files in memory
        self._used = False
        self._depth = 0
        values = (stdin, stdout, stderr)
        if all(value is None for value in values):
            return
        try:
            for number, value in enumerate(values):
                self._guest[number] = self._open(number, value)
        except BaseException:
            self.close()
            raise
        self._used = True

    def _open(self, number: int, value: Stream) -> int:
        """Open a stream for the guest; give its descriptor."""
        name = _NAMES[number]
        if value is None:
            return _copy(number)
        if isinstance(value, (bytes, bytearray, memoryview)) and number == 0:
            return self._in_memory(number, bytes(value))
        if isinstance(value, bool) or not (isinstance(value, int) or hasattr(value, "fileno")):
            choices = (
                "bytes, DEVNULL, a file or its descriptor" if number == 0 else "PIPE, DEVNULL, a file or its descriptor"
            )
            raise UsageError(f"{name} is {shorten(value)}; it must be {choices}.")
        if value == DEVNULL:
            return _up(os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC))
        if value == PIPE and number:
            return self._in_memory(number, b"")
        if value == STDOUT and number == 2:
            return _copy(self._guest[1])
        try:
            return _copy(value if isinstance(value, int) else value.fileno())  # type: ignore[union-attr]
        except (OSError, ValueError, OverflowError) as error:
            raise UsageError(f"{name} is {shorten(value)}, which is not an open file: {error}.") from None

    def _in_memory(self, number: int, content: bytes) -> int:
        try:
            fd = os.memfd_create(f"stinkarm-{_NAMES[number]}", os.MFD_CLOEXEC)
            with open(fd, "wb", closefd=False) as file:
                file.write(content)
            os.lseek(fd, 0, os.SEEK_SET)
        except OSError as error:
            raise Failed(f"{_NAMES[number]} cannot be kept in memory: {error.strerror}.") from None
        self._collected[number] = _up(fd)
        return _copy(self._collected[number])

    def collected(self, number: int) -> bytes:
        """Give what the guest has written so far to a stream that is collected."""
        fd = self._collected[number]
        if fd < 0:
            raise UsageError(f"{_NAMES[number]} is not collected; make the Emulator with {_NAMES[number]}=PIPE.")
        data, at = b"", 0
        while part := os.pread(fd, 1 << 20, at):
            data += part
            at += len(part)
        return data

    def __enter__(self) -> Streams:
        self._depth += 1
        if self._used and self._depth == 1:
            self._exchange(self._guest, self._kept)
        return self

    def __exit__(self, *_: object) -> None:
        self._depth -= 1
        if self._used and self._depth == 0:
            self._exchange(self._kept, self._guest)

    def outside(self) -> Outside:
        """Give what puts this process's own streams back for a while, inside of a `with`."""
        return Outside(self)

    def _exchange(self, put: list[int], keep: list[int]) -> None:
        """Put descriptors in the place of 0, 1 and 2, and keep those; one that is closed is -1."""
        for number in range(3):
            try:
                keep[number] = _copy(number)
            except OSError:
                keep[number] = -1
            if put[number] >= 0:
                os.dup2(put[number], number)
                os.close(put[number])
                put[number] = -1
            elif keep[number] >= 0:
                os.close(number)

    def close(self) -> None:
        """Close everything that is kept here."""
        for row in (self._guest, self._collected):
            for number, fd in enumerate(row):
                if fd >= 0:
                    os.close(fd)
                    row[number] = -1
        self._used = False


class Outside:
    """Puts this process's own streams back, in a `with`, while something of the caller's is called."""

    def __init__(self, streams: Streams) -> None:
        self._streams = streams

    def __enter__(self) -> None:
        self._streams.__exit__()

    def __exit__(self, *_: object) -> None:
        self._streams.__enter__()


def _up(fd: int) -> int:
    """Move a descriptor to where guests seldom look."""
    moved = _copy(fd)
    os.close(fd)
    return moved


def _copy(fd: int) -> int:
    """Give a copy of a descriptor that is there."""
    return keep_away(fd)
