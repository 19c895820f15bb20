"""Process, credentials, limits, scheduling, random numbers."""

import os
import resource
from struct import pack, unpack

import pytest

from stinkarm.linux import structs
from tests.linux.process import DATA, TEXT, UNMAPPED, Process, process

OTHER = 1  # a process that is not this one


def test_ids_are_the_hosts(guest: Process) -> None:
    assert guest.call("getpid") == guest.call("gettid") == guest.call("set_tid_address", DATA) == os.getpid()
    assert guest.call("getppid") == os.getppid()
    assert guest.call("getpgrp") == guest.call("getpgid", 0) == os.getpgrp()
    assert guest.call("getsid", 0) == os.getsid(0)
    assert guest.call("getuid32") == os.getuid()
    assert guest.call("getegid32") == os.getegid()


def test_other_processes_are_hidden_in_the_sandbox(guest: Process) -> None:
    for name in ("getpgid", "getsid", "sched_getscheduler"):
        assert guest.error(name, OTHER) == "EPERM"
    assert guest.error("sched_getaffinity", OTHER, 128, DATA) == "EPERM"
    assert guest.error("prlimit64", OTHER, 7, 0, DATA) == "EPERM"
    assert guest.error("getpriority", 0, OTHER) == "EPERM"


def test_wait_finds_no_child(guest: Process) -> None:
    assert guest.error("wait4", 0xFFFFFFFF, 0, 1, 0) == "ECHILD"
    assert guest.error("wait4", 0xFFFFFFFF, 0, 0x10, 0) == "EINVAL"
    assert guest.error("waitid", 0, 0, DATA, 4, 0) == "ECHILD"
    assert guest.error("waitid", 0, 0, DATA, 0, 0) == "EINVAL"
    assert guest.error("waitid", 9, 0, DATA, 4, 0) == "EINVAL"


def test_robust_list(guest: Process) -> None:
    assert guest.error("set_robust_list", DATA, 24) == "EINVAL"
    assert guest.call("set_robust_list", 0x1234, 12) == 0
    assert guest.call("get_robust_list", 0, DATA, DATA + 4) == 0
    assert (guest.word(DATA), guest.word(DATA + 4)) == (0x1234, 12)


def test_rseq_is_not_there(guest: Process) -> None:
    assert guest.error("rseq", DATA, 32, 0, 0) == "ENOSYS"


def test_membarrier_answers_the_query(guest: Process) -> None:
    assert guest.call("membarrier", 0, 0, 0) >= 0


def test_process_name(guest: Process) -> None:
    name = guest.put(b"a name of more than fifteen bytes\0")
    assert guest.call("prctl", 15, name, 0, 0, 0) == 0
    assert guest.call("prctl", 16, DATA + 0x100, 0, 0, 0) == 0
    assert guest.memory.read(DATA + 0x100, 16) == b"a name of more \0"
    assert guest.error("prctl", 15, UNMAPPED, 0, 0, 0) == "EFAULT"
    assert guest.error("prctl", 16, TEXT, 0, 0, 0) == "EFAULT"


def test_kept_attributes(guest: Process) -> None:
    assert guest.call("prctl", 3, 0, 0, 0, 0) == 1
    assert guest.call("prctl", 4, 0, 0, 0, 0) == 0
    assert guest.call("prctl", 3, 0, 0, 0, 0) == 0
    assert guest.error("prctl", 4, 7, 0, 0, 0) == "EINVAL"
    assert guest.call("prctl", 39, 0, 0, 0, 0) == 0
    assert guest.error("prctl", 38, 0, 0, 0, 0) == "EINVAL"
    assert guest.call("prctl", 38, 1, 0, 0, 0) == 0
    assert guest.call("prctl", 39, 0, 0, 0, 0) == 1
    assert guest.error("prctl", 39, 0, 1, 0, 0) == "EINVAL"
    assert guest.call("prctl", 30, 0, 0, 0, 0) == 50000
    assert guest.call("prctl", 1, 9, 0, 0, 0) == 0
    assert guest.call("prctl", 2, DATA, 0, 0, 0) == 0
    assert guest.word() == 9
    assert guest.error("prctl", 1, 65, 0, 0, 0) == "EINVAL"
    assert guest.error("prctl", 9999, 0, 0, 0, 0) == "EINVAL"


def test_personality(guest: Process) -> None:
    assert guest.call("personality", 0xFFFFFFFF) == 0
    assert guest.call("personality", 0x0040000) == 0
    assert guest.call("personality", 0xFFFFFFFF) == 0x0040000
    assert guest.error("personality", 6) == "EINVAL"


def test_uname_hides_the_host_in_the_sandbox(guest: Process) -> None:
    guest.kernel.release = "5.10.0-test"
    assert guest.call("uname", DATA) == 0
    names = [text.rstrip(b"\0").decode() for text in structs.Utsname.read(guest.memory, DATA)]
    assert names == ["Linux", "stinkarm", "5.10.0-test", "#1 SMP", "armv7l", "(none)"]
    assert guest.error("uname", TEXT) == "EFAULT"


