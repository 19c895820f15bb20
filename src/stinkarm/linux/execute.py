"""Running another program in the process's place: execve.

ARM programs run under stinkarm again, with the same options: the emulator executes itself as a fresh process image.
Scripts are run by the interpreter that they name, which is looked for where the guest sees it. Programs of the host
run directly, where that is allowed.
"""

from __future__ import annotations

import os
import stat
from errno import E2BIG, EACCES, EINVAL, ELOOP, ENOEXEC, ENOSYS
from struct import Struct

from stinkarm.guest import elf
from stinkarm.linux.declare import CHILD, syscall
from stinkarm.linux.paths import AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_NOFOLLOW, read_path
from stinkarm.sandbox.descriptors import READ

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stinkarm.linux.kernel import Kernel
    from stinkarm.linux.parameters import AtFlags, DirFd, In, Path, Strings
    from stinkarm.sandbox.roots import HostProgram

MAX_ARG_STRLEN = 131072
ARG_MAX = 6 << 20  # three quarters of _STK_LIM
MAX_INTERPRETERS = 4  # of scripts whose interpreters are scripts; then ELOOP
BINPRM_BUF_SIZE = 256
ELF_ARM = b"\x7fELF\x01"


class Program:
    """A program to run: the open file, the host's name of it, and what it is given.

    `name` is what the guest called it (AT_EXECFN). `on_host` is set for a granted program of the host.
    """

    __slots__ = ("argv", "environment", "fd", "name", "on_host", "path")

    def __init__(self, fd: int, name: bytes, argv: list[bytes], environment: list[bytes]) -> None:
        self.fd = fd
        self.path = os.readlink(b"/proc/self/fd/%d" % fd)
        self.name = name
        self.argv = argv
        self.environment = environment
        self.on_host: HostProgram | None = None


@syscall(11, CHILD)
def execve(k: Kernel, pathname: In[Path], argv: In[Strings], envp: In[Strings]) -> int:
    """Run another program."""
    return _execute(k, AT_FDCWD, read_path(k, pathname), argv, envp, 0)


@syscall(387, CHILD)
def execveat(k: Kernel, dirfd: DirFd, pathname: In[Path], argv: In[Strings], envp: In[Strings], flags: AtFlags) -> int:
    """Run another program, named relative to a directory."""
    if flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH):
        return -EINVAL
    return _execute(k, dirfd, read_path(k, pathname), argv, envp, flags)


def _read_strings(k: Kernel, address: int, room: int) -> tuple[list[bytes], int]:
    """Read an array of strings; give what is left of the room for strings as well."""
    found: list[bytes] = []
    while address and (pointer := k.memory.read_u32(address)):
        text = k.memory.read_cstring(pointer, MAX_ARG_STRLEN)
        room -= len(text) + 1 + 4
        if len(text) == MAX_ARG_STRLEN or room < 0:
            raise OSError(E2BIG, "the arguments are too long")
        found.append(text)
        address += 4
    return found, room


