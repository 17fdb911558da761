"""From a stored dataset to stored models: train one regressor, or all of them side by side."""

import hashlib
import pickle
import platform
import re
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import PurePath
from typing import Any

from core.errors import RegattaError, TargetError
from core.learning.catalogue import CATALOGUE, Regressor, regressor
from core.learning.pipeline import raw_frame
from core.learning.training import Limits, Split, Trained, check_target, features_of, split, train
from core.manifests import DatasetManifest, ModelManifest, StoredFile, TrainedOn, now
from core.opening import open_table
from core.scoring.compile import check_parity, compile_pipeline
from core.scoring.compiled import CompiledModel
from core.settings import settings
from core.storage.artifacts import GRAPH, PICKLE
from core.storage.models import check_name
from core.storage.sealing import StoredModel, seal
from core.storage.wiring import storage
from core.tables.table import Table

LIBRARIES = ("scikit-learn", "onnxruntime", "onnx", "numpy", "pandas")


@dataclass(frozen=True)
class TrainingOrder:
    """What to train. Without `target_column` it is the one that processing stored."""

    model_type: str
    target_column: str | None = None
    test_size: float = 0.2
    model_name: str | None = None
    params: dict[str, Any] | None = None


def train_model(
    workspace: str, file_id: str | None, order: TrainingOrder, *, sealed: bool = False
) -> tuple[ModelManifest, str | None]:
    """Train, compile, check and store one model; returns its manifest and, if `sealed`, its `model_data`.

    Raises what `split` and `train` raise, and `TrainingFailedError` when graph and pipeline disagree; then nothing is
    stored.
    """
    chosen = regressor(order.model_type)
    with open_table(workspace, file_id) as (manifest, table):
        target = _target(manifest, order.target_column)
        name = _model_name(order.model_name, manifest, chosen)
        data = _split(table, manifest, target, order.test_size)
    trained = train(data, chosen, manifest.recipe, order.params or {}, _limits())
    stored = _store(workspace, name, chosen, manifest, data, trained, order.test_size)
    return stored.manifest, seal(stored) if sealed else None


def compare_models(workspace: str, file_id: str | None, target_column: str | None, test_size: float) -> dict[str, Any]:
    """Train every regressor of the catalogue on the same split and folds.

    Returns `results` sorted by cross-validated R2 (the holdout reports, it never chooses), `best`, and `failed` with
    the reason of each that did not come out.
    """
    with open_table(workspace, file_id) as (manifest, table):
        data = _split(table, manifest, _target(manifest, target_column), test_size)
    results: list[ModelManifest] = []
    failed: list[dict[str, str]] = []
    for chosen in CATALOGUE.values():
        try:
            trained = train(data, chosen, manifest.recipe, {}, _limits())
            name = _model_name(None, manifest, chosen)
            results.append(_store(workspace, name, chosen, manifest, data, trained, test_size).manifest)
        except RegattaError as error:
            failed.append({"model_type": chosen.name, "error": error.detail})
    results.sort(key=lambda model: -model.cross_validation.mean)
    return {
        "results": [_result(model) for model in results],
        "best": _result(results[0]) if results else None,
        "failed": failed,
    }


def _split(table: Table, manifest: DatasetManifest, target: str, test_size: float) -> Split:
    """Only the columns that take part are ever loaded."""
    check_target(manifest.columns, target)
    features = features_of(manifest.columns, manifest.recipe, target)
    frame = raw_frame(table, [target, *(column.name for column in features)])
    return split(frame, manifest.columns, manifest.recipe, target, test_size)


def _result(model: ModelManifest) -> dict[str, Any]:
    return {**model.result(), "size_bytes": model.graph.size_bytes}


def _limits() -> Limits:
    return Limits(threads=settings().training_threads, model_bytes=settings().model_max_bytes)


def _target(manifest: DatasetManifest, wanted: str | None) -> str:
    target = wanted or manifest.recipe.target_column
    if target is None:
        raise TargetError(
            "No target column is set. Send target_column, or store one with POST /data/process.",
            [{"field": "target_column", "message": "is needed"}],
        )
    return target


def _model_name(wanted: str | None, manifest: DatasetManifest, chosen: Regressor) -> str:
    """The caller's name, or one made of the file and the regressor, such as `housing-ridge`."""
    if wanted is None:
        stem = re.sub(r"[^\w.\-]+", "_", PurePath(manifest.filename).stem).strip("._-") or "model"
        return f"{stem[:60]}-{chosen.name}"
    check_name(wanted, "model_name")
    return wanted


def _store(
    workspace: str,
    name: str,
    chosen: Regressor,
    manifest: DatasetManifest,
    data: Split,
    trained: Trained,
    test_size: float,
) -> StoredModel:
    """Compile the pipeline, prove that the graph agrees with it, and publish both."""
    graph, features = compile_pipeline(trained.pipeline, data.columns)
    check_parity(trained.pipeline, CompiledModel(graph, features), data.train_x)
    pickled = pickle.dumps(trained.pipeline, protocol=pickle.HIGHEST_PROTOCOL)
    draft = ModelManifest(
        model_name=name,
        version=0,
        model_type=chosen.name,
        created_at=now(),
        target_column=data.target,
        features=features,
        metrics=trained.metrics,
        cross_validation=trained.cross_validation,
        parameters=trained.parameters,
        recipe=manifest.recipe.model_copy(update={"target_column": data.target}),
        test_size=test_size,
        training_seconds=round(trained.seconds, 3),
        dataset=TrainedOn(
            file_id=manifest.file_id,
            filename=manifest.filename,
            sha256=manifest.sha256,
            rows_train=len(data.train_y),
            rows_test=len(data.test_y),
        ),
        notes=trained.notes,
        libraries={"python": platform.python_version()} | {library: version(library) for library in LIBRARIES},
        graph=_stored_file(graph),
        pickle=_stored_file(pickled),
    )
    return StoredModel(storage().models.publish(workspace, draft, {GRAPH: graph, PICKLE: pickled}), graph)


def _stored_file(body: bytes) -> StoredFile:
    return StoredFile(size_bytes=len(body), sha256=hashlib.sha256(body).hexdigest())
