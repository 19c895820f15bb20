"""Grants are descriptors: what a guest does to names does not change what it was granted, in this run or the next."""

from __future__ import annotations

import errno
import marshal
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from stinkarm.engine import store
from stinkarm.guest.text import shell_word
from tests.sandbox.confined import NOBODY, PATH, SECRET, Folder, build_acts, make_folder

WAYS = [(None, True), (None, False), (NOBODY, True), (NOBODY, False)]
IDS = ["openat2", "walk", "nobody-openat2", "nobody-walk"]
REFUSED = f"read: {errno.EACCES}"
FORBIDDEN = errno.EACCES


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_acts(tmp_path_factory.mktemp("acts") / "acts")


@pytest.fixture(params=WAYS, ids=IDS)
def folder(request: pytest.FixtureRequest, built: Path) -> Iterator[Folder]:
    with make_folder(*request.param) as made:
        shutil.copy(built, made.path / "acts")
        yield made


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library and a program of the host that leave a trace in the working directory."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler for the host")
    place = tmp_path_factory.mktemp("host")
    (place / "evil.c").write_text(
        '#include <stdio.h>\n__attribute__((constructor)) static void run(void) { puts("evil"); fflush(stdout); }\n'
        "int main(void) { return 0; }\n"
    )
    subprocess.run([compiler, "-shared", "-fPIC", "-o", place / "evil.so", place / "evil.c"], check=True)
    subprocess.run([compiler, "-static", "-o", place / "evil", place / "evil.c"], check=True)
    return place


def error(step: str, number: int) -> str:
    return f"{step}: {number}"


# A granted name that the guest replaces by a link to where it may not go.


def test_a_name_that_is_granted_alone_never_becomes_a_link(folder: Folder) -> None:
    secret = folder.path / "secret" / "file"
    options = ["--allow-run", "--allow-write=w/out"]
    steps = ["symlink", secret, "w/out", "write", "w/out", "mine", "unlink", "w/out", "symlink", secret, "w/out"]
    lines = folder.run(*options, "./acts", *steps, "again", "read", "w/out", "read", secret)
    assert lines == [error("symlink", FORBIDDEN), "write: ok", "unlink: ok", error("symlink", FORBIDDEN),
                     f"read: {errno.ENOENT}", REFUSED]  # fmt: skip
    # A link, or a directory, that is moved there.
    options[1] += ",w/sub"
    (folder.path / "w" / "sub").mkdir()
    folder.own()
    steps = ["symlink", secret, "w/sub/link", "rename", "w/sub/link", "w/out", "link", "w/sub/link", "w/out",
             "write", "w/out", "mine", "exchange", "w/sub/link", "w/out", "exchange", "w/out", "w/sub/link",
             "mkdir", "w/sub/folder", "unlink", "w/out", "rename", "w/sub/folder", "w/out"]  # fmt: skip
    lines = folder.run(*options, "./acts", *steps)
    assert lines[1:3] == [error("rename", FORBIDDEN), error("link", FORBIDDEN)]
    assert lines[4:6] == [error("exchange", FORBIDDEN)] * 2
    assert lines[-1] == error("rename", FORBIDDEN)
    assert not os.path.lexists(folder.path / "w" / "out")
    # A file from elsewhere is one that the guest has made there, and goes on being so in its children.
    steps = ["write", "w/sub/new", "renamed", "rename", "w/sub/new", "w/out", "read", "w/out", "again", "read", "w/out"]
    steps += ["child", "unlink", "w/out", "write", "w/out", "anew", "parent", "read", "w/out"]
    lines = folder.run(*options, "./acts", *steps)
    assert [line for line in lines if line.startswith("read")] == ["read: renamed", "read: renamed", "read: anew"]


