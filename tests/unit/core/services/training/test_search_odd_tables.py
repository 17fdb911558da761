"""A race of an odd table has an answer in time: a stored winner, and warnings where something was left out."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.automl import portfolio, portfolio_search
from core.catalogue import regressor
from core.jobs.commands import CompareCommand
from core.regressors.candidates import Candidate
from core.services.processing.ingest import ingest
from core.services.training import compare
from core.services.training.compare import compare_models
from core.storage.s3.object_store import ObjectStore
from tests.support.simulated_time import SimulatedTime, simulate_races
from tests.support.storage import home
from tests.support.training import FEW_TREES, fast_presets, quick

SECONDS = 1.0
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=60)
Y = X + 0.1 * RANDOM.normal(size=60)


def mostly_empty() -> pd.DataFrame:
    empty = {f"empty{number}": np.full(60, np.nan) for number in range(190)}
    return pd.DataFrame({**empty, **{f"x{number}": X * number for number in range(1, 11)}, "y": Y})


TABLES: dict[str, tuple[Callable[[], pd.DataFrame], str | None]] = {
    "200 columns of which 190 are empty": (mostly_empty, "has no values"),
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
}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimulatedTime:
    boosted = Candidate(regressor("hist_gradient_boosting"), quick("hist_gradient_boosting"))
    monkeypatch.setattr(portfolio_search, "select_presets", lambda *table: [*fast_presets(*table), (boosted, 1.0)])
    monkeypatch.setattr(portfolio, "OPENING", ((FEW_TREES, 0.3),))
    return simulate_races(monkeypatch, compare)


@pytest.mark.parametrize("name", TABLES)
def test_an_odd_table_has_an_answer_in_time(
    name: str, clock: SimulatedTime, bucket: ObjectStore, tmp_path: Path
) -> None:
    make, warning = TABLES[name]
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
