"""A CSV in a request is read by the types of the model's features; wrong values are refused by row."""

import gzip
from collections.abc import Iterable
from math import isnan
from typing import Any

import pytest

from core.errors import InvalidInputError, InvalidRecordsError, NotACsvError
from core.inference.csv_input import FIRST_ROW, batches_from_csv
from core.inference.input_batch import raw_columns_of_batch
from core.inference.input_warnings import InputWarnings
from core.manifests import Feature

FEATURES = [
    Feature(name="面积", type="number", fill=88.0),
    Feature(name="城市", type="category", fill="上海", levels=["北京", "上海"]),
    Feature(name="sold", type="date", fill=0.0, format="D.M.Y"),
    Feature(name="open", type="boolean", fill=1.0),
]
TEXT = "城市,面积,sold,open\n上海,88.5,05.01.2012,yes\n,NA,,\n北京, 7 ,2012-01-06,0\n"
VALUES = {
    "面积": [88.5, None, 7.0],
    "城市": ["上海", "", "北京"],
    "sold": [1325721600.0, None, 1325808000.0],
    "open": [1.0, None, 0.0],
}


def gap_or_number(value: float) -> float | None:
    return None if isnan(value) else value


def read(body: bytes, charset: str = "utf-8", batch_size: int = 100) -> tuple[dict[str, list[Any]], list[str]]:
    input_warnings = InputWarnings(FEATURES, first_row=FIRST_ROW)
    columns: dict[str, list[Any]] = {feature.name: [] for feature in FEATURES}
    for batch in batches_from_csv(body, charset, FEATURES, batch_size):
        for name, values in raw_columns_of_batch(batch, FEATURES, input_warnings).items():
            # NaN as None, which is equal to itself.
            columns[name] += values.tolist() if values.dtype == object else [*map(gap_or_number, values.tolist())]
    return columns, input_warnings.warnings()


@pytest.mark.parametrize(
    ("encoding", "charset"),
    [("utf-8", "utf-8"), ("utf-8-sig", "UTF-8"), ("gbk", "gbk"), ("gb18030", "gb18030"), ("gbk", "GB2312")],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_columns_are_read_as_the_features_they_are(encoding: str, charset: str, end: str) -> None:
    columns, _ = read(TEXT.replace("\n", end).encode(encoding), charset)
    assert columns == VALUES


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_the_one_that_finds_the_features(delimiter: str) -> None:
    assert read(TEXT.replace(",", delimiter).encode())[0] == VALUES


@pytest.mark.parametrize("batch_size", [1, 2, 3])
def test_pieces_of_any_size_are_the_same_rows(batch_size: int) -> None:
    assert read(TEXT.encode(), batch_size=batch_size) == read(TEXT.encode())


def test_quotes_blank_lines_and_a_missing_last_line_end_are_no_trouble() -> None:
    body = '"城市","面积",sold,open\n\n"上海","1.5",,\n\n\n"北京",2,,'.encode()
    assert read(body)[0]["面积"] == [1.5, 2.0]


def test_columns_may_be_missing_or_too_many_in_any_order() -> None:
    columns, warnings = read("id,面积\n7,1\n8,2\n".encode())
    assert columns["面积"] == [1.0, 2.0]
    assert "'城市' is absent, imputed with '上海'" in warnings
    assert "the model does not use 'id'; it was ignored" in warnings


@pytest.mark.parametrize("batch_size", [1, 100])
def test_a_wrong_value_is_named_with_its_row_as_a_spreadsheet_counts(batch_size: int) -> None:
    with pytest.raises(InvalidRecordsError) as caught:
        read("面积\n1\nold\n".encode(), batch_size=batch_size)
    error = {"row": 3, "field": "面积", "message": "must be a finite number, not 'old'"}
    assert caught.value.errors == [error]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "no rows"),
        (b"\n\n", "no rows"),
        ("面积\n".encode(), "no rows"),
        ("面积,城市\n1,上海\n2\n".encode(), r"1 row has another number .* than the table's 2: line 3 \(1\)"),
        ("面积,城市\n1,上海,x\n".encode(), r"1 row has another number .* than the table's 2: line 2 \(3\)"),
        ('面积,城市\n1,"上海\n2,x\n'.encode(), "quote that opens in line 2 is never closed"),
        ("城市,面积\n上海,1\n".encode("gbk"), "line 1, does not fit.*charset=gbk"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "This is an image"),
        ('{"面积": 1}\n'.encode(), "This is JSON"),
    ],
)
def test_what_is_no_table_is_refused(body: bytes, message: str) -> None:
    with pytest.raises(NotACsvError, match=message):
        read(body)


@pytest.mark.parametrize("charset", ["latin-9000", "zip", "unicode_escape", ""])
def test_a_charset_that_is_not_known_is_named_with_those_that_are(charset: str) -> None:
    with pytest.raises(InvalidInputError, match="charset=gbk"):
        read(TEXT.encode(), charset)


def test_names_are_made_unique_as_an_upload_does() -> None:
    features = [Feature(name=name, type="number", fill=0.0) for name in ("面积", "面积_2", "column_3")]
    warnings: list[str] = []
    (batch,) = batches_from_csv("面积,面积,\n1,2,3\n".encode(), None, features, 10, warnings)
    assert dict(batch.columns) == {"面积": ("1",), "面积_2": ("2",), "column_3": ("3",)}
    assert warnings == [
        "column 2 has the header '面积'; it is called '面积_2'",
        "column 3 has the header ''; it is called 'column_3'",
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "gbk", "big5", "utf-8-sig"])
def test_the_encoding_is_found_out_by_the_names_of_the_model(encoding: str) -> None:
    features = [Feature(name=name, type="number", fill=0.0) for name in ("面積", "價格")]
    warnings: list[str] = []
    (batch,) = batches_from_csv("面積,價格\n1,2\n".encode(encoding), None, features, 10, warnings)
    assert (dict(batch.columns), warnings) == ({"面積": ("1",), "價格": ("2",)}, [])


@pytest.mark.parametrize("charset", [None, "utf-8", "us-ascii"])
def test_a_body_may_be_gzip(charset: str | None) -> None:
    body = gzip.compress(TEXT.encode())
    assert [batch.rows for batch in batches_from_csv(body, charset, FEATURES, 10)] == [3]


def test_one_piece_at_a_time_is_read() -> None:
    pieces: Iterable[Any] = batches_from_csv(b"open\n" + b"1\n" * 5, "utf-8", FEATURES, 2)
    assert [batch.rows for batch in pieces] == [2, 2, 1]
