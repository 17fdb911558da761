"""The light reader yields exactly the rows of the stored table, as texts as written."""

from pathlib import Path
from typing import Any

import pytest

from core.cell_values import MISSING
from core.delimited.decoding import read_text
from core.delimited.dialect import find_dialect
from core.delimited.rows import TableRows, stored_batches
from core.errors import NotACsvError
from core.manifests import DatasetManifest, Reading
from core.tables.csv_reader import read_table
from tests.support.tables import CASES, CSVS, cells

FILES = {
    path.name: path
    for path in (*sorted(CASES.iterdir()), *(path for path, _ in CSVS.values()))
    if path.suffix in (".csv", ".data")
}
ROWS = [f"{i},t{i % 3},{i * 1.5}" for i in range(300)]
LAYOUTS = {
    "title, junk rows, ragged rows": "\n".join(
        ["A report", "", "n,t,y", "m,,kg", *ROWS[:50], ",,", "1,2", *ROWS[50:250], "n,t,y", *ROWS[250:], "Total,,67275"]
    ).encode(),
    "cells of several lines": b'n,t\n1,"a\nb"\n\n2,"c\r\nd"\n3,e\n',
    "old line ends": b"n,t\r1,a\r\r2,b\r3,c\r",
    "UTF-16": "城市,n\n上海,1\n北京,2\n".encode("utf-16"),
    "GBK without a header": "\n".join(f"上海{i},{i},{i % 7}" for i in range(40)).encode("gbk"),
    "blanks": "\n".join(line.replace(",", "   ") for line in ["n,t,y", *ROWS]).encode(),
    "a quote behind a quote": b'n,t,y\n1,"a"b,2\n2,c"d",3\n3,e,4\n',
    "a repeated header with an unnamed column": "\n".join(
        ["t,,y", *[row[row.index("t") :].replace(",", ",1,") for row in ROWS * 2], "t,,y", "t1,,2"]
    ).encode(),
    "rows of blanks far down": "\n".join(["n,t,y", *ROWS, " , , ", *ROWS]).encode(),
}


def check(source: Path, folder: Path) -> None:
    text = read_text(source, folder, max_bytes=1 << 30)
    dialect = find_dialect(text, folder)
    table = read_table(dialect, folder)
    manifest = DatasetManifest(
        file_id="f",
        filename="f.csv",
        created_at="",
        size_bytes=0,
        sha256="",
        encoding=text.encoding,
        delimiter=dialect.original_delimiter,
        has_header=dialect.has_header,
        rows=table.rows,
        memory_bytes=0,
        columns=table.columns,
        duplicate_rows=0,
        warnings=[],
        reading=Reading(),
    )
    again = folder / "again"
    again.mkdir()
    names = [column.name for column in table.columns]
    texts: dict[str, list[str]] = {name: [] for name in names}
    for batch in stored_batches(source, again, manifest, names, 100):
        for name, some in batch.items():
            texts[name] += some
    for column in table.columns:
        values = cells(table, column.name)
        assert len(values) == len(texts[column.name])
        wrong = [
            (row, text, value)
            for row, (text, value) in enumerate(zip(texts[column.name], values, strict=True))
            if not agrees(text.strip(), value, column.type)
        ]
        assert wrong == []
    rows = TableRows(find_dialect(text, again))
    assert sum(1 for _ in rows) == table.rows
    assert [found for found in rows.warnings if "left out" in found or "called" in found] == [
        found for found in table.warnings if "left out" in found or "called" in found
    ]


def agrees(text: str, value: Any, kind: str) -> bool:
    """Whether a value may have been read from a text; one that is written in another notation is not checked."""
    if value is None:
        return text in MISSING or kind != "category"
    if kind == "category":
        return bool(text == value)
    return text != "" and not (kind == "integer" and text.isdecimal() and int(text) != value)


@pytest.mark.parametrize("name", FILES)
def test_the_rows_of_a_file_are_those_of_its_table(tmp_path: Path, name: str) -> None:
    check(FILES[name], tmp_path)


@pytest.mark.parametrize("content", LAYOUTS.values(), ids=LAYOUTS.keys())
def test_the_rows_of_a_layout_are_those_of_its_table(tmp_path: Path, content: bytes) -> None:
    source = tmp_path / "source.csv"
    source.write_bytes(content)
    check(source, tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"n,t\n", "no rows"),
        (b"n,t\n1,a\n2\n", "1 row has another number of columns than the table's 2: line 3"),
        (b'n,t\n1,a\n2,"b\n3,c\n', "quote .* never closed"),
    ],
)
def test_what_an_upload_refuses_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    source = tmp_path / "source.csv"
    source.write_bytes(content)
    with pytest.raises(NotACsvError, match=message):
        list(TableRows(find_dialect(read_text(source, tmp_path, max_bytes=100), tmp_path)))
