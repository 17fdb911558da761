"""Choose the features of a model, and validate its target."""

from collections.abc import Callable, Sequence

import numpy as np

from core.array_types import Floats
from core.errors import TargetError, UnknownColumnError
from core.manifests import Column, Recipe

# A category with more levels is encoded by the mean target of each level, with fewer by one column a level.
MAX_LEVELS = 40
# A text with more different values than this fraction of the rows identifies single rows.
FREE_TEXT_SHARE = 0.5
# Of more columns than these one note names the first and counts the others.
NOTED = 3
# How far the values of a target may be apart, halved: squares of more, added up, are infinite, and of less are 0.
LEAST_SPREAD, MOST_SPREAD = 1e-140, 1e140


def allowed_features(columns: list[Column], recipe: Recipe, target: str | None) -> list[Column]:
    """Return the columns that a recipe allows: all except the target and those that it leaves out."""
    return [column for column in columns if column.name != target and column.name not in recipe.leave_out]


def choose_features(
    columns: list[Column],
    recipe: Recipe,
    target: str | None,
    rows: int,
    numbers: Callable[[str], Floats],
    grouped_by: str | None = None,
) -> tuple[list[Column], list[str]]:
    """Return the features of a model, and notes on a boolean target and on each column that is left out.

    Left out are free text, row numbers (unless there is no other feature), and the column that folds are `grouped_by`,
    whose values are new in prediction. A recipe that names such a column in `columns` keeps it. `rows` is the length of
    the table; `numbers` returns a column's values in the order of the file.
    """
    chosen: list[Column] = []
    notes: list[str] = []
    if any(column.name == target and column.type == "boolean" for column in columns):
        notes.append(f"{target} is true or false: a prediction is how likely true is, as a number around 0 to 1")
    texts, row_numbers = [], []
    for column in allowed_features(columns, recipe, target):
        if column.name in recipe.columns:
            chosen.append(column)
        elif is_free_text(column, rows):
            texts.append(column)
        elif column.name == grouped_by:
            notes.append(_left_out(column, "says which group a row is of", "mode"))
        elif _may_be_row_number(column, rows) and _are_row_numbers(numbers(column.name)):
            row_numbers.append(column)
        else:
            chosen.append(column)
    if len(texts) > NOTED:
        notes.append(_several_left_out(texts, "have different texts in most rows", "mode"))
    else:
        notes += [_left_out(column, _texts_of(column, rows), "mode") for column in texts]
    if not chosen:
        return row_numbers, notes
    if len(row_numbers) > NOTED:
        return chosen, [*notes, _several_left_out(row_numbers, "only count the rows", "median")]
    return chosen, notes + [_left_out(column, "only counts the rows", "median") for column in row_numbers]


def _texts_of(column: Column, rows: int) -> str:
    return f"has {column.distinct:,} different texts in {rows - column.missing:,} rows"


def _left_out(column: Column, why: str, handling: str) -> str:
    """Return the note on a column that is left out, with the request that keeps it."""
    return f"column {column.name!r} {why} and was left out; {_keeping(column, handling)} keeps it"


def _several_left_out(columns: list[Column], why: str, handling: str) -> str:
    """Return the note on more than `NOTED` columns that are left out, with the request that keeps the first."""
    named, more = first_names(columns), len(columns) - NOTED
    keep = _keeping(columns[0], handling)
    return f"columns {named} and {more:,} more {why} and were left out; {keep} keeps the first"


def _keeping(column: Column, handling: str) -> str:
    return f'POST /data/process with "columns": {{"{column.name}": "{handling}"}}'


def first_names(columns: Sequence[Column]) -> str:
    """Return the first `NOTED` of the names of more columns, for a note."""
    return ", ".join(repr(column.name) for column in columns[:NOTED])


def is_free_text(column: Column, rows: int) -> bool:
    """Return whether a category is text that rarely repeats: sentences, names, identifiers."""
    has_many_levels = column.distinct > MAX_LEVELS and column.distinct > FREE_TEXT_SHARE * (rows - column.missing)
    return column.type == "category" and has_many_levels


def _may_be_row_number(column: Column, rows: int) -> bool:
    """Return whether type and counts of a column allow row numbers, before its values are read."""
    return column.type == "integer" and column.missing == 0 and column.distinct == rows


def _are_row_numbers(values: Floats) -> bool:
    """Return whether the values are 0, 1, 2, ... or 1, 2, 3, ...; a year that grows by one a row starts elsewhere."""
    return bool(values[0] in (0, 1) and (np.diff(values) == 1).all())


def check_target(columns: list[Column], target: str) -> Column:
    """Return the column of the target; raises `UnknownColumnError` or `TargetError` where it cannot be predicted."""
    found = next((column for column in columns if column.name == target), None)
    if found is None:
        names = ", ".join(column.name for column in columns)
        raise UnknownColumnError(
            f"There is no column {target!r}. The columns are: {names}.",
            [{"field": "target_column", "message": "no such column"}],
        )
    numeric = ", ".join(column.name for column in columns if column.type in ("integer", "number")) or "none"
    if found.type in ("category", "date"):
        what = "text" if found.type == "category" else "a date"
        because = f"{found.text_because}. But" if found.text_because else ", and"
        raise TargetError(
            f"{target!r} is {what}{because} regression predicts a number. Numeric columns: {numeric}.",
            [{"field": "target_column", "message": "not numeric"}],
        )
    if found.distinct < 2:
        raise TargetError(
            f"{target!r} has the same value in every row, so there is nothing to learn. Numeric columns: {numeric}.",
            [{"field": "target_column", "message": "constant"}],
        )
    return found


def check_target_spread(values: Floats, target: str) -> None:
    """Raise `TargetError` where squares of the spread of these values, float64 (n,), are beyond float64 or become 0."""
    spread = float(values.max() / 2 - values.min() / 2)
    if spread == 0 or LEAST_SPREAD <= spread <= MOST_SPREAD:
        return
    size, way_out = ("large", "Divide") if spread > MOST_SPREAD else ("small", "Multiply")
    raise TargetError(
        f"{target!r} has values as {size} as {values[np.abs(values).argmax()]:.3g}, of which no squared error can be "
        f"computed. {way_out} them by a constant and upload the table again.",
        [{"field": "target_column", "message": "out of range"}],
    )
