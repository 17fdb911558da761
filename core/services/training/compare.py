"""From a stored dataset to a leaderboard: every regressor on the same folds, tuned and blended where asked for."""

import logging
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from core.automl.ensemble_selection import BLEND, blend, final_weights, honest_scores, mixed
from core.automl.forecast import Forecast
from core.automl.scheduler import Clock, Entry, enter, run_race
from core.automl.serving_cost import Bounds
from core.automl.successive_halving import trial_of, tune
from core.automl.training import Trained, conclude, judged, residuals
from core.catalogue import DEFAULT_MODEL_TYPES, regressor
from core.errors import RegattaError, UnavailableError
from core.jobs.commands import CompareCommand
from core.manifests import DatasetManifest, TargetTransformName, Trial
from core.preprocessing.target_transforms import TARGET_TRANSFORMS
from core.progress import ReportProgress, ignore_progress, progress_within
from core.regressors.candidates import Candidate
from core.regressors.fold_cache import FoldCache
from core.regressors.metrics import cross_validation
from core.regressors.validation import requested_validation
from core.services.training.leaderboard import baseline_row, failures, in_order, member_of, model_row
from core.services.training.publish import publish_model
from core.services.training.search import TimeLimit, race_models
from core.services.training.train import limits, model_name, open_split
from core.storage.workspace import Workspace

log = logging.getLogger("regatta")

TUNED = "tuned"
# The rest of a time limit goes into storing what came out.
RACING_SHARE = 0.85


@dataclass(frozen=True)
class Finisher:
    """An entry that came through, under the name it is stored by, with what was tried for it."""

    label: str
    entry: Entry
    trials: list[Trial]


def compare_models(
    workspace: Workspace,
    command: CompareCommand,
    report_progress: ReportProgress = ignore_progress,
    job_id: str | None = None,
) -> dict[str, Any]:
    """Train every regressor of the catalogue on the same split and folds, and store what comes out.

    Returns `results` sorted by cross-validated R2 (the holdout reports, it never chooses) with a row of the baseline
    among them, `best`, `failed` with the reason of each that did not come out, `validation` and `warnings`. One that
    fails fails alone. A portfolio is raced as `search.race_models` says. Raises what `open_split` does,
    `UnknownModelTypeError`, `InvalidInputError` for options that do not go together, and `UnavailableError`.
    """
    command.check_options()
    names = dict.fromkeys([*DEFAULT_MODEL_TYPES, *command.include])
    chosen = [regressor(name, "include") for name in names]
    begun = time.monotonic()
    validation = requested_validation(command.validation, command.time_column, command.group_column)
    dataset, data = open_split(
        workspace, command.file_id, command.target_column, command.test_size, validation=validation
    )
    if command.ensemble and command.time_limit is not None:
        time_limit = TimeLimit(command.time_limit, begun)
        bounds = Bounds(command.max_bytes, command.max_latency_us)
        return race_models(workspace, dataset, data, command.test_size, time_limit, bounds, report_progress, job_id)
    fold_cache = FoldCache(data)
    kinds = TARGET_TRANSFORMS if command.target_transform == "auto" else (command.target_transform,)
    candidates = [Candidate(one, target_transform=kind) for one in chosen for kind in kinds]
    entries = [enter(fold_cache, candidate, limits(), _label(candidate, kinds)) for candidate in candidates]
    clock = None
    if command.time_limit is not None:
        clock = Clock(begun + RACING_SHARE * command.time_limit, Forecast(len(data.columns)))
    later = command.tune_hyperparameters or len(kinds) > 1
    parts = fold_cache.fold_numbers[:-1] if later else fold_cache.fold_numbers
    run_race(fold_cache, entries, parts, limits(), progress_within(report_progress, 0, 0.4 if later else 0.9), clock)
    finishers = _best_of_kinds(fold_cache, entries)
    if command.tune_hyperparameters:
        finishers += _tuned(fold_cache, finishers, command.tuning_seconds, progress_within(report_progress, 0.4, 0.8))
    if later:
        last = [finisher.entry for finisher in finishers]
        run_race(fold_cache, last, fold_cache.fold_numbers, limits(), progress_within(report_progress, 0.8, 0.9))
    report_progress("storing", 0.9)
    trained: list[tuple[str, Trained | RegattaError]] = [_concluded(fold_cache, finisher) for finisher in finishers]
    warnings = list(data.notes)
    if command.ensemble:
        trained += _blended(fold_cache, finishers, warnings)
    return _leaderboard(
        workspace, dataset, fold_cache, command.test_size, trained, entries, warnings, report_progress, job_id
    )


def _label(candidate: Candidate, kinds: Sequence[TargetTransformName]) -> str:
    return candidate.regressor.name if len(kinds) == 1 else f"{candidate.regressor.name}, {candidate.target_transform}"


