"""The job of an arrival: ingest it, check it, train a challenger, compare, and promote or not."""

import time
from contextlib import suppress

from core.automl.portfolio_search import TimeLimit
from core.automl.serving_cost import ServingLimits
from core.errors import ArrivalRefusedError, ConflictError, NoSuchFileError, RegattaError
from core.inference.column_meaning import feature_of
from core.jobs.commands import CompareCommand, RetrainCommand
from core.jobs.effort import is_in_batch
from core.manifests import DatasetManifest, Feature, Recipe
from core.progress import ReportProgress, progress_within
from core.regressors.candidates import Candidate
from core.services.quotas import counts_training
from core.services.retraining.champion_challenger import decide_next
from core.services.retraining.decision import ArrivalCase
from core.services.retraining.ingest_arrival import fetch
from core.services.retraining.series_meaning import (
    as_read,
    as_series_reads,
    read_columns,
    without_orders,
)
from core.services.series.arrivals import submit_waiting
from core.services.series.notify import notify
from core.services.training.comparison import included
from core.services.training.placement import rows_to_read
from core.services.training.publish import Publication
from core.services.training.refit_stored import forecast_retraining
from core.services.training.search import search_models
from core.services.training.train import open_split
from core.storage.series_repository import Series
from core.storage.workspace import Workspace
from core.types import Json

TEST_SIZE = 0.2


@counts_training
def retrain(workspace: Workspace, command: RetrainCommand, report_progress: ReportProgress, job_id: str | None) -> Json:
    """Decide about one arrival, once, however often it is tried; return the decision, which the series stores too.

    The old champion serves meanwhile, and afterwards unless a challenger is as good on fresh rows. Raises
    what calls for another try, and the reason why the file was refused.
    """
    case = ArrivalCase(workspace, command, report_progress, job_id or command.file_id)
    decision = case.decided()
    if decision is None:
        _note_place(case)
    while decision is None:
        try:
            decision = _decide(case)
        except RegattaError as error:
            if error.status >= 500 or isinstance(error, ConflictError):
                raise
            serves = workspace.models.serving(case.name, fresh=True)
            notify(workspace, case.end("refused", error.detail, champion=serves))
            raise
    notify(workspace, decision)
    if command.target_column is not None:
        submit_waiting(workspace, case.name)  # the series knows it by now
    return decision


def _note_place(case: ArrivalCase) -> None:
    """Note in the report why AWS Batch does the work; or that it does not, where it was to."""
    why = case.command.why_batch
    if is_in_batch():
        case.note(f"AWS Batch did this: {why}" if why else "AWS Batch did this")
    elif why or case.settings.training == "batch":
        case.note(
            "a worker of the queue did this, although the series or the size of the file asks for AWS Batch, which is "
            "not set up or was not when the file came"
        )


def _decide(case: ArrivalCase) -> Json | None:
    """Decide once; return None where another version began to serve meanwhile."""
    case.report_progress("reading", 0.0)
    before = case.workspace.models.serving(case.name, fresh=True)
    if before is not None and not case.series().owns_model:
        return _hold_back(case, before)
    reading, like = case.settings.reading, _meaning_so_far(case, before)
    if like:
        # A file that contradicts what the columns mean is stored all the same, and held.
        reading = without_orders(reading)
    case.dataset = fetch(case.workspace, case.command, reading, like, progress_within(case.report_progress, 0.0, 0.2))
    if case.dataset is None:
        reason = "the object was overwritten or deleted before it was read; what is there now has a job of its own"
        return case.end("superseded", reason, champion=before)
    case.report_progress("comparing", 0.2)
    target = _target(case, case.series())
    if target is None and before is not None:
        target = case.workspace.models.manifest(case.name, before).target_column
    if target is None:
        columns = ", ".join(column.name for column in case.dataset.columns)
        return case.end(
            "waiting",
            f"the file is registered, and nobody has said which of its columns is to be predicted. Say it with PUT "
            f'/series/{case.name} and {{"target_column": "..."}}, or put the next object with the metadata '
            f"target-column. Its columns are: {columns}",
        )
    if before is None:
        return _first(case, case.dataset, target)
    return decide_next(case, case.dataset, before, target)


