"""`@system_call`, where SVC goes: pass the call on to the host, or leave for Python. LLVM IR text.

Which calls are passed on, and how, is in the block of `guest/direct.py` that `State.calls` points to. No call that is
made here waits for another process: a signal that comes just before it would not end it. So a pipe is read and
written with RWF_NOWAIT, and what would wait is left to Python.

A call that does not succeed here leaves to Python with nothing done, and is made there from the beginning. So is one
whose access to guest memory faults: `State.calling` tells the signal handler (`runtime.FAULT`).
"""

from __future__ import annotations

from collections.abc import Callable

from ..guest.direct import (
    ATOMIC,
    CLOCK,
    DESCRIPTORS,
    KINDS,
    NOT_DIRECT,
    NUMBERS,
    PIPE,
    PLAIN,
    SHAPES,
    SMALL,
    SOCKET,
    TURN,
    VECTORS,
)
from ..guest.state import OFFSETS
from .emit import CALL, PARAMETERS, PINS

_ARGUMENTS = "ptr %st, ptr %mem, ptr %ip, ptr %base, i64 %budget, i32 %n, i32 %z, i32 %c, i32 %v"
_SPACE = 1 << 32

# x86-64 numbers: arch/x86/entry/syscalls/syscall_64.tbl
_LSEEK = 8
_READ, _READV, _PREAD = 0, 19, 17
_PREADV2 = 327  # and pwritev2 is the next, as write is after read
_RWF_NOWAIT = 8
_EOPNOTSUPP = 95
_EAGAIN = 11
_SEEK_CUR = 1
_LAST_CLOCK = 11  # the ids of the host's own clocks; negative ones name a process
_SSIZE_MAX = 0x7FFFFFFF
_MAX_NON_LFS = 0x7FFFFFFF

# include/uapi/linux/futex.h: WAKE, REQUEUE, CMP_REQUEUE, WAKE_OP and WAKE_BITSET, as bits.
_FUTEX_COMMAND = 0x7F
_FUTEX_WAKES = 1 << 1 | 1 << 3 | 1 << 4 | 1 << 5 | 1 << 10

_SYSCALL = {
    0: 'asm sideeffect "syscall", "={rax},{rax},~{rcx},~{r11},~{memory},~{flags}"',
    3: 'asm sideeffect "syscall", "={rax},{rax},{rdi},{rsi},{rdx},~{rcx},~{r11},~{memory},~{flags}"',
    4: 'asm sideeffect "syscall", "={rax},{rax},{rdi},{rsi},{rdx},{r10},~{rcx},~{r11},~{memory},~{flags}"',
    6: 'asm sideeffect "syscall", "={rax},{rax},{rdi},{rsi},{rdx},{r10},{r8},{r9},~{rcx},~{r11},~{memory},~{flags}"',
}
# Handlers do not keep the stack aligned, and may use the 128 bytes below it.
_CALL_HOST = (
    'asm sideeffect "movq %rsp, %rbx; leaq -128(%rsp), %rsp; andq $$-16, %rsp; callq *%rax; movq %rbx, %rsp", '
    '"={rax},={rdi},={rsi},0,1,2,~{rbx},~{rcx},~{rdx},~{r8},~{r9},~{r10},~{r11},~{memory},~{flags},~{dirflag},~{fpsr}"'
)
_LOAD = f'asm sideeffect "movq ($1), $0", "=r,r,{PINS},~{{memory}},~{{flags}}"'
_STORE = f'asm sideeffect "movq $1, ($0)", "r,r,{PINS},~{{memory}},~{{flags}}"'
_STORE_WORD = f'asm sideeffect "movl ${{1:k}}, ($0)", "r,r,{PINS},~{{memory}},~{{flags}}"'


