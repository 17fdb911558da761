"""The portfolio as data, what fits are expected to take, and what several of them take together."""

import pytest

from core.automl.forecast import Forecast, makespan
from core.automl.portfolio import PORTFOLIO, labels, select_presets
from core.catalogue import regressor
from core.regressors.candidates import Candidate
from core.regressors.limits import TrainingLimits


@pytest.mark.parametrize("preset", PORTFOLIO, ids=lambda preset: f"{preset.model_type}-{preset.target}")
def test_every_preset_is_something_its_regressor_takes(preset) -> None:
    preset.candidate.make_estimator(1_000, TrainingLimits(threads=1, model_bytes=1 << 20))
    assert any(preset.gains)


def test_a_target_that_is_not_skewed_is_raced_as_it_is() -> None:
    assert all(candidate.target_transform != "yeo_johnson" for candidate, _ in select_presets(1_000, 0.1))
    assert any(candidate.target_transform != "none" for candidate, _ in select_presets(1_000, 2.0))


def test_two_of_a_type_have_names_of_their_own() -> None:
    named = labels([candidate for candidate, _ in select_presets(5_000, 2.0)])
    assert len(set(named)) == len(named)
    assert {"svr", "svr-2"} <= set(named)


def test_a_forecast_learns_from_fits_of_the_same_kind() -> None:
    forest, other = (Candidate(regressor("random_forest"), {"min_samples_leaf": leaf}) for leaf in (1, 2))
    forecast = Forecast(10)
    before = forecast.seconds(other, 10_000)
    forecast.learn(forest, 10_000, 3 * forecast.seconds(forest, 10_000))
    assert forecast.seconds(other, 10_000) == pytest.approx(3 * before, rel=0.02)
    forecast.learn(other, 10_000, before)
    assert forecast.seconds(other, 10_000) == pytest.approx(before)
    assert forecast.seconds(other, 20_000) > 2 * before


def test_a_regressor_that_takes_codes_gets_fewer_columns() -> None:
    trees, ridge = Candidate(regressor("lightgbm")), Candidate(regressor("ridge"))
    wide, narrow = Forecast(300), Forecast(80)
    coded = Forecast(300, 80)
    assert coded.seconds(trees, 5_000) == narrow.seconds(trees, 5_000) < wide.seconds(trees, 5_000)
    assert coded.seconds(ridge, 5_000) == wide.seconds(ridge, 5_000)


def test_a_forecast_does_not_take_a_new_candidate_for_one_that_is_gone() -> None:
    forecast = Forecast(10)
    forecast.learn(Candidate(regressor("knn")), 1_000, 50.0)
    new = [Candidate(regressor("ridge")) for _ in range(50)]
    assert len({forecast.seconds(candidate, 1_000) for candidate in new}) == 1


def test_the_slowness_is_that_of_the_last_fits() -> None:
    ridge, forecast = Candidate(regressor("ridge")), Forecast(10)
    assert forecast.slowness == 1
    forecast.learn(ridge, 1_000, took=6.0, worked=2.0)
    assert forecast.slowness == pytest.approx(3)
    for _ in range(30):
        forecast.learn(ridge, 1_000, took=1.0, worked=1.0)
    assert 1 <= forecast.slowness < 1.02
    forecast.learn(ridge, 1_000, took=0.9, worked=100.0)
    assert forecast.slowness == 1


def test_the_longest_go_first_on_the_cores_there_are() -> None:
    assert makespan([1, 1, 1, 3], 2) == 3
    assert makespan([2.0, 2.0, 2.0], 2) == 4
    assert makespan([], 2) == 0
