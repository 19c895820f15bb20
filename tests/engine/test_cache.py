"""The second run starts hot, with code that is whole, the user's own, and made of the same guest code."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from stinkarm.engine import cache, cache_writer, store
from stinkarm.engine.cache_writer import Contents, Record, encode
from stinkarm.engine.piece import Piece, read
from stinkarm.guest import stop
from tests.engine.hot import CODE, SIZE, Guest, expected, write_file

LATER = CODE + 0x1000  # not in a page that an image's identity looks at
IDENTITY = bytes(16)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the code cache's directory, of the test's own; an interpreter is loaded already."""
    from stinkarm.engine.interpreter import native_code

    native_code()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "stinkarm" / "code"


def packs(home: Path) -> list[Path]:
    return sorted(home.glob("*/*.pack"))


def compile_once(file: Path, at: int = CODE) -> None:
    guest = Guest("hot=100", file=file)
    guest.until_compiled(at)
    guest.close_and_save()


def check_cold(file: Path, said: str, at: int = CODE) -> None:
    """Check that a program runs right, interpreted, and that the log says why."""
    guest = Guest("hot=1000000", file=file)
    assert not guest.is_compiled(at)
    assert guest.loop(3000, at) == expected(3000)
    assert said in " ".join(guest.log), guest.log
    guest.close()


def test_the_second_run_starts_hot(home: Path, tmp_path: Path) -> None:
    file = write_file(tmp_path / "program")
    compile_once(file)
    (pack,) = packs(home)
    assert pack.stat().st_mode & 0o777 == 0o600
    guest = Guest("hot=100", file=file)
    assert guest.is_compiled()
    assert guest.loop(100_000) == expected(100_000)
    assert not guest.jit.waiting
    assert "is mapped: 1 entries" in guest.log[0]
    guest.close_and_save()


def test_other_programs_do_not_use_it(home: Path, tmp_path: Path) -> None:
    compile_once(write_file(tmp_path / "program"))
    other = write_file(tmp_path / "other", "050080e2 001021e0 012052e2 fbffff1a 000000ef")
    guest = Guest("hot=1000000", file=other)
    assert guest.loop(3000) == expected(3000, 5)
    assert guest.log == []
    guest.close()


def test_code_that_was_made_of_other_code_is_not_used_and_made_again(home: Path, tmp_path: Path) -> None:
    file = write_file(tmp_path / "program", at=0x1000)
    compile_once(file, LATER)
    write_file(file, "050080e2 001021e0 012052e2 fbffff1a 000000ef", at=0x1000)
    guest = Guest("hot=100", file=file)
    assert not guest.is_compiled(LATER)
    assert "the rest is stale" in guest.log[0]
    end = time.monotonic() + 60
    while not guest.is_compiled(LATER):
        assert time.monotonic() < end, guest.log
        assert guest.loop(3000, LATER) == expected(3000, 5)
    guest.close_and_save()
    guest = Guest("hot=100", file=file)
    assert guest.is_compiled(LATER)
    assert guest.loop(3000, LATER) == expected(3000, 5)
    guest.close()


def test_some_of_a_pack_may_be_current(home: Path, tmp_path: Path) -> None:
    code = "030080e2 001021e0 012052e2 fbffff1a 000000ef"
    file = write_file(tmp_path / "program", code + "00" * 236 + code, at=0x1000)
    guest = Guest("hot=100", file=file)
    guest.until_compiled(LATER)
    guest.until_compiled(LATER + 256)
    guest.close_and_save()
    write_file(file, code + "00" * 236 + "05" + code[2:], at=0x1000)
    guest = Guest("hot=1000000", file=file)
    assert guest.is_compiled(LATER) and not guest.is_compiled(LATER + 256)
    assert guest.loop(3000, LATER) == expected(3000)
    assert guest.loop(3000, LATER + 256) == expected(3000, 5)
    guest.close()


