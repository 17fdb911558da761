"""A candidate's estimator: which of its columns are codes."""

from typing import Any

import pytest

from core.catalogue import regressor
from core.manifests import Column
from core.model_manifest import TargetTransformName
from core.preprocessing.target_transforms import inner_regressor
from core.regressors.candidates import Candidate, regressor_parameters
from tests.support.training import LIMITS

COLUMNS = [
    Column(name=name, type=kind, missing=0, distinct=distinct)
    for name, kind, distinct in (("a", "category", 3), ("b", "number", 90), ("c", "category", 4), ("d", "category", 90))
]


@pytest.mark.parametrize(
    ("name", "params", "target", "positions"),
    [
        ("lightgbm", {}, "none", [0, 1]),
        ("lightgbm", {}, "log", [0, 1]),
        # To the linear model that is fitted first, codes mean nothing.
        ("lightgbm", {}, "trend", []),
        ("hist_gradient_boosting", {}, "none", "from_dtype"),
        ("hist_gradient_boosting", {"categorical_features": []}, "none", [0, 1]),
        # As a manifest has them; the columns may be others by now.
        ("hist_gradient_boosting", {"categorical_features": [0, 1, 2, 3]}, "none", [0, 1]),
        ("hist_gradient_boosting", {"categorical_features": [0, 1]}, "trend", []),
    ],
)
def test_codes_are_the_first_columns(
    name: str, params: dict[str, Any], target: TargetTransformName, positions: Any
) -> None:
    candidate = Candidate(regressor(name), params, target)
    estimator, _ = candidate.make_estimator(1000, LIMITS, COLUMNS)
    inner = inner_regressor(estimator)
    assert inner.get_params()[candidate.regressor.codes_parameter or ""] == positions
    assert candidate.takes_codes == bool(isinstance(positions, list) and positions)
    again = Candidate(candidate.regressor, regressor_parameters(estimator), target)
    assert again.takes_codes == candidate.takes_codes


def test_other_regressors_take_none() -> None:
    assert not Candidate(regressor("random_forest")).takes_codes
