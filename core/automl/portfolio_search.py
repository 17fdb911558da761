"""The portfolio search up to its refit: propose trials, and run them until the time left is just enough for the rest.

Each step takes a `PortfolioSearch` and returns another one. `core.automl.selection` selects the winner,
`core.automl.refit` refits and verifies it.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from scipy.stats import skew

from core.automl.ensemble_selection import final_weights
from core.automl.forecast import Forecast, makespan
from core.automl.portfolio import labels, select_presets
from core.automl.scheduler import TrialBudget, TrialScheduler
from core.automl.screening import measure_pace, rows_to_compare, subsample_split, with_finer_folds
from core.automl.selection import cost_of_trials
from core.automl.serving_cost import CLEARLY_WITHIN, ServingLimits
from core.automl.trial import Trial, make_trial
from core.errors import RegattaError, TrainingFailedError
from core.progress import ReportProgress, StoppedError, progress_within
from core.regressors.fold_cache import FoldCache
from core.regressors.importance import count_predictions
from core.regressors.limits import TrainingLimits
from core.regressors.splits import Split
from core.regressors.spread import TIME_SHARE, expected_seconds

# The bytes that one member of an ensemble may have: this part of a model's, because several share one graph, and so
# many for each second of the search, because they have to be compiled, verified and stored.
MEMBER_SHARE, MEMBER_BYTES_A_SECOND = 2, 1 << 20
# The share of the time that is kept for the unforeseen.
MARGIN = 0.03
# Seconds to store any model, and for each megabyte of its graph: compile, load, verify, pickle.
STORING_SECONDS, STORING_A_MEGABYTE = 0.35, 0.06
# Seconds for each row predicted by one member to explain a model: several hundred trees on two cores.
EXPLAINING_A_ROW = 4e-6
# How many rows are enough to estimate the members of an ensemble.
DRAFT_ROWS = 2_000
# The share of the time that is kept for repeating the folds of a very small table.
REPEATING_SHARE = 0.4
# Besides the members of an ensemble, so many of the best trials are repeated.
MOST_REPEATED = 5
# The most of the time that is kept for refitting the winner.
FITTING_SHARE = 0.3
# The progress of a search after the first division into folds.
DIVISION_SHARE = 0.8
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

    `limits` are those of one member of an ensemble, `serving_limits` those of the winner. `deadline` is when the winner
    has to be stored, by `time.monotonic()`; `seconds` is the time limit. The first `division` folds make one division
    of the rows; the others repeat it. `cut` is why it ended before its time, `ensemble_failure` why no ensemble can
    win; None if neither.
    """

    data: Split
    limits: TrainingLimits
    serving_limits: ServingLimits
    deadline: float
    seconds: float
    forecast: Forecast
    pace: float
    fold_cache: FoldCache
    division: int
    trials: tuple[Trial, ...]
    cut: StoppedError | None = None
    ensemble_failure: RegattaError | None = None

    @property
    def rows(self) -> int:
        """Return the train rows of a fold."""
        return self.fold_cache.train_rows(0)

    @property
    def usable(self) -> list[Trial]:
        """Return the trials that succeeded on one whole division into folds."""
        return _usable(self.trials, self.division)

    @property
    def finalists(self) -> list[Trial]:
        """Return the trials among which the winner is selected: those that ran on the most folds."""
        most = max((len(trial.predicted) for trial in self.usable), default=0)
        return [trial for trial in self.usable if len(trial.predicted) == most]

    def growth(self, rows: int | None = None) -> float:
        """Return `rows` (by default of the whole training part) as a multiple of the train rows of a fold."""
        return (rows or len(self.data.train_y)) / self.rows

    def with_trials(self, trials: Sequence[Trial]) -> "PortfolioSearch":
        """Return the search with these in the place of its trials of the same labels."""
        by_label = {trial.label: trial for trial in trials}
        return replace(self, trials=tuple(by_label.get(trial.label, trial) for trial in self.trials))

    def cut_short(self, stop: StoppedError) -> "PortfolioSearch":
        """Return the search with its results so far and a deadline within seconds.

        Raises `stop` where there are no results, where another worker begins anew, or if it is cut short already.
        """
        usable = self.usable
        if self.cut is not None or not stop.is_final or not usable:
            raise stop
        unfinished = [trial for trial in self.trials if trial.failure is None and trial not in usable]
        ended = [trial.with_failure(TrainingFailedError(ENDED)) for trial in unfinished]
        deadline = min(self.deadline, time.monotonic() + WINDING_UP_SECONDS)
        return replace(self._without_half_divisions().with_trials(ended), cut=stop, deadline=deadline)

    def _without_half_divisions(self) -> "PortfolioSearch":
        """Return the search without the results of repetitions that some trial did not finish.

        So all trials that were repeated are compared on the same folds.
        """
        search = self
        for start in range(self.division, len(self.fold_cache.data.folds), self.division):
            folds = range(start, start + self.division)
            begun = [trial for trial in search.usable if any(number in trial.predicted for number in folds)]
            if not all(trial.ran_on(folds) for trial in begun):
                search = search.with_trials([trial.without_folds(folds) for trial in begun])
        return search


