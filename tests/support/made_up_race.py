"""Races on machines and tables that are made up."""

import random
from typing import Any

import numpy as np
import pandas as pd

from core.array_types import Floats
from core.automl import refit
from core.automl.forecast import Forecast
from core.automl.refit import RefitModel, Winner
from core.automl.refit_stage import RefitStage
from core.automl.serving_cost import ServingCost
from core.automl.trial import FoldResult, Trial
from core.automl.verified_graph import VerifiedGraph
from core.manifests import Column, Recipe
from core.regressors.fold_cache import FoldCache
from core.regressors.limits import TrainingLimits
from core.regressors.splits import Split, SplitOptions, split_table
from tests.support.simulated_time import SimulatedTime

# The seconds of a fit that hangs.
NEVER = 1e6


class Machine:
    """A machine and a table that are made up: what fits, their costs and storing a model take, by chance.

    `slow` is how many times as long as expected fits take, `spread` how far that differs from regressor to regressor,
    and `hanging` the share of the configurations whose fits never end.
    """

    def __init__(self, seed: int, clock: SimulatedTime, slow: float, spread: float, hanging: float) -> None:
        self.seed, self.clock, self.slow, self.spread, self.hanging = seed, clock, slow, spread, hanging

    def draw(self, *about: object) -> random.Random:
        return random.Random(f"{self.seed} {about}")

    def fit(
        self, fold_cache: FoldCache, trial: Trial, number: int, _: TrainingLimits, forecast: Forecast, **options: Any
    ) -> FoldResult:
        data, rows = fold_cache.data, fold_cache.train_rows(number)
        kind, own = self.draw(trial.candidate.regressor.name), self.draw(trial.label)
        factor = self.slow * np.exp(self.spread * kind.gauss(0, 1) + 0.2 * own.gauss(0, 1))
        seconds = factor * (0.01 + trial.candidate.expected_seconds(rows, forecast.columns))
        if own.random() < self.hanging:
            seconds = NEVER
        else:
            forecast.learn(trial.candidate, rows, seconds)
        is_holdout = number == fold_cache.holdout_fold
        actual = data.test_y if is_holdout else data.train_y[data.folds[number].test]
        noise = np.random.default_rng([own.randrange(1 << 30), number]).normal(size=len(actual))
        made_up = MadeUp(float(actual.mean()))
        cost = ServingCost(own.randrange(1_000, 9_000_000), 50.0, own.uniform(0, 0.3), own.uniform(0, 1e-5))
        return FoldResult(
            fold_number=number,
            predicted=(predicted := actual + own.uniform(0.1, 1.0) * noise),
            score=None if is_holdout else float(1 - np.square(predicted - actual).mean() / max(1e-9, actual.var())),
            seconds=seconds,
            fitted=made_up if is_holdout else None,
            cost=cost if options.get("with_cost") else None,
            fold_pipeline=made_up if options.get("with_cost") else None,
            row_seconds=own.uniform(0, 1e-5),
        )

    def verify(self, stage: RefitStage, model: RefitModel, holdout: Floats | None = None) -> RefitStage | Winner:
        """Take as long as is kept to store it, or up to a quarter more; what can be left out ends at the deadline."""
        finishing, trials = stage.search.finishing, model.selection.trials
        factor = self.draw("storing").uniform(0.5, 1.25)
        in_haste = finishing.least_storing_seconds(trials)
        self.clock.elapse(factor * in_haste)
        left_out = factor * (finishing.storing_seconds(trials) - in_haste)
        self.clock.elapse(max(0.0, min(left_out, stage.search.deadline - self.clock.now)))
        return VERIFY(stage, model, holdout)


VERIFY = refit.verify


class MadeUp:
    """A fitted pipeline that predicts one number."""

    def __init__(self, value: float) -> None:
        self.value = value

    def predict(self, frame: pd.DataFrame) -> Any:
        return np.full(len(frame), self.value)


class MadeUpGraph(VerifiedGraph):
    """A graph that predicts zero."""

    def __init__(self) -> None:
        super().__init__(b"", [], None, ServingCost(1_000, 1.0, 0.0))  # type: ignore[arg-type]

    def predict(self, frame: pd.DataFrame) -> Any:
        return np.zeros(len(frame))


def made_split(rows: int, columns: int) -> Split:
    names = [f"x{number}" for number in range(columns)]
    values = np.random.default_rng(0).normal(size=rows)
    frame = pd.DataFrame({**dict.fromkeys(names, 0.0), "y": values})
    features = [Column(name=name, type="number", missing=0, distinct=rows) for name in names]
    return split_table(frame, SplitOptions(features, Recipe(), "y", 0.2))
