"""The root of the file system and the root user: chroot, --fake-root, and execve after ids are given up."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from stinkarm import toolchain
from stinkarm.status import StinkarmError

HERE = Path(__file__).parent
NOBODY = 65534

# What a kernel says whose root is the directory that the program begins in (pivot_root).
CHROOT = """\
start: in /, root outer
chroot("/none") = -1 No such file or directory
chroot("/prog") = -1 Not a directory
chdir("/a") = 0 
chroot(".") = 0 
in a: in /, root A
access("/abs", F_OK) = 0 
access("/rel/c", F_OK) = 0 
access("rel/out", F_OK) = -1 No such file or directory
access("/../../b/c", F_OK) = 0 
child: in /, root A
access("/b/c", F_OK) = 0 
access("/a", F_OK) = -1 No such file or directory
chroot("b") = 0 
in a/b: in no directory, root B
access("abs", F_OK) = -1 No such file or directory
access("../a/mark", F_OK) = -1 No such file or directory
access("b/..", F_OK) = 0 
access("b/../b/c", F_OK) = -1 No such file or directory
access("b/c/../../c", F_OK) = 0 
fchdir(held) = 0 
held: in no directory, root B
access("a/b/c", F_OK) = 0 
access("../../a/b", F_OK) = 0 
open("new", O_CREAT | O_RDWR, 0600) > 0 = 1 
mkdir("newdir", 0700) = 0 
rmdir("newdir") = 0 
rename("new", "a/new") = 0 
unlink("a/new") = 0 
chdir("..") = 0 
chroot(".") = 0 
escaped: in /, root outer
access("/a/b", F_OK) = 0 
chroot("/a") = 0 
setuid(1234) = 0 
chroot("/") = -1 Operation not permitted
chdir("/") = 0 
end: in /, root A
"""  # noqa: W291 - no error


def build(name: str, folder: Path) -> Path:
    output = folder / name
    try:
        toolchain.build(str(HERE / f"{name}.c"), str(output))
    except StinkarmError as error:
        pytest.skip(f"no ARM compiler: {error}")
    return output


def run(*arguments: str | Path, **more: object) -> subprocess.CompletedProcess[str]:
    """Run stinkarm."""
    return subprocess.run(
        [sys.executable, "-m", "stinkarm", *map(str, arguments)],
        capture_output=True, text=True, check=False, timeout=120, **more,
    )  # fmt: skip


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root directory that has the program."""
    program = build("chroot", tmp_path)
    made = tmp_path / "root"
    (made / "a").mkdir(parents=True)
    shutil.copy(program, made / "prog")
    shutil.copy(program, made / "a" / "prog")
    return made


def lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines()]


