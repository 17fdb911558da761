"""Looking for parameters: never worse than the defaults, within the time, and written down."""

import pytest

from core.automl import successive_halving
from core.automl.training import TrainedModel, train
from core.catalogue import CATALOGUE, DEFAULT_MODEL_TYPES, regressor
from core.regressors.candidates import Candidate
from tests.support.simulated_time import SimulatedTime, simulate_fits, simulate_time
from tests.support.training import FEW_TREES, LIMITS, real_split, trained


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> SimulatedTime:
    """Let what a time allows be the same on every machine."""
    clock = simulate_time(monkeypatch, successive_halving)
    simulate_fits(monkeypatch)
    return clock


def tuned(name: str, table: str = "mpg", rows: int | None = None, seconds: float = 3, **params: object) -> TrainedModel:
    return train(real_split(table, rows), Candidate(regressor(name), dict(params)), LIMITS, tuning_seconds=seconds)


@pytest.mark.parametrize(
    "name", [name for name in DEFAULT_MODEL_TYPES if "forest" not in name and "boosting" not in name]
)
def test_tuning_is_never_worse_than_the_defaults(name: str) -> None:
    found = tuned(name)
    plain = trained(real_split("mpg"), name)
    assert found.cross_validation.mean >= plain.cross_validation.mean
    assert found.trial_records[0].mean == pytest.approx(plain.cross_validation.mean, abs=1e-12)
    assert found.cross_validation.mean == max(trial.mean for trial in found.trial_records if trial.mean is not None)


def test_tuning_finds_what_the_defaults_miss() -> None:
    plain = trained(real_split("concrete", 400), "svr")
    assert tuned("svr", "concrete", 400).cross_validation.mean > 0.02 + plain.cross_validation.mean


def test_every_trial_is_written_down_with_what_it_tried() -> None:
    found = tuned("knn")
    combinations = [tuple(trial.parameters[name] for name in CATALOGUE["knn"].grid) for trial in found.trial_records]
    assert len(set(combinations)) == len(combinations) > 20
    assert {(trial.rows, trial.folds) for trial in found.trial_records} == {(318, 5)}
    assert found.parameters in [trial.parameters for trial in found.trial_records]


def test_a_larger_table_is_searched_on_fewer_rows_first() -> None:
    found = tuned("ridge", "california_housing", 8000)
    rows = [trial.rows for trial in found.trial_records]
    assert sorted(set(rows)) == [711, 2133, 6400]
    assert rows == sorted(rows)
    assert rows.count(6400) < rows.count(2133) < rows.count(711)


def test_what_the_caller_has_set_stays() -> None:
    found = tuned("knn", weights="distance")
    assert {trial.parameters["weights"] for trial in found.trial_records} == {"distance"}


def test_the_time_is_kept_and_the_defaults_come_out_at_least(clock: SimulatedTime) -> None:
    begun = clock.now
    found = tuned("random_forest", "california_housing", 2000, seconds=0.01, n_estimators=FEW_TREES)
    assert clock.now - begun < 10
    assert found.parameters["max_features"] == 0.5
    assert [trial.folds for trial in found.trial_records] == [5] * len(found.trial_records)


def test_looking_twice_finds_the_same() -> None:
    assert tuned("elastic_net").parameters == tuned("elastic_net").parameters