def test_uname_names_the_host(forward: Process) -> None:
    forward.call("uname", DATA)
    names = structs.Utsname.read(forward.memory, DATA)
    assert names[1].rstrip(b"\0").decode() == os.uname().nodename


def test_sysinfo(guest: Process) -> None:
    assert guest.call("sysinfo", DATA) == 0
    uptime, _, _, _, total, free, *_, unit = structs.Sysinfo.read(guest.memory, DATA)
    pages = os.sysconf("SC_PHYS_PAGES")
    assert uptime > 0
    assert 0 < free < total
    assert total * unit == pages * 4096
    assert guest.error("sysinfo", TEXT) == "EFAULT"


def test_random_bytes(guest: Process) -> None:
    assert guest.call("getrandom", DATA, 256, 0) == 256
    assert len(set(guest.memory.read(DATA, 256))) > 64
    assert guest.error("getrandom", TEXT, 16, 0) == "EFAULT"
    assert guest.error("getrandom", 0, 16, 0) == "EFAULT"
    assert guest.error("getrandom", DATA, 16, 0x100) == "EINVAL"
    assert guest.error("getrandom", 0xFFFFFF00, 0x1000, 0) == "EFAULT"


# Credentials


def test_ids_can_be_set_to_what_they_are(guest: Process) -> None:
    uid = os.getuid()
    assert guest.call("setuid32", uid) == 0
    assert guest.call("setresuid32", 0xFFFFFFFF, uid, 0xFFFFFFFF) == 0
    assert guest.error("setuid32", uid + 1) == "EPERM"
    assert guest.error("setresgid32", 0xFFFFFFFF, os.getgid() + 1, 0xFFFFFFFF) == "EPERM"
    assert guest.error("setuid32", 0xFFFFFFFF) == "EINVAL"
    assert guest.error("setgroups32", 0, 0) == "EPERM"
    assert os.getuid() == uid


def test_resuid_is_written_in_both_widths(guest: Process) -> None:
    guest.put(b"\xff" * 24)
    assert guest.call("getresuid32", DATA, DATA + 4, DATA + 8) == 0
    assert unpack("<3I", guest.memory.read(DATA, 12)) == os.getresuid()
    guest.put(b"\xff" * 24)
    assert guest.call("getresgid", DATA, DATA + 2, DATA + 4) == 0
    assert unpack("<3H", guest.memory.read(DATA, 6)) == os.getresgid()
    assert guest.memory.read(DATA + 6, 2) == b"\xff\xff"
    assert guest.error("getresuid32", DATA, TEXT, DATA) == "EFAULT"


def test_groups(guest: Process) -> None:
    groups = os.getgroups()
    assert guest.call("getgroups32", 0, 0) == len(groups)
    assert guest.call("getgroups32", 64, DATA) == len(groups)
    assert list(unpack(f"<{len(groups)}I", guest.memory.read(DATA, 4 * len(groups)))) == groups
    assert guest.error("getgroups32", 0xFFFFFFFF, DATA) == "EINVAL"


def test_setfsuid_gives_the_old_one(guest: Process) -> None:
    assert guest.call("setfsuid32", 12345) == os.geteuid()
    assert guest.call("setfsuid32", 12345) == os.geteuid()


def test_capabilities(guest: Process) -> None:
    guest.put(pack("<Ii", 0x20080522, 0))
    assert guest.call("capget", DATA, DATA + 8) == 0
    assert guest.error("capget", DATA, TEXT) == "EFAULT"
    guest.put(pack("<Ii", 0x20080522, OTHER))
    assert guest.error("capget", DATA, DATA + 8) == "EPERM"
    guest.put(pack("<Ii", 1, 0))
    assert guest.error("capget", DATA, DATA + 8) == "EINVAL"
    assert guest.word() == 0x20080522
    assert guest.error("capset", DATA, DATA + 8) == "EPERM"


# Limits and usage


def test_limits_of_both_widths(guest: Process) -> None:
    soft, hard = (limit % (1 << 64) for limit in resource.getrlimit(resource.RLIMIT_NOFILE))
    assert guest.call("prlimit64", 0, 7, 0, DATA) == 0
    assert unpack("<QQ", guest.memory.read(DATA, 16)) == (soft, hard)
    assert guest.call("ugetrlimit", 7, DATA) == 0
    assert unpack("<II", guest.memory.read(DATA, 8)) == (min(soft, 0xFFFFFFFF), min(hard, 0xFFFFFFFF))
    assert guest.call("ugetrlimit", 9, DATA) == 0
    assert unpack("<II", guest.memory.read(DATA, 8)) == (0xFFFFFFFF, 0xFFFFFFFF)
    assert guest.error("ugetrlimit", 16, DATA) == "EINVAL"
    assert guest.error("ugetrlimit", 0xFFFFFFFF, DATA) == "EINVAL"
    assert guest.error("ugetrlimit", 7, TEXT) == "EFAULT"
    assert guest.error("prlimit64", 0, 7, UNMAPPED, 0) == "EFAULT"


