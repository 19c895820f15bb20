"""The second wall: what the host's kernel keeps from a sandboxed guest's process, whatever stinkarm's own checks say.

A plan is made from the grants and is data: `Walls`. `stand` has the kernel enforce it, once for a family of guests:
children and the programs that they execute inherit it. It consists of

- no_new_privs: set-user-ID bits do nothing;
- on a machine where stinkarm runs as root, capabilities that are given up;
- Landlock's rules (landlock.py): the files and directories that were granted, stinkarm's own files for reading, ports;
- a filter for system calls (seccomp.py).

What a host does not have is left out, and `left_out` says so.
"""

import os
import struct
import sys
from errno import EINVAL

from stinkarm.guest.native import CDLL, c_char_p, c_long, get_errno
from stinkarm.guest.text import quote
from stinkarm.sandbox import landlock, seccomp
from stinkarm.sandbox.descriptors import WRITE
from stinkarm.sandbox.special import DEVICES
from stinkarm.sandbox.sysroot import LIBRARY_FOLDERS, TRIPLETS, USUAL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from stinkarm.sandbox.policy import Policy

# What a write grant for one name needs in its directory.
MAKING_FILES = landlock.WRITE_FILE | landlock.TRUNCATE | landlock.MAKE_REG | landlock.REMOVE_FILE | landlock.REFER
# What programs need that are executed on the host: stinkarm's Python, for another ARM program, or those granted.
LOADERS = ("/lib64/ld-linux-x86-64.so.2", "/lib/ld-musl-x86_64.so.1")
LIBRARIES = ("/usr/lib", "/usr/lib64", "/usr/local/lib")
UNMERGED = ("/lib", "/lib64", "/bin", "/sbin")  # links into /usr, on most machines
SYSTEM = ("/usr", *UNMERGED)  # for granted programs
LOADER_CACHE = "/etc/ld.so.cache"
SETTINGS = (
    *("alternatives", "ca-certificates", "group", "gai.conf", "host.conf", "hosts", "ld.so.conf", "ld.so.conf.d"),
    *("locale.alias", "localtime", "login.defs", "magic", "mime.types", "networks", "nsswitch.conf", "passwd"),
    *("profile", "protocols", "resolv.conf", "services", "shells", "ssl/certs", "ssl/openssl.cnf", "terminfo"),
)

CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER = range(4)
CAPABILITIES = ("CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER")
VERSION = 0x20080522  # _LINUX_CAPABILITY_VERSION_3
SYS_CAPSET = 126
PR_SET_SECUREBITS = 28
SECBITS = 0x0F  # SECBIT_NOROOT, SECBIT_NO_SETUID_FIXUP, both locked
PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 47, 2

MOST_PORTS = 64  # rules for ports; where more were granted, all are


class Reach:
    """One place and the access (landlock.py) that is left to it and to all below it; `fd` is -1 until it is opened."""

    __slots__ = ("fd", "path", "rights", "why")

    def __init__(self, path: str, rights: int, why: str, fd: int = -1) -> None:
        self.path = path
        self.rights = rights
        self.why = why
        self.fd = fd


class Walls:
    """What is to stand. `ports` are (number, landlock's rights), or None when TCP is not governed.

    `capabilities` are those that are kept, or None for a process that has none to give up.
    """

    __slots__ = ("abi", "capabilities", "left_out", "ports", "reaches", "refused", "scopes")

    def __init__(self) -> None:
        self.abi = landlock.abi()
        self.reaches: list[Reach] = []
        self.ports: list[tuple[int, int]] | None = []
        self.scopes = landlock.SCOPE_SIGNAL | landlock.SCOPE_ABSTRACT_UNIX_SOCKET
        self.refused: list[seccomp.Rule] = []
        self.capabilities: list[int] | None = None
        self.left_out: list[str] = []

    def stand(self) -> None:
        """Have the kernel enforce the walls around this process, which has one thread, and all that come of it."""
        try:
            seccomp.set_no_new_privileges()
        except OSError as error:
            self.left_out.append(f"everything: no_new_privs cannot be set: {error.strerror}")
            return
        if self.capabilities is not None:
            _give_up_capabilities(self)
        if self.abi:
            try:
                _enforce_rules(self)
            except OSError as error:
                self.left_out.append(f"Landlock: {error.strerror}")
        try:
            seccomp.enforce(seccomp.program(self.refused))
        except OSError as error:
            self.left_out.append(f"the filter of system calls: {error.strerror}")


