"""Explainers of models in this process, made when the first explanation is asked for. Light."""

from functools import cache

from core.errors import NoEvaluationError
from core.inference.contributions.explainer import Explainer
from core.services.prediction.loaded_models import LoadedModel
from core.settings import settings
from core.storage.artifacts import GRAPH
from core.storage.cache import Counters, MemoryCache
from core.storage.signed_models import decode_model
from core.storage.workspace import Workspace

EXPLAINERS_KEPT = 16


@cache
def _explainers(counters: Counters) -> MemoryCache[Explainer]:
    chosen = settings()
    return MemoryCache(
        counters, items=EXPLAINERS_KEPT, max_bytes=chosen.cache_model_bytes, idle_seconds=chosen.cache_ttl_seconds
    )


def find_explainer(workspace: Workspace, model: LoadedModel, model_data: str | None = None) -> Explainer:
    """Return the explainer of a model that was found, by its name or in `model_data`.

    Raises `NoEvaluationError` for a model that was trained before its background was stored.
    """
    manifest = model.manifest
    key = f"{workspace.name}/{manifest.graph.sha256}"
    kept = _explainers(workspace.counters)
    found = kept.get(key)
    if found is None:
        sent = None if model_data is None else decode_model(model_data, workspace.name).graph
        graph = workspace.models.file(manifest, GRAPH) if sent is None else sent
        found = Explainer.of(graph, model.compiled)
        if found is None:
            raise NoEvaluationError(
                f"Version {manifest.version} of model {manifest.model_name!r} was trained before predictions were "
                "explained: it has no rows to compare with. Train it again with POST /model/train, or ask without "
                "explain.",
                [{"field": "explain", "message": "the model has no background"}],
            )
        kept.put(key, found, found.size_bytes)
    return found
