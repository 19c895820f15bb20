"""Build the wheel with the native interpreter in it. Everything else is in pyproject.toml."""

import subprocess
import sys
from pathlib import Path

from setuptools import Distribution, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py

# stinkarm takes the one that the host can run: engine/store.py.
LEVELS = ("x86-64-v2", "x86-64-v3")


class BuildWithInterpreter(build_py):
    """Copy the package, then generate the native interpreter from the copy into it."""

    def run(self) -> None:
        """Build, but for an editable install, whose interpreter is built on first use and follows the sources."""
        super().run()
        if self.editable_mode:
            return
        package = Path(self.build_lib).resolve() / "stinkarm"
        builds = []
        for level in LEVELS:
            output = package / "engine" / f"interpreter-{level}.bin"
            command = [sys.executable, "-m", "stinkarm.engine.build", "--cpu", level, str(output)]
            builds.append(subprocess.Popen(command, cwd=package.parent))
        statuses = [build.wait() for build in builds]
        if any(statuses):
            raise SystemExit("The native interpreter could not be built; what went wrong is above.")


class PlatformWheel(bdist_wheel):
    """Tag the wheel for any Python 3 on x86-64 Linux: it holds machine code, but none that knows Python or a libc."""

    def finalize_options(self) -> None:
        """Say that the wheel is not for every platform."""
        super().finalize_options()
        self.root_is_pure = False

    def get_tag(self) -> tuple[str, str, str]:
        """Return the three parts of the tag."""
        return ("py3", "none", "manylinux2014_x86_64")


class BinaryDistribution(Distribution):
    """A distribution with machine code in it."""

    def has_ext_modules(self) -> bool:
        """Put the package into platlib."""
        return True


setup(cmdclass={"build_py": BuildWithInterpreter, "bdist_wheel": PlatformWheel}, distclass=BinaryDistribution)
