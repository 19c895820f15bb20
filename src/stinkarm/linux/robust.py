"""Robust futexes: what becomes of a lock whose holder ends.

Where a thread or the process ends here, its list is walked here, since its layout is 32-bit. SIGKILL, a signal that
does what the host does by default, and execve end it where only the host's kernel is: for these each thread has a list
of 64-bit nodes, which the kernel walks. A node is at the same distance from each futex word, in a reservation as large
as guest memory, of which only the pages with nodes are there. The nodes are renewed before a call that may wait, and at
the end of a slice of guest code. So a lock that is younger than a slice may be missed; one that was given back does no
harm, for the kernel looks who holds it.
"""

from __future__ import annotations

from errno import EINVAL
from struct import Struct

from stinkarm.guest import host as host_memory
from stinkarm.guest.kuser import CMPXCHG
from stinkarm.guest.memory import GuestFault
from stinkarm.guest.native import addressof, create_string_buffer, memmove
from stinkarm.guest.state import State
from stinkarm.guest.stop import BUDGET
from stinkarm.linux import host, structs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from stinkarm.linux.kernel import Kernel

# x86-64 numbers: arch/x86/entry/syscalls/syscall_64.tbl
HOST_FUTEX = 202
HOST_SET_ROBUST_LIST = 273

# include/uapi/linux/futex.h
FUTEX_WAKE = 1
FUTEX_WAITERS = 0x80000000
FUTEX_OWNER_DIED = 0x40000000
FUTEX_TID_MASK = 0x3FFFFFFF
ROBUST_LIST_LIMIT = 2048
ROBUST_PI = 1  # in the lowest bit of an entry's address

STEPS = 200  # instructions that a compare-and-exchange takes at most

PAGE = 4096
SPACE = 1 << 32
RESERVED = host_memory.MAP_PRIVATE | host_memory.MAP_ANONYMOUS | host_memory.MAP_NORESERVE
NODE = Struct("<Q")
HEAD = Struct("<QqQ")  # struct robust_list_head of x86-64: list.next, futex_offset, list_op_pending


def wake(k: Kernel, address: int) -> None:
    """Wake one who waits for a word."""
    host.call_always(HOST_FUTEX, k.memory.host(address, 4), FUTEX_WAKE, 1)


# The host's list