def plan(policy: "Policy", own: "Iterable[str]", locks: str, *, traces: bool = False) -> Walls:
    """Plan the walls around a guest in the sandbox.

    `own` are directories that stinkarm itself reads later, and `locks` one where it writes nothing but locks.
    `traces`: it writes files for `perf`.
    """
    walls = Walls()
    programs = [program.fd for program in policy.roots.programs] if policy.grants_files else []
    writes = _add_grants(walls, policy)
    _add_own(walls, own, locks, executes=policy.runs)
    if programs:
        _add_host_programs(walls, programs)
    if traces:
        writing = landlock.READ_FILE | landlock.WRITE_FILE | landlock.MAKE_REG | landlock.TRUNCATE
        walls.reaches.append(Reach("/tmp", writing, "--perf-map"))
    _add_network(walls, policy)
    walls.refused = seccomp.rules(network=bool(policy.allow_net), children=policy.runs, host_programs=bool(programs))
    if os.geteuid() == 0:
        # Reading is for Landlock to say: stinkarm's own files may be another user's, as they are in many containers.
        walls.capabilities = [CAP_DAC_READ_SEARCH]
        if writes:
            walls.capabilities = [CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER]
    if not walls.abi:
        walls.left_out.append("Landlock: the host does not have it, or only its ABI 1")
    elif walls.abi < landlock.NET_SINCE:
        walls.left_out.append(f"TCP ports, scopes of signals and of abstract sockets: Landlock's ABI is {walls.abi}")
    elif walls.abi < landlock.SCOPES_SINCE:
        walls.left_out.append(f"scopes of signals and of abstract sockets: Landlock's ABI is {walls.abi}")
    return walls


def plan_worker(read: "Iterable[str]", written: "Iterable[str]") -> Walls:
    """Plan the walls around a process that compiles hot code, and reads and writes no more than it must."""
    walls = Walls()
    _add_own(walls, read, "", executes=False)
    making = MAKING_FILES | landlock.READING | landlock.MAKE_DIR
    walls.reaches += [Reach(folder, making, "written") for folder in written]
    walls.refused = seccomp.rules(network=False, children=False, host_programs=False)
    if os.geteuid() == 0:
        walls.capabilities = [CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH]
    return walls


def _add_grants(walls: Walls, policy: "Policy") -> bool:
    """Add what the guest was granted; say whether any of it may be written."""
    writes = False
    for fd, access, why in _grants(policy):
        writes = writes or bool(access & landlock.WRITE_FILE)
        walls.reaches.append(Reach(os.readlink(f"/proc/self/fd/{fd}"), access, why, fd))
    if policy.kept is not None:
        walls.reaches.append(Reach(policy.kept.make_folder(), landlock.READ_FILE | MAKING_FILES, "--fake-root"))
    harmless = landlock.READ_FILE | landlock.WRITE_FILE | landlock.IOCTL_DEV
    walls.reaches += [Reach(os.fsdecode(name), harmless, "harmless devices") for name in DEVICES]
    walls.reaches.append(Reach("/proc", landlock.READING, "looked at before it is shown"))
    return writes


def _grants(policy: "Policy") -> "Iterator[tuple[int, int, str]]":
    """Give descriptors of what was granted, each with the access that it needs and why."""
    if policy.program_fd >= 0:
        yield policy.program_fd, landlock.READ_FILE, "the program itself"
    if policy.root:
        yield policy.root_fds[0], landlock.READING, "--root"
    if policy.sysroot_fd >= 0:
        yield policy.sysroot_fd, landlock.READING, "sysroot"
    for root in policy.roots.by_length if policy.grants_files else ():
        writes = bool(root.rights & WRITE)
        if root.fd >= 0:
            yield root.fd, (landlock.WRITING if writes else landlock.READING) | landlock.IOCTL_DEV, "granted"
            continue
        reading = landlock.READ_FILE | landlock.IOCTL_DEV
        if root.file >= 0:
            yield root.file, reading | landlock.WRITE_FILE | landlock.TRUNCATE if writes else reading, "granted"
        if writes:
            yield root.parent, reading | MAKING_FILES, f"to make {quote(os.fsdecode(root.name))}"
        elif root.file < 0:
            yield root.parent, reading, f"for {quote(os.fsdecode(root.name))}, which is not there"


