"""Jump tables: which there are, and where they end."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from stinkarm.engine.jump_tables import MOST_BEHIND, MOST_CASES, jump_table
from stinkarm.isa.decode import decoder

AT = 0x8000


def reader(data: bytes, at: int) -> Callable[[int, int], bytes | None]:
    def constant(address: int, size: int) -> bytes | None:
        return data[address - at : address - at + size] if at <= address and address + size <= at + len(data) else None

    return constant


def table_of(
    word: int, data: bytes, *, thumb: bool, length: int = 4
) -> tuple[int, list[int | None], tuple[int, int]] | None:
    """Return the table of an instruction at AT, with `data` where a table would be."""
    decoded = decoder().decode(word, thumb=thumb, length=length, pc=AT)
    assert decoded is not None
    name = decoded.encoding.instruction.name
    return jump_table(name, decoded.fields, AT, reader(data, AT + (4 if thumb else 8)), thumb=thumb)


def words(*items: int) -> bytes:
    return b"".join(item.to_bytes(4, "little") for item in items)


def test_tbb_ends_where_its_first_target_begins() -> None:
    table = table_of(0xE8DFF003, bytes([3, 9, 3, 4, 3, 0]) + b"\1" * 40, thumb=True)
    assert table == (3, [AT + 10, AT + 22, AT + 10, AT + 12, AT + 10, None], (AT + 4, 6))


def test_tbh() -> None:
    table = table_of(0xE8DFF012, bytes([3, 0, 0, 1, 4, 0]) + b"\1" * 40, thumb=True)
    assert table == (2, [AT + 10, AT + 516, AT + 12], (AT + 4, 6))


def test_a_load_of_pc_whose_targets_are_words() -> None:
    table = table_of(0x979FF103, words(AT + 0x18, AT - 0x40, AT + 0x1D, AT + 0x18, 0x11223344), thumb=False)
    assert table == (3, [AT + 0x18, AT - 0x40, None, AT + 0x18], (AT + 8, 16))


def test_an_addition_to_pc_whose_table_is_branches() -> None:
    table = table_of(0x908FF102, words(0xEA000010, 0xEAFFFFF0, 0xE1A00000, 0xEA000000), thumb=False)
    assert table == (2, [AT + 8, AT + 12], (AT + 8, 8))


def test_an_addition_to_pc_without_a_table_goes_to_what_stands_behind_it() -> None:
    table = table_of(0x108FF00C, words(0xE320F000, 0xE5313004), thumb=False)  # addne pc, pc, ip
    assert table is not None
    by, targets, read = table
    assert by == 12
    assert read == (AT + 8, 0)
    assert len(targets) == MOST_BEHIND
    assert {i: target for i, target in enumerate(targets) if target is not None} == {
        i: AT + 8 + i for i in range(0, MOST_BEHIND, 4)
    }


def test_in_t32_it_stands_four_bytes_behind() -> None:
    table = table_of(0x449F, words(0), thumb=True, length=2)  # add pc, r3
    assert table is not None
    assert table[0] == 3
    assert table[1][:5] == [AT + 4, None, AT + 6, None, AT + 8]


def test_such_an_addition_may_shift() -> None:
    table = table_of(0xE08FF103, words(0xE320F000, 0xEA000000), thumb=False)  # add pc, pc, r3, lsl #2
    assert table == (3, [AT + 8 + 4 * i for i in range(MOST_BEHIND // 4)], (AT + 8, 0))
    assert table_of(0xE08FF203, words(0xE320F000), thumb=False) is None  # lsl #4


@pytest.mark.parametrize(
    ("word", "thumb"),
    [(0xE8D3F002, True), (0xE79FF183, False), (0xE79F3103, False), (0xE71FF103, False), (0xE08F3102, False)],
    ids=["tbb of a register", "lsl #3", "not to pc", "subtracted", "an address"],
)
def test_others_are_none(word: int, thumb: bool) -> None:
    assert table_of(word, bytes(64), thumb=thumb) is None


def test_what_can_be_written_is_none() -> None:
    assert table_of(0xE8DFF003, b"", thumb=True) is None


def test_there_is_an_end() -> None:
    table = table_of(0xE79FF103, words(*[AT - 0x100] * 2000), thumb=False)
    assert table is not None
    assert len(table[1]) == MOST_CASES
