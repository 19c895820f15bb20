"""Run ARMv7 Linux programs on x86-64 Linux.

    import stinkarm

    result = stinkarm.run("examples/hello.elf")
    assert result.stdout == b"Hello, world!\\n"

`run` runs a program to its end in a process of its own; `Emulator` holds one in this process, to
be looked at and stepped. Names are imported when they are first used, so that the `stinkarm`
command does not pay for them.
"""

__version__ = "0.1.0"

__all__ = [
    "DEVNULL",
    "PIPE",
    "STDOUT",
    "CrashReport",
    "Denial",
    "Emulator",
    "Failed",
    "Frame",
    "GuestFault",
    "Location",
    "NotExecutable",
    "ProgramFailed",
    "ProgramNotFound",
    "Registers",
    "Result",
    "StinkarmError",
    "StopReason",
    "UsageError",
    "__version__",
    "run",
]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stinkarm.api import (
        DEVNULL,
        PIPE,
        STDOUT,
        CrashReport,
        Denial,
        Emulator,
        Failed,
        Frame,
        GuestFault,
        Location,
        NotExecutable,
        ProgramFailed,
        ProgramNotFound,
        Registers,
        Result,
        StinkarmError,
        StopReason,
        UsageError,
        run,
    )


def __getattr__(name: str) -> object:
    if name in __all__:
        from stinkarm import api

        return getattr(api, name)
    raise AttributeError(f"module 'stinkarm' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