@pytest.mark.parametrize("where", ["header", "code", "index", "end", "empty", "other"])
def test_a_damaged_pack_is_removed_and_made_again(where: str, home: Path, tmp_path: Path) -> None:
    file = write_file(tmp_path / "program")
    compile_once(file)
    (pack,) = packs(home)
    data = bytearray(pack.read_bytes())
    if where == "end":
        data = data[:-1]
    elif where == "empty":
        data = bytearray()
    elif where == "other":
        data[16:32] = bytes(16)
    else:
        data[{"header": 60, "code": cache.HEADER_SIZE + 5, "index": len(data) - 9}[where]] ^= 0x40
    pack.write_bytes(data)
    check_cold(file, "it is not whole: it is removed")
    assert not packs(home)
    compile_once(file)
    guest = Guest("hot=100", file=file)
    assert guest.is_compiled()
    guest.close()


def test_a_pack_that_was_copied_is_looked_through(home: Path, tmp_path: Path) -> None:
    file = write_file(tmp_path / "program")
    compile_once(file)
    (pack,) = packs(home)
    os.utime(pack, (1_500_000_000, 1_500_000_000))
    guest = Guest("hot=100", file=file)
    assert guest.is_compiled()
    guest.close()


def test_what_others_may_have_written_is_not_used(home: Path, tmp_path: Path) -> None:
    file = write_file(tmp_path / "program")
    compile_once(file)
    (pack,) = packs(home)
    pack.chmod(0o620)
    check_cold(file, "another user")
    pack.chmod(0o602)
    check_cold(file, "another user")
    pack.chmod(0o600)
    if os.geteuid() == 0:
        os.chown(pack, 12345, -1)
        check_cold(file, "another user")
        os.chown(pack, 0, -1)
    elsewhere = tmp_path / "elsewhere"
    pack.rename(elsewhere)
    pack.symlink_to(elsewhere)
    check_cold(file, "cannot be opened")
    pack.unlink()
    os.mkfifo(pack)
    check_cold(file, "another user")


