"""Candidates side by side on the same folds: one fit a core, progress told, failures kept to whom they belong."""

import logging
import math
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.metrics import r2_score

from core.array_types import Floats
from core.automl.forecast import Forecast
from core.automl.serving_cost import Cost, cost_of
from core.errors import ParameterError, RegattaError, TrainingFailedError
from core.preprocessing.target_transforms import inner_regressor
from core.progress import ReportProgress, TrialStatus
from core.regressors.candidates import Candidate, reached_max_iter
from core.regressors.fold_cache import FoldCache
from core.regressors.limits import TrainingLimits, max_graph_bytes, rows_to_fit
from core.regressors.splits import evenly_spaced
from core.regressors.thread_limits import limit_openmp, one_core_per_fit

log = logging.getLogger("regatta")

# How scikit-learn's InvalidParameterError starts.
PARAMETER = re.compile(r"The '(\w+)' parameter of \w+")
OUT_OF_TIME = "there was no time for it within time_limit"
# What beginning a fit and judging it costs beside the fit, so that what is cheap is not ordered by noise.
LEAST_SECONDS = 0.02


@dataclass(eq=False)
class Entry:
    """A candidate in a race. `predicted` holds what it says of the judges of each part that it was fitted on.

    `gain` is what it is expected to bring, compared with others; `cost` what serving it costs, where it was measured.
    """

    candidate: Candidate
    label: str
    estimator: Any
    notes: list[str]
    expected_seconds: float
    gain: float = 1.0
    # What its graph takes at most, however many rows it learns from.
    most_bytes: float = math.inf
    predicted: dict[int, Floats] = field(default_factory=dict)
    fitted: Any = None
    seconds: float = 0.0
    cost: Cost | None = None
    stopped_early: bool = False
    failure: RegattaError | None = None
    # Fits under way.
    running: int = 0
    _scores: dict[int, float] = field(default_factory=dict)

    def scores(self, fold_cache: FoldCache) -> list[float]:
        """R2 of each fold that it was fitted on."""
        folds = [(number, fold) for number, fold in enumerate(fold_cache.data.folds) if number in self.predicted]
        for number, fold in folds:
            if number not in self._scores:
                self._scores[number] = float(r2_score(fold_cache.data.train_y[fold.test], self.predicted[number]))
        return [self._scores[number] for number, _ in folds]

    def grown_cost(self, factor: float) -> Cost:
        """What it costs at most once it learns from `factor` times the rows; nothing where that was not measured."""
        return self.cost.grown(factor, self.most_bytes) if self.cost else Cost(0, 0.0, 0.0)

    def mean(self, fold_cache: FoldCache) -> float:
        """Mean R2 over the folds; -inf for one that failed."""
        return -np.inf if self.failure else float(np.mean(self.scores(fold_cache)))


def enter(
    fold_cache: FoldCache, candidate: Candidate, limits: TrainingLimits, label: str | None = None, gain: float = 1.0
) -> Entry:
    """A candidate ready to run; parameters that the regressor does not have are its failure already."""
    rows, columns = len(fold_cache.data.train_y), len(fold_cache.data.columns)
    seconds = candidate.expected_seconds(rows, columns)
    entry = Entry(candidate, label or candidate.regressor.name, None, [], seconds, gain)
    try:
        entry.estimator, entry.notes = candidate.make_estimator(rows, limits)
        entry.most_bytes = min(limits.model_bytes, max_graph_bytes(inner_regressor(entry.estimator)))
    except RegattaError as error:
        entry.failure = error
    return entry


def standings(fold_cache: FoldCache, entries: Sequence[Entry]) -> list[TrialStatus]:
    """How the entries do that were begun, the best first."""
    shown: list[TrialStatus] = []
    for entry in entries:
        scores = entry.scores(fold_cache) if entry.failure is None else []
        if scores or entry.running:
            shown.append(
                {
                    "model_type": entry.candidate.regressor.name,
                    "target_transform": entry.candidate.target_transform,
                    "r2": round(float(np.mean(scores)), 4) if scores else None,
                    "folds": len(scores),
                    "seconds": round(entry.seconds, 3),
                    "running": entry.running > 0,
                }
            )
    return sorted(shown, key=lambda one: -np.inf if one["r2"] is None else one["r2"], reverse=True)


