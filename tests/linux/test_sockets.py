"""Sockets: what is refused, odd arguments, and control messages."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator

import pytest

from stinkarm.linux import structs
from stinkarm.linux.messages import SCM_RIGHTS, SOL_SOCKET
from stinkarm.sandbox.descriptors import INHERITED
from tests.linux.process import DATA, TEXT, UNMAPPED, Process, process

NAME, CONTROL, VECTOR, BUFFER = DATA + 0x100, DATA + 0x200, DATA + 0x400, DATA + 0x1000
PASSCRED, RCVTIMEO = 16, 20


@pytest.fixture
def pair(guest: Process) -> Iterator[tuple[int, int]]:
    """A sandboxed process's own pair of Unix stream sockets."""
    assert guest.call("socketpair", socket.AF_UNIX, socket.SOCK_STREAM, 0, DATA) == 0
    yield guest.word(DATA), guest.word(DATA + 4)
    guest.policy.descriptors.end_guest()


def inet(address: str, port: int, family: int = socket.AF_INET) -> bytes:
    return struct.pack("<H", family) + port.to_bytes(2, "big") + socket.inet_aton(address) + bytes(8)


def message(guest: Process, data: bytes | int, control: bytes | int = b"", name: tuple[int, int] = (0, 0)) -> int:
    """Write a struct user_msghdr with bytes to send, or room to receive; give its address."""
    size = data if isinstance(data, int) else len(data)
    if isinstance(data, bytes):
        guest.put(data, BUFFER)
    room = control if isinstance(control, int) else len(control)
    if isinstance(control, bytes):
        guest.put(control, CONTROL)
    guest.put(struct.pack("<II", BUFFER, size), VECTOR)
    structs.Msghdr.write(guest.memory, NAME, *name, VECTOR, 1, CONTROL if room else 0, room, 0)
    return NAME


def rights(*fds: int) -> bytes:
    return structs.Cmsghdr.pack(12 + 4 * len(fds), SOL_SOCKET, SCM_RIGHTS) + struct.pack(f"<{len(fds)}i", *fds)


@pytest.mark.parametrize("name", ["getpeername", "getsockname"])
def test_what_is_no_socket_says_so(guest: Process, name: str, tmp_path) -> None:  # type: ignore[no-untyped-def]
    with (tmp_path / "file").open("wb") as file:
        assert guest.error(name, file.fileno(), DATA, DATA + 16) == "EBADF"
        guest.policy.descriptors.add(file.fileno())
        assert guest.error(name, file.fileno(), DATA, DATA + 16) == "ENOTSOCK"


def test_a_socket_has_names(forward: Process) -> None:
    left, right = socket.socketpair()
    with left, right:
        forward.put((16).to_bytes(4, "little"), DATA + 16)
        assert forward.call("getpeername", left.fileno(), DATA, DATA + 16) == 0
        assert forward.memory.read(DATA, 2) == socket.AF_UNIX.to_bytes(2, "little")
        assert forward.word(DATA + 16) == 2
        assert forward.error("getsockname", left.fileno(), DATA, TEXT) == "EFAULT"
        assert forward.error("getsockname", left.fileno(), UNMAPPED, DATA + 16) == "EFAULT"
        forward.put(b"\xff" * 4, DATA + 16)
        assert forward.error("getsockname", left.fileno(), DATA, DATA + 16) == "EINVAL"


@pytest.mark.parametrize("name", ["sendmsg", "recvmsg", "send", "recv", "sendto", "recvfrom", "sendmmsg", "recvmmsg"])
def test_descriptors_of_others_are_not_there(guest: Process, name: str) -> None:
    left, right = socket.socketpair()
    with left, right:
        message(guest, 4)
        assert guest.error(name, left.fileno(), NAME, 1, 0, 0, 0) == "EBADF"


def test_other_descriptors_cannot_be_sent(guest: Process, pair: tuple[int, int]) -> None:
    read_end, write_end = os.pipe()
    try:
        assert guest.error("sendmsg", pair[0], message(guest, b"x", rights(read_end)), 0) == "EBADF"
        assert guest.call("sendmsg", pair[0], message(guest, b"x", rights(0)), 0) == 1
    finally:
        os.close(read_end)
        os.close(write_end)


