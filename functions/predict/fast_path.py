"""The fast path: from the bytes of a large batch of plain records straight to the predictions."""

import re

from pydantic_core import from_json

from core.errors import RegattaError
from core.inference.fast_json import batch_from_plain_records, read_plain_records
from core.services.prediction.loaded_models import LoadedModel, find_model
from core.services.prediction.predict import Predictions, predict_batches
from core.settings import settings
from core.storage.workspace import Workspace
from functions.predict.requests import ManyRequest

# The fields that may stand beside the records; with any other one the body takes the usual path.
OTHER_FIELDS = ("model_name", "strict", "interval", "batch_size")
# The model's name is before or after the records, within this distance of an end of the body.
NAME_DISTANCE = 512
NAME = re.compile(rb'"model_name"\s*:\s*("(?:[^"\\]|\\.)*")')


def predict_plain(workspace: Workspace, body: bytes) -> tuple[LoadedModel, Predictions] | None:
    """Return the model that the JSON in `body` names and its predictions for the records there.

    Return None where anything is unusual or wrong: reading `body` as a `BatchRequest`
    then handles or reports it. Raises what predicting raises.
    """
    # The model decides how the body is parsed, so its name is guessed first and confirmed by the parsed body.
    name = _likely_name(body)
    model = _find_model(workspace, name)
    found = model and read_plain_records(body, model.manifest.features, OTHER_FIELDS)
    if not model or not found:
        return None
    records, other_fields = found
    try:
        request = ManyRequest.model_validate({field: from_json(value) for field, value in other_fields.items()})
    except ValueError:
        return None
    if request.model_name != name or not 0 < len(records) <= settings().max_batch_rows:
        return None
    some = request.rows_at_a_time
    batches = (
        batch_from_plain_records(records[start : start + some], model.manifest.features)
        for start in range(0, len(records), some)
    )
    return model, predict_batches(model, batches, strict=request.strict, interval=request.interval)


def _likely_name(body: bytes) -> str | None:
    """Return the name of the model that the body seems to ask for."""
    found = NAME.search(body[:NAME_DISTANCE]) or NAME.search(body[-NAME_DISTANCE:])
    try:
        return str(from_json(found[1])) if found else None
    except ValueError:
        return None


def _find_model(workspace: Workspace, name: str | None) -> LoadedModel | None:
    """Return the model, or None where it cannot be loaded."""
    try:
        return None if name is None else find_model(workspace, name)
    except RegattaError:
        return None
