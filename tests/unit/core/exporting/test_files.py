"""Rows written to CSV and JSON, and read back by what people open them with; workbooks are in test_workbooks.py."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from core.exporting.cells import PLAIN, Options
from core.exporting.files import FORMATS
from core.tables.table_writers import TABLE_FORMATS
from tests.support.tables import voyages

HEADER = ["城市", "n", "prediction"]
ROWS = [("北京", 1, 1.5), ('naïve, "x"\nline', None, -2.25), (None, -3, 1e-17)]
FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "=cmd|' /C calc'!A0", '=HYPERLINK("http://x","y")']


def written(kind: str, header: Sequence[str], rows: Iterable[tuple[Any, ...]], options: Options = PLAIN) -> bytes:
    file = io.BytesIO()
    FORMATS[kind].write(file, header, rows, options)
    return file.getvalue()


def from_csv(header: Sequence[str], rows: list[tuple[Any, ...]], options: Options = PLAIN) -> list[list[str]]:
    text = written("csv", header, rows, options).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))


def test_a_csv_reads_back_cell_by_cell() -> None:
    assert from_csv(HEADER, ROWS) == [
        HEADER,
        ["北京", "1", "1.5"],
        ['naïve, "x"\nline', "", "-2.25"],
        ["", "-3", "1e-17"],
    ]


def test_a_csv_starts_with_the_mark_that_spreadsheets_need_for_chinese() -> None:
    assert written("csv", HEADER, ROWS).startswith(b"\xef\xbb\xbf")


def test_numbers_in_a_csv_keep_every_digit() -> None:
    values = [0.1 + 0.2, 1 / 3, 1e308, -5e-324, 2**60]
    read = from_csv(["v"], [(value,) for value in values])[1:]
    assert [type(value)(text) for value, (text,) in zip(values, read, strict=True)] == values


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_in_a_csv_is_only_text(text: str) -> None:
    # Behind a tab or a line end there may begin a cell.
    quoted = f"'{text}".replace("\t=", "\t'=").replace("\r=", "\r'=").replace("\n=", "\n'=")
    assert from_csv([text], [(text,)]) == [[quoted], [quoted]]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_raw_csv_leaves_texts_as_they_are(text: str) -> None:
    assert from_csv([text], [(text,)], Options(raw=True)) == [[text], [text]]


@pytest.mark.parametrize("text", ["a=1", "x-y", "1+1", " plain", "3@home", "'quoted", ""])
def test_harmless_texts_in_a_csv_stay_as_they_are(text: str) -> None:
    assert from_csv(["v", "w"], [(text, 1)])[1] == [text, "1"]


def test_negative_numbers_are_never_touched() -> None:
    assert from_csv(["v", "w"], [(-1, -2.5)])[1] == ["-1", "-2.5"]


def test_json_is_an_array_of_objects_with_nulls() -> None:
    body = written("json", HEADER, ROWS)
    assert json.loads(body) == [dict(zip(HEADER, row, strict=True)) for row in ROWS]
    assert "北京".encode() in body


def test_json_lines_are_the_objects_of_json_one_a_line() -> None:
    lines = written("jsonl", HEADER, ROWS).splitlines(keepends=True)
    assert [json.loads(line) for line in lines] == json.loads(written("json", HEADER, ROWS))
    assert all(line.endswith(b"}\n") for line in lines)


@pytest.mark.parametrize("name", FORMATS)
def test_no_rows_are_still_a_file(name: str) -> None:
    body = written(name, HEADER, [])
    if name == "json":
        assert json.loads(body) == []
    assert bool(body) == (name != "jsonl")


def test_a_row_shorter_than_the_header_never_passes_for_json() -> None:
    with pytest.raises(ValueError, match="argument"):
        written("json", ["a", "b"], [(1,)])


DAY, MOMENT = datetime(2012, 1, 31), datetime(1999, 12, 31, 23, 59, 59, 999_000)


def test_dates_and_booleans_in_a_csv_are_iso_and_lower_case() -> None:
    assert from_csv(["d", "t", "b"], [(DAY, MOMENT, True), (None, None, False)])[1:] == [
        ["2012-01-31", "1999-12-31 23:59:59.999", "true"],
        ["", "", "false"],
    ]


def test_dates_and_booleans_in_json_are_texts_and_truth_values() -> None:
    assert json.loads(written("json", ["d", "b"], [(MOMENT, True)])) == [{"d": "1999-12-31 23:59:59.999", "b": True}]


NO_NUMBERS = [float("nan"), float("inf"), -float("inf")]


@pytest.mark.parametrize("value", NO_NUMBERS)
def test_a_number_that_is_none_is_no_value_in_any_file(value: float) -> None:
    def strict(word: str) -> None:
        raise ValueError(word)

    nested = {"deep": [value, {"deeper": value}]}
    body = written("json", ["v", "w"], [(value, nested)])
    assert json.loads(body, parse_constant=strict) == [{"v": None, "w": {"deep": [None, {"deeper": None}]}}]
    assert from_csv(["v", "w"], [(value, nested)])[1] == ["", '{"deep": [null, {"deeper": null}]}']


@pytest.mark.parametrize("options", [PLAIN, Options(raw=True)])
@pytest.mark.parametrize("texts", [FORMULAS, ["a,b", 'say "x"', "line\nline", "\r\n", "", " x "]])
def test_a_table_and_its_rows_make_the_same_csv(tmp_path: Path, texts: list[str], options: Options) -> None:
    table = voyages(tmp_path / "t.parquet")
    data = parquet.read_table(table.path).slice(0, len(texts))
    data = data.append_column("=text", pa.array(texts)).append_column("coded", pa.array(texts).dictionary_encode())
    data = data.append_column("none", pa.array([*NO_NUMBERS, *[2.5] * len(texts)][: len(texts)]))
    file = io.BytesIO()
    TABLE_FORMATS["csv"].write(file, data.schema, data.to_batches(max_chunksize=3), options)
    cells = list(csv.reader(io.StringIO(file.getvalue().decode("utf-8-sig"), newline="")))
    assert cells == from_csv(data.column_names, list(zip(*(c.to_pylist() for c in data.columns), strict=True)), options)


def test_rows_are_written_as_they_come() -> None:
    class Sink(io.BytesIO):
        largest = 0

        def write(self, body: Any) -> int:
            Sink.largest = max(Sink.largest, len(body))
            return super().write(body)

    for kind in ("csv", "json", "jsonl"):
        FORMATS[kind].write(Sink(), ["v"], (("x" * 100,) for _ in range(10_000)))
        assert Sink.largest < 100_000


@pytest.mark.parametrize("cell", [[1, 2], {"a": 1}])
def test_a_nested_cell_is_written_as_text(cell: Any) -> None:
    FORMATS["excel"].write(file := io.BytesIO(), ["a"], [(cell,)])
    assert file.getvalue()


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_half_a_surrogate_pair_does_not_stop_an_export(kind: str) -> None:
    FORMATS[kind].write(file := io.BytesIO(), ["a"], [("\ud800",)])
    assert file.getvalue()
