"""The finalists of a comparison: each regressor by its best target transform, tuned where asked for, on all train rows.

A comparison that is stopped for good keeps what has come through by then.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf

from core.automl.forecast import Forecast
from core.automl.learn_in_parts import learn_in_parts
from core.automl.portfolio_search import ENDED
from core.automl.scheduler import TrialBudget, TrialScheduler
from core.automl.successive_halving import record_trial, tune
from core.automl.trial import Trial
from core.errors import TrainingFailedError
from core.jobs.commands import CompareCommand
from core.model_manifest import TrialRecord
from core.progress import ReportProgress, StoppedError, progress_within, uninterrupted
from core.regressors.fold_cache import FoldCache
from core.services.training.comparison import compared_transforms
from core.services.training.train import limits

TUNED = "tuned"
# The rest of a time limit is for storing the models.
RACING_SHARE = 0.85


@dataclass(frozen=True)
class Finalist:
    """A trial that succeeded, under the label it is stored by, with the trial records behind it."""

    label: str
    trial: Trial
    trial_records: list[TrialRecord]


@dataclass(frozen=True)
class Compared:
    """The trials after their fits on the folds, and the finalists, fitted on all train rows; `cut` is what ended it."""

    trials: list[Trial]
    finalists: list[Finalist]
    cut: StoppedError | None = None


def run_comparison(
    fold_cache: FoldCache, command: CompareCommand, trials: list[Trial], begun: float, report_progress: ReportProgress
) -> Compared:
    """Return what the trials have shown on the folds, and the finalists.

    `begun` is when the comparison began, by `time.monotonic()`. Where `report_progress` stops it for good, the
    finalists are those that were fitted on all train rows by then; where there are none, the best on the folds, which
    is fitted now. Raises `StoppedError` where nothing ran on all folds, and one after which a worker begins anew.
    """
    compared = _run(fold_cache, command, trials, begun, report_progress)
    if compared.cut is not None and not compared.finalists:
        raise compared.cut
    if compared.cut is not None or fold_cache.data.all_rows is None:
        return compared
    until = inf if command.time_limit is None else begun + RACING_SHARE * command.time_limit
    report = progress_within(report_progress, 0.9, 0.9)
    return replace(compared, finalists=_best_on_all_rows(fold_cache, compared.finalists, until, report))


def _run(
    fold_cache: FoldCache, command: CompareCommand, trials: list[Trial], begun: float, report_progress: ReportProgress
) -> Compared:
    """Run the trials on the folds, tune the best ones, and fit them on all train rows."""
    budget = None
    if command.time_limit is not None:
        deadline = begun + RACING_SHARE * command.time_limit
        budget = TrialBudget(deadline, Forecast(len(fold_cache.data.columns)))
    # Of several target transforms only the best is fitted on all train rows, once it is known.
    is_single = len(compared_transforms(command)) == 1
    folds = fold_cache.fold_numbers if is_single else fold_cache.fold_numbers[:-1]
    is_last = is_single and not command.tune_hyperparameters
    report = progress_within(report_progress, 0, 0.9 if is_last else 0.4)
    trials, cut = _run_until_stopped(fold_cache, trials, folds, report, budget)
    finalists = _best_transforms(fold_cache, trials)
    if command.tune_hyperparameters and cut is None:
        report = progress_within(report_progress, 0.4, 0.8)
        tuned, cut = _tuned(fold_cache, finalists, command.tuning_seconds, report)
        finalists += tuned
    report = progress_within(report_progress, 0.9 if is_last else 0.8, 0.9)
    return _fitted(fold_cache, Compared(trials, finalists, cut), report)


def _fitted(fold_cache: FoldCache, compared: Compared, report_progress: ReportProgress) -> Compared:
    """Return the finalists fitted on all train rows; once the comparison is stopped, those that are, or the best."""
    trials, cut = [finalist.trial for finalist in compared.finalists], compared.cut
    fitted, folds = trials, fold_cache.fold_numbers
    if cut is None:
        fitted, cut = _run_until_stopped(fold_cache, trials, folds, report_progress)
    if cut is not None:
        fitted = [_ended_before(folds, trial) for trial in fitted]
        if trials and all(trial.failure for trial in fitted):
            best = max(range(len(trials)), key=lambda position: trials[position].mean)
            report = uninterrupted(report_progress)
            (fitted[best],), _ = _run_until_stopped(fold_cache, [trials[best]], folds, report)
    finalists = [replace(one, trial=trial) for one, trial in zip(compared.finalists, fitted, strict=True)]
    return replace(compared, finalists=finalists, cut=cut)


def _run_until_stopped(
    fold_cache: FoldCache,
    trials: Sequence[Trial],
    fold_numbers: Sequence[int],
    report_progress: ReportProgress,
    budget: TrialBudget | None = None,
) -> tuple[list[Trial], StoppedError | None]:
    """Return the trials after fits on these folds, and what has stopped them for good, if it was stopped.

    Those that have not been scored on all folds then have failed. Raises a `StoppedError` after which a worker begins
    anew.
    """
    ran, stop = _scheduler(fold_cache, trials, fold_numbers, report_progress, budget).run()
    if stop is None:
        return ran, None
    if not stop.is_final:
        raise stop
    return [_ended_before(fold_cache.fold_numbers[:-1], trial) for trial in ran], stop


def _scheduler(
    fold_cache: FoldCache,
    trials: Sequence[Trial],
    fold_numbers: Sequence[int],
    report_progress: ReportProgress,
    budget: TrialBudget | None = None,
) -> TrialScheduler:
    """Return a run of trials that measures what each costs to serve, first of a fold and in the end of all rows."""
    has_holdout = fold_cache.holdout_fold in fold_numbers
    return TrialScheduler(
        fold_cache,
        trials,
        fold_numbers,
        limits(),
        report_progress,
        budget,
        with_cost=not has_holdout,
        with_graph=has_holdout,
    )


def _ended_before(fold_numbers: Sequence[int], trial: Trial) -> Trial:
    """Return the trial, failed where the end of the comparison came before it had run on all of these folds."""
    if trial.failure or trial.ran_on(fold_numbers):
        return trial
    return trial.with_failure(TrainingFailedError(ENDED))


def _best_transforms(fold_cache: FoldCache, trials: Sequence[Trial]) -> list[Finalist]:
    """Return the best target transform of each regressor; the others are its trial records."""
    by_name: dict[str, list[Trial]] = {}
    for trial in trials:
        by_name.setdefault(trial.candidate.regressor.name, []).append(trial)
    finalists = []
    for name, group in by_name.items():
        best = max(group, key=lambda trial: trial.mean)
        if best.failure is None:
            trial_records = [record_trial(fold_cache, trial) for trial in group] if len(group) > 1 else []
            finalists.append(Finalist(name, best, trial_records))
    return finalists


def _tuned(
    fold_cache: FoldCache, finalists: list[Finalist], seconds: float, report_progress: ReportProgress
) -> tuple[list[Finalist], StoppedError | None]:
    """Return the finalists for whose regressors better parameters were found, each within its part of the time.

    With them what has stopped the search for good, if it was stopped.
    """
    found: list[Finalist] = []
    for done, finalist in enumerate(finalists):
        share = progress_within(report_progress, done / len(finalists), (done + 1) / len(finalists))
        start = finalist.trial
        beside = [one.trial for one in [*finalists, *found] if one is not finalist]
        try:
            best, trial_records = tune(
                fold_cache, start.candidate, limits(), share, seconds / len(finalists), start, beside
            )
        except StoppedError as stop:
            if not stop.is_final:
                raise
            return found, stop
        if best is not start:
            found.append(Finalist(f"{finalist.label}-{TUNED}", best, [*finalist.trial_records, *trial_records]))
    return found, None


def _best_on_all_rows(
    fold_cache: FoldCache, finalists: list[Finalist], until: float, report_progress: ReportProgress
) -> list[Finalist]:
    """Return the finalists, the best of which has learned from all rows of the table if it can in parts."""
    usable = [finalist for finalist in finalists if finalist.trial.failure is None]
    if not usable:
        return finalists
    best = max(usable, key=lambda finalist: finalist.trial.mean)
    learned = learn_in_parts(fold_cache, best.trial, report_progress, until)
    return [replace(one, trial=learned) if one is best else one for one in finalists]
