"""Publish a trained pipeline: compile it, verify the graph, compute the importance, and store the version."""

import hashlib
import json
import pickle
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Protocol

from core.array_types import RawColumns
from core.automl.adaptive_interval import SpreadBudget, with_spread
from core.automl.training import TrainedModel
from core.automl.verified_graph import VerifiedGraph, verify_graph
from core.catalogue import regressor
from core.compiler.compile import raw_columns_of_frame
from core.compiler.graph_builder import with_metadata
from core.errors import TrainingFailedError
from core.inference.column_meaning import feature_of
from core.inference.contributions.background import background_metadata, background_rows
from core.inference.lost_texts import TrainedFeature
from core.inference.model_card import ModelCard
from core.manifests import DatasetManifest, Feature
from core.model_manifest import ModelManifest, StoredFile, TrainedOn
from core.preprocessing.row_reader import with_row_reader
from core.regressors.effects import effects
from core.regressors.importance import permutation_importance
from core.regressors.splits import Split, evenly_spaced
from core.regressors.spread import DEFAULT_SECONDS
from core.settings import settings
from core.storage.artifacts import EVALUATION, GRAPH, PICKLE

# The rows of which the background is chosen, and the seconds that the effects of columns may take.
SAMPLED_ROWS = 1000
EFFECTS_SECONDS = 2.0
NOT_EXPLAINED = (
    "its predictions cannot be explained: the rows that they would be compared with do not fit into max_bytes"
)

LIBRARIES = ("scikit-learn", "onnxruntime", "onnx", "numpy", "pandas")


class ModelStore(Protocol):
    """Where models are published: the repository of a workspace, or memory."""

    def publish(self, draft: ModelManifest, files: Mapping[str, bytes], *, promote: bool = True) -> ModelManifest:
        """Store a model of these files as the next version of its name; return its manifest."""


@dataclass(frozen=True)
class Publication:
    """What the models of one training have in common: the store that gets them and what they were trained from.

    `test_size` is the share of the holdout, `earlier` are further files that they were trained on, and `like` is the
    model as whose columns all files were read. They serve from now on if `promote`.
    """

    store: ModelStore
    dataset: DatasetManifest
    test_size: float
    job_id: str | None = None
    earlier: Sequence[str] | None = None
    like: ModelManifest | None = None
    promote: bool = True


def publish_model(
    publication: Publication,
    name: str,
    data: Split,
    trained: TrainedModel,
    verified: VerifiedGraph | None = None,
    spread_budget: SpreadBudget | None = None,
    time_left: Callable[[], float] | None = None,
) -> ModelManifest:
    """Compile a pipeline, verify that the graph agrees with it, and publish both with everything known about them.

    What the job has published under this name before stays as it is. `verified` is the graph where it is loaded
    already; `spread_budget` is what its intervals may cost. The importance is computed on as many rows as half of
    `time_left` allows, in seconds, and the effects of as many columns as half of the rest does.

    Raises `TrainingFailedError` when graph and pipeline disagree or the graph is over its byte budget; then nothing is
    stored.
    """
    verified = verified or (trained.graph.loaded() if trained.graph else verify_graph(trained.pipeline, data))
    _check_size(verified.graph, trained.model_type)
    budget = spread_budget or SpreadBudget(DEFAULT_SECONDS, settings().model_max_bytes)
    plain, verified = verified, with_spread(verified, data, trained.out_of_fold, trained.holdout, budget)
    features = [_with_spellings(publication, feature) for feature in verified.features]
    read_as = [TrainedFeature.of(feature, data.columns) for feature in features]
    pipeline = with_row_reader(trained.pipeline, read_as)
    pickled = pickle.dumps(pipeline, protocol=pickle.HIGHEST_PROTOCOL)
    draft = _draft(publication, name, data, trained, replace(verified, features=features), pickled, time_left)
    sample, background = _background(data, verified)
    draft, graph = _graph_within(budget.max_bytes, draft, read_as, background, (verified, plain))
    places = {one.feature: place for place, one in enumerate(draft.importance)}
    important = sorted(features, key=lambda feature: places.get(feature.name, len(places)))
    seconds = EFFECTS_SECONDS if time_left is None else min(EFFECTS_SECONDS, time_left() / 2)
    explained = effects(verified.compiled.run, background, sample, important, seconds=seconds)
    stored = {"plots": trained.plots, "segments": trained.segments, "effects": explained}
    evaluation = json.dumps(stored).encode()
    draft = draft.model_copy(update={"graph": _stored_file(graph), "evaluation": _stored_file(evaluation)})
    files = {GRAPH: graph, PICKLE: pickled, EVALUATION: evaluation}
    return publication.store.publish(draft, files, promote=publication.promote)


