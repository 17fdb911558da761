"""Compare every regressor on the same folds of a stored dataset, tuned and in an ensemble where asked for."""

import logging
import time
from collections.abc import Callable
from itertools import chain
from math import inf
from typing import Any

from core.automl.ensemble_selection import ENSEMBLE, final_weights, make_ensemble, nested_scores, weighted_prediction
from core.automl.portfolio_search import TimeLimit
from core.automl.serving_cost import ServingLimits
from core.automl.training import TrainedModel, evaluate_on_holdout, evaluate_trial
from core.automl.trial import Trial, trial_statuses
from core.context_threads import ContextThreadPool
from core.errors import RegattaError, UnavailableError
from core.jobs.commands import CompareCommand
from core.progress import ReportProgress, ignore_progress, uninterrupted
from core.regressors.fold_cache import FoldCache
from core.regressors.metrics import cross_validation
from core.regressors.splits import Split
from core.regressors.unseen_rows import OutOfFold
from core.services.quotas import counts_training
from core.services.training.comparison import make_trials, open_comparison
from core.services.training.finalists import TUNED, Compared, Finalist, run_comparison
from core.services.training.leaderboard import (
    Row,
    baseline_row,
    ended_early,
    failures,
    in_order,
    member_of,
    model_row,
)
from core.services.training.publish import Publication, publish_model
from core.services.training.search import search_models
from core.services.training.train import limits, model_name
from core.storage.workspace import Workspace

log = logging.getLogger("regatta")

# A label, and what it stands for: a trained model, or why it failed.
Outcome = tuple[str, TrainedModel | RegattaError]


@counts_training
def compare_models(
    workspace: Workspace,
    command: CompareCommand,
    report_progress: ReportProgress = ignore_progress,
    job_id: str | None = None,
) -> dict[str, Any]:
    """Train every regressor of the catalogue on the same split and folds, and store those that succeed.

    Returns `results` sorted by cross-validated R2, with a row of the baseline among them, `best`, `failed` with the
    reason of each failure, `validation` and `warnings`. The metrics of the holdout select nothing. A regressor that
    fails does not stop the others. A command with `ensemble` and a time limit is a portfolio search instead.

    Raises what `open_split` raises, `UnknownModelTypeError`, `InvalidInputError` for options that do not go together,
    and `UnavailableError`.
    """
    begun = time.monotonic()
    publication, data = open_comparison(workspace, command, job_id)
    return compare_on_split(publication, data, command, begun, report_progress)


def compare_on_split(
    publication: Publication,
    data: Split,
    command: CompareCommand,
    begun: float,
    report_progress: ReportProgress,
    known: Callable[[Trial], Trial] = lambda trial: trial,
) -> dict[str, Any]:
    """Compare regressors on a split of the publication's dataset, as `compare_models` does.

    `begun` is when the comparison began, by `time.monotonic()`. `known` returns a trial of a regressor with what its
    fits on the folds have shown before. Where `report_progress` stops it for good, it stores what has come through, and
    `cut` is the reason; raises `StoppedError` where that is nothing.
    """
    if command.ensemble and command.time_limit is not None:
        time_limit = TimeLimit(command.time_limit, begun)
        serving_limits = ServingLimits(command.max_bytes, command.max_latency_us)
        return search_models(publication, data, time_limit, serving_limits, report_progress)
    fold_cache = FoldCache(data)
    trials = list(map(known, make_trials(fold_cache, command)))
    compared = run_comparison(fold_cache, command, trials, begun, report_progress)
    report_progress = uninterrupted(report_progress)
    report_progress("storing", 0.9, None, trial_statuses(_last_trials(compared), ()))
    trained = [_evaluated(fold_cache, finalist) for finalist in compared.finalists]
    warnings = list(data.notes)
    if command.ensemble and compared.cut is None:
        ensemble, reasons = _make_ensemble(fold_cache, compared.finalists)
        trained, warnings = trained + ensemble, warnings + reasons
    if compared.cut is not None:
        warnings.append(ended_early(compared.cut))
    answer = _leaderboard(publication, fold_cache, trained, compared.trials, warnings, report_progress)
    return answer if compared.cut is None else {**answer, "cut": compared.cut.reason}


def _last_trials(compared: Compared) -> list[Trial]:
    """Return all trials of a comparison, each as far as it came."""
    fitted = [finalist.trial for finalist in compared.finalists]
    labels = {trial.label for trial in fitted}
    return fitted + [trial for trial in compared.trials if trial.label not in labels]


