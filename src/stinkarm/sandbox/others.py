"""Names below /proc that tell of other processes.

Where the host's files show the emulator of another guest, what they hold is made up (linux/proc_others.py). In the
sandbox the guest's family is all that exists, and little of it is shown.
"""

import os
from errno import EACCES, ENOENT

from stinkarm.sandbox.roots import O_OBJECT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stinkarm.sandbox.policy import Policy

# What a guest in the sandbox may read of its family, apart from what is made up.
SHOWN = frozenset((b"", b"comm", b"cmdline", b"environ", b"stat", b"statm", b"status", b"maps"))
# Of open(2)'s flags, those that files of /proc heed.
PLAIN = os.O_ACCMODE | os.O_CLOEXEC | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_PATH | os.O_NONBLOCK


def memory_file(name: bytes, text: bytes) -> int:
    """Make a file that holds a text and can only be read; give its descriptor."""
    memory = os.memfd_create(name.decode(), os.MFD_CLOEXEC)
    try:
        with open(memory, "wb", closefd=False) as file:
            file.write(text)
        return os.open(b"/proc/self/fd/%d" % memory, os.O_RDONLY | os.O_CLOEXEC)
    finally:
        os.close(memory)


def _check(policy: "Policy", name: bytes) -> tuple[bytes, bytes]:
    """Split a name below /proc into the process and the rest; in the sandbox only the family's exist."""
    pid, _, rest = name.partition(b"/")
    if policy.sandboxed and (policy.family is None or not policy.family.knows(int(pid))):
        raise OSError(ENOENT, "not a process of the guest", b"/proc/" + name)
    return pid, rest


def read_link(policy: "Policy", name: bytes) -> bytes | None:
    """Give what a link says; None where the host's answer is right."""
    pid, rest = _check(policy, name)
    return policy.family.program_of(pid) if rest == b"exe" and policy.family is not None else None


def program(policy: "Policy", name: bytes) -> bytes | None:
    """Give what `exe` of another guest leads to; None for other names, and in the sandbox."""
    return None if policy.sandboxed else read_link(policy, name)


def look(policy: "Policy", name: bytes) -> int:
    """Open a file for looking at it only; give -1 where that is the host's business."""
    _, rest = _check(policy, name)
    if not policy.sandboxed:
        return -1
    if rest.rpartition(b"/")[2] not in SHOWN and rest != b"exe":
        _refuse(policy, name)
    return os.open(b"/proc/" + name, O_OBJECT)


def open_file(policy: "Policy", name: bytes, flags: int) -> int:
    """Open a file; give -1 where that is the host's business."""
    _, rest = _check(policy, name)
    reads = not flags & (os.O_ACCMODE | os.O_TRUNC | os.O_PATH)
    text = policy.family.text_of(name) if reads and policy.family is not None else None
    if text is not None:
        return memory_file(rest.rpartition(b"/")[2], text)
    if not policy.sandboxed:
        return -1
    if not reads or rest.rpartition(b"/")[2] not in SHOWN:
        _refuse(policy, name)
    return os.open(b"/proc/" + name, flags & PLAIN)


def _refuse(policy: "Policy", name: bytes) -> None:
    policy.deny(b"/proc/" + name)
    raise OSError(EACCES, "the sandbox does not show more of other processes", b"/proc/" + name)
