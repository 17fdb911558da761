"""The order of a leaderboard."""

from typing import Any

from core.model_manifest import Baseline
from core.regressors.metrics import cross_validation
from core.services.training.leaderboard import baseline_row, in_order_of_race

BASELINE = Baseline(metrics={}, cross_validation=cross_validation([0.0, 0.0, 0.0]))


def _row(model_type: str, *scores: float) -> dict[str, Any]:
    return {"model_type": model_type, "cross_validation": cross_validation(list(scores)).model_dump()}


def test_a_fold_that_is_easy_for_all_puts_no_model_ahead() -> None:
    rows = [_row("ridge", -0.2), _row("lightgbm", 0.80, 0.90), _row("blend", 0.82)]

    ordered = in_order_of_race(rows, baseline_row(BASELINE))

    assert [row["model_type"] for row in ordered] == ["blend", "lightgbm", "baseline", "ridge"]
