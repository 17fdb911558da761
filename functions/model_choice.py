"""The fields by which a request names the model that predicts, and the check that it names one source of rows."""

from typing import Any

from pydantic import Field

from core.errors import InvalidInputError
from functions.http import RequestBody


class ModelChoice(RequestBody):
    """Which model predicts: one that is stored here, or one the caller brings along."""

    model_name: str | None = Field(None, max_length=200, description="a stored model")
    version: int | None = Field(None, ge=1, description="default: the version that serves")
    model_data: str | None = Field(None, description="what training returned with return_model=true")
    model_info: dict[str, Any] | None = Field(
        None, description="model_name, version, model_type, target_column that the model must have"
    )


def one_source(data: list[Any] | None, file_id: str | None) -> None:
    """Raise `InvalidInputError` unless exactly one of `data`, with at least one row, and `file_id` is given."""
    if (data is None) == (file_id is None):
        errors = [{"field": "data", "message": "exactly one of data and file_id is needed"}]
        raise InvalidInputError("Send either data or file_id.", errors)
    if data is not None and not data:
        raise InvalidInputError("data has no rows. Send at least one.", [{"field": "data", "message": "is empty"}])
