"""Who may do what: the mode of a guest process and the grants that widen its sandbox."""

import os

from stinkarm.guest.text import quote
from stinkarm.sandbox.descriptors import Descriptors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from stinkarm.linux.fake_ids import FakeIds
    from stinkarm.sandbox.kept import KeptStatus
    from stinkarm.sandbox.network import Network
    from stinkarm.sandbox.paths import Paths
    from stinkarm.sandbox.special import Family

    Granted = bool | Iterable[str] | None

FORWARD = "forward"
SANDBOX = "sandbox"
DENY = "deny"
MODES = (FORWARD, SANDBOX, DENY)

# What a sandboxed guest sees of the host environment without --allow-env: its terminal and language.
VISIBLE = frozenset(("TERM", "COLORTERM", "NO_COLOR", "COLUMNS", "LINES", "LANG", "LANGUAGE", "TZ"))
VISIBLE_PREFIX = "LC_"
# ... and what it gets instead of the host's own values.
REPLACED = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/"}

# A guest that keeps trying different names is not recorded for ever.
MAX_DENIALS = 1000


class Denial:
    """One thing that the sandbox refused.

    `call` is the system call's name, `what` the path (or what else it asked for), `grant` the option
    that would have allowed it; empty when none would.
    """

    __slots__ = ("call", "grant", "what")

    def __init__(self, call: str, what: str, grant: str) -> None:
        self.call = call
        self.what = what
        self.grant = grant

    def __str__(self) -> str:
        advice = f"grant it with {self.grant}" if self.grant else "no grant allows it"
        return f"denied {self.call}({quote(self.what)}) - {advice}"

    def __repr__(self) -> str:
        return f"Denial({self.call!r}, {self.what!r}, {self.grant!r})"