class _Text:
    """The lines of the function."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._names = 0

    def new(self, text: str) -> str:
        self._names += 1
        self.lines.append(f"  %t{self._names} = {text}")
        return f"%t{self._names}"

    def do(self, text: str) -> None:
        self.lines.append(f"  {text}")

    def label(self) -> str:
        self._names += 1
        return f"L{self._names}"

    def begin(self, label: str) -> None:
        self.lines.append(f"{label}:")

    def out_if(self, condition: str) -> None:
        """Leave to Python when an i1 is true."""
        truth, label = self.new(condition), self.label()
        self.do(f"br i1 {truth}, label %out, label %{label}")
        self.begin(label)

    def pointer(self, name: str) -> str:
        return self.new(f"getelementptr inbounds i8, ptr %st, i64 {OFFSETS[name]}")

    def state(self, name: str) -> str:
        return self.new(f"load i32, ptr {self.pointer(name)}, align 4")

    def set_state(self, name: str, value: str) -> None:
        self.do(f"store i32 {value}, ptr {self.pointer(name)}, align 4")

    def register(self, number: int) -> str:
        place = self.new(f"getelementptr inbounds i8, ptr %st, i64 {OFFSETS['r'] + 4 * number}")
        return self.new(f"load i32, ptr {place}, align 4")

    def wide(self, number: int) -> str:
        return self.new(f"zext i32 {self.register(number)} to i64")

    def pair(self, number: int) -> str:
        place = self.new(f"getelementptr inbounds i8, ptr %st, i64 {OFFSETS['r'] + 4 * number}")
        return self.new(f"load i64, ptr {place}, align 4")

    def host(self, address: str) -> str:
        """Give the host address of a guest address (i64)."""
        return self.new(f"ptrtoint ptr {self.new(f'getelementptr i8, ptr %mem, i64 {address}')} to i64")

    def call(self, number: str, *arguments: str) -> str:
        """Make the host's call; leave to Python when it fails."""
        result = self.raw_call(number, *arguments)
        self.out_if(f"icmp slt i64 {result}, 0")
        return result

    def raw_call(self, number: str, *arguments: str) -> str:
        values = ", ".join(f"i64 {value}" for value in (number, *arguments))
        return self.new(f"call i64 {_SYSCALL[len(arguments)]}({values})")

    def kind(self, fd: str) -> tuple[str, str]:
        """Give where the kind of a descriptor (i32) is, and the kind."""
        self.out_if(f"icmp uge i32 {fd}, {DESCRIPTORS}")
        place = self.new(f"getelementptr inbounds i8, ptr %calls, i64 {KINDS}")
        kinds = self.new(f"load ptr, ptr {place}, align 8")
        wide = self.new(f"zext i32 {fd} to i64")
        pointer = self.new(f"getelementptr inbounds i8, ptr {kinds}, i64 {wide}")
        return pointer, self.new(f"load i8, ptr {pointer}, align 1")

    def done(self, result: str) -> None:
        """Put the result (i64) into r0 and go on."""
        place = self.new(f"getelementptr inbounds i8, ptr %st, i64 {OFFSETS['r']}")
        self.do(f"store i32 {self.new(f'trunc i64 {result} to i32')}, ptr {place}, align 4")
        self.do("br label %next")

    def transferred(self, result: str) -> None:
        """The same for a number of bytes, which took time."""
        pages = self.new(f"trunc i64 {self.new(f'lshr i64 {result}, 12')} to i32")
        self.set_state("calls_left", self.new(f"sub i32 {self.state('calls_left')}, {pages}"))
        self.done(result)


def _none(t: _Text) -> None:
    t.done(t.call("%number"))


def _buffer(t: _Text, address: str, size: str) -> str:
    """Give the host address of `size` guest bytes (i64), which must lie in the guest's space."""
    t.out_if(f"icmp ugt i64 {t.new(f'add i64 {address}, {size}')}, {_SPACE}")
    return t.host(address)


def _without_waiting(
    t: _Text, kind: tuple[str, str], size: str, fd: str, vector: str, count: str, is_write: str
) -> None:
    """Transfer by struct iovec, if that need not wait, what is no plain file."""
    place, number = kind
    pipe = t.new(f"icmp eq i8 {number}, {PIPE}")
    socket = t.new(f"icmp eq i8 {number}, {SOCKET}")
    read = t.new(f"xor i1 {is_write}, true")
    may_read = t.new(f"and i1 {t.new(f'or i1 {pipe}, {socket}')}, {read}")
    whole = t.new(f"icmp ule i64 {size}, {ATOMIC}")
    may_write = t.new(f"and i1 {t.new(f'and i1 {pipe}, {is_write}')}, {whole}")
    t.out_if(f"xor i1 {t.new(f'or i1 {may_read}, {may_write}')}, true")
    host_number = t.new(f"add i64 {t.new(f'zext i1 {is_write} to i64')}, {_PREADV2}")
    result = t.raw_call(host_number, fd, vector, count, "-1", "-1", str(_RWF_NOWAIT))
    never, now = t.label(), t.label()
    t.do(f"br i1 {t.new(f'icmp eq i64 {result}, -{_EOPNOTSUPP}')}, label %{never}, label %{now}")
    t.begin(never)
    t.do(f"store i8 {NOT_DIRECT}, ptr {place}, align 1")
    t.do("br label %out")
    t.begin(now)
    t.out_if(f"icmp slt i64 {result}, 0")
    t.transferred(result)