class Nodes:
    """Where the nodes of a process are: one for the word at guest address `a` is at `address` + a."""

    __slots__ = ("_pages", "address")

    def __init__(self) -> None:
        self.address = host_memory.mmap(0, SPACE + PAGE, host_memory.PROT_NONE, RESERVED)
        self._pages: set[int] = set()

    def write(self, word: int, following: int) -> int:
        """Set what follows the node of a word; give its address."""
        for page in (word // PAGE, (word + NODE.size - 1) // PAGE):
            if page not in self._pages:
                access = host_memory.PROT_READ | host_memory.PROT_WRITE
                host_memory.mprotect(self.address + page * PAGE, PAGE, access)
                self._pages.add(page)
        memmove(self.address + word, NODE.pack(following), NODE.size)
        return self.address + word


class HostList:
    """The list of one thread. `seen` are the words in it, each with ROBUST_PI, and the word that is pending."""

    __slots__ = ("head", "seen")

    def __init__(self, k: Kernel, nodes: Nodes) -> None:
        self.seen: tuple[tuple[int, ...], int] = ((), 0)
        self.head = create_string_buffer(HEAD.size)
        start = addressof(self.head)
        self.head.raw = HEAD.pack(start, k.memory.base - nodes.address, 0)
        host.call_always(HOST_SET_ROBUST_LIST, start, HEAD.size)


_nodes: list[Nodes] = []  # of this process, once it needs them


def renew(k: Kernel) -> None:
    """Let the host's kernel know what the calling thread's list holds."""
    try:
        offset, pending = structs.RobustListHead.read(k.memory, k.robust_list)[1:]
        words = tuple(_word(entry, offset) for entry in _entries(k, k.robust_list))
    except GuestFault:  # broken: so is the list until here
        words, pending = (), 0
    try:
        if not _nodes:
            _nodes.append(Nodes())
        if k.host_list is None:
            k.host_list = HostList(k, _nodes[0])
        if k.policy.sandboxed:  # whose locks of this kind are not the host's (linux/owned_futex.py)
            words, pending = tuple(word & ~ROBUST_PI for word in words), pending & ~ROBUST_PI
        _write(k.host_list, _nodes[0], words, _word(pending, offset) if pending else 0)
    except OSError as error:  # no address space, or no more mappings
        k.note(f"robust locks are not given back when SIGKILL or execve ends their holder: {error.strerror}")


def _write(host_list: HostList, nodes: Nodes, words: tuple[int, ...], pending: int) -> None:
    if (words, pending) == host_list.seen:
        return
    start = addressof(host_list.head)
    # From the end, so that the list ends wherever the thread is killed meanwhile.
    following = start
    for word in reversed(words):
        following = nodes.write(word & ~3, following) | word & ROBUST_PI
    last = nodes.write(pending & ~3, 0) | pending & ROBUST_PI if pending and pending not in words else 0
    memmove(start + 16, NODE.pack(last), NODE.size)
    memmove(start, NODE.pack(following), NODE.size)
    host_list.seen = (words, pending)


def _word(entry: int, offset: int) -> int:
    """Give the address of an entry's word, with ROBUST_PI."""
    return (entry & ~ROBUST_PI) + offset & 0xFFFFFFFC | entry & ROBUST_PI


def forget(k: Kernel) -> None:
    """Leave the host's kernel nothing to walk at the end of the calling thread."""
    if k.host_list is not None:
        host.call_always(HOST_SET_ROBUST_LIST, 0, HEAD.size)
        k.host_list = None


# Walking the list (kernel/futex/core.c, exit_robust_list)


def walk(k: Kernel) -> None:
    """Mark the locks that a thread held, and let their waiters know."""
    try:
        _follow(k, k.robust_list)
    except (GuestFault, OSError):  # a list that is broken ends there
        return


def _entries(k: Kernel, head: int) -> Iterator[int]:
    """Give the addresses of a list's entries, with ROBUST_PI; what follows each is read before it is given."""
    entry = k.memory.read_u32(head)
    for _ in range(ROBUST_LIST_LIMIT):
        if entry & ~ROBUST_PI == head:
            return
        following = k.memory.read_u32(entry & ~ROBUST_PI)
        yield entry
        entry = following


def _follow(k: Kernel, head: int) -> None:
    offset, pending = structs.RobustListHead.read(k.memory, head)[1:]
    for entry in _entries(k, head):
        if entry & ~ROBUST_PI != pending & ~ROBUST_PI:
            _die(k, entry, offset, pending=False)
    if pending:
        _die(k, pending, offset, pending=True)


def _die(k: Kernel, entry: int, offset: int, *, pending: bool) -> None:
    """Mark one lock, if the thread holds it (handle_futex_death)."""
    address = (entry & ~ROBUST_PI) + offset & 0xFFFFFFFF
    inherits = bool(entry & ROBUST_PI) and not k.policy.sandboxed  # the host passes it on by itself
    if address & 3:
        raise OSError(EINVAL, "a futex is not aligned")
    while True:
        value = k.memory.read_u32(address)
        if pending and not inherits and not value:  # unlocked, but whom it may concern not woken yet
            wake(k, address)
            return
        if value & FUTEX_TID_MASK != k.tid:
            return
        if compare_exchange(k, address, value, value & FUTEX_WAITERS | FUTEX_OWNER_DIED):
            break
    if not inherits and value & FUTEX_WAITERS:
        wake(k, address)


def compare_exchange(k: Kernel, address: int, old: int, new: int) -> bool:
    """Exchange a word as guest code does it, which other threads see at once or not at all."""
    if k.engine is None:
        raise OSError(EINVAL, "nothing runs guest code")
    state = State()
    state.r[0], state.r[1], state.r[2] = old, new, address
    state.r[14] = 0  # where nothing can be executed: there it stops
    state.r[15] = CMPXCHG
    while (stopped := k.engine.run(state, STEPS)).kind == BUDGET:
        continue
    if stopped.pc != 0:
        raise GuestFault(address, True)
    return state.r[0] == 0
