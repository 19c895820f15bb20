"""Landlock: rules of the host's kernel for what a process and its children may reach (landlock(7)).

Rules only ever take away. They are about opening and changing names of files, TCP ports, abstract Unix sockets and
signals. What is open already stays as it is, and what the kernel does not ask Landlock about is not kept back: stat,
chmod, chown, times, extended attributes, connecting to a Unix socket by its name, UDP.
"""

import os
import struct

from stinkarm.guest.native import CDLL, c_char_p, c_long, get_errno

SYS_LANDLOCK_CREATE_RULESET = 444
SYS_LANDLOCK_ADD_RULE = 445
SYS_LANDLOCK_RESTRICT_SELF = 446
LANDLOCK_CREATE_RULESET_VERSION = 1
LANDLOCK_RULE_PATH_BENEATH = 1
LANDLOCK_RULE_NET_PORT = 2

# LANDLOCK_ACCESS_FS_*, in the kernel's order, and the ABI that each came with.
(
    EXECUTE,
    WRITE_FILE,
    READ_FILE,
    READ_DIR,
    REMOVE_DIR,
    REMOVE_FILE,
    MAKE_CHAR,
    MAKE_DIR,
    MAKE_REG,
    MAKE_SOCK,
    MAKE_FIFO,
    MAKE_BLOCK,
    MAKE_SYM,
    REFER,
    TRUNCATE,
    IOCTL_DEV,
) = (1 << bit for bit in range(16))
NAMES = (
    *("EXECUTE", "WRITE_FILE", "READ_FILE", "READ_DIR", "REMOVE_DIR", "REMOVE_FILE", "MAKE_CHAR", "MAKE_DIR"),
    *("MAKE_REG", "MAKE_SOCK", "MAKE_FIFO", "MAKE_BLOCK", "MAKE_SYM", "REFER", "TRUNCATE", "IOCTL_DEV"),
)
OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV
BITS_BY_ABI = (0, 13, 14, 15, 15)  # how many of them; from ABI 5 on all
NET_SINCE, SCOPES_SINCE = 4, 6

READING = READ_FILE | READ_DIR
# All that a write grant stands for. Device files are made by nobody.
WRITING = READING | WRITE_FILE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | MAKE_SOCK | MAKE_FIFO | MAKE_SYM
WRITING |= REFER | TRUNCATE

# LANDLOCK_ACCESS_NET_* and LANDLOCK_SCOPE_*.
BIND_TCP, CONNECT_TCP = 1, 2
SCOPE_ABSTRACT_UNIX_SOCKET, SCOPE_SIGNAL = 1, 2

LEAST_ABI = 2  # before it no file could be moved from one directory to another

_create = CDLL(None, use_errno=True).syscall
_create.restype = c_long
_create.argtypes = (c_long, c_char_p, c_long, c_long)
_add = CDLL(None, use_errno=True).syscall
_add.restype = c_long
_add.argtypes = (c_long, c_long, c_long, c_char_p, c_long)
_restrict = CDLL(None, use_errno=True).syscall
_restrict.restype = c_long
_restrict.argtypes = (c_long, c_long, c_long)


def abi() -> int:
    """Give the version of Landlock that the host has; 0 where it has none, or none that would do."""
    if os.environ.get("STINKARM_TEST_NO_LANDLOCK"):
        return 0
    version: int = _create(SYS_LANDLOCK_CREATE_RULESET, None, 0, LANDLOCK_CREATE_RULESET_VERSION)
    return version if version >= LEAST_ABI else 0


def names_of(rights: int) -> list[str]:
    """Name access rights, as the kernel's header does behind LANDLOCK_ACCESS_FS_."""
    return [name for bit, name in enumerate(NAMES) if rights >> bit & 1]


class Ruleset:
    """Rules that are being made. What no rule allows is refused once they are enforced.

    `ports`: connecting and binding of TCP sockets is governed too; `scopes` are SCOPE_*, as far as the `version` has
    them. Raises OSError.
    """

    def __init__(self, version: int, *, ports: bool = False, scopes: int = 0) -> None:
        self.files = (1 << (BITS_BY_ABI[version] if version < len(BITS_BY_ABI) else len(NAMES))) - 1
        self.ports = BIND_TCP | CONNECT_TCP if ports and version >= NET_SINCE else 0
        attributes = struct.pack("<QQQ", self.files, self.ports, scopes)
        size = 24 if version >= SCOPES_SINCE else 16 if version >= NET_SINCE else 8
        self._fd = self._check(_create(SYS_LANDLOCK_CREATE_RULESET, attributes, size, 0))

    @staticmethod
    def _check(result: int) -> int:
        if result < 0:
            number = get_errno()
            raise OSError(number, os.strerror(number))
        return result

    def allow(self, fd: int, rights: int) -> None:
        """Allow some access to the file or directory that is open as `fd`, and to all below it."""
        rule = struct.pack("<Qi", rights & self.files, fd)
        self._check(_add(SYS_LANDLOCK_ADD_RULE, self._fd, LANDLOCK_RULE_PATH_BENEATH, rule, 0))

    def allow_port(self, port: int, rights: int) -> None:
        """Allow TCP sockets to bind, or connect to, a port."""
        rule = struct.pack("<QQ", rights & self.ports, port)
        self._check(_add(SYS_LANDLOCK_ADD_RULE, self._fd, LANDLOCK_RULE_NET_PORT, rule, 0))

    def enforce(self) -> None:
        """Have the rules hold for this thread and all that it makes, for good. Wants no_new_privs."""
        self._check(_restrict(SYS_LANDLOCK_RESTRICT_SELF, self._fd, 0))

    def close(self) -> None:
        """Close the rules; those that are enforced stay."""
        os.close(self._fd)