def test_chroot(root: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root may call chroot")
    done = run("-C", "forward", "--root", root, "/prog")
    assert (lines(done.stdout), done.stderr, done.returncode) == (lines(CHROOT), "", 0)


def test_chroot_as_a_root_of_its_own(root: Path) -> None:
    done = run("-C", "forward", "--root", root, "--fake-root", "/prog")
    assert (lines(done.stdout), done.stderr, done.returncode) == (lines(CHROOT), "", 0)


def test_chroot_without_a_root(root: Path) -> None:
    """The outer root is the machine's, so the program makes and looks for its files there: it only begins."""
    source = root.parent / "c.c"
    source.write_text("""
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
int main(int argc, char **argv)
{
    printf("%d %d", chroot(argv[1]), access("/prog", F_OK));
    printf(" %d %d\\n", chroot("/a/.."), access("/a/prog", F_OK));
    return 0;
}
""")
    program = root.parent / "c"
    toolchain.build(str(source), str(program))
    assert run("-C", "forward", "--fake-root", program, root).stdout == "0 0 0 0\n"
    assert run("--fake-root", program, root).stdout.startswith("-1 ")


FAKE = """\
ids 0 0 0 0
chown("file", 105, 7) = 0 
chmod("file", 06755) = 0 
file: 106755 105:7
fchownat(AT_FDCWD, "file", 106, -1, 0) = 0 
chmod("file", 04755) = 0 
mkdir("dir", 0500) = 0 
open("dir/x", O_CREAT | O_WRONLY, 0) > 0 = 1 
mknod("null", S_IFCHR | 0666, makedev(1, 3)) = 0 
mknod("disk", S_IFBLK | 0660, makedev(8, 1)) = 0 
symlink("file", "link") = 0 
lchown("link", 3, 4) = 0 
mkfifo("fifo", 0600) = 0 
chown("fifo", 8, 9) = 0 
open("ro", O_RDWR) > 0 = 1 
access("ro", W_OK) = 0 
access("ro", X_OK) = -1 Permission denied
write(open("null", O_WRONLY), "x", 1) = 1 
open("disk", O_RDONLY) = -1 No such device or address
listxattr("file", list, sizeof list) = 0 
getxattr("file", "user.stinkarm.status", list, sizeof list) = -1 No data available
open("locked/file", O_RDWR) > 0 = 1 
prctl(PR_CAPBSET_READ, 18) = 1 
send_as(0) = 0 
send_as(105) = 0 
setgroups(2, (gid_t[]){5, 6}) = 0 
getgroups(0, NULL) = 2 
setresgid(65534, 65534, 65534) = 0 
seteuid(7) = 0 
open("mine", O_CREAT | O_RDWR, 0600) > 0 = 1 
chown("file", 0, 0) = -1 Operation not permitted
setuid(0) = 0 
setuid(105) = 0 
105 105 105
setuid(0) = -1 Operation not permitted
chroot("dir") = -1 Operation not permitted
mknod("no", S_IFCHR, makedev(1, 3)) = -1 Operation not permitted
send_as(0) = -1 Operation not permitted
"""  # noqa: W291 - no error
LATER = """\
file: 104755 106:7
dir: 40500 0:0
dir/x: 100000 0:0
null: 20644 0:0 device 1,3
disk: 60640 0:0 device 8,1
link: 120777 3:4
fifo: 10600 8:9
ro: 100444 0:0
mine: 100600 7:65534
"""


@pytest.mark.parametrize("mode", ["forward", "sandbox"])
def test_fake_root(mode: str, tmp_path: Path) -> None:
    program = build("fake_root", tmp_path)
    folder = tmp_path / "files"
    (folder / "locked").mkdir(parents=True)
    (folder / "locked" / "file").touch(mode=0o400)
    (folder / "locked").chmod(0o500)
    environment = os.environ | {"XDG_DATA_HOME": str(tmp_path / "data")}
    options = ["-C", "forward"] if mode == "forward" else [f"--allow-write={folder}"]
    wanted = FAKE
    if mode == "sandbox":  # where there is no chroot
        options += [f"--allow-read={tmp_path}"]
    done = run(*options, "--fake-root", program, cwd=folder, env=environment)
    assert (lines(done.stdout), done.returncode) == (lines(wanted + LATER), 0)
    assert {path.lstat().st_uid for path in folder.iterdir()} == {os.geteuid()}
    assert not (folder / "file").stat().st_mode & 0o6000, "no program of the host's user for everybody"
    later = run(*options, "--fake-root", program, "later", cwd=folder, env=environment)
    assert lines(later.stdout) == ["ids 0 0 0 0", *lines(LATER)]
    (folder / "file").rename(folder / "renamed")
    (folder / "fifo").rename(folder / "file")
    moved = run(*options, "--fake-root", program, "later", cwd=folder, env=environment)
    assert "file: 10600 8:9\n" in moved.stdout
    assert "fifo: No such file" in moved.stdout
    without = run(*options, program, "later", cwd=folder, env=environment)
    assert f"null: 100644 {os.geteuid()}:{os.getegid()}\n" in without.stdout


EXECUTES = """
#define _GNU_SOURCE
#include <stdio.h>
#include <unistd.h>
int main(int argc, char **argv)
{
    printf("%d\\n", getuid());
    fflush(stdout);
    if (argc == 1 && (setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534)))
        return 1;
    if (argc < 4) /* which may be where the user may not look */
        execl("/proc/self/exe", argv[0], "x", argc > 1 ? "x" : NULL, argc > 2 ? "x" : NULL, NULL);
    return argc;
}
"""


def test_a_program_is_executed_after_ids_are_given_up(tmp_path: Path) -> None:
    """Also where Python, stinkarm and the program are in a directory that the new user may not search."""
    if os.geteuid() != 0:
        pytest.skip("only root may become another user")
    source = tmp_path / "executes.c"
    source.write_text(EXECUTES)
    hidden = tmp_path / "hidden"
    hidden.mkdir(mode=0o700)
    program = hidden / "executes"
    try:
        toolchain.build(str(source), str(program))
    except StinkarmError as error:
        pytest.skip(f"no ARM compiler: {error}")
    program.chmod(0o755)
    folder = hidden / "packages"
    folder.mkdir()
    shutil.copytree(Path(toolchain.__file__).parent, folder / "stinkarm")
    environment = os.environ | {"PYTHONPATH": str(folder)}
    done = run("-C", "forward", program, env=environment, cwd="/")
    assert (done.stdout, done.stderr, done.returncode) == (f"0\n{NOBODY}\n{NOBODY}\n{NOBODY}\n", "", 4)


LINKS = """
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
static int error(int result) { return result ? errno : 0; }
int main(void)
{
    mkdir("/d", 0755);
    printf("%d %d", error(link("/", "/x")), error(link("/d", "/x")));
    printf(" %d %d\\n", error(link("/", "/d")), error(link("/", "/none/x")));
    return 0;
}
"""


def test_a_directory_gets_no_second_name(tmp_path: Path) -> None:
    """Linux says EPERM, where the second wall would say EXDEV of a granted directory itself."""
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "links.c").write_text(LINKS)
    try:
        toolchain.build(str(tmp_path / "links.c"), str(root / "prog"))
    except StinkarmError as error:
        pytest.skip(f"no ARM compiler: {error}")
    for options in (("-C", "forward"), (f"--allow-write={root}",)):
        done = run(*options, "--root", root, "/prog")
        assert (done.stdout, done.stderr) == ("1 1 17 2\n", ""), options
