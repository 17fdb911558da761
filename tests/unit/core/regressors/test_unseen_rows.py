"""The residuals that intervals are made of: those of the folds, and of a holdout that is small."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from core.manifests import Column, Recipe
from core.preprocessing.pipeline import make_preprocessor, make_standardiser
from core.regressors.splits import Fold, Split
from core.regressors.unseen_rows import FinalModel, OutOfFold, Residuals, UnseenRows

ROWS = 40


def split(holdout: int = 0, repeats: int = 1) -> Split:
    """Rows 0, 1, ... of which the target is the number, in four folds a division, and a holdout of numbers from 100."""
    columns = [Column(name="x", type="number", missing=0, distinct=ROWS)]
    numbers = np.arange(ROWS)
    held_out = 100.0 + np.arange(holdout)
    return Split(
        columns=columns,
        target="y",
        preprocessor=make_preprocessor(columns, Recipe(), ROWS),
        coder=make_preprocessor(columns, Recipe(), ROWS, codes=True),
        standardiser=make_standardiser(columns, Recipe()),
        train_x=pd.DataFrame({"x": numbers.astype(float)}),
        train_y=numbers.astype(float),
        test_x=pd.DataFrame({"x": held_out}),
        test_y=held_out,
        folds=[Fold(numbers[numbers % 4 != i], numbers[numbers % 4 == i]) for i in range(4)] * repeats,
        notes=[],
    )


def off_by(data: Split, error: float, folds: int) -> OutOfFold:
    """What models of the first folds predict that are all off by as much."""
    return OutOfFold(data, {i: data.train_y[fold.test] - error for i, fold in enumerate(data.folds[:folds])})


def final(data: Split, error: float, rows: int = 30) -> FinalModel:
    """A model that learned from so many rows, and is off by as much on the holdout."""
    return FinalModel(replace(data, train_y=data.train_y[:rows]), data.test_y - error)


def test_a_small_holdout_is_judged_beside_the_folds() -> None:
    data = split(holdout=10)
    found = Residuals.of(off_by(data, 1.0, folds=1), final(data, 3.0))
    assert found.values.tolist() == [1.0] * 10 + [3.0] * 10
    assert found.predictions.tolist() == [*(np.arange(0, 40, 4) - 1.0), *(np.arange(100, 110) - 3.0)]
    assert found.rows == 20


def test_a_holdout_that_calibrates_alone_is_left_to_that() -> None:
    data = split(holdout=1_000)
    found = Residuals.of(off_by(data, 1.0, folds=4), final(data, 3.0))
    assert (found.rows, found.values.max()) == (40, 1.0)


def test_a_row_of_the_holdout_counts_as_often_as_one_of_folds_that_are_repeated() -> None:
    data = split(holdout=10, repeats=3)
    found = Residuals.of(off_by(data, 1.0, folds=12), final(data, 3.0))
    assert np.unique(found.place, return_counts=True)[1].tolist() == [3] * 50
    assert found.mean(found.values).tolist() == [1.0] * 40 + [3.0] * 10


def test_models_of_folds_that_learned_from_fewer_rows_are_taken_to_be_off_by_more() -> None:
    data = split(holdout=10)
    found = UnseenRows.of(off_by(data, 1.0, folds=4), final(data, 1.0, rows=36), most=50)
    assert found.errors.tolist() == pytest.approx([1.2**-0.2] * 40 + [1.0] * 10)


def test_of_many_rows_some_are_taken_evenly_from_folds_and_holdout() -> None:
    data = split(holdout=10)
    found = UnseenRows.of(off_by(data, 1.0, folds=4), final(data, 3.0), most=25)
    assert found.frame["x"].tolist() == [*range(0, 40, 2), *range(100, 110, 2)]
    assert found.errors.tolist() == [1.0] * 20 + [3.0] * 5
    # Residuals of rows that were not taken have no place.
    assert (found.place == -1).sum() == 25
    # The four folds, and the holdout.
    assert len(set(found.groups)) == 5


def test_rows_at_random_of_few_folds_are_divided_anew_and_others_keep_their_folds() -> None:
    data = split()
    one = off_by(data, 1.0, folds=1)
    assert len(set(UnseenRows.of(one, final(data, 0.0), most=40).groups)) == 5
    by_time = replace(one, data=replace(data, keys=np.arange(ROWS)))
    assert set(UnseenRows.of(by_time, final(data, 0.0), most=40).groups) == {0}


def test_another_model_stands_in_on_further_folds_with_residuals_as_large_as_the_models_own() -> None:
    data = split(holdout=10)
    own, other = off_by(data, 1.0, folds=1), off_by(data, 4.0, folds=3)
    found = UnseenRows.of(replace(own, stand_in=other.predicted), final(data, 3.0), most=50)
    assert found.errors.tolist() == pytest.approx([1.0] * 10 + [3.0] * 10 + [1.0] * 20)
    folds = [*range(0, 40, 4), *range(100, 110), *sorted([*range(1, 40, 4), *range(2, 40, 4)])]
    assert found.frame["x"].tolist() == folds
    assert found.predicted.tolist() == [
        x - error for x, error in zip(folds, [1] * 10 + [3] * 10 + [4] * 20, strict=True)
    ]
    assert (found.own, found.residuals.own, found.residuals.rows) == (20, 20, 40)
    # Equal width knows nothing of another model.
    assert Residuals.of(replace(own, stand_in=other.predicted), final(data, 3.0)).rows == 20


@pytest.mark.parametrize("folds", [range(1, 4), range(3)])
def test_another_model_counts_only_where_its_errors_can_be_compared(folds: range) -> None:
    """It ran on no fold of the model, or predicted it exactly."""
    data = split()
    exact = {number: data.train_y[data.folds[number].test] for number in folds}
    one = replace(off_by(data, 1.0, folds=1), stand_in=exact)
    assert UnseenRows.of(one, final(data, 0.0), most=40).residuals.rows == 10