def search_portfolio(
    data: Split,
    limits: TrainingLimits,
    serving_limits: ServingLimits,
    time_limit: TimeLimit,
    report_progress: ReportProgress,
) -> PortfolioSearch:
    """Run the portfolio's trials on folds until the time limit leaves just enough to refit and store the best.

    At least one trial succeeds, unless all fail. Where `report_progress` stops it, the search is `cut` and has
    the best trial so far; raises `StoppedError` as `PortfolioSearch.cut_short` does.
    """
    search = propose(data, limits, serving_limits, time_limit)
    search = run_division(search, progress_within(report_progress, 0, DIVISION_SHARE))
    return search if search.cut else repeat_divisions(search, progress_within(report_progress, DIVISION_SHARE, 1))


def propose(
    data: Split, limits: TrainingLimits, serving_limits: ServingLimits, time_limit: TimeLimit
) -> PortfolioSearch:
    """Return a search with the rows, folds and trials that suit the table, the time and the pace of this machine."""
    deadline = time_limit.begun + (1 - MARGIN) * time_limit.seconds
    forecast, pace = measure_pace(data)
    core_seconds = limits.threads * (deadline - time.monotonic())
    rows = rows_to_compare(len(data.train_y), forecast.columns, core_seconds, pace)
    screened, division = with_finer_folds(subsample_split(data, rows))
    fold_cache = FoldCache(screened)
    most_bytes = min(
        (serving_limits.max_bytes or limits.model_bytes) // MEMBER_SHARE,
        int(MEMBER_BYTES_A_SECOND * time_limit.seconds) + 1,
    )
    members = replace(limits, model_bytes=most_bytes)
    presets = select_presets(len(data.train_y), float(skew(data.train_y)))
    named = zip(presets, labels([candidate for candidate, _ in presets]), strict=True)
    return PortfolioSearch(
        data=data,
        limits=members,
        serving_limits=serving_limits,
        deadline=deadline,
        seconds=time_limit.seconds,
        forecast=forecast,
        pace=pace,
        fold_cache=fold_cache,
        division=division,
        trials=tuple(make_trial(fold_cache, candidate, members, label, prior) for (candidate, prior), label in named),
    )


def run_division(search: PortfolioSearch, report_progress: ReportProgress) -> PortfolioSearch:
    """Return the search after its trials ran on one division into folds, as far as there was time for them."""
    # Time is kept for the repetitions.
    repeated = len(search.fold_cache.data.folds) > search.division
    deadline = search.deadline - REPEATING_SHARE * search.seconds if repeated else search.deadline
    trials, stop = TrialScheduler(
        search.fold_cache,
        search.trials,
        range(search.division),
        search.limits,
        report_progress,
        TrialBudget(
            deadline, search.forecast, lambda trials, trial, begun: _seconds_after(search, trials, trial, begun)
        ),
        measure_costs=True,
    ).run()
    search = search.with_trials(trials)
    return search.cut_short(stop) if stop else search


def repeat_divisions(search: PortfolioSearch, report_progress: ReportProgress) -> PortfolioSearch:
    """Return the search after its best trials ran on the repetitions too, as far as there was time for all of them."""
    folds, division = len(search.fold_cache.data.folds), search.division
    if folds == division:
        return search
    repeated = [trial.label for trial in _trials_to_repeat(search)]
    for start in range(division, folds if repeated else division, division):
        by_label = {trial.label: trial for trial in search.trials}
        trials = [by_label[label] for label in repeated]
        if not _is_time_for(search, trials, division):
            break
        trials, stop = TrialScheduler(
            search.fold_cache,
            trials,
            range(start, start + division),
            search.limits,
            progress_within(report_progress, (start - division) / (folds - division), start / (folds - division)),
            None,
            others=[trial for trial in search.trials if trial.label not in repeated],
        ).run()
        search = search.with_trials(trials)
        if stop:
            return search.cut_short(stop)
    return search


