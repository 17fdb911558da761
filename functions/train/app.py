"""Training: POST /model/train and POST /model/compare."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from core.jobs.commands import CompareCommand, TrainCommand
from core.services.handlers import HANDLERS
from core.services.training.commands import check_compare, check_train
from functions.answer_terms import Terms
from functions.http import CallerWorkspace, create_app
from functions.respond_async import respond

router = APIRouter(prefix="/model", tags=["model"])


@router.post("/train")
def train(workspace: CallerWorkspace, terms: Terms, body: TrainCommand) -> Any:
    """Train one regressor, evaluate it on a holdout and by cross-validation, and let it serve."""
    return respond(workspace, body, terms, check_train, HANDLERS)


@router.post("/compare")
def compare(workspace: CallerWorkspace, terms: Terms, command: Annotated[CompareCommand, Query()]) -> Any:
    """Train every regressor on the same split; return them in the order of their cross-validated R2."""
    return respond(workspace, command, terms, check_compare, HANDLERS)


app = create_app(router)
