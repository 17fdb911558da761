"""Choosing how a table is cleaned: POST /data/process."""

from typing import Any

from fastapi import APIRouter
from pydantic import Field

from core.manifests import HandleMissing, Recipe
from core.processing import process
from functions.http import RequestBody, Workspace, create_app

router = APIRouter(tags=["data"])


class ProcessRequest(RequestBody):
    """How missing values are handled, which columns no model sees, and which one is to be predicted."""

    handle_missing: HandleMissing = "median"
    columns: dict[str, HandleMissing] = Field({}, description="columns that are handled differently, by name")
    leave_out: list[str] = Field([], description="columns that no model gets to see")
    target_column: str | None = None
    file_id: str | None = Field(None, description="default: the current file")


@router.post("/data/process")
def process_data(workspace: Workspace, body: ProcessRequest) -> dict[str, Any]:
    """Store the recipe, and say what it does: counts before and after, what is imputed, what is encoded."""
    return process(workspace, body.file_id, Recipe(**body.model_dump(exclude={"file_id"})))


app = create_app(router)
