"""Transforms of the target for training, and their inverses, which are bounded by the range of the training target."""

from typing import Any, Self, get_args

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin, TransformerMixin, clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import PowerTransformer, StandardScaler

from core.array_types import Floats
from core.errors import TargetError
from core.model_manifest import TargetTransformName
from core.preprocessing.recentring import RecentredTarget

TARGET_TRANSFORMS: tuple[TargetTransformName, ...] = get_args(TargetTransformName)

# A prediction exceeds the training target's range by at most this fraction of it. Without a bound, a linear model on
# log(y) once extrapolated to R2 = -.39 and pulled an ensemble down to .70; with the bound it has .98.
MARGIN = 0.25

# Losses of a target that counts from 0, objectives of LightGBM with a bound in units of the target, and parameters in
# its units, or in their square.
SHAPED_BY_ZERO = ("poisson", "gamma", "tweedie", "mape")
IN_UNITS = ("huber", "fair", "mape")
UNIT_PARAMETERS = ("ccp_alpha", "min_impurity_decrease", "min_split_gain", "reg_alpha")


class TargetTransformer(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """log(y + shift) or Yeo-Johnson of y, standardised, with a bounded inverse.

    Fitted: `shift_`, `lambda_` (1 for log), `mean_` and `scale_` of the transformed target, and `low_`, `high_`, the
    bounds of the inverse in transformed units: the training range plus `MARGIN` of it on either side.
    Yeo and Johnson, "A New Family of Power Transformations", Biometrika 87 (2000).
    """

    def __init__(self, kind: TargetTransformName = "log") -> None:
        self.kind = kind

    def fit(self, y: Floats, _: Any = None) -> Self:
        """Fit the transformation to `y`, (n, 1) float64. Raises `TargetError` for a logarithm of negative numbers."""
        low, high = float(y.min()), float(y.max())
        self.shift_ = 0.0 if low > 0 else 1.0
        self.lambda_ = 1.0
        if self.kind == "log" and low < 0:
            raise TargetError(
                f"The target has negative values (down to {low:g}), and they have no logarithm. "
                "Use target_transform yeo_johnson, or none.",
                [{"field": "target_transform", "message": "log takes no negative values"}],
            )
        if self.kind == "yeo_johnson":
            self.lambda_ = float(PowerTransformer("yeo-johnson", standardize=False).fit(y).lambdas_[0])
        raw = self._forward(y)
        self.mean_, self.scale_ = float(raw.mean()), float(raw.std()) or 1.0
        margin = MARGIN * (high - low)
        # The lower bound needs a logarithm: it is at least half of the smallest value.
        floor = max(low - margin, (low + self.shift_) / 2 - self.shift_) if self.kind == "log" else low - margin
        self.low_, self.high_ = (float(self._forward(np.array([[end]]))[0, 0]) for end in (floor, high + margin))
        return self

    def transform(self, y: Floats) -> Floats:
        """Return the standardised transformed target, (n, 1)."""
        return (self._forward(y) - self.mean_) / self.scale_

    def inverse_transform(self, z: Floats) -> Floats:
        """Return the target, (n, 1), within the bounds."""
        raw = np.clip(z * self.scale_ + self.mean_, self.low_, self.high_)
        if self.kind == "log":
            return np.exp(raw) - self.shift_
        positive_part, negative_part = np.maximum(raw, 0), np.minimum(raw, 0)
        power = self.lambda_
        positive = np.expm1(positive_part) if power == 0 else (positive_part * power + 1) ** (1 / power) - 1
        negative = (
            -np.expm1(-negative_part) if power == 2 else 1 - (1 - (2 - power) * negative_part) ** (1 / (2 - power))
        )
        return np.where(raw >= 0, positive, negative)

    def _forward(self, y: Floats) -> Floats:
        """Return the transformed target before standardisation."""
        if self.kind == "log":
            return np.log(y + self.shift_)
        positive_part, negative_part = np.maximum(y, 0), np.minimum(y, 0)
        power = self.lambda_
        positive = np.log1p(positive_part) if power == 0 else ((positive_part + 1) ** power - 1) / power
        negative = -np.log1p(-negative_part) if power == 2 else -((1 - negative_part) ** (2 - power) - 1) / (2 - power)
        return np.where(y >= 0, positive, negative)


class OnTrend(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """A linear model of all features plus a regressor on its residuals; their sum is bounded.

    Trees approximate a slope by steps, and the linear model spares them that. Fitted: the linear model as
    `(x - mean_) @ coef_ + intercept_` (ridge on standardised features), `regressor_` on the residuals, and `low_`,
    `high_`: the training range plus `MARGIN` of it on either side. Zhang, Nettleton and Zhu, "Regression-Enhanced
    Random Forests" (2019).
    """

    def __init__(self, regressor: Any) -> None:
        self.regressor = regressor

    def fit(self, x: Floats, y: Floats, **fit_params: Any) -> Self:
        """Fit the linear model to `x`, (n, features) float64, and `y`, (n,), and the regressor to its residuals.

        `fit_params` are for the `fit` of the regressor.
        """
        scaler = StandardScaler().fit(x)
        line = Ridge().fit(scaler.transform(x), y)
        # Centred on the mean: for features far from 0 an intercept at 0 would lose all digits to rounding.
        self.mean_, self.coef_, self.intercept_ = scaler.mean_, line.coef_ / scaler.scale_, float(line.intercept_)
        self.regressor_ = clone(self.regressor).fit(x, y - self._line(x), **fit_params)
        low, high = float(y.min()), float(y.max())
        margin = MARGIN * (high - low)
        self.low_, self.high_ = low - margin, high + margin
        return self

    def predict(self, x: Floats) -> Floats:
        """Return the bounded sum of the linear model and the regressor, (n,) float64."""
        return np.asarray(np.clip(self._line(x) + self.regressor_.predict(x), self.low_, self.high_), np.float64)

    def _line(self, x: Floats) -> Floats:
        """Return the prediction of the linear model alone."""
        return np.asarray((x - self.mean_) @ self.coef_ + self.intercept_, np.float64)


def with_target_transform(estimator: Any, kind: TargetTransformName, *, scaled: bool, recentred: bool = False) -> Any:
    """Return the estimator, wrapped where it is to train on a transformed or (`scaled`) standardised target.

    Where it is `recentred`, so is the target before, as far as the meaning of the estimator's parameters allows. A
    logarithm is of the target itself.
    """
    if kind == "trend":
        return OnTrend(with_target_transform(estimator, "none", scaled=scaled, recentred=recentred))
    steps: list[tuple[str, Any]] = []
    if kind == "yeo_johnson" and recentred:
        steps = [("recentre", RecentredTarget())]
    elif kind == "none" and recentred:
        steps = _recentring(estimator)
    if kind != "none":
        # It standardises as well.
        steps.append(("transform", TargetTransformer(kind)))
    elif scaled:
        steps.append(("standardise", StandardScaler()))
    if not steps:
        return estimator
    transformer = steps[0][1] if len(steps) == 1 else Pipeline(steps)
    return TransformedTargetRegressor(estimator, transformer=transformer, check_inverse=False)


def _recentring(estimator: Any) -> list[tuple[str, RecentredTarget]]:
    """Return the step that recentres the target of an estimator, as far as its parameters mean the same then."""
    params = estimator.get_params()
    # A forest has the loss as its criterion; for gradient boosting, which has both, that is only how trees are grown.
    loss = next((params[name] for name in ("objective", "loss", "criterion") if params.get(name)), None)
    shifted = loss not in SHAPED_BY_ZERO and params.get("init") != "zero"
    scaled = params.get("objective") not in IN_UNITS and not any(params.get(name) for name in UNIT_PARAMETERS)
    return [("recentre", RecentredTarget(shifted=shifted, scaled=scaled))] if shifted or scaled else []


def inner_regressor(estimator: Any) -> Any:
    """Return the regressor inside of what `with_target_transform` returns."""
    while isinstance(estimator, TransformedTargetRegressor | OnTrend):
        estimator = estimator.regressor
    return estimator