def _evaluated(fold_cache: FoldCache, finalist: Finalist) -> Outcome:
    """Return the label of a finalist, and the trained model or why it failed."""
    try:
        return finalist.label, evaluate_trial(fold_cache, finalist.trial, finalist.trial_records)
    except RegattaError as error:
        return finalist.label, error


def _make_ensemble(fold_cache: FoldCache, finalists: list[Finalist]) -> tuple[list[Outcome], list[str]]:
    """Return the ensemble of all finalists, if it beats the best of them on the folds; else a warning that says why."""
    usable = [finalist for finalist in finalists if finalist.trial.failure is None]
    if len(usable) < 2:
        return [], ["a blend needs at least two models that came through"]
    scores = cross_validation(nested_scores(fold_cache, [finalist.trial for finalist in usable]))
    best = max(finalist.trial.mean for finalist in usable)
    if scores.mean <= best:
        return [], [
            f"the blend scored {scores.mean:.4f} on the folds and the best single model {best:.4f}; it was not stored"
        ]
    weights = final_weights(fold_cache, [finalist.trial for finalist in usable])
    members = [(finalist, float(weight)) for finalist, weight in zip(usable, weights, strict=True) if weight > 0]
    trials, shares = [finalist.trial for finalist, _ in members], [weight for _, weight in members]
    predicted = {
        fold_number: weighted_prediction(trials, shares, fold_number) for fold_number in fold_cache.fold_numbers
    }
    try:
        trained = evaluate_on_holdout(
            fold_cache.data,
            ENSEMBLE,
            make_ensemble([(finalist.label, finalist.trial.fitted) for finalist, _ in members], shares),
            predicted[fold_cache.holdout_fold],
            out_of_fold=OutOfFold(fold_cache.data, predicted),
            scores=scores.scores,
            parameters={},
            target_transform="none",
            seconds=sum(trial.seconds for trial in trials),
            notes=[*fold_cache.data.notes, "a blend is cross-validated with weights from the other folds"],
            members=[member_of(finalist.trial, weight) for finalist, weight in members],
        )
    except RegattaError as error:
        return [(ENSEMBLE, error)], []
    return [(ENSEMBLE, trained)], []


def _mean_over_folds(labelled: Outcome) -> float:
    """Return the score by which a leaderboard is sorted; what failed is the last."""
    _, outcome = labelled
    return outcome.cross_validation.mean if isinstance(outcome, TrainedModel) else -inf


def _leaderboard(
    publication: Publication,
    fold_cache: FoldCache,
    trained: list[Outcome],
    trials: list[Trial],
    warnings: list[str],
    report_progress: ReportProgress,
) -> dict[str, Any]:
    """Store the finalists and return their leaderboard.

    The best is stored after all others: then it is the model that was trained last, which requests without a name mean.
    """

    def publish(labelled: Outcome) -> Row:
        label, outcome = labelled
        try:
            if isinstance(outcome, RegattaError):
                raise outcome
            name = model_name(None, publication.dataset, label)
            model = publish_model(publication, name, fold_cache.data, outcome)
            return model_row(model, tuned=label.endswith(f"-{TUNED}"))
        except UnavailableError:
            raise
        except RegattaError as error:
            return {"model_type": label, "error": error.detail}
        except Exception as error:
            log.error("%s could not be stored", label, exc_info=error)
            return {"model_type": label, "error": "It could not be stored for a fault of ours. It has been logged."}

    failed = failures(trials)
    rows: list[Row] = []
    best_first = sorted(trained, key=_mean_over_folds, reverse=True)
    with ContextThreadPool(limits().threads) as pool:
        stored = chain(pool.map(publish, best_first[:0:-1]), map(publish, best_first[:1]))
        for done, row in enumerate(stored, start=1):
            (failed if "error" in row else rows).append(row)
            report_progress("storing", 0.9 + 0.1 * done / len(trained))
    rows = in_order(reversed(rows))
    best = rows[0] if rows else None
    baseline = next((outcome.baseline for _, outcome in trained if isinstance(outcome, TrainedModel)), None)
    if baseline is not None:
        rows = in_order([*rows, baseline_row(baseline)])
    if best is not None and rows[0]["model_name"] is None:
        warnings.append("no model beats the mean of the target on the folds: there is nothing to go by in this table")
    return {
        "file_id": publication.dataset.file_id,
        "validation": fold_cache.data.validation.model_dump(),
        "results": rows,
        "best": best,
        "failed": failed,
        "warnings": warnings,
    }
