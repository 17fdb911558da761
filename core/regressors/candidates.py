"""A candidate is a configuration that can be trained: a regressor, its parameters and a transform of the target."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor

from core.array_types import Floats
from core.catalogue_entry import Regressor
from core.errors import TrainingFailedError
from core.manifests import Column
from core.model_manifest import TargetTransformName
from core.preprocessing.pipeline import coded_columns
from core.preprocessing.recentring import is_awkward_target
from core.preprocessing.target_transforms import OnTrend, inner_regressor, with_target_transform
from core.regressors.limits import TrainingLimits, limit_graph_bytes, sample_per_tree

# The share of a target's range that its values may lose to float32.
MOST_LOST = 1e-3


@dataclass(frozen=True)
class Candidate:
    """One configuration to train. `params` are those that differ from the regressor's defaults."""

    regressor: Regressor
    params: dict[str, Any] = field(default_factory=dict)
    target_transform: TargetTransformName = "none"

    @property
    def takes_codes(self) -> bool:
        """Return whether it takes categories as codes: where a list says which columns they are, even an empty one.

        It does not where a linear model is fitted first, to which codes mean nothing.
        """
        name = self.regressor.codes_parameter
        positions = self.params.get(name, self.regressor.fixed.get(name)) if name else None
        return isinstance(positions, list) and self.target_transform != "trend"

    @property
    def learns_in_parts(self) -> bool:
        """Return whether it can be fitted on rows that come in parts."""
        return self.regressor.in_parts and self.target_transform != "trend"

    @property
    def _takes_recentred(self) -> bool:
        """Return whether a target that float32 does not hold is recentred; the transform loses the same digits."""
        return self.regressor.recentred_target or self.target_transform == "yeo_johnson"

    def make_estimator(
        self, rows: int, limits: TrainingLimits, columns: Sequence[Column] = (), y: Floats | None = None
    ) -> tuple[Any, list[str]]:
        """Return the unfitted estimator for `rows` rows, and a note on each parameter that was changed for the limits.

        `columns` are those of the table, and `y` is the target that it is to learn, (n,) float64, where that is known.
        Raises `ParameterError`, and `TrainingFailedError` where a package is missing or cannot hold the target.
        """
        estimator = self.regressor.build(self.params)
        if name := self.regressor.codes_parameter:
            coded = len(coded_columns(columns)) if self.takes_codes else 0
            if coded or isinstance(getattr(estimator, name), list):
                estimator.set_params(**{name: list(range(coded))})
        if getattr(estimator, "weights", None) == "distance" and estimator.algorithm == "auto":
            # Beyond 15 columns scikit-learn would search by brute force, to 8 digits: a row is not at 0 from itself.
            estimator.set_params(algorithm="kd_tree")
        notes = sample_per_tree(estimator, self.regressor, rows)
        rows_per_tree = min(rows, self.regressor.max_rows or rows)
        notes += limit_graph_bytes(estimator, rows_per_tree, limits.model_bytes, columns)
        recentred = y is not None and self._takes_recentred and is_awkward_target(y)
        estimator = with_target_transform(
            estimator, self.target_transform, scaled=self.regressor.scaled_target, recentred=recentred
        )
        if y is not None and self.regressor.float32_target:
            _check_float32(self.regressor.name, estimator, y)
        return estimator, notes

    def expected_seconds(self, rows: int, columns: int) -> float:
        """Return how long one fit should take on one core; for planning only."""
        return self.regressor.expected_seconds(rows, columns, self.params)


def _check_float32(name: str, estimator: Any, y: Floats) -> None:
    """Raise `TrainingFailedError` where the target as the estimator gets it, (n,), is not what it keeps as float32."""
    if isinstance(estimator, OnTrend):
        # It gets residuals, which are near 0.
        return
    if isinstance(estimator, TransformedTargetRegressor):
        y = clone(estimator.transformer).fit_transform(y[:, np.newaxis])[:, 0]
    with np.errstate(over="ignore"):
        lost = np.abs(y.astype(np.float32) - y)
    if not lost.max() <= MOST_LOST * (y.max() - y.min()):
        raise TrainingFailedError(
            f"{name} keeps the target as float32, in 7 digits and from 1e-38 to 3e38: with these parameters its values "
            "do not fit."
        )


def regressor_parameters(estimator: Any) -> dict[str, Any]:
    """Return all parameters of the inner regressor except the number of threads, which does not change the model."""
    return {key: value for key, value in inner_regressor(estimator).get_params().items() if key != "n_jobs"}


def reached_max_iter(estimator: Any) -> bool:
    """Return whether an iterative solver ran out of iterations; False for boosting, whose iterations are its trees."""
    while hasattr(estimator, "regressor_"):
        estimator = estimator.regressor_
    limit, used = getattr(estimator, "max_iter", None), getattr(estimator, "n_iter_", None)
    if not limit or limit < 0 or used is None or hasattr(estimator, "_predictors"):
        return False
    return bool(max(used) >= limit if hasattr(used, "__len__") else used >= limit)
