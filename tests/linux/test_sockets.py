"""Questions about descriptors that may be sockets."""

import socket

import pytest

from tests.linux.process import DATA, TEXT, UNMAPPED, Process


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
