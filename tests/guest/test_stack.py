"""The initial stack, read back as a C library reads it, and the kuser helper page."""

import shutil
import struct
import subprocess

import pytest

from stinkarm.guest import hwcap, image, kuser, stack
from stinkarm.guest.elf import ElfError, parse
from stinkarm.guest.memory import TASK_SIZE, GuestFault, Memory

from .elf_file import EXIT_161, PT_GNU_STACK, R, W, X, elf_file, segment


def loaded(memory: Memory, stack_flags: int = R | W) -> image.Image:
    data = elf_file([segment(EXIT_161), segment(p_type=PT_GNU_STACK, p_flags=stack_flags)])
    return image.load(memory, parse(data), data)


@pytest.fixture
def memory():
    with Memory() as new:
        yield new


class Start:
    """What a program finds at sp."""

    def __init__(self, memory: Memory, sp: int) -> None:
        self.memory, self.address = memory, sp
        self.argc = self.word()
        self.argv = self.strings()
        self.envp = self.strings()
        self.auxv: dict[int, int] = {}
        while (key := self.word()) != stack.AT_NULL:
            assert key not in self.auxv
            self.auxv[key] = self.word()
        assert self.word() == 0

    def word(self) -> int:
        self.address += 4
        return self.memory.read_u32(self.address - 4)

    def strings(self) -> list[bytes]:
        found = []
        while pointer := self.word():
            found.append(self.memory.read_cstring(pointer))
        return found


def test_everything_is_where_a_c_library_looks(memory) -> None:
    program = loaded(memory)
    sp = stack.build(
        memory,
        program,
        [b"prog", b"", b"two words"],
        [b"A=1", b"HOME=/root"],
        execfn=b"/bin/prog",
        uid=1,
        euid=2,
        gid=3,
        egid=4,
        random=bytes(range(16)),
    )
    start = Start(memory, sp)
    assert sp % 16 == 0
    assert start.argc == 3
    assert start.argv == [b"prog", b"", b"two words"]
    assert start.envp == [b"A=1", b"HOME=/root"]
    strings = {key: start.auxv.pop(key) for key in (stack.AT_EXECFN, stack.AT_PLATFORM, stack.AT_RANDOM)}
    assert memory.read_cstring(strings[stack.AT_EXECFN]) == b"/bin/prog"
    assert memory.read_cstring(strings[stack.AT_PLATFORM]) == b"v7l"
    assert memory.read(strings[stack.AT_RANDOM], 16) == bytes(range(16))
    assert start.auxv == {
        stack.AT_HWCAP: hwcap.HWCAP,
        stack.AT_PAGESZ: 4096,
        stack.AT_CLKTCK: 100,
        stack.AT_PHDR: 0,
        stack.AT_PHENT: 32,
        stack.AT_PHNUM: 2,
        stack.AT_BASE: 0,
        stack.AT_FLAGS: 0,
        stack.AT_ENTRY: 0x8000,
        stack.AT_UID: 1,
        stack.AT_EUID: 2,
        stack.AT_GID: 3,
        stack.AT_EGID: 4,
        stack.AT_SECURE: 0,
        stack.AT_HWCAP2: hwcap.HWCAP2,
    }
    assert memory.read(TASK_SIZE - 14, 14) == b"/bin/prog\0" + bytes(4)
    # The strings lie in order: prctl(PR_SET_MM) users and setproctitle rely on it.
    text = b"prog\0\0two words\0A=1\0HOME=/root\0/bin/prog\0\0\0\0\0"
    assert memory.read(TASK_SIZE - len(text), len(text)) == text


@pytest.mark.parametrize("count", range(5))
def test_sp_is_aligned_for_any_number_of_strings(memory, count: int) -> None:
    sp = stack.build(memory, loaded(memory), [b"x" * number for number in range(count)], [b"E="])
    assert sp % 16 == 0
    assert Start(memory, sp).argc == count


def test_random_bytes_differ(memory) -> None:
    first = Start(memory, stack.build(memory, loaded(memory), [], []))
    with Memory() as other:
        second = Start(other, stack.build(other, loaded(other), [], []))
        key = stack.AT_RANDOM
        assert memory.read(first.auxv[key], 16) != other.read(second.auxv[key], 16)


def test_the_stack_has_the_size_asked_for_and_a_guard_below(memory) -> None:
    sp = stack.build(memory, loaded(memory), [b"a"], [], stack_size=1 << 20)
    low = TASK_SIZE - (1 << 20)
    mapping = memory.find(sp)
    assert mapping is not None
    assert (mapping.start, mapping.end, mapping.permissions, mapping.name) == (low, TASK_SIZE, "rw-p", "[stack]")
    memory.write(low, b"lowest")
    with pytest.raises(GuestFault):
        memory.read(low - 1, 1)
    # mmap keeps a megabyte below it free, with a hint too.
    assert memory.map(0, 4096, 1, 0x22) == low - 0x100000 - 4096
    assert memory.map(low - 4096, 4096, 1, 0x22) == low - 0x100000 - 8192


