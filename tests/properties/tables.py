"""Random tables: columns of every kind, written in one style, with lines around and between that are no rows."""

import csv
import gzip
import io
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Literal

from tests.properties.columns import (
    Column,
    accounting,
    booleans,
    codes,
    constants,
    currencies,
    exponents,
    fractions,
    lakhs,
    late_surprises,
    magnitudes,
    mixed_units,
    notes,
    numbers_and_a_word,
    odd_numbers,
    percents,
    prices_of_something,
    thousands,
    trailing_minus,
    units,
    whole_numbers,
    words,
    written,
)
from tests.properties.dates import dates, dates_of_two_lengths, months, named_dates, numeric_dates, times_of_day
from tests.properties.styles import NAMES, Style, random_style

KINDS = (
    *(
        whole_numbers,
        whole_numbers,
        fractions,
        fractions,
        thousands,
        exponents,
        currencies,
        currencies,
        units,
        percents,
    ),
    *(
        lakhs,
        odd_numbers,
        late_surprises,
        prices_of_something,
        magnitudes,
        accounting,
        trailing_minus,
        booleans,
        words,
        words,
        notes,
        codes,
        codes,
        mixed_units,
    ),
    *(
        numbers_and_a_word,
        constants,
        dates,
        dates,
        dates,
        dates_of_two_lengths,
        months,
        named_dates,
        numeric_dates,
        times_of_day,
    ),
)
# Blanks divide the columns of files that are numbers throughout.
IN_BLANKS = (whole_numbers, fractions, fractions, exponents, units, percents, words, dates)
# Below so many rows, one with too few cells is left out and named; among fewer the file is refused.
MANY_ROWS = 25
SUMMED = ("whole_numbers", "fractions")
TOTALS = ("Total", "total", "TOTAL", "Sum")
FOOTERS = ("Source: national office", "(3 rows affected)", "* provisional", "Note: all figures are made up")
TITLES = ("Report of the second quarter", "Table 3 Prices", "# made by a program")


@dataclass
class WrittenTable:
    """A file's bytes, what stands in it, and the line where each row begins."""

    body: bytes
    style: Style
    has_header: bool
    names: list[str]
    columns: list[Column]
    lines: list[int]


def random_table(seed: int) -> WrittenTable:
    """Return the table of a seed."""
    rng = Random(f"table {seed}")
    style = random_style(rng)
    kinds = KINDS if style.delimiter != " " else IN_BLANKS
    columns = [rng.choice(kinds)(rng, style) for _ in range(rng.randrange(2, 7))]
    if rng.random() < 0.02:
        columns = [rng.choice([whole_numbers, fractions])(rng, style) for _ in range(4)]
    if style.delimiter == " ":
        columns += [whole_numbers(rng, style), fractions(rng, style), fractions(rng, style)]
    for column in columns:
        _leave_out(rng, style, column)
    _fill_empty_rows(columns)
    names = _names(rng, style, columns)
    quoting: Literal[0, 1] = csv.QUOTE_ALL if rng.random() < 0.3 else csv.QUOTE_MINIMAL
    return _written(rng, style, names, columns, quoting if style.delimiter != " " else csv.QUOTE_MINIMAL)


def _leave_out(rng: Random, style: Style, column: Column) -> None:
    """Write some values of a column as missing."""
    spellings = [text for text in column.missing if text or style.delimiter != " "]
    if rng.random() < 0.6 or not spellings:
        return
    chosen, share = rng.sample(spellings, min(len(spellings), rng.choice([1, 1, 1, 2]))), rng.choice([0.05, 0.2, 0.6])
    for row in range(style.rows):
        if rng.random() < share:
            column.texts[row], column.values[row] = rng.choice(chosen), None


def _fill_empty_rows(columns: list[Column]) -> None:
    """Give each row without any text one in the first column that has one."""
    for row in range(len(columns[0].texts)):
        if not any(column.texts[row].strip() for column in columns):
            for column in columns:
                other = next((i for i, text in enumerate(column.texts) if text.strip()), None)
                if other is not None:
                    column.texts[row], column.values[row] = column.texts[other], column.values[other]
                    break


def _names(rng: Random, style: Style, columns: list[Column]) -> list[str]:
    """Return different names of columns."""
    names = rng.sample(NAMES[style.script].split(), len(columns))
    return [
        f"{column.said}_{i}" if column.said else name
        for i, (column, name) in enumerate(zip(columns, names, strict=True))
    ]


def _sum(column: Column, style: Style) -> str:
    """Return the sum of a column as a total has it; nothing below a column that is not summed."""
    if column.kind not in SUMMED:
        return ""
    return written(sum((Decimal(str(value)) for value in column.values if value is not None), Decimal(0)), style)


def _written(
    rng: Random, style: Style, names: list[str], columns: list[Column], quoting: Literal[0, 1]
) -> WrittenTable:
    """Write a table, with titles above, junk between and totals and footers below at random."""
    end = rng.choice(["\n", "\n", "\r\n"])
    out = io.StringIO(newline="")
    texts = "".join(text for column in columns for text in column.texts)
    is_escaped = quoting == csv.QUOTE_ALL and '"' in texts and "\\" not in texts and rng.random() < 0.5
    writer = csv.writer(
        out,
        delimiter=style.delimiter,
        quoting=quoting,
        lineterminator=end,
        doublequote=not is_escaped,
        escapechar="\\" if is_escaped else None,
    )
    has_header = style.delimiter == " " or not all(column.kind in ("whole_numbers", "fractions") for column in columns)
    has_junk = style.delimiter != " " and rng.random() < 0.3 and has_header
    if has_header and rng.random() < 0.03 and style.delimiter in ",;":
        out.write(f"sep={style.delimiter}{end}")
    elif has_junk and rng.random() < 0.4:
        for title in rng.sample(TITLES, rng.randrange(1, 3)):
            out.write(title + end)
        out.write(end * rng.randrange(2))
    if has_header:
        writer.writerow(names)
    if has_junk and rng.random() < 0.2 and sum(column.kind in ("fractions", "whole_numbers") for column in columns) > 1:
        writer.writerow([rng.choice(["(m)", "kg", "[%]"]) for _ in names])
    lines = []
    for row, cells in enumerate(zip(*(column.texts for column in columns), strict=True)):
        if has_junk and row and rng.random() < 0.05:
            writer.writerow(rng.choice([names, [""] * len(names)]))
        if has_junk and row == MANY_ROWS and len(names) > 2:
            writer.writerow(["1", "2"])
        lines.append(out.getvalue().count("\n") + 1)
        if style.delimiter == " ":
            out.write((" " * rng.randrange(1, 4)).join(cells) + end)
        else:
            writer.writerow(cells)
    if has_junk and rng.random() < 0.3 and any(column.kind in SUMMED for column in columns[1:]):
        writer.writerow([rng.choice(TOTALS), *(_sum(column, style) for column in columns[1:])])
    if has_junk and rng.random() < 0.3:
        out.write(end * rng.randrange(2) + rng.choice(FOOTERS) + end)
    text = out.getvalue()
    body = (text if rng.random() < 0.8 else text.rstrip("\r\n")).encode(style.encoding)
    return WrittenTable(
        gzip.compress(body, mtime=0) if rng.random() < 0.1 else body, style, has_header, names, columns, lines
    )
