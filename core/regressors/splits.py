"""Split a table into a holdout and the folds of the other rows."""

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
from core.manifests import Column, Recipe
from core.model_manifest import RANDOM, Validation
from core.preprocessing.features import NOTED, check_target_spread, first_names
from core.preprocessing.pipeline import columns_to_recentre, make_preprocessor, make_standardiser
from core.regressors.all_rows import AllRows
from core.regressors.validation import (
    FOLDS,
    MIN_FOLDS,
    MIN_TEST_ROWS,
    Keys,
    Rows,
    divide_folds,
    divide_holdout,
    split_keys,
    too_few_folds_error,
)

# With fewer rows the scores of a holdout and five folds mean nothing.
MIN_ROWS = 20
# The limits on the test rows of a fold and of the holdout. More would hardly change a score, and take long for a model
# that compares every row with every other.
FOLD_TEST_ROWS = 20_000
HOLDOUT_ROWS = 100_000
# A holdout that differs from the requested size by less than this fraction of the rows gets no note.
HOLDOUT_TOLERANCE = 0.01


@dataclass(frozen=True)
class Fold:
    """The positions of the train rows and of the test rows, among all rows that are not in the holdout."""

    train: Rows
    test: Rows


@dataclass(frozen=True)
class SplitOptions:
    """What a table is split for: the features and the target of a model, and how rows are cleaned and divided.

    `test_size` is the share of the usable rows that the holdout gets.
    """

    features: list[Column]
    recipe: Recipe
    target: str
    test_size: float
    validation: Validation = RANDOM


@dataclass(frozen=True)
class Split:
    """A table that is ready for training: `train_*` are the rows of the folds, `test_*` those of the holdout.

    Features are frames, the target is float64. `columns` describe the features. `notes` say what was left out, for the
    manifest.
    """

    columns: list[Column]
    target: str
    # Unfitted; every fold fits its own copies.
    preprocessor: ColumnTransformer
    # The same with categories as codes.
    coder: ColumnTransformer
    standardiser: ColumnTransformer
    train_x: pd.DataFrame
    train_y: Floats
    test_x: pd.DataFrame
    test_y: Floats
    folds: list[Fold]
    notes: list[str]
    validation: Validation = RANDOM
    # By row of `train_x` the time or group that the folds are divided by; None for random folds.
    keys: Keys | None = None
    # How many rows of a larger table this was made of, evenly spaced; None where all rows were in memory.
    rows_read: int | None = None
    # The table that this is a part of, where a model may learn from all of its rows.
    all_rows: AllRows | None = None

    def other_folds(self, fold: int) -> list[int]:
        """Return the folds to choose ensemble weights for `fold` on: all others, and in time only earlier ones.

        No fold is earlier than the first one in time, which gets all others.
        """
        if self.validation.kind == "time" and fold > 0:
            return list(range(fold))
        return [other for other in range(len(self.folds)) if other != fold]


def split_table(
    frame: pd.DataFrame, options: SplitOptions, notes: Sequence[str] = (), extra_train: pd.DataFrame | None = None
) -> Split:
    """Remove unusable rows, split off the holdout, and divide the other rows into folds.

    Both divisions are random with a fixed seed, or by the column of `options.validation`. `frame` is a `raw_frame` with
    the target, the features and that column; `notes` are those of earlier steps. `extra_train` has the same form: its
    rows are trained on and never tested on in the holdout. Raises `NotEnoughRowsError`, `TargetError`, and
    `InvalidInputError` where the column allows no folds.
    """
    notes = list(notes)
    rows = len(frame) + (0 if extra_train is None else len(extra_train))
    frame = _usable(frame, options, notes)
    if len(frame) < MIN_ROWS:
        raise NotEnoughRowsError(
            f"{len(frame)} usable rows are left; training needs at least {MIN_ROWS}. "
            "Upload more rows, or choose another handling of missing values than drop."
        )
    check_target_spread(frame[options.target].to_numpy(np.float64), options.target)
    train_rows, test_rows, keys = _divided(frame, options, notes)
    train, test = _taken(frame, train_rows), _taken(frame, test_rows)
    del frame  # which may be half of the memory there is
    if extra_train is not None:
        train, keys = _with_extra_rows(_usable(extra_train, options, notes), train, test, options.validation, notes)
    columns = _columns_with_values(options.features, train, notes)
    names, target = [column.name for column in columns], options.target
    train_y = train[target].to_numpy(np.float64)
    recentred = columns_to_recentre(columns, train, train_y)
    test = _limited_holdout(test, notes)
    return Split(
        columns=columns,
        target=target,
        preprocessor=make_preprocessor(columns, options.recipe, rows, recentred=recentred),
        coder=make_preprocessor(columns, options.recipe, rows, codes=True, recentred=recentred),
        standardiser=make_standardiser(columns, options.recipe),
        train_x=train[names],
        train_y=train_y,
        test_x=test[names],
        test_y=test[target].to_numpy(np.float64),
        folds=_folds(len(train), options.validation, keys, notes),
        notes=notes,
        validation=options.validation,
        keys=keys,
    )


