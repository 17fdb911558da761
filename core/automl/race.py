"""Race the trials of a search against each other, fold by fold, until the time left is just enough for its end.

First every configuration gets one fold, a boosted tree before all others. Those that lead get further folds; one that
is behind by more than its spread is dropped. What time is left goes to variations of the best.
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace

from core.automl.fit_threads import FitThreads
from core.automl.fold_fit import as_training_error, fit_fold
from core.automl.local_search import variations
from core.automl.portfolio import is_boosted
from core.automl.portfolio_search import PortfolioSearch, with_candidates
from core.automl.racing import folds_done, is_contender, leader, members
from core.automl.trial import OUT_OF_TIME, OVERHEAD_SECONDS, FoldResult, Trial, trial_statuses
from core.errors import TrainingFailedError
from core.progress import ReportProgress, StoppedError
from core.regressors.thread_limits import one_core_per_fit

TOO_SLOW = "it would take {:.1f} s to verify and explain, which is too long within time_limit"
# The share of the time in which new trials go before further folds of those that lead, and the share on a table whose
# folds have at least so many test rows: there one fold says almost everything.
EXPLORING_SHARE, MOSTLY_EXPLORING_SHARE, TELLING_ROWS = 0.45, 0.7, 2_000
# Until so many boosted trees ran, another kind of trial takes at most this share of the time for a fit.
BOOSTED_FIRST, BEFORE_BOOSTED_SHARE = 3, 0.03
# If nothing has succeeded after this share of the time, the fastest trial is what is run.
PATIENCE_SHARE = 0.4
# A model that takes more than this share of the time to verify and to explain, and so many times as long as the
# quickest, may not win.
MOST_STORING_SHARE, MUCH_SLOWER = 0.3, 3.0
# The first fit of a regressor may be forecast to take so many times the time that is left.
FIRST_DOUBT = 2.0
# Repetitions of the division into folds are for so many of the best trials, besides the members of an ensemble.
MOST_REPEATED = 5
# Variations of the best that are tried, at most.
MOST_VARIATIONS = 24
# The shortest and the longest wait between two looks at the clock, in seconds.
SHORTEST_WAIT, LONGEST_WAIT = 0.005, 0.25

# The label of a trial and the number of a fold.
Fit = tuple[str, int]


class Race:
    """One race. Its methods are called from one thread; the fits run in others and only return values."""

    def __init__(self, search: PortfolioSearch, report_progress: ReportProgress) -> None:
        self.search = search
        self.report_progress = report_progress
        self.begun = time.monotonic()
        self._fits: FitThreads[Fit, FoldResult] = FitThreads()
        # The seconds that are kept for the end of the search.
        self._kept = 0.0
        # The labels and folds done of the trials that were found to deserve another fold.
        self._contenders: set[Fit] = set()
        # How many variations of the best were begun.
        self._varied = 0
        # Whether the fastest trial was begun beside the threads, because nothing had succeeded for long.
        self._hurried = False
        # Whether every model so far would take too long to verify and to explain.
        self._all_slow = False

    def run(self) -> PortfolioSearch:
        """Return the search after the race; where `report_progress` stops it, cut short or `StoppedError`."""
        with one_core_per_fit():
            try:
                self._report()
                while self._start_fits():
                    if ended := self._fits.wait(min(LONGEST_WAIT, max(SHORTEST_WAIT, self._left()))):
                        self._record(ended)
                        self._report()
            except StoppedError as stop:
                return self.search.cut_short(stop)
            finally:
                self._fits.close()
        return self.search.without_unfinished(OUT_OF_TIME)

    def _left(self) -> float:
        """Return the seconds until the end of the search has to begin."""
        return self.search.deadline - self._kept - time.monotonic()

    def _start_fits(self) -> bool:
        """Start as many fits as there are idle threads; return whether to wait for any.

        Once something has succeeded the clock ends the race, and before that nothing does.
        """
        stands = bool(self.search.usable)
        if stands and self._left() <= 0:
            return False
        while len(self._fits.running) < self.search.limits.threads:
            fit = self._next_fit() if stands else self._first_fit()
            if fit is None:
                break
            self._start(fit)
        if not stands and not self._hurried and self._is_late() and (waiting := self._waiting()):
            self._hurried = True
            self._start((min(waiting, key=self._seconds).label, 0))
        return bool(self._fits.running)

    def _start(self, fit: Fit) -> None:
        label, fold_number = fit
        search, trial = self.search, self._trial(label)

        def run() -> FoldResult:
            return fit_fold(
                search.fold_cache, trial, fold_number, search.limits, search.forecast, with_cost=fold_number == 0
            )

        self._fits.start(fit, run)

    def _first_fit(self) -> Fit | None:
        """Return what to run before anything has succeeded: if there is time for nothing, the fastest is run alone."""
        waiting = self._waiting()
        if fitting := [trial for trial in waiting if self._seconds(trial) <= self._left()]:
            return max(fitting, key=self._value).label, 0
        if waiting and not self._fits.running:
            return min(waiting, key=self._seconds).label, 0
        return None

    def _next_fit(self) -> Fit | None:
        """Return the fit to start now; None if there is time for none, or nothing to run."""
        telling = len(self.search.fold_cache.data.folds[0].test) >= TELLING_ROWS
        exploring = MOSTLY_EXPLORING_SHARE if telling else EXPLORING_SHARE
        if time.monotonic() - self.begun < exploring * self.search.seconds and (fit := self._new_trial()):
            return fit
        return self._further_fold(0) or self._new_trial() or self._further_fold(1) or self._variation()

    def _new_trial(self) -> Fit | None:
        """Return the first fold of the waiting trial that promises most for its seconds."""
        waiting = [trial for trial in self._waiting() if self._is_time_for(trial)]
        boosted = [trial for trial in self.search.trials if is_boosted(trial.candidate)]
        if sum(trial.ran_on([0]) for trial in boosted) < BOOSTED_FIRST and any(map(boosted.__contains__, waiting)):
            most = BEFORE_BOOSTED_SHARE * self.search.seconds
            waiting = [trial for trial in waiting if trial in boosted or self._seconds(trial) <= most]
        return (max(waiting, key=self._value).label, 0) if waiting else None

    def _further_fold(self, repetition: int) -> Fit | None:
        """Return the next fold of the contender with the fewest; `repetition` is 0 for the first division into folds.

        A trial that is no contender is dropped, and none runs further ahead of the leader than by one fold. While every
        model would take too long to verify, there is none, so that the quickest remains among those that may win.
        """
        search = self.search
        if self._all_slow:
            return None
        end = search.division if repetition == 0 else len(search.fold_cache.data.folds)
        trials = [trial for trial in search.usable if trial.label not in search.dropped]
        if repetition:
            trials = self._repeated(trials)
        if trials:
            end = min(end, self._folds_begun(leader(search.fold_cache.data, trials)) + 1)
        for trial in sorted(trials, key=lambda trial: (self._folds_begun(trial), -trial.mean)):
            fold_number = self._folds_begun(trial)
            if fold_number < end and self._is_contender(trial) and self._is_time_for(trial, fold_number):
                return trial.label, fold_number
        return None

    def _is_contender(self, trial: Trial) -> bool:
        """Return whether a trial deserves another fold, decided once for each number of folds; else it is dropped."""
        decided = (trial.label, folds_done(trial))
        if decided in self._contenders:
            return True
        if is_contender(self.search.fold_cache, trial, self.search.usable):
            self._contenders.add(decided)
            return True
        # The pipeline of a trial that is dropped serves no more.
        search = self.search.with_trials([replace(trial, fold_pipeline=None)])
        self.search = replace(search, dropped=search.dropped | {trial.label})
        return False

    def _repeated(self, trials: Sequence[Trial]) -> list[Trial]:
        """Return the trials that run on the repetitions too: the best ones, and the members of an ensemble."""
        whole = [trial for trial in trials if trial.ran_on(range(self.search.division))]
        used = members(self.search.fold_cache, whole)
        ranked = sorted(whole, key=lambda trial: -trial.mean)
        return [trial for place, trial in enumerate(ranked) if place < MOST_REPEATED or trial in used]

    def _variation(self) -> Fit | None:
        """Return the first fold of a new variation of the best trials; None where there is no time for it."""
        tried = [trial.candidate for trial in self.search.trials]
        best = sorted(self.search.finalists, key=lambda trial: -trial.mean)
        for candidate in variations([trial.candidate for trial in best], tried):
            if self._varied == MOST_VARIATIONS:
                break
            if self.search.forecast.seconds(candidate, self.search.rows) <= self._left():
                self._varied += 1
                self.search = with_candidates(self.search, [(candidate, 1.0)])
                return self.search.trials[-1].label, 0
        return None

    def _record(self, ended: Iterable[tuple[Fit, FoldResult | BaseException]]) -> None:
        """Replace the trials of these fits by trials with the result or the failure, and keep time for the end."""
        for (label, _), outcome in ended:
            trial = self._trial(label)
            if isinstance(outcome, BaseException):
                trial = trial.with_failure(as_training_error(outcome, trial))
            else:
                trial = trial.with_result(outcome)
            self.search = self.search.with_trials([trial])
        self._keep_time()

    def _keep_time(self) -> None:
        """Keep the time for the end of the search, and let trials fail that would take too long to verify and explain.

        While there is no other, the race goes on for a while to find one.
        """
        search, most = self.search, MOST_STORING_SHARE * self.search.seconds
        seconds = {trial.label: search.finishing.storing_seconds([trial]) for trial in search.usable}
        self._all_slow = min(seconds.values(), default=0.0) > most
        if self._all_slow:
            quickest = min(seconds[trial.label] for trial in search.finalists)
            self._kept = min(quickest, (1 - PATIENCE_SHARE) * search.seconds)
            return
        # Much slower than the quickest, so that a busy machine, on which all are slow, excludes none.
        most = max(most, MUCH_SLOWER * min(seconds.values(), default=0.0))
        slow = [trial for trial in search.usable if seconds[trial.label] > most]
        self.search = search.with_trials(
            [trial.with_failure(TrainingFailedError(TOO_SLOW.format(seconds[trial.label]))) for trial in slow]
        )
        self._kept = self.search.finishing_seconds()

    def _waiting(self) -> list[Trial]:
        """Return the trials that have not begun."""
        begun = {label for label, _ in self._fits.running}
        return [trial for trial in self.search.trials if not (trial.failure or trial.predicted or trial.label in begun)]

    def _is_late(self) -> bool:
        return time.monotonic() - self.begun > PATIENCE_SHARE * self.search.seconds

    def _trial(self, label: str) -> Trial:
        return next(trial for trial in self.search.trials if trial.label == label)

    def _folds_begun(self, trial: Trial) -> int:
        """Return on how many of the first folds a trial ran or is running."""
        running, begun = self._fits.running, folds_done(trial)
        while (trial.label, begun) in running:
            begun += 1
        return begun

    def _seconds(self, trial: Trial, fold_number: int = 0) -> float:
        """Return how long a fit should take, the preparation of its fold included."""
        fold_cache = self.search.fold_cache
        preparing = (
            0.0
            if fold_cache.is_prepared(fold_number, codes=trial.candidate.takes_codes)
            else fold_cache.preparing_seconds
        )
        return preparing + self.search.forecast.seconds(trial.candidate, fold_cache.train_rows(fold_number))

    def _is_time_for(self, trial: Trial, fold_number: int = 0) -> bool:
        """Return whether a fit should end in time, or may, as a first forecast can be far too long."""
        doubt = 1.0 if self.search.forecast.knows(trial.candidate) else FIRST_DOUBT
        return self._seconds(trial, fold_number) <= doubt * self._left()

    def _value(self, trial: Trial) -> float:
        """Return the prior of a trial for each of its seconds."""
        return trial.prior_per_second(self._seconds(trial))

    def _report(self) -> None:
        search, running = self.search, {label for label, _ in self._fits.running}
        share = min(1.0, (time.monotonic() - self.begun) / max(search.deadline - self.begun, OVERHEAD_SECONDS))
        done = {trial.label: 1.0 if trial.failure else self._share(trial) for trial in search.trials}
        statuses = trial_statuses(search.trials, {trial for trial in search.trials if trial.label in running})
        self.report_progress("training", share, done, statuses)

    def _share(self, trial: Trial) -> float:
        if trial.label in self.search.dropped:
            return 1.0
        return round(min(1.0, len(trial.predicted) / self.search.division), 3)
