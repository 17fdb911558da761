"""Evaluate predictions: metrics, the baseline to compare them with, interval quantiles and the data of plots."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.metrics import (
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    median_absolute_error,
    r2_score,
)

from core.array_types import Floats
from core.model_manifest import Baseline, CrossValidation, Metrics
from core.regressors.splits import Fold, Split, evenly_spaced

# As many points of a scatter plot and bars of a histogram as a person can distinguish.
PLOT_POINTS = 500
PLOT_BINS = 30
# The quantiles of the absolute residuals that are kept: every half percent.
INTERVAL_LEVELS = np.linspace(0, 1, 201)
# The exponent of the curve of learning: with twice the rows the error falls to 2^-0.2 = 87 % of what it was.
LEARNING_RATE = 0.2


def evaluate(actual: Floats, predicted: Floats) -> Metrics:
    """Return MSE, RMSE, MAE and median absolute error (in units of the target), MAPE (a fraction) and R2.

    Both arrays are float64 (n,). MAPE is None where an actual value is 0, as no percentage of it exists.
    """
    mse = float(mean_squared_error(actual, predicted))
    return {
        "mse": mse,
        "rmse": mse**0.5,
        "mae": float(mean_absolute_error(actual, predicted)),
        "median_ae": float(median_absolute_error(actual, predicted)),
        "mape": float(mean_absolute_percentage_error(actual, predicted)) if actual.all() else None,
        "r2": float(r2_score(actual, predicted)),
    }


def cross_validation(scores: list[float]) -> CrossValidation:
    """Return the R2 of each fold with mean and standard deviation; one fold has none."""
    return CrossValidation(
        scores=scores, mean=float(np.mean(scores)), std=float(np.std(scores)) if len(scores) > 1 else None
    )


def error_of_more_rows(growth: float) -> float:
    """Return the error after learning from `growth` times the rows, as a multiple of the error before."""
    return float(growth**-LEARNING_RATE)


def comparable_means(scores: Sequence[Sequence[float]]) -> list[float]:
    """Return a mean R2 of each of these trials as if all had run on the folds of the one that ran on most.

    Each has the R2 of the first folds, as many as it ran on. One that ran on fewer is as much better or worse than the
    one that ran on most as it was on the folds of both. A trial without scores has -inf.
    """
    most = max(scores, key=lambda each: (len(each), float(np.mean(each))) if each else (0, 0.0), default=())
    return [
        float(np.mean(most)) + float(np.mean(each)) - float(np.mean(most[: len(each)])) if each else -np.inf
        for each in scores
    ]


def baseline(split: Split) -> Baseline:
    """Evaluate the prediction of the training mean for every row, which any useful model has to beat."""
    y = split.train_y
    scores = [_r2_of_mean(y, fold) for fold in split.folds]
    return Baseline(
        metrics=evaluate(split.test_y, np.full(len(split.test_y), y.mean())), cross_validation=cross_validation(scores)
    )


def _r2_of_mean(y: Floats, fold: Fold) -> float:
    """Return the R2 on the test rows of a fold when the mean of its train rows is predicted."""
    return float(r2_score(y[fold.test], np.full(len(fold.test), y[fold.train].mean())))


def conformal_levels(known: int, rows: int) -> Floats:
    """Return the levels of the quantiles of residuals of `known` different rows, for `INTERVAL_LEVELS` of any row.

    Of few residuals the next one may be larger: bounds take the quantile at (n + 1) / n times their level, and for n
    `core.inference.intervals` knows the `rows` of the training, (201,).
    """
    return np.minimum(1.0, INTERVAL_LEVELS * ((1 + 1 / known) / (1 + 1 / rows)))


def interval_quantiles(residuals: Floats, levels: Floats = INTERVAL_LEVELS) -> list[float]:
    """Return the quantiles of the absolute residuals at these levels, in units of the target.

    Split-conformal intervals are made of them: Lei et al., "Distribution-Free Predictive Inference for Regression",
    JASA 113 (2018). Each is an order statistic without interpolation, so an interval is rather too wide.
    """
    quantiles: list[float] = np.quantile(np.abs(residuals), levels, method="higher").tolist()
    return quantiles


def plots(actual: Floats, predicted: Floats) -> dict[str, Any]:
    """Return the data of a predicted-against-actual plot and of a histogram of the residuals (actual - predicted)."""
    plotted = evenly_spaced(len(actual), PLOT_POINTS)
    residuals = actual - predicted
    # Residuals that differ only by rounding get a single bin.
    is_spread = float(np.ptp(residuals)) > 1e-12 * float(np.abs(actual).max())
    counts, edges = np.histogram(residuals, PLOT_BINS if is_spread else 1)
    return {
        "predicted_vs_actual": {"actual": actual[plotted].tolist(), "predicted": predicted[plotted].tolist()},
        "residuals": {
            "edges": edges.tolist(),
            "counts": counts.tolist(),
            "mean": float(residuals.mean()),
            "std": float(residuals.std()),
        },
    }
