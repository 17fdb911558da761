"""Search the portfolio for the best model of a stored dataset within a time, and store the winner."""

import time
from dataclasses import dataclass
from typing import Any

from core.automl.ensemble_selection import ENSEMBLE, weighted_prediction
from core.automl.portfolio_search import PortfolioSearch, search_portfolio
from core.automl.refit import RefitResult, refit_winner
from core.automl.serving_cost import ServingLimits
from core.automl.training import TrainedModel, evaluate_on_holdout, residuals
from core.manifests import DatasetManifest, SearchRecord
from core.progress import ReportProgress, StoppedError, progress_within, stop_once
from core.regressors.candidates import regressor_parameters
from core.regressors.splits import Split
from core.services.training.leaderboard import (
    baseline_row,
    ensemble_row,
    failures,
    in_order,
    member_of,
    model_row,
    trial_row,
)
from core.services.training.publish import publish_model
from core.services.training.train import limits, model_name
from core.storage.workspace import Workspace

# A search that exceeds its time limit by more than this share gets a note.
TOLERATED = 0.15


@dataclass(frozen=True)
class SearchTime:
    """How many seconds a search may take, and when it began, by `time.monotonic()`."""

    seconds: float
    begun: float

    @property
    def taken(self) -> float:
        """Return the seconds since it began."""
        return time.monotonic() - self.begun


def search_models(
    workspace: Workspace,
    dataset: DatasetManifest,
    data: Split,
    test_size: float,
    time_limit: SearchTime,
    bounds: ServingLimits,
    report_progress: ReportProgress,
    job_id: str | None,
    *,
    name: str | None = None,
    promote: bool = True,
) -> dict[str, Any]:
    """Search the portfolio on a dataset's split within the time limit, storing included, and store the winner alone.

    It gets `name`, or a name of the file and the winner's type, and serves from now on if `promote`.

    Returns what `core.services.training.compare.compare_models` returns, and `cut`; rows that were not stored have no
    `model_name` and no `metrics`. Where `report_progress` stops it for good, the best so far is the winner, and `cut`
    the reason; `StoppedError` where there is none. Raises what `publish_model` raises, and `InvalidInputError` where
    no model is within the limits.
    """
    report_progress = stop_once(report_progress)
    most = limits().model_bytes
    within = ServingLimits(min(bounds.max_bytes or most, most), bounds.max_latency_us)
    search = search_portfolio(
        data, limits(), within, time_limit.begun, time_limit.seconds, progress_within(report_progress, 0, 0.85)
    )
    done = refit_winner(search, progress_within(report_progress, 0.85, 0.95))
    try:
        report_progress("storing", 0.95)
    except StoppedError as stop:
        search.cut_short(stop)
    trained = _judged(search, done, time_limit)
    name = model_name(name, dataset, done.selection.label)
    winner = publish_model(
        workspace, name, dataset, done.fold_cache.data, trained, test_size, job_id, done.verified, promote=promote
    )
    best = model_row(winner)
    warnings = list(trained.notes)
    if best["cross_validation"]["mean"] < trained.baseline.cross_validation.mean:
        warnings.append("no model beats the mean of the target on the folds: there is nothing to go by in this table")
    if time_limit.taken > (1 + TOLERATED) * time_limit.seconds:
        warnings.append(
            f"time_limit {time_limit.seconds:g} was too short for this table: it took {time_limit.taken:.1f} s. "
            "Allow more time for a better one"
        )
    rows = [best, baseline_row(trained.baseline), *_others(search, done)]
    return {
        "file_id": dataset.file_id,
        "validation": data.validation.model_dump(),
        "results": in_order(rows),
        "best": best,
        "failed": _failed(search),
        "warnings": warnings,
        "cut": search.cut and search.cut.reason,
    }


def _failed(search: PortfolioSearch) -> list[dict[str, Any]]:
    """Return the failures, that of the ensemble among them."""
    blends = [{"model_type": ENSEMBLE, "error": search.ensemble_failure.detail}] if search.ensemble_failure else []
    return failures(search.trials) + blends


