"""Unpack Debian's armhf programs into a root directory of their own, which stinkarm takes as a sysroot.

    python tests/programs/fetch.py [--all] [--debian] [PACKAGE...]

Without an option: the programs that the tests run (30 MB to download). `--all`: all that matrix.py runs (130 MB).
`--debian`: the first stage of a whole Debian as well, by debootstrap (100 MB), which test_debootstrap.py goes on with.
Packages that are named come on top. Nothing is installed and no root is needed: apt keeps its lists and downloads in a
folder of its own and resolves what the packages depend on, and dpkg-deb unpacks them. The host must be a Debian
(or have Debian's sources), because its sources are used.

The root directory is `root` in $STINKARM_TEST_CACHE, else in ~/.cache/stinkarm-programs. What was unpacked stays
and is not unpacked again; remove the folder to begin anew.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

CACHE = Path(os.environ.get("STINKARM_TEST_CACHE", Path.home() / ".cache" / "stinkarm-programs"))
ROOT = CACHE / "root"
FIRST_STAGE = CACHE / "debian"
SUITE = "bookworm"
MIRROR = os.environ.get("DEBIAN_MIRROR", "http://deb.debian.org/debian")

TESTED = (
    "bash", "bash-static", "bc", "busybox-static", "bzip2", "coreutils", "dash", "diffutils", "findutils", "gawk",
    "grep", "gzip", "jq", "libc-bin", "lua5.4", "make", "musl-dev", "openssl", "perl", "sed", "sqlite3", "tar",
    "xz-utils", "zstd",
)  # fmt: skip
MORE = (
    "fzf", "gcc-12", "git", "libc6-dev", "libpython3.11-testsuite", "nginx-light", "nodejs", "php8.2-cli", "procps",
    "python3.11", "redis-server", "redis-tools", "ripgrep", "ruby", "util-linux",
)  # fmt: skip

# What the packages' own scripts would have made; a script is not run, because it is a program of the other machine.
LINKS = {
    "usr/bin/awk": "gawk",
    "usr/bin/cc": "gcc-12",
    "usr/bin/gcc": "gcc-12",
    "usr/bin/lua": "lua5.4",
    "usr/bin/php": "php8.2",
    "usr/bin/python3": "python3.11",
    "usr/bin/sh": "dash",
}
MERGED = ("bin", "lib", "sbin")  # /bin is /usr/bin; base-files leaves that to another package
FOLDERS = ("dev", "etc", "proc", "root", "run", "sys", "tmp", "usr/bin", "usr/lib", "usr/sbin", "var/log/nginx")
FILES = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/bash\nwww-data:x:33:33::/var/www:/usr/sbin/nologin\n"
    "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
    "etc/group": "root:x:0:\ntty:x:5:\nwww-data:x:33:\nnogroup:x:65534:\n",
    "etc/hosts": "127.0.0.1 localhost\n::1 localhost ip6-localhost\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\nservices: files\nprotocols: files\n",
}


class FetchError(Exception):
    """A step that failed, in a sentence."""


def run(*command: str | Path) -> str:
    """Run a command and give its output; raise with its words when it fails."""
    words = [str(word) for word in command]
    result = subprocess.run(words, capture_output=True, text=True, check=False)
    if result.returncode:
        raise FetchError(f"{' '.join(words)} failed:\n{result.stderr}")
    return result.stdout


def apt(*arguments: str, archives: str = "archives") -> str:
    """Run apt-get as if this were an armhf machine on which nothing is installed."""
    for folder in ("apt/lists/partial", f"{archives}/partial"):
        (CACHE / folder).mkdir(parents=True, exist_ok=True)
    (CACHE / "apt/status").touch()
    options = {
        "APT::Architecture": "armhf",
        "APT::Architectures": "armhf",
        "APT::Install-Recommends": "false",
        "APT::Sandbox::User": "root",
        "Acquire::Languages": "none",
        "Dir::State": CACHE / "apt",
        "Dir::State::lists": CACHE / "apt/lists",
        "Dir::State::status": CACHE / "apt/status",
        "Dir::Cache": CACHE / "apt",
        "Dir::Cache::archives": CACHE / archives,
        "Debug::NoLocking": "true",
    }
    return run("apt-get", "-qq", *(f"-o{name}={value}" for name, value in options.items()), *arguments)


def resolve(packages: list[str]) -> list[str]:
    """Name the files of the packages and of all that they depend on."""
    lines = apt("install", "--print-uris", "-y", *packages, archives="apt/none").splitlines()  # none: name them all
    return [line.split()[1] for line in lines if line.startswith("'")]


def update() -> None:
    """Get the lists of packages; one that cannot be had is done without, if the packages are in the others."""
    try:
        apt("update")
    except FetchError as error:
        print(f"fetch.py: {error}", file=sys.stderr)


def download(packages: list[str]) -> list[Path]:
    """Download packages and what they depend on."""
    try:
        names = resolve(packages)
    except FetchError:  # no lists yet, or old ones
        update()
        names = resolve(packages)
    if any(not (CACHE / "archives" / name).exists() for name in names):
        try:
            apt("install", "--download-only", "-y", *packages)
        except FetchError:  # what the lists name has been replaced meanwhile
            update()
            names = resolve(packages)
            apt("install", "--download-only", "-y", *packages)
    return [CACHE / "archives" / name for name in names]


def make_skeleton() -> None:
    """Make the folders and links that are there before any package is."""
    for folder in FOLDERS:
        (ROOT / folder).mkdir(parents=True, exist_ok=True)
    for name in MERGED:
        if not (ROOT / name).is_symlink():
            (ROOT / name).symlink_to(f"usr/{name}")


def extract(archive: Path) -> None:
    """Unpack one package; /bin stays a link, which `dpkg-deb -x` would replace by the folder in the package."""
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", archive], stdout=subprocess.PIPE) as package:
        tar = ["tar", "-x", "--keep-directory-symlink", "--no-same-owner", "-C", str(ROOT)]
        result = subprocess.run(tar, stdin=package.stdout, capture_output=True, text=True, check=False)
    if result.returncode or package.returncode:
        raise FetchError(f"{archive} cannot be unpacked:\n{result.stderr}")


def unpack(archives: list[Path]) -> int:
    """Unpack the packages that are not there yet; give how many there were."""
    make_skeleton()
    done = CACHE / "unpacked"
    done.mkdir(exist_ok=True)
    new = [archive for archive in archives if not (done / archive.name).exists()]
    for archive in new:
        extract(archive)
        (done / archive.name).touch()
    for name, target in LINKS.items():
        link = ROOT / name
        if not link.is_symlink() and (link.parent / target).exists():
            link.symlink_to(target)
    for name, text in FILES.items():
        if not (ROOT / name).exists():
            (ROOT / name).write_text(text)
    return len(new)


def first_stage() -> None:
    """Unpack a Debian that is to be configured by its own programs (docs/debian.md), and get one package more."""
    download(["hello"])
    if FIRST_STAGE.exists():
        return
    beside = CACHE / "debian.new"
    shutil.rmtree(beside, ignore_errors=True)
    command = ["debootstrap", "--foreign", "--arch=armhf", "--variant=minbase", SUITE, str(beside), MIRROR]
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    run(*([] if os.geteuid() == 0 else ["fakeroot"]), *command)
    beside.rename(FIRST_STAGE)


def main() -> int:
    """Download and unpack."""
    parser = argparse.ArgumentParser(description="Unpack Debian's armhf programs into a sysroot.")
    parser.add_argument("--all", action="store_true", help="all that matrix.py runs")
    parser.add_argument("--debian", action="store_true", help="the first stage of a whole Debian")
    parser.add_argument("packages", nargs="*", metavar="PACKAGE", help="more packages")
    options = parser.parse_args()
    missing = [tool for tool in ("apt-get", "dpkg-deb", "tar") if shutil.which(tool) is None]
    if missing:
        print(f"fetch.py needs {' and '.join(missing)}: only a Debian can fetch Debian's programs", file=sys.stderr)
        return 1
    try:
        archives = download([*TESTED, *(MORE if options.all else ()), *options.packages])
        new = unpack(archives)
        if options.debian:
            first_stage()
    except (FetchError, FileNotFoundError) as error:
        print(f"fetch.py: {error}", file=sys.stderr)
        return 1
    print(f"{len(archives)} packages are in {ROOT}, {new} of them new")
    return 0


if __name__ == "__main__":
    sys.exit(main())