@pytest.mark.parametrize("spelling", ["w/out", "w/out/", "w/out/.", "./w//out", "w/sub/../out"])
@pytest.mark.parametrize("option", ["--allow-write", "--allow-read", "-L"])
def test_a_link_that_a_guest_left_is_not_followed(built: Path, option: str, spelling: str) -> None:
    with make_folder(None, True) as folder:
        shutil.copy(built, folder.path / "acts")
        (folder.path / "w" / "sub").mkdir()
        (folder.path / "w" / "out").symlink_to(folder.path / "secret")
        words = ["-L", spelling] if option == "-L" else [f"{option}={spelling}"]
        line = folder.refused("--allow-write=w", *words, "./acts", "read", "secret/file")
        assert "link" in line and str(folder.path / "secret") in line
        assert "may have made" in line or "may be written" in line


def test_the_same_command_line_twice(folder: Folder) -> None:
    """What the first run leaves does not widen what the second is granted."""
    secret, w = folder.path / "secret", folder.path / "w"
    for options in (["--allow-write=w/out"], ["--allow-write=w,w/out"], ["--allow-write=w", "--allow-read=w/out"],
                    ["--allow-write=w", "--allow-read=w/out/deep"], ["--allow-write=w/out/deep,w"]):  # fmt: skip
        shutil.rmtree(w)
        (w / "out" / "deep").mkdir(parents=True)
        folder.own()
        steps = ["rename", "w/out/deep", "w/old", "rmdir", "w/out", "symlink", secret, "w/out"]
        first = folder.run(
            *options, "--allow-run", "./acts", *steps, "again", "read", "w/out/file", "read", secret / "file"
        )
        assert SECRET not in "".join(first), options
        done = folder.start((*options, "./acts", "read", "w/out/file", "read", secret / "file"), {})
        assert SECRET not in done.stdout, options
        assert done.returncode == 0 or "link" in done.stderr, done


@pytest.mark.parametrize("kind", ["directory", "file"])
def test_a_grant_inside_a_write_grant(folder: Folder, kind: str) -> None:
    secret = folder.path / "secret"
    inner = folder.path / "w" / "inner"
    inner.mkdir()
    folder.own()
    name, target = ("w/inner", secret) if kind == "directory" else ("w/inner/file", secret / "file")
    for option in (["--allow-read", name], ["-L", "w/inner"], ["--allow-write", f"{name},w"]):
        words = option if option[0] == "-L" else ["=".join(option)]
        steps = ["rename", "w/inner", "w/old", "mkdir", "w/inner", "rmdir", "w/inner", "symlink", secret, "w/inner"]
        after = ["read", "w/inner/file", "read", "/file", "read", target, "change", "w/inner/file", "x"]
        lines = folder.run("--allow-write=w", *words, "--allow-run", "./acts", *steps, "again", *after, "again", *after)
        assert SECRET not in "".join(lines), option
        assert (secret / "file").read_text() == SECRET
        for left in (folder.path / "w").iterdir():
            left.unlink() if left.is_symlink() else shutil.rmtree(left)
        inner.mkdir()
        folder.own()


def test_a_child_does_not_change_what_its_parent_is_granted(folder: Folder) -> None:
    """Grants are opened before the first path is named."""
    secret = folder.path / "secret"
    (folder.path / "w" / "deep").mkdir()
    folder.own()
    for options in (["--allow-write=w/out"], ["--allow-write=w", "--allow-read=w/deep/x"], ["--allow-write=w/deep,w"]):
        steps = ["rename", "w/deep", "w/old", "symlink", secret, "w/deep", "symlink", secret, "w/out"]
        after = ["read", "w/deep/file", "read", "w/out/file", "read", "w/out", "read", secret / "file"]
        lines = folder.run(*options, "--allow-run", "./acts", "child", *steps, "parent", *after, "again", *after)
        assert SECRET not in "".join(lines), options


