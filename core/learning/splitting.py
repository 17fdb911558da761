"""What is learned from which rows: the holdout, and the folds of the rest."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.model_selection import KFold, train_test_split

from core.errors import NotEnoughRowsError
from core.learning.catalogue import SEED
from core.learning.pipeline import preprocessor, standardiser
from core.manifests import Column, Recipe

FOLDS = 5
# Below this a holdout and five folds say nothing.
MIN_ROWS = 20
# R2 is not defined on fewer, and every fold needs as many.
MIN_HOLDOUT = 2
# More rows than these tell nothing more about a score, and cost a model that compares every row with every other.
JUDGED_ROWS = 20_000
HOLDOUT_ROWS = 100_000

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Fold:
    """One division of the training part: rows to learn from, and rows to be judged by, as positions."""

    learn: Rows
    judge: Rows


@dataclass(frozen=True)
class Split:
    """A table made ready to learn: features as frames, the target as float64, folds, and what was left out."""

    columns: list[Column]
    target: str
    # Unfitted; every fold fits its own copy.
    prepare: ColumnTransformer
    standardise: ColumnTransformer
    train_x: pd.DataFrame
    train_y: Floats
    test_x: pd.DataFrame
    test_y: Floats
    folds: list[Fold]
    notes: list[str]


def split(
    frame: pd.DataFrame,
    features: list[Column],
    recipe: Recipe,
    target: str,
    test_size: float,
    noted: Sequence[str] = (),
) -> Split:
    """Clean by the recipe, cut off the holdout (shuffled, fixed seed) and divide the rest into five folds.

    `frame` is a `raw_frame` that has the target and the features; `noted` is what was decided about columns before.
    Raises `NotEnoughRowsError`.
    """
    notes = list(noted)
    rows = len(frame)
    frame = _without(frame, frame[target].isna(), f"have no {target}", notes)
    needed = [column.name for column in features if recipe.handling(column.name) == "drop"]
    if needed:
        frame = _without(frame, frame[needed].isna().any(axis=1), "have a missing value", notes)
    if len(frame) < MIN_ROWS:
        raise NotEnoughRowsError(
            f"{len(frame)} usable rows are left; training needs at least {MIN_ROWS}. "
            "Upload more rows, or choose another handling of missing values than drop."
        )
    held_out = ceil(test_size * len(frame))
    if held_out < MIN_HOLDOUT or len(frame) - held_out < 2 * FOLDS:
        raise NotEnoughRowsError(
            f"test_size {test_size:g} leaves {len(frame) - held_out} rows to learn from and {held_out} to judge by; "
            f"at least {2 * FOLDS} and {MIN_HOLDOUT} are needed. Choose another test_size, such as 0.2.",
            [{"field": "test_size", "message": "leaves too few rows on one side"}],
        )
    train, test = train_test_split(frame, test_size=test_size, random_state=SEED)
    usable = [column for column in features if train[column.name].notna().any()]
    for column in features:
        if column not in usable:
            notes.append(f"column {column.name!r} has no values in the training part and was left out")
    if not features:
        raise NotEnoughRowsError(f"No column is left to learn from: {'; '.join(notes) or 'there is only the target'}.")
    if not usable:
        raise NotEnoughRowsError("No feature has any value. Upload a table with at least one filled column.")
    if len(test) > HOLDOUT_ROWS:
        notes.append(f"the holdout is judged by {HOLDOUT_ROWS:,} of its {len(test):,} rows, spread evenly")
        test = test.iloc[spread(len(test), HOLDOUT_ROWS)]
    names = [column.name for column in usable]
    return Split(
        columns=usable,
        target=target,
        prepare=preprocessor(usable, recipe, rows),
        standardise=standardiser(usable, recipe),
        train_x=train[names],
        train_y=train[target].to_numpy(np.float64),
        test_x=test[names],
        test_y=test[target].to_numpy(np.float64),
        folds=_folds(len(train), notes),
        notes=notes,
    )


def part_of(data: Split, rows: int) -> Split:
    """The same split with `rows` rows to learn from, spread evenly, in folds of their own."""
    chosen = spread(len(data.train_y), rows)
    return replace(data, train_x=data.train_x.iloc[chosen], train_y=data.train_y[chosen], folds=_folds(len(chosen), []))


def spread(rows: int, most: int) -> Rows:
    """Positions of at most `most` of `rows` rows, evenly spaced; the same each time."""
    return np.arange(rows) if rows <= most else np.arange(most) * rows // most


def _folds(rows: int, notes: list[str]) -> list[Fold]:
    folds = [Fold(learn, judge) for learn, judge in KFold(FOLDS, shuffle=True, random_state=SEED).split(range(rows))]
    largest = max(len(fold.judge) for fold in folds)
    if largest <= JUDGED_ROWS:
        return folds
    notes.append(f"each fold is judged by {JUDGED_ROWS:,} of its {largest:,} rows, spread evenly")
    return [Fold(fold.learn, fold.judge[spread(len(fold.judge), JUDGED_ROWS)]) for fold in folds]


def _without(frame: pd.DataFrame, doomed: "pd.Series[bool]", why: str, notes: list[str]) -> pd.DataFrame:
    count = int(doomed.sum())
    if not count:
        return frame
    notes.append(f"{count} rows {why} and were left out")
    return frame[~doomed]
