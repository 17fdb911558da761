"""Names of trials in sentences: by as few parameters as tell trials of one regressor apart."""

from typing import Any

from core.automl.trial_names import trial_names
from core.catalogue import regressor
from core.model_manifest import TargetTransformName
from core.regressors.candidates import Candidate


def _one(name: str, transform: TargetTransformName = "none", **params: Any) -> Candidate:
    return Candidate(regressor(name), params, transform)


def test_trials_of_one_regressor_are_told_apart_by_the_parameters_that_differ() -> None:
    candidates = [
        _one("ridge", alpha=1.0),
        _one("extra_trees", max_features=0.7, n_estimators=300, min_samples_leaf=2),
        _one("extra_trees", max_features=0.35, n_estimators=300, min_samples_leaf=5),
        _one("extra_trees", max_features=0.35, n_estimators=300, min_samples_leaf=5, max_depth=None),
        _one("svr", "log", C=10.0),
        _one("svr", C=10.0),
        _one("svr", C=30.0),
    ]
    assert trial_names(candidates) == [
        "ridge",
        "extra_trees (max_features=0.7)",
        "extra_trees (max_features=0.35)",
        "extra_trees (max_depth=None, max_features=0.35)",
        "svr (log)",
        "svr (C=10)",
        "svr (C=30)",
    ]
