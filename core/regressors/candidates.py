"""A candidate is a configuration that can be trained: a regressor, its parameters and a transform of the target."""

from dataclasses import dataclass, field
from typing import Any

from core.catalogue import Regressor
from core.model_manifest import TargetTransformName
from core.preprocessing.target_transforms import inner_regressor, with_target_transform
from core.regressors.limits import TrainingLimits, limit_graph_bytes, sample_per_tree


@dataclass(frozen=True)
class Candidate:
    """One configuration to train. `params` are those that differ from the regressor's defaults."""

    regressor: Regressor
    params: dict[str, Any] = field(default_factory=dict)
    target_transform: TargetTransformName = "none"

    def make_estimator(self, rows: int, limits: TrainingLimits) -> tuple[Any, list[str]]:
        """Return the unfitted estimator for `rows` rows, and a note on each parameter that was changed for the limits.

        Raises `ParameterError`.
        """
        estimator = self.regressor.build(self.params)
        if getattr(estimator, "weights", None) == "distance" and estimator.algorithm == "auto":
            # Beyond 15 columns scikit-learn would search by brute force, to 8 digits: a row is not at 0 from itself.
            estimator.set_params(algorithm="kd_tree")
        notes = sample_per_tree(estimator, self.regressor, rows)
        rows_per_tree = min(rows, self.regressor.max_rows or rows)
        notes += limit_graph_bytes(estimator, rows_per_tree, limits.model_bytes)
        return with_target_transform(estimator, self.target_transform, scaled=self.regressor.scaled_target), notes

    def expected_seconds(self, rows: int, columns: int) -> float:
        """Return how long one fit should take on one core; for planning only."""
        return self.regressor.expected_seconds(rows, columns, self.params)


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
