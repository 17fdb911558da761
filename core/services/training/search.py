"""Search the portfolio for the best model of a stored dataset within a time, and store the winner."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from core.array_types import Floats
from core.automl.adaptive_interval import SpreadBudget
from core.automl.ensemble_selection import ENSEMBLE, weighted_prediction
from core.automl.portfolio_search import PortfolioSearch, TimeLimit, propose
from core.automl.race import Race
from core.automl.refit import Winner, refit_winner
from core.automl.serving_cost import ServingLimits
from core.automl.training import TrainedModel, evaluate_on_holdout
from core.automl.trial import trial_statuses
from core.automl.trial_names import trial_names
from core.model_manifest import SearchRecord
from core.progress import ReportProgress, StoppedError, progress_within, stop_once
from core.regressors.candidates import regressor_parameters
from core.regressors.splits import Split
from core.regressors.spread import TIME_SHARE
from core.regressors.unseen_rows import OutOfFold
from core.services.training.leaderboard import (
    Row,
    baseline_row,
    ended_early,
    ensemble_row,
    failures,
    in_order_of_race,
    member_of,
    trial_row,
    winner_row,
)
from core.services.training.publish import Publication, publish_model
from core.services.training.train import limits, model_name

# A search that exceeds its time limit by more than this share gets a note.
TOLERATED = 0.15
# At most this share of the time that is left once the winner stands is kept to write it.
MOST_WRITING_SHARE = 0.5


def search_models(
    publication: Publication,
    data: Split,
    time_limit: TimeLimit,
    serving_limits: ServingLimits,
    report_progress: ReportProgress,
    name: str | None = None,
) -> dict[str, Any]:
    """Search the portfolio on a dataset's split within the time limit, storing included, and store the winner alone.

    It gets `name`, or a name of the file and the winner's type.

    Returns what `core.services.training.compare.compare_models` returns, and `cut`; rows that were not stored have no
    `model_name` and no `metrics`. Where `report_progress` stops it for good, the best so far is the winner, and `cut`
    the reason; `StoppedError` where there is none. Raises what `publish_model` raises, and `InvalidInputError` where
    no model is within the limits.
    """
    report_progress = stop_once(report_progress)
    proposed = propose(data, limits(), allowed(serving_limits), time_limit)
    search = Race(proposed, progress_within(report_progress, 0, 0.85)).run()
    return finish_search(publication, search, time_limit, report_progress, name)


def allowed(serving_limits: ServingLimits) -> ServingLimits:
    """Return the limits of the caller within those of the settings."""
    most = limits().model_bytes
    return ServingLimits(min(serving_limits.max_bytes or most, most), serving_limits.max_latency_us)


def finish_search(
    publication: Publication,
    search: PortfolioSearch,
    time_limit: TimeLimit,
    report_progress: ReportProgress,
    name: str | None = None,
) -> dict[str, Any]:
    """Select the winner of a search whose trials have run, refit and store it; return what `search_models` returns."""
    try:
        # Fits that were abandoned run no more.
        report_progress("training", 0.85, None, trial_statuses(search.trials, ()))
    except StoppedError as stop:
        search = search.cut_short(stop)
    winner = refit_winner(search, progress_within(report_progress, 0.85, 0.95))
    try:
        report_progress("storing", 0.95, None, trial_statuses(winner.search.trials, ()))
    except StoppedError as stop:
        winner = replace(winner, search=winner.search.cut_short(stop))
    name = model_name(name, publication.dataset, winner.model.selection.label)
    writing = search.finishing.writing_seconds(len(winner.verified.graph))

    def time_left() -> float:
        """Return the seconds for what comes before the model is written."""
        left = winner.search.time_left()
        return left - min(writing, MOST_WRITING_SHARE * left)

    stand_in = winner.search.of_stand_in(time_left() - search.finishing.expected_spread_seconds)
    trained = _trained_model(winner, time_limit, stand_in)
    spread_budget = SpreadBudget(
        min(TIME_SHARE * time_limit.seconds, time_left()), search.serving_limits.max_bytes or limits().model_bytes
    )
    stored = publish_model(publication, name, winner.model.data, trained, winner.verified, spread_budget, time_left)
    best = winner_row(stored, winner.model.selection.members)
    return {
        "file_id": publication.dataset.file_id,
        "validation": search.data.validation.model_dump(),
        "results": in_order_of_race([best, *_other_rows(winner)], baseline_row(trained.baseline)),
        "best": best,
        "failed": _failed(winner.search),
        "warnings": [*trained.notes, *_warnings(best, trained, time_limit)],
        "cut": winner.search.cut and winner.search.cut.reason,
    }


def _warnings(best: Row, trained: TrainedModel, time_limit: TimeLimit) -> list[str]:
    """Return warnings of a winner that is no better than the mean and of a time limit that was exceeded.

    Where one row is far from all others, the mean of the train rows is off by more than any model: R2 below 0 says that
    the mean of the test rows would be better.
    """
    warnings = []
    if best["cross_validation"]["mean"] < max(0.0, trained.baseline.cross_validation.mean):
        warnings.append("no model beats the mean of the target on the folds: there is nothing to go by in this table")
    if time_limit.taken > (1 + TOLERATED) * time_limit.seconds:
        warnings.append(
            f"time_limit {time_limit.seconds:g} was too short for this table: it took {time_limit.taken:.1f} s. "
            "Allow more time for a better one"
        )
    return warnings


def _failed(search: PortfolioSearch) -> list[Row]:
    """Return the failures, that of the ensemble among them."""
    blends = [{"model_type": ENSEMBLE, "error": search.ensemble_failure.detail}] if search.ensemble_failure else []
    return failures(search.trials) + blends


def _other_rows(winner: Winner) -> list[Row]:
    """Return the rows that were not stored: every trial but a single winner, and the ensemble if it lost."""
    selection, rejected = winner.model.selection, winner.model.rejected_ensemble
    won = [] if selection.label == ENSEMBLE else [trial.label for trial in selection.trials]
    rows = [trial_row(trial) for trial in winner.search.compared if trial.label not in won]
    return rows if rejected is None else [*rows, ensemble_row(rejected.cross_validation, rejected.members)]


def _trained_model(winner: Winner, time_limit: TimeLimit, stand_in: Mapping[int, Floats]) -> TrainedModel:
    """Return the winner as a trained model, ready to publish; `stand_in` is as for `OutOfFold`."""
    search, model, selection = winner.search, winner.model, winner.model.selection
    compared = search.fold_cache
    folds = range(len(selection.trials[0].predicted))
    predicted = {number: weighted_prediction(selection.trials, selection.weights, number) for number in folds}
    is_ensemble = selection.label == ENSEMBLE
    members = zip(selection.trials, selection.weights, model.fitted, strict=True)
    single = model.fitted[0]
    return evaluate_on_holdout(
        model.data,
        selection.label,
        model.pipeline,
        winner.holdout,
        out_of_fold=OutOfFold(compared.data, predicted, stand_in),
        scores=selection.cross_validation.scores,
        parameters={} if is_ensemble else regressor_parameters(single.estimator),
        target_transform="none" if is_ensemble else single.candidate.target_transform,
        seconds=sum(trial.seconds for trial in [*selection.trials, *model.fitted]),
        predict=winner.verified.predict,
        rows_learned=None if is_ensemble else single.rows_learned,
        notes=_notes(winner, time_limit.taken),
        members=[member_of(trial, weight, fitted) for trial, weight, fitted in members] if is_ensemble else [],
        search=SearchRecord(
            rows_compared=len(compared.data.train_y),
            rows_learned=len(model.data.train_y),
            folds=min(search.division, len(folds)),
            repeats=max(1, len(folds) // search.division) - 1,
            learned_fold=model.fold,
            member_bytes=search.limits.model_bytes,
            scores=[] if is_ensemble else selection.trials[0].scores,
            cut=search.cut and search.cut.reason,
            time_limit=time_limit.seconds,
            seconds=round(time_limit.taken, 3),
        ),
    )


def _notes(winner: Winner, seconds: float) -> list[str]:
    """Return the notes for the manifest and the answer."""
    search, model = winner.search, winner.model
    selection, rejected = model.selection, model.rejected_ensemble
    rows, compared, refitted = (len(data.train_y) for data in (search.data, search.fold_cache.data, model.data))
    folds = len(selection.trials[0].predicted)
    times = f", divided {folds // search.division} times" if folds > search.division else ""
    notes = [*search.data.notes]
    notes.append(
        f"{len(search.usable)} of the {len(search.trials)} configurations of the portfolio ran, on "
        f"{'1 fold' if folds == 1 else f'{min(folds, search.division)} folds'}{times}, in {seconds:.1f} s"
    )
    if search.dropped:
        notes.append(f"{len(search.dropped)} of them were far behind and ran on fewer folds")
    if search.cut is not None:
        notes.append(ended_early(search.cut))
    if compared < rows:
        notes.append(f"they were compared on {compared:,} of the {rows:,} rows to learn from, spread evenly")
    if model.fold is not None:
        notes.append(
            f"the winner learned from the {refitted:,} of the {rows:,} rows that one fold trains on: time_limit left "
            "no time to fit it again"
        )
    elif refitted < rows:
        notes.append(
            f"the winner learned from {refitted:,} of the {rows:,} rows, spread evenly: time_limit left no more"
        )
    tested, holdout = len(model.data.test_y), len(search.data.test_y)
    if tested < holdout:
        notes.append(f"the holdout was judged by {tested:,} of its {holdout:,} rows, spread evenly")
    labels, names = [one.label for one in search.trials], trial_names([one.candidate for one in search.trials])
    named = dict(zip(labels, names, strict=True))
    notes += [f"{named[trial.label]}: {note}" for trial in model.fitted for note in trial.notes]
    if selection.label == ENSEMBLE:
        others = "the other half of its rows" if folds == 1 else "the other folds"
        notes.append(f"a blend is cross-validated with weights from {others}")
    elif rejected is not None:
        notes.append(
            f"the blend scored {rejected.cross_validation.mean:.4f} on the folds and the best single "
            f"model {selection.cross_validation.mean:.4f}; it was not stored"
        )
    return notes
