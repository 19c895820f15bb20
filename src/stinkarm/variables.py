"""Options from the environment, and what there is of qemu-arm's.

`STINKARM_OPTIONS` holds some, and qemu-arm has a variable for each of its own.
"""

from __future__ import annotations

import os

from stinkarm.status import UsageError

OPTIONS = "STINKARM_OPTIONS"

# What qemu-arm has and stinkarm lacks, and why or what is there instead.
LACKING = {
    "-g": "the gdb server is not there yet",
    "-B": "where guest memory lies on the host cannot be chosen",
    "-R": "the guest has all 4 GiB of its addresses anyway",
    "-d": "--log and --dump show what happens",
    "-dfilter": "--log instructions shows all of them",
    "-p": "pages have 4 KiB, as on the host",
    "-singlestep": "--log instructions shows them one by one",
    "-one-insn-per-tb": "--log instructions shows them one by one",
    "-trace": "--log shows what happens, and -strace the system calls",
    "-plugin": "stinkarm.Emulator looks at a program from Python",
}

# QEMU_LD_PREFIX is sandbox/sysroot.py's.
SAME = {
    "QEMU_ARGV0": "-0",
    "QEMU_CPU": "-cpu",
    "QEMU_LOG_FILENAME": "-D",
    "QEMU_RAND_SEED": "-seed",
    "QEMU_SET_ENV": "-E",
    "QEMU_STACK_SIZE": "-s",
    "QEMU_STRACE": "-strace",
    "QEMU_UNAME": "-r",
    "QEMU_UNSET_ENV": "-U",
    "QEMU_VERSION": "-version",
}
# Who sets one of these waits for something that does not come. The rest (QEMU_GUEST_BASE, QEMU_RESERVED_VA,
# QEMU_PAGESIZE, QEMU_SINGLESTEP, QEMU_DFILTER) changes nothing that a program or its user sees here.
REFUSED = {"QEMU_GDB": "-g", "QEMU_LOG": "-d", "QEMU_PLUGIN": "-plugin", "QEMU_TRACE": "-trace"}


def options_of_qemu() -> list[tuple[str, str, str]]:
    """Give what qemu-arm's variables say: (option, variable, value)."""
    for name, option in REFUSED.items():
        if name in os.environ:
            raise UsageError(f"{name} is set, and qemu-arm's {option} is not an option here: {LACKING[option]}.")
    return [(option, name, os.environ[name]) for name, option in SAME.items() if name in os.environ]


def words() -> list[str]:
    """Give what STINKARM_OPTIONS says, as the shell would split it."""
    try:
        return split_words(os.environ.get(OPTIONS, ""))
    except ValueError as error:
        raise UsageError(f"{OPTIONS} is not the shell's words: {error}.") from None


def split_words(text: str) -> list[str]:
    """Split text into the words of a POSIX shell, in which nothing is replaced; `shlex` takes long to import."""
    found: list[str] = []
    word: str | None = None
    quoted = ""
    characters = iter(text)
    for character in characters:
        if character == quoted:
            quoted = ""
        elif character == "\\" and quoted != "'":
            following = next(characters, "")
            if not following:
                raise ValueError("nothing follows the last backslash")
            kept = "" if not quoted or following in '"\\' else "\\"
            word = (word or "") + kept + following
        elif quoted:
            word = (word or "") + character
        elif character in "'\"":
            quoted = character
            word = word or ""
        elif character in " \t\r\n":
            if word is not None:
                found.append(word)
            word = None
        else:
            word = (word or "") + character
    if quoted:
        raise ValueError(f"there is no closing {quoted}")
    return found if word is None else [*found, word]
