"""The start archive: the modules that every run needs, in one file, since finding them takes longer than running them.

The launcher looks for it in the user's cache, under a name made of the Python and of the launcher's own. It holds, one
behind the other: the size of the next; marshalled, the code of `boot.py` and arguments of its `boot`; each marshalled,
modules that are read when they are needed. The modules' sources are looked at each time, as importing them would;
when one is not what it was, or the archive is not there, the launcher imports as ever, and the archive is made anew.
"""

from __future__ import annotations

import marshal
import os
import sys
from types import CodeType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Module = tuple[str, str, bool, Any]  # name, source file, whether it is a package, code or where it is marshalled

NAME_MAX = 255

# What most programs come to need, but not before they run.
LATER = (
    *("linux.arm", "linux.clocks", "linux.descriptors", "linux.direct", "linux.ending", "linux.files"),
    *("linux.files_status", "linux.futex", "linux.ioctl", "linux.memory", "linux.open_flags", "linux.paths"),
    *("linux.process", "linux.resources", "linux.signals", "linux.structs", "linux.delivery", "linux.capture"),
    *("linux.children", "linux.execute", "linux.credentials", "linux.frames", "linux.poll", "linux.vfork"),
    *("sandbox.paths", "sandbox.roots", "sandbox.grants", "sandbox.special", "handover"),
    *("sandbox.walls", "sandbox.landlock", "sandbox.seccomp", "engine.spawn", "engine.broker"),
)


# A run that has imported one of these has imported much that most runs do not need, which an archive would keep.
SELDOM = ("stinkarm.toolchain", "stinkarm.isa", "stinkarm.engine.build")


def write(path: bytes) -> None:
    """Write the archive of what has been imported so far; do without it where that is not possible."""
    if any(name in sys.modules for name in SELDOM):
        return
    if not path.startswith(b"/") or not _has_home() or len(os.path.basename(path)) > NAME_MAX:
        return
    try:
        now = _now()
        boot = _read("stinkarm.boot")[3]
        there = {module[0] for module in now}
        later = [_read(name) for name in (f"stinkarm.{name}" for name in LATER) if name not in there]
        stamps = []
        for _, file, _, _ in (*now, *later):
            status = os.stat(file)
            stamps.append((file, status.st_size, status.st_mtime_ns))
        codes = [marshal.dumps(module[3]) for module in later]
        size = 0
        while True:  # where the codes are is in what they stand behind
            places = []
            offset = 8 + size
            for code in codes:
                places.append((offset, len(code)))
                offset += len(code)
            index = tuple((*module[:3], place) for module, place in zip(later, places, strict=True))
            data = marshal.dumps((boot, (tuple(stamps), list(sys.path), now, index)))
            if len(data) == size:
                break
            size = len(data)
        _replace(path, b"".join([size.to_bytes(8, "little"), data, *codes]))
    except (OSError, ImportError):
        return


def _has_home() -> bool:
    return any(os.environ.get(name, "").startswith("/") for name in ("XDG_CACHE_HOME", "HOME"))


def _now() -> tuple[Module, ...]:
    """Give the modules that have been imported, so ordered that most come after what they need."""
    names = [name for name in sys.modules if name.partition(".")[0] in _PARTS and name not in _OWN]
    modules = [_read(name) for name in names]
    packages = [module for module in modules if module[2]]
    return (*packages, *reversed([module for module in modules if not module[2]]))


_PARTS = ("stinkarm", "__future__", "struct")  # the latter are of Python, and files as well
_OWN = ("stinkarm.archive", "stinkarm.boot")


def _read(name: str) -> Module:
    # importlib.util would import much more.
    from _frozen_importlib import _find_spec  # type: ignore[attr-defined]

    module = sys.modules.get(name)
    parent = sys.modules[name.rpartition(".")[0]] if "." in name else None
    spec = module.__spec__ if module is not None else _find_spec(name, parent.__path__ if parent else None)
    if spec is None or not spec.origin or spec.loader is None:
        raise ImportError(f"{name} is not in a file")
    code = spec.loader.get_code(name)  # type: ignore[union-attr]
    return name, spec.origin, spec.submodule_search_locations is not None, _without_docstrings(code)


def _without_docstrings(code: CodeType) -> CodeType:
    """Return code whose functions have no docstrings, which nobody asks for here."""
    constants = [_without_docstrings(value) if isinstance(value, CodeType) else value for value in code.co_consts]
    # A function's first constant is its docstring, or None; that of a comprehension may be anything.
    is_function = code.co_flags & 0x2 and not code.co_name.startswith("<")
    if is_function and constants and isinstance(constants[0], str):
        constants[0] = None
    return code.replace(co_consts=tuple(constants))


def _replace(path: bytes, data: bytes) -> None:
    """Put a file that only this user can change in the place of another."""
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    temporary = os.path.join(os.path.dirname(path), b"start.%d" % os.getpid())
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with open(descriptor, "wb") as file:
            file.write(data)
        os.replace(temporary, path)
    except OSError:
        os.unlink(temporary)
        raise
