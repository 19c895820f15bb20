"""Descriptors that the guest cannot use up, in a process that is the guest's alone.

The host lets the process have more descriptors than the guest is told of. The emulator's own are above the guest's
limit where that is possible, and what it opens for a moment is there once the guest has taken all of its own. So a
program that has no descriptor left can still make any call, and it may put a copy at any number below its limit.
"""

import errno

from stinkarm.guest import host

RESERVED = 128

# Where the emulator's own descriptors are when nothing is reserved, out of the way of the small numbers that programs
# use; and when the guest's limit is so high that the host's table of descriptors would become large.
WITHOUT = 960
FAR = 4096
MOST = 1 << 16

MAX_LIMIT = 1 << 30  # the host's own, fs.nr_open, is less


class Reserve:
    """What was reserved: the guest's limits `soft` and `hard` (0: nothing was), what the latter was, and the host's."""

    __slots__ = ("first_hard", "hard", "host_hard", "soft")

    def __init__(self) -> None:
        self.soft = self.hard = self.first_hard = self.host_hard = 0

    def begin(self) -> None:
        """Reserve some. Without the right to raise the hard limit, the guest's is lower than the host's."""
        soft, hard = host.descriptor_limits()
        self.host_hard = hard
        try:
            host.set_descriptor_limits(soft + RESERVED, hard + RESERVED)
        except OSError as error:
            if error.errno != errno.EPERM:
                raise
            hard -= RESERVED
            soft = min(soft, hard)
            if hard < RESERVED:  # rather those few for the guest
                return
            host.set_descriptor_limits(soft + RESERVED, self.host_hard)
        self.soft, self.hard, self.first_hard = soft, hard, hard

    def numbers(self) -> list[int]:
        """Give what `go_on` takes."""
        return [self.soft, self.hard, self.first_hard, self.host_hard]

    def go_on(self, numbers: list[int]) -> None:
        """Be in a process whose earlier program had reserved some."""
        self.soft, self.hard, self.first_hard, self.host_hard = numbers

    def change(self, soft: int, hard: int) -> None:
        """Set the guest's limits, of which the host must be able to let it have so many."""
        host_soft, host_hard = host.descriptor_limits()
        wanted = host_hard if hard <= self.hard else hard + RESERVED
        if wanted > MAX_LIMIT:
            raise OSError(errno.EPERM, "more descriptors than any process may have")
        if soft + RESERVED > host_soft or wanted > host_hard:
            host.set_descriptor_limits(max(host_soft, soft + RESERVED), max(wanted, soft + RESERVED))
        self.soft, self.hard = soft, hard

    def give_back(self) -> None:
        """Have the limits that a program of the host's is to have, which is now executed."""
        if self.soft:
            hard = self.host_hard if self.hard == self.first_hard else self.hard
            host.set_descriptor_limits(min(self.soft, hard), hard)

    def take_again(self) -> None:
        """Go on after `give_back`, because nothing was executed."""
        if self.soft:
            wanted = self.soft + RESERVED
            host.set_descriptor_limits(wanted, max(wanted, host.descriptor_limits()[1]))

    def first_hidden(self) -> int:
        """Give the number at or above which the emulator's own descriptors are."""
        if not self.soft:
            return WITHOUT
        return self.soft if self.soft <= MOST else FAR


reserve = Reserve()