def _file(t: _Text, kind: str, small: str, plain: str, other: str) -> None:
    """Branch by a kind: a file that was opened without O_LARGEFILE, another file, something else."""
    t.do(f"switch i8 {kind}, label %{other} [ i8 {PLAIN}, label %{plain} i8 {SMALL}, label %{small} ]")


def _small(t: _Text, name: str, is_write: str, fd: str, size: str, plain: str) -> None:
    """Leave to Python what would be written above 2 GiB, at a file's own position."""
    t.begin(f"{name}_small")
    t.do(f"br i1 {is_write}, label %{name}_small_write, label %{plain}")
    t.begin(f"{name}_small_write")
    position = t.raw_call(str(_LSEEK), fd, "0", str(_SEEK_CUR))
    t.out_if(f"icmp slt i64 {position}, 0")
    t.out_if(f"icmp sgt i64 {t.new(f'add i64 {position}, {size}')}, {_MAX_NON_LFS}")
    t.do(f"br label %{plain}")


def _bytes(t: _Text) -> None:
    fd, address, size = t.register(0), t.wide(1), t.wide(2)
    kind = t.kind(fd)
    host = _buffer(t, address, size)
    wide = t.new(f"zext i32 {fd} to i64")
    is_write = t.new(f"icmp ne i64 %number, {_READ}")
    _file(t, kind[1], "bytes_small", "plain", "not_plain")
    _small(t, "bytes", is_write, wide, size, "plain")
    t.begin("plain")
    t.transferred(t.call("%number", wide, host, size))
    t.begin("not_plain")
    second = t.new("getelementptr inbounds i8, ptr %room, i64 8")
    t.do(f"store i64 {host}, ptr %room, align 8")
    t.do(f"store i64 {size}, ptr {second}, align 8")
    _without_waiting(t, kind, size, wide, t.new("ptrtoint ptr %room to i64"), "1", is_write)


def _bytes_at(t: _Text) -> None:
    fd, address, size, offset = t.register(0), t.wide(1), t.wide(2), t.pair(4)
    kind = t.kind(fd)[1]
    _file(t, kind, "at_small", "at_plain", "out")
    t.begin("at_small")
    end = t.new(f"add i64 {offset}, {size}")
    beyond = t.new(f"icmp ugt i64 {end}, {_MAX_NON_LFS}")
    is_write = t.new(f"icmp ne i64 %number, {_PREAD}")
    t.out_if(f"and i1 {beyond}, {is_write}")
    t.do("br label %at_plain")
    t.begin("at_plain")
    host = _buffer(t, address, size)
    t.transferred(t.call("%number", t.new(f"zext i32 {fd} to i64"), host, size, offset))


def _vector(t: _Text) -> None:
    fd, array, count = t.register(0), t.wide(1), t.wide(2)
    kind = t.kind(fd)
    t.out_if(f"icmp uge i64 {t.new(f'sub i64 {count}, 1')}, {VECTORS}")
    start = t.host(array)
    t.set_state("calling", "1")
    t.do("br label %vector_before")
    t.begin("vector_before")
    t.do("br label %vector_each")
    t.begin("vector_each")
    t.do("%index = phi i64 [ 0, %vector_before ], [ %index1, %vector_more ]")
    t.do("%total = phi i64 [ 0, %vector_before ], [ %total1, %vector_more ]")
    place = t.new(f"add i64 {start}, {t.new('shl i64 %index, 3')}")
    both = t.new(f"call i64 {_LOAD}(i64 {place}, {_ARGUMENTS})")
    address, size = t.new(f"and i64 {both}, {_SPACE - 1}"), t.new(f"lshr i64 {both}, 32")
    t.out_if(f"icmp ugt i64 {size}, {_SSIZE_MAX}")
    host = _buffer(t, address, size)
    entry = t.new(f"getelementptr inbounds i8, ptr %room, i64 {t.new('shl i64 %index, 4')}")
    t.do(f"store i64 {host}, ptr {entry}, align 8")
    t.do(f"store i64 {size}, ptr {t.new(f'getelementptr inbounds i8, ptr {entry}, i64 8')}, align 8")
    t.do("br label %vector_more")
    t.begin("vector_more")
    t.do("%index1 = add i64 %index, 1")
    t.do(f"%total1 = add i64 %total, {size}")
    t.do(f"br i1 {t.new(f'icmp ult i64 %index1, {count}')}, label %vector_each, label %vector_ready")
    t.begin("vector_ready")
    wide, room = t.new(f"zext i32 {fd} to i64"), t.new("ptrtoint ptr %room to i64")
    is_write = t.new(f"icmp ne i64 %number, {_READV}")
    _file(t, kind[1], "vector_small", "vector_plain", "vector_not_plain")
    _small(t, "vector", is_write, wide, "%total1", "vector_plain")
    t.begin("vector_plain")
    t.transferred(t.call("%number", wide, room, count))
    t.begin("vector_not_plain")
    _without_waiting(t, kind, "%total1", wide, room, count, is_write)


