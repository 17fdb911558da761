"""From a stored dataset to the best model that a time allows: the portfolio raced, the winner stored."""

import time
from dataclasses import dataclass
from typing import Any

from core.automl.ensemble_selection import BLEND, mixed
from core.automl.portfolio_search import PortfolioRace, race_portfolio
from core.automl.refit import Finish, finish
from core.automl.serving_cost import Bounds
from core.automl.training import Trained, judged, residuals
from core.manifests import DatasetManifest, Raced
from core.progress import ReportProgress, StoppedError, progress_within, stop_once
from core.regressors.candidates import regressor_parameters
from core.regressors.splits import Split
from core.services.training.leaderboard import (
    baseline_row,
    blend_row,
    entry_row,
    failures,
    in_order,
    member_of,
    model_row,
)
from core.services.training.publish import publish_model
from core.services.training.train import limits, model_name
from core.storage.workspace import Workspace

# A race that took longer than its time limit by more than this share says so.
TOLERATED = 0.15


@dataclass(frozen=True)
class TimeLimit:
    """How many seconds a race may take, and when it began, as `time.monotonic()` counts."""

    seconds: float
    begun: float

    @property
    def taken(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self.begun


def race_models(
    workspace: Workspace,
    dataset: DatasetManifest,
    data: Split,
    test_size: float,
    time_limit: TimeLimit,
    bounds: Bounds,
    report_progress: ReportProgress,
    job_id: str | None,
    *,
    name: str | None = None,
    promote: bool = True,
) -> dict[str, Any]:
    """Race the portfolio on a dataset's split within the time limit, storing included, and store the winner alone.

    It is called `name`, or after the file and what won, and serves from now on if `promote`.

    Returns what `core.services.training.compare.compare_models` returns, and `cut`; rows that were not stored have no
    `model_name` and no `metrics`. Where `report_progress` stops it for good, the best so far is the winner, and `cut`
    the reason; `StoppedError` where there is none. Raises what `publish_model` raises, and `InvalidInputError` where
    nothing is within the bounds.
    """
    report_progress = stop_once(report_progress)
    most = limits().model_bytes
    within = Bounds(min(bounds.max_bytes or most, most), bounds.max_latency_us)
    race = race_portfolio(
        data, limits(), within, time_limit.begun, time_limit.seconds, progress_within(report_progress, 0, 0.85)
    )
    done = finish(race, progress_within(report_progress, 0.85, 0.95))
    try:
        report_progress("storing", 0.95)
    except StoppedError as stop:
        race.cut_short(stop)
    trained = _judged(race, done, time_limit)
    name = model_name(name, dataset, done.choice.label)
    winner = publish_model(
        workspace, name, dataset, done.fold_cache.data, trained, test_size, job_id, done.proven, promote=promote
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
    rows = [best, baseline_row(trained.baseline), *_others(race, done)]
    return {
        "file_id": dataset.file_id,
        "validation": data.validation.model_dump(),
        "results": in_order(rows),
        "best": best,
        "failed": _failed(race),
        "warnings": warnings,
        "cut": race.cut and race.cut.reason,
    }


def _failed(race: PortfolioRace) -> list[dict[str, Any]]:
    """What did not come out, the blend among it."""
    blends = [{"model_type": BLEND, "error": race.blend_failure.detail}] if race.blend_failure else []
    return failures(race.entries) + blends


def _others(race: PortfolioRace, done: Finish) -> list[dict[str, Any]]:
    """What ran and was not stored: every entry but a single winner, and the blend if it lost."""
    won = done.choice.entries if done.choice.label != BLEND else []
    rows = [entry_row(race.fold_cache, entry) for entry in race.usable if entry not in won]
    if done.passed_over is not None:
        rows.append(blend_row(done.passed_over.cross_validation, done.passed_over.members))
    return rows


def _judged(race: PortfolioRace, done: Finish, time_limit: TimeLimit) -> Trained:
    """The winner as it is stored."""
    choice, fold_cache = done.choice, race.fold_cache
    parts = [part for part in range(len(fold_cache.data.folds)) if all(part in e.predicted for e in choice.entries)]
    weights = [weight for _, weight in choice.members]
    predicted = {part: mixed(choice.entries, weights, part) for part in parts}
    blended = choice.label == BLEND
    pairs = list(zip(choice.members, done.fitted, strict=True))
    single = done.fitted[0]
    return judged(
        done.fold_cache.data,
        choice.label,
        done.pipeline,
        done.holdout,
        residuals=residuals(fold_cache, predicted),
        scores=choice.cross_validation.scores,
        parameters={} if blended else regressor_parameters(single.estimator),
        target_transform="none" if blended else single.candidate.target_transform,
        seconds=sum(entry.seconds for entry in [*choice.entries, *done.fitted]),
        notes=_notes(race, done, time_limit.taken),
        members=[member_of(fold_cache, entry, weight, last) for (entry, weight), last in pairs] if blended else [],
        raced=Raced(
            rows_compared=len(fold_cache.data.train_y),
            rows_learned=len(done.fold_cache.data.train_y),
            folds=race.division,
            repeats=len(parts) // race.division - 1,
            member_bytes=race.limits.model_bytes,
            scores=[] if blended else choice.entries[0].scores(fold_cache),
            cut=race.cut and race.cut.reason,
            time_limit=time_limit.seconds,
            seconds=round(time_limit.taken, 3),
        ),
    )


def _notes(race: PortfolioRace, done: Finish, seconds: float) -> list[str]:
    """What was done, for the manifest and the answer."""
    rows, compared, learned = (len(data.train_y) for data in (race.data, race.fold_cache.data, done.fold_cache.data))
    ran = len(race.usable)
    divisions = len(done.choice.cross_validation.scores) // race.division
    times = f", divided {divisions} times" if divisions > 1 else ""
    notes = [*race.data.notes]
    notes.append(
        f"{ran} of the {len(race.entries)} configurations of the portfolio ran, on {race.division} folds{times}, "
        f"in {seconds:.1f} s"
    )
    if race.cut is not None:
        notes.append(f"the race was ended before its time ({race.cut.reason}): this is the best that it had by then")
    if compared < rows:
        notes.append(f"they were compared on {compared:,} of the {rows:,} rows to learn from, spread evenly")
    if learned < rows:
        notes.append(
            f"the winner learned from {learned:,} of the {rows:,} rows, spread evenly: time_limit left no more"
        )
    judges, holdout = len(done.fold_cache.data.test_y), len(race.data.test_y)
    if judges < holdout:
        notes.append(f"the holdout was judged by {judges:,} of its {holdout:,} rows, spread evenly")
    for entry in done.fitted:
        notes += [f"{entry.label}: {note}" for note in entry.notes]
    if done.choice.label == BLEND:
        notes.append("a blend is cross-validated with weights from the other folds")
    elif done.passed_over is not None:
        notes.append(
            f"the blend scored {done.passed_over.cross_validation.mean:.4f} on the folds and the best single model "
            f"{done.choice.cross_validation.mean:.4f}; it was not stored"
        )
    return notes
