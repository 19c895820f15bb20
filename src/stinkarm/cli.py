"""Options in, exit status out.

The option table below is the only description of the options: parsing and `--help` both read it.
It is read by hand because argparse alone would take as long to import as the guest takes to start.
"""

import gc
import os
import sys
import time
from posix import environ

from stinkarm import status
from stinkarm.guest.signals import SIGINT
from stinkarm.settings import Settings
from stinkarm.status import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

FLAG, VALUE, OPTIONAL = range(3)  # takes nothing; takes a value; takes one only as --name=value

OPTIONS = (
    "What the program may do",
    (("-C", "--syscalls"), VALUE, "MODE", "sandbox (default), forward to the host, or deny all but exit"),
    (("--allow-read",), OPTIONAL, "PATH,...", "let the sandbox read below these paths (all, without =)"),
    (("--allow-write",), OPTIONAL, "PATH,...", "let the sandbox also write, create and delete there"),
    (("--allow-env",), OPTIONAL, "NAME,...", "let the sandbox see the host's environment, or these names"),
    (("--allow-run",), OPTIONAL, "PROGRAM,...", "let the sandbox have children and run ARM programs (or only these)"),
    (
        ("--allow-run-outside",),
        VALUE,
        "PROGRAM,...",
        "the same, with no second wall around anything",
    ),
    (
        ("--run-env",),
        VALUE,
        "NAME,...",
        "let programs of the host have these variables from the program",
    ),
    (("--allow-net",), OPTIONAL, "HOST:PORT,...", "let the sandbox reach the network (or only these addresses)"),
    (("--policy",), VALUE, "FILE", "read mode, grants, limits and environment from this TOML file"),
    (("--save-policy",), VALUE, "FILE", "write one with what the program was refused, to be looked through"),
    "What it is given",
    (("-E",), VALUE, "VAR=VAL,...", "set environment variables (repeatable)"),
    (("--env",), VALUE, "VAR=VAL", "set one, whose value may have commas (repeatable)"),
    (("-U",), VALUE, "VAR,...", "take environment variables away (repeatable)"),
    (("-n", "--no-env"), FLAG, "", "start from an empty environment, whatever the mode"),
    (("-0",), VALUE, "ARGV0", "pass this as argv[0] instead of the name of PROGRAM"),
    (("-s", "--stack-size"), VALUE, "SIZE", "main stack, in bytes or with k, M, G (default 8M)"),
    (("-L",), VALUE, "SYSROOT", "look here first for the files that the program names"),
    (("--root",), VALUE, "DIR", "the directory that the program sees as /"),
    (("--fake-root",), FLAG, "", "let the program be root, of its own files only: ids, chown, mknod"),
    (("-r",), VALUE, "RELEASE", "the kernel release that uname answers"),
    (("-seed", "--seed"), VALUE, "N", "let random numbers (AT_RANDOM, getrandom) follow from this"),
    (("--binfmt",), FLAG, "", "after PROGRAM comes its argv[0], as with binfmt_misc's flag P"),
    (("-cpu", "--cpu"), VALUE, "MODEL", "cortex-a15 (default), or max: with what ARMv8 adds; help lists them"),
    "How it is run",
    (
        ("--engine",),
        VALUE,
        "NAME",
        "jit (default: hot code is compiled), interpreter, or reference (slow)",
    ),
    (("--max-instructions",), VALUE, "N", "end the program after exactly N instructions"),
    (("--timeout",), VALUE, "SECONDS", "end the program after this much wall-clock time"),
    "What is shown",
    (("-l", "--log"), VALUE, "TOPIC,...", "none, elf, syscalls, memory, instructions, jit (repeatable)"),
    (("-v", "--verbose"), FLAG, "", "the same as --log elf,memory,syscalls"),
    (("-strace", "--strace"), FLAG, "", "one line a system call, as strace prints it"),
    (("-c", "--strace-summary"), FLAG, "", "count system calls instead, and print a table at the end"),
    (("-D",), VALUE, "FILE", "write the log to FILE instead of stderr"),
    (("--dump",), VALUE, "KIND,...", "write what hot code becomes to the log: regions, ir, opt, asm"),
    (("--perf-map",), FLAG, "", "name compiled code for Linux perf, in /tmp/perf-PID.map"),
    (("--explain-sandbox",), FLAG, "", "print what the program may do and what holds it; run nothing"),
    (("--report",), VALUE, "FILE", "write what the sandbox refused to this file, as JSON"),
    (("-q", "--quiet"), FLAG, "", "do not say at the end what the sandbox refused"),
    (("--dump-asm",), FLAG, "", "print the program's disassembly first"),
    (("--dump-registers",), FLAG, "", "print all registers at the end"),
    (("-h", "-help", "--help"), FLAG, "", "print this help"),
    (("-V", "-version", "--version"), FLAG, "", "print the version"),
)