def test_received_descriptors_are_only_what_they_are(guest: Process, pair: tuple[int, int]) -> None:
    folder = os.open("/", os.O_RDONLY | os.O_DIRECTORY)
    host = socket.socket(fileno=os.dup(pair[1]))
    socket.send_fds(host, [b"x"], [folder, folder])
    assert guest.call("recvmsg", pair[0], message(guest, 4, 16), 0) == 1
    assert structs.Msghdr.read(guest.memory, NAME)[5:] == (16, 8)  # one, and MSG_CTRUNC
    size, level, kind, got = struct.unpack("<Iiii", guest.memory.read(CONTROL, 16))
    assert (size, level, kind) == (16, SOL_SOCKET, SCM_RIGHTS)
    assert guest.policy.descriptors.rights[got] & INHERITED
    path = guest.put(b"etc/passwd\0", DATA + 0x800)
    assert guest.error("openat", got, path, 0, 0) == "EACCES"
    assert guest.error("fchmod", got, 0o777) == "EACCES"
    assert guest.error("fchdir", got) == "EACCES"
    os.close(folder)
    host.close()


def test_credentials_cannot_be_forged(guest: Process, pair: tuple[int, int]) -> None:
    header = structs.Cmsghdr.pack(24, SOL_SOCKET, 2)
    own = struct.pack("<iII", os.getpid(), os.getuid(), os.getgid())
    assert guest.call("sendmsg", pair[0], message(guest, b"x", header + own), 0) == 1
    for body in (struct.pack("<iII", 1, os.getuid(), os.getgid()), struct.pack("<iII", os.getpid(), 54321, 0)):
        assert guest.error("sendmsg", pair[0], message(guest, b"x", header + body), 0) == "EPERM"


@pytest.mark.parametrize(
    ("control", "error"),
    [
        (structs.Cmsghdr.pack(11, SOL_SOCKET, SCM_RIGHTS), "EINVAL"),
        (structs.Cmsghdr.pack(0xFFFFFFFF, SOL_SOCKET, SCM_RIGHTS), "EINVAL"),
        (structs.Cmsghdr.pack(20, SOL_SOCKET, SCM_RIGHTS) + b"1234", "EINVAL"),
        (structs.Cmsghdr.pack(16, 0, 7) + b"1234", "EACCES"),  # IP_RETOPTS: a source route
        (structs.Cmsghdr.pack(16, 41, 57) + b"1234", "EACCES"),  # IPV6_RTHDR
    ],
)
def test_control_messages_that_are_refused(guest: Process, pair: tuple[int, int], control: bytes, error: str) -> None:
    assert guest.error("sendmsg", pair[0], message(guest, b"x", control), 0) == error


def test_odd_message_headers(guest: Process, pair: tuple[int, int]) -> None:
    structs.Msghdr.write(guest.memory, NAME, 0, 0, VECTOR, 1025, 0, 0, 0)
    assert guest.error("sendmsg", pair[0], NAME, 0) == "EMSGSIZE"
    structs.Msghdr.write(guest.memory, NAME, DATA, -1, VECTOR, 1, 0, 0, 0)
    assert guest.error("recvmsg", pair[0], NAME, 0) == "EINVAL"
    structs.Msghdr.write(guest.memory, NAME, 0, 0, VECTOR, 1, CONTROL, 0x80000000, 0)
    assert guest.error("sendmsg", pair[0], NAME, 0) == "ENOBUFS"
    assert guest.error("sendmsg", pair[0], UNMAPPED, 0) == "EFAULT"
    assert guest.error("sendmsg", pair[0], message(guest, b"x"), 0x80000000) == "EINVAL"
    structs.Msghdr.write(guest.memory, NAME, 0, 0, UNMAPPED, 1, 0, 0, 0)
    assert guest.error("sendmsg", pair[0], NAME, 0) == "EFAULT"


@pytest.mark.parametrize(
    ("family", "kind", "protocol", "error"),
    [
        (socket.AF_INET, socket.SOCK_STREAM, 0, "EACCES"),
        (socket.AF_INET6, socket.SOCK_DGRAM, 0, "EACCES"),
        (socket.AF_NETLINK, socket.SOCK_RAW, 0, "EACCES"),
        (socket.AF_PACKET, socket.SOCK_RAW, 0, "EACCES"),
        (38, socket.SOCK_SEQPACKET, 0, "EACCES"),
    ],
)
def test_without_a_grant_there_is_no_network(guest: Process, family: int, kind: int, protocol: int, error: str) -> None:
    assert guest.error("socket", family, kind, protocol) == error
    assert guest.error("socketpair", family, kind, protocol, DATA) == error


