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

SIGNS = "=+-@＝＋－＠﹦﹢﹣﹫"
LINE_ENDS = "\n\x0b\x0c\r\x1c\x1d\x1e\x85\u2028\u2029"
DANGEROUS = [
    *(f"{sign}1+1" for sign in SIGNS),
    *(f"{before}=1+1" for before in (" ", "  ", "\t", "\ufeff", "\u200b", "\u00a0", "\u3000", "\u202e", '"')),
    *(f"{before}=cmd|' /C calc'!A0" for before in (";", "; ", "a;", "a\n", "a\r\n", ",", "a, ", ';"', ";\u200b")),
    *(f"{end}{end}=1+1" for end in (*LINE_ENDS, "\r\n", "\n\t", "\t\n ", "\t\t", "\r\n'\t")),
    *(f"a{end}=1+1" for end in (*LINE_ENDS, "\r\n", "\t", "|", "\t \t", ";\t", "\t;", "\n;", ";\n", "\u034f\n\u3164")),
    *(f"{unseen}=1+1" for unseen in "\u034f\u061c\u115f\u1680\u180b\u2800\u3164\ufe0f\uffa0\U000e0041"),
    '=DDE("cmd";"/C calc";"x")',
    "@SUM(1)",
]
ALPHABET = [*SIGNS[:8], *"'\";,| \t\n\r", "\u2028", "\u200b", "\u034f", "a", "1"]
CHANCE = random.Random(21)
TEXTS = ["".join(CHANCE.choices(ALPHABET, k=CHANCE.randrange(12))) for _ in range(20_000)]
SKIPPED = (
    "' \t\0\ufeff\u200b\u00a0\u3000\u202e\u034f\u061c\u115f\u1680\u180b\u2800\u3164\ufe0f\uffa0\U000e0041\"" + LINE_ENDS
)


def restored(text: str) -> str:
    """A text without the quotes, by the rule of docs/http.md."""
    if re.match(rf"'(?:[{SKIPPED}]*[{re.escape(SIGNS)}]|'*[\t\r\n])", text):
        text = text[1:]
    pieces = re.split(rf"([{SKIPPED};,|]+[{re.escape(SIGNS)}])", text)
    return "".join(_without_quotes(piece) if number % 2 else piece for number, piece in enumerate(pieces))


def _without_quotes(run: str) -> str:
    """What stands before a sign, and the sign, without the quotes behind the last mark and the tabs that follow it."""
    last = max(run.rfind(mark) for mark in ";,|" + LINE_ENDS) + 1
    behind = run[last:].replace("\t'", "\t")
    return run[:last] + (behind.removeprefix("'") if last else behind)


def _cells(text: str, mark: str) -> list[str]:
    """The cells in a spreadsheet that divides at this mark: a quote counts at the beginning of a cell only."""
    return [cell for row in csv.reader(text.splitlines(keepends=True), delimiter=mark) for cell in row]


@pytest.mark.parametrize("text", DANGEROUS)
@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_no_cell_of_the_file_begins_a_formula_in_any_spreadsheet(text: str, mark: str) -> None:
    file = io.BytesIO()
    FORMATS["csv"].write(file, ["a", text], [("x", text), (text, "x"), ("x", [text]), ("x", {text: text})])
    for cell in _cells(file.getvalue().decode("utf-8-sig"), mark):
        assert not cell.lstrip(SKIPPED.replace("'", "")).startswith(tuple(SIGNS)), cell


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("\t" * 20_000 + "a", "'" + "\t" * 20_000 + "a"),
        ("a" + "\t" * 20_000 + "=", "a" + "\t'" * 20_000 + "="),
        ("a" + ";" * 20_000 + "=", "a" + ";" * 20_000 + "'="),
        ("a=" + "\t" * 20_000, "a=" + "\t" * 20_000),
        ("'" * 20_000 + "a", "'" * 20_000 + "a"),
    ],
    ids=["blanks", "tabs", "marks", "no sign", "quotes"],
)
def test_the_time_is_that_of_the_length(text: str, written: str) -> None:
    # If each mark looked for its sign, each of them would take seconds.
    assert harmless(text) == written


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
