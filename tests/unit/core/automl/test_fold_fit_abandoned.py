"""A fit of LightGBM that is abandoned ends at its next tree, and frees no memory twice."""

import gc
import threading
from collections.abc import Callable
from typing import Any

import lightgbm.basic
import pytest

from core.automl.fit_threads import FitThreads
from core.automl.fold_fit import fit_fold
from core.automl.forecast import Forecast
from core.automl.trial import FoldResult, make_trial
from core.catalogue import regressor
from core.model_manifest import TargetTransformName
from core.regressors.candidates import Candidate
from core.regressors.fold_cache import FoldCache
from tests.support.tables import noisy
from tests.support.training import LIMITS, split_text

FREE, ONE_TREE = ("LGBM_BoosterFree", "LGBM_DatasetFree"), "LGBM_BoosterUpdateOneIter"


@pytest.fixture(scope="module")
def fold_cache() -> FoldCache:
    return FoldCache(split_text(noisy(100)))


def abandon_within(
    call: str, fold_cache: FoldCache, transform: TargetTransformName, monkeypatch: pytest.MonkeyPatch
) -> list[int]:
    """Abandon a fit while it is in a call of LightGBM's library; return the handles it was called with.

    What was freed already is not freed again, so that the process survives.
    """
    library: Any = lightgbm.basic._LIB
    within, abandoned = threading.Event(), threading.Event()
    real: Callable[..., int] = getattr(library, call)
    called: list[int] = []
    threads: list[threading.Thread] = []

    def once_abandoned(handle: Any, *arguments: Any) -> int:
        seen = handle.value in called
        called.append(handle.value)
        result = 0 if seen and call in FREE else real(handle, *arguments)
        if not within.is_set() and threading.current_thread().name == "fit":
            threads.append(threading.current_thread())
            within.set()
            abandoned.wait()
        return result

    trial = make_trial(fold_cache, Candidate(regressor("lightgbm"), {"n_estimators": 5}, transform), LIMITS)
    fits: FitThreads[int, FoldResult] = FitThreads()
    monkeypatch.setattr(library, call, once_abandoned)
    fits.start(0, lambda: fit_fold(fold_cache, trial, 0, LIMITS, Forecast(1)))
    within.wait()
    fits.close()
    abandoned.set()
    threads[0].join()
    # The exception that ended the fit holds what was under way.
    del fits
    gc.collect()
    return called


@pytest.mark.parametrize("call", FREE)
def test_an_abandoned_fit_frees_everything_once(
    call: str, fold_cache: FoldCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    freed = abandon_within(call, fold_cache, "none", monkeypatch)
    assert len(freed) == len(set(freed)) >= 1


@pytest.mark.parametrize("transform", ["none", "trend", "yeo_johnson"])
def test_it_ends_at_its_next_tree(
    fold_cache: FoldCache, transform: TargetTransformName, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(abandon_within(ONE_TREE, fold_cache, transform, monkeypatch)) == 1
