"""Fit a trial on all rows of a table, in parts, where its folds are of as many rows as there was memory for."""

import time
from dataclasses import replace
from math import inf
from typing import Any

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from core.array_types import Floats
from core.automl.fold_fit import as_training_error
from core.automl.forecast import Forecast
from core.automl.trial import Trial
from core.errors import TrainingFailedError, UnavailableError
from core.freed_memory import return_freed_memory
from core.progress import ReportProgress, StoppedError
from core.regressors.all_rows import KnownRows
from core.regressors.expected_memory import part_rows
from core.regressors.expected_time import seconds_in_parts
from core.regressors.fit_in_parts import OnStep, fit_in_parts
from core.regressors.fold_cache import FoldCache
from core.regressors.splits import evenly_spaced
from core.regressors.thread_limits import one_core_per_fit

# The rows by which an estimator checks its parameters.
SOME_ROWS = 10_000
NO_TIME = "there was no time to learn from all rows, in parts"


def learn_in_parts(
    fold_cache: FoldCache,
    trial: Trial,
    report_progress: ReportProgress,
    until: float = inf,
    forecast: Forecast | None = None,
) -> Trial:
    """Return a trial that ran on all folds, fitted on all rows of the table that may be trained on, if it can be.

    Its preparation stays as it was fitted, and so do its scores. A trial of which all rows were in memory, or that
    cannot learn in parts, is returned as it is; so is, with a note, one for which there is no time: `until`, by
    `time.monotonic()`, by the `forecast`, or by `report_progress`. Any other failure is that of the trial, but for
    `UnavailableError` and another `StoppedError`, which are raised.
    """
    all_rows, candidate, begun = fold_cache.data.all_rows, trial.candidate, time.monotonic()
    if all_rows is None or not candidate.learns_in_parts or trial.failure is not None or not trial.predicted:
        return trial
    if forecast is not None:
        reading = seconds_in_parts([candidate], all_rows.rows, fold_cache.data.columns)
        if begun + forecast.seconds(candidate, all_rows.rows) + forecast.slowness * reading > until:
            return replace(trial, notes=(*trial.notes, NO_TIME))

    def on_step(share: float) -> None:
        if time.monotonic() > until:
            raise StoppedError("timeout")
        report_progress("training", share)

    try:
        with one_core_per_fit():
            pipeline, rows = _fit(fold_cache, trial, on_step)
            predicted = np.asarray(pipeline.predict(fold_cache.data.test_x), np.float64)
    except StoppedError as stopped:
        if stopped.reason != "timeout":
            raise
        return replace(trial, notes=(*trial.notes, NO_TIME))
    except UnavailableError:
        raise
    except Exception as error:
        return trial.with_failure(as_training_error(error, trial))
    if not np.isfinite(predicted).all():
        return trial.with_failure(
            TrainingFailedError(f"{trial.label}, fitted on all rows, predicts no finite numbers.")
        )
    note = (
        "the folds and what prepares the columns are of the rows in memory; the model itself learned from all "
        f"{rows:,} rows that are not in the holdout, read in parts"
    )
    return replace(
        trial,
        fitted=pipeline,
        graph=None,
        predicted={**trial.predicted, fold_cache.holdout_fold: predicted},
        seconds=trial.seconds + time.monotonic() - begun,
        notes=(*trial.notes, note),
        rows_learned=rows,
    )


def _fit(fold_cache: FoldCache, trial: Trial, on_step: OnStep) -> tuple[Any, int]:
    """Return the pipeline with its estimator fitted on all rows, and how many these are."""
    data, all_rows = fold_cache.data, fold_cache.data.all_rows
    assert all_rows is not None
    prepare = trial.fitted[:-1]

    def transform(frame: pd.DataFrame) -> Floats:
        return np.asarray(prepare.transform(frame), np.float64)

    known = _known_rows(fold_cache, trial)
    return_freed_memory()  # of the folds
    with all_rows.open_table() as (_, table):
        usable, y = all_rows.train_rows(table, all_rows.read[data.test_x.index])
        some = evenly_spaced(len(data.train_y), SOME_ROWS)
        few = transform(data.train_x.iloc[some]), data.train_y[some]
        names, most_rows = [column.name for column in data.columns], part_rows(few[0].shape[1])
        parts = all_rows.matrix(table, names, usable, transform, known, most_rows)
        fitted = fit_in_parts(trial.estimator, parts, y, few, on_step)
    return Pipeline([*trial.fitted.steps[:-1], ("estimate", fitted)]), len(y)


def _known_rows(fold_cache: FoldCache, trial: Trial) -> KnownRows | None:
    """Return the matrix of the train rows in memory where `fit_transform` and `transform` make different ones."""
    data, candidate = fold_cache.data, trial.candidate
    assert data.all_rows is not None
    if not any(name.startswith("levels") for name, *_ in data.preprocessor.transformers):
        return None
    prepared = fold_cache.prepared(fold_cache.holdout_fold, codes=candidate.takes_codes)
    matrix, _ = prepared.matrices(scaled=candidate.regressor.scaled)
    return KnownRows(data.all_rows.read[data.train_x.index], matrix)
