"""Find the column that orders a table in time, if its values suggest one."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from core.array_types import Floats
from core.manifests import Column
from core.month_names import month_number
from core.profiling.findings import FEW_ROWS, MOSTLY, counted, finding
from core.tables.coded_columns import PIECE_LENGTH, CodedColumn
from core.types import Json

ORDERED = "ordered-in-time"
# Fewer distinct dates are groups of rows rather than moments.
FEW_DATES = 20
# A file that was joined from ordered files, or has late entries, is nearly ordered.
EXCEPTIONS = 0.05
FIRST_YEAR, LAST_YEAR, MOST_YEARS = 1900, 2100, 150
MONTHS = 12
# A year of two digits is in 1969 to 2068: from 69 on, or below.
PIVOT, TWO_DIGITS = 69, 99
YEAR_NAME = re.compile(r"(?i)(?<![a-z])(?:year|yr|jahr|année|annee|año|ano|anno|jaar|rok|год)(?![a-z])|年[份度]?$")
MONTH_NAME = re.compile(r"(?i)(?<![a-z])(?:month|mon|mnth|mo|monat|mois|mes|mês|mese|maand|месяц)(?![a-z])|月")
CHINESE_MONTH = re.compile("(?:十[一二]?|[一二三四五六七八九])月份?")
WORD = re.compile(r"[\u3400-\u9fff]|[^\W_\d\u3400-\u9fff]+")


def pieces(values: Floats) -> Iterator[Floats]:
    """Yield a column some rows at a time, each piece beginning with the last row of the one before."""
    return (values[start : start + PIECE_LENGTH + 1] for start in range(0, len(values), PIECE_LENGTH))


def coded_pieces(coded: CodedColumn) -> Iterator[Floats]:
    """Yield a coded column in the same way, without making it whole."""
    levels = coded.floats()
    return (levels[coded.codes[start : start + PIECE_LENGTH + 1]] for start in range(0, len(coded.codes), PIECE_LENGTH))


def ascending(values: Floats) -> bool:
    """Return whether each row has more than the one before."""
    return all(bool(np.all(piece[1:] > piece[:-1])) for piece in pieces(values))


def nearly_in_order(column: Iterable[Floats], rows: int) -> bool:
    """Return whether the rows ascend, or descend, with hardly any exception; rows without a value do not count."""
    falls = rises = 0
    for piece in column:
        falls += int(np.count_nonzero(piece[1:] < piece[:-1]))
        rises += int(np.count_nonzero(piece[1:] > piece[:-1]))
    return min(falls, rises) <= EXCEPTIONS * rows


def time_order_findings(
    columns: list[Column], statistics: Mapping[str, Json], in_order: Mapping[str, bool], rows: int
) -> list[Json]:
    """Return at most one finding: of ordered dates, else of many dates, of a year and its month, of a row number.

    `in_order` has for dates whether the rows are nearly in their order, and for integers whether each has more than
    the one before.
    """
    dates = [
        column.name
        for column in columns
        if column.type == "date"
        and statistics[column.name]["distinct"] > FEW_DATES
        and statistics[column.name]["count"] > MOSTLY * rows
    ]
    numbers = [column.name for column in columns if column.type == "integer" and in_order[column.name]]
    calendar = None if dates else find_calendar(columns, statistics, rows)
    names = [*(name for name in dates if in_order[name]), *dates, *([calendar.year] if calendar else []), *numbers]
    if not names or rows < FEW_ROWS:
        return []
    name = names[0]
    distinct = statistics[name]["distinct"]
    if name in dates:
        order = ", and the rows are in their order" if in_order[name] else ""
        sentence = f"has {counted(distinct, 'different date')}{order}: if they say when each row was, "
    elif calendar:
        sentence = f"and {calendar.month!r} are a year and its month: if they say when each row was, "
    else:
        sentence = f"grows from row to row, over {counted(distinct, 'value')}: if that is time, "
    sentence += "random folds judge a row by a model that knows its neighbours in time, and may flatter"
    suggestion = (
        "to see how well later rows are predicted from earlier ones, POST /model/train or /model/compare with "
        f"validation=time and time_column={name}"
    )
    if calendar:
        suggestion += "; a column of both, such as 2024-03, orders the rows within a year as well"
    elif name not in dates:
        suggestion += ", which divides the rows by it also where it is left out as a feature"
    return [finding("info", ORDERED, name, sentence, suggestion, distinct)]


@dataclass(frozen=True)
class Calendar:
    """The names of a column of years and of one of months that belongs to it."""

    year: str
    month: str


def find_calendar(columns: list[Column], statistics: Mapping[str, Json], rows: int) -> Calendar | None:
    """Return a year and its month, by their values and, where those say little, by their names; None without both.

    Of several years, such as those of building and of sale, it is the one whose name has most in common with that of
    the month, then the one of fewest values.
    """
    known = {
        column.name: statistics[column.name] for column in columns if statistics[column.name]["count"] > MOSTLY * rows
    }
    years = [name for name, figures in known.items() if figures["type"] == "integer" and _is_year(name, figures)]
    months = [name for name, figures in known.items() if _is_month(name, figures)]
    pairs = [Calendar(year, month) for year in years for month in months if year != month]
    return max(pairs, key=lambda one: (_common(one.year, one.month), -known[one.year]["distinct"]), default=None)


def _is_year(name: str, figures: Json) -> bool:
    """Return whether whole numbers are years of our time, several and not too many; of two digits only by name."""
    low, high = figures["min"], figures["max"]
    is_short = low >= 0 and high <= TWO_DIGITS and (low >= PIVOT or high < PIVOT) and YEAR_NAME.search(name) is not None
    is_within = low >= FIRST_YEAR and high <= LAST_YEAR
    return bool((is_within or is_short) and 1 < figures["distinct"] <= MOST_YEARS)


def _is_month(name: str, figures: Json) -> bool:
    """Return whether values are the months of a year: names, all twelve numbers, or some in a column called so."""
    if figures["type"] == "category":
        texts = [each["value"] for each in figures["top"]]
        return 1 < figures["distinct"] <= MONTHS and all(month_number(x) or CHINESE_MONTH.fullmatch(x) for x in texts)
    if figures["type"] != "integer" or not (
        figures["min"] >= 1 and figures["max"] <= MONTHS and figures["distinct"] > 1
    ):
        return False
    return figures["distinct"] == MONTHS or MONTH_NAME.search(name) is not None


def _common(year: str, month: str) -> int:
    """Return how many words, or Chinese characters, two names have in common."""
    words = (set(WORD.findall(name.lower())) for name in (year, month))
    return len(set.intersection(*words))
