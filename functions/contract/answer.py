"""The base of the types of answers, and answers that several operations share."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypeAliasType

from core.automl.ensemble_selection import ENSEMBLE
from core.catalogue import CATALOGUE
from core.model_manifest import CrossValidation, Metrics, ValidationKind
from core.types import Json

# What a trained model is: a regressor of the catalogue, or a blend of several.
TrainedType = Annotated[str, Field(json_schema_extra={"enum": [*CATALOGUE, ENSEMBLE]})]
Timestamp = Annotated[str, Field(description="ISO 8601, in UTC", json_schema_extra={"format": "date-time"})]
FeatureType = Literal["number", "boolean", "date", "category"]
# A component of its own, so that generators make one type of it.
Cell = TypeAliasType("Cell", Annotated[str | float | bool | None, Field(description="A value of a table.")])


class Answer(BaseModel):
    """Base of every answer. An unknown field is an error, so that tests find what the contract does not declare."""

    model_config = ConfigDict(extra="forbid", protected_namespaces=(), defer_build=False)


def absent(description: str | None = None) -> Any:
    """Return the field of an answer that is absent where it has no value; it is never null."""

    def describe(schema: Json) -> None:
        kinds = [kind for kind in schema.pop("anyOf", []) if kind.get("type") != "null"]
        schema.pop("default", None)
        schema.update(kinds[0] if len(kinds) == 1 else {"anyOf": kinds} if kinds else {})

    return Field(default=None, description=description, json_schema_extra=describe)


class FieldError(Answer):
    """One thing that is wrong with a request or a file, and where."""

    message: str
    field: str | None = absent("the field of the request or the column of the table")
    row: int | None = absent("as a spreadsheet counts, or from 0 in a list of records")
    part: int | None = absent("of an upload")
    line: int | None = absent("of the file")


class Problem(BaseModel):
    """An error as a problem document (RFC 9457): `detail` says what is wrong and the way out."""

    # Some problems have members of their own, as RFC 9457 allows.
    model_config = ConfigDict(extra="allow", defer_build=False)

    type: str = Field(description="urn:regatta:problem: and a word for the kind of the error")
    title: str
    status: int
    detail: str
    instance: str | None = absent("the path of the request")
    errors: list[FieldError] | None = absent("each field, row and column that is wrong")
    error: str | None = absent("below /v2 the detail again, for clients of the Open Inference Protocol")


class Deleted(Answer):
    """What was deleted."""

    deleted: str


class FileSummary(Answer):
    """A dataset as lists show it."""

    file_id: str
    filename: str
    rows: int
    columns: int
    size_bytes: int
    created_at: Timestamp
    parent: str | None = absent("the dataset of the same bytes that was read otherwise before")


class ValidationUsed(Answer):
    """How rows were divided into train rows and test rows, and by which column."""

    kind: ValidationKind
    column: str | None


class ModelResult(Answer):
    """A version of a model with its scores."""

    model_name: str
    version: int
    model_type: TrainedType
    metrics: Metrics
    cross_validation: CrossValidation
    training_seconds: float
    latency_us: float | None = Field(description="microseconds for one row in the compiled graph")
    size_bytes: int = Field(description="of the compiled graph")


class JobError(Answer):
    """Why a job failed, as a problem document."""

    type: str
    title: str
    status: int
    detail: str
    instance: str | None = absent()
    errors: list[FieldError] | None = absent()
