"""A comparison or a portfolio search as tasks: each fits one trial on its folds, and the end of it is one machine's.

The folds are prepared once and stored as arrays. A trial is fitted by the scheduler of every race, and the end is that
of `core.services.training.compare` and `core.services.training.search`, with trials that have run before: same seed,
same folds and one thread for each fit, so the result is that of one machine.
"""

import time
from collections.abc import Mapping
from math import inf
from typing import Any

from core.automl.portfolio_search import (
    FINISHING_SHARE,
    FITTING_SHARE,
    MARGIN,
    PortfolioSearch,
    TimeLimit,
    begin_search,
    member_limits,
    propose,
)
from core.automl.race import Race
from core.automl.scheduler import TrialScheduler
from core.automl.screening import subsample_split, with_finer_folds
from core.automl.serving_cost import ServingLimits
from core.automl.trial import OUT_OF_TIME, Trial, make_trial
from core.automl.trial_output import trial_output, with_output
from core.errors import TrainingFailedError
from core.jobs.commands import CompareCommand
from core.progress import ReportProgress, StoppedError, progress_within, stop_once
from core.regressors.candidates import Candidate
from core.regressors.fold_cache import FoldCache
from core.regressors.limits import TrainingLimits
from core.regressors.splits import Split
from core.services.quotas import counts_training
from core.services.training.compare import compare_on_split
from core.services.training.comparison import included, make_trials, open_comparison
from core.services.training.placement import rows_to_read
from core.services.training.race_plan import PlannedTrial, RaceFiles, RacePlan
from core.services.training.search import allowed, finish_search
from core.services.training.train import limits
from core.storage.workspace import Workspace
from core.types import Json

# The share of a time limit in which trials run; the rest is for selection, refit and storing.
TRIALS_SHARE = 1 - MARGIN - FITTING_SHARE - FINISHING_SHARE


@counts_training
def plan_race(workspace: Workspace, command: CompareCommand, files: RaceFiles, report_progress: ReportProgress) -> Json:
    """Prepare the folds of a race, store them, and return its `RacePlan` as JSON.

    Raises what `core.services.training.compare.compare_models` raises about the command, the file and its rows.
    """
    begun = time.time()
    publication, data = open_comparison(workspace, command, None)
    fold_cache, trials, rows = FoldCache(data, kept=False), [], None
    if command.searches_portfolio:
        proposed = propose(data, limits(), _allowed(command), _time_limit(command, time.monotonic()))
        compared, trials = proposed.fold_cache.data, list(proposed.trials)
        fold_cache, rows = FoldCache(compared, kept=False), len(compared.train_y)
        trials.sort(key=lambda trial: -trial.prior / proposed.forecast.seconds(trial.candidate, rows or 0))
    else:
        trials = sorted(make_trials(fold_cache, command), key=lambda trial: -trial.expected_seconds)
    folds = [
        (number, codes)
        for codes in sorted({trial.candidate.takes_codes for trial in trials})
        for number in fold_cache.fold_numbers[:-1]
    ]
    for done, (number, codes) in enumerate(folds):
        report_progress("preparing", done / len(folds))
        files.store_fold(fold_cache, number, codes=codes)
    read = rows_to_read(command, publication.dataset, [Candidate(one) for one in included(command)])
    return RacePlan(
        begun=begun,
        recipe=publication.dataset.recipe,
        rows_read=read.rows,
        trials=[PlannedTrial.of(trial) for trial in trials],
        rows=rows,
    ).model_dump()


