"""The tables that every candidate learns from: prepared once a fold, shared by all, and let go of in the end."""

import threading
import time
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


class Prepared:
    """Rows to learn from and rows to be judged by as matrices, float64 (rows, width), all fitted on the former."""

    def __init__(self, data: Split, learn: pd.DataFrame, learn_y: Floats, judge: pd.DataFrame, judge_y: Floats) -> None:
        """Fits copies of the split's preparation to `learn`."""
        self._standardise = clone(data.standardise)
        self._lock = threading.Lock()
        self.prepare: ColumnTransformer = clone(data.prepare)
        self.learn_x: Floats = np.asarray(self.prepare.fit_transform(learn, learn_y), np.float64)
        self.judge_x: Floats = np.asarray(self.prepare.transform(judge), np.float64)
        self.learn_y = learn_y
        self.judge_y = judge_y

    @cached_property
    def _standardised(self) -> tuple[ColumnTransformer, Floats, Floats]:
        learn = self._standardise.fit_transform(self.learn_x)
        return self._standardise, learn, self._standardise.transform(self.judge_x)

    def matrices(self, *, scaled: bool) -> tuple[Floats, Floats]:
        """What to learn from and what to be judged by, standardised if `scaled`."""
        if not scaled:
            return self.learn_x, self.judge_x
        with self._lock:
            return self._standardised[1:]

    def pipeline(self, estimator: Any, *, scaled: bool) -> Pipeline:
        """Raw columns in, prediction out: the fitted preparation before an estimator that was fitted on it."""
        scale = [("scale", self._standardised[0])] if scaled else []
        return Pipeline([("prepare", self.prepare), *scale, ("estimate", estimator)])


@dataclass
class _Place:
    lock: threading.Lock
    prepared: Prepared | None = None


class Workbench:
    """A split and what is prepared of it: parts 0 to K-1 are the folds, part K the training part with the holdout."""

    def __init__(self, data: Split, *, kept: bool = True) -> None:
        """With `kept` a part stays in memory for the next candidate; one alone needs each only once."""
        self.data = data
        self._kept = kept
        self.whole_part = len(data.folds)
        # What preparing a part took, the latest one.
        self.seconds = 0.0
        self._places = [_Place(threading.Lock()) for _ in range(self.whole_part + 1)]

    @property
    def parts(self) -> range:
        """The numbers of all parts."""
        return range(self.whole_part + 1)

    def rows(self, number: int) -> int:
        """How many rows there are to learn from in a part."""
        data = self.data
        return len(data.train_y) if number == self.whole_part else len(data.folds[number].learn)

    def part(self, number: int) -> Prepared:
        """One part, prepared by whoever asks first; safe from several threads."""
        if not self._kept:
            return self._prepare(number)
        place = self._places[number]
        with place.lock:
            if place.prepared is None:
                begun = time.perf_counter()
                place.prepared = self._prepare(number)
                self.seconds = time.perf_counter() - begun
            return place.prepared

    @property
    def whole(self) -> Prepared:
        """The training part to learn from, the holdout to be judged by."""
        return self.part(self.whole_part)

    def _prepare(self, number: int) -> Prepared:
        data = self.data
        if number == self.whole_part:
            return Prepared(data, data.train_x, data.train_y, data.test_x, data.test_y)
        fold = data.folds[number]
        x, y = data.train_x, data.train_y
        return Prepared(data, x.iloc[fold.learn], y[fold.learn], x.iloc[fold.judge], y[fold.judge])
