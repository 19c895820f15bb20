"""What was checked in guest memory is not read from there again: another thread may have changed it meanwhile."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from stinkarm.linux import files_status
from tests.linux.process import Process
from tests.sandbox.world import BUFFER, PATH_AT, SECOND_AT, World, opened, sandboxed

O_RDWR = 2


def call_it(guest: Process, name: str, target: int) -> int:
    """Make a call for an extended attribute whose name is at SECOND_AT."""
    if "get" in name:
        return guest.call(name, target, SECOND_AT, BUFFER, 64)
    if "set" in name:
        return guest.call(name, target, SECOND_AT, BUFFER, 1, 0)
    return guest.call(name, target, SECOND_AT)


@pytest.mark.parametrize(
    "name",
    [f"{prefix}{verb}xattr" for verb in ("set", "get", "remove") for prefix in ("", "l", "f")],
)
def test_the_name_of_an_attribute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    world = World(tmp_path)
    file = world.writable / "file"
    try:
        os.setxattr(file, "user.other", b"other")
    except OSError as error:
        pytest.skip(f"no extended attributes: {error.strerror}")
    if "set" not in name:
        os.setxattr(file, "user.named", b"named")
    host_call = files_status.call

    with sandboxed(world) as guest:

        def change_and_call(*arguments: int) -> int:
            guest.put(b"user.other\0", SECOND_AT)
            return host_call(*arguments)

        monkeypatch.setattr(files_status, "call", change_and_call)
        target = opened(guest, file, O_RDWR) if name[0] == "f" else guest.put(os.fsencode(file) + b"\0", PATH_AT)
        guest.put(b"user.named\0", SECOND_AT)
        result = call_it(guest, name, target)
        assert result == (5 if "get" in name else 0)
        if "get" in name:
            assert guest.memory.read(BUFFER, 5) == b"named"
    assert os.getxattr(file, "user.other") == b"other"
    assert ("user.named" in os.listxattr(file)) == ("remove" not in name)


@pytest.mark.parametrize("name", [b"system.posix_acl_access", b"security.capability", b"trusted.x", b"user", b""])
def test_other_name_spaces_are_not_changed(tmp_path: Path, name: bytes) -> None:
    world = World(tmp_path)
    with sandboxed(world) as guest:
        path = guest.put(os.fsencode(world.writable / "file") + b"\0", PATH_AT)
        guest.put(name + b"\0", SECOND_AT)
        assert guest.call("setxattr", path, SECOND_AT, BUFFER, 1, 0) == -errno.EPERM
        guest.put(b"user." + b"x" * 300 + b"\0", SECOND_AT)
        assert guest.call("setxattr", path, SECOND_AT, BUFFER, 1, 0) == -errno.ERANGE
