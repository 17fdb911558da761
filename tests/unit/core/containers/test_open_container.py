"""Parquet, JSON, archives and gzips: what is read, and what is refused with a way out."""

import gzip
import io
import re
import zipfile
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from core.containers import archive as archives
from core.containers.formats import find_format
from core.errors import InvalidInputError, NotACsvError, TooLargeError, UnreadableContainerError
from tests.support.containers import archive, parquet_file, read, unpack, workbook

CSV = b"code,price\n007,1.5\n010,2.5\n"
CODES = {"code": ["007", "010"], "price": [1.5, 2.5]}
PARQUET = parquet_file(CODES)
WORKBOOK = workbook([["code", "price"], ["007", 1.5], ["010", 2.5]])
LINES = b'{"code": "007", "price": 1.5}\n{"code": "010", "price": 2.5}\n'
ALL = {
    "csv": CSV,
    "parquet": PARQUET,
    "xlsx": WORKBOOK,
    "json": LINES,
    "array": b'[{"code": "007", "price": 1.5},\n ' + LINES[30:-1] + b"]",
}


@pytest.mark.parametrize("body", ALL.values(), ids=ALL.keys())
def test_the_same_table_however_it_is_packed(body: bytes) -> None:
    packed = [body, gzip.compress(body), archive({"data/t.csv": body}), archive({"__MACOSX/._t": b"x", "t": body})]
    for each in packed:
        table = read(each)
        assert (table.types, table.values) == ({"code": "category", "price": "number"}, CODES)


def test_the_container_says_where_the_table_was() -> None:
    found = read(archive({"a/b.xlsx": WORKBOOK})).container
    assert found is not None
    assert found.model_dump() == {"format": "xlsx", "sheet": "Sheet1", "packed_in": "zip", "member": "a/b.xlsx"}
    assert read(gzip.compress(CSV)).container is None


def test_the_types_of_parquet() -> None:
    columns = {
        "#id": pa.array([1, None, 3], pa.int8()),
        "whole": [7.0, 8.0, float("nan")],
        "exact": [0.1 + 0.2, 1e20, None],
        "single": pa.array([0.1, 0.2, None], pa.float32()),
        "decimal": [Decimal("1.50"), None, Decimal("-0.25")],
        "level": pa.array(["a", None, "b"]).dictionary_encode(),
        "moment": pa.array([datetime(2020, 1, 1, 5, 6, 7, 890_000), None, datetime(2020, 1, 1)], pa.timestamp("ns")),
        "day": [date(2020, 1, 1), date(1850, 1, 1), None],
        "clock": [time(14, 35), time(0), None],
        "length": [timedelta(hours=1), timedelta(seconds=0.5), None],
        "flag": [True, None, False],
        "text": ['x,y\n"z"', "", None],
        "number": ["12", "13", None],
        "big": [2**60 + 1, 1, 2],
    }
    table = read(parquet_file(columns))
    assert table.types == {
        **{"#id": "integer", "whole": "number", "exact": "number", "single": "number", "decimal": "number"},
        **{"level": "category", "moment": "date", "day": "date", "clock": "number", "length": "number"},
        **{"flag": "boolean", "text": "category", "number": "category", "big": "category"},
    }
    assert table.values == {
        "#id": [1, None, 3],
        "whole": [7.0, 8.0, None],
        "exact": [0.1 + 0.2, 1e20, None],
        "single": [0.1, 0.2, None],
        "decimal": [1.5, None, -0.25],
        "level": ["a", None, "b"],
        "moment": ["2020-01-01 05:06:07.890", None, "2020-01-01"],
        "day": ["2020-01-01", "1850-01-01", None],
        "clock": [52500.0, 0.0, None],
        "length": [3600.0, 0.5, None],
        "flag": [True, None, False],
        "text": ['x,y\n"z"', None, None],
        "number": ["12", "13", None],
        "big": [str(2**60 + 1), "1", "2"],
    }


def test_rows_of_parquet_are_rows_even_if_they_look_like_junk() -> None:
    columns = {"a": ["a", "Total", "", "x"], "b": ["b", "", "", "(3 rows affected)"]}
    assert read(parquet_file(columns)).values == {
        "a": ["a", "Total", None, "x"],
        "b": ["b", None, None, "(3 rows affected)"],
    }


def test_times_with_a_zone_are_converted_to_utc() -> None:
    moments = pa.array([datetime(2020, 1, 1, 12)] * 2, pa.timestamp("us", tz="Europe/Berlin"))
    table = read(parquet_file({"t": moments, "n": [1, 2]}))
    assert table.values["t"] == ["2020-01-01 12:00:00"] * 2
    assert any("'t'" in warning and "UTC" in warning for warning in table.warnings)


