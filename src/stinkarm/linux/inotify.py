"""Watching files: what is watched must be readable for the guest; the events are read as the host lays them out."""

from __future__ import annotations

from errno import EINVAL

from stinkarm.guest.native import addressof, create_string_buffer
from stinkarm.linux import host
from stinkarm.linux.declare import FD, PATH, syscall
from stinkarm.linux.paths import AT_FDCWD, read_path
from stinkarm.sandbox.descriptors import READ

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stinkarm.linux.kernel import Kernel
    from stinkarm.linux.parameters import Fd, In, InotifyMask, Int, Path, PipeFlags

# x86-64 numbers: arch/x86/entry/syscalls/syscall_64.tbl
HOST_INOTIFY_ADD_WATCH = 254
HOST_INOTIFY_RM_WATCH = 255
HOST_INOTIFY_INIT1 = 294

IN_DONT_FOLLOW = 0x02000000
IN_CLOEXEC_NONBLOCK = 0o2004000


@syscall(316, FD)
def inotify_init(k: Kernel) -> Fd:
    """Make a descriptor that tells of changes of files."""
    return inotify_init1(k, 0)


@syscall(360, FD)
def inotify_init1(k: Kernel, flags: PipeFlags) -> Fd:
    """Make a descriptor that tells of changes of files, with flags."""
    if flags & ~IN_CLOEXEC_NONBLOCK:
        return -EINVAL
    fd = host.call(HOST_INOTIFY_INIT1, flags)
    return k.policy.descriptors.add(fd) if fd >= 0 else fd


@syscall(317, PATH)
def inotify_add_watch(k: Kernel, fd: Fd, pathname: In[Path], mask: InotifyMask) -> int:
    """Watch a file or directory."""
    fd = k.policy.descriptors.check_open(fd)
    follow = not mask & IN_DONT_FOLLOW
    with k.policy.paths.find(AT_FDCWD, read_path(k, pathname), follow=follow, need=READ) as found:
        name = create_string_buffer(found.path)
        flags = mask & ~IN_DONT_FOLLOW if found.follow else mask
        return host.call(HOST_INOTIFY_ADD_WATCH, fd, addressof(name), flags)


@syscall(318, FD)
def inotify_rm_watch(k: Kernel, fd: Fd, wd: Int) -> int:
    """End a watch."""
    return host.call(HOST_INOTIFY_RM_WATCH, k.policy.descriptors.check(fd), wd)