# Instead of options and PROGRAM. A program of such a name is run as ./NAME.
COMMANDS = {
    "cache": ("{info,clear}", "show how much compiled code is kept from run to run, or remove it"),
    "compile": ("[options] PROGRAM", "compile a program's functions for later runs, without running it"),
}

# Variables that stand for options: variables.py.
FROM_ENVIRONMENT = (b"QEMU_", b"STINKARM_OPTIONS")

INDEX = {name: option for option in OPTIONS if not isinstance(option, str) for name in option[0]}


def main(argv: list[str] | None = None, *, archive: bytes = b"") -> "NoReturn":
    """Run the command line and end the process; first, write the start archive if one is named."""
    start = time.perf_counter()
    gc.disable()  # what is made while starting stays; `runner` turns it on again
    os._exit(run(sys.argv[1:] if argv is None else argv, start, archive))


def run(arguments: list[str], start: float | None = None, archive: bytes = b"") -> int:
    """Run the command line and return its exit status.

    Does not return when a signal ended the guest: then this process ends by that signal.
    """
    start = time.perf_counter() if start is None else start
    try:
        if arguments and arguments[0] in COMMANDS:
            return run_other(*arguments)
        settings = parse(arguments)
        if settings is None:
            return status.OK
        from stinkarm.runner import explain_sandbox, run_command

        if settings.explain_sandbox:
            write(1, explain_sandbox(settings, start))
            return status.OK
        return run_command(settings, start, archive=archive)
    except KeyboardInterrupt:  # while starting, or building a source; a guest that runs is simply ended
        status.end_by_signal(SIGINT)
        return status.SIGNAL + SIGINT
    except Exception as error:
        return failed(error)


def run_other(command: str, *arguments: str) -> int:
    """Carry out one of COMMANDS; return the exit status."""
    from stinkarm import code_cache

    if command == "compile":
        settings = parse(list(arguments))
        if settings is not None:
            write(1, code_cache.compile_program(settings))
    elif arguments == ("info",):
        write(1, code_cache.info())
    elif arguments == ("clear",):
        write(1, code_cache.clear())
    else:
        raise UsageError("stinkarm cache wants info or clear: stinkarm cache info.")
    return status.OK


def take_over(state: int) -> "NoReturn":
    """Run the program that a guest has asked for in its own place; `state` is the descriptor of `handover.py`."""
    gc.disable()
    try:
        from stinkarm import handover
        from stinkarm.runner import run_command

        new = handover.read(state)
        code = run_command(new.settings, new.log_start, new)
    except Exception as error:
        code = failed(error)
    os._exit(code)


def failed(error: Exception) -> int:
    """Say what went wrong; return the exit status for it."""
    code = status.of_error(error)
    if code is None:
        return report_defect(error)
    complain(str(error))
    return code


def complain(text: str) -> None:
    """Print a message of stinkarm's own on stderr."""
    write(2, f"stinkarm: {text}\n")


def write(descriptor: int, text: str) -> None:
    """Write to stdout (1) or stderr (2), without the buffers and the end-of-process flush of `sys.stdout`."""
    data = text.encode("utf-8", "backslashreplace")
    try:
        while data:
            data = data[os.write(descriptor, data) :]
    except OSError:  # closed, full, or nobody reads any more; the exit status still tells
        return