def test_columns_of_json_are_in_the_order_of_their_first_use() -> None:
    table = read(b'[{"a": 1}, {"b": 2.50, "a": null},\n{"c": "x", "a": 12345678901234567890}]')
    assert list(table.types) == ["a", "b", "c"]
    assert table.values == {"a": ["1", None, "12345678901234567890"], "b": [None, 2.5, None], "c": [None, None, "x"]}


def test_a_number_in_json_of_more_digits_than_python_converts_is_read_as_in_a_csv() -> None:
    digits = "1" + 5_000 * "0"
    assert read(b'{"a": %s, "b": 1}\n{"a": 2, "b": 2}' % digits.encode()).values["a"] == [None, 2]


def test_dates_and_words_in_json_are_read_as_in_a_csv() -> None:
    lines = b'{"d": "2020-01-31", "b": true, "w": "yes"}\n{"d": "2020-02-01", "b": false, "w": "no"}\n'
    assert read(lines).types == {"d": "date", "b": "boolean", "w": "boolean"}


def test_json_in_utf_16() -> None:
    assert read(LINES.decode().encode("utf-16")).values == CODES


REFUSED: dict[str, tuple[bytes, str]] = {
    "nested columns": (parquet_file({"a": [[1]], "b": [{"x": 1}], "c": [1]}), r"nested.*'a' \(list.*'b' \(struct"),
    "columns of bytes": (parquet_file({"a": [b"x"], "b": [1]}), "hold bytes: 'a'"),
    "no rows": (parquet_file({"a": pa.array([], pa.int64()), "b": pa.array([], pa.int64())}), "no rows"),
    "one column": (parquet_file({"a": [1, 2]}), "one column"),
    "cut Parquet": (PARQUET[:-40], "damaged or encrypted"),
    "encrypted Parquet": (b"PARE" + b"\x15\x04" + PARQUET[6:], "encrypted"),
    "nested object": (LINES + b'{"code": {"x": 1}}', "line 3 .*'code' has an object"),
    "nested array": (b'[{"a": 1},\n\n{"a": [1]}]', "line 3 .*'a' has an array"),
    "columns by name": (b'{"a": [1, 2], "b": [3, 4]}', "line 1 .*'a' has an array"),
    "no object": (LINES + b"[1]", "line 3 is no object"),
    "rows as arrays": (b"[[1, 2], [3, 4]]", "line 1 is no object"),
    "a name twice": (b'{"a": 1, "b": 1}\n{"a": 1, "a": 2}', "line 2 has a name twice"),
    "half of a character": (LINES + b'{"code": "\\ud83d", "price": 1}', "line 3 .*'code' has half of a character"),
    "half of a character in a name": (b'{"a": 1, "b\\udc00": 2}', "line 1 .*half of a character"),
    "cut JSON": (LINES + b'{"code":', "Line 3 is no JSON"),
    "an open array": (b'[{"a": 1, "b": 2}', "never closed"),
    "a word between objects": (LINES + b"oops\n" + LINES, "Line 3 is no JSON"),
    "no object at all": (b"{}", "without a row"),
    "other bytes": (LINES + b'{"code": "\xff"}', "not UTF-8"),
    "too deep": (b'{"a": ' + b"[" * 100_000, "nested too deeply"),
    "zip of a zip": (archive({"a.zip": archive({"a.csv": CSV})}), "archive inside an archive.*Unpack it"),
    "zip of a gzip": (archive({"a.csv.gz": gzip.compress(PARQUET)}), "archive inside an archive"),
    "gzip of a zip": (gzip.compress(archive({"a.csv": CSV})), "archive inside an archive"),
    "several tables": (archive({"a.csv": CSV, "b.xlsx": WORKBOOK}), "several files: 'a.csv', 'b.xlsx'.*`member`"),
    "no file": (archive({}), "no file"),
    "only folders": (archive({"a/": b""}), "no file"),
    "a way out": (archive({"../a.csv": CSV}), r"leads out of it: '\.\./a\.csv'"),
    "an absolute name": (archive({"/etc/a.csv": CSV}), "leads out of it"),
    "a drive": (archive({"C:\\a.csv": CSV}), "leads out of it"),
    "cut zip": (archive({"a.csv": CSV})[:-30], "damaged or cut off"),
    "damaged zip": (archive({"a.csv": CSV}, zipfile.ZIP_STORED).replace(b"007", b"008", 1), "damaged or cut off"),
    "damaged gzip": (gzip.compress(PARQUET)[:-9], "damaged or cut off"),
    "an image in a zip": (archive({"a.csv": b"\x89PNG\r\n\x1a\n"}), "an image"),
}


