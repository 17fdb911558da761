"""The spread of errors is learned where they differ from row to row, and only there."""

from dataclasses import replace
from itertools import count

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GroupKFold, KFold

from core.array_types import Floats
from core.inference.intervals import interval_of
from core.manifests import Column, Recipe
from core.preprocessing.pipeline import make_preprocessor, make_standardiser
from core.regressors.metrics import interval_quantiles
from core.regressors.splits import Fold, Split
from core.regressors.spread import Spread, fit_spread
from core.regressors.unseen_rows import FinalModel, OutOfFold

LEVELS = (0.8, 0.9, 0.95)
MINUTE = 60.0


def noise(rows: int, seed: int = 0) -> tuple[pd.DataFrame, Floats]:
    """Two features, and standard normal noise."""
    random = np.random.default_rng(seed)
    return pd.DataFrame({"x": random.uniform(0, 1, rows), "z": random.uniform(0, 1, rows)}), random.normal(size=rows)


def split(frame: pd.DataFrame, y: Floats, folds: list[Fold] | None = None) -> Split:
    """A split without a holdout, of five random folds unless there are others."""
    columns = [Column(name=name, type="number", missing=0, distinct=len(frame)) for name in frame]
    numbers = np.arange(len(frame)) % 5
    return Split(
        columns=columns,
        target="y",
        preprocessor=make_preprocessor(columns, Recipe(), len(frame)),
        coder=make_preprocessor(columns, Recipe(), len(frame), codes=True),
        standardiser=make_standardiser(columns, Recipe()),
        train_x=frame,
        train_y=y,
        test_x=frame.head(0),
        test_y=y[:0],
        folds=folds or [Fold(np.flatnonzero(numbers != i), np.flatnonzero(numbers == i)) for i in range(5)],
        notes=[],
    )


def predicted_exactly(data: Split, line: Floats) -> OutOfFold:
    """What a model predicts that knows the line, but not the noise."""
    return OutOfFold(data, {i: line[fold.test] for i, fold in enumerate(data.folds)})


def learn(out_of_fold: OutOfFold) -> Spread | None:
    """The spread of a model without a holdout."""
    return fit_spread(out_of_fold, FinalModel(out_of_fold.data, np.empty(0)), MINUTE)


def wedge(rows: int, seed: int = 0) -> tuple[pd.DataFrame, Floats, Floats]:
    """Features, a line along x, and a target with errors that grow along it twentyfold."""
    frame, errors = noise(rows, seed)
    line = 10 * frame["x"].to_numpy()
    return frame, line, line + errors * (0.1 + 2 * frame["x"].to_numpy())


def test_each_fifth_of_the_predictions_is_covered_where_errors_grow_with_them() -> None:
    frame, line, y = wedge(2_000)
    out_of_fold = predicted_exactly(split(frame, y), line)
    spread = learn(out_of_fold)
    assert spread is not None
    new, line, y = wedge(5_000, seed=1)
    spreads, fifth = spread.predict(new, line), np.digitize(line, [2, 4, 6, 8])
    equal = interval_quantiles(out_of_fold.residuals)
    for level in LEVELS:
        half_widths = interval_of(equal, level, 2_000, spread.quantiles).half_width * spreads
        inside = np.abs(y - line) <= half_widths
        assert abs(inside.mean() - level) < 0.02
        assert all(abs(inside[fifth == number].mean() - level) < 0.05 for number in range(5))
    too_wide = np.abs(y - line) <= interval_of(equal, 0.8, 2_000).half_width
    assert too_wide[fifth == 0].mean() == 1
    assert too_wide[fifth == 4].mean() < 0.6
    # The true spread at the ends differs by a factor of twenty.
    assert spreads[fifth == 4].mean() > 4 * spreads[fifth == 0].mean()


def test_the_holdout_calibrates_where_the_final_model_errs_less_for_small_predictions() -> None:
    """As one that learned from more rows than the models of the folds."""
    frame, line, y = wedge(2_000)

    def halved(rows: int, seed: int) -> tuple[pd.DataFrame, Floats, Floats]:
        frame, line, y = wedge(rows, seed)
        return frame, line, line + (y - line) * np.where(line < 5, 0.5, 1.0)

    known, holdout, known_y = halved(2_000, seed=1)
    data = replace(split(frame, y), test_x=known, test_y=known_y)
    spread = fit_spread(predicted_exactly(data, line), FinalModel(data, holdout), MINUTE)
    assert spread is not None
    new, line, y = halved(20_000, seed=2)
    half_widths = interval_of([], 0.9, 2_000, spread.quantiles).half_width * spread.predict(new, line)
    inside, fifth = np.abs(y - line) <= half_widths, np.digitize(line, [2, 4, 6, 8])
    assert abs(inside.mean() - 0.9) < 0.02
    assert all(abs(inside[fifth == number].mean() - 0.9) < 0.05 for number in range(5))