def test_what_lies_above_a_grant_may_be_moved(built: Path) -> None:
    with make_folder(None, True) as folder:
        shutil.copy(built, folder.path / "acts")
        above = folder.path / "above"
        (above / "granted").mkdir(parents=True)
        (above / "granted" / "file").write_text("granted")
        command = [sys.executable, "-m", "stinkarm", "--allow-run", f"--allow-read={above}/granted", "./acts",
                   "wait", "1500", "again", "read", above / "granted" / "file"]  # fmt: skip
        with subprocess.Popen(command, cwd=folder.path, stdout=subprocess.PIPE, text=True) as process:
            deadline = 200
            while deadline and not any("granted" in text for text in held_by(process.pid)):
                deadline -= 1
                subprocess.run(["sleep", "0.05"], check=True)
            above.rename(folder.path / "moved")
            above.mkdir()
            (above / "granted").symlink_to(folder.path / "secret")
            out, _ = process.communicate(timeout=60)
        assert out == "read: granted\n"


def held_by(pid: int) -> list[str]:
    names = []
    for name in Path(f"/proc/{pid}/fd").iterdir():
        try:
            names.append(os.readlink(name))
        except OSError:  # closed meanwhile
            continue
    return names


def test_links_in_the_middle_of_a_name(folder: Folder) -> None:
    (folder.path / "real" / "sub").mkdir(parents=True)
    (folder.path / "real" / "sub" / "file").write_text("granted")
    (folder.path / "alias").symlink_to("real")
    (folder.path / "w" / "inside").symlink_to("own")
    (folder.path / "w" / "own").mkdir()
    (folder.path / "w" / "own" / "file").write_text("own")
    folder.own()
    for option in ("--allow-read=alias/sub", "--allow-write=alias/sub", "--allow-read=alias"):
        assert folder.run(option, "./acts", "read", "alias/sub/file", "read", "real/sub/file") == ["read: granted"] * 2
    # A link that stays in what may be written gives nothing more.
    assert folder.run("--allow-write=w", "--allow-read=w/inside", "./acts", "read", "w/inside/file") == ["read: own"]
    assert "--allow-write=alias" in folder.refused("--allow-write=alias", "./acts")