@pytest.mark.parametrize(
    ("family", "kind", "protocol", "allowed"),
    [
        (socket.AF_INET, socket.SOCK_STREAM, 6, True),
        (socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_CLOEXEC, 0, True),
        (socket.AF_INET, socket.SOCK_DGRAM, 17, True),
        (socket.AF_INET, socket.SOCK_DGRAM, 1, False),
        (socket.AF_INET, socket.SOCK_RAW, 1, False),
        (socket.AF_NETLINK, socket.SOCK_RAW, 0, True),
        (socket.AF_NETLINK, socket.SOCK_RAW, 9, False),
        (socket.AF_PACKET, socket.SOCK_RAW, 0, False),
    ],
)
def test_a_list_gives_tcp_udp_and_routes(family: int, kind: int, protocol: int, allowed: bool) -> None:
    with process(allow_net=["127.0.0.1:80"]) as guest:
        result = guest.call("socket", family, kind, protocol)
        assert (result >= 0) == allowed
        guest.policy.descriptors.end_guest()


def test_netlink_sockets_cannot_change_the_network() -> None:
    """Not even if stinkarm runs as root: RTM_SETLINK is refused, RTM_GETLINK is answered."""
    with process(allow_net=True) as guest:
        fd = guest.call("socket", socket.AF_NETLINK, socket.SOCK_RAW, 0)
        for kind, flags, expected in ((18, 0x301, 16), (19, 5, 2)):
            header = struct.pack("<IHHIIBxHiII", 32, kind, flags, 1, 0, 0, 0, 1, 0, 0)
            assert guest.call("send", fd, guest.put(header), len(header), 0) == len(header)
            assert guest.call("recv", fd, BUFFER, 4096, 0) > 0
            assert struct.unpack("<IH", guest.memory.read(BUFFER, 6))[1] == expected
            if expected == 2:
                assert struct.unpack("<i", guest.memory.read(BUFFER + 16, 4)) == (-1,)
            else:
                while struct.unpack("<IH", guest.memory.read(BUFFER, 6))[1] != 3:  # NLMSG_DONE
                    assert guest.call("recv", fd, BUFFER, 4096, 0) > 0
        other = guest.put(struct.pack("<HHII", socket.AF_NETLINK, 0, 1, 0), NAME)
        assert guest.error("sendto", fd, DATA, 16, 0, other, 12) == "EPERM"
        guest.policy.descriptors.end_guest()


def test_the_address_is_looked_at_once() -> None:
    """What is checked is what the host gets, so there is nothing to change in between."""
    with process(allow_net=["127.0.0.1:9"]) as guest:
        fd = guest.call("socket", socket.AF_INET, socket.SOCK_DGRAM, 0)
        reads = []
        read = guest.memory.read
        guest.memory.read = lambda address, size: reads.append(address) or read(address, size)  # type: ignore
        assert guest.call("connect", fd, guest.put(inet("127.0.0.1", 9), NAME), 16) == 0
        assert reads.count(NAME) == 1
        guest.memory.read = read  # type: ignore[method-assign]
        guest.policy.descriptors.end_guest()


@pytest.mark.parametrize("name", ["connect", "bind", "sendto", "sendmsg"])
def test_only_addresses_of_the_list(name: str) -> None:
    with process(allow_net=["127.0.0.1:9", "10.0.0.0/8:1000-2000"]) as guest:
        fd = guest.call("socket", socket.AF_INET, socket.SOCK_DGRAM, 0)
        sixth = guest.call("socket", socket.AF_INET6, socket.SOCK_DGRAM, 0)
        mapped = struct.pack("<HHI", socket.AF_INET6, 0x0A00, 0) + socket.inet_pton(socket.AF_INET6, "::ffff:8.8.8.8")
        refused = [
            (fd, inet("127.0.0.1", 10)), (fd, inet("0.0.0.0", 9)), (fd, inet("11.0.0.1", 1500)),
            (fd, inet("10.1.2.3", 2001)), (sixth, mapped + bytes(4)),
        ]  # fmt: skip
        if name != "connect":  # which takes AF_UNSPEC for an end of the connection
            refused.append((fd, inet("8.8.8.8", 53, socket.AF_UNSPEC)))
        for number, data in refused:
            guest.put(data, DATA)
            arguments = {
                "sendto": (number, BUFFER, 1, 0, DATA, len(data)),
                "sendmsg": (number, message(guest, b"x", b"", (DATA, len(data))), 0),
            }.get(name, (number, DATA, len(data)))
            assert guest.error(name, *arguments) in ("EACCES", "EAFNOSUPPORT"), data
        guest.policy.descriptors.end_guest()


def test_listening_needs_a_grant_for_the_port() -> None:
    with process(allow_net=["127.0.0.1:9"]) as guest:
        fd = guest.call("socket", socket.AF_INET, socket.SOCK_STREAM, 0)
        assert guest.error("listen", fd, 1) == "EACCES"  # it would get any free port
        assert guest.call("bind", fd, guest.put(inet("0.0.0.0", 0)), 16) == 0
        assert guest.error("listen", fd, 1) == "EACCES"
        guest.policy.descriptors.end_guest()
    with process(allow_net=["127.0.0.1"]) as guest:
        fd = guest.call("socket", socket.AF_INET, socket.SOCK_STREAM, 0)
        assert guest.call("bind", fd, guest.put(inet("127.0.0.1", 0)), 16) == 0
        assert guest.call("listen", fd, 1) == 0
        guest.policy.descriptors.end_guest()


