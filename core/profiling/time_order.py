"""Find the column that orders a table in time, if its values suggest one."""

from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from core.array_types import Floats
from core.manifests import Column
from core.profiling.findings import FEW_ROWS, MOSTLY, counted, finding
from core.tables.coded_columns import PIECE_LENGTH, CodedColumn
from core.types import Json

ORDERED = "ordered-in-time"
# Fewer distinct dates are groups of rows rather than moments.
FEW_DATES = 20
# A file that was joined from ordered files, or has late entries, is nearly ordered.
EXCEPTIONS = 0.05


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
    """Return at most one finding: of ordered dates, else of many dates, else of a growing row number.

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
    name = next(iter([*(name for name in dates if in_order[name]), *dates, *numbers]), None)
    if name is None or rows < FEW_ROWS:
        return []
    distinct = statistics[name]["distinct"]
    if name in dates:
        order = ", and the rows are in their order" if in_order[name] else ""
        sentence = f"has {counted(distinct, 'different date')}{order}: if they say when each row was, "
    else:
        sentence = f"grows from row to row, over {counted(distinct, 'value')}: if that is time, "
    sentence += "random folds judge a row by a model that knows its neighbours in time, and may flatter"
    suggestion = (
        "to see how well later rows are predicted from earlier ones, POST /model/train or /model/compare with "
        f"validation=time and time_column={name}"
    )
    return [finding("info", ORDERED, name, sentence, suggestion, distinct)]