def _add_own(walls: Walls, own: "Iterable[str]", locks: str, *, executes: bool) -> None:
    """Add what stinkarm itself reads later: modules, libraries, compiled code."""
    why = "stinkarm's own"
    folders = {*own, *_python()}
    walls.reaches += [Reach(name, landlock.READING, why) for name in sorted(folders) if name.startswith("/")]
    walls.reaches += [Reach(name, landlock.READING, why) for name in LIBRARIES]
    if not os.path.islink("/lib"):
        walls.reaches += [Reach(name, landlock.READING, why) for name in UNMERGED[:2]]
    files = (LOADER_CACHE, os.path.join(sys.prefix, "pyvenv.cfg"))
    walls.reaches += [Reach(name, landlock.READ_FILE, why) for name in files]
    if locks:
        walls.reaches.append(Reach(locks, landlock.READ_FILE | landlock.WRITE_FILE | landlock.MAKE_REG, "locks"))
    if not executes:
        return
    # The next program of the family is found as the first one was.
    for name in (sys.executable, *LOADERS):
        walls.reaches.append(Reach(name, landlock.READ_FILE | landlock.EXECUTE, "runs ARM programs"))
    sysroots = (*USUAL, *(folder + name for folder in LIBRARY_FOLDERS for name in TRIPLETS))
    walls.reaches += [Reach(name, landlock.READING, "libraries of ARM programs") for name in sysroots]


def _python() -> set[str]:
    """List the directories of this Python and of stinkarm, but for others that its user has told it of."""
    library = os.path.join(sys.base_prefix, "lib")
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    # The package may be a link, as some installers make: what counts is where its files are.
    found = {library, os.path.dirname(os.__file__), os.path.dirname(package), os.path.realpath(package)}
    found.update(folder for folder in sys.path if folder.endswith(("/site-packages", "/dist-packages", ".zip")))
    return {folder for folder in found if folder == library or not folder.startswith(library + "/")}


def _add_host_programs(walls: Walls, programs: "Sequence[int]") -> None:
    """Add granted programs of the host, which are open as descriptors, and what such programs need."""
    running = landlock.READING | landlock.EXECUTE
    why = "programs of the host"
    walls.reaches += [Reach(os.readlink(f"/proc/self/fd/{fd}"), running, "--allow-run", fd) for fd in programs]
    walls.reaches += [Reach(name, running, why) for name in SYSTEM]
    walls.reaches += [Reach("/etc/" + name, landlock.READING, why) for name in SETTINGS]


def _add_network(walls: Walls, policy: "Policy") -> None:
    """Add the ports that were granted."""
    if not policy.allow_net:
        return
    walls.scopes = landlock.SCOPE_SIGNAL
    rules = [] if policy.allow_net is True else policy.network.rules
    ports = {
        port
        for rule in rules
        if not rule.abstract
        for port in range(rule.low, min(rule.high, rule.low + MOST_PORTS) + 1)
    }
    if policy.allow_net is True or len(ports) > MOST_PORTS:
        walls.ports = None
        return
    walls.ports = [(port, landlock.BIND_TCP | landlock.CONNECT_TCP) for port in sorted(ports | {0} if ports else ())]


# Having them enforced


def _enforce_rules(walls: Walls) -> None:
    ruleset = landlock.Ruleset(walls.abi, ports=walls.ports is not None, scopes=walls.scopes)
    try:
        for reach in walls.reaches:
            _allow(ruleset, reach)
        for port, rights in walls.ports or () if ruleset.ports else ():
            ruleset.allow_port(port, rights)
        ruleset.enforce()
    finally:
        ruleset.close()


def _allow(ruleset: "landlock.Ruleset", reach: Reach) -> None:
    fd = reach.fd
    if fd < 0:
        try:
            fd = os.open(reach.path, os.O_PATH | os.O_CLOEXEC)
        except OSError:  # it is not there
            return
    try:
        try:
            ruleset.allow(fd, reach.rights)
        except OSError as error:
            if error.errno != EINVAL or not reach.rights & ~landlock.OF_FILES:
                raise
            ruleset.allow(fd, reach.rights & landlock.OF_FILES)  # it is a file
    finally:
        if reach.fd < 0:
            os.close(fd)


_capset = CDLL(None, use_errno=True).syscall
_capset.argtypes = (c_long, c_char_p, c_char_p)
_prctl = CDLL(None, use_errno=True).prctl
_prctl.argtypes = (c_long, c_long, c_long, c_long, c_long)


def _give_up_capabilities(walls: Walls) -> None:
    """Keep no capability but some. Programs that root executes get no others either."""
    kept = walls.capabilities or []
    bits = sum(1 << number for number in kept)
    bound = _prctl(PR_SET_SECUREBITS, SECBITS, 0, 0, 0)
    # Effective, permitted and inheritable, the low halves first.
    if bound or _capset(SYS_CAPSET, struct.pack("<II", VERSION, 0), struct.pack("<6I", bits, bits, bits, 0, 0, 0)):
        walls.left_out.append(f"giving up capabilities: {os.strerror(get_errno())}")
        return
    for number in kept:
        _prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0)