def subsample(data: Split, rows: int) -> Split:
    """Return the same split with `rows` evenly spaced train rows, in new folds of the same kind.

    Returns the split itself where so few rows allow no folds by time or group.
    """
    try:
        return _with_train_rows(data, evenly_spaced(len(data.train_y), rows))
    except InvalidInputError:
        return data


def fold_as_split(data: Split, number: int) -> Split:
    """Return the same split with the train rows of one fold only, in new folds of the same kind if they allow any."""
    chosen = data.folds[number].train
    try:
        return _with_train_rows(data, chosen)
    except InvalidInputError:
        rows = np.arange(len(chosen))
        fold = Fold(rows, rows)
        data = replace(data, all_rows=None)
        return replace(data, train_x=data.train_x.iloc[chosen], train_y=data.train_y[chosen], folds=[fold], keys=None)


def _with_train_rows(data: Split, chosen: Rows) -> Split:
    """Return the split with these train rows; raises `InvalidInputError` where they allow no folds by time or group."""
    keys = None if data.keys is None else data.keys[chosen]
    folds = _folds(len(chosen), data.validation, keys, [])
    data = replace(data, all_rows=None)
    return replace(data, train_x=data.train_x.iloc[chosen], train_y=data.train_y[chosen], folds=folds, keys=keys)


def evenly_spaced(rows: int, limit: int) -> Rows:
    """Return the positions of at most `limit` of `rows` rows, evenly spaced; deterministic."""
    return np.arange(rows) if rows <= limit else np.arange(limit) * rows // limit


def _divided(frame: pd.DataFrame, options: SplitOptions, notes: list[str]) -> tuple[Rows, Rows, Keys | None]:
    """Return the positions of the train rows and of the holdout, and the keys of the train rows (see `Split.keys`)."""
    validation, test_size = options.validation, options.test_size
    rows, wanted = len(frame), ceil(test_size * len(frame))
    if validation.column is None:
        _check_sides(rows - wanted, wanted, test_size)
        train, test = train_test_split(np.arange(rows), test_size=test_size, random_state=SEED)
        return train, test, None
    keys = split_keys(frame[validation.column], validation.kind)
    if len(np.unique(keys)) <= MIN_FOLDS:
        raise too_few_folds_error(validation, keys)
    train_rows, test_rows = divide_holdout(validation, keys, test_size)
    _check_sides(len(train_rows), len(test_rows), test_size)
    if abs(len(test_rows) - wanted) > max(1, HOLDOUT_TOLERANCE * rows):
        notes.append(
            f"the holdout has {len(test_rows):,} of {rows:,} rows and not {wanted:,}, "
            f"because rows with the same {validation.column} stay together"
        )
    return train_rows, test_rows, keys[train_rows]


def _taken(frame: pd.DataFrame, rows: Rows) -> pd.DataFrame:
    """Return these rows of a frame, taken a column at a time, so that no second copy is made of them together."""
    index = frame.index[rows]
    taken = {
        name: pd.Series(column.to_numpy()[rows], index, column.dtype, copy=False) for name, column in frame.items()
    }
    return pd.DataFrame(taken, index, frame.columns, copy=False)


def _with_extra_rows(
    extra: pd.DataFrame, train: pd.DataFrame, test: pd.DataFrame, validation: Validation, notes: list[str]
) -> tuple[pd.DataFrame, Keys | None]:
    """Return the train rows, `extra` ones among them unless they would leak from the holdout, and their keys."""
    name = validation.column
    if name is None:
        return pd.concat([extra, train], ignore_index=True), None
    if validation.kind == "time":
        extra = _without(extra, extra[name] >= test[name].min(), "are not before the holdout", notes)
        train = pd.concat([extra, train], ignore_index=True).sort_values(name, kind="stable", ignore_index=True)
    else:
        extra = _without(extra, extra[name].isin(test[name].unique()), f"have a {name} of the holdout", notes)
        train = pd.concat([extra, train], ignore_index=True)
    return train, split_keys(train[name], validation.kind)