class Policy:
    """What one guest process may reach.

    `mode` is "forward" (the host's own answer to everything), "sandbox" (nothing outside the process,
    but for the grants) or "deny" (ENOSYS to everything but exit).

    `allow_read` and `allow_write` are None, True for everything, or a list of files and directories; a
    directory stands for all below it. Writing includes reading. `allow_env` is None, True, or a list
    of variable names. `allow_run` is None, True for children and any ARM program that the guest may read, or a list of
    programs: children, and these alone. A program of the host runs only if it is listed, and then outside the sandbox.

    `allow_net` is None, True for the whole network, or a list of what `sandbox/network.py` describes.

    `sysroot` is a directory where names that begin with "/" are looked for first, for reading; all of it may be
    read. `libraries` are files of the host that the guest's dynamic loader may read.

    `root` is a directory that the guest sees as "/"; all of it may be read. Once paths are looked for there,
    `root_fds` are open on it, and on the directory that it was before the guest called chroot, if that is not the
    machine's root.

    `fake_root` makes the guest its own root: `fake` are its ids, `kept` is what its files are to it.

    `report` is called with one sentence for each new denial. `call` names the system call that is running.
    `program`, `arguments`, `variables` and the address of the initial `stack` are what /proc/self shows.
    """

    def __init__(
        self,
        mode: str = SANDBOX,
        *,
        allow_read: "Granted" = None,
        allow_write: "Granted" = None,
        allow_env: "Granted" = None,
        allow_run: "Granted" = None,
        allow_net: "Granted" = None,
        sysroot: str | None = None,
        root: str | None = None,
        fake_root: bool = False,
        report: "Callable[[str], None] | None" = None,
    ) -> None:
        if mode not in MODES:
            raise ValueError(f"The mode is {mode!r}; it must be one of {', '.join(MODES)}.")
        self.mode = mode
        self.allow_read = _absolute(_granted("allow_read", allow_read))
        self.allow_write = _absolute(_granted("allow_write", allow_write))
        self.allow_env = _granted("allow_env", allow_env)
        self.allow_run = _found(_granted("allow_run", allow_run))
        self.allow_net = _granted("allow_net", allow_net)
        self.sysroot = os.fsencode(os.path.abspath(sysroot)) if sysroot else b""
        self.root = os.fsencode(os.path.realpath(root)) if root else b""
        self.root_fds = (-1, -1)
        self.fake: FakeIds | None = None
        self.kept: KeptStatus | None = None
        if fake_root:
            from stinkarm.linux import fake_ids
            from stinkarm.sandbox import kept

            self.fake, self.kept = fake_ids.FakeIds(), kept.KeptStatus()
        self.libraries: tuple[str, ...] = ()
        self.report = report
        self.call: Callable[[], str] = _some_call
        self.alone = False  # the process is the guest's alone, so that the host may call its threads as it does
        self.family: Family | None = None  # the guest's processes; the kernel sets it
        self.descriptors = Descriptors(mode != FORWARD)
        self.denials: list[Denial] = []
        self.arguments: Sequence[bytes] = ()
        self.variables: Sequence[bytes] = ()
        self.stack = 0
        self.program = b""
        self.program_fd = -1
        self._seen: set[tuple[str, str]] = set()
        self._paths: Paths | None = None
        self._network: Network | None = None
        if self.allow_net and not isinstance(self.allow_net, bool):
            self._network = self._make_network()  # so that a rule which is none is refused at once

    @property
    def sandboxed(self) -> bool:
        """Say whether the guest is kept from the host."""
        return self.mode != FORWARD

    @property
    def runs(self) -> bool:
        """Say whether the guest may have children and run other programs."""
        return self.mode == FORWARD or bool(self.allow_run)

    def may_run(self, name: bytes, path: bytes) -> bool:
        """Say whether the guest may run an ARM program that it calls `name`, and the host `path`."""
        if self.mode == FORWARD or self.allow_run is True:
            return True
        named = self.allow_run or ()
        return any(os.fsdecode(text) in named for text in (name, path, os.path.basename(name)))

    def may_run_on_host(self, path: bytes) -> bool:
        """Say whether the guest may run the program of the host at `path`, which has no links in it."""
        if self.mode == FORWARD:
            return True
        return not isinstance(self.allow_run, bool) and any(
            os.path.realpath(n) == os.fsdecode(path) for n in self.allow_run
        )

    @property
    def paths(self) -> "Paths":
        """The guest's view of the file system, made when it first names a path."""
        if self._paths is None:
            if self.root:
                from stinkarm.sandbox.rooted import RootedPaths

                self._paths = RootedPaths(self)
            else:
                from stinkarm.sandbox.paths import Paths

                self._paths = Paths(self)
        return self._paths

    def root_place(self) -> str:
        """Name the directory that the guest sees as "/", whatever the user may reach."""
        if self._paths is None:
            self._paths = self.paths
        return f"/proc/self/fd/{self.root_fds[0]}"

    def change_root(self, fd: int) -> None:
        """Let the guest see an open directory as "/", from now on; `fd` is the policy's."""
        from stinkarm.sandbox.rooted import RootedPaths

        before = self.root_fds
        self.root_fds = (self.descriptors.move_up(fd), before[1])
        self.root = os.readlink(b"/proc/self/fd/%d" % self.root_fds[0])
        paths, self._paths = self._paths, RootedPaths(self)
        if paths is not None:
            self._paths.texts = paths.texts
        if before[0] not in (-1, before[1]):
            self.descriptors.hidden.discard(before[0])
            os.close(before[0])

    def users(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Give the real and effective user, and group, that the guest sees."""
        if self.fake is None:
            return (os.getuid(), os.geteuid()), (os.getgid(), os.getegid())
        uids, gids = self.fake.uids, self.fake.gids
        return (uids[0], uids[1]), (gids[0], gids[1])

    def program_name(self) -> bytes:
        """Give the host's present name of the program."""
        return os.readlink(b"/proc/self/fd/%d" % self.program_fd) if self.program_fd >= 0 else self.program

    @property
    def network(self) -> "Network":
        """What the guest may reach over the network."""
        if self._network is None:
            self._network = self._make_network()
        return self._network

    def _make_network(self) -> "Network":
        from stinkarm.sandbox.network import Network

        return Network(self, self.allow_net)

    def set_start(self, arguments: "Sequence[bytes]", variables: "Sequence[bytes]", stack: int) -> None:
        """Tell what the guest was started with."""
        self.arguments, self.variables, self.stack = arguments, variables, stack

    def set_program(self, path: str | bytes, fd: int = -1) -> None:
        """Tell what /proc/self/exe is. `fd`, when given, is the open program; it is duplicated."""
        self.program = os.path.abspath(os.fsencode(path))
        if fd >= 0:
            self.program_fd = self.descriptors.move_up(os.dup(fd))

    def environment(self, host: "Mapping[str, str]") -> dict[str, str]:
        """Choose what the guest sees of the host's environment (before -E and -U)."""
        if not self.sandboxed or self.allow_env is True:
            return dict(host)
        shown = {name: value for name, value in host.items() if name in VISIBLE or name.startswith(VISIBLE_PREFIX)}
        shown.update(REPLACED)
        if self.allow_env:
            shown.update((name, host[name]) for name in self.allow_env if name in host)
        return shown

    def set_interpreter(self, sysroot: str, libraries: "tuple[str, ...]") -> None:
        """Let the guest's dynamic loader read its libraries: those of a sysroot, and of the host."""
        self.libraries = libraries
        if sysroot:
            self.sysroot = os.fsencode(os.path.abspath(sysroot))

    def no_sysroot(self, error: OSError) -> None:
        """Go on without the sysroot, which cannot be opened, and say so."""
        if self.report is not None:
            self.report(f"the sysroot {quote(os.fsdecode(self.sysroot))} cannot be used: {error.strerror}")
        self.sysroot = b""

    def deny(self, what: str | bytes, grant: str = "") -> None:
        """Record that the running call was refused, and report it the first time."""
        text = os.fsdecode(what)
        call = self.call()
        if (call, text) in self._seen or len(self.denials) >= MAX_DENIALS:
            return
        self._seen.add((call, text))
        denial = Denial(call, text, grant)
        self.denials.append(denial)
        if self.report is not None:
            self.report(str(denial))


def _granted(option: str, value: "Granted") -> bool | tuple[str, ...]:
    """Give a grant as False (nothing), True (everything) or the names granted."""
    if value is None or value is False:
        return False
    if value is True:
        return True
    if isinstance(value, (str, bytes)):
        raise TypeError(f"{option} is {value!r}; it must be True or a list of names.")
    names = tuple(os.fspath(name) for name in value)
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"{option} names {name!r}; it must be text.")
        if not name or "\0" in name:
            raise ValueError(f"{option} names {name!r}; a grant needs a name without NUL characters.")
    return names


def _absolute(grant: bool | tuple[str, ...]) -> bool | tuple[str, ...]:
    """Make granted names independent of the working directory, which the guest may change."""
    if isinstance(grant, bool):
        return grant
    return tuple(name if name.startswith("/") else os.path.join(os.getcwd(), name) for name in grant)


def _found(grant: bool | tuple[str, ...]) -> bool | tuple[str, ...]:
    """Make the names of programs paths, where the host finds them: names without a slash along PATH."""
    if isinstance(grant, bool):
        return grant
    found: list[str] = []
    for name in grant:
        if "/" in name:
            found.append(os.path.join(os.getcwd(), name))
            continue
        found.append(name)
        for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
            path = os.path.join(folder or ".", name)
            if os.path.isfile(path) and os.access(path, os.X_OK):
                found.append(os.path.abspath(path))
                break
    return tuple(found)


def _some_call() -> str:
    return "a system call"
