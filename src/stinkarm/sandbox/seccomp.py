"""The host's system calls that a sandboxed process cannot make any more, and the filter that sees to it (seccomp(2)).

What is refused is data: a list of rules. `program` makes a BPF program of them. The kernel notes which numbers pass
whatever the arguments are, and does not run the program for those.
"""

import os
import struct
from errno import EACCES, ENOSYS, EPERM

from stinkarm.guest.native import CDLL, addressof, c_long, create_string_buffer, get_errno

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    Condition = tuple[int, int, int, tuple[int, ...]]  # argument, ANY_BIT..., mask, values

PR_SET_NO_NEW_PRIVS = 38
PR_SET_SECCOMP = 22
SECCOMP_MODE_FILTER = 2
AUDIT_ARCH_X86_64 = 0xC000003E
X32 = 0x40000000  # numbers of the x32 table begin here
LAST = 452  # of the host's calls, the last one that is known here

GROUP = 8  # rules that the program looks at one after the other
# When a rule with a condition refuses.
ANY_BIT, NO_BIT, ONE_OF, NONE_OF = range(4)

AF_UNIX, AF_INET, AF_INET6, AF_NETLINK = 1, 2, 10, 16
CLONE_THREAD = 0x10000
# CLONE_NEWTIME NEWNS NEWCGROUP NEWUTS NEWIPC NEWUSER NEWPID NEWNET; the first only means that to unshare and clone3
NEW_NAMESPACES = 0x7E020000
TIOCSTI, TIOCLINUX = 0x5412, 0x541C


class Rule:
    """One call that is refused with `error`: always, or when `condition` says so."""

    __slots__ = ("condition", "error", "name", "number")

    def __init__(self, name: str, number: int, error: int = EPERM, condition: "Condition | None" = None) -> None:
        self.name = name
        self.number = number
        self.error = error
        self.condition = condition

    def __repr__(self) -> str:
        return f"Rule({self.name!r}, {self.number})"


# Never: other processes' memory, the machine, namespaces, keys, and large interfaces that nothing here needs.
NEVER = (
    *(("ptrace", 101), ("mount", 165), ("umount2", 166), ("move_mount", 429), ("open_tree", 428), ("fsopen", 430)),
    *(("fsconfig", 431), ("fsmount", 432), ("fspick", 433), ("mount_setattr", 442), ("pivot_root", 155)),
    *(("chroot", 161), ("unshare", 272), ("setns", 308), ("bpf", 321), ("perf_event_open", 298)),
    *(("io_uring_setup", 425), ("io_uring_enter", 426), ("io_uring_register", 427), ("userfaultfd", 323)),
    *(("keyctl", 250), ("add_key", 248), ("request_key", 249), ("open_by_handle_at", 304)),
    *(("kexec_load", 246), ("kexec_file_load", 320), ("init_module", 175), ("finit_module", 313)),
    *(("delete_module", 176), ("create_module", 174), ("swapon", 167), ("swapoff", 168), ("reboot", 169)),
    *(("sethostname", 170), ("setdomainname", 171), ("acct", 163), ("quotactl", 179), ("quotactl_fd", 443)),
    *(("syslog", 103), ("iopl", 172), ("ioperm", 173), ("modify_ldt", 154), ("vhangup", 153)),
    *(("nfsservctl", 180), ("uselib", 134), ("lookup_dcookie", 212), ("_sysctl", 156), ("settimeofday", 164)),
    *(("clock_settime", 227), ("clock_adjtime", 305), ("fanotify_init", 300), ("fanotify_mark", 301)),
    *(("process_madvise", 440), ("pidfd_getfd", 438), ("kcmp", 312), ("move_pages", 279), ("migrate_pages", 256)),
    *(("memfd_secret", 447), ("personality", 135)),
)
# Forms of path calls that stinkarm does not use: it changes what a descriptor is open on.
OTHER_FORMS = (("utime", 132), ("utimes", 235), ("futimesat", 261), ("creat", 85))
MAKING_PROCESSES = (("fork", 57), ("vfork", 58), ("execve", 59), ("execveat", 322))


