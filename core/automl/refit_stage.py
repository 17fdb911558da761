"""What a refit of a search's winner goes by: the trials that may still win, how many rows there is time for, refits."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import inf

from core.automl.portfolio_search import PortfolioSearch
from core.automl.selection import Selection, cost_of_trials, is_better_refitted, select
from core.automl.serving_cost import ServingCost
from core.automl.trial import Trial
from core.errors import RegattaError
from core.regressors.fold_cache import FoldCache

# Rows are reduced by this factor.
FEWER = 0.9
# An ensemble that exceeds a limit although its members together do not is selected again within limits tightened so.
TIGHTER = 0.8
# A model that can only be stored in haste wins where its error is less by more than this share.
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

    None for the rows means that there is no time to refit it: its models of a fold win as they are.
    """

    selection: Selection
    rejected_ensemble: Selection | None
    rows: int | None


@dataclass(frozen=True)
class RefitStage:
    """What is known between two attempts to refit a winner; each attempt that fails returns a new stage.

    `refits` are by number of train rows. The limits of an ensemble are multiplied by `tightened`. Once a refit was
    `overdue`, only models of a fold win, if any was kept.
    """

    search: PortfolioSearch
    refits: Mapping[int, Refits] = field(default_factory=dict)
    tightened: float = 1.0
    overdue: bool = False

    def missing(self, trials: Sequence[Trial], rows: int) -> list[Trial]:
        """Return those of the trials that are not refitted on so many rows yet."""
        return self.refits[rows].missing(trials) if rows in self.refits else list(trials)

    def select(self) -> Choice:
        """Return the winner among the finalists, by `core.automl.selection.select`.

        An ensemble is no larger than there is time to store, and where there is no time to refit or to store the best
        single model, a faster one wins. Where there is no time to refit the winner on all rows, the best of those that
        can be is the winner instead if more rows should be worth more than what it is behind. One that can only be
        stored in haste wins where it is far better.
        """
        all_rows, hasty = len(self.search.data.train_y), self._select_in_haste()
        chosen = self._select(self.can_finish)
        if chosen is None:
            return self._as_fitted(*(hasty or self._select_quickest()))
        rows = self.affordable_rows(chosen[0].trials)
        quicker = self._select(self.can_refit) if rows != all_rows else None
        if quicker is not None and is_better_refitted(quicker[0], chosen[0], self.search.growth()):
            chosen, rows = quicker, all_rows
        growth = self.search.growth(rows) if rows else 1.0
        if hasty is not None and not is_better_refitted(chosen[0], hasty[0], growth, FAR_BETTER):
            return self._as_fitted(*hasty)
        return Choice(*chosen, rows)

    def can_refit(self, trials: Sequence[Trial]) -> bool:
        """Return whether there is time to refit these trials on all train rows and to store them."""
        return self.search.affordable(trials) and self.affordable_rows(trials) == len(self.search.data.train_y)

    def can_finish(self, trials: Sequence[Trial]) -> bool:
        """Return whether there is time to store these trials, refitted or as a fold fitted them."""
        if not self.search.affordable(trials):
            return False
        return kept_of_fold(trials) or self.affordable_rows(trials) is not None

    def is_replaceable(self, trials: Sequence[Trial]) -> bool:
        """Return whether a model of a fold can be stored where the refit of these trials does not end in time."""
        latest = self.latest_fit(trials)
        kept = [trial for trial in self._within_limits() if kept_of_fold([trial])]
        return any(self.search.latest_storing([trial]) >= latest for trial in kept)

    def _select(self, allowed: Callable[[Sequence[Trial]], bool]) -> tuple[Selection, Selection | None] | None:
        """Return the winner among the finalists that are allowed; None where none is that is within the limits."""
        quick = [trial for trial in self._within_limits() if allowed([trial])]
        return self._select_among(quick, allowed) if quick else None

    def _select_in_haste(self) -> tuple[Selection, Selection | None] | None:
        """Return the best of the fitted models where some can only be stored in haste; None where there is none."""
        search = self.search
        if all(search.affordable([trial]) for trial in self._within_limits()):
            return None
        return self._select(lambda trials: search.affordable_in_haste(trials) and self._is_fitted(trials))

    def _is_fitted(self, trials: Sequence[Trial]) -> bool:
        """Return whether these trials were refitted on all train rows, or were kept as a fold fitted them."""
        return not self.missing(trials, len(self.search.data.train_y)) or kept_of_fold(trials)

    def _as_fitted(self, selection: Selection, rejected: Selection | None) -> Choice:
        all_rows = len(self.search.data.train_y)
        return Choice(selection, rejected, None if self.missing(selection.trials, all_rows) else all_rows)

    def _select_quickest(self) -> tuple[Selection, Selection | None]:
        """Return the model that takes the least time to store in haste, and to refit where it has to be."""
        finishing, rows = self.search.finishing, self.search.rows

        def seconds(trial: Trial) -> float:
            fitting = inf if self.overdue else finishing.fitting_seconds([trial], rows)
            return (0.0 if self._is_fitted([trial]) else fitting) + finishing.least_storing_seconds([trial])

        within = self._within_limits()
        trials = [min(within, key=seconds)] if within else self.search.finalists
        return self._select_among(trials, self.search.affordable)

    def _select_among(
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

    def affordable_rows(self, trials: Sequence[Trial]) -> int | None:
        """Return the most train rows that there is time for; None where even those of a fold take too long."""
        if self.overdue:
            return None
        finishing, rows = self.search.finishing, len(self.search.data.train_y)
        left = self.latest_fit(trials) - time.monotonic()
        while finishing.fitting_seconds(self.missing(trials, rows), rows) > left:
            rows = int(FEWER * rows)
            if rows < self.search.rows:
                return None
        return rows

    def latest_fit(self, trials: Sequence[Trial]) -> float:
        """Return when the refit of these trials has to have ended, by `time.monotonic()`."""
        return self.search.latest_storing(trials)

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
