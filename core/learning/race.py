"""Candidates side by side on the same folds: one fit a core, progress told, failures kept to whom they belong."""

import logging
import os
import re
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.metrics import r2_score

from core.errors import ParameterError, RegattaError, TrainingFailedError
from core.learning.budget import Limits, rows_to_fit
from core.learning.candidates import Candidate, stopped_early
from core.learning.quiet import one_core_a_fit, one_openmp_thread
from core.learning.splitting import Floats, spread
from core.learning.targets import inner
from core.learning.workbench import Workbench
from core.progress import Tell

log = logging.getLogger("regatta")

# How scikit-learn's InvalidParameterError starts.
PARAMETER = re.compile(r"The '(\w+)' parameter of \w+")
OUT_OF_TIME = "there was no time for it within time_limit"


@dataclass
class Entry:
    """A candidate in a race. `predicted` holds what it says of the judges of each part that it was fitted on."""

    candidate: Candidate
    label: str
    estimator: Any
    notes: list[str]
    expected_seconds: float
    predicted: dict[int, Floats] = field(default_factory=dict)
    fitted: Any = None
    seconds: float = 0.0
    stopped_early: bool = False
    failure: RegattaError | None = None

    def scores(self, bench: Workbench) -> list[float]:
        """R2 of each fold."""
        y, folds = bench.data.train_y, bench.data.folds
        return [float(r2_score(y[fold.judge], self.predicted[number])) for number, fold in enumerate(folds)]

    def mean(self, bench: Workbench) -> float:
        """Mean R2 over the folds; -inf for one that failed."""
        return -np.inf if self.failure else float(np.mean(self.scores(bench)))


def enter(bench: Workbench, candidate: Candidate, limits: Limits, label: str | None = None) -> Entry:
    """A candidate ready to run; parameters that the regressor does not have are its failure already."""
    rows, columns = len(bench.data.train_y), len(bench.data.columns)
    entry = Entry(candidate, label or candidate.regressor.name, None, [], candidate.expected_seconds(rows, columns))
    try:
        entry.estimator, entry.notes = candidate.unfitted(rows, limits)
    except RegattaError as error:
        entry.failure = error
    return entry


def run_race(
    bench: Workbench,
    entries: Sequence[Entry],
    parts: Sequence[int],
    limits: Limits,
    tell: Tell,
    deadline: float | None = None,
) -> None:
    """Fit every entry on the `parts` that it was not fitted on yet, in parallel; failures are kept in the entry.

    Without `deadline` (as `time.monotonic()` counts) the longest fits go first, so that no core waits for the last
    one. With it entries go in their order, and one that is not expected to end in time is not begun, except the first
    that works. Raises `StoppedError` from `tell` as soon as the fits under way have ended.
    """
    _Course(bench, entries, parts, limits, tell, deadline).run()


class _Course:
    """One race under way."""

    def __init__(
        self,
        bench: Workbench,
        entries: Sequence[Entry],
        parts: Sequence[int],
        limits: Limits,
        tell: Tell,
        deadline: float | None,
    ) -> None:
        self.bench = bench
        self.entries = entries
        self.parts = parts
        self.limits = limits
        self.tell = tell
        self.deadline = deadline
        self.threads = limits.threads or os.cpu_count() or 1
        self.stopping = threading.Event()
        # What was expected of the fits that ended, and what they took.
        self.expected, self.took = 0.0, 0.0

    def run(self) -> None:
        """Run it; `StoppedError` from `tell` ends it as soon as the fits under way end."""
        waiting = self._order()
        running: dict[Future[None], Entry] = {}
        with one_core_a_fit(), ThreadPoolExecutor(self.threads, initializer=one_openmp_thread) as pool:
            try:
                while True:
                    while len(running) < self.threads and (task := next(waiting, None)):
                        running[pool.submit(self._fit, *task)] = task[0]
                    if not running:
                        return
                    for future in wait(running, return_when=FIRST_COMPLETED).done:
                        entry = running.pop(future)
                        if error := future.exception():
                            entry.failure = _explained(error, entry)
                    self._tell()
            finally:
                self.stopping.set()

    def _order(self) -> Iterator[tuple[Entry, int]]:
        """What to fit next, decided when it is asked for."""
        tasks = [(entry, part) for entry in self.entries for part in self.parts if part not in entry.predicted]
        if self.deadline is None:
            tasks.sort(key=lambda task: -self._weight(*task))
        begun: set[int] = set()
        for entry, part in tasks:
            if entry.failure is None and id(entry) not in begun and not self._fits(entry):
                entry.failure = TrainingFailedError(OUT_OF_TIME)
            if entry.failure is None:
                begun.add(id(entry))
                yield entry, part

    def _weight(self, entry: Entry, part: int) -> float:
        return entry.expected_seconds * (1.0 if part == self.bench.whole_part else 0.8)

    def _fits(self, entry: Entry) -> bool:
        """Whether an entry should end in time, going by how right the expectations were so far."""
        if self.deadline is None or not any(other.failure is None and other.predicted for other in self.entries):
            return True
        factor = self.took / self.expected if self.expected else 1.0
        ahead = sum(self._weight(entry, part) for part in self.parts) * factor / self.threads
        return time.monotonic() + ahead <= self.deadline

    def _fit(self, entry: Entry, part: int) -> None:
        if self.stopping.is_set() or entry.failure is not None:
            return
        begun = time.perf_counter()
        prepared = self.bench.part(part)
        regressor = entry.candidate.regressor
        learn_x, judge_x = prepared.matrices(scaled=regressor.scaled)
        rows, width = learn_x.shape
        used = rows_to_fit(regressor, inner(entry.estimator), rows, width, self.limits.model_bytes)
        chosen = slice(None) if used == rows else spread(rows, used)
        fitted = clone(entry.estimator).fit(learn_x[chosen], prepared.learn_y[chosen])
        predicted = np.asarray(fitted.predict(judge_x), np.float64)
        if not np.isfinite(predicted).all():
            raise TrainingFailedError(
                f"{entry.label} predicts numbers that are not finite on this table. Scale the target to smaller values."
            )
        seconds = time.perf_counter() - begun
        if part == self.bench.whole_part:
            entry.fitted = prepared.pipeline(fitted, scaled=regressor.scaled)
            if used < rows:
                entry.notes.append(
                    f"learned from {used:,} of the {rows:,} rows, spread evenly, to bound its time and size"
                )
        entry.stopped_early |= stopped_early(fitted)
        entry.predicted[part] = predicted
        entry.seconds += seconds
        self.expected += self._weight(entry, part)
        self.took += seconds

    def _tell(self) -> None:
        shares = [self._share(entry) for entry in self.entries]
        total = sum(entry.expected_seconds for entry in self.entries) or 1.0
        behind = sum(entry.expected_seconds * share for entry, share in zip(self.entries, shares, strict=True))
        parts = {entry.label: round(share, 3) for entry, share in zip(self.entries, shares, strict=True)}
        self.tell("training", behind / total, parts)

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
