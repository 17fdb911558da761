"""Training: POST /model/train and POST /model/compare."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query

from core.errors import InvalidInputError
from core.jobs.commands import CompareCommand, TrainCommand
from core.services.handlers import HANDLERS
from core.services.training.commands import check_compare, check_train
from functions.answer_terms import Terms
from functions.http import CallerWorkspace, create_app
from functions.query_parameters import StrictRoute
from functions.request_bodies import describe_body, validate_body
from functions.respond_async import respond

router = APIRouter(prefix="/model", tags=["model"], route_class=StrictRoute)


@router.post("/train")
def train(workspace: CallerWorkspace, terms: Terms, body: TrainCommand) -> Any:
    """Train one regressor, evaluate it on a holdout and by cross-validation, and let it serve."""
    return respond(workspace, body, terms, check_train, HANDLERS)


@router.post("/compare", openapi_extra=describe_body(CompareCommand, required=False))
def compare(
    workspace: CallerWorkspace,
    terms: Terms,
    query: Annotated[CompareCommand, Query()],
    body: Annotated[dict[str, Any] | None, Body(include_in_schema=False)] = None,
) -> Any:
    """Train every regressor on the same split; return them in the order of their cross-validated R2.

    The fields are a JSON body, as those of POST /model/train are, or query parameters.
    """
    return respond(workspace, _joined(query, body or {}), terms, check_compare, HANDLERS)


def _joined(query: CompareCommand, body: Mapping[str, Any]) -> CompareCommand:
    """Return the command of query and body; raises `InvalidInputError` for a field in both."""
    both = sorted(query.model_fields_set & body.keys())
    if both:
        errors = [{"field": name, "message": "is in the body and in the query"} for name in both]
        raise InvalidInputError(f"Send these fields once: {', '.join(both)}.", errors)
    return validate_body({**query.model_dump(include=query.model_fields_set), **body}, CompareCommand, strict=True)


app = create_app(router)
