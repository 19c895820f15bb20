"""How a guest is to be run: what the command line and `stinkarm.run` both fill in.

Values are checked as they are set, so that a `Settings` is always one that can be run.
"""

import os

from stinkarm.status import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from stinkarm.sandbox.policy import Policy

MODES = ("sandbox", "forward", "deny")
ENGINES = ("jit", "interpreter", "reference")
CPUS = ("max", "cortex-a15")
TOPICS = ("elf", "syscalls", "memory", "instructions", "jit")
DUMPS = ("regions", "ir", "opt", "asm")
# Of the engine jit, for developers: how often a place runs before it is compiled, and what tests need.
JIT_COUNTS = ("hot", "workers", "forget", "kill")
JIT_SWITCHES = ("sync", "nocache")

MIB = 1 << 20
STACK_MINIMUM = 64 << 10  # argument strings and a first frame still fit
STACK_MAXIMUM = 1 << 30
INSTRUCTIONS_MAXIMUM = (1 << 63) - 1  # the budget is a signed 64-bit count
TIMEOUT_MAXIMUM = 10.0**9


class Settings:
    """One guest run.

    `allow_read`, `allow_write`, `allow_env`, `allow_run` and `allow_net` are True for everything, else the list of
    paths (variable names, programs, addresses) granted. `run_env` are the variables that programs of the host get from
    the guest. `environment_changes` are the `-E` and `-U` options in order:
    (name, value), value None to take the variable away.
    """

    __slots__ = (
        "allow_env",
        "allow_net",
        "allow_read",
        "allow_run",
        "allow_write",
        "arguments",
        "argv0",
        "binfmt",
        "cpu",
        "dump",
        "dump_asm",
        "dump_registers",
        "engine",
        "environment_changes",
        "explain_sandbox",
        "fake_root",
        "jit",
        "log_file",
        "max_instructions",
        "no_env",
        "no_walls",
        "perf_map",
        "program",
        "quiet",
        "release",
        "report",
        "root",
        "run_env",
        "save_policy",
        "seed",
        "stack_size",
        "strace",
        "strace_summary",
        "syscalls",
        "sysroot",
        "timeout",
        "topics",
    )

    def __init__(self) -> None:
        self.program = ""
        self.arguments: list[str] = []
        self.argv0: str | None = None
        self.binfmt = False  # argv[0] comes after the program
        self.syscalls = "sandbox"
        self.allow_read: bool | list[str] = []
        self.allow_write: bool | list[str] = []
        self.allow_env: bool | list[str] = []
        self.allow_run: bool | list[str] = []
        self.allow_net: bool | list[str] = []
        self.run_env: list[str] = []
        self.environment_changes: list[tuple[str, str | None]] = []
        self.no_env = False
        self.stack_size = 8 * MIB
        self.sysroot: str | None = None
        self.root: str | None = None
        self.fake_root = False
        self.release: str | None = None
        self.seed: int | None = None
        self.cpu = "cortex-a15"
        self.engine = "jit"
        self.jit = ""  # developers' options of the engine jit: engine/jit.py
        self.max_instructions: int | None = None
        self.timeout: float | None = None
        self.topics: list[str] = []
        self.strace = False
        self.quiet = False
        self.report: str | None = None
        self.save_policy: str | None = None
        self.strace_summary = False
        self.log_file: str | None = None
        self.dump: list[str] = []
        self.perf_map = False
        self.dump_asm = False
        self.dump_registers = False
        self.explain_sandbox = False
        self.no_walls = False  # a program of the host was granted that is to run outside of them

    def set_option(self, key: str, name: str, value: str) -> None:
        """Set the option whose last name is `key` from its text; `name` is what the user wrote."""
        match key:
            case "--syscalls":
                self.syscalls = one_of(name, value, MODES)
            case "--engine":
                engine, _, options = value.partition(":")
                self.engine = one_of(name, engine, ENGINES)
                self.jit = (
                    read_jit(f"{name} {engine}", options) if engine == "jit" else no_options(name, value, options)
                )
            case "--cpu":
                self.cpu = one_of(name, value, CPUS)
            case "--stack-size":
                self.stack_size = read_size(name, value)
            case "--max-instructions":
                self.max_instructions = read_count(name, value)
            case "--timeout":
                self.timeout = read_seconds(name, value)
            case "--log":
                self.set_topics(value)
            case "--dump":
                self.dump = [one_of(name, word, DUMPS) for word in value.split(",")]
            case "-D":
                self.log_file = value
            case "-L":
                if not os.path.isdir(value):
                    raise UsageError(f"{name} wants a directory, and {value!r} is none.")
                self.sysroot = value
            case "--root":
                if not os.path.isdir(value):
                    raise UsageError(f"{name} wants a directory, and {value!r} is none.")
                self.root = os.path.abspath(value)
            case "--run-env":
                for word in value.split(","):
                    if not word or "=" in word:
                        raise UsageError(f"{name} wants names of environment variables, not {word!r}.")
                    self.run_env.append(word)
            case "--report":
                self.report = value
            case "--save-policy":
                self.save_policy = value
            case "-r":
                self.release = value
            case "--seed":
                self.seed = read_seed(name, value)
            case "-0":
                self.argv0 = value
            case _:
                raise KeyError(key)

    def make_absolute(self) -> None:
        """Make the names of files absolute, for a process that is in another directory."""
        if self.argv0 is None:
            self.argv0 = self.program
        self.program = os.path.abspath(self.program)
        for name in ("log_file", "sysroot", "root"):
            value = getattr(self, name)
            if value is not None:
                setattr(self, name, os.path.abspath(value))
        for name in ("allow_read", "allow_write"):
            granted = getattr(self, name)
            if not isinstance(granted, bool):
                setattr(self, name, [os.path.abspath(path) for path in granted])
        if not isinstance(self.allow_run, bool):
            self.allow_run = [os.path.abspath(path) if "/" in path else path for path in self.allow_run]

    def set_topics(self, text: str) -> None:
        """Add the log topics of a comma list; `none` takes away what was asked for before it."""
        for word in text.split(","):
            one_of("--log", word, ("none", *TOPICS))
            if word == "none":
                self.topics = []
            elif word not in self.topics:
                self.topics.append(word)

    def grant(self, key: str, names: list[str] | None) -> None:
        """Widen the sandbox by the option `key` for these names; None is everything."""
        if key == "--allow-net":
            check_rules(names or ())
        attribute = key[2:].replace("-", "_")
        granted: bool | list[str] = getattr(self, attribute)
        if not isinstance(granted, bool):
            setattr(self, attribute, True if names is None else granted + names)

    def set_variable(self, text: str, name: str = "--env") -> None:
        """Set an environment variable from `NAME=value`, which `name` was given."""
        variable, equals, value = text.partition("=")
        if not equals or not variable:
            hint = "; for a value with a comma there is --env VAR=VAL" if name != "--env" else ""
            raise UsageError(f"{name} wants VAR=VAL, not {text!r}{hint}.")
        self.environment_changes.append((variable, value))

    def unset_variable(self, variable: str, name: str = "-U") -> None:
        """Take an environment variable away."""
        if not variable or "=" in variable:
            raise UsageError(f"{name} wants the name of an environment variable, not {variable!r}.")
        self.environment_changes.append((variable, None))

    def environment(self, policy: "Policy") -> list[bytes]:
        """Make the guest's environment: what the policy shows of the host's, then `-E` and `-U` in order."""
        found = {} if self.no_env else policy.environment(os.environ)
        for name, value in self.environment_changes:
            if value is None:
                found.pop(name, None)
            else:
                found[name] = value
        return [os.fsencode(f"{name}={value}") for name, value in found.items()]