def _llseek(t: _Text) -> None:
    """Move a position. Only what may be done twice, for the result is stored after it."""
    fd, high, low, result, whence = t.register(0), t.wide(1), t.wide(2), t.wide(3), t.wide(4)
    _file(t, t.kind(fd)[1], "seek", "seek", "out")
    t.begin("seek")
    offset = t.new(f"or i64 {low}, {t.new(f'shl i64 {high}, 32')}")
    moves = t.new(f"icmp ne i64 {offset}, 0")
    t.out_if(f"and i1 {moves}, {t.new(f'icmp eq i64 {whence}, {_SEEK_CUR}')}")
    position = t.call("%number", t.new(f"zext i32 {fd} to i64"), offset, whence)
    t.set_state("calling", "1")
    t.do(f"call void {_STORE}(i64 {t.host(result)}, i64 {position}, {_ARGUMENTS})")
    t.done("0")


def _read_clock(t: _Text, clock: str) -> tuple[str, str]:
    """Read a clock (i32) of the host; give seconds and nanoseconds."""
    place = t.new(f"getelementptr inbounds i8, ptr %calls, i64 {CLOCK}")
    function = t.new(f"load i64, ptr {place}, align 8")
    called = t.new(
        f"call {{ i64, i64, i64 }} {_CALL_HOST}(i64 {function}, "
        f"i64 {t.new(f'zext i32 {clock} to i64')}, i64 {t.new('ptrtoint ptr %room to i64')})"
    )
    result = t.new(f"extractvalue {{ i64, i64, i64 }} {called}, 0")
    failed = t.new(f"trunc i64 {result} to i32")
    t.out_if(f"icmp ne i32 {failed}, 0")
    second = t.new("getelementptr inbounds i8, ptr %room, i64 8")
    t.set_state("calling", "1")
    return t.new("load i64, ptr %room, align 8"), t.new(f"load i64, ptr {second}, align 8")


def _clock64(t: _Text) -> None:
    clock = t.register(0)
    t.out_if(f"icmp ugt i32 {clock}, {_LAST_CLOCK}")
    seconds, nanoseconds = _read_clock(t, clock)
    host = t.host(t.wide(1))
    t.do(f"call void {_STORE}(i64 {host}, i64 {seconds}, {_ARGUMENTS})")
    t.do(f"call void {_STORE}(i64 {t.new(f'add i64 {host}, 8')}, i64 {nanoseconds}, {_ARGUMENTS})")
    t.done("0")


def _store_words(t: _Text, address: str, first: str, second: str) -> None:
    host = t.host(address)
    t.do(f"call void {_STORE_WORD}(i64 {host}, i64 {first}, {_ARGUMENTS})")
    t.do(f"call void {_STORE_WORD}(i64 {t.new(f'add i64 {host}, 4')}, i64 {second}, {_ARGUMENTS})")
    t.done("0")


def _clock32(t: _Text) -> None:
    clock = t.register(0)
    t.out_if(f"icmp ugt i32 {clock}, {_LAST_CLOCK}")
    _store_words(t, t.wide(1), *_read_clock(t, clock))


def _timeofday(t: _Text) -> None:
    address, zone = t.wide(0), t.register(1)
    t.out_if(f"icmp eq i64 {address}, 0")
    t.out_if(f"icmp ne i32 {zone}, 0")
    seconds, nanoseconds = _read_clock(t, "0")
    _store_words(t, address, seconds, t.new(f"udiv i64 {nanoseconds}, 1000"))