def test_memory_limits_do_not_reach_the_host(forward: Process) -> None:
    before = resource.getrlimit(resource.RLIMIT_AS)
    assert forward.call("setrlimit", 9, forward.put(pack("<II", 1 << 20, 1 << 30))) == 0
    assert resource.getrlimit(resource.RLIMIT_AS) == before
    assert forward.call("prlimit64", 0, 9, 0, DATA) == 0
    assert unpack("<QQ", forward.memory.read(DATA, 16)) == (1 << 20, 1 << 30)


def test_limits_cannot_be_widened(guest: Process) -> None:
    assert guest.error("setrlimit", 3, guest.put(pack("<II", 2, 1))) == "EINVAL"
    assert guest.call("setrlimit", 3, guest.put(pack("<II", 1 << 20, 1 << 20))) == 0
    assert guest.error("setrlimit", 3, guest.put(pack("<II", 1 << 20, 1 << 21))) == "EPERM"


def test_limits_reach_the_host_in_forward_mode(forward: Process) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    try:
        lowered = pack("<QQ", 0, hard % (1 << 64))
        assert forward.call("prlimit64", 0, 4, forward.put(lowered), 0) == 0
        assert resource.getrlimit(resource.RLIMIT_CORE)[0] == 0
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, (soft, hard))


def test_usage(guest: Process) -> None:
    assert guest.call("getrusage", 0, DATA) == 0
    values = structs.Rusage.read(guest.memory, DATA)
    assert values[4] > 1000  # ru_maxrss in KiB
    assert guest.call("getrusage", 0xFFFFFFFF, DATA) == 0
    assert guest.error("getrusage", 7, DATA) == "EINVAL"
    assert guest.error("getrusage", 0, TEXT) == "EFAULT"


def test_priorities(guest: Process) -> None:
    nice = os.getpriority(os.PRIO_PROCESS, 0)
    assert guest.call("getpriority", 0, 0) == 20 - nice
    assert guest.error("getpriority", 9, 0) == "EINVAL"
    assert guest.call("setpriority", 0, 0, nice) == 0
    assert guest.error("setpriority", 0, 0, nice - 1) == "EPERM"
    assert guest.error("setpriority", 1, 0, nice) == "EPERM"
    assert guest.error("nice", 0xFFFFFFFF) == "EPERM"
    assert guest.call("nice", 0) == 0


def test_scheduling(guest: Process) -> None:
    assert guest.call("sched_yield") == 0
    assert guest.call("sched_getscheduler", 0) == os.sched_getscheduler(0)
    assert guest.call("sched_get_priority_max", 1) == 99
    assert guest.call("sched_get_priority_min", 1) == 1
    assert guest.call("sched_getparam", 0, DATA) == 0
    assert guest.word() == 0
    assert guest.error("sched_getparam", 0, TEXT) == "EFAULT"
    assert guest.error("sched_setscheduler", 0, 1, guest.put(pack("<i", 5))) == "EPERM"
    assert guest.call("sched_rr_get_interval_time64", 0, DATA) == 0
    assert guest.call("getcpu", DATA, DATA + 4, 0) == 0
    assert guest.word() < os.sysconf("SC_NPROCESSORS_CONF")
    assert guest.error("getcpu", TEXT, 0, 0) == "EFAULT"


def test_affinity(guest: Process) -> None:
    size = guest.call("sched_getaffinity", 0, 128, DATA)
    assert size % 4 == 0
    bits = int.from_bytes(guest.memory.read(DATA, size), "little")
    assert {cpu for cpu in range(8 * size) if bits >> cpu & 1} == os.sched_getaffinity(0)
    assert guest.error("sched_getaffinity", 0, 0, DATA) == "EINVAL"
    assert guest.error("sched_getaffinity", 0, 127, DATA) == "EINVAL"
    assert guest.error("sched_getaffinity", 0, 128, TEXT) == "EFAULT"
    assert guest.call("sched_setaffinity", 0, size, DATA) == 0
    assert guest.error("sched_setaffinity", 0, 4, guest.put(bytes(4))) == "EINVAL"


@pytest.mark.parametrize("mode", ["sandbox", "forward"])
def test_the_first_calls_of_a_c_library(mode: str) -> None:
    with process(mode) as guest:
        guest.memory.set_brk(0x100000)
        assert guest.call("brk", 0) == 0x100000
        assert guest.call("brk", 0x122000) == 0x122000
        assert guest.call("set_tls", 0x100400) == 0
        assert guest.call("set_tid_address", 0x100300) == os.getpid()
        assert guest.call("set_robust_list", 0x100308, 12) == 0
        assert guest.error("rseq", 0x100500, 32, 0, 0xE7F5DEF3) == "ENOSYS"
        assert guest.call("prlimit64", 0, 3, 0, 0x100600) == 0
        assert guest.call("getrandom", 0x100700, 4, 1) == 4
        assert guest.call("mprotect", 0x100000, 0x1000, 1) == 0
        guest.call("exit_group", 0)
        assert guest.kernel.exit_status == 0