def report_defect(error: Exception) -> int:
    """Report an exception that is a defect of stinkarm, without a traceback unless asked for one."""
    if os.environ.get("STINKARM_TRACEBACK"):
        import traceback

        traceback.print_exception(error)
    where = "?"
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        where = f"{code.co_name} in {os.path.basename(code.co_filename)}, line {trace.tb_lineno}"
        trace = trace.tb_next
    complain(
        f"this is a defect of stinkarm: {type(error).__name__}: {error} ({where}). "
        "Run again with STINKARM_TRACEBACK=1 in the environment for the details to report."
    )
    return status.FAILED


def parse(arguments: list[str]) -> Settings | None:
    """Read the options, up to PROGRAM; None when they asked only for a text, which is printed."""
    settings = Settings()
    if any(name.startswith(FROM_ENVIRONMENT) for name in environ) and not read_variables(settings):
        return None
    index = read_options(settings, arguments)
    if index is None:
        return None
    if index == len(arguments):
        raise UsageError("no PROGRAM is given: stinkarm [options] PROGRAM [ARGS...]. See stinkarm --help.")
    settings.program = arguments[index]
    if settings.binfmt:
        index += 1
        if index == len(arguments):
            raise UsageError("--binfmt wants PROGRAM and then its argv[0], as binfmt_misc gives them with the flag P.")
        if settings.argv0 is None:
            settings.argv0 = arguments[index]
    settings.arguments = arguments[index + 1 :]
    return settings


def read_variables(settings: Settings) -> bool:
    """Read options from the environment; False when they asked only for a text, which is printed."""
    from stinkarm import variables

    for option, name, value in variables.options_of_qemu():
        if not apply(settings, INDEX[option][0][-1], name, value):
            return False
    words = variables.words()
    try:
        index = read_options(settings, words)
    except UsageError as error:
        raise UsageError(f"{variables.OPTIONS}: {error}") from None
    if index is not None and index < len(words):
        raise UsageError(f"{variables.OPTIONS} holds options only, and {words[index]!r} is none.")
    return index is not None


def read_options(settings: Settings, arguments: list[str]) -> int | None:
    """Read options, up to the first word that is none; give its index, or None when they asked only for a text."""
    index = 0
    while index < len(arguments):
        argument = arguments[index]
        if len(argument) < 2 or argument[0] != "-":
            break
        index += 1
        if argument == "--":
            break
        for name, value, takes in split(argument):
            if takes == VALUE and value is None:
                if index == len(arguments):
                    raise UsageError(f"{name} needs a value: {name} {INDEX[name][2]}. See stinkarm --help.")
                value = arguments[index]
                index += 1
            if not apply(settings, INDEX[name][0][-1], name, value):
                return None
    return index


def split(argument: str) -> "list[tuple[str, str | None, int]]":
    """Split one command-line word into (option, attached value, kind); `-nv` and `-Cdeny` have several."""
    option = INDEX.get(argument)
    if option is not None:
        return [(argument, None, option[1])]
    if argument.startswith("--"):
        name, _, value = argument.partition("=")
        option = INDEX.get(name)
        if option is None:
            raise unknown(name)
        if option[1] == FLAG:
            raise UsageError(f"{name} takes no value, but {value!r} is given.")
        return [(name, value, option[1])]
    parts: list[tuple[str, str | None, int]] = []
    for at in range(1, len(argument)):
        name = "-" + argument[at]
        option = INDEX.get(name)
        value = argument[at + 1 :]
        if option is None or (value and name == "-s" and not value[0].isdigit()):
            raise unknown(argument)
        if option[1] == VALUE:
            parts.append((name, value or None, VALUE))
            break
        parts.append((name, None, FLAG))
    return parts


def unknown(name: str) -> UsageError:
    """Make the error for an option that is not in the table, with the nearest one that is."""
    import difflib

    from stinkarm.variables import LACKING

    word = "-" + name.lstrip("-").partition("=")[0]
    missing = word if word in LACKING else name[:2]
    if missing in LACKING and (missing == word or name[2:3].isdigit()):
        return UsageError(f"qemu-arm's {missing} is not an option of stinkarm: {LACKING[missing]}.")
    near = difflib.get_close_matches(name, list(INDEX), 1, 0.6)
    if not near:
        near = difflib.get_close_matches("-" + name, list(INDEX), 1, 0.75)
    hint = f"did you mean {near[0]}?" if near else "see stinkarm --help."
    return UsageError(f"{name} is not an option; {hint}")


