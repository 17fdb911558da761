"""Drift of single columns, how a difference of two models is measured, and what a champion's errors give away."""

import numpy as np
import pytest

from core.regressors.metrics import interval_quantiles
from core.services.retraining.drift import KS_ALPHA, drift_of_numbers, drift_of_texts
from core.services.retraining.paired_comparison import difference
from core.services.retraining.plausibility import plausibility
from tests.support.storage import model_draft

RANDOM = np.random.default_rng(3)
NORMAL = RANDOM.normal(size=4000)
SIGMA = 0.5
RESIDUALS = RANDOM.normal(scale=SIGMA, size=2000)


def test_psi_and_ks_are_those_of_the_textbook() -> None:
    reference, current = np.repeat([1.0, 2.0], [500, 500]), np.repeat([1.0, 2.0], [800, 200])
    found = drift_of_numbers(reference, current)
    assert found["psi"] == pytest.approx(0.3 * np.log(0.8 / 0.5) - 0.3 * np.log(0.2 / 0.5), rel=0.01)
    assert found["ks"] == pytest.approx(0.3)
    assert (found["level"], found["shares"]["current"]) == ("large", [0.8, 0.2])


def test_the_distance_of_two_samples_is_scipys() -> None:
    from scipy.stats import ks_2samp

    one, two = NORMAL[:700], 0.2 + NORMAL[700:1900]
    found = drift_of_numbers(one, two)
    expected = ks_2samp(one, two, method="asymp")
    assert found["ks"] == pytest.approx(expected.statistic)
    assert (found["ks"] > found["ks_critical"]) == (expected.pvalue < KS_ALPHA)


@pytest.mark.parametrize("rows", [30, 200, 2000])
def test_chance_alone_is_no_drift(rows: int) -> None:
    samples = np.random.default_rng(rows)
    found = [drift_of_numbers(samples.normal(size=rows), samples.normal(size=rows)) for _ in range(100)]
    assert sum(one["level"] != "none" for one in found) <= 4
    assert sum(one["ks"] > one["ks_critical"] for one in found) <= 4


def test_levels_of_drift_follow_the_shift() -> None:
    levels = [drift_of_numbers(NORMAL, NORMAL + shift)["level"] for shift in (0.0, 0.4, 1.0)]
    assert levels == ["none", "moderate", "large"]


def test_gaps_are_a_bin_of_their_own() -> None:
    holed = np.where(np.arange(len(NORMAL)) % 2, np.nan, NORMAL)
    found = drift_of_numbers(NORMAL, holed)
    assert found["bins"]["missing"]
    assert (found["shares"]["reference"][-1], found["shares"]["current"][-1]) == (0.0, 0.5)
    assert found["level"] == "large"
    assert found["ks"] < 0.05


@pytest.mark.parametrize("side", ["reference", "current"])
def test_a_column_without_values_has_no_distance(side: str) -> None:
    empty, full = np.full(50, np.nan), np.arange(50.0)
    found = drift_of_numbers(*((empty, full) if side == "reference" else (full, empty)))
    assert (found["ks"], found["level"]) == (None, "large")


def test_texts_are_compared_by_their_most_frequent_levels() -> None:
    before = ["a"] * 60 + ["b"] * 30 + [f"rare {n}" for n in range(10)]
    found = drift_of_texts(before, ["a"] * 10 + ["c"] * 85 + [""] * 5)
    assert found["bins"]["levels"][:2] == ["a", "b"]
    assert found["bins"]["levels"][-2:] == ["others", "missing"]
    shares = dict(zip(found["bins"]["levels"], found["shares"]["current"], strict=True))
    assert (shares["a"], shares["others"], shares["missing"]) == (0.1, 0.85, 0.05)
    assert (found["level"], found["ks"]) == ("large", None)


def test_a_difference_comes_with_bounds_that_hold() -> None:
    actual = NORMAL[:500]
    near, far = actual + RESIDUALS[:500], actual + 1.2 * RESIDUALS[500:1000]
    found = difference(actual, far, near)
    assert found.lower < found.value < found.upper
    assert 0 < found.lower < 0.2 < found.upper
    assert difference(actual, far, near) == found
    assert difference(actual, near, far).upper < 0


def test_two_models_that_err_alike_differ_by_little_however_much_they_err() -> None:
    actual = np.zeros(100)
    hard = np.where(np.arange(100) % 10, 1.0, 50.0)
    found = difference(actual, hard * 1.01, hard)
    assert found.lower == pytest.approx(0.01)
    assert found.upper == pytest.approx(0.01)


def test_models_without_any_error_can_be_compared() -> None:
    actual = np.arange(30.0)
    assert difference(actual, actual, actual).upper == 0
    assert difference(actual, actual + 1, actual).lower == np.inf
    assert difference(actual, actual, actual + 1).upper == -1


def promising() -> object:
    return model_draft(b"", b"", interval_quantiles=interval_quantiles(RESIDUALS))


def jumped(errors: np.ndarray, actual: np.ndarray | None = None, usual: object = ()) -> list[str]:
    actual = 3 * NORMAL[: len(errors)] if actual is None else actual
    return plausibility(promising(), actual, actual + errors, usual).reasons


@pytest.mark.parametrize("rows", [12, 60, 1000])
def test_errors_as_promised_are_plausible(rows: int) -> None:
    samples = np.random.default_rng(rows)
    assert not any(jumped(samples.normal(scale=SIGMA, size=rows)) for _ in range(50))


def test_errors_that_grow_a_little_are_plausible() -> None:
    assert jumped(1.3 * RESIDUALS[:500]) == []


@pytest.mark.parametrize(
    ("errors", "why"),
    [
        (3 * RESIDUALS[:300], "nine tenths"),
        (np.where(np.arange(300) % 10, RESIDUALS[:300], 100.0), "further off than every row"),
        (1.5 + RESIDUALS[:300], "nine tenths"),
    ],
)
def test_errors_out_of_proportion_are_a_jump(errors: np.ndarray, why: str) -> None:
    assert any(why in reason for reason in jumped(errors))


def test_targets_of_other_rows_are_a_jump_though_little_was_to_be_explained() -> None:
    # The champion explains three tenths of the variance: errors of shuffled rows are not much larger.
    signal = NORMAL[:2000] * SIGMA * 0.65
    actual = signal + RESIDUALS
    shuffled = np.random.default_rng(0).permutation(actual)
    reasons = plausibility(promising(), shuffled, signal).reasons
    assert len(reasons) == 1
    assert "what was learned does not hold here" in reasons[0]


def test_a_file_in_which_little_varies_is_plausible() -> None:
    assert jumped(RESIDUALS[:300], actual=np.full(300, 7.0)) == []


def test_what_was_usual_before_is_no_jump() -> None:
    errors = 2 * RESIDUALS[:400]
    assert jumped(errors)
    assert jumped(errors, usual=[(0.35, 1.0)] * 3) == []
