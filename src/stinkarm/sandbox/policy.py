"""Who may do what: the mode of a guest process and the grants that widen its sandbox."""

import os

from stinkarm.guest.text import quote, shell_word
from stinkarm.sandbox.descriptors import Descriptors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from stinkarm.linux.fake_ids import FakeIds
    from stinkarm.sandbox.kept import KeptStatus
    from stinkarm.sandbox.network import Network
    from stinkarm.sandbox.paths import Paths
    from stinkarm.sandbox.roots import HostProgram, Roots
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
# What programs of the host get of it beside that, always with the user's own values.
OF_HOST_PROGRAMS = frozenset(("HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "XDG_RUNTIME_DIR"))
NOWHERE = "/(unreachable)"  # the working directory of a process whose own was removed

O_DIRECTORY = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC

# A guest that keeps trying different names is not recorded for ever.
MAX_DENIALS = 1000


class Denial:
    """One thing that the sandbox refused, `count` times, to process `pid`.

    `call` is the system call's name, `what` the path (or what else it asked for), `grant` the option
    that would have allowed it; empty when none would. Both are as the guest chose them, and quoted in the string only.
    """

    __slots__ = ("call", "count", "grant", "pid", "what")

    def __init__(self, call: str, what: str, grant: str, count: int = 1, pid: int = 0) -> None:
        self.call = call
        self.what = what
        self.grant = grant
        self.count = count
        self.pid = pid or os.getpid()

    @property
    def kind(self) -> str:
        """Say what it was about: read, write, run, net, or other."""
        option = self.grant.partition("=")[0]
        if option.startswith("--allow-"):
            return option.removeprefix("--allow-")
        return "read" if option.startswith("-L ") else "other"

    @property
    def advice(self) -> str:
        """The grant as the shell's words."""
        option, mark, value = self.grant.partition(" " if self.grant.startswith("-L ") else "=")
        return f"{option}{mark}{shell_word(value) if mark else ''}"

    def to_list(self) -> "list[str | int]":
        """Give what `Denial(...)` takes."""
        return [self.call, self.what, self.grant, self.count, self.pid]

    def to_dict(self) -> "dict[str, str | int | None]":
        """Give the record for people's programs."""
        path = self.what if self.kind in ("read", "write") or self.what.startswith("/") else None
        address = self.what if self.kind == "net" and self.grant != "--allow-net" else None
        return {
            **{"kind": self.kind, "call": self.call, "what": self.what, "path": path, "address": address},
            **{"grant": self.grant, "count": self.count, "pid": self.pid},
        }

    def __str__(self) -> str:
        advice = f"grant it with {self.advice}" if self.grant else "no grant allows it"
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
    programs: children, and these alone. A program of the host runs only if it is listed, and then outside the sandbox,
    with the user's environment but for the variables that `run_env` names.

    `allow_net` is None, True for the whole network, or a list of what `sandbox/network.py` describes.

    `sysroot` is a directory where names that begin with "/" are looked for first, for reading; all of it may be
    read, unless it is `sysroot_guessed`. `libraries` are files of the host that the guest's dynamic loader may read.

    All names are those of the process when the policy is made. `open` makes descriptors of them, and no name is looked
    up again after that: `roots`, `cwd_fd` (with what may be done there), `sysroot_fd` and `root_fds`.

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
        run_env: "Iterable[str]" = (),
        sysroot: str | None = None,
        root: str | None = None,
        fake_root: bool = False,
        report: "Callable[[str], None] | None" = None,
    ) -> None:
        if mode not in MODES:
            raise ValueError(f"The mode is {mode!r}; it must be one of {', '.join(MODES)}.")
        self.mode = mode
        self.start_directory = _working_directory() if mode != FORWARD else NOWHERE
        self.allow_read = _granted("allow_read", allow_read)
        self.allow_write = _granted("allow_write", allow_write)
        self.allow_env = _granted("allow_env", allow_env)
        self.allow_run = _granted("allow_run", allow_run)
        self.allow_net = _granted("allow_net", allow_net)
        self.run_env = _granted("run_env", run_env) or ()
        self.run_names = set() if isinstance(self.allow_run, bool) else set(self.allow_run)
        self.host_path = ""
        self.sysroot = os.fsencode(os.path.abspath(sysroot)) if sysroot else b""
        self.sysroot_guessed = False
        self.root = os.fsencode(os.path.realpath(root)) if root else b""
        self.root_fds = (-1, -1)
        self.fake: FakeIds | None = None
        self.kept: KeptStatus | None = None
        if fake_root:
            from stinkarm.linux import fake_ids
            from stinkarm.sandbox import kept

            self.fake, self.kept = fake_ids.FakeIds(), kept.KeptStatus()
        self.sysroot_fd = self.cwd_fd = -1
        self.cwd_rights = 0
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
        self._roots: Roots | None = None
        self._seen: dict[tuple[str, str], Denial] = {}
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
        return any(os.fsdecode(text) in self.run_names for text in (name, path, os.path.basename(name)))

    def host_program(self, fd: int, argv0: bytes) -> "HostProgram | None":
        """Give the program of the host that an open file is, if the guest may run it under such a name."""
        status = os.fstat(fd)
        last = os.fsdecode(argv0.rpartition(b"/")[2])
        for program in self.roots.programs:
            if program.identity == (status.st_dev, status.st_ino) and program.name == last:
                return program
        return None

    def host_environment(self, guest: "Sequence[bytes]") -> dict[bytes, bytes]:
        """Make the environment of a program of the host: the user's values, but for the names of `run_env`."""
        user = {os.fsencode(name): os.fsencode(value) for name, value in os.environ.items()}
        if self.allow_env is True:
            made = user
        else:
            names = OF_HOST_PROGRAMS.union(() if isinstance(self.allow_env, bool) else self.allow_env)
            made = {name: user[name] for name in map(os.fsencode, names) if name in user}
            for name, value in user.items():
                if os.fsdecode(name) in VISIBLE or name.startswith(VISIBLE_PREFIX.encode()):
                    made[name] = value
        made[b"PATH"] = os.fsencode(self.host_path)
        named = set(map(os.fsencode, () if isinstance(self.run_env, bool) else self.run_env))
        for text in guest:
            name, equals, value = text.partition(b"=")
            if equals and name in named:
                made[name] = value
        return made

    @property
    def start_path(self) -> list[str]:
        """The user's PATH, as directories that do not depend on the working directory."""
        folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
        return [os.path.join(self.start_directory, folder) for folder in folders]

    # Opening what is granted

    def open(self) -> None:
        """Open what is granted, and the working directory: before the guest's first instruction."""
        self.open_sysroot()
        if self.sandboxed and self.cwd_fd < 0:
            self.open_working_directory()
        if self.root:
            self.root_place()

    @property
    def grants_files(self) -> bool:
        """Say whether any name of the host is granted."""
        something = (self.allow_read, self.allow_write, self.sysroot, self.libraries)
        return self._roots is not None or any(something) or not isinstance(self.allow_run, bool)

    @property
    def roots(self) -> "Roots":
        """What is granted, opened."""
        if self._roots is None:
            from stinkarm.sandbox.grants import open_grants

            self.open_sysroot()
            self._roots = open_grants(self)
        return self._roots

    @roots.setter
    def roots(self, roots: "Roots") -> None:
        self._roots = roots

    def open_sysroot(self) -> None:
        """Open the sysroot, if there is one that is not open."""
        if not self.sysroot or self.sysroot_fd >= 0:
            return
        try:
            self.sysroot_fd = self.descriptors.move_up(os.open(self.sysroot, O_DIRECTORY))
        except OSError as error:
            if self.report is not None:
                self.report(f"the sysroot {quote(os.fsdecode(self.sysroot))} cannot be used: {error.strerror}")
            self.sysroot = b""

    def open_working_directory(self) -> None:
        """Open the directory that the guest's relative paths start from."""
        if self.cwd_fd < 0:
            try:
                self.cwd_fd = self.descriptors.move_up(os.open(b".", O_DIRECTORY))
            except PermissionError:  # nor can the guest
                self.cwd_fd = self.descriptors.move_up(os.memfd_create("nowhere", os.MFD_CLOEXEC))
        if self.grants_files:
            self.cwd_rights = self.roots.rights_at(self.cwd_fd)

    @property
    def paths(self) -> "Paths":
        """The guest's view of the file system, made when it first names a path."""
        if self._paths is None:
            self.open_sysroot()
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
            self.program_fd = self.descriptors.move_up(os.dup(fd), self, "program_fd")

    def environment(self, host: "Mapping[str, str]") -> dict[str, str]:
        """Choose what the guest sees of the host's environment (before -E and -U)."""
        if not self.sandboxed or self.allow_env is True:
            return dict(host)
        shown = {name: value for name, value in host.items() if name in VISIBLE or name.startswith(VISIBLE_PREFIX)}
        shown.update(REPLACED)
        if self.allow_env:
            shown.update((name, host[name]) for name in self.allow_env if name in host)
        return shown

    def set_interpreter(self, sysroot: str, fd: int, libraries: "tuple[str, ...]", *, guessed: bool = False) -> None:
        """Let the guest's dynamic loader read its libraries: those of a sysroot, open as `fd`, and of the host."""
        self.libraries = libraries
        if fd >= 0:
            self.sysroot = os.fsencode(os.path.abspath(sysroot))
            self.sysroot_fd = self.descriptors.move_up(fd)
            self.sysroot_guessed = guessed
        if self._roots is not None and (fd >= 0 or libraries):  # a static program has started this one
            from stinkarm.sandbox.grants import add_libraries

            self._roots = add_libraries(self, self._roots)

    def held(self) -> list[int]:
        """List the descriptors that what is granted consists of."""
        fds = {self.sysroot_fd, self.cwd_fd}
        if self.sandboxed:
            fds.update(self.roots.descriptors())
        return sorted(fds - {-1})

    def deny(self, what: str | bytes, grant: str = "") -> None:
        """Record that the running call was refused, and report it the first time."""
        text = os.fsdecode(what)
        call = self.call()
        denial = self._seen.get((call, text))
        if denial is not None:
            denial.count += 1
            return
        if len(self._seen) >= MAX_DENIALS:
            return
        denial = self._seen[call, text] = Denial(call, text, grant)
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


def _working_directory() -> str:
    try:
        return os.getcwd()
    except OSError:  # it was removed, or may not be found out
        return NOWHERE


def _some_call() -> str:
    return "a system call"
