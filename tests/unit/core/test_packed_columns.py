"""The packed table: what light functions read with numpy alone."""

import io
import json
from datetime import datetime

import numpy as np
import pytest

from core.packed_columns import Category, ColumnTable, pack, unpack
from core.tables.table import Table
from tests.support.tables import CSVS, cells, packed, read, real


def written(table: Table) -> bytes:
    """The table as ingestion packs it."""
    file = io.BytesIO()
    pack(file, ((column.name, column.type, table.values(column.name)) for column in table.columns))
    return file.getvalue()


def assert_same(columns: ColumnTable, table: Table) -> None:
    """Every packed value is the table's, bit for bit."""
    assert list(columns.values) == [column.name for column in table.columns]
    assert columns.types == {column.name: column.type for column in table.columns}
    assert columns.rows == table.rows
    for column in table.columns:
        found, expected = columns.values[column.name], cells(table, column.name)
        if column.type == "category":
            assert isinstance(found, Category)
            assert found.codes.dtype == np.int32
            assert found.texts().tolist() == [text or "" for text in expected]
            continue
        assert found.dtype == np.float64
        if column.type == "date":
            expected = [
                None if moment is None else (moment - datetime(1970, 1, 1)).total_seconds() for moment in expected
            ]
        np.testing.assert_array_equal(found, [np.nan if value is None else float(value) for value in expected])


@pytest.mark.parametrize("name", CSVS)
def test_a_packed_table_is_the_table(name: str) -> None:
    assert_same(unpack(written(real(name))), real(name))


@pytest.mark.parametrize("rows", [1, 7, 97, 398, 1000])
def test_slices_are_the_table_in_order(rows: int) -> None:
    columns = packed(real("mpg"))
    pieces = list(columns.slices(rows))
    assert [piece.rows for piece in pieces[:-1]] == [rows] * (len(pieces) - 1)
    assert sum(piece.rows for piece in pieces) == 398
    for name, whole in columns.values.items():
        if isinstance(whole, Category):
            found = np.concatenate([piece.values[name].texts() for piece in pieces])
            assert found.tolist() == whole.texts().tolist()
        else:
            np.testing.assert_array_equal(np.concatenate([piece.values[name] for piece in pieces]), whole)


def test_slices_share_memory_with_the_table() -> None:
    columns = packed(real("mpg"))
    piece = next(columns.slices(10))
    assert np.shares_memory(piece.values["weight"], columns.values["weight"])
    assert np.shares_memory(piece.values["origin"].codes, columns.values["origin"].codes)


def test_there_is_no_pickle_inside() -> None:
    with np.load(io.BytesIO(written(real("taxis"))), allow_pickle=False) as stored:
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
    assert_same(unpack(written(table)), table)


def test_every_type_survives() -> None:
    table = read("i,n,b,d,c\n1,1.5,yes,2024-02-29 10:00:00.5,u\n,,,,\n-3,-2,no,1066-09-05,v\n")
    assert [column.type for column in table.columns] == ["integer", "number", "boolean", "date", "category"]
    assert_same(unpack(written(table)), table)


def test_a_column_of_gaps_survives() -> None:
    columns = unpack(written(read("a,b\n,1\n,2\n")))
    assert np.isnan(columns.values["a"]).all()


def test_no_columns_have_no_rows() -> None:
    assert ColumnTable({}, {}).rows == 0


def test_size_counts_the_arrays_and_the_levels() -> None:
    columns = ColumnTable({"n": np.zeros(10), "c": Category(np.zeros(10, np.int32), ["red", "green"])}, {})
    assert columns.size_bytes == 80 + 40 + 8


def test_the_formats_of_dates_are_packed_too() -> None:
    file = io.BytesIO()
    columns = (("day", "date", np.zeros(2)), ("n", "number", np.ones(2)))
    pack(file, iter(columns), {"day": "D.M.y"})
    assert unpack(file.getvalue()).formats == {"day": "D.M.y"}
    assert next(unpack(file.getvalue()).slices(1)).formats == {"day": "D.M.y"}
