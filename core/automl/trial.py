"""A trial: a candidate, and what its fits on folds have shown so far."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from core.array_types import Floats
from core.automl.serving_cost import ServingCost
from core.automl.verified_graph import KeptGraph
from core.errors import RegattaError
from core.preprocessing.target_transforms import inner_regressor
from core.progress import TrialStatus
from core.regressors.candidates import Candidate
from core.regressors.fold_cache import FoldCache
from core.regressors.limits import TrainingLimits, max_graph_bytes
from core.regressors.metrics import comparable_means

OUT_OF_TIME = "there was no time for it within time_limit"
# What a trial takes beside its fit: to compile and time its graph takes .01 s, or .09 s where it has many columns.
OVERHEAD_SECONDS = 0.05


@dataclass(frozen=True)
class FoldResult:
    """The result of one fit: predictions of the fold's test rows, float64 (n,), and their R2.

    The holdout has no score, because scores select and the holdout must not; it has the fitted pipeline instead, and
    the `graph` of that where it was compiled.
    Where the serving `cost` of the fitted pipeline was measured, `fold_pipeline` is that pipeline. `row_seconds` is the
    time that an estimator that compares rows with rows took to predict each test row.
    """

    fold_number: int
    predicted: Floats
    score: float | None
    seconds: float
    notes: tuple[str, ...] = ()
    stopped_early: bool = False
    fitted: Any = None
    cost: ServingCost | None = None
    fold_pipeline: Any = None
    row_seconds: float = 0.0
    graph: KeptGraph | None = None


@dataclass(frozen=True, eq=False)
class Trial:
    """A candidate with its results by fold number, or its failure. `label` names it for users.

    `prior` is the gain that is expected of it; `most_bytes` the most bytes of its graph, with any number of train rows.
    `fitted` is the pipeline that was fitted on all train rows, with its `graph` where that was compiled;
    `fold_pipeline` is the one that was fitted on those of its first fold.
    """

    candidate: Candidate
    label: str
    expected_seconds: float
    prior: float = 1.0
    estimator: Any = None
    notes: tuple[str, ...] = ()
    most_bytes: float = math.inf
    predicted: Mapping[int, Floats] = field(default_factory=dict)
    fold_scores: Mapping[int, float] = field(default_factory=dict)
    seconds: float = 0.0
    stopped_early: bool = False
    fitted: Any = None
    fold_pipeline: Any = None
    cost: ServingCost | None = None
    row_seconds: float = 0.0
    # The rows that `fitted` learned from, where these are more than the train rows of the split.
    rows_learned: int | None = None
    graph: KeptGraph | None = None
    failure: RegattaError | None = None

    @property
    def scores(self) -> list[float]:
        """Return R2 of each fold that it ran on, in the order of the folds."""
        return [self.fold_scores[number] for number in sorted(self.fold_scores)]

    @property
    def mean(self) -> float:
        """Return the mean R2 over the folds; -inf for a failed trial."""
        return -np.inf if self.failure else float(np.mean(self.scores))

    def prior_per_second(self, seconds: float) -> float:
        """Return its prior for each second, of a fit of so many seconds and its overhead.

        The overhead keeps noise from ordering cheap trials.
        """
        return self.prior / (OVERHEAD_SECONDS + seconds)

    def ran_on(self, fold_numbers: Collection[int]) -> bool:
        """Return whether it ran on all of these folds."""
        return all(number in self.predicted for number in fold_numbers)

    def grown_cost(self, factor: float) -> ServingCost:
        """Return its serving cost, at most, with `factor` times the train rows; 0 where it was not measured."""
        return self.cost.grown(factor, self.most_bytes) if self.cost else ServingCost(0, 0.0, 0.0)

    def with_result(self, result: FoldResult) -> "Trial":
        """Return the trial with the result of one more fold."""
        scored = {} if result.score is None else {result.fold_number: result.score}
        return replace(
            self,
            predicted={**self.predicted, result.fold_number: result.predicted},
            fold_scores={**self.fold_scores, **scored},
            seconds=self.seconds + result.seconds,
            notes=(*self.notes, *result.notes),
            stopped_early=self.stopped_early or result.stopped_early,
            fitted=self.fitted if result.fitted is None else result.fitted,
            fold_pipeline=self.fold_pipeline if result.fold_pipeline is None else result.fold_pipeline,
            cost=result.graph.cost if result.graph else result.cost or self.cost,
            graph=result.graph or self.graph,
            row_seconds=max(self.row_seconds, result.row_seconds),
        )

    def with_failure(self, failure: RegattaError) -> "Trial":
        """Return the trial as failed."""
        return replace(self, failure=failure)

    def without_folds(self, fold_numbers: Collection[int]) -> "Trial":
        """Return the trial without its results on these folds; the seconds stay spent."""
        return replace(
            self,
            predicted={number: values for number, values in self.predicted.items() if number not in fold_numbers},
            fold_scores={number: score for number, score in self.fold_scores.items() if number not in fold_numbers},
        )


def make_trial(
    fold_cache: FoldCache, candidate: Candidate, limits: TrainingLimits, label: str | None = None, prior: float = 1.0
) -> Trial:
    """Return the trial of a candidate before its first fit; it has failed already if its parameters are invalid."""
    rows, columns = len(fold_cache.data.train_y), len(fold_cache.data.columns)
    seconds = candidate.expected_seconds(rows, columns)
    trial = Trial(candidate, label or candidate.regressor.name, seconds, prior)
    try:
        data = fold_cache.data
        estimator, notes = candidate.make_estimator(rows, limits, data.columns, data.train_y)
        most_bytes = min(limits.model_bytes, max_graph_bytes(inner_regressor(estimator), data.columns))
    except RegattaError as error:
        return trial.with_failure(error)
    return replace(trial, estimator=estimator, notes=tuple(notes), most_bytes=most_bytes)


def trial_statuses(trials: Sequence[Trial], running: Collection[Trial]) -> list[TrialStatus]:
    """Return the status of the trials that have begun, the best first and those that have failed last.

    `running` are those with a fit under way. Those that ran on fewer folds are compared on these (`comparable_means`).
    """
    failed = [trial for trial in trials if trial.failure is not None and trial.failure.detail != OUT_OF_TIME]
    begun = [
        trial
        for trial in trials
        if trial not in failed and (trial in running or (trial.failure is None and trial.scores))
    ]
    means = comparable_means([trial.scores if trial.failure is None else [] for trial in begun])
    ordered = [trial for _, trial in sorted(zip(means, begun, strict=True), key=lambda item: -item[0])]
    return [_status(trial, is_running=trial in running) for trial in [*ordered, *failed]]


def _status(trial: Trial, *, is_running: bool) -> TrialStatus:
    scores, cost = ([], None) if trial.failure else (trial.scores, trial.cost)
    return {
        "model_type": trial.candidate.regressor.name,
        "target_transform": trial.candidate.target_transform,
        "parameters": trial.candidate.params,
        "r2": round(float(np.mean(scores)), 6) if scores else None,
        "std": round(float(np.std(scores)), 6) if len(scores) > 1 else None,
        "folds": len(scores),
        "seconds": round(trial.seconds, 3),
        "size_bytes": cost.size_bytes if cost else None,
        "latency_us": round(cost.latency_us, 1) if cost else None,
        "running": is_running,
        "error": trial.failure.detail if trial.failure else None,
    }
