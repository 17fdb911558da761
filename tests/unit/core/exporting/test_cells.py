"""No text of a CSV runs as a formula, whichever mark a spreadsheet divides lines at, and each can be had again."""

import csv
import io
import random
import re

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from core.exporting.cells import FORMULA, harmless
from core.exporting.files import FORMATS
from core.tables.table_writers import TABLE_FORMATS

SIGNS = "=+-@＝＋－＠"
DANGEROUS = [
    *(f"{sign}1+1" for sign in SIGNS),
    *(f"{before}=1+1" for before in (" ", "  ", "\t", "\ufeff", "\u200b", "\u00a0", "\u3000", "\u202e", '"')),
    *(f"{before}=cmd|' /C calc'!A0" for before in (";", "; ", "a;", "a\n", "a\r\n", ",", "a, ", ';"', ";\u200b")),
    '=DDE("cmd";"/C calc";"x")',
    "@SUM(1)",
]
ALPHABET = [*SIGNS, "'", '"', ";", ",", " ", "\t", "\n", "\r", "\u200b", "a", "1"]
CHANCE = random.Random(21)
TEXTS = ["".join(CHANCE.choices(ALPHABET, k=CHANCE.randrange(12))) for _ in range(20_000)]
SKIPPED = ' \t\r\n"\ufeff\u200b\u00a0\u3000\u202e\0'


def restored(text: str) -> str:
    """A text without the quotes, by the rule of docs/http.md."""
    start = re.match(rf"'((?:'*[{SKIPPED}]*[{re.escape(SIGNS)}]|'*[\t\r\n]).*)", text, re.DOTALL)
    text = start[1] if start else text
    head = re.match(rf"['{SKIPPED}]*", text)
    assert head is not None
    rest = re.sub(rf"([;,\r\n])'(?='*[{SKIPPED}]*[{re.escape(SIGNS)}])", r"\1", text[head.end() :])
    return text[: head.end()] + rest


def _cells(line: str, mark: str) -> list[str]:
    """The cells in a spreadsheet that divides at this mark: a quote counts at the beginning of a cell only."""
    return [cell for row in csv.reader(io.StringIO(line), delimiter=mark) for cell in row]


@pytest.mark.parametrize("text", DANGEROUS)
@pytest.mark.parametrize("mark", [",", ";"])
def test_no_cell_of_the_file_begins_a_formula_in_any_spreadsheet(text: str, mark: str) -> None:
    file = io.BytesIO()
    FORMATS["csv"].write(file, ["a", "b"], [("x", text)])
    for cell in _cells(file.getvalue().decode("utf-8-sig"), mark):
        assert not cell.lstrip(SKIPPED).startswith(tuple(SIGNS)), cell


@pytest.mark.parametrize("text", [*DANGEROUS, "a=1", "x-y", " plain", "'quoted", "", "a;b", "3@home", "'=1", "''-"])
def test_a_table_is_written_as_its_rows_are(text: str) -> None:
    by_rows, by_table = io.BytesIO(), io.BytesIO()
    FORMATS["csv"].write(by_rows, ["a"], [(text,), ("x",)])
    batch = pa.record_batch({"a": [text, "x"]})
    TABLE_FORMATS["csv"].write(by_table, batch.schema, [batch])
    both = [
        list(csv.reader(io.StringIO(file.getvalue().decode("utf-8-sig"), newline=""))) for file in (by_rows, by_table)
    ]
    assert [row or [""] for row in both[0]] == [row or [""] for row in both[1]]


def test_the_quotes_can_be_removed_again() -> None:
    assert [text for text in TEXTS if restored(harmless(text)) != text] == []


def test_what_is_changed_is_what_is_looked_for() -> None:
    found = pc.match_substring_regex(pa.array(TEXTS), FORMULA).to_pylist()
    assert [text for text, is_found in zip(TEXTS, found, strict=True) if harmless(text) != text and not is_found] == []