def test_residuals_of_folds_count_less_where_the_final_model_learned_from_more_rows() -> None:
    frame, line, y = wedge(400)
    out_of_fold = predicted_exactly(split(frame, y), line)
    same = replace(out_of_fold.data, train_y=y[:320])
    spreads = [fit_spread(out_of_fold, FinalModel(data, np.empty(0)), MINUTE) for data in (out_of_fold.data, same)]
    smaller, larger = (spread.quantiles[180] * spread.predict(frame, line) for spread in spreads if spread)
    # The correction for few rows is not the same for 400 and for 320.
    np.testing.assert_allclose(smaller / larger, 1.25**-0.2, rtol=0.005)


def test_where_all_errors_are_alike_the_width_is_equal() -> None:
    frame, errors = noise(2_000)
    line = 10 * frame["x"].to_numpy()
    assert learn(predicted_exactly(split(frame, line + errors), line)) is None


@pytest.mark.parametrize("rows", [20, 59])
def test_so_few_rows_tell_nothing_about_single_ones(rows: int) -> None:
    frame, line, y = wedge(rows)
    assert learn(predicted_exactly(split(frame, y), line)) is None


@pytest.mark.parametrize("off", [0.0, 1.0])
def test_errors_that_are_all_the_same_have_no_spread(off: float) -> None:
    frame, _ = noise(200)
    assert learn(predicted_exactly(split(frame, np.ones(200)), np.full(200, 1.0 - off))) is None


def test_a_row_of_several_divisions_counts_once_and_is_scored_in_each() -> None:
    frame, line, y = wedge(400)
    once = split(frame, y)
    twice = split(frame, y, [*once.folds, *(Fold(fold.train[::-1], fold.test[::-1]) for fold in once.folds)])
    spreads = [learn(predicted_exactly(data, line)) for data in (once, twice)]
    assert all(spreads)
    first, second = (spread.predict(frame, line) for spread in spreads if spread)
    # A quantile of each number twice is a little different.
    np.testing.assert_allclose(first, second, rtol=0.05)


def test_one_fold_is_enough_where_rows_are_divided_at_random() -> None:
    frame, line, y = wedge(2_000)
    data = split(frame, y)
    one = OutOfFold(data, {0: line[data.folds[0].test]})
    assert learn(one) is not None
    assert learn(replace(one, data=replace(data, keys=np.arange(2_000)))) is None


def test_another_model_says_where_errors_are_large_and_the_models_own_say_how_large() -> None:
    """The model ran on one fold of 40 rows; another one, three times as far off, on all ten."""
    frame, line, y = wedge(400)
    data = split(frame, y, [Fold(train, test) for train, test in KFold(10).split(frame)])
    whole = predicted_exactly(data, line)
    thrice = {i: y[fold.test] + 3 * (line - y)[fold.test] for i, fold in enumerate(data.folds)}
    one = replace(whole, predicted={0: whole.predicted[0]}, stand_in=thrice)
    spread = learn(one)
    assert spread is not None
    assert learn(replace(one, stand_in={})) is None
    new, line, y = wedge(5_000, seed=1)
    spreads, fifth = spread.predict(new, line), np.digitize(line, [2, 4, 6, 8])
    assert spreads[fifth == 4].mean() > 3 * spreads[fifth == 0].mean()
    # Bounds rest on the model's own 40 rows: the one that is furthest off, by its spread, is just inside.
    inside = np.abs(one.residuals) <= spread.quantiles[-1] * spread.predict(frame.head(40), one.predictions)
    assert inside.sum() >= 39
    assert 0.75 < (np.abs(y - line) <= spread.quantiles[180] * spreads).mean() < 0.98


def test_no_residual_is_divided_by_a_spread_that_was_learned_from_its_fold() -> None:
    """Errors that only their group explains: a spread that has seen the group would claim to know them."""
    group = np.repeat(np.arange(100), 10)
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"x": random.uniform(size=100)[group], "z": random.uniform(size=1000)})
    y = random.choice([0.1, 5.0], 100)[group] * random.normal(size=1000)
    folds = [Fold(train, test) for train, test in GroupKFold(5).split(frame, groups=group)]
    assert learn(predicted_exactly(split(frame, y, folds), np.zeros(1000))) is None


def test_a_prediction_that_float32_does_not_hold_leaves_the_width_equal() -> None:
    frame, line, y = wedge(200)
    assert learn(predicted_exactly(split(frame, y), np.where(line > 9, 1e300, line))) is None


def test_it_ends_when_its_time_is_over() -> None:
    frame, line, y = wedge(400)
    out_of_fold = predicted_exactly(split(frame, y), line)
    final = FinalModel(out_of_fold.data, np.empty(0))

    def ticks_until(seconds: float) -> tuple[bool, int]:
        ticks = count()
        learned = fit_spread(out_of_fold, final, seconds, lambda: float(next(ticks))) is not None
        return learned, next(ticks)

    assert ticks_until(0) == (False, 1)
    assert ticks_until(10) == (False, 11)
    # A tick a tree: these are enough, and all that there are.
    assert ticks_until(31)[0]
    assert ticks_until(1_000) == (True, 41)


def test_the_same_rows_have_the_same_spread_again() -> None:
    frame, line, y = wedge(300)
    first, second = (learn(predicted_exactly(split(frame, y), line)) for _ in range(2))
    assert first is not None and second is not None
    assert first.quantiles == second.quantiles
    assert first.predict(frame, line).tolist() == second.predict(frame, line).tolist()