@pytest.mark.parametrize(("flags", "permissions"), [(R | W, "rw-p"), (R | W | X, "rwxp")])
def test_the_stack_is_executable_only_when_asked_for(memory, flags: int, permissions: str) -> None:
    sp = stack.build(memory, loaded(memory, flags), [b"a"], [])
    mapping = memory.find(sp)
    assert mapping is not None
    assert mapping.permissions == permissions


def test_an_executable_stack_may_be_asked_for_later(memory) -> None:
    """What glibc does when it loads a library with an executable stack."""
    sp = stack.build(memory, loaded(memory), [b"a"], [])
    memory.protect(sp & -4096, 4096, 7 | 0x01000000)  # PROT_GROWSDOWN
    mapping = memory.find(TASK_SIZE - (8 << 20))
    assert mapping is not None
    assert mapping.permissions == "rwxp"


def test_arguments_that_do_not_fit_are_refused(memory) -> None:
    with pytest.raises(ElfError) as caught:
        stack.build(memory, loaded(memory), [b"x" * 300000], [], stack_size=1 << 20, execfn=b"p")
    assert str(caught.value) == (
        "the arguments and the environment take 300007 bytes, too many for a stack of 1048576 bytes (E2BIG); "
        "give it a larger stack with -s/--stack-size, or pass less with -n/--no-env"
    )
    assert caught.value.status == 126


def test_many_small_arguments_on_the_smallest_stack(memory) -> None:
    for count in (1000, 1500, 2000):
        with Memory() as other:
            try:
                sp = stack.build(other, loaded(other), [b""] * count, [], stack_size=stack.MINIMUM_SIZE)
            except ElfError as error:
                assert "E2BIG" in str(error)
                assert count > 1500
            else:
                assert Start(other, sp).argc == count


def test_a_string_with_a_zero_byte_is_refused(memory) -> None:
    with pytest.raises(ElfError, match="contains a zero byte"):
        stack.build(memory, loaded(memory), [b"a"], [b"A=\0"])


@pytest.mark.parametrize("size", [0, -1, 4096, (1 << 30) + 1, 1 << 64])
def test_stack_sizes_outside_the_limits_are_refused(memory, size: int) -> None:
    with pytest.raises(ElfError) as caught:
        stack.build(memory, loaded(memory), [], [], stack_size=size)
    assert str(caught.value) == (
        f"a stack of {size} bytes was asked for; it may have 16 KiB to 1 GiB (-s/--stack-size)"
    )


def test_a_program_under_the_stack_is_refused(memory) -> None:
    data = elf_file([segment(EXIT_161, p_vaddr=0xBEFF0000)], e_entry=0xBEFF0000)
    program = image.load(memory, parse(data), data)
    with pytest.raises(ElfError) as caught:
        stack.build(memory, program, [], [])
    assert str(caught.value) == (
        "the program's segments end at 0xbeff000c, above the bottom of the stack at 0xbe800000; "
        "give it a smaller stack with -s/--stack-size"
    )


# The kuser helper page


def test_the_kuser_page_is_mapped_and_out_of_reach(memory) -> None:
    stack.build(memory, loaded(memory), [], [])
    assert memory.read_u32(kuser.HELPER_VERSION) == 5
    mapping = memory.find(kuser.PAGE_ADDRESS)
    assert mapping is not None
    assert (mapping.permissions, mapping.name) == ("r-xp", "[vectors]")
    with pytest.raises(GuestFault):
        memory.write_u32(kuser.CMPXCHG, 0)
    for call, arguments in (
        (memory.unmap, (kuser.PAGE_ADDRESS, 4096)),
        (memory.protect, (kuser.PAGE_ADDRESS, 4096, 3)),
        (memory.advise, (kuser.PAGE_ADDRESS, 4096, 4)),
        (memory.remap, (kuser.PAGE_ADDRESS, 4096, 8192, 1)),
    ):
        with pytest.raises(OSError):
            call(*arguments)
    assert memory.read(kuser.PAGE_ADDRESS, 4096) == kuser.page()


def test_each_helper_fits_its_slot() -> None:
    ends = [*sorted(kuser.HELPERS)[1:], kuser.HELPER_VERSION]
    for address, end in zip(sorted(kuser.HELPERS), ends, strict=True):
        assert address + 4 * len(kuser.HELPERS[address]) <= end


