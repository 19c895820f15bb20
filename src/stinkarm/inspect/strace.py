"""Show system calls as they are made, from their declarations.

Two forms: the log's own, a line for the call and one for its result,

    70088 write(fd=1, buf=0x8024 "Hello, world!\\n", len=14) [sandbox]
    =14

and strace's, one line after the call:

    write(1, "Hello, world!\\n", 14) = 14

What a call reads is shown as it was before the call, what it writes as it is after.
"""

from __future__ import annotations

import os
from _socket import inet_ntop
from _thread import allocate_lock, get_native_id
from errno import errorcode
from struct import unpack

from stinkarm.guest.memory import GuestFault
from stinkarm.inspect.flags import (
    BITS,
    NUMBERS,
    SI_CODES,
    SI_CODES_OF,
    SIGNALS,
    show_bits,
    show_file_mode,
    show_mode,
    show_number,
)
from stinkarm.linux import structs
from stinkarm.linux.structs import Layout
from stinkarm.sandbox.network import AF_INET, AF_INET6, AF_UNIX

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from stinkarm.guest.memory import Memory
    from stinkarm.inspect.log import Log
    from stinkarm.linux.declare import Syscall

MAX_BYTES = 32  # of a buffer, as strace
MAX_ITEMS = 32  # of an array, as strace
MAX_PATH = 4096
MAX_VARIABLES = 100_000  # of an environment
MAX_SOCKADDR = 128
MAX_ERRNO = 4095
AT_FDCWD = -100
SI_USER, SI_TIMER, SI_TKILL, SI_KERNEL = 0, -2, -6, 0x80
CLD_EXITED = 1
ENDS = ("exit", "exit_group")  # they do not return

# Names that Python gives another error of the same number.
ERROR_NAMES = dict(errorcode) | {11: "EAGAIN", 35: "EDEADLK", 95: "EOPNOTSUPP"}


def make_tracer(log: Log, memory: Memory, mode: str) -> Tracer:
    """Make what the kernel shows its calls to."""
    if log.summary:
        from stinkarm.inspect.call_summary import CallSummary

        return CallSummary(log, memory)
    return Strace(log, memory) if log.strace else CallLog(log, memory, mode)


# Text


