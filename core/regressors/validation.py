"""Divide rows by a column: by time, test rows later than train rows, or by group, with no group on both sides."""

from itertools import pairwise
from math import ceil
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold

from core.catalogue import SEED
from core.errors import InvalidInputError, UnknownColumnError
from core.manifests import Column
from core.model_manifest import RANDOM, Validation, ValidationKind

FOLDS = 5
# With fewer folds a score has no standard deviation.
MIN_FOLDS = 2
# R2 is not defined on fewer.
MIN_TEST_ROWS = 2
# Five nearest neighbours need some more rows to choose from; five random folds of the smallest table have as many.
MIN_TRAIN_ROWS = 8

Rows = NDArray[np.int64]
# By row the value that folds are divided by: a float64 time, or the int64 number of a group.
Keys = NDArray[Any]
# The positions of the train rows and of the test rows.
Division = tuple[Rows, Rows]


def requested_validation(kind: ValidationKind, time_column: str | None, group_column: str | None) -> Validation:
    """Return the validation that a request asks for; raises `InvalidInputError` for options that exclude each other."""
    columns = {"time": time_column, "group": group_column}
    for name, column in columns.items():
        if column is not None and name != kind:
            raise _refused(
                f"{name}_column goes with validation={name}, and validation is {kind}. "
                f"Send validation={name}, or leave {name}_column out.",
                f"{name}_column",
                f"goes with validation={name} only",
            )
    if kind == "random":
        return RANDOM
    if columns[kind] is None:
        what = "says when each row was" if kind == "time" else "says which rows belong together"
        raise _refused(
            f"validation={kind} needs {kind}_column: the column that {what}. GET /data/info lists the columns.",
            f"{kind}_column",
            "is needed",
        )
    return Validation(kind=kind, column=columns[kind])


def check_validation(columns: list[Column], target: str, validation: Validation) -> None:
    """Raise `UnknownColumnError` or `InvalidInputError` where the table's rows cannot be divided by the column."""
    name, field = validation.column, f"{validation.kind}_column"
    if name is None:
        return
    found = next((column for column in columns if column.name == name), None)
    if found is None:
        names = ", ".join(column.name for column in columns)
        raise UnknownColumnError(
            f"There is no column {name!r}. The columns are: {names}.", [{"field": field, "message": "no such column"}]
        )
    if name == target:
        raise _refused(f"{name!r} is the target. Choose another {field}.", field, "is the target")
    if validation.kind == "time" and found.type in ("category", "boolean"):
        what = "text" if found.type == "category" else "true or false"
        dates = ", ".join(column.name for column in columns if column.type == "date") or "none"
        raise _refused(
            f"{name!r} is {what}, and {field} takes a date or a number. Dates in this table: {dates}.", field, "no time"
        )
    if found.distinct < 2:
        raise _refused(
            f"{name!r} has the same value in every row, so it divides nothing. "
            f"Choose another {field}, or validation=random.",
            field,
            "constant" if validation.kind == "time" else "only one group",
        )


def split_keys(values: "pd.Series[Any]", kind: ValidationKind) -> Keys:
    """Return the keys in a column of a `raw_frame` without gaps. Groups are numbered in sorted order."""
    if kind == "time":
        return values.to_numpy(np.float64)
    return pd.factorize(values, sort=True)[0].astype(np.int64)


def divide_holdout(validation: Validation, keys: Keys, test_size: float) -> Division:
    """Return the train rows and the holdout, about `test_size` of all; rows with the same key are never in both.

    By time, the holdout is the end, and the train rows are sorted by time. Groups are drawn with a fixed seed until the
    holdout is full; a group that would make it far too large is skipped.
    """
    rows = len(keys)
    if validation.kind == "time":
        order = np.argsort(keys, kind="stable")
        starts = _starts(keys[order])
        cut = _nearest(starts, rows - ceil(test_size * rows)) if len(starts) else rows
        return order[:cut], order[cut:]
    sizes = np.bincount(keys)
    is_holdout = np.isin(keys, _drawn(sizes, test_size * rows))
    return np.flatnonzero(~is_holdout), np.flatnonzero(is_holdout)


def divide_folds(validation: Validation, keys: Keys) -> list[Division]:
    """Return up to five folds of the train rows; empty where not even two are possible.

    By time (`keys` sorted), each fold trains on all rows before its test rows, as in scikit-learn's `TimeSeriesSplit`,
    but is cut where a new time begins. By group, they are scikit-learn's `GroupKFold`. There are fewer than five folds
    where times or groups are few, or where a fold would get too few rows.
    """
    found = _expanding(keys) if validation.kind == "time" else _grouped(keys)
    return found if len(found) >= MIN_FOLDS else []


def too_few_folds_error(validation: Validation, keys: Keys) -> InvalidInputError:
    """Return the error for train rows whose keys allow no two folds."""
    field, distinct = f"{validation.kind}_column", len(np.unique(keys))
    what = "times" if validation.kind == "time" else "groups"
    return _refused(
        f"{len(keys)} rows to learn from with {distinct} different values of {validation.column!r} are too few, or too "
        f"unevenly spread, for {MIN_FOLDS} folds. Choose a smaller test_size, a {field} of more {what}, or "
        "validation=random.",
        field,
        f"too few {what}",
    )


def _expanding(times: Keys) -> list[Division]:
    """Return folds in time: each trains on everything before its test rows, given sorted times."""
    rows = len(times)
    size = max(min(rows // (FOLDS + 1), (rows - MIN_TRAIN_ROWS) // FOLDS), MIN_TEST_ROWS)
    starts = _starts(times)
    cuts: list[int] = []
    for fold in range(FOLDS if len(starts) else 0):
        cut = _nearest(starts, rows - (FOLDS - fold) * size)
        if (cuts[-1] + MIN_TEST_ROWS if cuts else MIN_TRAIN_ROWS) <= cut <= rows - MIN_TEST_ROWS:
            cuts.append(cut)
    return [(np.arange(cut), np.arange(cut, end)) for cut, end in pairwise([*cuts, rows])]


def _grouped(groups: Keys) -> list[Division]:
    """Return folds by group, as many as leave each of them enough rows."""
    for folds in range(min(FOLDS, len(np.unique(groups))), MIN_FOLDS - 1, -1):
        found = list(GroupKFold(folds).split(groups, groups=groups))
        if all(len(train) >= MIN_TRAIN_ROWS and len(test) >= MIN_TEST_ROWS for train, test in found):
            return found
    return []


def _drawn(sizes: Rows, wanted: float) -> list[int]:
    """Return groups that have about `wanted` rows together, leaving enough others for the folds."""
    drawn: list[int] = []
    rows = 0
    for group in np.random.default_rng(SEED).permutation(len(sizes)).tolist():
        if len(sizes) - len(drawn) <= MIN_FOLDS:
            break
        if abs(rows + sizes[group] - wanted) < abs(rows - wanted):
            drawn.append(group)
            rows += int(sizes[group])
    return drawn or [int(np.argmin(sizes))]


def _starts(times: Keys) -> Rows:
    """Return the positions in sorted times where a new time begins, except the first."""
    return np.flatnonzero(np.diff(times) > 0) + 1


def _nearest(starts: Rows, wanted: int) -> int:
    """Return the position among `starts` that is nearest to `wanted`."""
    return int(starts[np.argmin(np.abs(starts - wanted))])


def _refused(detail: str, field: str, message: str) -> InvalidInputError:
    """Return the error for one field of a request."""
    return InvalidInputError(detail, [{"field": field, "message": message}])
