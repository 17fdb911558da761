"""The end of a portfolio race: the winner fitted on all rows, proven and within its bounds, or the next best one."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from core.array_types import Floats
from core.automl.ensemble_selection import blend, mixed
from core.automl.portfolio_search import PortfolioRace, fitting_seconds, storing_seconds
from core.automl.scheduler import Entry, enter, run_race
from core.automl.screening import with_rows
from core.automl.selection import Choice, choose, cost_of_entries
from core.automl.serving_cost import Proven, cost_of, prove
from core.errors import RegattaError, TrainingFailedError
from core.progress import ReportProgress, StoppedError
from core.regressors.fold_cache import FoldCache

log = logging.getLogger("regatta")

# Rows are given up in such steps, and none for less than these seconds.
FEWER, LEAST_FITTING = 0.9, 0.2
# A blend that is over a bound although its members together are not is looked for within bounds so much tighter.
TIGHTER = 0.8


@dataclass(frozen=True)
class Finish:
    """The winner, fitted and proven: `fold_cache` has its rows, `fitted` its members as in the choice."""

    choice: Choice
    passed_over: Choice | None
    fold_cache: FoldCache
    fitted: list[Entry]
    pipeline: Any
    proven: Proven

    @property
    def holdout(self) -> Floats:
        """What it predicts of the holdout, float64 (n,)."""
        return mixed(self.fitted, [weight for _, weight in self.choice.members], self.fold_cache.holdout_fold)


@dataclass
class _Finals:
    """What was fitted of the race's entries so far, by the number of rows that it learned from."""

    race: PortfolioRace
    fold_caches: dict[int, FoldCache] = field(default_factory=dict)
    fitted: dict[int, dict[Entry, Entry]] = field(default_factory=dict)

    def fit(
        self, entries: Sequence[Entry], rows: int, report_progress: ReportProgress
    ) -> tuple[FoldCache, list[Entry]]:
        """The entries fitted on so many rows, each once; one that fails is failed in the race as well."""
        if rows not in self.fold_caches:
            self.fold_caches[rows] = FoldCache(with_rows(self.race.data, rows))
        fold_cache, known = self.fold_caches[rows], self.fitted.setdefault(rows, {})
        for entry in self.left(entries, rows):
            known[entry] = enter(fold_cache, entry.candidate, self.race.limits, entry.label)
        last = [known[entry] for entry in entries]
        run_race(fold_cache, last, [fold_cache.holdout_fold], self.race.limits, report_progress)
        for entry, final in zip(entries, last, strict=True):
            entry.failure = final.failure
        return fold_cache, last

    def left(self, entries: Sequence[Entry], rows: int) -> list[Entry]:
        """Those of the entries that are not fitted on so many rows yet."""
        known = self.fitted.get(rows, {})
        return [entry for entry in entries if entry not in known or not known[entry].predicted]

    def ready(self, entries: Sequence[Entry]) -> list[Entry]:
        """Those of the entries that are fitted on some number of rows."""
        return [entry for entry in entries if any(not self.left([entry], rows) for rows in self.fitted)]