@pytest.mark.parametrize(("body", "detail"), REFUSED.values(), ids=REFUSED.keys())
def test_a_container_that_is_refused(body: bytes, detail: str) -> None:
    with pytest.raises(NotACsvError) as caught:
        read(body)
    assert re.search(detail, str(caught.value))


def test_an_encrypted_entry() -> None:
    body = bytearray(archive({"a.csv": CSV}))
    body[6] |= 1
    body[body.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(UnreadableContainerError, match="encrypted"):
        read(bytes(body))


def test_a_name_twice_in_parquet() -> None:
    file = io.BytesIO()
    parquet.write_table(pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"]), file)
    with pytest.raises(UnreadableContainerError, match="column 'a' twice"):
        read(file.getvalue())


def test_a_member_is_chosen_by_its_name() -> None:
    body = archive({"a.csv": b"x,y\n1,2\n", "b/c.xlsx": WORKBOOK})
    assert read(body, member="b/c.xlsx", sheet="1").values == CODES
    with pytest.raises(InvalidInputError, match=r"no file 'c\.csv'.*'a\.csv', 'b/c\.xlsx'"):
        read(body, member="c.csv")


def test_other_files_beside_the_table_are_named() -> None:
    table = read(archive({"README.txt": b"hello", "t.csv": CSV, ".DS_Store": b"x"}))
    assert table.values == CODES
    assert any("'t.csv' is read and no other: not 'README.txt'" in warning for warning in table.warnings)


@pytest.mark.parametrize("pack", [lambda body: body, gzip.compress, lambda body: archive({"a": body})])
@pytest.mark.parametrize("body", [WORKBOOK, PARQUET, LINES])
def test_what_is_unpacked_is_bounded(tmp_path: Path, body: bytes, pack: Any) -> None:
    with pytest.raises(TooLargeError):
        unpack(pack(body), tmp_path, max_bytes=20)


def test_a_parquet_file_that_shrank_as_no_table_does_is_refused(tmp_path: Path) -> None:
    texts = pa.array(["x" * 1_000]).dictionary_encode().take(pa.array([0] * 70_000))
    with pytest.raises(TooLargeError, match="more than 400 times as large"):
        unpack(parquet_file({"a": texts}), tmp_path)


def test_bombs_are_refused_before_they_are_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TooLargeError, match="more than 400 times as large"):
        unpack(archive({"a.csv": b"0" * (65 << 20)}), tmp_path)
    monkeypatch.setattr(archives, "MAX_ENTRIES", 3)
    with pytest.raises(TooLargeError, match="more than 3 entries"):
        unpack(archive({f"{n}.csv": CSV for n in range(4)}), tmp_path)


def test_texts_that_a_dictionary_repeats_end_no_more_than_their_own_process() -> None:
    texts = pa.DictionaryArray.from_arrays(pa.array([0] * 20_000, pa.int32()), pa.array(["x" * (1 << 20)]))
    with pytest.raises(TooLargeError):
        read(parquet_file({"a": texts, "b": range(20_000)}))


@pytest.mark.parametrize(
    ("body", "reading", "field"),
    [
        (PARQUET, {"encoding": "gbk"}, "encoding"),
        (PARQUET, {"has_header": False}, "has_header"),
        (PARQUET, {"sheet": "1"}, "sheet"),
        (PARQUET, {"member": "a"}, "member"),
        (CSV, {"member": "a"}, "member"),
        (archive({"a.csv": CSV}), {"sheet": "1"}, "sheet"),
    ],
)
def test_fields_that_the_file_contradicts(body: bytes, reading: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        read(body, **reading)
    assert [error["field"] for error in caught.value.errors] == [field]


@pytest.mark.parametrize(
    ("head", "found"),
    [
        (b"a,b\n1,2\n", None),
        (b"", None),
        (b"PAR1,b\n1,2\n", None),
        (b"PK,b\n1,2\n", None),
        (b'"{",b\n1,2\n', None),
        (b"[a],b\n1,2\n", None),
        (b"[1,2]\n", None),
        (b'\xef\xbb\xbf{"a": 1}', "json"),
        (b"\x1f\x8b cut", None),
    ],
)
def test_a_text_is_no_container(tmp_path: Path, head: bytes, found: str | None) -> None:
    (tmp_path / "f").write_bytes(head)
    assert find_format(tmp_path / "f") == found
