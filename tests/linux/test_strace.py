"""What the logs show of system calls."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from stinkarm.inspect import flags, strace
from stinkarm.inspect.log import Log
from stinkarm.inspect.strace import make_tracer, quote, show_sigset
from stinkarm.linux import structs
from tests.linux.process import DATA, UNMAPPED, Process, process
from tests.linux.test_declare import declared


class Logged:
    """A process whose calls are logged to a file."""

    def __init__(self, path: Path, style: str, mode: str = "sandbox") -> None:
        self.path = path
        self.guest = Process(mode)
        log = Log(("syscalls",) if style == "log" else (), str(path), strace=style == "strace")
        self.guest.kernel.log = log
        self.guest.kernel.tracer = make_tracer(log, self.guest.memory, mode)

    def shown(self, name: str | int, *registers: int) -> str:
        """Make a call and give what the log says of it, without stamps and process ids."""
        before = self.path.stat().st_size
        self.guest.call(name, *registers)
        text = self.path.read_bytes()[before:].decode()
        return re.sub(rf"^(\[ *[\d.]+ms\]|{os.getpid()}) ", "", text, flags=re.MULTILINE)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Logged]:
    logged = Logged(tmp_path / "log", "log")
    yield logged
    logged.guest.close()


@pytest.fixture
def traced(tmp_path: Path) -> Iterator[Logged]:
    logged = Logged(tmp_path / "log", "strace")
    yield logged
    logged.guest.close()


def test_the_line_begins_with_the_process_id(log: Logged) -> None:
    log.guest.call("getpid")
    assert log.path.read_text() == f"{os.getpid()} getpid() [sandbox]\n={os.getpid()}\n"


def test_paths_are_quoted(log: Logged) -> None:
    address = log.guest.put(b"a\nb\0")
    assert log.shown("chroot", address).splitlines()[1:] == [
        'chroot(path=0x20000 "a\\nb") [sandbox]',
        "=-1 EPERM (Operation not permitted)",
    ]


def test_a_path_that_cannot_be_read_is_an_address(traced: Logged) -> None:
    assert traced.shown("chroot", UNMAPPED).splitlines()[1:] == ["chroot(0x60000) = -1 EPERM (Operation not permitted)"]


def test_a_denial_is_reported_once(log: Logged) -> None:
    assert log.shown("socket", 10, 1, 0).splitlines()[1] == 'denied socket("the network") - grant it with --allow-net'
    assert log.shown("socket", 10, 1, 0) == (
        "socket(domain=AF_INET6, type=SOCK_STREAM, protocol=0) [sandbox]\n=-1 EACCES (Permission denied)\n"
    )


def test_a_missing_call_says_so_once(tmp_path: Path) -> None:
    logged = Logged(tmp_path / "log", "strace", "forward")
    assert logged.shown("vhangup") == (
        "vhangup (system call 111) is not implemented: it answers ENOSYS.\n"
        "vhangup() = -1 ENOSYS (Function not implemented)\n"
    )
    assert logged.shown("vhangup") == "vhangup() = -1 ENOSYS (Function not implemented)\n"
    assert logged.guest.kernel.missing == {"vhangup": 111}
    logged.guest.close()


def test_an_undeclared_call_shows_its_registers(traced: Logged) -> None:
    assert traced.shown("fanotify_init", 1, 2, 3, 4, 5, 6).splitlines()[1] == (
        "fanotify_init(0x1, 0x2, 0x3, 0x4, 0x5, 0x6) = -1 ENOSYS (Function not implemented)"
    )


def test_what_a_call_writes_is_shown_with_its_result(log: Logged) -> None:
    assert log.shown("rt_sigprocmask", 2, log.guest.put(b"\x02" + bytes(7)), DATA + 8, 8) == (
        "rt_sigprocmask(how=SIG_SETMASK, set=0x20000 [INT], oldset=0x20008, sigsetsize=8) [sandbox]\n=0 oldset=[]\n"
    )


def test_what_a_call_reads_is_shown_as_it_was(traced: Logged) -> None:
    address = traced.guest.put(b"\x02" + bytes(7))
    assert traced.shown("rt_sigprocmask", 2, address, address, 8) == ("rt_sigprocmask(SIG_SETMASK, [INT], [], 8) = 0\n")


def test_structs_are_shown_by_field(traced: Logged) -> None:
    assert traced.shown("prlimit64", 0, 3, 0, DATA) == (
        "prlimit64(0, RLIMIT_STACK, NULL, {rlim_cur=8388608, rlim_max=RLIM_INFINITY}) = 0\n"
    )
    assert traced.shown("nanosleep", traced.guest.put(bytes(4) + b"\xff\xff\xff\xff"), 0) == (
        "nanosleep({tv_sec=0, tv_nsec=-1}, NULL) = -1 EINVAL (Invalid argument)\n"
    )


def test_exit_has_no_result(log: Logged) -> None:
    assert log.shown("exit_group", 3) == "exit_group(status=3) [sandbox]\n"


def test_exit_has_no_result_in_strace(traced: Logged) -> None:
    assert traced.shown("exit_group", 3) == "exit_group(3) = ?\n"


def test_a_denied_exit_shows_an_error_elsewhere(tmp_path: Path) -> None:
    logged = Logged(tmp_path / "log", "log", "deny")
    assert logged.shown("getpid") == "getpid() [deny]\n=-1 ENOSYS (Function not implemented)\n"
    logged.guest.close()


def test_a_call_that_does_not_come_back_is_still_shown(traced: Logged) -> None:
    def interrupted(*_: object) -> int:
        raise KeyboardInterrupt

    call = traced.guest.kernel._prepare(20)[2]
    traced.guest.kernel._ready[20] = (interrupted, call.prepare(), call)
    with pytest.raises(KeyboardInterrupt):
        traced.guest.call("getpid")
    assert traced.path.read_text() == "getpid() = ?\n"


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"plain", '"plain"'),
        (b'"\\\t\n\r', r'"\"\\\t\n\r"'),
        (b"\0", r'"\0"'),
        (b"\x001", r'"\0001"'),
        (b"\x1b[31m\xff", r'"\33[31m\377"'),
    ],
)
def test_quoting(data: bytes, text: str) -> None:
    assert quote(data) == text


def test_quoting_says_what_it_left_out() -> None:
    assert quote(b"abcdef", 3) == '"abc"...'


def test_signal_sets() -> None:
    assert show_sigset(0) == "[]"
    assert show_sigset(1 << 1 | 1 << 14) == "[INT TERM]"
    assert show_sigset((1 << 64) - 1 - (1 << 8)) == "~[KILL]"


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("OpenFlags", 0, "O_RDONLY"),
        ("OpenFlags", 0o2 | 0o100 | 0o1000, "O_RDWR|O_CREAT|O_TRUNC"),
        ("OpenFlags", 0o40000 | 0o400000 | 0o2000000, "O_RDONLY|O_DIRECTORY|O_LARGEFILE|O_CLOEXEC"),
        ("OpenFlags", 0o20040002, "O_RDWR|O_TMPFILE"),
        ("OpenFlags", 0o4010001, "O_WRONLY|O_SYNC"),
        ("OpenFlags", 0x80000000, "O_RDONLY|0x80000000"),
        ("Protection", 0, "PROT_NONE"),
        ("Protection", 5, "PROT_READ|PROT_EXEC"),
        ("MapFlags", 0x22, "MAP_PRIVATE|MAP_ANONYMOUS"),
        ("MapFlags", 0, "MAP_FILE"),
        ("AccessMode", 0, "F_OK"),
        ("AccessMode", 6, "R_OK|W_OK"),
        ("FutexOperation", 129, "FUTEX_WAKE|FUTEX_PRIVATE_FLAG"),
        ("FutexOperation", 128, "FUTEX_WAIT|FUTEX_PRIVATE_FLAG"),
        ("CloneFlags", 0x01200011, "SIGCHLD|CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID"),
        ("AtFlags", 0, "0"),
        ("Clock", 1, "CLOCK_MONOTONIC"),
        ("Clock", -6, "-6"),
        ("Signal", 6, "SIGABRT"),
        ("IoctlRequest", 0x5413, "TIOCGWINSZ"),
        ("IoctlRequest", 0x12345678, "0x12345678"),
        ("Mode", 0o644, "0644"),
        ("Mode", 0, "000"),
        ("Mode", 0o4755, "04755"),
        ("DirFd", -100, "AT_FDCWD"),
        ("Address", 0, "NULL"),
    ],
)
def test_numbers_have_names(kind: str, value: int, text: str) -> None:
    assert strace.SHOW[kind](value) == text


def test_every_parameter_type_can_be_shown() -> None:
    for call in declared():
        call.prepare()
        for name, kind in call.parameters:
            direction, _, pointed = kind.rstrip("]").partition("[")
            if pointed:
                known = pointed in strace.POINTED or isinstance(getattr(structs, pointed, None), structs.Layout)
                assert known and direction in ("In", "Out", "InOut"), f"{call.name}: {name} is {kind}"
            else:
                assert kind in strace.SHOW, f"{call.name}: {name} is {kind}"


def test_arguments_from_nowhere_are_shown_without_failing(tmp_path: Path) -> None:
    """Every declared call, with pointers and counts as wild as they can be."""
    with process() as guest:
        log = Log((), str(tmp_path / "log"))
        tracers = [strace.CallLog(log, guest.memory, "sandbox"), strace.Strace(log, guest.memory)]
        for call in declared():
            unpack = call.prepare()
            for value in (0, 1, DATA, DATA + 0xFFF8, UNMAPPED, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF):
                for index in range(7):
                    guest.state.r[index] = value
                arguments = unpack(guest.state.words)
                for result in (0, 1, -14, 0xFFFFF000, None):
                    for tracer in tracers:
                        tracer.enter(call, arguments)
                        tracer.leave(call, arguments, result)


def test_flag_tables_have_no_number_twice() -> None:
    assert len(set(flags.SIGNALS.values())) == len(flags.SIGNALS) == 64
    for kind, (mask, base, bits) in flags.BITS.items():
        assert all(number & ~mask == 0 for number in base), kind
        assert 0 not in bits, kind


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ((11, 0, 1, 16), "{si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=0x10}"),
        ((7, 0, 1, 0), "{si_signo=SIGBUS, si_code=BUS_ADRALN, si_addr=NULL}"),
        ((10, 0, 0, 5, 7), "{si_signo=SIGUSR1, si_code=SI_USER, si_pid=5, si_uid=7}"),
        ((34, 0, -1, 5, 7, 9), "{si_signo=SIGRT_2, si_code=SI_QUEUE, si_pid=5, si_uid=7, si_int=9, si_ptr=0x9}"),
        ((14, 0, -2, 0, 1), "{si_signo=SIGALRM, si_code=SI_TIMER, si_timerid=0, si_overrun=1, si_int=0, si_ptr=NULL}"),
        ((31, 0, 128), "{si_signo=SIGSYS, si_code=SI_KERNEL}"),
        (
            (17, 0, 1, 5, 7, 3, 2, 1),
            "{si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=5, si_uid=7, si_status=3, si_utime=2, si_stime=1}",
        ),
        (
            (17, 0, 2, 5, 7, 9),
            "{si_signo=SIGCHLD, si_code=CLD_KILLED, si_pid=5, si_uid=7, si_status=SIGKILL, si_utime=0, si_stime=0}",
        ),
        ((29, 0, 1, 65, 4), "{si_signo=SIGIO, si_code=POLL_IN, si_band=0x41, si_fd=4}"),
        ((10, 0, 77, 0, 0), "{si_signo=SIGUSR1, si_code=77, si_band=0x0, si_fd=0}"),
    ],
)
def test_what_a_signal_tells(words: tuple[int, ...], shown: str) -> None:
    info = b"".join(word.to_bytes(4, "little", signed=True) for word in words).ljust(128, b"\0")
    assert strace.show_siginfo(info) == shown


def test_the_environment_is_counted(traced: Logged) -> None:
    strings = [traced.guest.put(text + b"\0", DATA + 0x100 * at) for at, text in enumerate((b"/x", b"x", b"A=1"), 1)]
    argv = traced.guest.put(b"".join(word.to_bytes(4, "little") for word in (strings[1], 0)), DATA + 0x500)
    envp = traced.guest.put(b"".join(word.to_bytes(4, "little") for word in (strings[2], 0)), DATA + 0x600)
    assert 'execve("/x", ["x"], [/* 1 var */]) = -1' in traced.shown("execve", strings[0], argv, envp)
