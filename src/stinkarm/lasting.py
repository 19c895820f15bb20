"""What stays open so that a guest can run a program when it has become another user.

That user may not be able to search the directories that lead to Python and to stinkarm, as of an installation in root's
home. So before the first change of ids the directories themselves are opened. Names of files below them, by way of
/proc/self/fd, then need no permission for what is above. The descriptors keep their numbers in all programs that
follow, for these names are what Python finds its modules by there. The native interpreter is copied into memory,
since it may be in a directory that is root's alone.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stinkarm.machine import Machine
    from stinkarm.sandbox.descriptors import Descriptors

COPY_SIZE = 1 << 20


def reserve(machine: Machine) -> None:
    """Open what another user will need; do nothing if that is done, here or in a program before."""
    descriptors = machine.policy.descriptors
    if descriptors.lasting:
        return
    library = _python_library()
    for folder in (sys.base_prefix, os.path.dirname(library), *sys.path):
        if folder.startswith("/") and folder not in descriptors.lasting:
            try:
                fd = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
            except OSError:  # one of sys.path that is not there
                continue
            descriptors.lasting[folder] = descriptors.move_up(fd)
    sys.path[:] = search_path(descriptors)
    for module in list(sys.modules.values()):
        if isinstance(folders := getattr(module, "__path__", None), list):
            folders[:] = [place(descriptors, folder) for folder in folders]
    if library:
        folders = [place(descriptors, os.path.dirname(library)), *filter(None, [os.environ.get("LD_LIBRARY_PATH")])]
        os.environ["LD_LIBRARY_PATH"] = ":".join(folders)
    if machine.settings.engine != "reference":
        from stinkarm.engine.interpreter import native_code

        path = native_code().path
        descriptors.lasting[path] = descriptors.move_up(_copy(path))


def place(descriptors: Descriptors, path: str) -> str:
    """Give a name of a file that whoever has the descriptors can reach."""
    above = [folder for folder in descriptors.lasting if (path + "/").startswith(folder.rstrip("/") + "/")]
    if not above:
        return path
    folder = max(above, key=len)
    return f"/proc/self/fd/{descriptors.lasting[folder]}" + path[len(folder.rstrip("/")) :]


def executable(descriptors: Descriptors) -> str:
    """Name Python, for execve."""
    if not descriptors.lasting or sys.executable.startswith("/proc/self/fd/"):
        return sys.executable
    return place(descriptors, os.path.realpath(getattr(sys, "_base_executable", sys.executable)))


def search_path(descriptors: Descriptors) -> list[str]:
    """Give what the next Python is to find its modules by."""
    return [place(descriptors, folder) for folder in sys.path]


def hand_over(descriptors: Descriptors, *, keeps: bool) -> None:
    """Let execve keep the descriptors open, or not."""
    for fd in descriptors.lasting.values():
        os.set_inheritable(fd, keeps)


def take_over(descriptors: Descriptors, numbers: list[int]) -> None:
    """Have the descriptors that the program before had."""
    for fd in numbers:
        os.set_inheritable(fd, False)
        descriptors.hidden.add(fd)
        descriptors.lasting[f"/proc/self/fd/{fd}"] = fd
    if numbers:
        from stinkarm.engine import store

        store.given = f"/proc/self/fd/{numbers[-1]}"


def _python_library() -> str:
    """Give the file of Python's own shared library, if it has one."""
    with open("/proc/self/maps", encoding="utf-8", errors="surrogateescape") as file:
        for line in file:
            path = line.partition("/")[2].rstrip("\n")
            if os.path.basename(path).startswith("libpython"):
                return "/" + path
    return ""


def _copy(path: str) -> int:
    """Copy a file into memory that everybody may read."""
    copy = os.memfd_create("interpreter", os.MFD_CLOEXEC)
    with open(path, "rb") as source, open(copy, "wb", closefd=False) as target:
        while data := source.read(COPY_SIZE):
            target.write(data)
    return copy