@dataclass(frozen=True)
class Clock:
    """When a race has to end (`deadline`, as `time.monotonic()` counts), and what its fits should take.

    `after` is how many seconds are needed after the race if this entry, too, comes through; for one that was begun
    (True) only what cannot be done without.
    """

    deadline: float
    forecast: Forecast
    after: Callable[[Entry, bool], float] = lambda _entry, _begun: 0.0


def run_race(
    fold_cache: FoldCache,
    entries: Sequence[Entry],
    parts: Sequence[int],
    limits: TrainingLimits,
    report_progress: ReportProgress,
    clock: Clock | None = None,
    *,
    measured: bool = False,
    among: Sequence[Entry] | None = None,
) -> None:
    """Fit every entry on the `parts` that it was not fitted on yet, in parallel; failures are kept in the entry.

    Without `clock` the longest fits go first, so that no core waits for the last one. With it the entry that promises
    most for its seconds goes next, and one that is not expected to end in time is not begun, or not gone on with,
    except the first that works. `measured` entries are compiled as well, as they came out of the first part, to see
    what they cost. Told is how all those `among` which they run stand, or they themselves. Raises `StoppedError` from
    `report_progress` as soon as the fits under way have ended.
    """
    _Course(fold_cache, entries, parts, limits, report_progress, clock, measured, among or entries).run()


