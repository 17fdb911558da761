"""One boosted tree on binned features: LightGBM, and scikit-learn's with one-hot categories and with sets of levels."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import thread_time
from typing import Any

from bench._bucket import bucket
from bench._quality_cases import TEST_SIZE, QualityTable, known_tables
from bench._report import Figure, at_least, at_most, run

# The same size on either side. The tables are those of the repository that have categories.
TREES: dict[str, Any] = {"max_iter": 500, "learning_rate": 0.05, "max_leaf_nodes": 31, "min_samples_leaf": 10}
SYSTEMS: dict[str, tuple[str, dict[str, Any]]] = {
    "lightgbm": ("lightgbm", {}),
    "one-hot": ("hist_gradient_boosting", {**TREES, "max_features": 0.5}),
    "sets": ("hist_gradient_boosting", {**TREES, "max_features": 0.5, "categorical_features": []}),
}
WITH_CATEGORIES = ("mpg", "taxis", "diamonds", "california_housing")
# Two good models differ by as much as this on one split of a small table.
MOST_TIME, MOST_LOST = 0.7, -0.02


@dataclass(frozen=True)
class Fit:
    """One fit: R2 on the holdout, the seconds of one thread for preparation and fit, and the cost of its graph."""

    r2: float
    seconds: float
    latency_us: float
    size_bytes: int

    def __str__(self) -> str:
        return f"{self.seconds:.2f} s, R2 {self.r2:.4f}, {self.latency_us:.0f} us a row, {self.size_bytes >> 10:,} KB"


def measure(quick: bool, tables: str | None) -> Iterator[Figure]:
    """Yield by table the time of LightGBM as a share of scikit-learn's, and what R2 it gains on it."""
    with bucket():
        for name, table in chosen_tables(tables, quick).items():
            fits = {system: fit(table, *which) for system, which in SYSTEMS.items()}
            ours, theirs = fits["lightgbm"], fits["one-hot"]
            sides = "; ".join(f"{system} {one}" for system, one in fits.items())
            yield at_most(f"{name}: seconds, lightgbm / one-hot", ours.seconds / theirs.seconds, MOST_TIME, sides)
            yield at_least(f"{name}: R2, lightgbm - one-hot", ours.r2 - theirs.r2, MOST_LOST, "")


def chosen_tables(folder: str | None, quick: bool) -> dict[str, QualityTable]:
    """Return the tables by name: those of `folder`, or ours that have categories."""
    if folder is not None:
        return known_tables(Path(folder))
    return {name: known_tables(None)[name] for name in (WITH_CATEGORIES[:2] if quick else WITH_CATEGORIES)}


def fit(table: QualityTable, model_type: str, params: dict[str, Any]) -> Fit:
    """Prepare and fit one candidate on the train rows of a table; test and compile it."""
    from sklearn.metrics import r2_score

    from core.automl.verified_graph import measure_cost
    from core.catalogue import regressor
    from core.manifests import Recipe
    from core.regressors.candidates import Candidate
    from core.regressors.fold_cache import FoldCache
    from core.regressors.limits import TrainingLimits
    from core.regressors.thread_limits import one_core_per_fit
    from core.services.processing.ingest import ingest
    from core.services.training.train import open_split
    from tests.support.storage import home

    file_id = ingest(home(), table.csv.name, table.csv).file_id
    data = open_split(home(), file_id, table.target, TEST_SIZE, Recipe(leave_out=list(table.drop)))[1]
    candidate = Candidate(regressor(model_type), params)
    estimator, _ = candidate.make_estimator(len(data.train_y), TrainingLimits(1, 1 << 30), data.columns)
    with one_core_per_fit():
        begun = thread_time()
        prepared = FoldCache(data, kept=False).prepared(len(data.folds), codes=candidate.takes_codes)
        estimator.fit(prepared.train_x, prepared.train_y)
        seconds = thread_time() - begun
        score = float(r2_score(prepared.test_y, estimator.predict(prepared.test_x)))
    cost = measure_cost(prepared.pipeline(estimator, scaled=False), data.columns, data.test_x)
    return Fit(score, seconds, cost.latency_us, cost.size_bytes)


if __name__ == "__main__":
    options = {"tables": "measure the tables that tables.toml in this folder names, instead of those of the repository"}
    sys.exit(
        run("One boosted tree: LightGBM beside HistGradientBoostingRegressor, on one thread", measure, options=options)
    )