_ESCAPES = {7: "\\a", 8: "\\b", 9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r", 34: '\\"', 92: "\\\\"}


def quote(data: bytes, limit: int | None = None) -> str:
    """Quote bytes as C would, with octal for what is not printable ASCII; `...` where the limit cuts."""
    shown = data if limit is None else data[:limit]
    text = []
    for index, byte in enumerate(shown):
        if byte in _ESCAPES:
            text.append(_ESCAPES[byte])
        elif 32 <= byte < 127:
            text.append(chr(byte))
        elif shown[index + 1 : index + 2].isdigit():
            text.append(f"\\{byte:03o}")
        else:
            text.append(f"\\{byte:o}")
    return f'"{"".join(text)}"' + ("..." if len(shown) < len(data) else "")


def show_address(address: int) -> str:
    """Give an address in hexadecimal, or NULL."""
    return hex(address) if address else "NULL"


def show_sigset(signals: int) -> str:
    """Give a signal set, by what is not in it when that is shorter."""
    names = [name.removeprefix("SIG") for number, name in SIGNALS.items() if signals >> (number - 1) & 1]
    if len(names) * 2 > len(SIGNALS):
        missing = [n.removeprefix("SIG") for number, n in SIGNALS.items() if not signals >> (number - 1) & 1]
        return f"~[{' '.join(missing)}]"
    return f"[{' '.join(names)}]"


def show_result(result: int, kind: str = "int") -> str:
    """Give what a call returned: a number, or -1 with the error's name and text."""
    if -MAX_ERRNO <= result < 0:
        name = ERROR_NAMES.get(-result, f"errno {-result}")
        return f"-1 {name} ({os.strerror(-result)})"
    return hex(result & 0xFFFFFFFF) if kind == "Address" else str(result)


def show_device(device: int) -> str:
    """Give a device as its two numbers."""
    return f"makedev({os.major(device):#x}, {os.minor(device):#x})"


def _show_handler(handler: int) -> str:
    return {0: "SIG_DFL", 1: "SIG_IGN"}.get(handler, hex(handler))


def _show_limit(limit: int) -> str:
    return "RLIM_INFINITY" if limit in (0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF) else str(limit)


def _bits(kind: str) -> Callable[[int], str]:
    return lambda value: show_bits(BITS[kind], value)


def _numbers(kind: str) -> Callable[[int], str]:
    return lambda value: show_number(NUMBERS[kind], value)


# Plain parameters, by the name of their type; those of BITS and NUMBERS are shown by these tables.
SHOW: dict[str, Callable[[int], str]] = {
    **{kind: _bits(kind) for kind in BITS},
    **{kind: _numbers(kind) for kind in NUMBERS},
    **dict.fromkeys(("Int", "Pid", "Id", "IdKind", "TimerId", "UInt", "Size", "Off64", "U64", "Fd", "int"), str),
    "Address": show_address,
    "Device": show_device,
    "DirFd": lambda fd: "AT_FDCWD" if fd == AT_FDCWD else str(fd),
    "Hex": lambda value: hex(value) if value else "0",
    "Mode": show_mode,
    "OldSigset": show_sigset,
}

# Fields of structs that are more than a decimal number, by their name.
FIELDS: dict[str, Callable[[Any], str]] = {
    **dict.fromkeys(("st_mode", "stx_mode"), show_file_mode),
    **dict.fromkeys(("st_dev", "st_rdev"), show_device),
    **dict.fromkeys(("rlim_cur", "rlim_max"), _show_limit),
    **dict.fromkeys(("c_iflag", "c_oflag", "c_cflag", "c_lflag", "f_type", "si_value", "resolve"), hex),
    **dict.fromkeys(("iov_base", "ss_sp", "sa_restorer", "list.next", "list_op_pending", "stack"), show_address),
    **dict.fromkeys(("msg_name", "msg_iov", "msg_control", "tls", "child_tid", "parent_tid"), show_address),
    **dict.fromkeys(("events", "revents"), SHOW["PollEvents"]),
    **dict.fromkeys(("si_signo", "sigev_signo", "exit_signal"), SHOW["Signal"]),
    "stx_mask": SHOW["StatxMask"],
    "sa_handler": _show_handler,
    "sa_flags": SHOW["SigactionFlags"],
    "sa_mask": show_sigset,
    "ss_flags": SHOW["SigstackFlags"],
    "l_type": SHOW["LockType"],
    "l_whence": SHOW["Whence"],
}
# ... where the same name means something else in another struct.
STRUCT_FIELDS: dict[tuple[str, str], Callable[[Any], str]] = {
    ("OpenHow", "flags"): SHOW["OpenFlags"],
    ("OpenHow", "mode"): show_mode,
    ("CloneArgs", "flags"): SHOW["CloneFlags"],
    ("EpollEvent", "events"): hex,
    ("EpollEvent", "data"): hex,
}

# Structs of which only these fields are shown.
SHORTENED = {
    "Rusage": ("ru_utime.tv_sec", "ru_utime.tv_usec", "ru_stime.tv_sec", "ru_stime.tv_usec"),
    "Siginfo": ("si_signo", "si_code", "si_pid", "si_uid"),
    "Stat": ("st_mode", "st_size"),
    "Stat64": ("st_mode", "st_size"),
    "Statfs": ("f_type", "f_bsize", "f_blocks", "f_bfree"),
    "Statfs64": ("f_type", "f_bsize", "f_blocks", "f_bfree"),
    "Statx": ("stx_mask", "stx_mode", "stx_size"),
    "Sysinfo": ("uptime", "loads", "totalram", "freeram"),
    "Termios": ("c_iflag", "c_oflag", "c_cflag", "c_lflag"),
    "Termios2": ("c_iflag", "c_oflag", "c_cflag", "c_lflag"),
    "Timex": ("modes", "status"),
    "Timex64": ("modes", "status"),
    "Utsname": ("sysname", "nodename", "release", "machine"),
}


def show_struct(name: str, layout: Layout, data: bytes) -> str:
    """Give a struct as {field=value, ...}."""
    values = list(layout.unpack(data))
    wanted = SHORTENED.get(name)
    shown: list[str] = []
    group = ""
    for field, code, _ in layout.fields:
        count = int(code[:-1]) if code[:-1] and code[-1] != "s" else 1
        taken, values = values[:count], values[count:]
        if wanted is not None and field not in wanted:
            continue
        outer, dot, inner = field.rpartition(".")
        if outer != group:
            if group:
                shown[-1] += "}"
            group = outer
            opening = f"{outer}={{" if dot else ""
        else:
            opening = ""
        texts = [_show_field(name, field, value) for value in taken]
        text = texts[0] if count == 1 else f"[{', '.join(texts)}]"
        shown.append(f"{opening}{inner}={text}")
    if group:
        shown[-1] += "}"
    if wanted is not None:
        shown.append("...")
    return f"{{{', '.join(shown)}}}"


def _show_field(name: str, field: str, value: Any) -> str:
    if isinstance(value, bytes):
        return quote(value.partition(b"\0")[0])
    show = STRUCT_FIELDS.get((name, field)) or FIELDS.get(field, str)
    return show(value)


def show_siginfo(info: bytes) -> str:
    """Give a siginfo, by who has sent the signal."""
    number, _, code = unpack("<iii", info[:12])
    codes = SI_CODES if code <= 0 or code == SI_KERNEL else SI_CODES_OF.get(SIGNALS.get(number, ""), {})
    fields = [f"si_signo={SHOW['Signal'](number)}", f"si_code={codes.get(code, code)}"]
    first, second, third, utime, stime = unpack("<iiiii", info[12:32])
    value = f"si_int={third}, si_ptr={show_address(third & 0xFFFFFFFF)}"
    name = SIGNALS.get(number, "")
    if code == SI_KERNEL:
        pass
    elif code == SI_TIMER:
        fields += [f"si_timerid={first}", f"si_overrun={second}", value]
    elif code <= 0:
        fields += [f"si_pid={first}", f"si_uid={second}"]
        if code not in (SI_USER, SI_TKILL):
            fields.append(value)
    elif name == "SIGCHLD":
        ended = str(third) if code == CLD_EXITED else SHOW["Signal"](third)
        fields += [f"si_pid={first}", f"si_uid={second}", f"si_status={ended}"]
        fields += [f"si_utime={utime}", f"si_stime={stime}"]
    elif name in ("SIGILL", "SIGFPE", "SIGSEGV", "SIGBUS", "SIGTRAP"):
        fields.append(f"si_addr={show_address(first & 0xFFFFFFFF)}")
    else:
        fields += [f"si_band={first:#x}", f"si_fd={second}"]
    return f"{{{', '.join(fields)}}}"


# What pointers point to


class Tracer:
    """Shows calls. Subclasses say how; this reads the guest's memory."""

    def __init__(self, log: Log, memory: Memory) -> None:
        self.log = log
        self.memory = memory

    def another(self) -> Tracer:
        """Make one for another thread."""
        raise NotImplementedError

    def enter(self, call: Syscall, arguments: tuple[int, ...]) -> None:
        """Show, or remember, a call that is about to run."""
        raise NotImplementedError

    def leave(self, call: Syscall, arguments: tuple[int, ...], result: int | None) -> None:
        """Show the result; None when the call did not come back."""
        raise NotImplementedError

    def begin_family(self, *, is_child: bool = False) -> None:
        """Hear that there is another process, or that this is a new one."""

    def signal(self, number: int, info: bytes) -> None:
        """Hear that a signal acts; `info` is the guest's siginfo."""

    def end(self, how: str, thread: int = 0) -> None:
        """Hear how the thread or another (`thread`) has ended, a child among them."""

    def finish(self, *, is_first: bool) -> None:
        """Hear that the process goes on in another program, or has ended and is the family's first."""

    def content(self, call: Syscall, arguments: tuple[int, ...], index: int, result: int | None) -> str:
        """Give what a pointer parameter points to, or "" when that cannot be read or is not to be shown.

        `result` is None before the call, when what the call only writes is not shown.
        """
        direction, _, kind = call.parameters[index][1].rstrip("]").partition("[")
        address = arguments[index]
        if not address or not kind or (direction == "Out" and result is None):
            return ""
        if direction == "In" and result is not None:
            return ""
        try:
            show = POINTED.get(kind)
            if show is not None:
                return show(self, address, Call(call, arguments, index, result))
            layout = getattr(structs, kind)
            return show_struct(kind, layout, self.memory.read(address, layout.size))
        except (GuestFault, OSError):
            return ""


class Call:
    """A call while one of its pointers is shown."""

    __slots__ = ("arguments", "index", "result", "syscall")

    def __init__(self, syscall: Syscall, arguments: tuple[int, ...], index: int, result: int | None) -> None:
        self.syscall = syscall
        self.arguments = arguments
        self.index = index
        self.result = result

    @property
    def length(self) -> int:
        """The parameter after the pointer, which counts what it points to."""
        following = self.index + 1
        return self.arguments[following] if following < len(self.arguments) else 0

    @property
    def written(self) -> int:
        """How many bytes of an array to show: what was returned, if the call has returned."""
        return self.length if self.result is None else min(self.length, max(0, self.result))


def _show_items(items: list[str], count: int, separator: str = ", ") -> str:
    return f"[{separator.join(items)}{separator + '...' if count > len(items) else ''}]"


def _path(tracer: Tracer, address: int, call: Call) -> str:
    return quote(tracer.memory.read_cstring(address, MAX_PATH))


def _bytes(tracer: Tracer, address: int, call: Call) -> str:
    size = call.written
    shown = quote(tracer.memory.read(address, min(size, MAX_BYTES)))
    return shown + "..." if size > MAX_BYTES else shown


def _word(tracer: Tracer, address: int, call: Call) -> str:
    return f"[{int.from_bytes(tracer.memory.read(address, 4), 'little')}]"


def _half(tracer: Tracer, address: int, call: Call) -> str:
    return f"[{int.from_bytes(tracer.memory.read(address, 2), 'little')}]"


def _off(tracer: Tracer, address: int, call: Call) -> str:
    return f"[{int.from_bytes(tracer.memory.read(address, 8), 'little', signed=True)}]"


def _fd_pair(tracer: Tracer, address: int, call: Call) -> str:
    return "[{}, {}]".format(*unpack("<ii", tracer.memory.read(address, 8)))


def _words(tracer: Tracer, address: int, call: Call) -> str:
    return _numbers_of(tracer, address, call.length, 4)


def _ids(tracer: Tracer, address: int, call: Call) -> str:
    return _numbers_of(tracer, address, _group_count(call), 4)


def _half_ids(tracer: Tracer, address: int, call: Call) -> str:
    return _numbers_of(tracer, address, _group_count(call), 2)


def _group_count(call: Call) -> int:
    """Give how many ids there are: getgroups and setgroups count them first, getgroups returns how many."""
    return call.arguments[0] if call.result is None else min(call.arguments[0], call.result)


def _numbers_of(tracer: Tracer, address: int, count: int, width: int) -> str:
    shown = max(0, min(count, MAX_ITEMS))
    data = tracer.memory.read(address, shown * width)
    items = [str(int.from_bytes(data[i : i + width], "little")) for i in range(0, len(data), width)]
    return _show_items(items, count)


def _sigset(tracer: Tracer, address: int, call: Call) -> str:
    return show_sigset(int.from_bytes(tracer.memory.read(address, 8), "little"))


def _old_sigset(tracer: Tracer, address: int, call: Call) -> str:
    return show_sigset(int.from_bytes(tracer.memory.read(address, 4), "little"))


def _fd_set(tracer: Tracer, address: int, call: Call) -> str:
    bits = max(0, min(call.arguments[0], 1024))
    numbers = int.from_bytes(tracer.memory.read(address, (bits + 31) // 32 * 4), "little")
    return _show_items([str(fd) for fd in range(bits) if numbers >> fd & 1], 0, " ")


def _cpu_mask(tracer: Tracer, address: int, call: Call) -> str:
    size = call.arguments[call.index - 1] if call.result is None else call.result
    bits = int.from_bytes(tracer.memory.read(address, max(0, min(size, 1024))), "little")
    return _show_items([str(cpu) for cpu in range(bits.bit_length()) if bits >> cpu & 1], 0, " ")


def _strings(tracer: Tracer, address: int, call: Call) -> str:
    if call.syscall.parameters[call.index][0] == "envp":
        count = 0
        while count < MAX_VARIABLES and tracer.memory.read(address + 4 * count, 4) != bytes(4):
            count += 1
        return f"[/* {count} var{'' if count == 1 else 's'} */]"
    items: list[str] = []
    while len(items) <= MAX_ITEMS:
        pointer = int.from_bytes(tracer.memory.read(address + 4 * len(items), 4), "little")
        if not pointer:
            return _show_items(items, len(items))
        items.append(quote(tracer.memory.read_cstring(pointer, MAX_PATH), MAX_BYTES))
    return _show_items(items[:MAX_ITEMS], len(items))


def _iovecs(tracer: Tracer, address: int, call: Call) -> str:
    left = None if call.result is None else call.result
    items = []
    for index in range(max(0, min(call.length, MAX_ITEMS))):
        base, size = structs.Iovec.read(tracer.memory, address + 8 * index)
        used = size if left is None else min(size, left)
        if left is not None:
            left -= used
        try:
            text = quote(tracer.memory.read(base, min(used, MAX_BYTES))) + ("..." if used > MAX_BYTES else "")
        except (GuestFault, OSError):
            text = show_address(base)
        items.append(f"{{iov_base={text}, iov_len={size}}}")
    return _show_items(items, call.length)


def _sockaddr(tracer: Tracer, address: int, call: Call) -> str:
    size = call.arguments[call.index + 1]
    if call.syscall.parameters[call.index + 1][1] == "InOut[Word]":  # accept, recvfrom and their like
        if call.result is None or not size:
            return ""
        size = int.from_bytes(tracer.memory.read(size, 4), "little")
    return show_socket_address(tracer.memory.read(address, max(0, min(size, MAX_SOCKADDR))))


def _option_value(tracer: Tracer, address: int, call: Call) -> str:
    size = int.from_bytes(tracer.memory.read(call.length, 4), "little")
    return quote(tracer.memory.read(address, min(size, MAX_BYTES))) + ("..." if size > MAX_BYTES else "")


def _mmsghdrs(tracer: Tracer, address: int, call: Call) -> str:
    return f"/* {call.length if call.result is None else call.result} messages */"


def show_socket_address(data: bytes) -> str:
    """Give a struct sockaddr by its family."""
    family = int.from_bytes(data[:2], "little")
    fields = [f"sa_family={show_number(NUMBERS['SocketDomain'], family)}"]
    port = f"htons({int.from_bytes(data[2:4], 'big')})"
    if family == AF_UNIX and len(data) > 2:
        name = data[2:]
        path = quote(name.partition(b"\0")[0]) if name[0] else "@" + quote(name[1:])
        fields.append(f"sun_path={path}")
    elif family == AF_INET and len(data) >= 8:
        fields += [f"sin_port={port}", f'sin_addr="{inet_ntop(AF_INET, data[4:8])}"']
    elif family == AF_INET6 and len(data) >= 24:
        fields += [f"sin6_port={port}", f'sin6_addr="{inet_ntop(AF_INET6, data[8:24])}"']
    elif len(data) > 2:
        fields.append(f"sa_data={quote(data[2:], MAX_BYTES)}")
    return f"{{{', '.join(fields)}}}"


def _pollfds(tracer: Tracer, address: int, call: Call) -> str:
    count = call.arguments[call.index + 1]
    items = []
    for index in range(max(0, min(count, MAX_ITEMS))):
        fd, events, revents = structs.Pollfd.read(tracer.memory, address + 8 * index)
        after = "" if call.result is None else f", revents={FIELDS['revents'](revents & 0xFFFF)}"
        if call.result is None or revents:
            items.append(f"{{fd={fd}, events={FIELDS['events'](events & 0xFFFF)}{after}}}")
    return _show_items(items, count if call.result is None else 0)


def _dirents(tracer: Tracer, address: int, call: Call) -> str:
    data = tracer.memory.read(address, call.written)
    count = at = 0
    while at + 18 <= len(data) and (size := int.from_bytes(data[at + 16 : at + 18], "little")):
        count, at = count + 1, at + size
    return f"/* {count} entries */"


POINTED: dict[str, Callable[[Tracer, int, Call], str]] = {
    "Bytes": _bytes,
    "CpuMask": _cpu_mask,
    "Dirents": _dirents,
    "FdPair": _fd_pair,
    "FdSet": _fd_set,
    "Half": _half,
    "HalfIds": _half_ids,
    "Ids": _ids,
    "Iovecs": _iovecs,
    "Mmsghdrs": _mmsghdrs,
    "Off": _off,
    "OldSigset": _old_sigset,
    "OptionValue": _option_value,
    "Path": _path,
    "Pollfds": _pollfds,
    "Sigset": _sigset,
    "Sockaddr": _sockaddr,
    "String": _path,
    "Strings": _strings,
    "Word": _word,
    "Words": _words,
}


# The two forms


class CallLog(Tracer):
    """The log's own form: `--log syscalls`."""

    def __init__(self, log: Log, memory: Memory, mode: str) -> None:
        super().__init__(log, memory)
        self.mode = mode
        self.several = False

    def another(self) -> CallLog:
        """Make one for another thread; from now on results say whose they are."""
        new = CallLog(self.log, self.memory, self.mode)
        new.several = self.several = True
        return new

    def begin_family(self, *, is_child: bool = False) -> None:
        """Say from now on whose the results are."""
        self.several = True

    def enter(self, call: Syscall, arguments: tuple[int, ...]) -> None:
        """Write the call."""
        shown = []
        for index, (name, kind) in enumerate(call.parameters):
            show = SHOW.get(kind)
            if show is not None:
                shown.append(f"{name}={show(arguments[index])}")
            else:
                text = self.content(call, arguments, index, None)
                shown.append(f"{name}={show_address(arguments[index])}{' ' + text if text else ''}")
        thread = get_native_id() if self.several else os.getpid()
        self.log.write(f"{thread} {call.name}({', '.join(shown)}) [{self.mode}]\n")

    def leave(self, call: Syscall, arguments: tuple[int, ...], result: int | None) -> None:
        """Write the result, and what the call wrote."""
        if call.name in ENDS:
            return
        whose = f"{get_native_id()} {call.name} " if self.several else ""
        if result is None:
            self.log.write(f"{whose}=?\n")
            return
        text = f"{whose}={show_result(result, call.result)}"
        if result >= 0:
            for index, (name, _) in enumerate(call.parameters):
                content = self.content(call, arguments, index, result)
                if content:
                    text += f" {name}={content}"
        self.log.write(text + "\n")


class _Running:
    """The calls that threads of a process are in, by thread; `lock` guards them, and keeps lines whole."""

    def __init__(self) -> None:
        self.lock = allocate_lock()
        self.calls: dict[int, Strace] = {}


class Strace(Tracer):
    """strace's form: `-strace`."""

    def __init__(self, log: Log, memory: Memory) -> None:
        super().__init__(log, memory)
        self._several = False
        self._running = _Running()
        self._call: tuple[Syscall, tuple[int, ...]]
        self._before: list[str] = []
        self._shown = -1  # parameters that a line has that another thread's has cut off

    def another(self) -> Strace:
        """Make one for another thread; from now on lines say whose they are, as with strace -f."""
        new = Strace(self.log, self.memory)
        new._several = self._several = True
        new._running = self._running
        return new

    def begin_family(self, *, is_child: bool = False) -> None:
        """Say from now on whose the lines are; a child is its only thread."""
        self._several = True
        if is_child:
            self._running = _Running()

    def _write(self, text: str) -> None:
        with self._running.lock:
            for thread, other in self._running.calls.items():
                if other is not self and other._shown < 0:
                    other._cut_off(thread)
            self._line(get_native_id(), text)

    def _line(self, thread: int, text: str) -> None:
        self.log.write(f"[pid {thread:5}] {text}\n" if self._several else text + "\n")

    def _cut_off(self, thread: int) -> None:
        """Write what is known of a call that goes on."""
        call, arguments = self._call
        outputs = (at for at, (_, kind) in enumerate(call.parameters) if kind.startswith("Out["))
        self._shown = next(outputs, len(call.parameters))
        shown = "".join(f"{self._show(at, arguments[at], '')}, " for at in range(self._shown))
        if self._shown == len(call.parameters):
            shown = shown.removesuffix(", ")
        self._line(thread, f"{call.name}({shown} <unfinished ...>")

    def _show(self, index: int, argument: int, after: str) -> str:
        """Give a parameter; `after` is what it points to after the call, or ""."""
        call, _ = self._call
        show = SHOW.get(call.parameters[index][1])
        if show is not None:
            return show(argument)
        before = self._before[index]
        if before and after and before != after:
            return f"{before} => {after}"
        return after or before or show_address(argument)

    def enter(self, call: Syscall, arguments: tuple[int, ...]) -> None:
        """Remember what the call reads; write a call that will not return."""
        self._before = [
            "" if kind in SHOW else self.content(call, arguments, index, None)
            for index, (_, kind) in enumerate(call.parameters)
        ]
        self._call, self._shown = (call, arguments), -1
        if call.name in ENDS:
            self._write(f"{call.name}({SHOW['Int'](arguments[0])}) = ?")
        elif self._several:
            with self._running.lock:
                self._running.calls[get_native_id()] = self

    def leave(self, call: Syscall, arguments: tuple[int, ...], result: int | None) -> None:
        """Write the call and its result."""
        if call.name in ENDS:
            return
        with self._running.lock:
            self._running.calls.pop(get_native_id(), None)
        shown = []
        for index in range(max(0, self._shown), len(call.parameters)):
            kind = call.parameters[index][1]
            returned = kind not in SHOW and result is not None and result >= 0
            after = self.content(call, arguments, index, result) if returned else ""
            shown.append(self._show(index, arguments[index], after))
        answer = "?" if result is None else show_result(result, call.result)
        begin = f"<... {call.name} resumed>" if self._shown >= 0 else f"{call.name}("
        self._write(f"{begin}{', '.join(shown)}) = {answer}")

    def signal(self, number: int, info: bytes) -> None:
        """Write that a signal acts."""
        self._write(f"--- {SHOW['Signal'](number)} {show_siginfo(info)} ---")

    def end(self, how: str, thread: int = 0) -> None:
        """Write how a thread, a child or the process has ended."""
        with self._running.lock:
            self._running.calls.pop(thread or get_native_id(), None)
        if thread:
            with self._running.lock:
                self._line(thread, f"+++ {how} +++")
        else:
            self._write(f"+++ {how} +++")
