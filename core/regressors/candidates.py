"""What can be trained: a regressor with its parameters and with what happens to the target."""

from dataclasses import dataclass, field
from typing import Any

from core.catalogue import Regressor
from core.preprocessing.target_transforms import Kind, inner, with_target
from core.regressors.limits import Limits, sample_for_each_tree, within_budget


@dataclass(frozen=True)
class Candidate:
    """One way to learn a table. `params` are those that differ from the regressor's defaults."""

    regressor: Regressor
    params: dict[str, Any] = field(default_factory=dict)
    target: Kind = "none"

    def unfitted(self, rows: int, limits: Limits) -> tuple[Any, list[str]]:
        """The estimator for `rows` rows, and notes on what its budget changed; raises `ParameterError`."""
        estimator = self.regressor.build(self.params)
        if getattr(estimator, "weights", None) == "distance" and estimator.algorithm == "auto":
            # Beyond 15 columns scikit-learn would search by brute force, to 8 digits: a row is not at 0 from itself.
            estimator.set_params(algorithm="kd_tree")
        notes = sample_for_each_tree(estimator, self.regressor, rows)
        drawn = min(rows, self.regressor.most_rows or rows)
        notes += within_budget(estimator, drawn, limits.model_bytes)
        return with_target(estimator, self.target, scaled=self.regressor.scaled_target), notes

    def expected_seconds(self, rows: int, columns: int) -> float:
        """How long one fit should take on one core; for planning only."""
        return self.regressor.expected_seconds(rows, columns, self.params)


def parameters_of(estimator: Any) -> dict[str, Any]:
    """All parameters of the regressor itself, but the number of threads, which changes nothing."""
    return {key: value for key, value in inner(estimator).get_params().items() if key != "n_jobs"}


def stopped_early(estimator: Any) -> bool:
    """Whether an iterative solver ran out of iterations; boosting, which counts its trees so, never does."""
    while hasattr(estimator, "regressor_"):
        estimator = estimator.regressor_
    most, used = getattr(estimator, "max_iter", None), getattr(estimator, "n_iter_", None)
    if not most or most < 0 or used is None or hasattr(estimator, "_predictors"):
        return False
    return bool(max(used) >= most if hasattr(used, "__len__") else used >= most)
