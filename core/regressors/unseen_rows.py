"""How far models were off on rows that they had not learned from: those of the folds, and those of a small holdout."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pandas as pd

from core.array_types import Floats, Ints
from core.regressors.metrics import error_of_more_rows
from core.regressors.splits import Split, evenly_spaced

# From so many rows on the holdout alone calibrates a spread, and it is not learned from.
CALIBRATING_ROWS = 1_000
# A model is taken to learn no more from more than this multiple of the rows of a fold.
MOST_GROWTH = 1.25
# Into how many groups rows at random are divided where there are fewer folds.
GROUPS = 5


@dataclass(frozen=True)
class OutOfFold:
    """What models predicted of rows that they had not learned from: by fold of `data` its test rows, float64 (n,).

    `stand_in` is what another model predicted of them and of further folds, on which this one did not run.
    """

    data: Split
    predicted: Mapping[int, Floats]
    stand_in: Mapping[int, Floats] = field(default_factory=dict)

    @cached_property
    def rows(self) -> Ints:
        """Return the positions of the test rows among the train rows; where folds are repeated, so are rows."""
        return np.concatenate([self.data.folds[number].test for number in self._folds])

    @cached_property
    def fold_numbers(self) -> Ints:
        """Return the fold of each of the `rows`."""
        return np.concatenate([np.full(len(self.data.folds[number].test), number) for number in self._folds])

    @cached_property
    def predictions(self) -> Floats:
        """Return the prediction of each of the `rows`, float64."""
        return np.concatenate([self.predicted[number] for number in self._folds])

    @cached_property
    def residuals(self) -> Floats:
        """Return the residual of each of the `rows`, actual minus predicted, float64."""
        return np.asarray(self.data.train_y[self.rows] - self.predictions, np.float64)

    @property
    def learned_rows(self) -> float:
        """Return from how many rows a model of a fold learned, as the mean over the folds."""
        return float(np.mean([len(self.data.folds[number].train) for number in self._folds]))

    @cached_property
    def of_stand_in(self) -> "OutOfFold | None":
        """Return what the other model predicted of the folds that only it ran on; None for no such fold."""
        further = {number: each for number, each in self.stand_in.items() if number not in self.predicted}
        return OutOfFold(self.data, further) if further else None

    @cached_property
    def stand_in_scale(self) -> float:
        """Return how large residuals are as a multiple of those of the other model, on the folds of both; 0 if unknown.

        Of both it is the mean of their square roots, which single large ones hardly change.
        """
        common = [number for number in self._folds if number in self.stand_in]
        if not common:
            return 0.0
        own, other = (
            np.mean(np.sqrt(np.abs(OutOfFold(self.data, {i: each[i] for i in common}).residuals)))
            for each in (self.predicted, self.stand_in)
        )
        return float((own / other) ** 2) if other > 0 else 0.0

    @property
    def _folds(self) -> list[int]:
        return [number for number in range(len(self.data.folds)) if number in self.predicted]


@dataclass(frozen=True)
class FinalModel:
    """The model whose intervals these are: `holdout` is what it predicted of the holdout of `data`, float64 (n,).

    The train rows of `data` are those that it was fitted on.
    """

    data: Split
    holdout: Floats

    @property
    def calibrates(self) -> bool:
        """Return whether the holdout has so many rows that it alone calibrates a spread."""
        return len(self.holdout) >= CALIBRATING_ROWS


@dataclass(frozen=True)
class Residuals:
    """How far a model was off on rows that it had not learned from: those of the folds, and of a small holdout.

    `values` (m,) are absolute residuals, in units of the target, and `predictions` (m,) what was predicted. `place`
    (m,) numbers the `rows` different rows: first those of the folds in their order, then those of the holdout. A row
    has several residuals where folds are repeated. After the first `own` rows come those of another model.
    """

    values: Floats
    predictions: Floats
    place: Ints
    rows: int
    own: int

    @classmethod
    def of(cls, out_of_fold: OutOfFold, final: FinalModel, factor: float = 1.0) -> "Residuals":
        """Return the residuals; those of the folds are multiplied by `factor`."""
        rows, place = np.unique(out_of_fold.rows, return_inverse=True)
        held_out = 0 if final.calibrates else len(final.holdout)
        # Rows of the holdout count as often as others.
        added = np.repeat(np.arange(held_out), round(len(place) / len(rows)))
        of_holdout = final.data.test_y[added] - final.holdout[added]
        return cls(
            np.abs(np.concatenate([factor * out_of_fold.residuals, of_holdout])),
            np.concatenate([out_of_fold.predictions, final.holdout[added]]),
            np.concatenate([place, len(rows) + added]),
            len(rows) + held_out,
            len(rows) + held_out,
        )

    def with_further(self, further: OutOfFold, factor: float) -> "Residuals":
        """Return them with those of another model on further rows, multiplied by `factor`."""
        rows, place = np.unique(further.rows, return_inverse=True)
        return replace(
            self,
            values=np.concatenate([self.values, factor * np.abs(further.residuals)]),
            predictions=np.concatenate([self.predictions, further.predictions]),
            place=np.concatenate([self.place, self.rows + place]),
            rows=self.rows + len(rows),
        )

    def mean(self, values: Floats) -> Floats:
        """Return the mean of these values, one for each residual, by row, (rows,)."""
        return np.asarray(np.bincount(self.place, weights=values) / np.bincount(self.place), np.float64)


@dataclass(frozen=True)
class UnseenRows:
    """Some of the rows that a model, or another one in its stead, has `residuals` of, each once.

    `frame` has their raw columns; `groups` (n,) are numbers from 0: of the same group are rows of the same fold, or of
    the holdout. `predicted` and `errors` (n,) are the mean prediction and the mean residual of a row. `place` (m,) is
    by residual the position of its row here, or -1. The first `own` rows are those of the model itself.
    """

    residuals: Residuals
    frame: pd.DataFrame
    groups: Ints
    predicted: Floats
    errors: Floats
    place: Ints
    own: int

    @classmethod
    def of(cls, out_of_fold: OutOfFold, final: FinalModel, most: int) -> "UnseenRows":
        """Return at most so many of the rows, evenly spaced.

        Models of the folds learned from fewer rows than the final one, so their residuals are reduced by what the
        others are worth. Those of another model are as large as the model's own where both are known.
        """
        growth = min(MOST_GROWTH, max(1.0, len(final.data.train_y) / out_of_fold.learned_rows))
        factor, scale = error_of_more_rows(growth), out_of_fold.stand_in_scale
        data, residuals = out_of_fold.data, Residuals.of(out_of_fold, final, factor)
        rows, numbers = _first_folds(out_of_fold)
        held_out, further = np.arange(residuals.own - len(rows)), out_of_fold.of_stand_in
        frames, folds = [data.train_x.iloc[rows], final.data.test_x.iloc[held_out]], [numbers]
        # The holdout is one group more.
        folds.append(np.full(len(held_out), len(data.folds)))
        if further is not None and scale > 0:
            residuals = residuals.with_further(further, scale * factor)
            rows, numbers = _first_folds(further)
            frames.append(data.train_x.iloc[rows])
            folds.append(numbers)
        chosen = evenly_spaced(residuals.rows, most)
        sampled = np.full(residuals.rows, -1)
        sampled[chosen] = np.arange(len(chosen))
        return cls(
            residuals,
            pd.concat(frames).iloc[chosen],
            _numbered(np.concatenate(folds)[chosen], is_random=data.keys is None),
            residuals.mean(residuals.predictions)[chosen],
            residuals.mean(residuals.values)[chosen],
            sampled[residuals.place],
            int((chosen < residuals.own).sum()),
        )


def _first_folds(out_of_fold: OutOfFold) -> tuple[Ints, Ints]:
    """Return the different rows of the folds in their order, and of each the first fold that tests it."""
    rows, first = np.unique(out_of_fold.rows, return_index=True)
    return rows, out_of_fold.fold_numbers[first]


def _numbered(groups: Ints, *, is_random: bool) -> Ints:
    """Return the groups as numbers from 0; rows at random of few folds are divided anew, as a short race knows one."""
    numbered = np.unique(groups, return_inverse=True)[1]
    if is_random and numbered.max(initial=0) + 1 < GROUPS:
        return np.arange(len(groups)) % GROUPS
    return numbered