@pytest.mark.parametrize("kind", ["file", "dangling"])
def test_a_cache_that_cannot_be_written_is_no_cache(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    place = tmp_path / "place"
    if kind == "file":
        place.write_text("")
    else:
        place.symlink_to("/proc/nonexistent")
    monkeypatch.setenv("XDG_CACHE_HOME", str(place))
    file = write_file(tmp_path / "program")
    guest = Guest("hot=100", file=file)
    guest.until_compiled()
    end = time.monotonic() + 30
    while not any("cannot be written" in line for line in guest.log):
        assert time.monotonic() < end, guest.log
        guest.jit.waiting += 1  # nothing is, so that nobody would listen
        guest.jit.poll()
        guest.jit.waiting -= 1
        time.sleep(0.02)
    assert guest.loop(3000) == expected(3000)
    guest.close_and_save()


def test_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    root = tmp_path / "code"
    record = Record(Piece(bytes(5000), 0, 0, [CODE], [(CODE, CODE + 4)], 1), False, [bytes(4)])
    cache_writer.save(str(root), "key", IDENTITY, [record], set(), limit=1 << 20)
    (pack,) = packs(root)
    before = pack.read_bytes()
    code = f"""
import resource, sys
sys.path[:] = {sys.path!r}
from stinkarm.engine.cache_writer import *
resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000))
record = Record(Piece(bytes(9000), 0, 0, [{CODE + 64}], [({CODE + 64}, {CODE + 68})], 1), False, [bytes(4)])
try: save({str(root)!r}, "key", {IDENTITY!r}, [record], set(), limit=1 << 20)
except Failure as failure: print(failure)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "cannot be written: File too large" in done.stdout
    assert os.listdir(root / "key") == [pack.name]
    assert pack.read_bytes() == before


def test_eight_processes_write_one_pack(tmp_path: Path) -> None:
    code = f"""
import sys
sys.path[:] = {sys.path!r}
from stinkarm.engine.cache_writer import *
mine = int(sys.argv[1])
for n in range(6):
    at = {CODE} + 0x100 * mine + 16 * n
    piece = Piece(bytes([mine]) * 64, 0, 0, [at], [(at, at + 8)], 2)
    save(sys.argv[2], "key", {IDENTITY!r}, [Record(piece, False, [bytes([n]) * 8])], {{(at, True)}}, limit=1 << 20)
"""
    processes = [subprocess.Popen([sys.executable, "-c", code, str(n), str(tmp_path)]) for n in range(8)]
    assert [process.wait(60) for process in processes] == [0] * 8
    records, failed = cache_writer.read_records(str(tmp_path / "key" / f"{IDENTITY.hex()}.pack"), IDENTITY)
    assert len(records) == len(failed) == 48
    assert all(record.piece.code == bytes([(record.piece.entries[0] - CODE) // 0x100]) * 64 for record in records)
    assert all(record.contents == [bytes([record.piece.entries[0] % 0x100 // 16]) * 8] for record in records)


def test_pieces_stand_where_their_constants_are_aligned() -> None:
    codes = [b"first" * 9, b"second" * 9, b"third" * 30]
    records = [
        Record(Piece(code, 0, 0, [at], [(at, at + 4)], 1), False, [bytes(4)]) for at, code in enumerate(codes, CODE)
    ]
    pack, _ = encode(records, set(), IDENTITY)
    assert [pack.index(code) % 64 for code in codes] == [0, 0, 0]


def test_what_was_used_longest_ago_goes_first(tmp_path: Path) -> None:
    for n in range(5):
        record = Record(Piece(bytes(3000), 0, 0, [CODE], [(CODE, CODE + 4)], 1), False, [bytes(4)])
        cache_writer.save(str(tmp_path), f"key{n % 2}", bytes([n]) * 16, [record], set(), limit=1 << 20)
        for path in packs(tmp_path):
            if path.name.startswith(f"0{n}"):
                os.utime(path, (1_000_000 + (n if n else 90), 1_000_000))
    (size,) = {path.stat().st_size for path in packs(tmp_path)}
    assert cache_writer.evict(str(tmp_path), 2 * size) == 3
    assert [path.name[:2] for path in sorted(packs(tmp_path), key=lambda path: path.name)] == ["00", "04"]
    assert cache_writer.evict(str(tmp_path), 0) == 2
    assert not list(tmp_path.glob("key*"))


def test_using_a_pack_is_noted(home: Path, tmp_path: Path) -> None:
    file = write_file(tmp_path / "program")
    compile_once(file)
    (pack,) = packs(home)
    changed = pack.stat().st_mtime_ns
    os.utime(pack, ns=(10**18, changed))
    Guest("hot=100", file=file).close()
    assert time.time() - pack.stat().st_atime < 100
    assert pack.stat().st_mtime_ns == changed


def region(entry: int, data: bytes, at: int, entries: tuple[int, ...] = ()) -> Record:
    return Record(Piece(b"code", 0, 0, [entry, *entries], [(at, at + len(data))], 1), False, [data])


def test_merging_keeps_what_later_regions_leave() -> None:
    old = [region(1, b"aaaa", 0), region(2, b"bbbb", 4), region(3, b"cccc", 8)]
    new = [region(1, b"aa", 0, (2,)), region(9, b"cX", 8)]
    assert cache_writer.merge(old, new) == new
    assert cache_writer.merge(old, new[:1]) == [old[2], new[0]]


def test_contents() -> None:
    known = Contents()
    known.add(4090, b"0123456789")
    known.add(8000, b"x")
    assert known.read(4090, 4100) == b"0123456789"
    assert known.read(4090, 4101) == b""
    assert known.agrees(4095, b"56") and not known.agrees(4095, b"5X") and known.agrees(5000, b"any")
    known.add(4100, b"ab")
    assert list(known.runs()) == [(4090, b"0123456789ab"), (8000, b"x")]


@pytest.mark.parametrize(
    "values",
    [
        None,
        (),
        (b"", 0, 0, [], [], 0),
        (b"", 0, 1, [4], [], 0),
        ("", 0, 0, [4], [], 0),
        (b"", 0, 0, [1 << 32], [], 0),
        (b"", 0, 0, [4], [(4, 4)], 0),
        (b"", 0, 0, [4], [(4, "5")], 0),
        (b"", 0, -1, [4], [(4, 8)], 0),
        (b"", 0, 0, ["4"], [(4, 8)], 0),
    ],
)
def test_what_cannot_be_a_piece_is_none(values: object) -> None:
    with pytest.raises(ValueError):
        read(values)


def test_faults_in_mapped_code_are_exact(home: Path, tmp_path: Path) -> None:
    # add r0, #3; ldr r4, [r3]; add r3, #4; subs r2, #1; bne; svc
    file = write_file(tmp_path / "program", "030080e2 004093e5 043083e2 012052e2 faffff1a 000000ef")
    states = []
    for number in range(3):
        guest = Guest("hot=100" if number else "hot=1000000", file=file)
        end = time.monotonic() + 60
        while number == 1 and not guest.is_compiled():
            assert time.monotonic() < end, guest.log
            assert guest.run(CODE, 0, 0, 4000, CODE).kind == stop.SYSCALL
        assert guest.is_compiled() == (number > 0)
        found = guest.run(CODE, 0, 0, 5000, CODE)
        states.append((found.kind, found.address, found.pc, list(guest.state.r)))
        guest.close_and_save()
    assert states[0][:3] == (stop.FAULT, CODE + SIZE, CODE + 4)
    assert states[1] == states[2] == states[0]


def test_unmapped_and_changed_code_is_forgotten(home: Path, tmp_path: Path) -> None:
    file = write_file(tmp_path / "program")
    compile_once(file)
    guest = Guest("hot=1000000", file=file)
    assert guest.is_compiled()
    guest.memory.protect(CODE, 0x1000, 7)
    assert not guest.is_compiled()
    guest.memory.write(CODE, b"\5")
    guest.engine.flush(CODE, CODE + 4)
    assert guest.loop(3000) == expected(3000, 5)
    guest.memory.unmap(CODE, SIZE)
    assert guest.run(CODE).kind == stop.FETCH
    guest.close()


def test_half_of_an_image_that_is_replaced_takes_its_regions_along(home: Path, tmp_path: Path) -> None:
    file = write_file(tmp_path / "program", at=0x1000)
    compile_once(file, LATER)
    guest = Guest("hot=1000000", file=file)
    guest.memory.map(CODE + 0x2000, 0x2000, 3, 0x32)
    assert guest.is_compiled(LATER)
    guest.memory.map(LATER, 0x1000, 5, 0x32)
    assert not guest.is_compiled(LATER)
    guest.close()


def test_the_key_depends_on_what_makes_code(tmp_path: Path) -> None:
    interpreter = tmp_path / "interpreter.bin"
    interpreter.write_bytes(b"1")
    key = store.code_key(str(interpreter), "x86-64-v3")
    assert key != store.code_key(str(interpreter), "x86-64-v2")
    interpreter.write_bytes(b"22")
    assert key != store.code_key(str(interpreter), "x86-64-v3")
    # The modules that a worker makes regions with, beyond those that the interpreter's own key covers.
    code = "import sys; import stinkarm.engine.jit_worker; print(*(m for m in sys.modules if 'stinkarm.engine.' in m))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    ours = ("jit_worker", "host", "store", "cache_writer", "slots", "leaving")  # these do not make code
    for name in done.stdout.split():
        module = name.rpartition(".")[2]
        covered = module.startswith(store._MAKING_REGIONS) or f"{module}.py" in store._GENERATING
        assert covered or module in ours, f"{name} is in no key"


def test_programs_give_the_same_cold_and_warm(tmp_path: Path) -> None:
    from stinkarm.engine.interpreter import native_code

    interpreter = Path(native_code().path)
    (tmp_path / "stinkarm").mkdir()
    shutil.copy(interpreter, tmp_path / "stinkarm")
    examples = Path(__file__).parents[2] / "examples"
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}

    def start(engine: str, name: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "stinkarm", "--engine", engine, str(examples / name)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment,
        )  # fmt: skip

    for name in ("primes.elf", "hello-c.elf", "crash.elf"):
        process = start("interpreter", name)
        wanted = (*process.communicate(timeout=60), process.returncode)
        for _ in range(2):
            processes = [start(f"jit:hot={hot}", name) for hot in (1, 400, 1)]
            for process in processes:
                assert (*process.communicate(timeout=60), process.returncode) == wanted, name
            time.sleep(0.5)
