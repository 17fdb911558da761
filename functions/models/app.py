"""What models can be trained and which have been: GET below /model."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from core.learning.catalogue import CATALOGUE
from core.storage.wiring import storage
from functions.http import Workspace, create_app

router = APIRouter(prefix="/model", tags=["model"])

Version = Annotated[int | None, Query(ge=1, description="default: the version that serves")]


@router.get("/available")
async def available() -> dict[str, Any]:
    """The regressors, with their default parameters and the values worth tuning."""
    return {"models": [entry.describe() for entry in CATALOGUE.values()]}


@router.get("/trained")
async def trained(workspace: Workspace) -> dict[str, Any]:
    """Every version of every model, with the version that serves marked."""
    manifests = storage().models.list(workspace)
    serving = {name: storage().models.champion(workspace, name) for name in {m.model_name for m in manifests}}
    wanted = {"model_name", "version", "model_type", "target_column", "created_at", "metrics"}
    return {
        "models": [
            {
                **manifest.model_dump(include=wanted),
                "size_bytes": manifest.graph.size_bytes,
                "serves": serving[manifest.model_name] == manifest.version,
            }
            for manifest in manifests
        ]
    }


@router.get("/info")
async def info(
    workspace: Workspace,
    model_name: Annotated[str, Query(min_length=1)],
    version: Version = None,
) -> dict[str, Any]:
    """The manifest of a model: features, metrics, parameters, data, library versions, digests."""
    return storage().models.manifest(workspace, model_name, version).model_dump()


@router.get("/metrics/{model_name}")
async def metrics(workspace: Workspace, model_name: str, version: Version = None) -> dict[str, Any]:
    """How good a model is: on the holdout and by cross-validation."""
    return storage().models.manifest(workspace, model_name, version).result()


app = create_app(router)