def _best_of_kinds(fold_cache: FoldCache, entries: list[Entry]) -> list[Finisher]:
    """Of each regressor the target that scored best; the others are its trials."""
    by_name: dict[str, list[Entry]] = {}
    for entry in entries:
        by_name.setdefault(entry.candidate.regressor.name, []).append(entry)
    finishers = []
    for name, group in by_name.items():
        best = max(group, key=lambda entry: entry.mean(fold_cache))
        if best.failure is None:
            trials = [trial_of(fold_cache, entry) for entry in group] if len(group) > 1 else []
            finishers.append(Finisher(name, best, trials))
    return finishers


def _tuned(
    fold_cache: FoldCache, finishers: list[Finisher], seconds: float, report_progress: ReportProgress
) -> list[Finisher]:
    """The finishers for whose regressors better parameters were found, each within its part of the time."""
    found = []
    for done, finisher in enumerate(finishers):
        share = progress_within(report_progress, done / len(finishers), (done + 1) / len(finishers))
        start = finisher.entry
        best, trials = tune(fold_cache, start.candidate, limits(), share, seconds / len(finishers), start)
        if best is not start:
            found.append(Finisher(f"{finisher.label}-{TUNED}", best, [*finisher.trials, *trials]))
    return found


def _concluded(fold_cache: FoldCache, finisher: Finisher) -> tuple[str, Trained | RegattaError]:
    try:
        return finisher.label, conclude(fold_cache, finisher.entry, finisher.trials)
    except RegattaError as error:
        return finisher.label, error


def _blended(
    fold_cache: FoldCache, finishers: list[Finisher], warnings: list[str]
) -> list[tuple[str, Trained | RegattaError]]:
    """The blend of all finishers, where it beats the best of them on the folds."""
    usable = [finisher for finisher in finishers if finisher.entry.failure is None]
    if len(usable) < 2:
        warnings.append("a blend needs at least two models that came through")
        return []
    scores = cross_validation(honest_scores(fold_cache, [finisher.entry for finisher in usable]))
    best = max(finisher.entry.mean(fold_cache) for finisher in usable)
    if scores.mean <= best:
        warnings.append(
            f"the blend scored {scores.mean:.4f} on the folds and the best single model {best:.4f}; it was not stored"
        )
        return []
    weights = final_weights(fold_cache, [finisher.entry for finisher in usable])
    members = [(finisher, float(weight)) for finisher, weight in zip(usable, weights, strict=True) if weight > 0]
    entries, shares = [finisher.entry for finisher, _ in members], [weight for _, weight in members]
    predicted = {part: mixed(entries, shares, part) for part in fold_cache.fold_numbers}
    try:
        trained = judged(
            fold_cache.data,
            BLEND,
            blend([(finisher.label, finisher.entry.fitted) for finisher, _ in members], shares),
            predicted[fold_cache.holdout_fold],
            residuals=residuals(fold_cache, predicted),
            scores=scores.scores,
            parameters={},
            target_transform="none",
            seconds=sum(entry.seconds for entry in entries),
            notes=[*fold_cache.data.notes, "a blend is cross-validated with weights from the other folds"],
            members=[member_of(fold_cache, finisher.entry, weight) for finisher, weight in members],
        )
    except RegattaError as error:
        return [(BLEND, error)]
    return [(BLEND, trained)]


def _leaderboard(
    workspace: Workspace,
    dataset: DatasetManifest,
    fold_cache: FoldCache,
    test_size: float,
    trained: list[tuple[str, Trained | RegattaError]],
    entries: list[Entry],
    warnings: list[str],
    report_progress: ReportProgress,
    job_id: str | None,
) -> dict[str, Any]:
    """Store what came through, and put it into command."""

    def publish(one: tuple[str, Trained | RegattaError]) -> dict[str, Any]:
        label, outcome = one
        try:
            if isinstance(outcome, RegattaError):
                raise outcome
            name = model_name(None, dataset, label)
            model = publish_model(workspace, name, dataset, fold_cache.data, outcome, test_size, job_id)
            return model_row(model, tuned=label.endswith(f"-{TUNED}"))
        except UnavailableError:
            raise
        except RegattaError as error:
            return {"model_type": label, "error": error.detail}
        except Exception as error:
            log.error("%s could not be stored", label, exc_info=error)
            return {"model_type": label, "error": "It could not be stored for a fault of ours. It has been logged."}

    failed = failures(entries)
    rows: list[dict[str, Any]] = []
    with ThreadPoolExecutor(limits().threads) as pool:
        for done, row in enumerate(pool.map(publish, trained), start=1):
            (failed if "error" in row else rows).append(row)
            report_progress("storing", 0.9 + 0.1 * done / len(trained))
    rows = in_order(rows)
    best = rows[0] if rows else None
    baseline = next((outcome.baseline for _, outcome in trained if isinstance(outcome, Trained)), None)
    if baseline is not None:
        rows = in_order([*rows, baseline_row(baseline)])
    if best is not None and rows[0]["model_name"] is None:
        warnings.append("no model beats the mean of the target on the folds: there is nothing to go by in this table")
    return {
        "file_id": dataset.file_id,
        "validation": fold_cache.data.validation.model_dump(),
        "results": rows,
        "best": best,
        "failed": failed,
        "warnings": warnings,
    }
