"""What is learned from which rows: the holdout, and the folds of the rest."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.model_selection import KFold, train_test_split

from core.array_types import Floats
from core.catalogue import SEED
from core.errors import InvalidInputError, NotEnoughRowsError
from core.manifests import RANDOM, Column, Recipe, Validation
from core.preprocessing.pipeline import preprocessor, standardiser
from core.regressors.validation import (
    FOLDS,
    MIN_FOLDS,
    MIN_HOLDOUT,
    Keys,
    Rows,
    folds_of,
    hold_out,
    keys_of,
    no_folds,
)

# Below this a holdout and five folds say nothing.
MIN_ROWS = 20
# More rows than these tell nothing more about a score, and cost a model that compares every row with every other.
JUDGED_ROWS = 20_000
HOLDOUT_ROWS = 100_000
# A holdout that differs by less than this share of the rows from what was asked for is not worth a note.
NEARLY = 0.01


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
    validation: Validation = RANDOM
    # What the rows to learn from are divided by, unless at random.
    keys: Keys | None = None

    def others(self, fold: int) -> list[int]:
        """The folds that may say how models are weighed in one of them: in time those before, else all others.

        Nothing comes before the first fold in time, so there it is all others as well.
        """
        if self.validation.kind == "time" and fold > 0:
            return list(range(fold))
        return [other for other in range(len(self.folds)) if other != fold]


def split(
    frame: pd.DataFrame,
    features: list[Column],
    recipe: Recipe,
    target: str,
    test_size: float,
    noted: Sequence[str] = (),
    validation: Validation = RANDOM,
    more: pd.DataFrame | None = None,
) -> Split:
    """Clean by the recipe, cut off the holdout and divide the rest into folds: at random (fixed seed) or by a column.

    `frame` is a `raw_frame` that has the target, the features and the column of `validation`; `noted` is what was
    decided about columns before. `more` are rows to learn from of which none judges the holdout, in the same form.
    Raises `NotEnoughRowsError`, and `InvalidInputError` where the column leaves no folds.
    """
    notes = list(noted)
    rows = len(frame) + (0 if more is None else len(more))
    needed = [column.name for column in features if recipe.handling(column.name) == "drop"]
    frame = _usable(frame, target, validation, needed, notes)
    if len(frame) < MIN_ROWS:
        raise NotEnoughRowsError(
            f"{len(frame)} usable rows are left; training needs at least {MIN_ROWS}. "
            "Upload more rows, or choose another handling of missing values than drop."
        )
    train, test, keys = _divided(frame, validation, test_size, notes)
    if more is not None:
        train, keys = _joined(_usable(more, target, validation, needed, notes), train, test, validation, notes)
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
        folds=_folds(len(train), validation, keys, notes),
        notes=notes,
        validation=validation,
        keys=keys,
    )


def part_of(data: Split, rows: int) -> Split:
    """The same split with `rows` rows to learn from, spread evenly, in folds of their own of the same kind.

    It is the whole split where so few rows of each group, or time, would be left that they make no folds.
    """
    chosen = spread(len(data.train_y), rows)
    keys = None if data.keys is None else data.keys[chosen]
    try:
        folds = _folds(len(chosen), data.validation, keys, [])
    except InvalidInputError:
        return data
    return replace(data, train_x=data.train_x.iloc[chosen], train_y=data.train_y[chosen], folds=folds, keys=keys)


def spread(rows: int, most: int) -> Rows:
    """Positions of at most `most` of `rows` rows, evenly spaced; the same each time."""
    return np.arange(rows) if rows <= most else np.arange(most) * rows // most


def _divided(
    frame: pd.DataFrame, validation: Validation, test_size: float, notes: list[str]
) -> tuple[pd.DataFrame, pd.DataFrame, Keys | None]:
    """Rows to learn from, the holdout, and what the former are divided by."""
    rows, wanted = len(frame), ceil(test_size * len(frame))
    if validation.column is None:
        _check_sides(rows - wanted, wanted, test_size)
        train, test = train_test_split(frame, test_size=test_size, random_state=SEED)
        return train, test, None
    keys = keys_of(frame[validation.column], validation.kind)
    if len(np.unique(keys)) <= MIN_FOLDS:
        raise no_folds(validation, keys)
    learn, judge = hold_out(validation, keys, test_size)
    _check_sides(len(learn), len(judge), test_size)
    if abs(len(judge) - wanted) > max(1, NEARLY * rows):
        notes.append(
            f"the holdout has {len(judge):,} of {rows:,} rows and not {wanted:,}, "
            f"because rows with the same {validation.column} stay together"
        )
    return frame.iloc[learn], frame.iloc[judge], keys[learn]


def _joined(
    more: pd.DataFrame, train: pd.DataFrame, test: pd.DataFrame, validation: Validation, notes: list[str]
) -> tuple[pd.DataFrame, Keys | None]:
    """Rows to learn from with `more` of them, without those that would give the holdout away, and their keys."""
    name = validation.column
    if name is None:
        return pd.concat([more, train], ignore_index=True), None
    if validation.kind == "time":
        more = _without(more, more[name] >= test[name].min(), "are not before the holdout", notes)
        train = pd.concat([more, train], ignore_index=True).sort_values(name, kind="stable", ignore_index=True)
    else:
        more = _without(more, more[name].isin(test[name].unique()), f"have a {name} of the holdout", notes)
        train = pd.concat([more, train], ignore_index=True)
    return train, keys_of(train[name], validation.kind)


def _check_sides(learn: int, judge: int, test_size: float) -> None:
    if judge < MIN_HOLDOUT or learn < 2 * FOLDS:
        raise NotEnoughRowsError(
            f"test_size {test_size:g} leaves {learn} rows to learn from and {judge} to judge by; "
            f"at least {2 * FOLDS} and {MIN_HOLDOUT} are needed. Choose another test_size, such as 0.2.",
            [{"field": "test_size", "message": "leaves too few rows on one side"}],
        )


def _folds(rows: int, validation: Validation, keys: Keys | None, notes: list[str]) -> list[Fold]:
    """Folds at random, or by what the rows are divided by; raises `InvalidInputError` where that leaves none."""
    if keys is None:
        divisions = list(KFold(FOLDS, shuffle=True, random_state=SEED).split(range(rows)))
    elif divisions := folds_of(validation, keys):
        if len(divisions) < FOLDS:
            notes.append(f"there are {len(divisions)} folds and not {FOLDS}: {validation.column} makes no more")
    else:
        raise no_folds(validation, keys)
    folds = [Fold(learn, judge) for learn, judge in divisions]
    largest = max(len(fold.judge) for fold in folds)
    if largest <= JUDGED_ROWS:
        return folds
    notes.append(f"each fold is judged by {JUDGED_ROWS:,} of its {largest:,} rows, spread evenly")
    return [Fold(fold.learn, fold.judge[spread(len(fold.judge), JUDGED_ROWS)]) for fold in folds]


def _usable(
    frame: pd.DataFrame, target: str, validation: Validation, needed: list[str], notes: list[str]
) -> pd.DataFrame:
    """The rows that have a target, a value to be divided by, and all values of the columns `needed`."""
    frame = _without(frame, frame[target].isna(), f"have no {target}", notes)
    if validation.column is not None:
        frame = _without(frame, frame[validation.column].isna(), f"have no {validation.column}", notes)
    if needed:
        frame = _without(frame, frame[needed].isna().any(axis=1), "have a missing value", notes)
    return frame


def _without(frame: pd.DataFrame, doomed: "pd.Series[bool]", why: str, notes: list[str]) -> pd.DataFrame:
    count = int(doomed.sum())
    if not count:
        return frame
    notes.append(f"{count} rows {why} and were left out")
    return frame[~doomed]
