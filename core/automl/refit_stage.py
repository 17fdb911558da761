"""The choice of a search's winner at its end, by the time that is left: refitted, or as a fold fitted it."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from core.automl.portfolio_search import PortfolioSearch
from core.automl.selection import Selection, cost_of_trials, is_better_refitted, select
from core.automl.serving_cost import ServingCost
from core.automl.trial import Trial
from core.errors import RegattaError
from core.regressors.fold_cache import FoldCache
from core.regressors.metrics import error_of_more_rows

# Rows are reduced by this factor.
FEWER = 0.9
# An ensemble that exceeds a limit although its members together do not is selected again within limits tightened so.
TIGHTER = 0.8
# A model that can only be stored in haste wins where its error is less than that of the other winner by more than this
# share.
FAR_BETTER = 0.1


@dataclass(frozen=True)
class Refits:
    """The trials of a search that were refitted on the same rows, by label."""

    fold_cache: FoldCache
    trials: Mapping[str, Trial] = field(default_factory=dict)

    def missing(self, trials: Sequence[Trial]) -> list[Trial]:
        """Return those of the trials that are not refitted on these rows yet."""
        return [trial for trial in trials if trial.label not in self.trials or not self.trials[trial.label].predicted]


@dataclass(frozen=True)
class Choice:
    """What is to win: a selection, the ensemble that it beat, if there was one, and the train rows to refit it on.

    None for the rows means that there is no time for a refit: its models of a fold win as they are. Where these were
    not kept it is refitted on as many rows as a fold has, however long that takes.
    """

    selection: Selection
    rejected_ensemble: Selection | None
    rows: int | None


@dataclass(frozen=True)
class RefitStage:
    """What is known between two attempts to refit a winner; each attempt that fails returns a new stage.

    `refits` are by number of train rows. The limits of an ensemble are multiplied by `tightened`. Once a refit was
    `overdue`, models win that are fitted already, if there are any.
    """

    search: PortfolioSearch
    refits: Mapping[int, Refits] = field(default_factory=dict)
    tightened: float = 1.0
    overdue: bool = False

    @property
    def all_rows(self) -> int:
        """Return the number of all train rows."""
        return len(self.search.data.train_y)

    def missing(self, trials: Sequence[Trial], rows: int) -> list[Trial]:
        """Return those of the trials that are not refitted on so many rows yet."""
        return self.refits[rows].missing(trials) if rows in self.refits else list(trials)

    def select(self) -> Choice:
        """Return the winner among the finalists, by `core.automl.selection.select`.

        An ensemble is no larger than there is time to store, and where there is no time to refit or to store the best
        single model, a faster one wins. Where there is no time to refit the winner on all rows, the best of those that
        can be is the winner instead if more rows should be worth more than what it is behind. One for which there is
        only time if it is stored in haste wins where it is far better.
        """
        choice, hasty = self._choose(self.can_finish), self._choose_in_haste()
        if choice is None:
            return hasty or self._choose_quickest()
        if choice.rows != self.all_rows:
            quicker = self._choose(self.can_refit)
            if quicker and is_better_refitted(quicker.selection, choice.selection, self.search.growth()):
                choice = quicker
        return hasty if hasty and self._is_far_better(hasty, choice) else choice

    def can_refit(self, trials: Sequence[Trial]) -> bool:
        """Return whether there is time to refit these trials on all train rows and to store them."""
        return self.search.affordable(trials) and self.affordable_rows(trials) == self.all_rows

    def can_finish(self, trials: Sequence[Trial]) -> bool:
        """Return whether there is time to store these trials, refitted or as a fold fitted them."""
        return self.search.affordable(trials) and (self._is_fitted(trials) or self.affordable_rows(trials) is not None)

    def can_finish_in_haste(self, trials: Sequence[Trial]) -> bool:
        """Return whether there is time to store these trials in haste: fitted ones, or any where no model was kept."""
        if self._is_fitted(trials):
            return self.search.affordable_in_haste(trials)
        if any(kept_of_fold([trial]) for trial in self.search.finalists):
            return False
        return self.search.affordable_in_haste(trials, after=self._fitting_seconds(trials))

    def is_replaceable(self, trials: Sequence[Trial]) -> bool:
        """Return whether a model of a fold can be stored where the refit of these trials does not end in time."""
        latest = self.search.latest_storing(trials)
        kept = [trial for trial in self._within_limits() if kept_of_fold([trial])]
        return any(self.search.latest_storing([trial]) >= latest for trial in kept)

    def affordable_rows(self, trials: Sequence[Trial]) -> int | None:
        """Return the most train rows that there is time for, or that they are refitted on; None where there are none.

        A refit has at least as many rows as a fold.
        """
        rows, refitted = self.all_rows, self._refitted_rows(trials)
        if self.overdue or refitted == rows:
            return refitted
        left = self.search.latest_storing(trials) - time.monotonic()
        while self.search.finishing.fitting_seconds(self.missing(trials, rows), rows) > left:
            rows = int(FEWER * rows)
            if rows < self.search.rows:
                return refitted
        return rows

    def _choose(self, allowed: Callable[[Sequence[Trial]], bool]) -> Choice | None:
        """Return the winner among the finalists that are allowed; None where none is that is within the limits."""
        trials = [trial for trial in self._within_limits() if allowed([trial])]
        if not trials:
            return None
        selection, rejected = self._select(trials, allowed)
        return Choice(selection, rejected, self.affordable_rows(selection.trials))

    def _choose_in_haste(self) -> Choice | None:
        """Return the winner where some can only be stored in haste, if at all; None where there is none."""
        if all(self.search.affordable([trial]) for trial in self._within_limits()):
            return None
        choice = self._choose(self.can_finish_in_haste)
        return choice and replace(choice, rows=self._refitted_rows(choice.selection.trials))

    def _choose_quickest(self) -> Choice:
        """Return the best of those that take about the least time to refit, where they have to be, and to store."""
        within, finishing = self._within_limits(), self.search.finishing
        if self.overdue and any(self._is_fitted([trial]) for trial in within):
            within = [trial for trial in within if self._is_fitted([trial])]
        seconds = {
            trial.label: self._fitting_seconds([trial]) + finishing.least_storing_seconds([trial]) for trial in within
        }
        most = min(seconds.values(), default=0.0) + self.search.latest_in_haste - self.search.deadline
        trials = [trial for trial in within if seconds[trial.label] <= most] or self.search.finalists
        selection, rejected = self._select(trials, self.search.affordable)
        return Choice(selection, rejected, self._refitted_rows(selection.trials))

    def _is_far_better(self, hasty: Choice, choice: Choice) -> bool:
        """Return whether the error of a hasty choice is less by more than a share, after the refits of both."""
        errors = [
            error_of_more_rows(self.search.growth(one.rows) if one.rows else 1.0) * one.selection.error
            for one in (hasty, choice)
        ]
        return errors[0] < (1 - FAR_BETTER) * errors[1]

    def _is_fitted(self, trials: Sequence[Trial]) -> bool:
        """Return whether these trials are refitted already, or their models of a fold were kept."""
        return self._refitted_rows(trials) is not None or kept_of_fold(trials)

    def _refitted_rows(self, trials: Sequence[Trial]) -> int | None:
        """Return the most rows that all of these trials are refitted on already; None where there are none."""
        return max((rows for rows, refits in self.refits.items() if not refits.missing(trials)), default=None)

    def _fitting_seconds(self, trials: Sequence[Trial]) -> float:
        """Return the seconds to refit these trials on as many rows as a fold has, where they have to be refitted."""
        return 0.0 if self._is_fitted(trials) else self.search.finishing.fitting_seconds(trials, self.search.rows)

    def _select(
        self, trials: Sequence[Trial], affordable: Callable[[Sequence[Trial]], bool]
    ) -> tuple[Selection, Selection | None]:
        search = self.search
        tightened = None if search.ensemble_failure else self.tightened
        return select(
            search.fold_cache, trials, search.serving_limits, search.growth(), tightened, affordable=affordable
        )

    def _within_limits(self) -> list[Trial]:
        limits, growth = self.search.serving_limits, self.search.growth()
        return [trial for trial in self.search.finalists if limits.excess(cost_of_trials([trial], growth)) <= 1]

    def with_failures(self, failures: Mapping[str, RegattaError]) -> "RefitStage":
        """Return the stage with these trials failed, by label; raises the last failure where no trial is left."""
        failed = [trial.with_failure(failures[trial.label]) for trial in self.search.trials if trial.label in failures]
        search = self.search.with_trials(failed)
        if not search.usable:
            raise list(failures.values())[-1]
        return replace(self, search=search)

    def with_costs(self, costs: Mapping[str, ServingCost]) -> "RefitStage":
        """Return the stage with the costs of final models, by label, and tighter limits for the next ensemble."""
        growth = self.search.growth()
        measured = []
        for trial in self.search.trials:
            if cost := costs.get(trial.label):
                # Divided by the growth that `select` multiplies by, and never less than measured after that.
                most_bytes = max(trial.most_bytes, cost.size_bytes)
                measured.append(replace(trial, cost=cost.grown(1 / growth), most_bytes=most_bytes))
        return replace(self, search=self.search.with_trials(measured), tightened=self.tightened * TIGHTER)


def kept_of_fold(trials: Sequence[Trial]) -> bool:
    """Return whether the models that were fitted on the first fold were kept of all of these trials."""
    return all(trial.fold_pipeline is not None for trial in trials)