def fitting_seconds(search: PortfolioSearch, trials: Sequence[Trial], rows: int) -> float:
    """Return the seconds to preprocess `rows` rows and fit the trials on them side by side."""
    preparing = search.fold_cache.preparing_seconds * rows / search.rows if trials else 0.0
    fits = [search.forecast.seconds(trial.candidate, rows) for trial in trials]
    return preparing + makespan(fits, search.limits.threads)


def storing_seconds(search: PortfolioSearch, members: Sequence[Trial]) -> float:
    """Return the seconds to compile, verify, explain and store a model of these members."""
    cost = cost_of_trials(members, search.growth())
    # A model that may exceed a limit is compiled more than once.
    compiled = 1 if search.serving_limits.excess(cost) <= CLEARLY_WITHIN else 2
    explaining = EXPLAINING_A_ROW * len(members) * count_predictions(len(search.data.test_y), len(search.data.columns))
    storing = STORING_SECONDS + compiled * STORING_A_MEGABYTE * cost.size_bytes / 1e6 + explaining
    spread = expected_seconds(len(search.fold_cache.data.train_y), len(search.data.columns))
    return search.pace * storing + min(search.pace * spread, TIME_SHARE * search.seconds)


def _usable(trials: Sequence[Trial], division: int) -> list[Trial]:
    """Return the trials that succeeded on the first `division` folds."""
    return [trial for trial in trials if trial.failure is None and trial.ran_on(range(division))]


def _seconds_after(search: PortfolioSearch, trials: Sequence[Trial], trial: Trial, begun: bool) -> float:
    """Return the seconds to refit and store the ensemble with `trial` in it, or `trial` alone once it has begun.

    `trials` are all trials of the search as they are now.
    """
    if begun:
        return fitting_seconds(search, [trial], search.rows) + storing_seconds(search, [trial])
    usable = _usable(trials, search.division)
    last = [*(member for member in _members(search, usable) if member is not trial), trial]
    # Trials on a sample of rows deserve a refit on more rows, within this share of the time.
    fitting = max(fitting_seconds(search, last, search.rows), FITTING_SHARE * search.seconds)
    return min(fitting, fitting_seconds(search, last, len(search.data.train_y))) + storing_seconds(search, last)


def _members(search: PortfolioSearch, trials: Sequence[Trial]) -> list[Trial]:
    """Return the trials that an ensemble would use, estimated on a sample of rows."""
    if not trials:
        return []
    weights = final_weights(search.fold_cache, trials, DRAFT_ROWS)
    return [trial for trial, weight in zip(trials, weights, strict=True) if weight > 0]


def _trials_to_repeat(search: PortfolioSearch) -> list[Trial]:
    """Return the trials to repeat: the members of an ensemble and others of the best within the limits, best first.

    Only as many as there is time to repeat on all folds; the best one in any case.
    """
    growth, limits = search.growth(), search.serving_limits
    within = [trial for trial in search.usable if limits.excess(cost_of_trials([trial], growth)) <= 1] or search.usable
    ranked = sorted(within, key=lambda trial: -trial.mean)
    members = _members(search, within)
    repeated = [trial for place, trial in enumerate(ranked) if place < MOST_REPEATED or trial in members]
    folds = len(search.fold_cache.data.folds) - search.division
    while len(repeated) > 1 and not _is_time_for(search, repeated, folds):
        repeated.pop()
    return repeated


def _is_time_for(search: PortfolioSearch, trials: Sequence[Trial], folds: int) -> bool:
    """Return whether there is time to run these trials on so many folds, and to refit and store them after that."""
    fits = [search.forecast.seconds(trial.candidate, search.rows) for trial in trials] * folds
    ahead = makespan(fits, search.limits.threads)
    after = fitting_seconds(search, trials, len(search.data.train_y)) + storing_seconds(search, trials)
    return time.monotonic() + ahead + after <= search.deadline