def _hold_back(case: ArrivalCase, before: int) -> Json | None:
    """Hold a file that would change a model which somebody trained by hand, until they say that it may.

    Whoever may drop files names the series, and with it the model. So the name alone is no permission.
    """
    reason = (
        f"held back, and not learned from: version {before} of the model {case.name!r} was trained by hand, and nobody "
        f"has said that files of a series may change it. Say so with PUT /series/{case.name}, and the file is read; or "
        "put it into a series of another name."
    )
    return case.end("held", reason, champion=before, contradicted=True, takes_over=True)


def _meaning_so_far(case: ArrivalCase, before: int | None) -> list[Feature]:
    """Return how the series reads its columns: as its champion, or as the first file that has been read."""
    if before is not None:
        champion = case.workspace.models.manifest(case.name, before)
        return read_columns(as_series_reads(champion, case.settings.reading))
    for arrival in case.series().arrivals:
        if arrival.state == "waiting" and arrival.file_id != case.command.file_id:
            with suppress(NoSuchFileError):
                columns = case.workspace.datasets.manifest(arrival.file_id, fresh=True).columns
                return as_read(list(map(feature_of, columns)), case.settings.reading)
    return []


def _target(case: ArrivalCase, series: Series) -> str | None:
    """Return the target; store the one that an object names in a series that has none."""
    known, named = series.settings.target_column, case.command.target_column
    if known is not None and named not in (None, known):
        raise ArrivalRefusedError(
            f"The object says that {named!r} is to be predicted, and the series {case.name!r} predicts {known!r}. "
            "Put it into another series, or leave its metadata target-column out."
        )
    if known is None and named is not None:

        def remember(newest: Series) -> Series | None:
            if newest.settings.target_column is not None:
                return None
            settings = newest.settings.model_copy(update={"target_column": named})
            return newest.model_copy(update={"settings": settings})

        known = case.workspace.series.change(case.name, remember).settings.target_column
    return known


def _first(case: ArrivalCase, dataset: DatasetManifest, target: str) -> Json | None:
    """Decide about the first file: search the portfolio and let the best model serve."""
    models = case.workspace.models
    model = models.published_by(case.name, case.job_id)
    if model is None:
        chosen = case.series().settings
        recipe = Recipe(handle_missing=chosen.handle_missing, target_column=target)
        race = CompareCommand(file_id=dataset.file_id, ensemble=True, time_limit=chosen.time_limit)
        opened, data = open_split(
            case.workspace,
            dataset.file_id,
            target,
            TEST_SIZE,
            recipe,
            chosen.validation,
            lambda found: rows_to_read(race, found, [Candidate(one) for one in included(race)]),
        )
        cleaned = opened.model_copy(update={"recipe": recipe})
        search = search_models(
            Publication(case.workspace.models, cleaned, TEST_SIZE, case.job_id, promote=False),
            data,
            TimeLimit(chosen.time_limit, time.monotonic()),
            ServingLimits(),
            progress_within(case.report_progress, 0.2, 1.0),
            case.name,
        )
        model = models.manifest(case.name, search["best"]["version"])
        for warning in search["warnings"]:
            case.note(warning)
    case.forecast = forecast_retraining(model, dataset)
    case.found["learned"] = {"mode": "race", "files": [dataset.file_id], "rows": model.dataset.rows_train}
    baseline = model.baseline.metrics if model.baseline else None
    case.found["scores"] = {"rows": model.dataset.rows_test, "challenger": model.metrics, "mean": baseline}
    reason = (
        f"the first file: of the models that were raced, {model.model_type} was the best, with R2 "
        f"{model.cross_validation.mean:.3f} cross-validated and {model.metrics['r2']:.3f} on the holdout"
    )
    return case.end("accepted", reason, learned=True, version=model.version, champion=None, promoted=True)