def _futex(t: _Text) -> None:
    """Wake or requeue waiters; of waiting, only find that the word has changed already."""
    command = t.new(f"and i32 {t.register(1)}, {_FUTEX_COMMAND}")
    t.out_if(f"icmp ugt i32 {command}, 31")
    address = t.wide(0)
    t.do(f"br i1 {t.new(f'icmp eq i32 {command}, 0')}, label %futex_wait, label %futex_wake")
    t.begin("futex_wait")
    t.out_if(f"icmp ne i32 {t.register(3)}, 0")
    t.out_if(f"icmp ne i64 {t.new(f'and i64 {address}, 3')}, 0")
    t.set_state("calling", "1")
    both = t.new(f"call i64 {_LOAD}(i64 {t.host(address)}, {_ARGUMENTS})")
    t.out_if(f"icmp eq i32 {t.new(f'trunc i64 {both} to i32')}, {t.register(2)}")
    t.done(f"-{_EAGAIN}")
    t.begin("futex_wake")
    one = t.new(f"and i32 {t.new(f'lshr i32 {_FUTEX_WAKES}, {command}')}, 1")
    t.out_if(f"icmp eq i32 {one}, 0")
    second = t.host(t.wide(4))
    t.done(t.call("%number", t.host(address), t.wide(1), t.wide(2), t.wide(3), second, t.wide(5)))


_SHAPES: dict[str, Callable[[_Text], None]] = {
    "none": _none,
    "fpn": _bytes,
    "fpnq": _bytes_at,
    "vector": _vector,
    "llseek": _llseek,
    "clock32": _clock32,
    "clock64": _clock64,
    "timeofday": _timeofday,
    "futex": _futex,
}


def system_call() -> str:
    """Return `@system_call`, which gets the entry after the SVC and the budget without it."""
    t = _Text()
    t.do(f"%room = alloca [{2 * VECTORS} x i64], align 8")
    t.do(f"%calls = load ptr, ptr {t.pointer('calls')}, align 8")
    t.out_if("icmp eq ptr %calls, null")
    number = t.register(7)
    t.out_if(f"icmp uge i32 {number}, {NUMBERS}")
    slot = t.new(f"getelementptr inbounds i32, ptr %calls, i64 {t.new(f'zext i32 {number} to i64')}")
    entry = t.new(f"load i32, ptr {slot}, align 4")
    t.out_if(f"icmp eq i32 {entry}, 0")
    left = t.new(f"sub i32 {t.state('calls_left')}, 1")
    t.set_state("calls_left", left)
    t.do(f"br i1 {t.new(f'icmp slt i32 {left}, 0')}, label %turn, label %go")
    t.begin("turn")
    t.set_state("calls_left", str(TURN))
    t.do("br label %out")
    t.begin("go")
    t.do(f"%number = zext i32 {t.new(f'and i32 {entry}, 65535')} to i64")
    cases = " ".join(f"i32 {SHAPES.index(shape)}, label %shape_{shape}" for shape in _SHAPES)
    t.do(f"switch i32 {t.new(f'lshr i32 {entry}, 16')}, label %out [ {cases} ]")
    for shape, emit in _SHAPES.items():
        t.begin(f"shape_{shape}")
        emit(t)
    t.begin("next")
    t.set_state("calling", "0")
    t.do(f"br i1 {t.new('icmp eq i64 %budget, 0')}, label %spent, label %dispatch")
    t.begin("dispatch")
    load = f'call i64 asm sideeffect "movl (%r14), ${{0:k}}", "=r,{PINS},~{{memory}}"({_ARGUMENTS})'
    t.do(f"{CALL} {t.new(f'getelementptr i8, ptr %base, i64 {t.new(load)}')}({_ARGUMENTS})")
    t.do("ret void")
    t.begin("spent")
    t.do(f"{CALL} @leave_spent({_ARGUMENTS})")
    t.do("ret void")
    t.begin("out")
    t.set_state("calling", "0")
    t.do(f"{CALL} @leave({_ARGUMENTS})")
    t.do("ret void")
    body = "\n".join(t.lines)
    return f"define hidden preserve_nonecc void @system_call({PARAMETERS}) #0 align 16 {{\n{body}\n}}\n"
