"""A spread is multiplied by what makes its quantile the same for small predictions and for large ones."""

import numpy as np
import pytest

from core.regressors.spread_calibration import BINS, ROWS_A_BIN, SpreadFactor


def test_it_is_larger_where_scores_are_and_changes_without_a_jump() -> None:
    predicted = np.arange(2_000.0)
    scores = np.where(predicted < 1_000, 1.0, 4.0) * (1 + predicted % 10)
    factor = SpreadFactor.of(predicted, scores, 2_000)
    assert len(factor.knots) == BINS
    below, above = factor.predict(np.array([0.0, 1_999.0]))
    # Scores of 200 rows count for four fifths.
    assert above / below == pytest.approx(4**0.8)
    assert np.abs(np.diff(factor.predict(np.linspace(-500, 2_500, 30_000)))).max() < 0.001


def test_it_is_constant_beyond_the_outermost_knots() -> None:
    predicted = np.arange(2_000.0)
    factor = SpreadFactor.of(predicted, 1 + predicted, 2_000)
    assert factor.predict(np.array([-1e300, 1e300])).tolist() == [factor.values[0], factor.values[-1]]


@pytest.mark.parametrize("scores", [np.arange(299.0), np.zeros(1_000), np.repeat([0.0, 5.0], [950, 50])])
def test_it_is_one_for_few_rows_and_where_most_residuals_are_zero(scores: np.ndarray) -> None:
    factor = SpreadFactor.of(np.arange(float(len(scores))), scores, len(scores))
    assert factor.predict(np.array([0.0, 500.0])).tolist() == [1, 1]


def test_predictions_that_are_all_the_same_have_one_knot() -> None:
    assert SpreadFactor.of(np.ones(500), np.arange(500.0), 500).knots.tolist() == [1]


def test_a_row_that_is_scored_twice_makes_no_more_bins() -> None:
    predicted = np.arange(float(4 * ROWS_A_BIN))
    factor = SpreadFactor.of(np.tile(predicted, 2), np.tile(1 + predicted, 2), len(predicted))
    assert len(factor.knots) == 4


def test_a_bin_without_errors_is_no_narrower_than_a_tenth() -> None:
    predicted = np.arange(1_000.0)
    factor = SpreadFactor.of(predicted, np.where(predicted < 200, 0.0, 1.0), 1_000)
    assert 0.1 <= factor.values.min() < 0.3
