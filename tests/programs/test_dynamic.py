"""Dynamically linked programs: the loader is found, mapped and told what it asks for.

The programs are built here with the cross compilers of Debian that are installed; those of the hard-float ABI need VFP.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from stinkarm.sandbox import sysroot

TRIPLETS = ("arm-linux-gnueabi", "arm-linux-gnueabihf")
LOADERS = {"arm-linux-gnueabi": "ld-linux.so.3", "arm-linux-gnueabihf": "ld-linux-armhf.so.3"}

HELLO = r"""
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
extern char __executable_start[];
extern int _start(void);
int main(int argc, char **argv) {
    char *copy = strdup(argc > 1 ? argv[1] : "nobody");
    printf("Hello, %s!\n", copy);
    free(copy);
    if (getauxval(AT_ENTRY) != ((unsigned long)_start)) return 10;
    if (getauxval(AT_PHDR) != (unsigned long)__executable_start + 52) return 11;
    if (!getauxval(AT_BASE) || getauxval(AT_BASE) % 4096) return 12;
    if (memcmp((void *)getauxval(AT_BASE), "\177ELF", 4)) return 13;
    return 7;
}
"""
LIBRARY = "int answer(void) { static int n = 41; return ++n; }\n"
USES_LIBRARY = "int answer(void);\nint main(void) { return answer(); }\n"
OPENS_LIBRARY = r"""
#include <dlfcn.h>
#include <stdio.h>
int main(int argc, char **argv) {
    void *library = dlopen(argv[1], RTLD_NOW);
    if (!library) { puts(dlerror()); return 1; }
    int (*answer)(void) = (int (*)(void))dlsym(library, "answer");
    return answer();
}
"""
CPP = r"""
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>
int main() {
    std::map<std::string, int> counts;
    for (auto word : {"a", "b", "a"}) counts[word]++;
    try { throw std::runtime_error("thrown"); }
    catch (const std::exception &error) { std::cout << error.what() << ' ' << counts["a"] << std::endl; }
    return 3;
}
"""


@pytest.fixture(params=TRIPLETS)
def triplet(request: pytest.FixtureRequest) -> str:
    """The name of an ABI whose compiler and libraries are here."""
    name = str(request.param)
    if shutil.which(f"{name}-gcc") is None:
        pytest.skip(f"{name}-gcc is not installed")
    if not Path(f"/usr/{name}/lib/{LOADERS[name]}").exists():
        pytest.skip(f"the libraries of {name} are not in /usr/{name}")
    if name.endswith("hf") and not has_vfp():
        pytest.skip("stinkarm has no VFP yet")
    return name


def has_vfp() -> bool:
    """Say whether hard-float programs can run."""
    from stinkarm.guest.hwcap import HWCAP

    return bool(HWCAP & 64)


def build(triplet: str, output: Path, source: str, *options: str, suffix: str = ".c") -> Path:
    """Compile a program."""
    file = output.with_suffix(suffix)
    file.write_text(source)
    compiler = f"{triplet}-{'g++' if suffix == '.cc' else 'gcc'}"
    if shutil.which(compiler) is None:
        pytest.skip(f"{compiler} is not installed")
    subprocess.run([compiler, "-o", output, file, *options], check=True)
    return output


def run(*arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run stinkarm."""
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_LD_PREFIX")}
    return subprocess.run(
        [sys.executable, "-m", "stinkarm", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={**environment, **variables},
    )


@pytest.mark.parametrize("kind", ["-pie", "-no-pie"])
def test_hello_needs_no_option(triplet: str, kind: str, tmp_path: Path) -> None:
    options = ("-fPIE", "-pie") if kind == "-pie" else ("-fno-pie", "-no-pie")
    done = run(build(triplet, tmp_path / "hello", HELLO, *options), "world")
    assert (done.stdout, done.stderr, done.returncode) == ("Hello, world!\n", "", 7)


def test_the_reference_engine_loads_it_too(triplet: str, tmp_path: Path) -> None:
    program = build(triplet, tmp_path / "small", "int main(void) { return 5; }\n", "-Wl,-z,now")
    done = run("--engine", "reference", program)
    assert (done.stderr, done.returncode) == ("", 5)


def test_a_library_beside_the_program(triplet: str, tmp_path: Path) -> None:
    build(triplet, tmp_path / "libanswer.so", LIBRARY, "-shared", "-fPIC")
    options = (f"-L{tmp_path}", "-lanswer", "-Wl,-rpath,$ORIGIN")
    program = build(triplet, tmp_path / "user", USES_LIBRARY, *options)
    refused = run(program)
    assert refused.returncode == 127
    assert "libanswer.so" in refused.stderr
    assert run(f"--allow-read={tmp_path}", program).returncode == 42
    assert run("-C", "forward", program).returncode == 42


def test_dlopen(triplet: str, tmp_path: Path) -> None:
    library = build(triplet, tmp_path / "libanswer.so", LIBRARY, "-shared", "-fPIC")
    program = build(triplet, tmp_path / "opener", OPENS_LIBRARY, "-ldl")
    assert run(f"--allow-read={library}", program, library).returncode == 42
    refused = run(program, library)
    assert refused.returncode == 1
    assert "Permission denied" in refused.stdout


def test_cpp_with_exceptions(triplet: str, tmp_path: Path) -> None:
    done = run(build(triplet, tmp_path / "cpp", CPP, suffix=".cc"))
    assert (done.stdout, done.stderr, done.returncode) == ("thrown 2\n", "", 3)


def sysroot_at(triplet: str, folder: Path) -> Path:
    """Make a root directory that holds the loader and the C library."""
    (folder / "lib").mkdir(parents=True)
    (folder / "etc").mkdir()
    (folder / "etc/secret").write_text("of the sysroot")
    for name in (LOADERS[triplet], "libc.so.6"):
        shutil.copy(f"/usr/{triplet}/lib/{name}", folder / "lib" / name)
    return folder


READS = r"""
#include <stdio.h>
int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        char line[100] = "";
        FILE *file = fopen(argv[i], "r");
        if (file) fgets(line, sizeof line, file);
        printf("%s: %s\n", argv[i], file ? line : "refused");
    }
}
"""


def test_a_root_above_the_program(triplet: str, tmp_path: Path) -> None:
    root = sysroot_at(triplet, tmp_path / "root")
    (root / "usr/bin").mkdir(parents=True)
    program = build(triplet, root / "usr/bin/reads", READS)
    (tmp_path / "outside").write_text("outside")
    (root / "usr/share").mkdir()
    (root / "usr/share/words").write_text("words")
    (root / "lib/to-secret").symlink_to("../etc/secret")
    (root / "lib/to-outside").symlink_to("../../outside")
    (root / "lib-out").symlink_to("/etc")
    # Nobody has named this root: of it, only what the libraries of a system need is for reading.
    names = ["/usr/share/words", root / "usr/share/words", "/lib/../usr/share/words", root / "lib/../usr/share/words"]
    refused = ["/etc/secret", root / "etc/secret", "/lib/to-secret", root / "lib/to-secret", "/lib/to-outside"]
    refused += [
        root / "lib/to-outside",
        "/lib-out/secret",
        root / "lib-out/secret",
        tmp_path / "outside",
        "/../outside",
    ]
    expected = "".join([*(f"{name}: words\n" for name in names), *(f"{name}: refused\n" for name in refused)])
    done = run("--log", "syscalls", "-D", tmp_path / "log", program, *names, *refused)
    assert done.stdout == expected
    log = (tmp_path / "log").read_text()
    assert f'denied openat("/etc/secret") - grant it with -L {root}\n' in log
    assert f'denied openat("{root}/etc/secret") - grant it with -L {root}\n' in log
    assert run("-L", root, program, "/etc/secret").stdout == "/etc/secret: of the sysroot\n"


def test_a_root_whose_lib_is_in_usr(triplet: str, tmp_path: Path) -> None:
    """`usr` has the loader as well there, but what is outside it must be found."""
    root = sysroot_at(triplet, tmp_path / "root")
    (root / "usr/bin").mkdir(parents=True)
    (root / "lib").rename(root / "usr/lib")
    (root / "lib").symlink_to("usr/lib")
    program = build(triplet, root / "usr/bin/reads", READS)
    (root / "usr/lib/words").write_text("words")
    names = ["/lib/words", root / "lib/words", root / "usr/lib/words"]
    assert run(program, *names).stdout == "".join(f"{name}: words\n" for name in names)


def test_the_directories_above_a_program(tmp_path: Path) -> None:
    assert sysroot._parents("/a/usr/bin/x") == ["/a/usr/bin", "/a", "/a/usr"]
    assert sysroot._parents("/usr/bin/x") == ["/usr/bin"]
    assert sysroot._parents("/usr/arm/bin/x") == ["/usr/arm/bin", "/usr/arm"]


def test_named_sysroots(triplet: str, tmp_path: Path) -> None:
    root = sysroot_at(triplet, tmp_path / "root")
    program = build(triplet, tmp_path / "reads", READS)
    expected = "/etc/secret: of the sysroot\n"
    assert run("-L", root, program, "/etc/secret").stdout == expected
    assert run(program, "/etc/secret", STINKARM_LD_PREFIX=str(root)).stdout == expected
    assert run(program, "/etc/secret", QEMU_LD_PREFIX=str(root)).stdout == expected
    assert run(program, "/etc/secret").stdout == "/etc/secret: refused\n"


def test_no_interpreter(triplet: str, tmp_path: Path) -> None:
    program = build(triplet, tmp_path / "hello", HELLO)
    done = run("-L", tmp_path, program)
    package = {"arm-linux-gnueabi": "libc6:armel, or libc6-armel-cross"}.get(
        triplet, "libc6:armhf, or libc6-armhf-cross"
    )
    assert done.returncode == 126
    assert done.stderr == (
        f"stinkarm: {program}: the program is dynamically linked and asks for /lib/{LOADERS[triplet]}, which is not "
        f"below any of {tmp_path}, /; install the Debian package {package}, or name the root directory of an ARM "
        "system that has it with -L (or build the program with -static)\n"
    )


def test_an_unknown_interpreter_gives_no_sysroot(triplet: str, tmp_path: Path) -> None:
    """A program must not choose what it may read by the name of its interpreter."""
    root = sysroot_at(triplet, tmp_path / "root")
    option = f"-Wl,--dynamic-linker=/root/lib/{LOADERS[triplet]}"
    program = build(triplet, root / "hello", HELLO, option)
    done = run(program)
    assert done.returncode == 126
    assert f"asks for /root/lib/{LOADERS[triplet]}" in done.stderr
    assert str(tmp_path) + "," not in done.stderr


def test_an_interpreter_that_is_none(triplet: str, tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "lib").mkdir(parents=True)
    (root / "lib" / LOADERS[triplet]).write_text("not ELF at all")
    program = build(triplet, tmp_path / "hello", HELLO)
    done = run("-L", root, program)
    assert done.returncode == 126
    assert f"the interpreter {root}/lib/{LOADERS[triplet]}: the magic is [6e, 6f, 74, 20]" in done.stderr


FILES = r"""
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#define TRY(call) do { errno = 0; call; printf("%s: %s\n", #call, strerror(errno)); } while (0)
int main(void) {
    char text[4096];
    puts(getcwd(text, sizeof text));
    TRY(open("/etc/secret", O_RDONLY));
    TRY(open("/../../../etc/secret", O_RDONLY));
    TRY(open("../../../etc/secret", O_RDONLY));
    TRY(open("/outside", O_RDONLY));
    TRY(open("/link-out", O_RDONLY));
    TRY(open("/link-absolute", O_RDONLY));
    TRY(open("/dev/null", O_RDWR));
    TRY(chdir("/etc"));
    puts(getcwd(text, sizeof text));
    TRY(open("secret", O_RDONLY));
    TRY(chdir("../.."));
    puts(getcwd(text, sizeof text));
    memset(text, 0, sizeof text);
    TRY(readlink("/proc/self/exe", text, sizeof text));
    puts(text);
    TRY(open("/new", O_WRONLY | O_CREAT, 0644));
    TRY(open("/link-new", O_WRONLY | O_CREAT, 0644));
    TRY(rename("/new", "/etc/newer"));
    TRY(mkdir("made", 0755));
    TRY(unlink("/etc/newer"));
    TRY(rmdir("/made/"));
    TRY(rmdir("/"));
}
"""
ROOTED = """/
open("/etc/secret", O_RDONLY): Success
open("/../../../etc/secret", O_RDONLY): Success
open("../../../etc/secret", O_RDONLY): Success
open("/outside", O_RDONLY): No such file or directory
open("/link-out", O_RDONLY): No such file or directory
open("/link-absolute", O_RDONLY): Success
open("/dev/null", O_RDWR): Success
chdir("/etc"): Success
/etc
open("secret", O_RDONLY): Success
chdir("../.."): Success
/
readlink("/proc/self/exe", text, sizeof text): Success
/bin/files
open("/new", O_WRONLY | O_CREAT, 0644): Success
open("/link-new", O_WRONLY | O_CREAT, 0644): Success
rename("/new", "/etc/newer"): Success
mkdir("made", 0755): Success
unlink("/etc/newer"): Success
rmdir("/made/"): Success
rmdir("/"): Device or resource busy
"""


@pytest.mark.parametrize("options", [["-C", "forward"], ["--allow-write"], []], ids=["forward", "writable", "sandbox"])
def test_a_root_of_its_own(triplet: str, options: list[str], tmp_path: Path) -> None:
    root = sysroot_at(triplet, tmp_path / "root")
    (root / "bin").mkdir()
    build(triplet, root / "bin/files", FILES)
    (tmp_path / "outside").write_text("outside")
    (root / "link-out").symlink_to("../outside")
    (root / "link-absolute").symlink_to("/etc/secret")
    (root / "link-new").symlink_to("/etc/by-link")
    done = run(*options, "--root", root, "/bin/files")
    expected = ROOTED
    if not options:
        lines = ROOTED.splitlines()
        lines[15:21] = [line.rpartition(": ")[0] + ": Permission denied" for line in lines[15:21]]
        expected = "\n".join(lines) + "\n"
    assert done.stdout.splitlines() == expected.splitlines()
    assert (root / "etc/by-link").exists() == bool(options)
    assert run("--root", root, "/no/such").returncode == 127
    assert "there is no such file below" in run("--root", root, "/outside").stderr
