"""Decide whether numbers are dates: 44621, 20220301, 202203, 2018.10 and 03.2018 are, if there is a reason.

The reason is the name of their column, or that all of it is written as no number would be.
"""

import re

import pyarrow as pa
import pyarrow.compute as pc

from core.cell_values import MISSING
from core.date_formats import NUMBER_FORMATS, PATTERNS
from core.tables.column_types import FIRST_LOOK, TypeCandidate, date_candidate, try_type

MISSING_WORDS = pa.array(sorted(MISSING))
_DATE_WORDS = {
    *("date", "dates", "datetime", "dt", "datum", "fecha", "ymd", "yyyymmdd"),
}
# A number of five digits in a column of this name may count days from any day.
_DAY_WORDS = {"day", "jour"}
_MONTH_WORDS = {"month", "months", "monat", "mois", "mes", "ym", "yyyymm", "yearmonth", "period"}
_CHINESE_DATES, _CHINESE_MONTHS = r"日期|年月日|生日|日付", r"年月|月份|月度|月分"
# Words in which "date" is no date.
_NOT_DATES = {"update", "candidate", "mandate", "validate", "consolidate", "accommodate", "liquidate", "intimidate"}
# The end of the name of a sum until today, such as "sales_year_to_date".
_TO_DATE = ("to", "date")
# What one of the texts must have, because every number may look like the others.
_EVIDENCE = {
    # The same number as 2018.1, so that October would be January.
    "Y.M": r"^\s*\d{4}\.10\s*$",
    # As a number it would have no zero in front.
    "M.Y": r"^\s*0\d\.",
}


def words_of_name(name: str) -> set[str]:
    """Return the words of a column's name in lower case: those of "OrderDate" and "order_date" are order and date.

    The "to date" at the end of a sum until today is left out.
    """
    apart = re.sub(r"([a-z])([A-Z])", r"\1 \2", name)
    words = re.findall(r"[a-zà-ÿ]+", apart.lower())
    return set(words[:-2] if tuple(words[-2:]) == _TO_DATE else words)


def is_date_name(name: str) -> bool:
    """Return whether the name of a column says that it has dates."""
    words = words_of_name(name)
    ends = any(word.endswith(("date", "datum", "datetime")) and word not in _NOT_DATES for word in words)
    return ends or bool(words & _DATE_WORDS) or bool(re.search(_CHINESE_DATES, name))


def is_month_name(name: str) -> bool:
    """Return whether the name of a column says that it has months, or dates."""
    return bool(words_of_name(name) & _MONTH_WORDS or re.search(_CHINESE_MONTHS, name)) or is_date_name(name)


def number_date_candidates(name: str) -> list[TypeCandidate]:
    """Return the formats of dates that the numbers of a column may have, in the order in which they are tried."""
    formats = [*_EVIDENCE]
    if is_date_name(name):
        formats += ["Excel"]
    if is_date_name(name) or words_of_name(name) & _DAY_WORDS:
        formats += ["YYYYMMDD"]
    if is_month_name(name):
        formats += ["YYYYMM"]
    return [date_candidate(date_format) for date_format in formats]


def is_number_format(candidate: TypeCandidate) -> bool:
    """Return whether the texts of these dates are numbers."""
    return candidate.format in NUMBER_FORMATS


def has_reason(candidate: TypeCandidate, texts: pa.Array) -> bool:
    """Return whether the first texts fit, and one of all has what makes them dates and no numbers."""
    if _rules_out(texts, candidate.format or ""):
        return False
    head = pc.utf8_trim_whitespace(texts.drop_null()[:FIRST_LOOK])
    head = head.filter(pc.invert(pc.is_in(head, MISSING_WORDS)))
    if not len(head) or try_type(candidate, head) is None:
        return False
    evidence = _EVIDENCE.get(candidate.format or "")
    return evidence is None or bool(pc.any(pc.match_substring_regex(texts, evidence)).as_py())


def _rules_out(texts: pa.Array, date_format: str) -> bool:
    """Return whether the first text that is not missing has another format."""
    for text in texts[:FIRST_LOOK]:
        stripped = (text.as_py() or "").strip()
        if stripped not in MISSING:
            return re.fullmatch(PATTERNS[date_format], stripped, re.ASCII) is None
    return False
