"""The portfolio search up to its refit: what is raced, on which rows and folds, and what it has shown so far.

Each step takes a `PortfolioSearch` and returns another one. `core.automl.race` runs the trials, `core.automl.selection`
selects the winner, `core.automl.refit` refits and verifies it.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from scipy.stats import skew

from core.array_types import Floats
from core.automl.finishing import Finishing
from core.automl.forecast import Forecast
from core.automl.portfolio import labels, opening_candidate, select_presets
from core.automl.racing import compared_folds, folds_done, members
from core.automl.screening import measure_pace, rows_to_compare, subsample_split, with_finer_folds
from core.automl.selection import cost_of_trials
from core.automl.serving_cost import ServingCost, ServingLimits
from core.automl.stand_in import StandIn, choose_stand_in
from core.automl.trial import Trial, make_trial
from core.errors import RegattaError, TrainingFailedError
from core.progress import StoppedError
from core.regressors.candidates import Candidate
from core.regressors.fold_cache import FoldCache
from core.regressors.limits import TrainingLimits
from core.regressors.splits import Split
from core.regressors.spread import TIME_SHARE
from core.regressors.unseen_rows import CALIBRATING_ROWS

# The bytes that one member of an ensemble may have: this part of a model's, because several share one graph, and so
# many for each second of the search, because they have to be compiled, verified and stored.
MEMBER_SHARE, MEMBER_BYTES_A_SECOND = 2, 1 << 20
# The share of the time that is kept for the unforeseen.
MARGIN = 0.03
# The winner may be stored so much later, as a share of the time or in seconds: another one that is quicker by a moment
# may be far worse.
GRACE_SHARE, GRACE_SECONDS = 0.02, 0.15
# One that is far better may be stored so much later, in haste.
LATE_SHARE, LATE_SECONDS = 0.08, 0.5
# The share of the time in which the first trial has to run on a fold, tables read and folds made included.
OPENING_SHARE = 0.1
# The first fit may take this share of the time even where the rest left less of it.
LEAST_OPENING_SHARE = 0.05
# The most of the time that is kept to refit the winner. Of a short time it is a larger share, as far as these seconds,
# because what a fold learned from a part of the rows would win else.
FITTING_SHARE, SHORT_FITTING_SHARE, FITTING_SECONDS = 0.2, 0.3, 0.6
# The most of the time that is kept to store an ensemble while trials run: of a larger one members are left out.
FINISHING_SHARE = 0.2
# What a stand-in of the winner may take: this share of the time, and so many seconds at the most.
STAND_IN_SHARE, STAND_IN_SECONDS = 0.05, 2.0
# Its fits are abandoned after so many times as long.
OVERDUE = 2.0
# A search that is stopped takes so many seconds more to refit and store its best.
WINDING_UP_SECONDS = 4.0
ENDED = "the race was ended before it had run"


@dataclass(frozen=True)
class TimeLimit:
    """How many seconds a search may take, and when it began, by `time.monotonic()`."""

    seconds: float
    begun: float

    @property
    def taken(self) -> float:
        """Return the seconds since it began."""
        return time.monotonic() - self.begun


@dataclass(frozen=True)
class PortfolioSearch:
    """A search after some step: `data` is the whole split, `fold_cache` the rows that trials are compared on.

    `limits` are those of one member of an ensemble. `deadline` is when the winner has to be stored, by
    `time.monotonic()`; `seconds` is the time limit. The first `division` folds make one division of the rows; the
    others repeat it. Trials that are `dropped`, by label, run on no further folds. `cut` is why it ended before its
    time, `ensemble_failure` why no ensemble can win; None if neither.
    """

    data: Split
    limits: TrainingLimits
    finishing: Finishing
    deadline: float
    seconds: float
    fold_cache: FoldCache
    division: int
    trials: tuple[Trial, ...]
    dropped: frozenset[str] = frozenset()
    cut: StoppedError | None = None
    ensemble_failure: RegattaError | None = None

    @property
    def rows(self) -> int:
        """Return the train rows of a fold."""
        return self.finishing.rows

    @property
    def serving_limits(self) -> ServingLimits:
        """Return the limits of the winner."""
        return self.finishing.serving_limits

    @property
    def forecast(self) -> Forecast:
        """Return the forecast of fits, which every fit corrects."""
        return self.finishing.forecast

    @cached_property
    def usable(self) -> list[Trial]:
        """Return the trials that succeeded on at least the first fold."""
        return [trial for trial in self.trials if trial.failure is None and trial.ran_on([0])]

    @cached_property
    def folds(self) -> int:
        """Return the number of folds that the winner is selected on."""
        return compared_folds(self.fold_cache.data, self.usable, self.division)

    @property
    def compared(self) -> list[Trial]:
        """Return the trials that succeeded, with the results that count: one division into folds, or whole ones."""
        counted = []
        for trial in self.usable:
            whole = max(folds_done(trial) // self.division * self.division, min(folds_done(trial), self.division))
            counted.append(trial.without_folds(range(whole, len(self.fold_cache.data.folds))))
        return counted

    @cached_property
    def finalists(self) -> list[Trial]:
        """Return the trials among which the winner is selected, with their results on its `folds` only."""
        folds = self.folds
        rest = range(folds, len(self.fold_cache.data.folds))
        return [trial.without_folds(rest) for trial in self.usable if folds_done(trial) >= folds]

    def growth(self, rows: int | None = None) -> float:
        """Return `rows` (by default of the whole training part) as a multiple of the train rows of a fold."""
        return self.finishing.growth(rows)

    def with_trials(self, trials: Sequence[Trial]) -> "PortfolioSearch":
        """Return the search with these in the place of its trials of the same labels, and with new ones at the end."""
        by_label = {trial.label: trial for trial in [*self.trials, *trials]}
        return replace(self, trials=tuple(by_label.values()))

    def cut_short(self, stop: StoppedError) -> "PortfolioSearch":
        """Return the search with its results so far and a deadline within seconds.

        Raises `stop` where there are no results, where another worker begins anew, or if it is cut short already.
        """
        if self.cut is not None or not stop.is_final or not self.usable:
            raise stop
        deadline = min(self.deadline, time.monotonic() + WINDING_UP_SECONDS)
        return replace(self.without_unfinished(ENDED), cut=stop, deadline=deadline)

    def without_unfinished(self, why: str) -> "PortfolioSearch":
        """Return the search with the trials that ran on no fold as failed."""
        unfinished = [trial for trial in self.trials if trial.failure is None and not trial.ran_on([0])]
        return self.with_trials([trial.with_failure(TrainingFailedError(why)) for trial in unfinished])

    def time_left(self) -> float:
        """Return the seconds until the winner has to be stored; 0 after that."""
        return max(0.0, self.deadline - time.monotonic())

    def affordable(self, trials: Sequence[Trial]) -> bool:
        """Return whether there is time to compile, verify, explain and store a model of these trials."""
        return time.monotonic() <= self.latest_storing(trials)

    def affordable_in_haste(self, trials: Sequence[Trial], after: float = 0.0) -> bool:
        """Return whether there is time, `after` so many seconds, to store them with few explanations and no spread."""
        return time.monotonic() + after <= self.latest_in_haste - self.finishing.least_storing_seconds(trials)

    def latest_storing(self, trials: Sequence[Trial]) -> float:
        """Return when compiling a model of these trials has to begin, by `time.monotonic()`."""
        return self.deadline + self._later(GRACE_SHARE, GRACE_SECONDS) - self.finishing.storing_seconds(trials)

    @property
    def latest_in_haste(self) -> float:
        """Return when a model that is stored in haste has to be stored, by `time.monotonic()`."""
        return self.deadline + self._later(LATE_SHARE, LATE_SECONDS)

    def _later(self, share: float, seconds: float) -> float:
        """Return a share of the time, or so many seconds if these are more, or if it was cut short."""
        return seconds if self.cut else max(share * self.seconds, seconds)

    def finishing_seconds(self) -> float:
        """Return the seconds to keep to refit and store the ensemble that would win now; 0 without a result.

        A refit has at most a share of the time: where it takes longer, a quicker model may win.
        """
        within = [trial for trial in self.finalists if self.serving_limits.excess(self.cost([trial])) <= 1]
        if not within:
            return 0.0
        finishing, last, rows = self.finishing, members(self.fold_cache, within), len(self.data.train_y)
        best = max(within, key=lambda trial: trial.mean)
        storing = min(finishing.storing_seconds(last), FINISHING_SHARE * self.seconds)
        fitting = min(finishing.fitting_seconds(last, rows), self._most_fitting_seconds)
        stand_in = self._stand_in(self._stand_in_seconds)
        return max(finishing.storing_seconds([best]), fitting + storing) + (stand_in.seconds if stand_in else 0.0)

    def of_stand_in(self, seconds: float) -> Mapping[int, Floats]:
        """Return by fold what a stand-in of the winner predicts within so many seconds; nothing where there is none."""
        planned = min(seconds, self._stand_in_seconds)
        stand_in = self._stand_in(planned) if planned > 0 and self.cut is None else None
        if stand_in is None:
            return {}
        until = time.monotonic() + min(seconds, OVERDUE * planned)
        return stand_in.predict(self.fold_cache, self.limits, until)

    @property
    def _most_fitting_seconds(self) -> float:
        return min(SHORT_FITTING_SHARE * self.seconds, max(FITTING_SECONDS, FITTING_SHARE * self.seconds))

    @property
    def _stand_in_seconds(self) -> float:
        return min(STAND_IN_SHARE * self.seconds, STAND_IN_SECONDS)

    def _stand_in(self, seconds: float) -> StandIn | None:
        """Return the trial that can stand in for the winner on folds that this did not run on, in so many seconds.

        There is none for a winner that ran on all, and where the holdout alone says enough of its errors.
        """
        missing = range(self.folds, self.division)
        if not missing or len(self.fold_cache.data.test_y) >= CALIBRATING_ROWS:
            return None
        repeated = range(self.division, len(self.fold_cache.data.folds))
        trials = [trial.without_folds(repeated) for trial in self.usable if folds_done(trial) >= self.folds]
        return choose_stand_in(self.fold_cache, trials, missing, self.forecast, self.limits.threads, seconds)

    def cost(self, trials: Sequence[Trial]) -> ServingCost:
        """Return the serving cost of a model of these trials on all train rows."""
        return cost_of_trials(trials, self.growth())


def member_limits(limits: TrainingLimits, serving_limits: ServingLimits, seconds: float) -> TrainingLimits:
    """Return the limits of one member of an ensemble in a search of so many seconds."""
    most_bytes = (serving_limits.max_bytes or limits.model_bytes) // MEMBER_SHARE
    return replace(limits, model_bytes=min(most_bytes, int(MEMBER_BYTES_A_SECOND * seconds) + 1))


def begin_search(
    data: Split,
    limits: TrainingLimits,
    serving_limits: ServingLimits,
    time_limit: TimeLimit,
    compared_rows: int | None = None,
) -> PortfolioSearch:
    """Return a search without trials, with folds of so many rows; by default as many as suit time and machine."""
    forecast, pace = measure_pace(data, limits)
    rows = compared_rows or rows_to_compare(len(data.train_y), forecast.columns, time_limit.seconds, pace)
    screened, division = with_finer_folds(subsample_split(data, rows))
    fold_cache = FoldCache(screened)
    return PortfolioSearch(
        data=data,
        limits=member_limits(limits, serving_limits, time_limit.seconds),
        finishing=Finishing(
            data,
            fold_cache,
            forecast,
            pace,
            limits.threads,
            serving_limits,
            TIME_SHARE * time_limit.seconds,
            time_limit.seconds,
        ),
        deadline=time_limit.begun + (1 - MARGIN) * time_limit.seconds,
        seconds=time_limit.seconds,
        fold_cache=fold_cache,
        division=division,
        trials=(),
    )


def propose(
    data: Split, limits: TrainingLimits, serving_limits: ServingLimits, time_limit: TimeLimit
) -> PortfolioSearch:
    """Return a search with the rows, folds and trials that suit the table, the time and the pace of this machine."""
    search = begin_search(data, limits, serving_limits, time_limit)
    forecast = search.forecast
    presets = select_presets(len(data.train_y), float(skew(data.train_y)))
    first = max(OPENING_SHARE * time_limit.seconds - time_limit.taken, LEAST_OPENING_SHARE * time_limit.seconds)
    opening = opening_candidate(presets, lambda candidate: forecast.seconds(candidate, search.rows), first)
    return with_candidates(search, [*opening, *presets])


def with_candidates(search: PortfolioSearch, candidates: Sequence[tuple[Candidate, float]]) -> PortfolioSearch:
    """Return the search with a trial more for each of these candidates, given with their priors."""
    everything = [*(trial.candidate for trial in search.trials), *(candidate for candidate, _ in candidates)]
    new = labels(everything)[len(search.trials) :]
    trials = [
        make_trial(search.fold_cache, candidate, search.limits, label, prior)
        for (candidate, prior), label in zip(candidates, new, strict=True)
    ]
    return search.with_trials(trials)
