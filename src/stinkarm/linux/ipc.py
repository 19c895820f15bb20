"""What the three kinds of System V objects have in common: commands, and struct ipc64_perm."""

from __future__ import annotations

from struct import Struct

from stinkarm.guest.native import addressof, create_string_buffer
from stinkarm.linux import host
from stinkarm.linux.structs import Ipc64Perm

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stinkarm.linux.kernel import Kernel

IPC_RMID = 0
IPC_SET = 1
IPC_STAT = 2
IPC_INFO = 3
IPC_64 = 0x100  # a flag of the command on ARM: the structs are those of the headers today

WORD = 0xFFFFFFFF
PERMISSIONS = Struct("<IIIIIIH")  # struct ipc64_perm of x86-64, as far as there is something in it


class Values(tuple[int, ...]):
    """The values of a struct that the host gave, and the `result` of the call."""

    result: int


def control(number: int, identifier: int, command: int, layout: str, semnum: int | None = None) -> Values | int:
    """Make a control call that gives a struct; give its values, or a negated error number."""
    struct = Struct(layout)
    buffer = create_string_buffer(struct.size)
    place = (addressof(buffer),) if semnum is None else (semnum, command, addressof(buffer))
    result = host.call(number, identifier, *((command, *place) if semnum is None else place))
    if result < 0:
        return result
    values = Values(struct.unpack(buffer.raw))
    values.result = result
    return values


def seconds(value: int) -> tuple[int, int]:
    """Give the two words of a time."""
    return value & WORD, value >> 32 & WORD


def read_permissions(
    k: Kernel, number: int, identifier: int, buf: int, layout: str, *, semnum: int | None = None, last: int = -1
) -> int:
    """Set owner, group and mode of an object from the struct at `buf`; `last` is what a queue may hold in bytes."""
    _, uid, gid, _, _, mode, _ = Ipc64Perm.read(k.memory, buf)
    struct = Struct(layout)
    data = bytearray(struct.size)
    PERMISSIONS.pack_into(data, 0, 0, uid, gid, 0, 0, mode, 0)
    if last >= 0:
        data[QBYTES_AT : QBYTES_AT + 8] = last.to_bytes(8, "little")
    buffer = create_string_buffer(bytes(data), len(data))
    if semnum is not None:
        return host.call(number, identifier, semnum, IPC_SET, addressof(buffer))
    return host.call(number, identifier, IPC_SET, addressof(buffer))


QBYTES_AT = 88  # of msg_qbytes in x86-64's struct msqid64_ds
