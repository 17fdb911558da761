"""What may happen to a target before a regressor sees it, and back: never beyond what training has seen by much."""

from typing import Any, Literal, Self, get_args

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin, TransformerMixin, clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.linear_model import Ridge
from sklearn.preprocessing import PowerTransformer, StandardScaler

from core import manifests
from core.array_types import Floats
from core.errors import TargetError

Kind = manifests.TargetTransform
TargetChoice = Literal["auto", Kind]
KINDS: tuple[Kind, ...] = get_args(Kind)

# A prediction goes at most this share of the training target's range beyond it. Once a linear model on log(y)
# extrapolated to R2 = -.39 and took a blend down to .70, where the bounded one gives .98.
MARGIN = 0.25


class TargetTransform(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """log(y + shift) or Yeo-Johnson of y, standardised, with a bounded way back.

    Fitted: `shift_`, `lambda_` (1 for log), `mean_` and `scale_` of the transformed target, and `low_`, `high_`: the
    bounds of the transformed value on the way back, those of the training range plus `MARGIN` of it on either side.
    Yeo and Johnson, "A New Family of Power Transformations", Biometrika 87 (2000).
    """

    def __init__(self, kind: Kind = "log") -> None:
        self.kind = kind

    def fit(self, y: Floats, _: Any = None) -> Self:
        """`y` is float64 of shape (n, 1). Raises `TargetError` for the logarithm of a negative number."""
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
        room = MARGIN * (high - low)
        # A logarithm is bounded below by half of the smallest value rather than by what has none.
        floor = max(low - room, (low + self.shift_) / 2 - self.shift_) if self.kind == "log" else low - room
        self.low_, self.high_ = (float(self._forward(np.array([[end]]))[0, 0]) for end in (floor, high + room))
        return self

    def transform(self, y: Floats) -> Floats:
        """The standardised transformed target, (n, 1)."""
        return (self._forward(y) - self.mean_) / self.scale_

    def inverse_transform(self, z: Floats) -> Floats:
        """The target again, (n, 1), within the bounds."""
        raw = np.clip(z * self.scale_ + self.mean_, self.low_, self.high_)
        if self.kind == "log":
            return np.exp(raw) - self.shift_
        up, down = np.maximum(raw, 0), np.minimum(raw, 0)
        k = self.lambda_
        positive = np.expm1(up) if k == 0 else (up * k + 1) ** (1 / k) - 1
        negative = -np.expm1(-down) if k == 2 else 1 - (1 - (2 - k) * down) ** (1 / (2 - k))
        return np.where(raw >= 0, positive, negative)

    def _forward(self, y: Floats) -> Floats:
        if self.kind == "log":
            return np.log(y + self.shift_)
        up, down = np.maximum(y, 0), np.minimum(y, 0)
        k = self.lambda_
        positive = np.log1p(up) if k == 0 else ((up + 1) ** k - 1) / k
        negative = -np.log1p(-down) if k == 2 else -((1 - down) ** (2 - k) - 1) / (2 - k)
        return np.where(y >= 0, positive, negative)


class OnTrend(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """A straight line through all features, and a regressor that learns what it leaves; their sum is bounded.

    Trees follow a slope in steps; what a line can say they need not learn. Fitted: the line as `(x - mean_) @ coef_ +
    intercept_` (ridge on standardised features), `regressor_` on what is left, and `low_`, `high_`: the training range
    plus `MARGIN` of it on either side. Zhang, Nettleton and Zhu, "Regression-Enhanced Random Forests" (2019).
    """

    def __init__(self, regressor: Any) -> None:
        self.regressor = regressor

    def fit(self, x: Floats, y: Floats) -> Self:
        """`x` is float64 of shape (n, features), `y` (n,)."""
        scaler = StandardScaler().fit(x)
        line = Ridge().fit(scaler.transform(x), y)
        # About the mean, or of features far from 0 nothing but rounding would be left.
        self.mean_, self.coef_, self.intercept_ = scaler.mean_, line.coef_ / scaler.scale_, float(line.intercept_)
        self.regressor_ = clone(self.regressor).fit(x, y - self._line(x))
        low, high = float(y.min()), float(y.max())
        room = MARGIN * (high - low)
        self.low_, self.high_ = low - room, high + room
        return self

    def predict(self, x: Floats) -> Floats:
        """The line and what the regressor adds, float64 (n,)."""
        return np.asarray(np.clip(self._line(x) + self.regressor_.predict(x), self.low_, self.high_), np.float64)

    def _line(self, x: Floats) -> Floats:
        return np.asarray((x - self.mean_) @ self.coef_ + self.intercept_, np.float64)


def with_target(estimator: Any, kind: Kind, *, scaled: bool) -> Any:
    """The estimator on the target as it is, or wrapped so that it learns a transformed or standardised one."""
    if kind == "trend":
        return OnTrend(with_target(estimator, "none", scaled=scaled))
    steps: list[Any] = [] if kind == "none" else [TargetTransform(kind)]
    # A transformed target is standardised already.
    steps += [StandardScaler()] if scaled and not steps else []
    if not steps:
        return estimator
    return TransformedTargetRegressor(estimator, transformer=steps[0], check_inverse=False)


def inner(estimator: Any) -> Any:
    """The regressor itself, where it is wrapped."""
    while isinstance(estimator, TransformedTargetRegressor | OnTrend):
        estimator = estimator.regressor
    return estimator