def _execute(k: Kernel, dirfd: int, path: bytes, argv: int, envp: int, flags: int) -> int:
    """Find the program and run it; return only if that is impossible."""
    arguments, room = _read_strings(k, argv, min(k.stack_size // 4, ARG_MAX))
    environment, _ = _read_strings(k, envp, room)
    if not k.may_fork or k.replace is None:
        k.note("other programs run under the stinkarm command and stinkarm.run only: this answers ENOSYS.")
        return -ENOSYS
    name = path
    if dirfd != AT_FDCWD and not path.startswith(b"/"):
        name = b"/dev/fd/%d" % dirfd + (b"/" + path if path else b"")
    fd = open_program(k, dirfd, path, flags)
    try:
        program = _interpreted(k, Program(fd, name, arguments or [b""], environment))
        fd = program.fd
        _check_allowed(k, program)
        if k.tracer is not None and k.call is not None:  # nobody will be here to show it afterwards
            k.tracer.leave(k.call, k.call.prepare()(k.state.words), 0)
            k.tracer.finish(is_first=False)
        return k.replace(k, program)
    finally:
        os.close(fd)


def open_program(k: Kernel, dirfd: int, path: bytes, flags: int = 0) -> int:
    """Open a file to run it."""
    paths = k.policy.paths
    follow = not flags & AT_SYMLINK_NOFOLLOW
    if not path and flags & AT_EMPTY_PATH:
        found = paths.find_descriptor(dirfd)
    else:
        found = paths.find(dirfd, path, follow=follow, need=READ)
    with found:
        place = os.open(found.path, os.O_PATH | os.O_CLOEXEC | (0 if found.follow else os.O_NOFOLLOW), dir_fd=found.fd)
    try:
        mode = os.fstat(place).st_mode
        if stat.S_ISLNK(mode):
            raise OSError(ELOOP, "a symbolic link is not followed")
        if not stat.S_ISREG(mode) or not os.access(f"/proc/self/fd/{place}", os.X_OK, effective_ids=True):
            raise OSError(EACCES, "not an executable file")
        return os.open(f"/proc/self/fd/{place}", os.O_RDONLY | os.O_CLOEXEC)
    finally:
        os.close(place)


def _interpreted(k: Kernel, program: Program) -> Program:
    """Give the program that runs a script, and the script as its argument (fs/binfmt_script.c)."""
    for _ in range(MAX_INTERPRETERS + 1):
        line = os.pread(program.fd, BINPRM_BUF_SIZE, 0)
        if not line.startswith(b"#!"):
            return program
        interpreter, argument = _parse(line)
        argv = [interpreter, *([argument] if argument else []), program.name, *program.argv[1:]]
        fd = open_program(k, AT_FDCWD, interpreter)
        os.dup2(fd, program.fd, inheritable=False)
        os.close(fd)
        program = Program(program.fd, interpreter, argv, program.environment)
    raise OSError(ELOOP, "the interpreters of scripts are scripts")


def _parse(line: bytes) -> tuple[bytes, bytes]:
    """Read the first line of a script: the interpreter, and all that follows as one argument."""
    text, newline, _ = line[2:].partition(b"\n")
    text = text.split(b"\0")[0].lstrip(b" \t")
    whole = bool(newline) or len(line) < BINPRM_BUF_SIZE
    end = min((at for at in (text.find(b" "), text.find(b"\t")) if at >= 0), default=-1)
    if end < 0:
        if not text or not whole:  # a name that is cut could be another's
            raise OSError(ENOEXEC, "no interpreter")
        return text, b""
    return text[:end], text[end:].strip(b" \t")


def _check_allowed(k: Kernel, program: Program) -> None:
    """Refuse what cannot be run, or may not. Of a script, it is the interpreter that is looked at."""
    name = program.name
    header = os.pread(program.fd, elf.EHDR_SIZE, 0)
    arm = header[:5] == ELF_ARM and header[18:20] == Struct("<H").pack(elf.EM_ARM)
    if header[:4] != b"\x7fELF":
        raise OSError(ENOEXEC, "neither an ELF program nor a script")
    if not arm:
        if k.policy.sandboxed:
            program.on_host = k.policy.host_program(program.fd, program.argv[0])
            if program.on_host is None:
                k.policy.deny(program.path, f"--allow-run={os.fsdecode(program.path)}")
                raise OSError(EACCES, "a program of the host, or not under its own name")
        return
    if not k.policy.may_run(name, program.path):
        k.policy.deny(name, f"--allow-run={os.fsdecode(name)}")
        raise OSError(EACCES, "not among the programs that --allow-run names")
    try:
        elf.parse(program.fd)
    except elf.ElfError as error:
        k.note(f"execve of {os.fsdecode(name)!r}: {error}")
        raise OSError(ENOEXEC, "not a program that stinkarm runs") from None


def is_arm(program: Program) -> bool:
    """Say whether a program that may be run is for stinkarm, not for the host."""
    return os.pread(program.fd, 20, 0)[18:20] == Struct("<H").pack(elf.EM_ARM)
