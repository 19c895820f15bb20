"""Where the native interpreter's code is kept: in the package (a wheel has it), else in the user's cache."""

from __future__ import annotations

import os
import sys

from .image import HEADER_SIZE, unpack_header

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_V3 = ("avx2", "bmi1", "bmi2", "fma", "abm", "movbe", "f16c")
_V4 = ("avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl")


_level = ""


def cpu_level() -> str:
    """Return the x86-64 level of this host's interpreter: x86-64-v3 where it has it, else x86-64-v2."""
    level = region_level()
    return "x86-64-v3" if level == "x86-64-v4" else level


def region_level() -> str:
    """Return the x86-64 level that regions are compiled for: x86-64-v4 too, for its registers and comparisons."""
    global _level  # noqa: PLW0603 - the host does not change
    _level = _level or _read_level()
    return _level


def _read_level() -> str:
    try:
        fd = os.open("/proc/cpuinfo", os.O_RDONLY | os.O_CLOEXEC)
        try:
            text = os.read(fd, 4096).decode("ascii", "replace")
        finally:
            os.close(fd)
    except OSError:
        return "x86-64-v2"
    flags = text.partition("\nflags")[2].partition("\n")[0].split()
    if not all(flag in flags for flag in _V3):
        return "x86-64-v2"
    return "x86-64-v4" if all(flag in flags for flag in _V4) else "x86-64-v3"


def cache_directory() -> str:
    """Return the user's cache directory for stinkarm (not made yet)."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    if not base.startswith("/"):  # which the XDG specification says to ignore: it would be the guest's directory
        base = os.path.join(_home(), ".cache")
    return os.path.join(base, "stinkarm")


def _home() -> str:
    home = os.path.expanduser("~")
    if home.startswith("/"):
        return home
    from pwd import getpwuid

    try:
        return getpwuid(os.getuid()).pw_dir
    except KeyError:
        return "/nonexistent"


def locks_directory() -> str:
    """Return the directory of the locks that say how many workers there are (not made yet)."""
    return os.path.join(cache_directory(), "workers")


def _sources() -> Iterator[str]:
    for folder in ("isa", "isa/instructions", "engine", "guest"):
        directory = os.path.join(_PACKAGE, folder)
        for entry in sorted(os.scandir(directory), key=lambda e: e.name):
            if not entry.name.endswith(".py"):
                continue
            if folder in ("engine", "guest") and entry.name not in _GENERATING:
                continue
            status = entry.stat()
            yield f"{folder}/{entry.name} {status.st_size} {status.st_mtime_ns}"


# Of engine/ and guest/, the modules whose text decides what the generated code is.
_GENERATING = (
    *(
        "direct.py",
        "emit.py",
        "floating.py",
        "floating_routines.py",
        "floating_fma.py",
        "softfloat.py",
        "ir.py",
        "generate.py",
        "runtime.py",
        "traps.py",
        "build.py",
        "modules.py",
    ),
    *("image.py", "layout.py", "signals.py", "state.py", "stop.py"),
)


def key(level: str) -> str:
    """Return what names the interpreter that the declarations as they stand now generate."""
    from _blake2 import blake2b

    return blake2b("\n".join([level, *_sources()]).encode(), digest_size=12).hexdigest()


def code_directory() -> str:
    """Return the directory of the code cache (not made yet)."""
    return os.path.join(cache_directory(), "code")


# How the names of the modules of engine/ begin that decide what the code of a region is, beyond the interpreter's.
_MAKING_REGIONS = ("region", "ordinary", "jump_tables", "callees", "compiler", "piece", "cache")


def code_key(interpreter: str, level: str) -> str:
    """Return what names the directory of compiled code that goes with an interpreter file."""
    from _blake2 import blake2b

    status = os.stat(interpreter)
    parts = [level, os.path.basename(interpreter), f"{status.st_size} {status.st_mtime_ns}"]
    with os.scandir(os.path.join(_PACKAGE, "engine")) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if entry.name.startswith(_MAKING_REGIONS) and entry.name.endswith(".py"):
                status = entry.stat()
                parts.append(f"{entry.name} {status.st_size} {status.st_mtime_ns}")
    return str(blake2b("\n".join(parts).encode(), digest_size=12).hexdigest())


def packaged_path(level: str) -> str:
    """Return where a wheel has the interpreter."""
    return os.path.join(_PACKAGE, "engine", f"interpreter-{level}.bin")


# The interpreter that the program before this one in the same process had, where this user may have none.
given = ""


def interpreter_path() -> str:
    """Return the path of an up-to-date interpreter; build it first if there is none, or none that is whole."""
    if given:
        return given
    level = cpu_level()
    packaged = packaged_path(level)
    if os.path.exists(packaged):
        return packaged
    directory = cache_directory()
    path = os.path.join(directory, f"interpreter-{level}-{key(level)}.bin")
    try:
        if not _is_there(path):
            _build(path, level)
            if not _is_there(path):
                raise RuntimeError(f"the native interpreter was built, but {path} is not whole; is its disk full?")
    except OSError as error:
        raise RuntimeError(
            f"the native interpreter cannot be kept in {directory}: {error.strerror}; set XDG_CACHE_HOME to a "
            "directory that you can write to"
        ) from None
    return path


def _is_there(path: str) -> bool:
    """Say whether a whole interpreter is at `path`; refuse one that somebody else could have put there."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        status = os.fstat(fd)
        if status.st_uid not in (os.geteuid(), 0) or status.st_mode & 0o022:
            raise RuntimeError(
                f"the native interpreter {path} belongs to another user or can be changed by one; remove it"
            )
        return unpack_header(os.read(fd, HEADER_SIZE), status.st_size) is not None
    finally:
        os.close(fd)