@counts_training
def run_trial(
    workspace: Workspace,
    command: CompareCommand,
    files: RaceFiles,
    facts: Json,
    number: int,
    report_progress: ReportProgress,
) -> Json:
    """Fit the trial of one task on its folds, store what it predicted, and return the other facts about it.

    A fit that has not ended in time is abandoned; the trial has the folds that have. Raises `StoppedError`.
    """
    plan = RacePlan.model_validate(facts)
    planned = plan.trials[number]
    until = inf if command.time_limit is None else plan.monotonic(TRIALS_SHARE, command.time_limit)
    if time.monotonic() > until:
        trial = Trial(planned.candidate, planned.label, 0.0).with_failure(TrainingFailedError(OUT_OF_TIME))
    else:
        _, data = open_comparison(workspace, command, None, plan.recipe, plan.rows_read)
        fold_cache = FoldCache(_compared(data, plan), kept=False, load=files.load_fold)
        within = _trial_limits(command)
        trial = make_trial(fold_cache, planned.candidate, within, planned.label)
        folds = fold_cache.fold_numbers[:-1]
        scheduler = TrialScheduler(
            fold_cache, [trial], folds, within, report_progress, None, until=until, with_cost=True
        )
        (trial,), stop = scheduler.run()
        if stop is not None:
            raise stop
    shown, predicted = trial_output(trial)
    files.store_predictions(number, predicted)
    return shown


@counts_training
def finish_race(
    workspace: Workspace,
    command: CompareCommand,
    files: RaceFiles,
    facts: Json,
    outputs: Mapping[int, Json],
    report_progress: ReportProgress,
    job_id: str,
) -> dict[str, Any]:
    """Select, refit and store as on one machine, given what the tasks returned; return what `compare_models` does.

    A portfolio search that `report_progress` stops for good ends with the best of the trials that there are.
    """
    plan = RacePlan.model_validate(facts)
    publication, data = open_comparison(workspace, command, job_id, plan.recipe, plan.rows_read)
    shown = {facts["label"]: (number, facts) for number, facts in outputs.items()}

    def known(trial: Trial) -> Trial:
        if trial.label not in shown:
            return trial
        number, facts = shown[trial.label]
        ran = with_output(trial, facts, files.predictions(number))
        # Where two workers had the trial, one may have predicted more folds in time than the other.
        return ran.without_folds(ran.fold_scores.keys() - ran.predicted.keys())

    if not command.searches_portfolio:
        return compare_on_split(publication, data, command, plan.monotonic(0, 0), report_progress, known)
    report_progress = stop_once(report_progress)
    time_limit = _time_limit(command, plan.monotonic(0, 0))
    search = begin_search(data, limits(), _allowed(command), time_limit, plan.rows)
    trials = [make_trial(search.fold_cache, one.candidate, search.limits, one.label) for one in plan.trials]
    ran = search.with_trials([known(trial) for trial in trials])
    try:
        report_progress("training", 0.85)
    except StoppedError as stop:
        return finish_search(publication, _learned(ran).cut_short(stop), time_limit, report_progress)
    if ran.usable:
        ran = _learned(ran).without_unfinished(OUT_OF_TIME)
    else:
        # As on one machine: what is fastest runs, whatever the time.
        ran = Race(search.with_trials(trials), progress_within(report_progress, 0, 0.85)).run()
    return finish_search(publication, ran, time_limit, report_progress)


def _learned(search: PortfolioSearch) -> PortfolioSearch:
    """Return the search, its forecast corrected by the fits of its trials."""
    for trial in search.usable:
        search.forecast.learn(trial.candidate, search.rows, trial.seconds / len(trial.predicted))
    return search


def _compared(data: Split, plan: RacePlan) -> Split:
    """Return the split that trials are compared on."""
    return data if plan.rows is None else with_finer_folds(subsample_split(data, plan.rows))[0]


def _trial_limits(command: CompareCommand) -> TrainingLimits:
    if not command.searches_portfolio:
        return limits()
    assert command.time_limit is not None
    return member_limits(limits(), _allowed(command), command.time_limit)


def _allowed(command: CompareCommand) -> ServingLimits:
    return allowed(ServingLimits(command.max_bytes, command.max_latency_us))


def _time_limit(command: CompareCommand, begun: float) -> TimeLimit:
    assert command.time_limit is not None
    return TimeLimit(command.time_limit, begun)
