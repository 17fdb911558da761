"""The very file that an upload takes is taken as a body, with equal names and rows; so are its first rows alone."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from core.delimited.decoding import read_text
from core.delimited.dialect import Dialect, find_dialect
from core.delimited.rows import TableRows
from core.inference.csv_input import batches_from_csv
from core.manifests import Feature, Reading
from tests.support.tables import CASES, CSVS, cells, read_file

FILES = {
    path.name: path
    for path in (*sorted(CASES.iterdir()), *(path for path, _ in CSVS.values()))
    if path.suffix in (".csv", ".data")
}


@dataclass(frozen=True)
class Uploaded:
    """A file as an upload reads it: its texts row by row, and the warnings that are not about values."""

    source: Path
    text: str
    dialect: Dialect
    features: list[Feature]
    names: list[str]
    rows: list[list[str]]
    warnings: list[str]


@pytest.fixture(scope="module", params=FILES)
def uploaded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Uploaded:
    source, folder = FILES[request.param], tmp_path_factory.mktemp("uploaded")
    text = read_text(source, folder, max_bytes=1 << 30)
    table = TableRows(dialect := find_dialect(text, folder))
    rows = [cells for _, cells in table]
    warnings = [*text.warnings, *dialect.warnings, *table.warnings]
    content = text.path.read_text("utf-8-sig")
    return Uploaded(source, content, dialect, features_of(source, folder), table.names, rows, warnings)


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


def test_a_file_has_the_same_rows_at_both_doors(uploaded: Uploaded) -> None:
    columns, found = texts_of_body(uploaded.source.read_bytes(), uploaded.features)
    assert columns == {name: [row[i] for row in uploaded.rows] for i, name in enumerate(uploaded.names)}
    assert found == [warning for warning in uploaded.warnings if "the file has no header" not in warning]


@pytest.mark.parametrize("count", [1, 2, 5])
def test_its_first_rows_alone_are_those_rows(uploaded: Uploaded, count: int) -> None:
    dialect = uploaded.dialect
    lines = uploaded.text.splitlines(keepends=True)
    head = "".join(lines[: dialect.skip_lines + dialect.has_header + count])
    columns, _ = texts_of_body(head.encode(), uploaded.features)
    taken = len(next(iter(columns.values())))
    assert 0 < taken <= count
    assert columns == {name: [row[i] for row in uploaded.rows[:taken]] for i, name in enumerate(uploaded.names)}