def _graph_within(
    max_bytes: int,
    draft: ModelManifest,
    read_as: Sequence[TrainedFeature],
    background: RawColumns,
    graphs: tuple[VerifiedGraph, VerifiedGraph],
) -> tuple[ModelManifest, bytes]:
    """Return the manifest and the graph with its metadata, without what is too large for `max_bytes`.

    The background goes first, without which predictions are not explained; then the spread: the second of the `graphs`
    is the one without it.
    """
    verified, plain = graphs
    graph = with_metadata(
        verified.graph, {**ModelCard.of(draft, read_as).metadata(), **background_metadata(background)}
    )
    if len(graph) > max_bytes:
        draft = draft.model_copy(update={"notes": [*draft.notes, NOT_EXPLAINED]})
        graph = with_metadata(verified.graph, ModelCard.of(draft, read_as).metadata())
    if len(graph) > max_bytes and verified is not plain:
        draft = draft.model_copy(update={"spread_quantiles": plain.spread_quantiles})
        graph = with_metadata(plain.graph, ModelCard.of(draft, read_as).metadata())
    return draft, graph


def _background(data: Split, verified: VerifiedGraph) -> tuple[RawColumns, RawColumns]:
    """Return raw columns of train rows: a sample that is evenly spaced, and the background of it."""
    rows = data.train_x.iloc[evenly_spaced(len(data.train_x), SAMPLED_ROWS)]
    sample = raw_columns_of_frame(rows, verified.features)
    chosen = background_rows(verified.compiled.run(sample))
    return sample, {name: values[chosen] for name, values in sample.items()}


def _draft(
    publication: Publication,
    name: str,
    data: Split,
    trained: TrainedModel,
    verified: VerifiedGraph,
    pickled: bytes,
    time_left: Callable[[], float] | None,
) -> ModelManifest:
    """Return the manifest of a model without its version, with the permutation importance on the holdout."""
    dataset, earlier = publication.dataset, publication.earlier
    holdout = raw_columns_of_frame(data.test_x, verified.features)
    created = datetime.now(UTC)
    return ModelManifest(
        model_name=name,
        version=0,
        model_type=trained.model_type,
        created_at=created.isoformat(timespec="seconds"),
        created_us=created.microsecond,
        target_column=data.target,
        features=verified.features,
        target=_meaning(publication, data.target),
        divided_by=_meaning(publication, data.validation.column),
        metrics=trained.metrics,
        train_metrics=trained.train_metrics,
        baseline=trained.baseline,
        cross_validation=trained.cross_validation,
        interval_quantiles=trained.interval_quantiles,
        spread_quantiles=verified.spread_quantiles,
        importance=permutation_importance(
            verified.compiled.run, holdout, data.test_y, None if time_left is None else time_left() / 2
        ),
        target_transform=trained.target_transform,
        trials=trained.trial_records,
        members=trained.members,
        race=trained.search,
        parameters=trained.parameters,
        recipe=dataset.recipe.model_copy(update={"target_column": data.target}),
        test_size=publication.test_size,
        validation=data.validation,
        training_seconds=round(trained.seconds, 3),
        latency_us=verified.cost.latency_us,
        dataset=TrainedOn(
            file_id=dataset.file_id,
            filename=dataset.filename,
            sha256=dataset.sha256,
            rows_train=trained.rows_learned or len(data.train_y),
            rows_test=len(data.test_y),
            earlier=None if earlier is None else list(earlier),
            rows_read=data.rows_read,
            in_parts=trained.rows_learned is not None,
        ),
        notes=trained.notes,
        libraries={"python": platform.python_version()}
        | {library: version(library) for library in _libraries(trained)},
        graph=_stored_file(verified.graph),
        pickle=_stored_file(pickled),
        job_id=publication.job_id,
    )


def _libraries(trained: TrainedModel) -> list[str]:
    """Return the libraries that a model depends on: those of all models, and the packages of its own regressors."""
    model_types = [member.model_type for member in trained.members] or [trained.model_type]
    packages = {regressor(name).package for name in model_types}
    return [*LIBRARIES, *sorted(packages - {"sklearn"})]


def _with_spellings(publication: Publication, feature: Feature) -> Feature:
    """Return a feature with the missing values and answers of its file, or of the model before it."""
    before = publication.like
    known = next((one for one in before.features if one.name == feature.name), None) if before else None
    spellings = known or publication.dataset.reading
    if spellings is None:
        return feature
    return feature.model_copy(update={"missing": spellings.missing, "keep": spellings.keep})


def _meaning(publication: Publication, name: str | None) -> Feature | None:
    """Return how a column besides the features is read: as by the model before it, else as in its file."""
    before = publication.like
    known = {} if before is None else {one.name: one for one in (before.target, before.divided_by) if one is not None}
    if name is None or name in known:
        return known.get(name or "")
    dataset = publication.dataset
    return next((feature_of(column, dataset.reading) for column in dataset.columns if column.name == name), None)


def _check_size(graph: bytes, model_type: str) -> None:
    limit = settings().model_max_bytes
    if len(graph) > limit:
        raise TrainingFailedError(
            f"The compiled {model_type} has {len(graph) / (1 << 20):.1f} MiB and may have {limit / (1 << 20):g} "
            "(REGATTA_MODEL_MAX_BYTES). Choose fewer or shallower trees, or larger leaves."
        )


def _stored_file(body: bytes) -> StoredFile:
    return StoredFile(size_bytes=len(body), sha256=hashlib.sha256(body).hexdigest())
