"""Models in this process, ready to predict: stored ones by name or model type, or one that a caller sends. Light."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache, cached_property
from typing import Any

from core.errors import InvalidInputError
from core.inference.input_warnings import shortened
from core.inference.session import CompiledModel
from core.model_manifest import ModelManifest, VersionId
from core.settings import settings
from core.storage.cache import Counters, MemoryCache
from core.storage.signed_models import StoredModel, decode_model
from core.storage.signing import load_ahead
from core.storage.workspace import Workspace
from core.telemetry.facts import note

# A loaded tree ensemble takes about this many times the bytes of its graph (onnxruntime 1.32, 2 million nodes).
MEMORY_PER_BYTE = 12
MODELS_KEPT = 256

# The fields of a manifest that a caller's model_info may name; they have to agree.
INFO_FIELDS = ("model_name", "version", "model_type", "target_column")


@dataclass(frozen=True)
class LoadedModel:
    """A model in memory, ready to predict."""

    manifest: ModelManifest
    compiled: CompiledModel

    @cached_property
    def trained_at(self) -> float:
        """Return when the version was trained, in seconds since 1970."""
        return datetime.fromisoformat(self.manifest.created_at).timestamp()


@cache
def _models(counters: Counters) -> MemoryCache[LoadedModel]:
    chosen = settings()
    return MemoryCache(
        counters,
        items=MODELS_KEPT,
        max_bytes=chosen.cache_model_bytes,
        idle_seconds=chosen.cache_ttl_seconds,
    )


def models_in_memory(counters: Counters) -> int:
    """Return how many models this process can predict with at once."""
    return _models(counters).count


def find_model(
    workspace: Workspace,
    name: str | None,
    version: int | None = None,
    model_data: str | None = None,
    model_info: Mapping[str, Any] | None = None,
) -> LoadedModel:
    """Load a stored model by name or model type (the serving version without `version`), or the one in `model_data`.

    Raises `InvalidInputError` unless exactly one of `name` and `model_data` is given, and where `model_info` is about
    another model; `NoSuchModelError`, `BadSignatureError`, `UnavailableError`.
    """
    if (name is None) == (model_data is None):
        raise InvalidInputError(
            "Send either model_name or model_data.",
            [{"field": "model_name", "message": "one of the two is needed"}],
        )
    models = _models(workspace.counters)
    if name is not None:
        model = _stored_model(models, workspace, name, version)
    else:
        model = _sealed_model(models, workspace, model_data or "")
    if model_info is not None:
        _check_info(model.manifest, model_info)
    note(model=model.manifest.model_name, version=model.manifest.version)
    return model


def find_manifest(
    workspace: Workspace, name: str, version: int | None = None, model_info: Mapping[str, Any] | None = None
) -> ModelManifest:
    """Return the manifest of a stored model without loading the model; raises what `find_model` does."""
    manifest = workspace.models.manifest(name, version)
    if model_info is not None:
        _check_info(manifest, model_info)
    note(model=manifest.model_name, version=manifest.version)
    return manifest


def find_loaded(workspace: Workspace, name: str | None, version: int | None = None) -> LoadedModel | None:
    """Return what `find_model` would return for a name, where it is in memory and nothing has to be read, else None."""
    found = None if name is None else workspace.models.known(name, version)
    if found is None:
        return None
    model = _models(workspace.counters).get(_memory_key(workspace, found), count_miss=False)
    if model is not None:
        note(model=model.manifest.model_name, version=model.manifest.version)
    return model


def stale_seconds(workspace: Workspace, name: str | None, model: LoadedModel) -> float | None:
    """Return how many seconds ago storage last said that the model serves, where it does not answer; else None.

    `name` is what the request names: a model that came with the request is never out of date.
    """
    found = None if name is None else workspace.models.stale_seconds(model.manifest.model_name)
    return None if found is None else round(found, 1)


def _stored_model(
    models: MemoryCache[LoadedModel], workspace: Workspace, name: str, version: int | None
) -> LoadedModel:
    load_ahead()
    found = workspace.models.find(name, version)
    key = _memory_key(workspace, found)
    return models.get(key) or _kept(models, workspace, key, workspace.models.load(found.name, found.number))


def _memory_key(workspace: Workspace, found: VersionId) -> str:
    return f"{workspace.name}/{found.name}/{found.number}"


def _sealed_model(models: MemoryCache[LoadedModel], workspace: Workspace, model_data: str) -> LoadedModel:
    # The same bytes have the same signature, which was verified for this workspace when they were loaded.
    digest = hashlib.sha256(model_data.encode("utf-8", "surrogatepass")).hexdigest()
    key = f"{workspace.name}//{digest}"
    return models.get(key) or _kept(models, workspace, key, decode_model(model_data, workspace.name))


def _kept(models: MemoryCache[LoadedModel], workspace: Workspace, key: str, stored: StoredModel) -> LoadedModel:
    model = LoadedModel(stored.manifest, CompiledModel.from_manifest(stored.graph, stored.manifest))
    most = workspace.quotas.recall(workspace.name).cached_models
    models.put(key, model, MEMORY_PER_BYTE * model.compiled.size_bytes, most)
    return model


def _check_info(manifest: ModelManifest, info: Mapping[str, Any]) -> None:
    wrong = [field for field in INFO_FIELDS if field in info and info[field] != getattr(manifest, field)]
    errors = [
        {
            "field": f"model_info.{field}",
            "message": f"is {shortened(info[field])}, not {shortened(getattr(manifest, field))}",
        }
        for field in wrong
    ]
    if errors:
        raise InvalidInputError("model_info is about another model than the one that is to predict.", errors)
