"""How each of the three is called, and where stinkarm keeps its files: all that the harness knows of them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.sources import CACHE, SYSROOTS, Command

TRIVIAL = Path(__file__).resolve().parent.parent / "examples" / "exit.elf"
WARM_UPS = 2  # uncounted runs that fill stinkarm's cache, in warm mode
WORKER_SECONDS = 60.0  # how long the workers that a run leaves behind may go on before they are ended
COLD_WORKER_SECONDS = 1.0  # the same where no run follows that would start with what they compile
RUN_SECONDS = 300.0  # how long one run may take

# What all programs see. C.UTF-8 would make bash and sort do other work than most users' settings do.
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "HOME": str(CACHE), "LC_ALL": "C", "PYTHONHASHSEED": "0"}


@dataclass
class Stinkarm:
    """stinkarm as it is called here: from this environment, with these options."""

    options: list[str] = field(default_factory=list)
    program: str = ""

    def __post_init__(self) -> None:
        script = Path(sys.executable).with_name("stinkarm")
        self.words = (
            [self.program or str(script)] if self.program or script.exists() else [sys.executable, "-m", "stinkarm"]
        )
        self.pristine, self.state = CACHE / "pristine", CACHE / "state"

    def prepare(self) -> None:
        """Have the interpreter built, and a cache in which there is nothing else."""
        environment = {**ENVIRONMENT, "XDG_CACHE_HOME": str(self.pristine)}
        done = subprocess.run(
            [*self.words, *self.options, str(TRIVIAL)], env=environment, check=False, capture_output=True
        )
        if done.returncode != 161:
            sys.exit(f"stinkarm does not run {TRIVIAL}: {done.stderr.decode(errors='replace')}")
        self.forget()

    def forget(self) -> None:
        """Make the cache as empty as it is before any program has run, but for the interpreter itself."""
        shutil.rmtree(self.state, ignore_errors=True)
        shutil.copytree(self.pristine, self.state)

    def call(self, command: Command) -> tuple[list[str], dict[str, str]]:
        """Return the words and the environment that run a program in stinkarm."""
        sysroot = ["-L", str(command.sysroot)] if command.sysroot else []
        words = [*self.words, "-C", "forward", *self.options, *sysroot, *command.words]
        return words, {**ENVIRONMENT, **command.environment, "XDG_CACHE_HOME": str(self.state)}


class Qemu:
    """qemu-arm, from the host's packages."""

    def __init__(self) -> None:
        path = shutil.which("qemu-arm")
        if path is None:
            sys.exit("qemu-arm is not installed; on Debian: apt-get install qemu-user")
        self.path = path

    def version(self) -> str:
        """Return what it says of itself."""
        done = subprocess.run([self.path, "--version"], capture_output=True, text=True, check=True)
        return done.stdout.split("\n")[0]

    def call(self, command: Command) -> tuple[list[str], dict[str, str]]:
        """Return the words and the environment that run a program in qemu-arm."""
        sysroot = ["-L", str(command.sysroot)] if command.sysroot else []
        return [self.path, *sysroot, *command.words], {**ENVIRONMENT, **command.environment}


class Native:
    """The host itself. Debian's programs run with the libraries that they were unpacked with."""

    def call(self, command: Command) -> tuple[list[str], dict[str, str]]:
        """Return the words and the environment that run a program on the host."""
        environment = {**ENVIRONMENT, **command.environment}
        if command.sysroot is None:
            return list(command.words), environment
        root = SYSROOTS["amd64"]
        folders = [root / "lib/x86_64-linux-gnu", root / "usr/lib/x86_64-linux-gnu"]
        loader = [
            str(root / "lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"),
            "--library-path",
            os.pathsep.join(map(str, folders)),
        ]
        return [*loader, *command.words], {**environment, "PYTHONHOME": str(root / "usr")}
