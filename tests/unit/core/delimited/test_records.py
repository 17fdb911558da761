"""Records with cells of many lines, or too long: memory is that of their characters, and the error says where."""

import tracemalloc
from collections.abc import Callable, Iterator
from io import TextIOBase
from pathlib import Path

import pytest

from core.delimited import quoting, records
from core.delimited.decoding import read_text
from core.delimited.dialect import Dialect, find_dialect
from core.delimited.exact import exact_dialect
from core.delimited.junk_copy import leave_out_junk
from core.delimited.ragged_rows import line_labels
from core.delimited.records import Record, records_with_text, records_without_text
from core.delimited.rows import TableRows
from core.delimited.unescaped_copy import copy_unescaped
from core.errors import NotACsvError

LONGEST = 5_000
HEAD = "a,b,c\n" + "1,2,x\n" * 250
ROADS: dict[str, Callable[[Dialect, Path], object]] = {
    "a body": lambda dialect, folder: list(TableRows(dialect)),
    "a copy without junk": leave_out_junk,
    "a copy without escapes": lambda dialect, folder: copy_unescaped(
        dialect.path, folder, dialect.delimiter, dialect.quoting, dialect.skip_lines
    ),
    "the lines of ragged rows": lambda dialect, folder: line_labels(dialect, [1_000]),
}


def _dialect(folder: Path, text: str) -> Dialect:
    source = folder / "source.csv"
    source.write_text(text, newline="")
    return find_dialect(read_text(source, folder / "copies", max_bytes=1 << 30), folder / "copies")


def _shorten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let cells be too long that are quickly made."""
    for module in (quoting, records):
        monkeypatch.setattr(module, "CELL_CHARACTERS", LONGEST)


@pytest.mark.parametrize(
    "cell", ["y" * 6_000, "y\n" * 3_000, "\n" * 6_000, '""' * 6_000], ids=["letters", "lines", "blank lines", "quotes"]
)
@pytest.mark.parametrize("road", ROADS)
def test_a_cell_that_is_too_long_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, road: str, cell: str
) -> None:
    dialect = _dialect(tmp_path, f'{HEAD}1,"two\nlines","{cell}"\n' + "3,4,x\n" * 3)
    _shorten(monkeypatch)
    with pytest.raises(NotACsvError, match="has a cell of more than 5,000 characters") as refused:
        ROADS[road](dialect, tmp_path)
    if road in ("a body", "a copy without junk"):
        assert refused.value.detail.startswith("Line 252, column 3, has a cell")


def test_a_header_that_is_too_long_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    source = tmp_path / "exact.csv"
    source.write_text(f"a,{'b' * 6_000}\n1,2\n")
    _shorten(monkeypatch)
    with pytest.raises(NotACsvError, match="The header has a cell of more than 5,000 characters"):
        exact_dialect(source)


def test_a_cell_of_the_greatest_length_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    dialect = _dialect(tmp_path, f'{HEAD}1,2,"{"y" * LONGEST}"\n')
    _shorten(monkeypatch)
    assert [cells for _, cells in TableRows(dialect)][-1] == ["1", "2", "y" * LONGEST]


@pytest.mark.parametrize("read", [records_with_text, records_without_text])
def test_a_cell_of_many_lines_takes_the_memory_of_its_characters(
    tmp_path: Path, read: Callable[[TextIOBase, Dialect], Iterator[Record]]
) -> None:
    cell = "y\n" * 40_000
    dialect = _dialect(tmp_path, f'{HEAD}1,2,"{cell}"\n3,4,x\n')
    with dialect.path.open(newline="") as source:
        tracemalloc.start()
        longest, most_text = 0, ""
        for record in read(source, dialect):
            longest, most_text = max(longest, len(record.cells[2])), max(most_text, record.text, key=len)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert longest == len(cell)
    assert most_text in ("", f'1,2,"{cell}"\n')
    # The csv module takes four bytes a character, and doubles its buffer.
    assert most < 16 * len(cell) + 200_000
