"""Fetch the Debian armhf programs that test_debian.py runs, into tests/programs/debian (needs apt and dpkg-deb).

python tests/programs/fetch.py
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

TARGET = Path(__file__).parent / "debian"
PACKAGES = ("busybox-static", "bash-static")


def run(*command: str, cwd: Path | None = None) -> None:
    """Run a command; end with its words when it fails."""
    result = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if result.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{result.stderr}")


def main() -> None:
    """Download and unpack; no root is needed once apt knows the armhf architecture."""
    architectures = subprocess.run(
        ["dpkg", "--print-foreign-architectures"], capture_output=True, text=True, check=True
    )
    if "armhf" not in architectures.stdout.split():
        run("dpkg", "--add-architecture", "armhf")
        run("apt-get", "update")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        run("apt-get", "download", *[f"{name}:armhf" for name in PACKAGES], cwd=Path(folder))
        for package in Path(folder).glob("*.deb"):
            run("dpkg-deb", "-x", str(package), str(TARGET))
    print(f"{', '.join(PACKAGES)} are in {TARGET}")


if __name__ == "__main__":
    main()
