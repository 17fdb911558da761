"""The portfolio search: run the portfolio's trials on folds until the time left is just enough to refit the best."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from scipy.stats import skew

from core.automl.ensemble_selection import final_weights
from core.automl.forecast import Forecast, makespan
from core.automl.portfolio import labels, select_presets
from core.automl.scheduler import Trial, TrialBudget, make_trial, run_trials
from core.automl.screening import measure_pace, rows_to_compare, subsample_split, with_finer_folds
from core.automl.selection import cost_of_trials
from core.automl.serving_cost import CLEARLY_WITHIN, ServingLimits
from core.errors import RegattaError, TrainingFailedError
from core.progress import ReportProgress, StoppedError, progress_within
from core.regressors.fold_cache import FoldCache
from core.regressors.importance import count_predictions
from core.regressors.limits import TrainingLimits
from core.regressors.splits import Split

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
# A search that is stopped takes so many seconds more to refit and store its best.
WINDING_UP_SECONDS = 4.0
ENDED = "the race was ended before it had run"


@dataclass
class PortfolioSearch:
    """The state of a search: `data` is the whole split, `fold_cache` the rows that trials are compared on."""

    data: Split
    limits: TrainingLimits
    bounds: ServingLimits
    deadline: float
    seconds: float
    forecast: Forecast
    pace: float
    fold_cache: FoldCache
    division: int
    trials: list[Trial]
    # Why it ended before its time, if it did, and why no ensemble can win, if none can.
    cut: StoppedError | None = None
    ensemble_failure: RegattaError | None = None

    @property
    def rows(self) -> int:
        """Return the train rows of a fold."""
        return self.fold_cache.train_rows(0)

    @property
    def finalists(self) -> list[Trial]:
        """Return the trials among which the winner is selected: those that ran on the most folds."""
        most = max((len(trial.predicted) for trial in self.usable), default=0)
        return [trial for trial in self.usable if len(trial.predicted) == most]

    @property
    def usable(self) -> list[Trial]:
        """Return the trials that succeeded on one whole division into folds."""
        return [e for e in self.trials if e.failure is None and all(i in e.predicted for i in range(self.division))]

    def cut_short(self, stop: StoppedError) -> None:
        """End the search within seconds with its results so far.

        Raises `stop` where there are none, where another worker begins anew, or if it happens a second time.
        """
        usable = self.usable
        if self.cut is not None or not stop.is_final or not usable:
            raise stop
        self.cut = stop
        self.deadline = min(self.deadline, time.monotonic() + WINDING_UP_SECONDS)
        for trial in self.trials:
            if trial.failure is None and trial not in usable:
                trial.failure = TrainingFailedError(ENDED)
        self._forget_half_divisions()

    def _forget_half_divisions(self) -> None:
        """Discard a repetition of the folds unless all its trials succeeded: all are compared on the same folds."""
        for start in range(self.division, len(self.fold_cache.data.folds), self.division):
            fold_numbers = range(start, start + self.division)
            begun = [
                trial for trial in self.usable if any(fold_number in trial.predicted for fold_number in fold_numbers)
            ]
            if not all(fold_number in trial.predicted for trial in begun for fold_number in fold_numbers):
                for trial in begun:
                    trial.predicted = {
                        fold_number: of
                        for fold_number, of in trial.predicted.items()
                        if fold_number not in fold_numbers
                    }

    def growth(self, rows: int | None = None) -> float:
        """Return `rows` (by default of the whole training part) as a multiple of the train rows of a fold."""
        return (rows or len(self.data.train_y)) / self.rows


def search_portfolio(
    data: Split,
    limits: TrainingLimits,
    bounds: ServingLimits,
    begun: float,
    seconds: float,
    report_progress: ReportProgress,
) -> PortfolioSearch:
    """Run the portfolio's trials on folds until `seconds` after `begun` leave just enough to refit and store the best.

    At least one trial succeeds, unless all fail. Where `report_progress` stops it, the search is `cut` and has
    the best trial so far; raises `StoppedError` as `PortfolioSearch.cut_short` does.
    """
    deadline = begun + (1 - MARGIN) * seconds
    forecast, pace = measure_pace(data)
    core_seconds = limits.threads * (deadline - time.monotonic())
    rows = rows_to_compare(len(data.train_y), forecast.columns, core_seconds, pace)
    screened, division = with_finer_folds(subsample_split(data, rows))
    fold_cache = FoldCache(screened)
    wanted = select_presets(len(data.train_y), float(skew(data.train_y)))
    most = min((bounds.max_bytes or limits.model_bytes) // MEMBER_SHARE, int(MEMBER_BYTES_A_SECOND * seconds) + 1)
    members = replace(limits, model_bytes=most)
    named = zip(wanted, labels([candidate for candidate, _ in wanted]), strict=True)
    trials = [make_trial(fold_cache, candidate, members, label, prior) for (candidate, prior), label in named]
    search = PortfolioSearch(data, members, bounds, deadline, seconds, forecast, pace, fold_cache, division, trials)
    # Time is kept for the repetitions.
    first = deadline - REPEATING_SHARE * seconds if len(screened.folds) > division else deadline
    budget = TrialBudget(first, search.forecast, lambda trial, begun: _seconds_after_trials(search, trial, begun))
    try:
        run_trials(
            fold_cache,
            trials,
            range(division),
            members,
            progress_within(report_progress, 0, 0.8),
            budget,
            measure_costs=True,
        )
        _repeat(search, report_progress)
    except StoppedError as stop:
        search.cut_short(stop)
    return search


def _seconds_after_trials(search: PortfolioSearch, trial: Trial, begun: bool) -> float:
    """Return the seconds to refit and store the ensemble with `trial` in it, or `trial` alone once it has begun."""
    if begun:
        return fitting_seconds(search, [trial], search.rows) + storing_seconds(search, [trial])
    last = [*(member for member in _members(search, search.usable) if member is not trial), trial]
    # Trials on a sample of rows deserve a refit on more rows, within this share of the time.
    fitting = max(fitting_seconds(search, last, search.rows), FITTING_SHARE * search.seconds)
    return min(fitting, fitting_seconds(search, last, len(search.data.train_y))) + storing_seconds(search, last)


def _members(search: PortfolioSearch, trials: Sequence[Trial]) -> list[Trial]:
    """Return the trials that an ensemble would use, estimated on a sample of rows."""
    if not trials:
        return []
    weights = final_weights(search.fold_cache, trials, DRAFT_ROWS)
    return [trial for trial, weight in zip(trials, weights, strict=True) if weight > 0]


def fitting_seconds(search: PortfolioSearch, trials: Sequence[Trial], rows: int) -> float:
    """Return the seconds to preprocess `rows` rows and fit the trials on them side by side."""
    preparing = search.fold_cache.preparing_seconds * rows / search.rows if trials else 0.0
    return preparing + makespan([search.forecast.seconds(e.candidate, rows) for e in trials], search.limits.threads)


def storing_seconds(search: PortfolioSearch, members: Sequence[Trial]) -> float:
    """Return the seconds to compile, verify, explain and store a model of these members."""
    cost = cost_of_trials(members, search.growth())
    # A model that may exceed a limit is compiled more than once.
    compiled = 1 if search.bounds.excess(cost) <= CLEARLY_WITHIN else 2
    explaining = EXPLAINING_A_ROW * len(members) * count_predictions(len(search.data.test_y), len(search.data.columns))
    return search.pace * (STORING_SECONDS + compiled * STORING_A_MEGABYTE * cost.size_bytes / 1e6 + explaining)


def _repeat(search: PortfolioSearch, report_progress: ReportProgress) -> None:
    """Run the best trials on the repetitions of the folds too, as far as there is time for all of them."""
    folds, once, threads = len(search.fold_cache.data.folds), search.division, search.limits.threads
    candidates_to_repeat = _candidates_to_repeat(search)
    while len(candidates_to_repeat) > 1 and not _in_time(search, candidates_to_repeat, folds - once, threads):
        candidates_to_repeat.pop()
    for start in range(once, folds if candidates_to_repeat else once, once):
        if not _in_time(search, candidates_to_repeat, once, threads):
            return
        share = progress_within(
            report_progress, 0.8 + 0.2 * (start - once) / (folds - once), 0.8 + 0.2 * start / (folds - once)
        )
        run_trials(
            search.fold_cache,
            candidates_to_repeat,
            range(start, start + once),
            search.limits,
            share,
            shown=search.trials,
        )


def _in_time(search: PortfolioSearch, candidates_to_repeat: Sequence[Trial], folds: int, threads: int) -> bool:
    ahead = makespan(
        [search.forecast.seconds(trial.candidate, search.rows) for trial in candidates_to_repeat] * folds, threads
    )
    after = fitting_seconds(search, candidates_to_repeat, len(search.data.train_y)) + storing_seconds(
        search, candidates_to_repeat
    )
    return time.monotonic() + ahead + after <= search.deadline


def _candidates_to_repeat(search: PortfolioSearch) -> list[Trial]:
    """Return the trials to repeat: the members of an ensemble and others of the best within the limits, best first."""
    growth = search.growth()
    within = [e for e in search.usable if search.bounds.excess(cost_of_trials([e], growth)) <= 1] or search.usable
    ranked = sorted(within, key=lambda trial: -trial.mean(search.fold_cache))
    members = _members(search, within)
    return [trial for place, trial in enumerate(ranked) if place < MOST_REPEATED or trial in members]
