"""How good predictions are: figures, what they are compared with, and the numbers behind the usual plots."""

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
from core.manifests import Baseline, CrossValidation, Metrics
from core.regressors.splits import Fold, Split, spread

# Points of a scatter plot and bars of a histogram that a person can still tell apart.
PLOT_POINTS = 500
PLOT_BINS = 30
# Levels at which the quantiles of the absolute residuals are kept: every half percent.
INTERVAL_LEVELS = np.linspace(0, 1, 201)


def evaluate(actual: Floats, predicted: Floats) -> Metrics:
    """MSE, RMSE, MAE and median absolute error (in units of the target), MAPE (a share) and R2; float64, n rows.

    MAPE is None where an actual value is 0: it has no percentage.
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
    """R2 of each fold with mean and standard deviation."""
    return CrossValidation(scores=scores, mean=float(np.mean(scores)), std=float(np.std(scores)))


def baseline(data: Split) -> Baseline:
    """What somebody gets who always says the mean of the training part: the least that a model has to beat."""
    y = data.train_y
    scores = [_r2_of_mean(y, fold) for fold in data.folds]
    return Baseline(
        metrics=evaluate(data.test_y, np.full(len(data.test_y), y.mean())), cross_validation=cross_validation(scores)
    )


def _r2_of_mean(y: Floats, fold: Fold) -> float:
    return float(r2_score(y[fold.judge], np.full(len(fold.judge), y[fold.learn].mean())))


def interval_quantiles(residuals: Floats) -> list[float]:
    """Quantiles of the absolute out-of-fold residuals at `INTERVAL_LEVELS`, in units of the target.

    They are what split-conformal intervals are made of: Lei et al., "Distribution-Free Predictive Inference for
    Regression", JASA 113 (2018). Each is an order statistic, never between two, so an interval is rather too wide.
    """
    quantiles: list[float] = np.quantile(np.abs(residuals), INTERVAL_LEVELS, method="higher").tolist()
    return quantiles


def plots(actual: Floats, predicted: Floats) -> dict[str, Any]:
    """The numbers of a predicted-against-actual plot and of a histogram of the residuals (actual - predicted)."""
    shown = spread(len(actual), PLOT_POINTS)
    residuals = actual - predicted
    # What differs only by rounding makes no bins.
    wide = float(np.ptp(residuals)) > 1e-12 * float(np.abs(actual).max())
    counts, edges = np.histogram(residuals, PLOT_BINS if wide else 1)
    return {
        "predicted_vs_actual": {"actual": actual[shown].tolist(), "predicted": predicted[shown].tolist()},
        "residuals": {
            "edges": edges.tolist(),
            "counts": counts.tolist(),
            "mean": float(residuals.mean()),
            "std": float(residuals.std()),
        },
    }
