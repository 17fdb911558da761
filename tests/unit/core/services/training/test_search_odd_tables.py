"""A race of an odd table has an answer in time: a stored winner, and warnings where something was left out."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.automl import portfolio, portfolio_search, screening
from core.catalogue import regressor
from core.jobs.commands import CompareCommand
from core.regressors.candidates import Candidate
from core.services.prediction.explanations import find_explainer
from core.services.prediction.loaded_models import find_model
from core.services.prediction.predict import predict_records
from core.services.processing.ingest import ingest
from core.services.training import compare
from core.services.training.compare import compare_models
from core.storage.s3.object_store import ObjectStore
from tests.support.simulated_time import SimulatedTime, simulate_races
from tests.support.storage import home
from tests.support.training import FEW_TREES, fast_presets, quick

SECONDS = 1.0
# The rows that are predicted, and the level of their intervals: 20 rows allow no higher one.
ROWS, LEVEL = 4, 0.8
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=60)
Y = X + 0.1 * RANDOM.normal(size=60)


def mostly_empty() -> pd.DataFrame:
    empty = {f"empty{number}": np.full(60, np.nan) for number in range(190)}
    return pd.DataFrame({**empty, **{f"x{number}": X * number for number in range(1, 11)}, "y": Y})


TABLES: dict[str, tuple[Callable[[], pd.DataFrame], str | None]] = {
    "200 columns of which 190 are empty": (mostly_empty, "and 187 more have no values"),
    "a category with as many levels as rows": (
        lambda: pd.DataFrame({"text": [f"level {number}" for number in range(60)], "x": X, "y": Y}),
        "different texts",
    ),
    "a target with three values": (lambda: pd.DataFrame({"x": X, "y": np.digitize(X, [-0.5, 0.5])}), None),
    "numbers whose squares are infinite": (lambda: pd.DataFrame({"huge": X * 1e200, "x": X, "y": Y}), None),
    "a target whose squares are infinite": (lambda: pd.DataFrame({"x": X, "z": -X, "y": np.exp(50 * X)}), None),
    "one feature": (lambda: pd.DataFrame({"x": X, "y": Y}), None),
    "20 rows": (lambda: pd.DataFrame({"x": X[:20], "z": X[20:40], "y": Y[:20]}), None),
    "a column that is the target": (lambda: pd.DataFrame({"x": X, "copy": Y, "y": Y}), None),
    "the same column three times": (lambda: pd.DataFrame({"x": X, "again": X, "more": X, "y": Y}), None),
    "dates and nothing else": (
        lambda: pd.DataFrame({"day": pd.date_range("2024-01-28", periods=60).astype(str), "y": np.arange(60) % 7 + Y}),
        None,
    ),
    "a number near the largest there is": (lambda: pd.DataFrame({"x": X, "most": np.sign(X) * 1e300, "y": Y}), None),
    "gaps among numbers whose sum is infinite": (
        lambda: pd.DataFrame({"x": X, "most": np.where(np.arange(60) % 7, 1.7e308, np.nan), "y": Y}),
        None,
    ),
    "a target far from 0": (lambda: pd.DataFrame({"x": X, "y": 1e15 + 100 * Y}), None),
    "one row far from all others": (
        lambda: pd.DataFrame({"x": np.append(X[1:], 1e12), "y": np.append(Y[1:], 1e12)}),
        None,
    ),
    "one value of the target far from all others": (
        lambda: pd.DataFrame({"x": X, "y": np.append(Y[1:], -1e18)}),
        "no model beats the mean",
    ),
    "a target of zeros but for one row": (lambda: pd.DataFrame({"x": X, "y": np.arange(60) == 7}), None),
    "more columns than rows": (
        lambda: pd.DataFrame({**{f"x{number}": RANDOM.normal(size=60) for number in range(120)}, "x": X, "y": Y}),
        None,
    ),
    "each cell missing half of the time": (
        lambda: pd.DataFrame({f"x{n}": np.where(RANDOM.random(60) < 0.5, X, np.nan) for n in range(4)}).assign(y=Y),
        None,
    ),
    "a column of one value": (lambda: pd.DataFrame({"x": X, "always": "same", "y": Y}), None),
}

# Those whose folds differ most by their seed; of the others, one division is raced.
OFTEN_DIVIDED = ("20 rows", "each cell missing half of the time", "a target of zeros but for one row")
# In three folds a model beats the mean of this one.
FINELY_DIVIDED = (*OFTEN_DIVIDED, "one value of the target far from all others")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimulatedTime:
    boosted = Candidate(regressor("hist_gradient_boosting"), quick("hist_gradient_boosting"))

    def one_of_each_kind(rows: int, skewness: float) -> list[tuple[Candidate, float]]:
        return [*fast_presets(rows, skewness), (boosted, 1.0)]

    monkeypatch.setattr(portfolio_search, "select_presets", one_of_each_kind)
    monkeypatch.setattr(portfolio, "OPENING", ((FEW_TREES, 0.3),))
    return simulate_races(monkeypatch, compare)


@pytest.mark.parametrize("name", TABLES)
def test_an_odd_table_has_an_answer_in_time(
    name: str, clock: SimulatedTime, bucket: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, warning = TABLES[name]
    if name not in OFTEN_DIVIDED:
        monkeypatch.setattr(screening, "REPEATS", 1)
    if name not in FINELY_DIVIDED:
        monkeypatch.setattr(screening, "FINE_FOLDS", 3)
    make().to_csv(path := tmp_path / "odd.csv", index=False)
    file_id = ingest(home(), path.name, path).file_id
    begun = clock.now
    command = CompareCommand(target_column="y", file_id=file_id, ensemble=True, time_limit=SECONDS)
    answer: dict[str, Any] = compare_models(home(), command)
    assert clock.now - begun <= 2 * SECONDS
    assert np.isfinite(answer["best"]["metrics"]["r2"])
    assert answer["best"]["model_name"] == "odd-" + answer["best"]["model_type"]
    assert warning is None or any(warning in given for given in answer["warnings"])
    assert not any("fault of ours" in row["error"] for row in answer["failed"])
    explained_within_bounds(answer["best"]["model_name"], make())


def explained_within_bounds(model_name: str, frame: pd.DataFrame) -> None:
    """Predict the first rows with `interval` and `explain`."""
    records = json.loads(frame.drop(columns="y").head(ROWS).to_json(orient="records", double_precision=15))
    model = find_model(home(), model_name)
    found = predict_records(model, records, interval=LEVEL, explainer=find_explainer(home(), model))
    assert found.interval is not None and found.explanation is not None
    lower, upper = found.interval.bounds(found.values)
    assert np.isfinite([lower, found.values, upper]).all()
    assert (lower <= found.values).all() and (found.values <= upper).all()
    sums = found.explanation.base_value + found.explanation.contributions.sum(axis=1)
    # What is added up may be much larger than the sum.
    np.testing.assert_allclose(sums, found.values, atol=1e-6 * max(1.0, abs(found.explanation.base_value)))
