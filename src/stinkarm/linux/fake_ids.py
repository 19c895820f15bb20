"""The users, groups and capabilities of a process whose root is not the host's (--fake-root).

They begin as root's, and change as kernel/sys.c and security/commoncap.c say; the host's own stay as they are.
"""

from __future__ import annotations

import os
from errno import EPERM
from struct import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

KEEP = 0xFFFFFFFF  # -1: leave an id as it is

CAP_CHOWN = 0
CAP_SETGID = 6
CAP_SETUID = 7
CAP_SYS_CHROOT = 18
CAP_LAST_CAP = 40
FULL_SET = (1 << CAP_LAST_CAP + 1) - 1

S_ISUID = 0o4000
S_ISGID = 0o2000
S_IXGRP = 0o010
UCRED = Struct("<iII")
NUMBERS = 11  # in `numbers`, before the supplementary groups


class FakeIds:
    """The ids of one process: `uids` and `gids` are the real, effective, saved, and file system's.

    `keeps` says that capabilities stay permitted when no user is root (PR_SET_KEEPCAPS).
    """

    __slots__ = ("effective", "gids", "groups", "inheritable", "keeps", "permitted", "uids")

    def __init__(self) -> None:
        self.uids = [0, 0, 0, 0]
        self.gids = [0, 0, 0, 0]
        self.groups: list[int] = [0]
        self.permitted = self.effective = FULL_SET
        self.inheritable = 0
        self.keeps = False

    def can(self, capability: int) -> bool:
        """Say whether a capability is in the effective set."""
        return bool(self.effective >> capability & 1)

    # Leaving for the next program, and arriving there

    def numbers(self) -> list[int]:
        """Give all of it as numbers."""
        return [*self.uids, *self.gids, self.permitted, self.effective, self.inheritable, *self.groups]

    def restore(self, numbers: Sequence[int]) -> None:
        """Be what `numbers` gave."""
        self.uids, self.gids = list(numbers[:4]), list(numbers[4:8])
        self.permitted, self.effective, self.inheritable = numbers[8:NUMBERS]
        self.groups = list(numbers[NUMBERS:])

    def execute(self, mode: int, owner: int, group: int) -> None:
        """Be what execve of a file makes of the process (bprm_fill_uid, cap_bprm_creds_from_file)."""
        if mode & S_ISUID:
            self.uids[1] = owner
        if mode & S_ISGID and mode & S_IXGRP:
            self.gids[1] = group
        for ids in (self.uids, self.gids):
            ids[2] = ids[3] = ids[1]
        real, effective = self.uids[:2]
        self.permitted = FULL_SET if 0 in (real, effective) else 0
        self.effective = self.permitted if effective == 0 else 0

    # Setting

    def _change(self, ids: list[int], capability: int, wanted: Sequence[int], allowed: Sequence[Sequence[int]]) -> None:
        """Set real, effective and saved id, each to what it may be, or to anything with the capability."""
        for id, choice in zip(wanted, allowed, strict=True):
            if id != KEEP and id not in choice and not self.can(capability):
                raise OSError(EPERM, "not among the ids that the process has")
        before = self.uids[:3]
        ids[:3] = [old if id == KEEP else id for id, old in zip(wanted, ids, strict=False)]
        ids[3] = ids[1]
        if ids is self.uids:
            self._adjust(before)

    def _adjust(self, before: list[int]) -> None:
        """Let the capabilities follow the users (cap_emulate_setxuid)."""
        if 0 in before and 0 not in self.uids[:3]:
            self.permitted = self.permitted if self.keeps else 0
            self.effective = 0
        if before[1] == 0 and self.uids[1] != 0:
            self.effective = 0
        elif before[1] != 0 and self.uids[1] == 0:
            self.effective = self.permitted

    def _set(self, ids: list[int], capability: int, id: int) -> None:
        """Do setuid or setgid: all three with the capability, else the effective one."""
        if self.can(capability):
            self._change(ids, capability, (id, id, id), ((), (), ()))
        else:
            self._change(ids, capability, (KEEP, id, KEEP), ((), (ids[0], ids[2]), ()))

    def _set_two(self, ids: list[int], capability: int, real: int, effective: int) -> None:
        """Do setreuid or setregid: the saved one follows where the real one is set, or the effective one to another."""
        follows = real != KEEP or effective not in (KEEP, ids[0])
        saved = (ids[1] if effective == KEEP else effective) if follows else KEEP
        self._change(ids, capability, (real, effective, saved), (ids[:2], ids[:3], (saved,)))

    def setuid(self, uid: int) -> None:
        """Set the effective user, and for root the real and saved one."""
        self._set(self.uids, CAP_SETUID, uid)

    def setgid(self, gid: int) -> None:
        """Set the effective group, and for root the real and saved one."""
        self._set(self.gids, CAP_SETGID, gid)

    def setreuid(self, ruid: int, euid: int) -> None:
        """Set the real and effective user."""
        self._set_two(self.uids, CAP_SETUID, ruid, euid)

    def setregid(self, rgid: int, egid: int) -> None:
        """Set the real and effective group."""
        self._set_two(self.gids, CAP_SETGID, rgid, egid)

    def setresuid(self, ruid: int, euid: int, suid: int) -> None:
        """Set the real, effective and saved user."""
        self._change(self.uids, CAP_SETUID, (ruid, euid, suid), [self.uids[:3]] * 3)

    def setresgid(self, rgid: int, egid: int, sgid: int) -> None:
        """Set the real, effective and saved group."""
        self._change(self.gids, CAP_SETGID, (rgid, egid, sgid), [self.gids[:3]] * 3)

    def setfsuid(self, fsuid: int) -> int:
        """Set the user for file access, if that is allowed; give the old one."""
        return self._set_fs(self.uids, CAP_SETUID, fsuid)

    def setfsgid(self, fsgid: int) -> int:
        """Set the group for file access, if that is allowed; give the old one."""
        return self._set_fs(self.gids, CAP_SETGID, fsgid)

    def _set_fs(self, ids: list[int], capability: int, id: int) -> int:
        old = ids[3]
        if id != KEEP and (id in ids or self.can(capability)):
            ids[3] = id
        return old

    def setgroups(self, groups: Sequence[int]) -> None:
        """Set the supplementary groups."""
        if not self.can(CAP_SETGID):
            raise OSError(EPERM, "without CAP_SETGID")
        self.groups = list(groups)

    def set_capabilities(self, effective: int, permitted: int, inheritable: int) -> None:
        """Set the three sets, none to more than is permitted."""
        if permitted & ~self.permitted or effective & ~permitted or inheritable & ~(self.inheritable | self.permitted):
            raise OSError(EPERM, "more than is permitted")
        self.effective, self.permitted, self.inheritable = effective, permitted, inheritable

    # struct ucred, which tells who has sent a message or made a socket

    def sent(self, credentials: bytes) -> bytes:
        """Give what the host is told of who sends, if that is who the guest may be (scm_check_creds)."""
        if len(credentials) != UCRED.size:
            return credentials
        pid, uid, gid = UCRED.unpack(credentials)
        if uid not in self.uids[:3] and not self.can(CAP_SETUID):
            raise OSError(EPERM, "not among the users that the process has")
        if gid not in self.gids[:3] and not self.can(CAP_SETGID):
            raise OSError(EPERM, "not among the groups that the process has")
        return UCRED.pack(pid, os.getuid(), os.getgid())

    @staticmethod
    def received(credentials: bytes) -> bytes:
        """Give what the guest is told: the host's user is root."""
        if len(credentials) != UCRED.size:
            return credentials
        pid, uid, gid = UCRED.unpack(credentials)
        return UCRED.pack(pid, 0 if uid == os.getuid() else uid, 0 if gid == os.getgid() else gid)

    def may_chown(self, owner: int, group: int, wanted_owner: int, wanted_group: int) -> bool:
        """Say whether a file's owner and group may be changed (chown_ok, chgrp_ok); KEEP leaves one."""
        if self.can(CAP_CHOWN):
            return True
        if wanted_owner not in (KEEP, owner) or self.uids[3] != owner:
            return wanted_owner == wanted_group == KEEP
        return wanted_group in (KEEP, group, self.gids[3], *self.groups)
