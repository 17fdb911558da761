"""What ingredients that the portfolio does without would bring: RMSE with each as a multiple of that without it.

Fixed configurations on two random folds of each table, and no clock. A table without the columns that an ingredient is
for does not count for it.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from math import exp
from multiprocessing import get_context
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import skew
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import KFold
from sklearn.preprocessing import QuantileTransformer

from bench._portfolio_fits import with_rows
from bench._report import Figure, at_least, run
from bench.portfolio import PROCESSES, splits_of_tables
from core.array_types import Floats
from core.automl.ensemble_selection import ensemble_weights
from core.automl.portfolio import SKEWED
from core.catalogue import SEED, regressor
from core.preprocessing.target_transforms import with_target_transform
from core.regressors.fold_cache import FoldCache
from core.regressors.limits import TrainingLimits
from core.regressors.splits import Split
from core.regressors.thread_limits import limit_openmp, one_core_per_fit

# By the name of a size its train rows; a table with fewer than `ENOUGH` of them is left out.
ROWS, ENOUGH, FOLDS = {"small": 400, "medium": 2_000}, 0.6, 2
LIMITS = TrainingLimits(threads=1, model_bytes=100_000_000)
# An ingredient that does not bring this much of RMSE in the mean is left out.
PAYS = 0.01
# By date part the values of one turn.
TURNS = {"month": 12, "dayofweek": 7, "hour": 24}
INNER_FOLDS = 5

# Train features, train target, test features: what a fitted method predicts of the last.
Method = Callable[[Floats, Floats, Floats], Floats]
# Train rows and test rows of the table, raw: columns to add to the features of each.
Added = Callable[[Split, pd.DataFrame, pd.DataFrame], tuple[Floats, Floats]]


def measure(quick: bool, tables: str | None) -> Iterator[Figure]:
    """Yield for each ingredient the geometric mean over the tables of the RMSE with it by that without it."""
    splits = dict(splits_of_tables(Path(tables) if tables else None))
    ratios: dict[str, dict[str, float]] = {}
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        running = {}
        for size in list(ROWS)[:1] if quick else ROWS:
            for table, data in splits.items():
                if (sized := _with_rows(data, ROWS[size])) is not None:
                    running[f"{table} {size}"] = pool.submit(measure_table, sized)
        for name, measured in running.items():
            for ingredient, ratio in measured.result().items():
                ratios.setdefault(ingredient, {})[name] = ratio
    for ingredient, by_table in ratios.items():
        ratio = exp(mean(map(float, np.log(list(by_table.values())))))
        each = ", ".join(f"{name} {value:.3f}" for name, value in by_table.items())
        yield at_least(f"{ingredient}: RMSE with / without, {len(by_table)} tables", ratio, 1 - PAYS, each)


def measure_table(data: Split) -> dict[str, float]:
    """Return by ingredient the RMSE with it as a multiple of that without it, where the table has columns for it."""
    limit_openmp()
    with one_core_per_fit():
        trees, plain = _boosted(), _errors(data, _boosted())
        found = {
            name: _errors(data, trees, added) / plain
            for name, added in (("frequencies of levels", frequencies), ("cycles of dates", cycles))
            if _has_columns(data, added)
        }
        if abs(skew(data.train_y)) > SKEWED:
            # A race tries Yeo and Johnson's transform there.
            today = _errors(data, _fitted(with_target_transform(_estimators()[0], "yeo_johnson", scaled=False)))
            found["quantiles of a skewed target"] = _errors(data, _on_quantiles) / today
            if data.train_y.min() >= 0:
                found["logarithm of a skewed target"] = _errors(data, _on_logarithm()) / today
        members = _members()
        found["a linear model of out-of-fold predictions"] = _errors(data, _stacked(members, _linear)) / _errors(
            data, _stacked(members, _selected)
        )
    return found


def frequencies(data: Split, train: pd.DataFrame, test: pd.DataFrame) -> tuple[Floats, Floats]:
    """Return for each category column how many train rows have the level of a row, (n, categories)."""
    names = [column.name for column in data.columns if column.type == "category"]
    counts = {name: train[name].value_counts() for name in names}

    def counted(rows: pd.DataFrame) -> Floats:
        found = np.empty((len(rows), len(names)))
        for place, name in enumerate(names):
            found[:, place] = rows[name].map(counts[name]).fillna(0.0)
        return found

    return counted(train), counted(test)


def cycles(data: Split, train: pd.DataFrame, test: pd.DataFrame) -> tuple[Floats, Floats]:
    """Return sine and cosine of month, weekday and hour of each date column, (n, 6 a column); dates are in seconds."""
    names = [column.name for column in data.columns if column.type == "date"]
    return _turned(train, names), _turned(test, names)


def _turned(rows: pd.DataFrame, names: Sequence[str]) -> Floats:
    parts = [(name, part) for name in names for part in TURNS]
    angles = np.empty((len(rows), len(parts)))
    for place, (name, part) in enumerate(parts):
        angles[:, place] = 2 * np.pi * getattr(pd.to_datetime(rows[name], unit="s").dt, part) / TURNS[part]
    return np.column_stack([np.sin(angles), np.cos(angles)])


def _has_columns(data: Split, added: Added) -> bool:
    head = data.train_x.iloc[:1]
    return bool(added(data, head, head)[0].shape[1])


def _errors(data: Split, method: Method, added: Added | None = None) -> float:
    """Return the geometric mean of the RMSE over the folds."""
    fold_cache, logs = FoldCache(data), []
    for number, fold in enumerate(data.folds):
        prepared = fold_cache.prepared(number, codes=False)
        train_x, test_x = prepared.matrices(scaled=False)
        if added is not None:
            more = added(data, data.train_x.iloc[fold.train], data.train_x.iloc[fold.test])
            train_x, test_x = np.column_stack([train_x, more[0]]), np.column_stack([test_x, more[1]])
        predicted = method(train_x, prepared.train_y, test_x)
        logs.append(np.log(np.sqrt(np.mean(np.square(prepared.test_y - predicted)))))
    return float(np.exp(np.mean(logs)))


def _estimators() -> list[Any]:
    """Return a boosted tree, extra trees, a ridge and shallow boosted trees."""
    boosted = {"n_estimators": 400, "learning_rate": 0.05, "num_leaves": 31, "min_child_samples": 10}
    shallow = {"n_estimators": 300, "learning_rate": 0.05, "max_depth": 3, "subsample": 0.7, "max_features": 0.5}
    return [
        regressor("lightgbm").build({**boosted, "colsample_bytree": 0.5}),
        regressor("extra_trees").build({"n_estimators": 200, "min_samples_leaf": 1}),
        regressor("ridge").build({"alpha": 1.0}),
        regressor("gradient_boosting").build(shallow),
    ]


def _with_rows(data: Split, rows: int) -> Split | None:
    """Return the split with so many train rows and `FOLDS` random folds; None where it has too few."""
    return with_rows(data, min(rows, len(data.train_y)), FOLDS) if len(data.train_y) >= ENOUGH * rows else None


def _fitted(estimator: Any) -> Method:
    return lambda x, y, test_x: np.asarray(clone(estimator).fit(x, y).predict(test_x), np.float64)


def _boosted() -> Method:
    return _fitted(_estimators()[0])


def _members() -> list[Method]:
    return list(map(_fitted, _estimators()))


def _on_logarithm() -> Method:
    return _fitted(with_target_transform(_estimators()[0], "log", scaled=False))


def _on_quantiles(x: Floats, y: Floats, test_x: Floats) -> Floats:
    transformer = QuantileTransformer(n_quantiles=min(len(y), 1_000), output_distribution="normal", random_state=SEED)
    return _fitted(TransformedTargetRegressor(_estimators()[0], transformer=transformer))(x, y, test_x)


def _stacked(members: Sequence[Method], join: Callable[[Floats, Floats, Floats], Floats]) -> Method:
    """Return a method that joins members, given their predictions out of fold, the target and those of test rows."""

    def predict(x: Floats, y: Floats, test_x: Floats) -> Floats:
        out_of_fold = np.empty((len(y), len(members)))
        for train, test in KFold(INNER_FOLDS, shuffle=True, random_state=SEED).split(x):
            out_of_fold[test] = np.column_stack([member(x[train], y[train], x[test]) for member in members])
        return join(out_of_fold, y, np.column_stack([member(x, y, test_x) for member in members]))

    return predict


def _selected(out_of_fold: Floats, y: Floats, test: Floats) -> Floats:
    """Join as a race does, by ensemble selection."""
    return np.asarray(test @ ensemble_weights(out_of_fold, y), np.float64)


def _linear(out_of_fold: Floats, y: Floats, test: Floats) -> Floats:
    """Join by a ridge, the second layer of stacking: Wolpert, Neural Networks 5 (1992)."""
    second = RidgeCV(np.logspace(-3, 3, 7) * float(np.var(y)) * len(y) / 100)
    return np.asarray(second.fit(out_of_fold, y).predict(test), np.float64)


if __name__ == "__main__":
    options = {"tables": "the tables that tables.toml in this folder names, beside those of the repository"}
    sys.exit(run("Ingredients that the portfolio does without", measure, {}, options))
