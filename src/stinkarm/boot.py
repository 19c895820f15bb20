"""What is in front of a start archive (archive.py), and is run instead of importing the package's modules one by one.

Its functions are called before anything of the package is there, so they import only what is built into Python.
"""

import gc
import sys
from _frozen_importlib import ModuleSpec
from _frozen_importlib_external import SourceFileLoader
from marshal import loads
from posix import O_CLOEXEC, O_RDONLY, close, fstat, open, pread, stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from posix import stat_result
    from types import CodeType, ModuleType

    from stinkarm.archive import Module


class Finder:
    """Finds modules in the archive. `state` is what fstat said of its file."""

    def __init__(self, archive: bytes, state: "tuple[int, ...]", modules: "dict[str, Module]") -> None:
        self.archive = archive
        self.state = state
        self.modules = modules

    def find_spec(self, name: str, path: object = None, target: object = None) -> "ModuleSpec | None":
        """Give the specification of a module that is in the archive."""
        module = self.modules.get(name)
        if module is None:
            return None
        code = module[3]
        if isinstance(code, tuple):
            code = self.read(*code)
        return None if code is None else specify(module, Loader(name, module[1], code))

    def read(self, offset: int, size: int) -> "CodeType | None":
        """Read the code of a module that is seldom needed; None when the archive has been replaced or removed."""
        try:
            archive = open(self.archive, O_RDONLY | O_CLOEXEC)
        except OSError:
            return None
        try:
            if state_of(fstat(archive)) != self.state:
                return None
            code: CodeType = loads(pread(archive, size, offset))
            return code
        finally:
            close(archive)


class Loader(SourceFileLoader):
    """Loads a module whose code is there."""

    def __init__(self, name: str, file: str, code: "CodeType") -> None:
        super().__init__(name, file)
        self._code = code

    def get_code(self, fullname: str) -> "CodeType":
        """Give the module's code."""
        return self._code


def state_of(status: "stat_result") -> "tuple[int, ...]":
    """Give what tells a file from one that is put in its place."""
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def specify(module: "Module", loader: SourceFileLoader) -> ModuleSpec:
    """Give the specification of a module."""
    name, file, is_package, _ = module
    spec = ModuleSpec(name, loader, origin=file, is_package=is_package)
    spec.has_location = True
    if is_package and spec.submodule_search_locations is not None:
        spec.submodule_search_locations.append(file.rpartition("/")[0])
    return spec


def is_current(stamps: "tuple[tuple[str, int, int], ...]") -> bool:
    """Say whether the source files are those that the archive was made from."""
    try:
        for file, size, changed in stamps:
            status = stat(file)
            if status.st_mtime_ns != changed or status.st_size != size:
                return False
    except OSError:
        return False
    return True


def make(module: "Module", module_type: "type[ModuleType]") -> None:
    """Make a module, as importing it would."""
    name, file, is_package, code = module
    made = module_type(name)
    spec = specify(module, SourceFileLoader(name, file))
    names = made.__dict__
    names["__spec__"] = spec
    names["__loader__"] = spec.loader
    names["__file__"] = file
    names["__package__"] = name if is_package else name.rpartition(".")[0]
    if is_package:
        names["__path__"] = spec.submodule_search_locations
    modules = sys.modules
    modules[name] = made
    try:
        exec(code, names)
    except BaseException:
        del modules[name]
        raise
    parent, _, child = name.rpartition(".")
    if parent:
        setattr(modules[parent], child, made)


def boot(
    archive: bytes,
    status: "stat_result",
    stamps: "tuple[tuple[str, int, int], ...]",
    path: "list[str]",
    now: "tuple[Module, ...]",
    later: "tuple[Module, ...]",
    handover: int = -1,
) -> None:
    """Run stinkarm with the modules `now`, and others that are found; return when the archive is out of date.

    `handover` is a descriptor of `handover.py`, for a program that a guest has asked for; else the command line is run.
    `archive` is the archive's name, `status` what fstat said of it, `stamps` name, size and time of each source.
    """
    if not is_current(stamps):
        return
    gc.disable()  # what is made while starting stays
    sys.path[:] = path
    finder = Finder(archive, state_of(status), {module[0]: module for module in (*now, *later)})
    sys.meta_path.insert(0, finder)
    there = sys.modules
    for module in now:
        if module[0] not in there:  # nor did another one need it
            make(module, type(sys))
    from stinkarm.cli import main, take_over

    if handover >= 0:
        take_over(handover)
    main()