def _check_sides(train_rows: int, test_rows: int, test_size: float) -> None:
    """Raise `NotEnoughRowsError` where train rows or holdout are too few."""
    if test_rows < MIN_TEST_ROWS or train_rows < 2 * FOLDS:
        raise NotEnoughRowsError(
            f"test_size {test_size:g} leaves {train_rows} rows to learn from and {test_rows} to judge by; "
            f"at least {2 * FOLDS} and {MIN_TEST_ROWS} are needed. Choose another test_size, such as 0.2.",
            [{"field": "test_size", "message": "leaves too few rows on one side"}],
        )


def _folds(rows: int, validation: Validation, keys: Keys | None, notes: list[str]) -> list[Fold]:
    """Return random folds, or those by `keys`; raises `InvalidInputError` where these allow none."""
    if keys is None:
        divisions = list(KFold(FOLDS, shuffle=True, random_state=SEED).split(range(rows)))
    elif divisions := divide_folds(validation, keys):
        if len(divisions) < FOLDS:
            notes.append(f"there are {len(divisions)} folds and not {FOLDS}: {validation.column} makes no more")
    else:
        raise too_few_folds_error(validation, keys)
    folds = [Fold(train, test) for train, test in divisions]
    largest = max(len(fold.test) for fold in folds)
    if largest <= FOLD_TEST_ROWS:
        return folds
    notes.append(f"each fold is judged by {FOLD_TEST_ROWS:,} of its {largest:,} rows, spread evenly")
    return [Fold(fold.train, fold.test[evenly_spaced(len(fold.test), FOLD_TEST_ROWS)]) for fold in folds]


def _usable(frame: pd.DataFrame, options: SplitOptions, notes: list[str]) -> pd.DataFrame:
    """Return the rows that have a target, a time or group, and every value that the recipe does not fill."""
    frame = _without(frame, frame[options.target].isna(), f"have no {options.target}", notes)
    key_column = options.validation.column
    if key_column is not None:
        frame = _without(frame, frame[key_column].isna(), f"have no {key_column}", notes)
    needed = [column.name for column in options.features if options.recipe.handling(column.name) == "drop"]
    if needed:
        frame = _without(frame, frame[needed].isna().any(axis=1), "have a missing value", notes)
    return frame


def _columns_with_values(features: list[Column], train: pd.DataFrame, notes: list[str]) -> list[Column]:
    """Return the features with a value in the train rows, and note the others; raises `NotEnoughRowsError` for none."""
    columns = [column for column in features if train[column.name].notna().any()]
    empty = [column for column in features if column not in columns]
    if len(empty) > NOTED:
        named, more = first_names(empty), len(empty) - NOTED
        notes.append(f"columns {named} and {more:,} more have no values in the training part and were left out")
    else:
        notes += [f"column {column.name!r} has no values in the training part and was left out" for column in empty]
    if not features:
        raise NotEnoughRowsError(f"No column is left to learn from: {'; '.join(notes) or 'there is only the target'}.")
    if not columns:
        raise NotEnoughRowsError("No feature has any value. Upload a table with at least one filled column.")
    return columns


def _limited_holdout(test: pd.DataFrame, notes: list[str]) -> pd.DataFrame:
    """Return the holdout, or `HOLDOUT_ROWS` evenly spaced rows of a larger one, with a note."""
    if len(test) <= HOLDOUT_ROWS:
        return test
    notes.append(f"the holdout is judged by {HOLDOUT_ROWS:,} of its {len(test):,} rows, spread evenly")
    return test.iloc[evenly_spaced(len(test), HOLDOUT_ROWS)]


def _without(frame: pd.DataFrame, removed: "pd.Series[bool]", why: str, notes: list[str]) -> pd.DataFrame:
    """Return the rows that are not `removed`, and note how many were removed and why."""
    count = int(removed.sum())
    if not count:
        return frame
    notes.append(f"{count} rows {why} and were left out")
    return frame[~removed]
