"""Columns as narrow codes: the same values as the table's own, in a fraction of the memory."""

import numpy as np
import pyarrow as pa
import pytest

from core.profiling.profile import profile
from core.tables.coded_columns import CodedColumn, NumberCoder, TextCoder
from tests.support.tables import CSVS, cells, read, real, uncoded


def coded(*blocks: list[float | None]) -> CodedColumn | None:
    coder = NumberCoder()
    return coder.coded() if all(coder.add(pa.array(block, pa.float64())) for block in blocks) else None


def decoded(column: CodedColumn | None) -> list[float | None]:
    assert column is not None
    return [None if np.isnan(value) else value for value in column.floats()[column.codes].tolist()]


@pytest.mark.parametrize("name", CSVS)
def test_a_coded_column_is_the_stored_one(name: str) -> None:
    table = real(name)
    assert table.coded
    for column, found in table.coded.items():
        assert found.counts().sum() == table.rows
        if pa.types.is_string(found.levels.type):
            texts = [None, *found.levels.to_pylist()]
            assert [texts[code] for code in found.codes.tolist()] == cells(table, column)
        else:
            np.testing.assert_array_equal(table.values(column), uncoded(table).values(column))


@pytest.mark.parametrize("name", CSVS)
def test_a_profile_by_codes_is_that_by_values(name: str) -> None:
    table = real(name)
    assert profile(table) == profile(uncoded(table))


@pytest.mark.parametrize("unit", [1.0, 0.1, 0.01, 0.001, 0.0001])
def test_decimals_are_kept_to_the_last_bit(unit: float) -> None:
    values = [float(f"{i * unit:.4f}") for i in range(-300, 300, 7)]
    assert decoded(coded(values, values[::-1])) == [*values, *values[::-1]]


def test_few_values_take_a_byte_and_more_take_two() -> None:
    few, many = coded([float(i) for i in range(255)]), coded([0.0], [float(i) for i in range(1000)])
    assert few and few.codes.dtype == np.uint8
    assert many and many.codes.dtype == np.uint16


@pytest.mark.parametrize(
    "blocks",
    [[[0.0, 254.0], [None, 300.0], [5.0]], [[0.0, 254.0], [None, 299.0, 500.0]], [[9.0], [None, 999.0, 0.0], [None]]],
    ids=["each narrow", "far apart", "one wide"],
)
def test_blocks_of_a_byte_that_together_need_two_are_the_same_values(blocks: list[list[float | None]]) -> None:
    found = coded(*blocks)
    assert found and found.codes.dtype == np.uint16
    assert decoded(found) == [value for block in blocks for value in block]


def test_gaps_and_blocks_of_gaps_stay_gaps() -> None:
    blocks = [[None, None], [-5000.5, None, 2.5], [None], [7.0]]
    assert decoded(coded(*blocks)) == [value for block in blocks for value in block]
    assert decoded(coded([None], [None, None])) == [None, None, None]


@pytest.mark.parametrize(
    "blocks",
    [[[1.0], [1.5]], [[0.0, 65_535.0]], [[0.00001]], [[-0.0]], [[1e300]], [[2.0**53]], [[1 / 3]]],
    ids=["more decimals later", "too far apart", "five decimals", "minus zero", "huge", "beyond 2**53", "a third"],
)
def test_what_has_no_narrow_code_is_not_coded(blocks: list[list[float | None]]) -> None:
    assert coded(*blocks) is None


def test_texts_have_the_place_where_they_came_first() -> None:
    coder = TextCoder()
    for block in (["b", None, "a"], ["c", "a"], [None]):
        assert coder.add(pa.array(block, pa.string()).dictionary_encode())
    found = coder.coded()
    assert (found.codes.tolist(), found.levels.to_pylist()) == ([1, 0, 2, 3, 2, 0], ["b", "a", "c"])


def test_too_many_texts_are_not_coded() -> None:
    assert not TextCoder().add(pa.array(map(str, range(70_000))).dictionary_encode())


def test_a_column_that_turns_out_to_be_text_is_coded_as_text() -> None:
    source = "x,y\n" + "1,0\n" * 900_000 + "two,1\n" + "3.5,0\n" * 900_000
    table = read(source)
    assert [column.type for column in table.columns] == ["category", "integer"]
    assert table.coded["x"].levels.to_pylist() == ["1", "two", "3.5"]
    assert table.coded["y"].counts().tolist() == [0, 1_800_000, 1]
