"""The packed table: what light functions read with numpy alone."""

import io
import json

import numpy as np
import pyarrow as pa
import pytest

from core.tables.columns import Category, Columns, pack, unpack
from core.tables.reading import Table
from tests.unit.tables import CSVS, read, real


def assert_same(columns: Columns, table: Table) -> None:
    """Every packed value is the Arrow table's, bit for bit."""
    assert list(columns.values) == table.data.column_names
    assert columns.rows == table.data.num_rows
    for column in table.columns:
        packed, arrow = columns.values[column.name], table.data.column(column.name)
        if column.type == "category":
            assert isinstance(packed, Category)
            assert packed.codes.dtype == np.int32
            assert packed.texts().tolist() == [text or "" for text in arrow.to_pylist()]
        else:
            assert packed.dtype == np.float64
            expected = [np.nan if value is None else float(value) for value in arrow.to_pylist()]
            np.testing.assert_array_equal(packed, expected)


@pytest.mark.parametrize("name", CSVS)
def test_a_packed_table_is_the_arrow_table(name: str) -> None:
    table = real(name)
    columns = unpack(pack(table.packed()))
    assert_same(columns, table)
    assert columns.types == {column.name: column.type for column in table.columns}


@pytest.mark.parametrize("rows", [1, 7, 97, 398, 1000])
def test_slices_are_the_table_in_order(rows: int) -> None:
    table = real("mpg")
    pieces = list(table.packed().slices(rows))
    assert [piece.rows for piece in pieces[:-1]] == [rows] * (len(pieces) - 1)
    assert sum(piece.rows for piece in pieces) == 398
    for number, piece in enumerate(pieces):
        sliced = table.data.slice(number * rows, rows)
        assert_same(piece, Table(sliced, table.columns, []))


def test_slices_share_memory_with_the_table() -> None:
    columns = real("mpg").packed()
    piece = next(columns.slices(10))
    assert np.shares_memory(piece.values["weight"], columns.values["weight"])
    assert np.shares_memory(piece.values["origin"].codes, columns.values["origin"].codes)


def test_there_is_no_pickle_inside() -> None:
    with np.load(io.BytesIO(pack(real("taxis").packed())), allow_pickle=False) as stored:
        kinds = {stored[name].dtype.kind for name in stored.files}
    assert kinds == {"f", "i", "u"}


def test_a_pickle_smuggled_in_is_refused() -> None:
    buffer = io.BytesIO()
    head = json.dumps({"columns": [{"name": "a", "type": "number", "levels": None}]}).encode()
    np.savez(buffer, head=np.frombuffer(head, np.uint8), c0=np.array([{"a": 1}], dtype=object))
    with pytest.raises(ValueError, match="pickle"):
        unpack(buffer.getvalue())


def test_awkward_names_and_levels_survive() -> None:
    table = read('"a/b","../c","c0","head"\n"x\ny",城,"🚢",1\n,"",z,2\n')
    assert_same(unpack(pack(table.packed())), table)


def test_a_column_of_gaps_survives() -> None:
    columns = unpack(pack(read("a,b\n,1\n,2\n").packed()))
    assert np.isnan(columns.values["a"]).all()


def test_no_columns_have_no_rows() -> None:
    assert Columns({}, frozenset()).rows == 0


def test_size_counts_the_arrays_and_the_levels() -> None:
    columns = Columns({"n": np.zeros(10), "c": Category(np.zeros(10, np.int32), ["red", "green"])}, frozenset())
    assert columns.size_bytes == 80 + 40 + 8


def test_a_table_in_several_chunks_packs_like_one() -> None:
    whole = real("mpg")
    chunked = pa.concat_tables([whole.data.slice(0, 100), whole.data.slice(100)])
    assert_same(Table(chunked, whole.columns, []).packed(), whole)