def rules(*, network: bool, children: bool, host_programs: bool) -> "list[Rule]":
    """List what is refused, from what is granted."""
    found = [Rule(name, number) for name, number in NEVER]
    found.append(Rule("ioctl", 16, EPERM, (1, ONE_OF, 0xFFFFFFFF, (TIOCSTI, TIOCLINUX))))
    families = (AF_UNIX, AF_INET, AF_INET6, AF_NETLINK) if network else (AF_UNIX,)
    found.append(Rule("socket", 41, EACCES, (0, NONE_OF, 0xFFFFFFFF, families)))
    found.append(Rule("clone3", 435, ENOSYS))  # its flags are in memory; clone does as well
    found.append(Rule("clone", 56, EPERM, (0, ANY_BIT, NEW_NAMESPACES, ())))
    if not children:
        found.append(Rule("clone", 56, EPERM, (0, NO_BIT, CLONE_THREAD, ())))
        found += [Rule(name, number) for name, number in MAKING_PROCESSES]
    if not host_programs:
        found += [Rule(name, number) for name, number in OTHER_FORMS]
    return found


# The program: struct sock_filter is code, jt, jf, k.

_LOAD, _AND, _RETURN = 0x20, 0x54, 0x06
_IF_EQUAL, _IF_ABOVE = 0x15, 0x25
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16  # offsets in struct seccomp_data
_ERRNO, _ALLOW = 0x00050000, 0x7FFF0000


def _instruction(code: int, k: int, then: int = 0, otherwise: int = 0) -> bytes:
    return struct.pack("<HBBI", code, then, otherwise, k)


def program(refused: "Iterable[Rule]") -> bytes:
    """Make the BPF program that refuses these calls, all of other tables than x86-64's own, and all unknown ones."""
    unknown = _instruction(_RETURN, _ERRNO | ENOSYS)
    parts = [
        _instruction(_LOAD, _ARCHITECTURE),
        _instruction(_IF_EQUAL, AUDIT_ARCH_X86_64, then=1),
        unknown,
        _instruction(_LOAD, _NUMBER),
        _instruction(_IF_ABOVE, LAST, otherwise=1),  # x32's numbers are above that too
        unknown,
    ]
    allow = _instruction(_RETURN, _ALLOW)
    rules = sorted(refused, key=lambda rule: rule.number)
    while rules:
        # Some at a time, around which greater numbers go with one jump.
        greatest = rules[:GROUP][-1].number
        group = b""
        while rules and rules[0].number <= greatest:
            body = b"".join(_refuse(rules[0]))
            group += _instruction(_IF_EQUAL, rules.pop(0).number, otherwise=len(body) // 8) + body
        group += allow
        parts += [_instruction(_IF_ABOVE, greatest, then=len(group) // 8), group]
    return b"".join([*parts, allow])


def _refuse(rule: Rule) -> "Iterator[bytes]":
    """Write what is done about a call of the rule's number."""
    answer = _instruction(_RETURN, _ERRNO | rule.error)
    if rule.condition is None:
        yield answer
        return
    argument, kind, mask, values = rule.condition
    yield _instruction(_LOAD, _ARGUMENTS + 8 * argument)  # the low half, which is all that the kernel looks at
    yield _instruction(_AND, mask)
    if kind in (ANY_BIT, NO_BIT):
        refuse_zero = kind == NO_BIT
        yield _instruction(_IF_EQUAL, 0, then=0 if refuse_zero else 1, otherwise=1 if refuse_zero else 0)
    else:
        for at, value in enumerate(values):
            rest = len(values) - 1 - at
            if kind == ONE_OF:
                yield _instruction(_IF_EQUAL, value, then=rest, otherwise=0 if rest else 1)
            else:
                yield _instruction(_IF_EQUAL, value, then=rest + 1)
    yield answer
    yield _instruction(_LOAD, _NUMBER)  # for the next rules


def set_no_new_privileges() -> None:
    """Let no program that is executed gain privileges (set-user-ID bits do nothing). Raises OSError."""
    _prctl(PR_SET_NO_NEW_PRIVS, 1, 0)


def enforce(code: bytes) -> None:
    """Have a program hold for this thread and all that it makes, for good. Wants no_new_privs; raises OSError."""
    buffer = create_string_buffer(code)
    head = create_string_buffer(struct.pack("<H6xQ", len(code) // 8, addressof(buffer)))
    _prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, addressof(head))


_call = CDLL(None, use_errno=True).prctl
_call.argtypes = (c_long,) * 5


def _prctl(option: int, second: int, third: int) -> None:
    if _call(option, second, third, 0, 0):
        number = get_errno()
        raise OSError(number, os.strerror(number))
