"""Fit a trial on one fold, and describe its failure as a caller sees it."""

import logging
import re
import time
from typing import Any

import numpy as np
from sklearn import config_context
from sklearn.base import clone
from sklearn.metrics import r2_score

from core.array_types import Floats
from core.automl.fit_threads import ended_by_itself
from core.automl.forecast import Forecast
from core.automl.trial import FoldResult, Trial
from core.automl.verified_graph import KeptGraph, as_compile_error, measure_cost, verify_graph
from core.errors import ParameterError, RegattaError, TrainingFailedError
from core.preprocessing.target_transforms import inner_regressor
from core.regressors.candidates import reached_max_iter
from core.regressors.fold_cache import FoldCache
from core.regressors.limits import TrainingLimits, rows_to_fit
from core.regressors.splits import evenly_spaced

log = logging.getLogger("regatta")

# The beginning of scikit-learn's InvalidParameterError.
PARAMETER = re.compile(r"The '(\w+)' parameter of \w+")
# The rows that neighbours and kernels predict in one call.
PART_ROWS = 500


def fit_fold(
    fold_cache: FoldCache,
    trial: Trial,
    fold_number: int,
    limits: TrainingLimits,
    forecast: Forecast,
    *,
    with_cost: bool = False,
    with_graph: bool = False,
) -> FoldResult:
    """Fit a copy of the trial's estimator on the train rows of a fold and predict its test rows.

    Records the seconds of the fit in `forecast`; `with_cost` also measures the serving cost. `with_graph` also compiles
    and verifies what was fitted on all train rows, which has the cost as well. Raises `TrainingFailedError` for
    predictions that are not finite, and where the graph cannot be had, and what scikit-learn raises.
    """
    begun = time.perf_counter()
    prepared = fold_cache.prepared(fold_number, codes=trial.candidate.takes_codes)
    regressor = trial.candidate.regressor
    train_x, test_x = prepared.matrices(scaled=regressor.scaled)
    rows, width = train_x.shape
    used = rows_to_fit(regressor, inner_regressor(trial.estimator), rows, width, limits.model_bytes)
    chosen = slice(None) if used == rows else evenly_spaced(rows, used)
    fit_begun, work_begun = time.perf_counter(), time.thread_time()
    fitted = _fit(trial, train_x[chosen], prepared.train_y[chosen])
    fit_ended = time.perf_counter()
    predicted = _predict(fitted, test_x, in_parts=regressor.growth == "n²")
    ended, worked = time.perf_counter(), time.thread_time() - work_begun
    if not np.isfinite(predicted).all():
        raise TrainingFailedError(
            f"{trial.label} predicts numbers that are not finite on this table. Scale the target to smaller values."
        )
    forecast.learn(trial.candidate, rows, ended - fit_begun, worked)
    is_holdout = fold_number == fold_cache.holdout_fold
    pipeline = prepared.pipeline(fitted, scaled=regressor.scaled) if is_holdout or with_cost else None
    graph = _verified(trial, pipeline, fold_cache) if is_holdout and with_graph else None
    sampled = f"learned from {used:,} of the {rows:,} rows, spread evenly, to bound its time and size"
    return FoldResult(
        fold_number=fold_number,
        predicted=predicted,
        score=None if is_holdout else float(r2_score(prepared.test_y, predicted)),
        seconds=ended - begun,
        notes=(sampled,) if is_holdout and used < rows else (),
        stopped_early=reached_max_iter(fitted),
        fitted=pipeline if is_holdout else None,
        cost=measure_cost(pipeline, fold_cache.data.columns, fold_cache.data.test_x) if with_cost else None,
        graph=graph,
        fold_pipeline=pipeline if with_cost else None,
        # Trees predict many rows at hardly more cost than few, so theirs is no cost of a row.
        row_seconds=(ended - fit_ended) / len(predicted) if regressor.growth == "n²" else 0.0,
    )


def _fit(trial: Trial, x: Floats, y: Floats) -> Any:
    """Return a fitted copy of the trial's estimator."""
    estimator = clone(trial.estimator)
    if trial.candidate.regressor.package == "lightgbm":
        with ended_by_itself() as check:
            return estimator.fit(x, y, callbacks=[lambda _: check()])
    # Once is enough: GradientBoostingRegressor checks the parameters of each of its trees again.
    inner_regressor(estimator)._validate_params()
    with config_context(skip_parameter_validation=True):
        return estimator.fit(x, y)


def _verified(trial: Trial, pipeline: Any, fold_cache: FoldCache) -> KeptGraph:
    """Return the graph of a pipeline that was fitted on all train rows, for its publication."""
    try:
        return KeptGraph.of(verify_graph(pipeline, fold_cache.data))
    except Exception as error:
        raise as_compile_error(trial.label, error) from error


def _predict(fitted: Any, test_x: Floats, *, in_parts: bool) -> Floats:
    """Return the predictions, float64 (n,); `in_parts`, so that a thread that compares rows with rows can be ended."""
    if not in_parts or len(test_x) <= PART_ROWS:
        return np.asarray(fitted.predict(test_x), np.float64)
    parts = [fitted.predict(test_x[start : start + PART_ROWS]) for start in range(0, len(test_x), PART_ROWS)]
    return np.concatenate(parts).astype(np.float64)


def as_training_error(error: BaseException, trial: Trial) -> RegattaError:
    """Return an error of a fit as the caller sees it; one that parameters or table did not cause is a fault of ours."""
    if isinstance(error, RegattaError):
        return error
    name = trial.candidate.regressor.name
    log.info("%s could not be trained", name, exc_info=error)
    if not isinstance(error, ValueError | TypeError | ArithmeticError | MemoryError) and not _is_lightgbm_error(error):
        return RegattaError(f"{name} could not be trained for a fault of ours. It has been logged.")
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    refused = PARAMETER.match(reason)
    if refused:
        # scikit-learn names the allowed values, but for the function that checked the parameter.
        detail = PARAMETER.sub(rf"The '\1' parameter of {name}", reason)
        return ParameterError(detail, [{"field": f"params.{refused[1]}", "message": "out of its range"}])
    return TrainingFailedError(f"{name} could not be trained on this table: {reason}")


def _is_lightgbm_error(error: BaseException) -> bool:
    """Return whether it is LightGBM's own exception, which is no `ValueError`; the package need not be loaded."""
    return type(error).__name__ == "LightGBMError"
