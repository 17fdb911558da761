"""A backslash before a quote is read as that quote, and every other backslash is a character of its cell."""

from pathlib import Path

import pytest

from core.delimited.decoding import read_text
from core.delimited.dialect import find_dialect
from core.delimited.rows import TableRows
from tests.support.tables import cells, read

ROWS = [rf'{i},"say \"hi\", {i % 3}",{i / 2}' for i in range(9)]
CELLS = {
    r'"C:\new0"': r"C:\new0",
    r"C:\temp\x": r"C:\temp\x",
    r'"a\"b\nc"': r'a"b\nc',
    r"5\" pipe": '5" pipe',
    r'"5\" pipe"': '5" pipe',
    r'"ends with \\"': r"ends with \\",
    r'"\"all\""': '"all"',
    '"two\nlines of \\"it\\""': 'two\nlines of "it"',
    '"doubled "" too"': 'doubled " too',
}


@pytest.mark.parametrize(("written", "text"), CELLS.items())
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_only_escaped_quotes_lose_their_backslash(tmp_path: Path, written: str, text: str, end: str) -> None:
    content = end.join(["k,t,y", *ROWS, f"9,{written},1", *ROWS, ""])
    table = read(content)
    assert (cells(table, "t")[9], cells(table, "t")[0], table.rows) == (text, 'say "hi", 0', 19)
    source = tmp_path / "source.csv"
    source.write_text(content, newline="")
    rows = list(TableRows(find_dialect(read_text(source, tmp_path, max_bytes=1 << 20), tmp_path)))
    assert rows[9][1] == ["9", text, "1"]


def test_a_null_of_a_database_is_missing() -> None:
    table = read("\n".join(["k,t,y", *ROWS, r"9,\N,1", r'10,"\N",1', ""]))
    assert cells(table, "t")[-2:] == [None, None]


def test_lines_keep_their_numbers() -> None:
    lines = ["A title", "", "k,t,y", *ROWS[:4], "", r'4,"two', r'lines of \"it\"",2', *ROWS[4:], "1,2", *ROWS * 3, ""]
    table = read("\n".join(lines))
    assert table.rows == 37
    assert any("left out: line 16 (2)" in warning for warning in table.warnings)