def finish(race: PortfolioRace, report_progress: ReportProgress) -> Finish:
    """Choose the winner, fit it on all rows, or on as many as there is time for, compile it and prove its graph.

    One that cannot be fitted or compiled after all, whose graph disagrees or which is over the bounds is left to the
    next best; what fails is its entry's, or the race's `blend_failure`. Where `report_progress` stops it the race
    is cut short. Raises `InvalidInputError` where nothing is within the bounds, the failure of the last winner where
    all fail, and `StoppedError`.
    """
    finals, dropped, tightened = _Finals(race), set[Entry](), 1.0
    while True:
        pool = _pool(race, finals, dropped)
        choice, passed_over = choose(
            race.fold_cache, pool, race.bounds, race.growth(), None if race.blend_failure else tightened
        )
        rows = _affordable_rows(race, finals, choice.entries)
        if rows < race.rows and len(choice.members) > 1:
            dropped.add(choice.lightest)
            continue
        try:
            fold_cache, fitted = finals.fit(choice.entries, max(rows, race.rows), report_progress)
        except StoppedError as stop:
            race.cut_short(stop)
            continue
        if any(entry.failure for entry in choice.entries):
            _raise_the_last(race, choice)
            continue
        pipeline = _pipeline(choice, fitted)
        try:
            proven = prove(pipeline, fold_cache.data)
        except Exception as error:
            _rule_out(race, choice, fold_cache, fitted, _as_failure(choice.label, error))
            _raise_the_last(race, choice)
            continue
        if race.bounds.excess(proven.cost) <= 1:
            return Finish(choice, passed_over, fold_cache, fitted, pipeline, proven)
        _weigh(race, choice, fold_cache, fitted, proven)
        tightened *= TIGHTER


def _pool(race: PortfolioRace, finals: _Finals, dropped: set[Entry]) -> list[Entry]:
    """What may win: the finalists; once time is up, what is fitted already and within the bounds, if anything is."""
    pool = [entry for entry in race.finalists if entry not in dropped] or race.finalists
    if time.monotonic() < race.deadline:
        return pool
    ready = [e for e in finals.ready(pool) if race.bounds.excess(cost_of_entries([e], race.growth())) <= 1]
    return ready or pool


def _affordable_rows(race: PortfolioRace, finals: _Finals, entries: Sequence[Entry]) -> int:
    """The most rows that can be learned from in time; fewer than a fold has where even that takes too long."""
    left = max(race.deadline - time.monotonic() - storing_seconds(race, entries), LEAST_FITTING)
    rows = len(race.data.train_y)
    while rows >= race.rows and fitting_seconds(race, finals.left(entries, rows), rows) > left:
        rows = int(FEWER * rows)
    return rows


def _pipeline(choice: Choice, fitted: Sequence[Entry]) -> Any:
    """The fitted estimator, raw columns in."""
    if len(fitted) == 1:
        return fitted[0].fitted
    return blend([(entry.label, entry.fitted) for entry in fitted], [weight for _, weight in choice.members])


def _rule_out(
    race: PortfolioRace, choice: Choice, fold_cache: FoldCache, fitted: Sequence[Entry], error: RegattaError
) -> None:
    """Give the failure to what is to blame: a member whose graph alone fails as well, else the blend of them."""
    if len(fitted) == 1:
        choice.entries[0].failure = error
        return
    for entry, final in zip(choice.entries, fitted, strict=True):
        try:
            prove(final.fitted, fold_cache.data)
        except Exception as alone:
            entry.failure = _as_failure(entry.label, alone)
    if not any(entry.failure for entry in choice.entries):
        race.blend_failure = error


def _raise_the_last(race: PortfolioRace, choice: Choice) -> None:
    """Raise the failure of a choice that leaves nobody to win."""
    failures = [entry.failure for entry in choice.entries if entry.failure]
    if failures and not race.usable:
        raise failures[-1]


def _as_failure(label: str, error: Exception) -> RegattaError:
    if isinstance(error, RegattaError):
        return error
    log.error("%s could not be compiled", label, exc_info=error)
    return TrainingFailedError(f"{label} could not be compiled for a fault of ours. It has been logged.")


def _weigh(race: PortfolioRace, choice: Choice, fold_cache: FoldCache, fitted: Sequence[Entry], proven: Proven) -> None:
    """Let the entries cost what their final models do, where a choice multiplies it with the growth of the race."""
    for entry, final in zip(choice.entries, fitted, strict=True):
        alone = (
            proven.cost if len(fitted) == 1 else cost_of(final.fitted, fold_cache.data.columns, fold_cache.data.test_x)
        )
        entry.cost = alone.grown(1 / race.growth())