class _Course:
    """One race under way."""

    def __init__(
        self,
        fold_cache: FoldCache,
        entries: Sequence[Entry],
        parts: Sequence[int],
        limits: TrainingLimits,
        report_progress: ReportProgress,
        clock: Clock | None,
        measured: bool,
        among: Sequence[Entry],
    ) -> None:
        self.fold_cache = fold_cache
        self.entries = entries
        self.parts = parts
        self.limits = limits
        self.report_progress = report_progress
        self.clock = clock
        self.measured = measured
        self.among = among
        self.forecast = clock.forecast if clock else Forecast(len(fold_cache.data.columns))
        self.threads = limits.threads
        self.stopping = threading.Event()
        # When each fit under way should end.
        self.ends: dict[tuple[Entry, int], float] = {}

    def run(self) -> None:
        """Run it; `StoppedError` from `report_progress` ends it as soon as the fits under way end."""
        waiting = self._order()
        running: dict[Future[None], tuple[Entry, int]] = {}
        with one_core_per_fit(), ThreadPoolExecutor(self.threads, initializer=limit_openmp) as pool:
            try:
                while True:
                    while len(running) < self.threads and (task := next(waiting, None)):
                        running[pool.submit(self._fit, *task)] = task
                        task[0].running += 1
                        self.ends[task] = time.monotonic() + self._seconds(*task)
                    if not running:
                        return
                    for future in wait(running, return_when=FIRST_COMPLETED).done:
                        task = running.pop(future)
                        task[0].running -= 1
                        del self.ends[task]
                        if error := future.exception():
                            task[0].failure = _explained(error, task[0])
                    self._tell()
            finally:
                self.stopping.set()

    def _order(self) -> Iterator[tuple[Entry, int]]:
        """What to fit next, decided when it is asked for."""
        if self.clock is None:
            tasks = [(entry, part) for entry in self.entries for part in self._left(entry)]
            tasks.sort(key=lambda task: -self._seconds(*task))
            yield from (task for task in tasks if task[0].failure is None)
            return
        waiting = list(self.entries)
        while waiting:
            entry = self._next(self.clock, waiting)
            waiting.remove(entry)
            left = self._left(entry)
            for done, part in enumerate(left):
                if entry.failure is not None:
                    break
                if self._alone(entry) or self._in_time(self.clock, entry, left[done:], done > 0):
                    yield entry, part
                else:
                    entry.failure = TrainingFailedError(OUT_OF_TIME)

    def _left(self, entry: Entry) -> list[int]:
        return [part for part in self.parts if part not in entry.predicted]

    def _seconds(self, entry: Entry, part: int) -> float:
        return self.forecast.seconds(entry.candidate, self.fold_cache.train_rows(part))

    def _worth(self, entry: Entry) -> float:
        """What an entry is expected to bring for a second."""
        return entry.gain / (LEAST_SECONDS + self._seconds(entry, self.parts[0]))

    def _next(self, clock: Clock, waiting: Sequence[Entry]) -> Entry:
        """What promises most for its seconds; where nothing is in time and nothing ran, the fastest."""
        best = max(waiting, key=self._worth)
        alone = self._alone(best) and math.isfinite(best.gain)
        if alone and not self._in_time(clock, best, self._left(best), False):
            return min(waiting, key=lambda entry: self._seconds(entry, self.parts[0]))
        return best

    def _alone(self, entry: Entry) -> bool:
        """Whether no other entry works."""
        return not any(other is not entry and other.failure is None and other.predicted for other in self.entries)

    def _in_time(self, clock: Clock, entry: Entry, left: Sequence[int], begun: bool) -> bool:
        """Whether the parts left of an entry should end in time, after what is under way."""
        if not left:
            return True
        now = time.monotonic()
        under_way = sum(max(0.0, end - now) for end in self.ends.values())
        own = self._seconds(entry, left[0])
        ahead = max(under_way + own * len(left), own * self.threads) / self.threads
        return now + ahead + clock.after(entry, begun) <= clock.deadline

    def _fit(self, entry: Entry, part: int) -> None:
        if self.stopping.is_set() or entry.failure is not None:
            return
        begun = time.perf_counter()
        prepared = self.fold_cache.prepared(part)
        regressor = entry.candidate.regressor
        train_x, test_x = prepared.matrices(scaled=regressor.scaled)
        rows, width = train_x.shape
        used = rows_to_fit(regressor, inner_regressor(entry.estimator), rows, width, self.limits.model_bytes)
        chosen = slice(None) if used == rows else evenly_spaced(rows, used)
        fit_begun = time.perf_counter()
        fitted = clone(entry.estimator).fit(train_x[chosen], prepared.train_y[chosen])
        predicted = np.asarray(fitted.predict(test_x), np.float64)
        if not np.isfinite(predicted).all():
            raise TrainingFailedError(
                f"{entry.label} predicts numbers that are not finite on this table. Scale the target to smaller values."
            )
        seconds = time.perf_counter() - begun
        if part == self.fold_cache.holdout_fold:
            entry.fitted = prepared.pipeline(fitted, scaled=regressor.scaled)
            if used < rows:
                entry.notes.append(
                    f"learned from {used:,} of the {rows:,} rows, spread evenly, to bound its time and size"
                )
        entry.stopped_early |= reached_max_iter(fitted)
        self.forecast.learn(entry.candidate, rows, begun + seconds - fit_begun)
        if self.measured and part == self.parts[0]:
            pipeline = prepared.pipeline(fitted, scaled=regressor.scaled)
            entry.cost = cost_of(pipeline, self.fold_cache.data.columns, self.fold_cache.data.test_x)
        entry.predicted[part] = predicted
        entry.seconds += seconds

    def _tell(self) -> None:
        shares = [self._share(entry) for entry in self.entries]
        total = sum(entry.expected_seconds for entry in self.entries) or 1.0
        behind = sum(entry.expected_seconds * share for entry, share in zip(self.entries, shares, strict=True))
        parts = {entry.label: round(share, 3) for entry, share in zip(self.entries, shares, strict=True)}
        # The last fits, on all rows, change nothing in how they stand.
        compared = any(part != self.fold_cache.holdout_fold for part in self.parts)
        self.report_progress(
            "training", behind / total, parts, standings(self.fold_cache, self.among) if compared else None
        )

    def _share(self, entry: Entry) -> float:
        if entry.failure is not None:
            return 1.0
        return sum(part in entry.predicted for part in self.parts) / len(self.parts)


def _explained(error: BaseException, entry: Entry) -> RegattaError:
    """An error of a fit as the caller should read it; one that is no fault of parameters or table is ours."""
    if isinstance(error, RegattaError):
        return error
    name = entry.candidate.regressor.name
    log.info("%s could not be trained", name, exc_info=error)
    if not isinstance(error, ValueError | TypeError | ArithmeticError | MemoryError):
        return RegattaError(f"{name} could not be trained for a fault of ours. It has been logged.")
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    refused = PARAMETER.match(reason)
    if refused:
        # scikit-learn says what the parameter may be, but of the function that noticed it.
        detail = PARAMETER.sub(rf"The '\1' parameter of {name}", reason)
        return ParameterError(detail, [{"field": f"params.{refused[1]}", "message": "out of its range"}])
    return TrainingFailedError(f"{name} could not be trained on this table: {reason}")