def apply(settings: Settings, key: str, name: str, value: str | None) -> bool:
    """Carry out the option whose last name is `key`; False when it asked only for a text, which is printed.

    `name` is what the user wrote.
    """
    match key:
        case "--help":
            write(1, help_text())
            return False
        case "--version":
            from stinkarm import __version__

            write(1, f"stinkarm {__version__}\n")
            return False
        case "--cpu" if value == "help":
            write(1, "cortex-a15\nmax\n")
            return False
        case "--no-env":
            settings.no_env = True
        case "--verbose":
            settings.set_topics("elf,memory,syscalls")
        case "--strace":
            settings.strace = True
        case "--policy":
            read_policy(settings, value or "")
        case "--quiet":
            settings.quiet = True
        case "--strace-summary":
            settings.strace_summary = True
        case "--perf-map":
            settings.perf_map = True
        case "--fake-root":
            settings.fake_root = True
        case "--dump-asm":
            settings.dump_asm = True
        case "--explain-sandbox":
            settings.explain_sandbox = True
        case "--allow-run-outside":
            settings.grant("--allow-run", words_of(name, value or ""))
            settings.no_walls = True
        case "--dump-registers":
            settings.dump_registers = True
        case "--allow-read" | "--allow-write" | "--allow-env" | "--allow-run" | "--allow-net":
            settings.grant(key, None if value is None else words_of(name, value))
        case "-E":
            for text in (value or "").split(","):
                settings.set_variable(text, name)
        case "--env":
            settings.set_variable(value or "", name)
        case "-U":
            for text in (value or "").split(","):
                settings.unset_variable(text, name)
        case "--binfmt":
            settings.binfmt = True
        case _:
            settings.set_option(key, name, value or "")
    return True


def read_policy(settings: Settings, name: str) -> None:
    """Read options from a policy file."""
    from stinkarm.sandbox import policy_file

    limits = [option for option in INDEX if option.startswith(("--max-", "--timeout"))]
    try:
        options = policy_file.read(name, limits)
    except ValueError as error:
        raise UsageError(str(error)) from None
    for option, value in options:
        if option.startswith("--allow-"):  # whose names may have commas
            settings.grant(option, None if value is None else [value])
        else:
            apply(settings, INDEX[option][0][-1], option, value)


def words_of(name: str, value: str) -> list[str]:
    """Split a comma list, none of whose words may be empty."""
    words = value.split(",")
    if "" in words:
        raise UsageError(f"{name}={value} has an empty word; write {name}={INDEX[name][2]}.")
    return words


def help_text() -> str:
    """Lay out the help."""
    lines = [
        "Run an ARMv7 Linux program.",
        "",
        "Usage: stinkarm [options] PROGRAM [ARGS...]",
        *(f"       stinkarm {name} {rest}" for name, (rest, _) in COMMANDS.items()),
        "",
        "PROGRAM is a 32-bit ARM Linux executable, or an assembly (.s, .S) or C (.c) source,",
        "which is built first. Options end at PROGRAM; the rest is the program's own.",
    ]
    for option in OPTIONS:
        if isinstance(option, str):
            lines += ["", option + ":"]
            continue
        names, kind, metavar, text = option
        left = ", ".join(names)
        if kind == VALUE:
            left += " " + metavar
        elif kind == OPTIONAL:
            left += f"[={metavar}]"
        lines.append(f"  {left:<26}  {text}")
    lines += ["", "Instead of a program (one of that name is run as ./NAME):"]
    lines += [f"  {name:<26}  {text}" for name, (_, text) in COMMANDS.items()]
    lines += ["", "Exit status:"]
    lines += [f"  {number:<4} {text}" for number, text in status.HELP]
    return "\n".join(lines) + "\n"
