"""The very file that an upload takes is taken as a body, with equal names and rows; so are its first rows alone."""

from pathlib import Path

import pytest

from core.delimited.decoding import read_text
from core.delimited.dialect import find_dialect
from core.delimited.rows import TableRows
from core.inference.csv_input import batches_from_csv
from core.manifests import Feature, Reading
from tests.support.tables import CASES, CSVS, cells, read_file

FILES = {
    path.name: path
    for path in (*sorted(CASES.iterdir()), *(path for path, _ in CSVS.values()))
    if path.suffix in (".csv", ".data")
}


def texts_of_upload(source: Path, folder: Path) -> tuple[list[str], list[list[str]], list[str]]:
    """The names, the rows as texts, and the warnings that are not about values."""
    text = read_text(source, folder, max_bytes=1 << 30)
    table = TableRows(find_dialect(text, folder))
    rows = [cells for _, cells in table]
    return table.names, rows, [*text.warnings, *table.dialect.warnings, *table.warnings]


def texts_of_body(body: bytes, features: list[Feature]) -> tuple[dict[str, list[str]], list[str]]:
    columns: dict[str, list[str]] = {}
    warnings: list[str] = []
    for batch in batches_from_csv(body, None, features, 1000, warnings):
        assert list(batch.ignored) == []
        for name, values in batch.columns.items():
            columns.setdefault(name, []).extend(values)
    return columns, warnings


def features_of(source: Path, folder: Path) -> list[Feature]:
    table = read_file(source, folder, Reading())
    return [
        Feature(name=column.name, type="category", fill="", levels=sorted(set(cells(table, column.name)) - {None}))
        if column.type == "category"
        else Feature(name=column.name, type="number", fill=0.0)
        for column in table.columns
    ]


@pytest.mark.parametrize("name", FILES)
def test_a_file_has_the_same_rows_at_both_doors(tmp_path: Path, name: str) -> None:
    names, rows, warnings = texts_of_upload(FILES[name], tmp_path)
    columns, found = texts_of_body(FILES[name].read_bytes(), features_of(FILES[name], tmp_path))
    assert columns == {name: [row[i] for row in rows] for i, name in enumerate(names)}
    assert found == [warning for warning in warnings if "the file has no header" not in warning]


@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.parametrize("name", FILES)
def test_its_first_rows_alone_are_those_rows(tmp_path: Path, name: str, count: int) -> None:
    names, rows, _ = texts_of_upload(FILES[name], tmp_path)
    text = read_text(FILES[name], tmp_path, max_bytes=1 << 30)
    dialect = find_dialect(text, tmp_path)
    lines = text.path.read_text("utf-8-sig").splitlines(keepends=True)
    head = "".join(lines[: dialect.skip_lines + dialect.has_header + count])
    columns, _ = texts_of_body(head.encode(), features_of(FILES[name], tmp_path))
    taken = len(next(iter(columns.values())))
    assert 0 < taken <= count
    assert columns == {name: [row[i] for row in rows[:taken]] for i, name in enumerate(names)}