def _build(path: str, level: str) -> None:
    """Build in a process of its own, once however many processes ask at the same time."""
    import fcntl
    import subprocess

    directory = os.path.dirname(path)
    os.makedirs(directory, mode=0o700, exist_ok=True)
    lock = os.open(os.path.join(directory, "lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _is_there(path):
            return
        if os.isatty(2):
            sys.stderr.write("stinkarm: building the native interpreter, once (under a minute)... ")
            sys.stderr.flush()
        result = subprocess.run(
            # -P: what lies in the working directory is no module of ours.
            [sys.executable, "-P", "-m", "stinkarm.engine.build", "--cpu", level, path],
            env={**os.environ, "PYTHONPATH": os.pathsep.join([os.path.dirname(_PACKAGE), *filter(None, sys.path)])},
            # The builder has the lock too: when this process is killed, the next one waits and does not build again.
            pass_fds=(lock,),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode:
            raise RuntimeError(f"the native interpreter could not be built: {_why(result.returncode, result.stderr)}")
        if os.isatty(2):
            sys.stderr.write(result.stdout.rpartition(" in ")[2].strip() + "\n")
        _remove_old(path)
    finally:
        os.close(lock)


def _why(returncode: int, stderr: str) -> str:
    """Give the last line of a failed build, or all of it to who asks for tracebacks."""
    if os.environ.get("STINKARM_TRACEBACK"):
        return stderr
    lines = stderr.strip().splitlines()
    return lines[-1] if lines else f"the building process ended with status {returncode}"


# Other checkouts and versions share the cache directory: some interpreters (0.8 MB each) are kept, the oldest goes.
_KEPT = 40


def _remove_old(newest: str) -> None:
    directory = os.path.dirname(newest)
    paths = [entry.path for entry in os.scandir(directory) if entry.name.startswith("interpreter-")]
    paths.sort(key=lambda path: (path == newest, os.stat(path).st_mtime), reverse=True)
    for path in paths[_KEPT:]:
        os.unlink(path)
