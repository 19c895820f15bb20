"""What the kernel tells a program about the CPU (Linux arch/arm/include/uapi/asm/hwcap.h).

`HWCAP` and `HWCAP2` are the one place that says what stinkarm implements; a bit is set
when every instruction it stands for runs.
"""

SWP = 1 << 0
HALF = 1 << 1
THUMB = 1 << 2
BIT26 = 1 << 3  # HWCAP_26BIT
FAST_MULT = 1 << 4
FPA = 1 << 5
VFP = 1 << 6
EDSP = 1 << 7
JAVA = 1 << 8
IWMMXT = 1 << 9
CRUNCH = 1 << 10
THUMBEE = 1 << 11
NEON = 1 << 12
VFPV3 = 1 << 13
VFPV3D16 = 1 << 14
TLS = 1 << 15
VFPV4 = 1 << 16
IDIVA = 1 << 17
IDIVT = 1 << 18
VFPD32 = 1 << 19
LPAE = 1 << 20
EVTSTRM = 1 << 21
FPHP = 1 << 22
ASIMDHP = 1 << 23
ASIMDDP = 1 << 24
ASIMDFHM = 1 << 25
ASIMDBF16 = 1 << 26
I8MM = 1 << 27

HWCAP2_AES = 1 << 0
HWCAP2_PMULL = 1 << 1
HWCAP2_SHA1 = 1 << 2
HWCAP2_SHA2 = 1 << 3
HWCAP2_CRC32 = 1 << 4
HWCAP2_SB = 1 << 5
HWCAP2_SSBS = 1 << 6

# The words of the "Features" line of /proc/cpuinfo, in bit order (arch/arm/kernel/setup.c hwcap_str).
NAMES = (
    *("swp", "half", "thumb", "26bit", "fastmult", "fpa", "vfp", "edsp", "java", "iwmmxt", "crunch"),
    *("thumbee", "neon", "vfpv3", "vfpv3d16", "tls", "vfpv4", "idiva", "idivt", "vfpd32", "lpae"),
    *("evtstrm", "fphp", "asimdhp", "asimddp", "asimdfhm", "asimdbf16", "i8mm"),
)
NAMES2 = ("aes", "pmull", "sha1", "sha2", "crc32", "sb", "ssbs")

# LPAE promises that aligned LDRD and STRD are single-copy atomic, which no engine guarantees.
HWCAP = SWP | HALF | THUMB | FAST_MULT | VFP | EDSP | NEON | VFPV3 | TLS | VFPV4 | IDIVA | IDIVT | VFPD32
HWCAP2 = 0
HWCAP2_V8 = HWCAP2_AES | HWCAP2_PMULL | HWCAP2_SHA1 | HWCAP2_SHA2 | HWCAP2_CRC32  # what -cpu max adds


def features(hwcap: int = HWCAP, hwcap2: int = HWCAP2) -> str:
    """Name the bits that are set, as the "Features" line of /proc/cpuinfo does."""
    words = [name for bit, name in enumerate(NAMES) if hwcap >> bit & 1]
    words += [name for bit, name in enumerate(NAMES2) if hwcap2 >> bit & 1]
    return " ".join(words)
