"""Whether more rows are worth more than what a model is behind."""

import numpy as np
import pytest

from core.automl.selection import Selection, is_better_refitted
from core.automl.trial import Trial
from core.catalogue import regressor
from core.model_manifest import CrossValidation
from core.regressors.candidates import Candidate
from core.regressors.fold_cache import FoldCache
from core.regressors.splits import Split
from tests.support.tables import noisy
from tests.support.training import split_text

GROWTH = 1.25


@pytest.fixture(scope="module")
def data() -> Split:
    return split_text(noisy(300))


def of_error(data: Split, error: float, seed: int) -> Selection:
    """Return a selection with errors at random, of this size and drawn with this seed."""
    draw = np.random.default_rng(seed)
    predicted = {
        i: data.train_y[fold.test] + error * draw.normal(size=len(fold.test)) for i, fold in enumerate(data.folds)
    }
    trial = Trial(Candidate(regressor("ridge"), {}), "ridge", 0.0, predicted=predicted)
    mean = 1 - error**2 / float(data.train_y.var())
    return Selection("ridge", [(trial, 1.0)], CrossValidation(scores=[mean], mean=mean, std=None))


def test_a_refit_is_better_where_both_err_on_the_same_rows(data: Split) -> None:
    kept, refitted = of_error(data, 1.0, seed=1), of_error(data, 1.001, seed=1)
    assert is_better_refitted(FoldCache(data), refitted, kept, GROWTH)
    assert not is_better_refitted(FoldCache(data), refitted, kept, 1.0)


def test_a_refit_is_not_better_where_the_difference_is_within_its_spread(data: Split) -> None:
    kept, refitted = of_error(data, 1.0, seed=1), of_error(data, 1.001, seed=2)
    assert not is_better_refitted(FoldCache(data), refitted, kept, GROWTH)
    assert is_better_refitted(FoldCache(data), of_error(data, 0.1, seed=2), kept, GROWTH)