def test_a_file_grant_is_for_that_file(folder: Folder) -> None:
    """Unlinked and made anew it is, as linkers do; a file that somebody else puts there it is not."""
    (folder.path / "given").write_text("given")
    (folder.path / "other").write_text("other")
    folder.own()
    steps = ["read", "given", "unlink", "given", "write", "given", "new", "read", "given", "again", "read", "given"]
    lines = folder.run("--allow-run", "--allow-write=given", "./acts", *steps)
    assert lines == ["read: given", "unlink: ok", "write: ok", "read: new", "read: new"]
    command = ["./acts", "wait", "3000", "read", "given"]
    with subprocess.Popen(
        [sys.executable, "-m", "stinkarm", "--allow-read=given", *command],
        cwd=folder.path,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        while not any(text.endswith("/given") for text in held_by(process.pid)):
            subprocess.run(["sleep", "0.05"], check=True)
        (folder.path / "other").replace(folder.path / "given")
        assert process.communicate(timeout=60)[0] == f"{REFUSED}\n"


# Programs of the host


def host_true() -> str:
    found = shutil.which("true")
    if found is None:
        pytest.skip("the host has no true")
    return found


def test_a_name_is_looked_up_once_along_path(folder: Folder, library: Path) -> None:
    true = host_true()
    shutil.copy(library / "evil", folder.path / "evil")
    folder.own()
    options = ["--allow-run=true,cat,./acts", "--allow-write=w", "--allow-read=evil"]
    steps = [
        "run",
        true,
        "true",
        "chdir",
        "w",
        "write",
        "true",
        "@../evil",
        "run",
        "./true",
        "true",
        "run",
        "true",
        "true",
    ]
    again = ["again", "run", "./true", "true", "run", true, "true", "run", true, "cat", "run", true, "sh"]
    lines = folder.run(*options, "./acts", *steps, *again, PATH=f".:w:{folder.path / 'w'}:{os.environ['PATH']}")
    forbidden = f"run: {100 + FORBIDDEN}"
    assert lines == ["run: 0", "chdir: ok", "write: ok", *[forbidden] * 3, "run: 0", *[forbidden] * 2]


def test_programs_of_the_host_are_not_preloaded(folder: Folder, library: Path) -> None:
    true = host_true()
    shutil.copy(library / "evil.so", folder.path / "evil.so")
    folder.own()
    steps = ["preload", "evil.so", "set", "LD_AUDIT=evil.so", "set", "LD_LIBRARY_PATH=.", "run", true, "true"]
    lines = folder.run(
        f"--allow-run={true},./acts", "--allow-read=evil.so", "./acts", *steps, "again", "run", true, "true"
    )
    assert lines == ["preload: ok", "set: ok", "set: ok", "run: 0", "run: 0"]


def test_the_environment_of_programs_of_the_host(folder: Folder) -> None:
    shell = shutil.which("sh", path=PATH)
    assert shell is not None
    (folder.path / "argument").write_text('echo "$PATH|$HOME|$OTHER|$WANTED|$TOLD|$SECRET|$LC_ALL"\n')
    folder.own()
    changes = ["set", "PATH=/guest", "set", "HOME=/guest", "set", "OTHER=/guest", "set", "WANTED=1"]
    options = [
        f"--allow-run={shell},./acts",
        "--run-env=WANTED,ABSENT",
        "--allow-env=TOLD",
        "--allow-write=w",
        "--allow-read=argument",
    ]
    variables = {"TOLD": "told", "SECRET": "x", "PATH": f"w:.:{folder.path}/w:{PATH}"}
    for more in ([], ["again"]):
        lines = folder.run(*options, "./acts", *changes, *more, "chdir", "w", "run", shell, "../argument", **variables)
        assert lines[-1] == f"run: {100 + FORBIDDEN}"  # not under that name
        lines = folder.run(*options, "./acts", *changes, *more, "run", shell, "sh", **variables)
        assert lines[4].split("|") == [f"{folder.path}/.:{PATH}", str(folder.home), "", "1", "told", "", "C.UTF-8"]


def test_a_host_program_that_the_guest_may_write_is_refused(folder: Folder, library: Path) -> None:
    shutil.copy(library / "evil", folder.path / "w" / "tool")
    shutil.copy(library / "evil", folder.path / "tool")
    folder.own()
    for options in (["--allow-run=w/tool", "--allow-write=w"], ["--allow-run=./tool", "--allow-write"],
                    ["--allow-run=w/tool", "--allow-write=w/tool"]):  # fmt: skip
        line = folder.refused(*options, "./acts")
        assert "program of the host" in line or "may be written" in line
    # Another name of the same file, which somebody has made.
    os.link(folder.path / "tool", folder.path / "w" / "alias")
    steps = ["change", "w/alias", "x", "truncate", "w/alias", "link", "w/alias", "w/more", "unlink", "w/alias"]
    lines = folder.run("--allow-run=./tool", "--allow-write=w", "./acts", *steps, "run", "./tool", "tool")
    assert lines[:3] == [error("change", FORBIDDEN), error("truncate", FORBIDDEN), error("link", FORBIDDEN)]
    assert lines[-2:] == ["evil", "run: 0"] or lines[-1] == "run: 0"


def test_scripts_need_their_interpreter(folder: Folder) -> None:
    shell = shutil.which("sh")
    assert shell is not None
    (folder.path / "script").write_text(f"#!{shell}\necho ran\n")
    (folder.path / "script").chmod(0o755)
    folder.own()
    lines = folder.run("--allow-run=./script", "./acts", "run", "./script", "script")
    assert lines == [f"run: {100 + FORBIDDEN}"]
    lines = folder.run(f"--allow-run=./script,{shell}", "./acts", "run", "./script", "script")
    assert lines == ["ran", "run: 0"]


# What stinkarm itself runs


def test_a_relative_cache_is_not_the_guests(folder: Folder, built: Path) -> None:
    """The start archive is looked for below XDG_CACHE_HOME, which must be absolute."""
    code = compile("print('evil', flush=True)\ndef boot(*a, **k): pass\n", "x", "exec")
    data = marshal.dumps((code, ()))
    (folder.path / "payload").write_bytes(len(data).to_bytes(8, "little") + data)
    folder.own()
    launcher = Path(__file__).parents[2] / "launcher" / "stinkarm"
    packages = (
        folder.path / "installed" / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"
    )
    import stinkarm

    shutil.copytree(Path(stinkarm.__file__).parent, packages / "stinkarm", ignore=shutil.ignore_patterns("*.pyc"))
    (folder.path / "installed" / "bin").mkdir()
    command = folder.path / "installed" / "bin" / "stinkarm"
    shutil.copy(launcher, command)
    name = f"start-{sys.hexversion:x}{str(command).replace('/', '%')}"
    steps = [
        "chdir",
        "w",
        "mkdir",
        "cache",
        "mkdir",
        "cache/stinkarm",
        "write",
        f"cache/stinkarm/{name}",
        "@../payload",
    ]
    for variables in ({"XDG_CACHE_HOME": "cache"}, {"XDG_CACHE_HOME": "../w/cache"}):
        done = subprocess.run(
            [*folder.python, "-IS", command, "--allow-run", "--allow-write=w", "--allow-read=payload", "./acts",
             *steps, "again", "read", "../secret/file"],
            cwd=folder.path, env={**folder.environment, **variables}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.stdout.splitlines() == ["chdir: ok", "mkdir: ok", "mkdir: ok", "write: ok", REFUSED], done
        shutil.rmtree(folder.path / "w" / "cache")


@pytest.mark.parametrize("variables", [{"XDG_CACHE_HOME": "cache"}, {"XDG_CACHE_HOME": "", "HOME": "."}])
def test_a_cache_directory_is_absolute(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert os.path.isabs(store.cache_directory())


def test_the_cache_is_not_written_through_a_grant(folder: Folder) -> None:
    """Neither what is there, nor the directories on the way to it, nor those that are not there yet."""
    cache = folder.home / ".cache" / "stinkarm"
    kept = next(cache.glob("interpreter-*"))
    before = kept.read_bytes()
    for write in (folder.home, folder.path, cache, cache.parent, folder.home / ".cache" / "." / "stinkarm"):
        steps = ["write", cache / "new", "x", "change", kept, "x", "truncate", kept, "unlink", kept,
                 "rename", kept, cache / "other", "rename", cache, cache.parent / "other",
                 "rename", cache.parent, folder.home / "other", "exchange", folder.home / ".cache", folder.path / "w",
                 "mkdir", cache / "code", "symlink", "/", cache / "link", "link", kept, folder.path / "w" / "alias",
                 "rmdir", cache]  # fmt: skip
        inside = ["change", kept.name, "x", "write", "new", "x", "unlink", kept.name]
        lines = folder.run(
            f"--allow-write={write},w", "--allow-run", "./acts", *steps, "again", *steps, "chdir", cache, *inside
        )
        assert not [line for line in lines if line.endswith("ok") and line != "chdir: ok"], (write, lines)
        assert kept.read_bytes() == before
    fresh = folder.path / "fresh"
    fresh.mkdir()
    folder.own()
    steps = ["mkdir", fresh / ".cache", "symlink", folder.path / "w", fresh / ".cache", "write", fresh / "mine", "x"]
    lines = folder.run("--engine=reference", "--allow-write=fresh", "./acts", *steps, HOME=str(fresh))
    assert lines[-1] == "write: ok" and lines[0] != "mkdir: ok" and lines[1] != "symlink: ok"


def test_modules_of_the_working_directory_are_not_stinkarms(folder: Folder) -> None:
    """`python -m` looks for modules in the working directory first, which the guest may write here."""
    (folder.path / "evil.py").write_text("import os\nos.write(1, b'evil\\n')\n")
    folder.own()
    lines = []
    for module in ("_sitebuiltins", "fcntl", "traceback", "difflib", "resource", "signal", "stinkarm"):
        lines += ["write", f"{module}.py", "@evil.py"]
    found = folder.run("--allow-write=.", "--allow-run", "./acts", *lines, "overwrite", "1", "again", "overwrite", "1")
    assert "evil" not in found and found.count("write: ok") == 7


# Descriptors


@pytest.mark.parametrize("copies", [5, 955, 1500])
def test_a_new_program_gets_no_descriptor_of_the_emulators(folder: Folder, copies: int) -> None:
    assert folder.run("--allow-run", "./acts", "copies", str(copies), "again", "count") == ["descriptors: 0"]
    lines = folder.run(
        "--allow-run", "--allow-write=w", "./acts", "copies", str(copies), "again", "count", "again", "count"
    )
    assert lines == ["descriptors: 0"] * 2


@pytest.mark.parametrize("mode", [os.O_WRONLY, os.O_RDWR])
def test_what_is_given_for_appending_is_not_overwritten(folder: Folder, mode: int) -> None:
    log = folder.path / "log"
    log.write_text("important\n" * 500)
    fd = os.open(log, mode | os.O_APPEND)
    try:
        command = [
            sys.executable,
            "-m",
            "stinkarm",
            "--allow-run",
            "./acts",
            "overwrite",
            "2",
            "again",
            "overwrite",
            "2",
        ]
        done = subprocess.run(command, cwd=folder.path, stdout=subprocess.PIPE, stderr=fd, text=True, check=False)
    finally:
        os.close(fd)
    assert done.stdout.splitlines() == [error("overwrite", errno.EOPNOTSUPP)] * 2 or all(
        line != "overwrite: ok" for line in done.stdout.splitlines()
    )
    assert log.read_text().startswith("important\n" * 500)


def test_grants_are_the_same_after_many_programs(folder: Folder) -> None:
    (folder.path / "given").write_text("given")
    folder.own()
    steps = ["chdir", "w", *["again"] * 12, "read", "../given", "write", "here", "x", "write", "../out", "y"]
    options = ["--allow-run", "--allow-read=given", "--allow-write=w,out"]
    lines = folder.run(*options, "./acts", *steps, "read", "../secret/file")
    assert lines == ["chdir: ok", "read: given", "write: ok", "write: ok", REFUSED]
    assert stat.S_ISREG((folder.path / "out").stat().st_mode)


# What denials advise


@pytest.mark.parametrize(
    "name",
    [
        "$(touch pasted)",
        "`touch pasted`",
        "a'$(touch pasted)'",
        "\x1b'$(touch pasted)'",
        "a;touch pasted",
        "\n touch pasted\n",
    ],
)
def test_advice_can_be_pasted(folder: Folder, name: str) -> None:
    folder.run("--log", "syscalls", "./acts", "read", name)
    (advice,) = [line.partition("grant it with ")[2] for line in folder.log.splitlines() if "grant it with" in line]
    assert not any(ord(character) < 32 or ord(character) == 127 for character in advice)
    for shell in filter(None, map(shutil.which, ("sh", "bash", "dash"))):
        done = subprocess.run(
            [shell, "-c", f"printf %s {advice}"], cwd=folder.path, capture_output=True, text=True, check=True
        )
        assert done.stderr == ""
        if "\x1b" not in name and "\n" not in name:
            assert done.stdout == f"--allow-read={folder.path}/{name}"
    assert not (folder.path / "pasted").exists()


def test_words_of_a_shell() -> None:
    assert shell_word("/usr/lib/x-1_2.so") == "/usr/lib/x-1_2.so"
    assert shell_word("") == "''"
    assert shell_word("a b") == "'a b'"
    assert shell_word("it's") == "'it'\\''s'"
    assert shell_word("a\x9b") == "$'a\\xc2\\x9b'"