def check_rules(names: "Sequence[str]") -> None:
    """Check that each name is a rule of `--allow-net`."""
    for name in names:
        from stinkarm.sandbox.network import Rule

        try:
            Rule(name)
        except ValueError as error:
            raise UsageError(f"--allow-net: {error}") from None


def one_of(name: str, value: str, choices: tuple[str, ...]) -> str:
    """Check that `value` is one of `choices`."""
    if value not in choices:
        raise UsageError(f"{name} {value!r} is not known; it is one of {', '.join(choices)}.")
    return value


def read_jit(name: str, text: str) -> str:
    """Check the options of the engine jit: `hot=N,sync`."""
    for option in text.split(",") if text else ():
        key, equals, value = option.partition("=")
        if equals:
            one_of(name, key, JIT_COUNTS)
            digits = value.isascii() and value.isdigit() and len(value) < 10
            if not digits or not int(value):
                raise UsageError(f"{name}:{key} wants a whole number from 1, not {value!r}.")
        else:
            one_of(name, key, JIT_SWITCHES)
    return text


def no_options(name: str, value: str, options: str) -> str:
    """Check that an engine that has no options was given none."""
    if options:
        raise UsageError(f"{name} {value!r} is not known; only jit has options.")
    return ""


def read_count(name: str, value: str) -> int:
    """Read a count of instructions."""
    digits = value.replace("_", "")
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 19 or int(digits) > INSTRUCTIONS_MAXIMUM:
        raise UsageError(f"{name} wants a whole number of instructions below 2^63, not {value!r}.")
    return int(digits)


def read_seconds(name: str, value: str) -> float:
    """Read a time in seconds."""
    try:
        seconds = float(value)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= TIMEOUT_MAXIMUM:
        raise UsageError(f"{name} wants a number of seconds above 0, not {value!r}.")
    return seconds


def read_seed(name: str, value: str) -> int:
    """Read a seed for random numbers, as qemu-arm does: decimal, octal after 0, hexadecimal after 0x."""
    octal = len(value) > 1 and value[0] == "0" and value.isdigit()
    try:
        seed = int(value, 8 if octal else 0)
    except ValueError:
        seed = -1
    if not 0 <= seed < 1 << 64:
        raise UsageError(f"{name} wants a whole number below 2^64, not {value!r}.")
    return seed


def read_size(name: str, value: str) -> int:
    """Read a size in bytes, with an optional k, M or G (powers of 1024)."""
    digits, unit = value, 1
    scale = {"k": 10, "m": 20, "g": 30}.get(value[-1:].lower())
    if scale is not None:
        digits, unit = value[:-1], 1 << scale
    size = int(digits) * unit if digits.isascii() and digits.isdigit() and len(digits) < 12 else -1
    if not STACK_MINIMUM <= size <= STACK_MAXIMUM:
        raise UsageError(f"{name} wants a size from 64k to 1G, such as 8M, not {value!r}.")
    return size