def _others(search: PortfolioSearch, done: RefitResult) -> list[dict[str, Any]]:
    """Return the rows that were not stored: every trial but a single winner, and the ensemble if it lost."""
    won = done.selection.trials if done.selection.label != ENSEMBLE else []
    rows = [trial_row(search.fold_cache, trial) for trial in search.usable if trial not in won]
    if done.rejected_ensemble is not None:
        rows.append(ensemble_row(done.rejected_ensemble.cross_validation, done.rejected_ensemble.members))
    return rows


def _judged(search: PortfolioSearch, done: RefitResult, time_limit: SearchTime) -> TrainedModel:
    """Return the winner as a trained model, ready to publish."""
    selection, fold_cache = done.selection, search.fold_cache
    fold_numbers = [
        fold_number
        for fold_number in range(len(fold_cache.data.folds))
        if all(fold_number in e.predicted for e in selection.trials)
    ]
    weights = [weight for _, weight in selection.members]
    predicted = {
        fold_number: weighted_prediction(selection.trials, weights, fold_number) for fold_number in fold_numbers
    }
    blended = selection.label == ENSEMBLE
    pairs = list(zip(selection.members, done.fitted, strict=True))
    single = done.fitted[0]
    return evaluate_on_holdout(
        done.fold_cache.data,
        selection.label,
        done.pipeline,
        done.holdout,
        residuals=residuals(fold_cache, predicted),
        scores=selection.cross_validation.scores,
        parameters={} if blended else regressor_parameters(single.estimator),
        target_transform="none" if blended else single.candidate.target_transform,
        seconds=sum(trial.seconds for trial in [*selection.trials, *done.fitted]),
        notes=_notes(search, done, time_limit.taken),
        members=[member_of(fold_cache, trial, weight, last) for (trial, weight), last in pairs] if blended else [],
        search=SearchRecord(
            rows_compared=len(fold_cache.data.train_y),
            rows_learned=len(done.fold_cache.data.train_y),
            folds=search.division,
            repeats=len(fold_numbers) // search.division - 1,
            member_bytes=search.limits.model_bytes,
            scores=[] if blended else selection.trials[0].scores(fold_cache),
            cut=search.cut and search.cut.reason,
            time_limit=time_limit.seconds,
            seconds=round(time_limit.taken, 3),
        ),
    )


def _notes(search: PortfolioSearch, done: RefitResult, seconds: float) -> list[str]:
    """Return the notes for the manifest and the answer."""
    rows, compared, learned = (
        len(data.train_y) for data in (search.data, search.fold_cache.data, done.fold_cache.data)
    )
    ran = len(search.usable)
    divisions = len(done.selection.cross_validation.scores) // search.division
    times = f", divided {divisions} times" if divisions > 1 else ""
    notes = [*search.data.notes]
    notes.append(
        f"{ran} of the {len(search.trials)} configurations of the portfolio ran, on {search.division} folds{times}, "
        f"in {seconds:.1f} s"
    )
    if search.cut is not None:
        notes.append(f"the race was ended before its time ({search.cut.reason}): this is the best that it had by then")
    if compared < rows:
        notes.append(f"they were compared on {compared:,} of the {rows:,} rows to learn from, spread evenly")
    if learned < rows:
        notes.append(
            f"the winner learned from {learned:,} of the {rows:,} rows, spread evenly: time_limit left no more"
        )
    judges, holdout = len(done.fold_cache.data.test_y), len(search.data.test_y)
    if judges < holdout:
        notes.append(f"the holdout was judged by {judges:,} of its {holdout:,} rows, spread evenly")
    for trial in done.fitted:
        notes += [f"{trial.label}: {note}" for note in trial.notes]
    if done.selection.label == ENSEMBLE:
        notes.append("a blend is cross-validated with weights from the other folds")
    elif done.rejected_ensemble is not None:
        notes.append(
            f"the blend scored {done.rejected_ensemble.cross_validation.mean:.4f} on the folds and the best single "
            f"model {done.selection.cross_validation.mean:.4f}; it was not stored"
        )
    return notes