def test_the_words_are_what_an_assembler_makes(tmp_path) -> None:
    prefix = next((name for name in ("arm-linux-gnueabi", "arm-linux-gnueabihf") if shutil.which(f"{name}-as")), "")
    if not prefix:
        pytest.skip("the ARM binutils (arm-linux-gnueabi-as) are not installed")
    rows = [row for rows in kuser.HELPERS.values() for row in rows]
    source = ".arch armv7-a\n.syntax unified\n.arm\n" + "".join(f"{text}\n" for _, text in rows)
    (tmp_path / "kuser.s").write_text(source)
    subprocess.run([f"{prefix}-as", "-o", "kuser.o", "kuser.s"], cwd=tmp_path, check=True)
    subprocess.run([f"{prefix}-objcopy", "-O", "binary", "kuser.o", "kuser.bin"], cwd=tmp_path, check=True)
    words = [word for (word,) in struct.iter_unpack("<I", (tmp_path / "kuser.bin").read_bytes())]
    assert [f"{word:08x}" for word in words] == [f"{word:08x}" for word, _ in rows]


class Cpu:
    """Unicorn with the helper page and a page of data at 0x10000."""

    def __init__(self) -> None:
        unicorn = pytest.importorskip("unicorn", reason="the package unicorn is not installed")
        self.arm = pytest.importorskip("unicorn.arm_const")
        self.uc = unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_ARM)
        self.uc.ctl_set_cpu_model(self.arm.UC_CPU_ARM_CORTEX_A15)
        self.uc.mem_map(0x10000, 0x2000)
        self.uc.mem_map(0xFFFF0000, 0x1000)
        self.uc.mem_write(0xFFFF0000, kuser.page())

    def call(self, address: int, *arguments: int) -> int:
        for number, value in enumerate(arguments):
            self.uc.reg_write(self.arm.UC_ARM_REG_R0 + number, value)
        self.uc.reg_write(self.arm.UC_ARM_REG_SP, 0x11000)
        self.uc.reg_write(self.arm.UC_ARM_REG_LR, 0x11800)
        for number in range(4, 12):
            self.uc.reg_write(self.arm.UC_ARM_REG_R0 + number, 0x40 + number)
        self.uc.emu_start(address, 0x11800, timeout=1_000_000)
        assert self.uc.reg_read(self.arm.UC_ARM_REG_PC) == 0x11800
        assert self.uc.reg_read(self.arm.UC_ARM_REG_SP) == 0x11000
        for number in range(4, 12):
            assert self.uc.reg_read(self.arm.UC_ARM_REG_R0 + number) == 0x40 + number
        return self.uc.reg_read(self.arm.UC_ARM_REG_R0)

    def carry(self) -> int:
        return self.uc.reg_read(self.arm.UC_ARM_REG_CPSR) >> 29 & 1


@pytest.mark.parametrize(("old", "swapped"), [(7, True), (8, False)])
def test_cmpxchg(old: int, swapped: bool) -> None:
    cpu = Cpu()
    cpu.uc.mem_write(0x10100, (7).to_bytes(4, "little"))
    result = cpu.call(kuser.CMPXCHG, old, 9, 0x10100)
    assert (result == 0, bool(cpu.carry())) == (swapped, swapped)
    assert cpu.uc.mem_read(0x10100, 4)[0] == (9 if swapped else 7)


@pytest.mark.parametrize("old", [0x1_0000_0007, 0x2_0000_0007, 0x1_0000_0008])
def test_cmpxchg64(old: int) -> None:
    cpu = Cpu()
    stored, new, swapped = 0x1_0000_0007, 0xAABBCCDD_11223344, old == 0x1_0000_0007
    for address, value in ((0x10100, old), (0x10108, new), (0x10110, stored)):
        cpu.uc.mem_write(address, value.to_bytes(8, "little"))
    result = cpu.call(kuser.CMPXCHG64, 0x10100, 0x10108, 0x10110)
    assert (result == 0, bool(cpu.carry())) == (swapped, swapped)
    assert int.from_bytes(cpu.uc.mem_read(0x10110, 8), "little") == (new if swapped else stored)


def test_get_tls_and_memory_barrier() -> None:
    cpu = Cpu()
    cpu.uc.reg_write(cpu.arm.UC_ARM_REG_C13_C0_3, 0x12345678)
    assert cpu.call(kuser.GET_TLS) == 0x12345678
    assert cpu.call(kuser.MEMORY_BARRIER, 5) == 5


# HWCAP


def test_hwcap_promises_integer_and_vfp_instructions_and_no_neon() -> None:
    assert hwcap.features() == "swp half thumb fastmult vfp edsp neon vfpv3 tls vfpv4 idiva idivt vfpd32"
    assert hwcap.features(0xFFFFFFFF, 0xFFFFFFFF).split() == [*hwcap.NAMES, *hwcap.NAMES2]
    assert (hwcap.NAMES.index("neon"), hwcap.NAMES.index("idivt"), hwcap.NAMES.index("i8mm")) == (12, 18, 27)
