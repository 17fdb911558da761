"""The prepared matrices of every fold, made once and shared by all candidates."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline

from core.array_types import Floats
from core.regressors.splits import Split

# The features of the train rows and of the test rows of a fold.
Matrices = tuple[Floats, Floats]
# Returns the matrices of a fold that were prepared before, by its number and whether categories are codes.
LoadMatrices = Callable[[int, bool], Matrices]


class PreparedFold:
    """The train and test rows of one fold as matrices, (rows, width) float64; preprocessing is fitted on train rows."""

    def __init__(
        self,
        split: Split,
        train_x: pd.DataFrame,
        train_y: Floats,
        test_x: pd.DataFrame,
        test_y: Floats,
        *,
        codes: bool,
        matrices: Matrices | None = None,
    ) -> None:
        """Fit copies of the split's preprocessing on `train_x` and apply them to both sides.

        With `codes`, categories are codes; such a matrix is not to be standardised. `matrices` are what this has made
        before: then the preprocessing is fitted only where a pipeline is asked for.
        """
        self._standardiser = clone(split.standardiser)
        self._lock = threading.Lock()
        self._unfitted: ColumnTransformer = clone(split.coder if codes else split.preprocessor)
        self._frame = train_x
        self.train_y = train_y
        self.test_y = test_y
        if matrices is None:
            matrices = (
                np.asarray(self._unfitted.fit_transform(train_x, train_y), np.float64),
                np.asarray(self._unfitted.transform(test_x), np.float64),
            )
            self.preprocessor = self._unfitted
        self.train_x, self.test_x = matrices

    @cached_property
    def preprocessor(self) -> ColumnTransformer:
        """Return the preprocessing, fitted on the train rows."""
        return self._unfitted.fit(self._frame, self.train_y)

    @cached_property
    def _standardised(self) -> tuple[ColumnTransformer, Floats, Floats]:
        """Return the fitted standardiser, and the standardised features of train and test rows."""
        train_x = self._standardiser.fit_transform(self.train_x)
        return self._standardiser, train_x, self._standardiser.transform(self.test_x)

    def matrices(self, *, scaled: bool) -> Matrices:
        """Return the features of train and test rows, standardised if `scaled`; safe from several threads."""
        if not scaled:
            return self.train_x, self.test_x
        with self._lock:
            return self._standardised[1:]

    def pipeline(self, estimator: Any, *, scaled: bool) -> Pipeline:
        """Return the pipeline from raw columns to the prediction, given an estimator fitted on `matrices`."""
        scale = [("scale", self._standardised[0])] if scaled else []
        return Pipeline([("prepare", self.preprocessor), *scale, ("estimate", estimator)])


@dataclass
class _Slot:
    """The place of one prepared fold; the lock is held while it is prepared."""

    lock: threading.Lock
    prepared: PreparedFold | None = None


class FoldCache:
    """A split and its prepared folds, by number.

    Folds 0 to K-1 are those of cross-validation. Fold K trains on all their rows and tests on the holdout.
    """

    def __init__(self, data: Split, *, kept: bool = True, load: LoadMatrices | None = None) -> None:
        """Keep prepared folds in memory, unless `kept` is false: a single candidate needs each fold only once.

        `load` has the matrices of all folds but that of the holdout, where these were prepared before.
        """
        self.data = data
        self._kept = kept
        self._load = load
        self.holdout_fold = len(data.folds)
        # How long it took to prepare the latest fold.
        self.preparing_seconds = 0.0
        self._slots = [_Slot(threading.Lock()) for _ in self.fold_numbers]
        self._coded_slots = [_Slot(threading.Lock()) for _ in self.fold_numbers]

    @property
    def fold_numbers(self) -> range:
        """Return the numbers of all folds, that of the holdout last."""
        return range(self.holdout_fold + 1)

    def train_rows(self, number: int) -> int:
        """Return how many rows a fold trains on."""
        data = self.data
        return len(data.train_y) if number == self.holdout_fold else len(data.folds[number].train)

    def is_prepared(self, number: int, *, codes: bool = False) -> bool:
        """Return whether a fold is prepared already, with categories as `codes` or not."""
        return self._slots_of(codes)[number].prepared is not None

    def prepared(self, number: int, *, codes: bool = False) -> PreparedFold:
        """Return one fold, with categories as `codes` or not, prepared at the first call; safe from several threads."""
        if not self._kept:
            return self._prepare(number, codes)
        slot = self._slots_of(codes)[number]
        with slot.lock:
            if slot.prepared is None:
                start = time.perf_counter()
                slot.prepared = self._prepare(number, codes)
                self.preparing_seconds = time.perf_counter() - start
            return slot.prepared

    def _slots_of(self, codes: bool) -> list[_Slot]:
        return self._coded_slots if codes else self._slots

    @property
    def holdout(self) -> PreparedFold:
        """Return the fold that trains on all rows but the holdout and tests on the holdout."""
        return self.prepared(self.holdout_fold)

    def _prepare(self, number: int, codes: bool) -> PreparedFold:
        """Fit the preprocessing of one fold and apply it."""
        data = self.data
        if number == self.holdout_fold:
            return PreparedFold(data, data.train_x, data.train_y, data.test_x, data.test_y, codes=codes)
        fold = data.folds[number]
        x, y = data.train_x, data.train_y
        return PreparedFold(
            data,
            x.iloc[fold.train],
            y[fold.train],
            x.iloc[fold.test],
            y[fold.test],
            codes=codes,
            matrices=self._load(number, codes) if self._load else None,
        )