@pytest.mark.parametrize(("level", "option"), [(0, 4), (0, 35), (1, 25), (1, 36), (41, 57), (41, 20)])
def test_options_that_lead_packets_elsewhere(level: int, option: int) -> None:
    with process(allow_net=["127.0.0.1:9"]) as guest:
        fd = guest.call("socket", socket.AF_INET, socket.SOCK_DGRAM, 0)
        assert guest.error("setsockopt", fd, level, option, DATA, 8) == "EACCES"
        guest.policy.descriptors.end_guest()


@pytest.mark.parametrize(
    ("level", "option"), [(1, 50), (1, 76), (1, 77), (6, 19), (6, 35), (0, 64), (263, 5), (0xFFFFFFFF, 1)]
)
def test_options_that_could_name_host_memory_are_not_known(forward: Process, level: int, option: int) -> None:
    with socket.socket() as own:
        assert forward.error("setsockopt", own.fileno(), level, option, DATA, 16) == "ENOPROTOOPT"
        forward.put((16).to_bytes(4, "little"), DATA + 16)
        assert forward.error("getsockopt", own.fileno(), level, option, DATA, DATA + 16) == "ENOPROTOOPT"


def test_a_filter_of_host_memory_is_refused(forward: Process) -> None:
    with socket.socket() as own:
        forward.put(struct.pack("<H6xQ", 1, forward.memory.base))  # as the host lays it out
        assert forward.error("setsockopt", own.fileno(), 1, 26, DATA, 16) == "EINVAL"
        forward.put(struct.pack("<H2xI", 1, UNMAPPED))
        assert forward.error("setsockopt", own.fileno(), 1, 26, DATA, 8) == "EFAULT"


def test_unix_sockets_go_by_the_grants(tmp_path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "read").mkdir()
    (tmp_path / "write").mkdir()
    with (
        socket.socket(socket.AF_UNIX) as server,
        process(allow_read=[str(tmp_path / "read")], allow_write=[str(tmp_path / "write")]) as guest,
    ):
        server.bind(str(tmp_path / "read" / "server"))
        server.listen(1)
        (tmp_path / "write" / "link").symlink_to(tmp_path / "read" / "server")

        def unix(name: str) -> tuple[int, int]:
            data = struct.pack("<H", socket.AF_UNIX) + os.fsencode(tmp_path / name) + b"\0"
            return guest.put(data), len(data)

        fd = guest.call("socket", socket.AF_UNIX, socket.SOCK_STREAM, 0)
        assert guest.error("connect", fd, *unix("read/server")) == "EACCES"  # reading is not talking
        assert guest.error("connect", fd, *unix("write/link")) == "EACCES"
        assert guest.error("connect", fd, *unix("write/../read/server")) == "EACCES"
        assert guest.error("bind", fd, *unix("read/mine")) == "EACCES"
        assert guest.error("bind", fd, *unix("write/link")) == "EADDRINUSE"
        assert guest.error("bind", fd, guest.put(struct.pack("<H", socket.AF_UNIX)), 2) == "EACCES"  # a free name
        assert guest.error("connect", fd, guest.put(b"\1\0\0abstract"), 11) == "EACCES"
        assert guest.call("bind", fd, *unix("write/mine")) == 0
        assert (tmp_path / "write" / "mine").is_socket()
        assert [denial.grant for denial in guest.policy.denials][:1] == [f"--allow-write={tmp_path}/read/server"]
        guest.policy.descriptors.end_guest()


def test_times_of_two_widths(guest: Process, pair: tuple[int, int]) -> None:
    assert guest.call("setsockopt", pair[0], 1, RCVTIMEO, guest.put(struct.pack("<ii", 3, 0)), 8) == 0
    guest.put((16).to_bytes(4, "little"), DATA + 32)
    assert guest.call("getsockopt", pair[0], 1, 66, DATA, DATA + 32) == 0  # SO_RCVTIMEO_NEW
    assert struct.unpack("<qq", guest.memory.read(DATA, 16)) == (3, 0)
    assert guest.call("getsockopt", pair[0], 1, RCVTIMEO, DATA, DATA + 32) == 0
    assert (guest.word(DATA), guest.word(DATA + 4), guest.word(DATA + 32)) == (3, 0, 8)
