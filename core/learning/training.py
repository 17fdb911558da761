"""Training one regressor: split, cross-validate, fit, judge on the holdout."""

import os
import re
import time
import warnings
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score
from sklearn.model_selection import KFold, train_test_split
from sklearn.pipeline import Pipeline

from core.errors import (
    NotEnoughRowsError,
    ParameterError,
    TargetError,
    TrainingFailedError,
    UnknownColumnError,
)
from core.learning.budget import within_budget
from core.learning.catalogue import SEED, Regressor
from core.learning.pipeline import preprocessor
from core.manifests import Column, CrossValidation, Recipe

FOLDS = 5
# Below this a holdout and five folds say nothing.
MIN_ROWS = 20
# R2 is not defined on fewer, and every fold needs as many.
MIN_HOLDOUT = 2

# How scikit-learn's InvalidParameterError starts.
PARAMETER = re.compile(r"The '(\w+)' parameter of \w+")

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Split:
    """A table made ready to learn: features as frames, the target as float64, and what was left out."""

    columns: list[Column]
    target: str
    train_x: pd.DataFrame
    train_y: Floats
    test_x: pd.DataFrame
    test_y: Floats
    notes: list[str]


@dataclass(frozen=True)
class Trained:
    """A fitted pipeline and how good it is. Metrics are of the holdout, cross-validation of the training part."""

    pipeline: Pipeline
    metrics: dict[str, float]
    cross_validation: CrossValidation
    parameters: dict[str, Any]
    seconds: float
    notes: list[str]


@dataclass(frozen=True)
class Limits:
    """What a training may use: threads (0 means one per core) and bytes of the compiled model."""

    threads: int
    model_bytes: int


def split(frame: pd.DataFrame, columns: list[Column], recipe: Recipe, target: str, test_size: float) -> Split:
    """Clean by the recipe and cut off the holdout (shuffled, fixed seed).

    `frame` is a `raw_frame` that has the target and the features. Raises `UnknownColumnError`, `TargetError`,
    `NotEnoughRowsError`.
    """
    notes: list[str] = []
    if check_target(columns, target).type == "boolean":
        notes.append(f"{target} is true or false: a prediction is how likely true is, as a number around 0 to 1")
    frame = _without(frame, frame[target].isna(), f"have no {target}", notes)
    features = features_of(columns, recipe, target)
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
    if not usable:
        raise NotEnoughRowsError("No feature has any value. Upload a table with at least one filled column.")
    return Split(
        columns=usable,
        target=target,
        train_x=train[[column.name for column in usable]],
        train_y=train[target].to_numpy(np.float64),
        test_x=test[[column.name for column in usable]],
        test_y=test[target].to_numpy(np.float64),
        notes=notes,
    )


def features_of(columns: list[Column], recipe: Recipe, target: str | None) -> list[Column]:
    """The columns that a model learns from: all but the target and those that the recipe leaves out."""
    return [column for column in columns if column.name != target and column.name not in recipe.leave_out]


def check_target(columns: list[Column], target: str) -> Column:
    """The target's column; raises `UnknownColumnError` or `TargetError` where it cannot be learned."""
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
        raise TargetError(
            f"{target!r} is {what}, and regression predicts a number. Numeric columns: {numeric}.",
            [{"field": "target_column", "message": "not numeric"}],
        )
    if found.distinct < 2:
        raise TargetError(
            f"{target!r} has the same value in every row, so there is nothing to learn. Numeric columns: {numeric}.",
            [{"field": "target_column", "message": "constant"}],
        )
    return found


def train(data: Split, regressor: Regressor, recipe: Recipe, params: dict[str, Any], limits: Limits) -> Trained:
    """Cross-validate and fit one regressor on the training part, and judge it on the holdout.

    Raises `ParameterError` for parameters that the estimator refuses, `TrainingFailedError` when the fit fails.
    """
    start = time.perf_counter()
    estimator = regressor.build(params)
    notes = list(data.notes)
    if regressor.grows_with_rows:
        notes += within_budget(estimator, len(data.train_x), limits.model_bytes)
    pipeline = Pipeline(
        [("prepare", preprocessor(data.columns, recipe, scaled=regressor.scaled)), ("estimate", estimator)]
    )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        scores, fitted = _cross_validate_and_fit(pipeline, data, regressor.name, limits.threads)
        predicted = fitted.predict(data.test_x)
    if any(issubclass(warning.category, ConvergenceWarning) for warning in caught):
        notes.append("the solver stopped before it converged; a larger max_iter or alpha may help")
    metrics = evaluate(data.test_y, predicted)
    if not np.isfinite([*metrics.values(), *scores]).all():
        raise TrainingFailedError(
            f"The scores of {regressor.name} on {data.target!r} are not finite numbers, so it was not stored. "
            "Scale the target to smaller values."
        )
    return Trained(
        pipeline=fitted,
        metrics=metrics,
        cross_validation=CrossValidation(scores=scores.tolist(), mean=float(scores.mean()), std=float(scores.std())),
        parameters={key: value for key, value in estimator.get_params().items() if key != "n_jobs"},
        seconds=time.perf_counter() - start,
        notes=notes,
    )


def evaluate(actual: Floats, predicted: Floats) -> dict[str, float]:
    """MSE, RMSE (in units of the target), MAE and R2 of `predicted` (float64, n rows)."""
    mse = float(mean_squared_error(actual, predicted))
    return {
        "mse": mse,
        "rmse": mse**0.5,
        "mae": float(mean_absolute_error(actual, predicted)),
        "r2": float(r2_score(actual, predicted)),
    }


def _cross_validate_and_fit(pipeline: Pipeline, data: Split, name: str, threads: int) -> tuple[Floats, Pipeline]:
    """R2 of each fold of the training part, and the pipeline fitted on all of it."""
    folds = KFold(FOLDS, shuffle=True, random_state=SEED)
    x, y = data.train_x, data.train_y
    try:
        scores = [
            r2_score(y[judged], _fitted(pipeline, x.iloc[learned], y[learned], threads).predict(x.iloc[judged]))
            for learned, judged in folds.split(x)
        ]
        return np.array(scores), _fitted(pipeline, x, y, threads)
    except ValueError as error:
        reason = str(error).splitlines()[0]
        refused = PARAMETER.match(reason)
        if refused:
            # scikit-learn says what the parameter may be, but of the function that noticed it.
            detail = PARAMETER.sub(rf"The '\1' parameter of {name}", reason)
            raise ParameterError(detail, [{"field": f"params.{refused[1]}", "message": "out of its range"}]) from None
        raise TrainingFailedError(f"{name} could not be trained on this table: {reason}") from error


def _fitted(pipeline: Pipeline, x: pd.DataFrame, y: Floats, threads: int) -> Pipeline:
    """A fitted copy. It fits on all threads and predicts on one: a sum in the order in which threads end differs in
    its last digits from run to run.
    """
    copy = clone(pipeline)
    threaded = "n_jobs" in copy[-1].get_params()
    if threaded:
        copy[-1].set_params(n_jobs=threads or os.cpu_count())
    copy.fit(x, y)
    if threaded:
        copy[-1].set_params(n_jobs=None)
    return copy


def _without(frame: pd.DataFrame, doomed: "pd.Series[bool]", why: str, notes: list[str]) -> pd.DataFrame:
    count = int(doomed.sum())
    if not count:
        return frame
    notes.append(f"{count} rows {why} and were left out")
    return frame[~doomed]
