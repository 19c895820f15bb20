"""The kuser helper page at 0xffff0000 (Linux Documentation/arch/arm/kernel_user_helpers.rst).

Code that must run on any ARM calls these addresses instead of using LDREX or the TLS register itself.
"""

import struct

from stinkarm.guest.mapping import PROT_EXEC, PROT_READ
from stinkarm.guest.memory import PAGE, Memory

PAGE_ADDRESS = 0xFFFF0000
SIGNAL_RETURN = 0xFFFF0500  # where kernels without a page of its own for it had SIGRETURN_CODE
CMPXCHG64 = 0xFFFF0F60
MEMORY_BARRIER = 0xFFFF0FA0
CMPXCHG = 0xFFFF0FC0
GET_TLS = 0xFFFF0FE0
HELPER_VERSION = 0xFFFF0FFC

VERSION = 5  # five helpers, cmpxchg64 the last that was added

_UDF = 0xE7FDDEF1  # what the kernel fills the page with

# What a handler returns to if its action names no restorer (arch/arm/kernel/sigreturn_codes.S): sigreturn in A32,
# in T32, rt_sigreturn in A32, in T32.
SIGRETURN_CODE = struct.pack(
    "<7I",
    *(0xE3A07077, 0xEF900077),  # mov r7, #119; svc #0x900077
    0xDF002777,  # movs r7, #119; svc #0
    *(0xE3A070AD, 0xEF9000AD),  # mov r7, #173; svc #0x9000ad
    0xDF0027AD,  # movs r7, #173; svc #0
    0,
)

# Each helper is one row a word: the A32 instruction and how it reads.
HELPERS = {
    # int cmpxchg64(const int64_t *oldval [r0], const int64_t *newval [r1], volatile int64_t *ptr [r2])
    CMPXCHG64: (
        (0xE92D00F0, "push {r4, r5, r6, r7}"),
        (0xE1C040D0, "ldrd r4, r5, [r0]"),
        (0xE1C160D0, "ldrd r6, r7, [r1]"),
        (0xF57FF05B, "dmb ish"),
        (0xE1B20F9F, "ldrexd r0, r1, [r2]"),
        (0xE0303004, "eors r3, r0, r4"),
        (0x00313005, "eorseq r3, r1, r5"),
        (0x01A23F96, "strexdeq r3, r6, r7, [r2]"),
        (0x03330001, "teqeq r3, #1"),
        (0x0AFFFFF9, "beq .-20"),
        (0xF57FF05B, "dmb ish"),
        (0xE2730000, "rsbs r0, r3, #0"),
        (0xE8BD00F0, "pop {r4, r5, r6, r7}"),
        (0xE12FFF1E, "bx lr"),
    ),
    # void memory_barrier(void)
    MEMORY_BARRIER: (
        (0xF57FF05B, "dmb ish"),
        (0xE12FFF1E, "bx lr"),
    ),
    # int cmpxchg(int oldval [r0], int newval [r1], volatile int *ptr [r2])
    CMPXCHG: (
        (0xF57FF05B, "dmb ish"),
        (0xE1923F9F, "ldrex r3, [r2]"),
        (0xE0533000, "subs r3, r3, r0"),
        (0x01823F91, "strexeq r3, r1, [r2]"),
        (0x03330001, "teqeq r3, #1"),
        (0x0AFFFFFA, "beq .-16"),
        (0xE2730000, "rsbs r0, r3, #0"),
        (0xEAFFFFEF, "b .-60"),  # memory_barrier, which returns
    ),
    # void *get_tls(void)
    GET_TLS: (
        (0xEE1D0F70, "mrc p15, 0, r0, c13, c0, 3"),
        (0xE12FFF1E, "bx lr"),
    ),
}


def page() -> bytes:
    """Make the content of the page."""
    words = [_UDF] * (PAGE // 4)
    for address, rows in HELPERS.items():
        first = (address - PAGE_ADDRESS) // 4
        words[first : first + len(rows)] = [word for word, _ in rows]
    words[(HELPER_VERSION - PAGE_ADDRESS) // 4] = VERSION
    data = bytearray(struct.pack(f"<{len(words)}I", *words))
    start = SIGNAL_RETURN - PAGE_ADDRESS
    data[start : start + len(SIGRETURN_CODE)] = SIGRETURN_CODE
    return bytes(data)


def install(memory: Memory) -> None:
    """Map the page, readable and executable for the guest, and out of reach of its mmap."""
    memory.install_special_mapping(PAGE_ADDRESS, page(), PROT_READ | PROT_EXEC, "[vectors]")
