"""Processes that share memory with the one that made them, and what LeakSanitizer does with one."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from stinkarm import toolchain
from stinkarm.status import StinkarmError

HERE = Path(__file__).parent
SYSROOT = Path("/usr/arm-linux-gnueabihf")
COMPILER = shutil.which("arm-linux-gnueabihf-gcc")


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run stinkarm."""
    return subprocess.run(
        [sys.executable, "-m", "stinkarm", *map(str, arguments)],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


@pytest.mark.parametrize("mode", ["forward", "sandbox"])
@pytest.mark.parametrize("engine", ["jit", "interpreter"])
def test_the_program_checks_itself(mode: str, engine: str, tmp_path: Path) -> None:
    program = tmp_path / "sharing"
    try:
        toolchain.build(str(HERE / "sharing.c"), str(program))
    except StinkarmError as error:
        pytest.skip(f"no ARM compiler: {error}")
    done = run("-C", mode, "--engine", engine, program)
    assert (done.stdout, done.stderr, done.returncode) == ("ok\n", "", 0)


LEAKS = r"""
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int __lsan_do_recoverable_leak_check(void);

static volatile int over;
static int ends[2];

static void *compute(void *argument)
{
    char *held = malloc(64); /* known by a register alone */

    while (!over)
        asm volatile("" : : "r"(held));
    free(held);
    return argument;
}

static void *wait_for_input(void *argument)
{
    char *held = malloc(65);

    if (read(ends[0], held, 1) != 1)
        abort();
    free(held);
    return argument;
}

int main(int argc, char **argv)
{
    pthread_t threads[4];
    int i, found = 0;

    (void)argv;
    if (pipe(ends))
        return 1;
    for (i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, i % 2 ? compute : wait_for_input, NULL);
    usleep(50000);
    for (i = 0; i < 3; i++)
        found += __lsan_do_recoverable_leak_check();
    printf("%d\n", found);
    fflush(stdout);
    over = 1;
    if (write(ends[1], "xx", 2) != 2)
        return 1;
    for (i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    if (argc > 1) {
        char *volatile lost = malloc(100);
        lost = NULL;
        puts(lost ? "" : "lost");
        fflush(stdout);
    }
    return 0;
}
"""


@pytest.mark.parametrize("mode", ["forward", "sandbox"])
def test_leak_sanitizer(mode: str, tmp_path: Path) -> None:
    if COMPILER is None:
        pytest.skip("no arm-linux-gnueabihf-gcc")
    source, program = tmp_path / "leaks.c", tmp_path / "leaks"
    source.write_text(LEAKS)
    built = subprocess.run(
        [COMPILER, "-g", "-O1", "-w", "-fsanitize=address", "-pthread", "-o", program, source],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if built.returncode:
        pytest.skip(f"no libasan for ARM: {built.stderr.strip()}")
    clean = run("-C", mode, "-L", SYSROOT, program)
    assert (clean.stdout, clean.stderr, clean.returncode) == ("0\n", "", 0)
    leaking = run("-C", mode, "-L", SYSROOT, program, "leak")
    assert (leaking.stdout, leaking.returncode) == ("0\nlost\n", 1)
    assert "Direct leak of 100 byte(s) in 1 object(s)" in leaking.stderr
    assert "SUMMARY: AddressSanitizer: 100 byte(s) leaked in 1 allocation(s)." in leaking.stderr
