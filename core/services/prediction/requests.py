"""The fields by which a request for predictions chooses the model, each defined once."""

from pydantic import BaseModel, ConfigDict, Field

from core.jobs.fields import ModelInfo, ModelVersion


class ModelChoice(BaseModel):
    """The model that predicts: a stored one, or one that the caller sends along."""

    # Strict and built at once, as `functions.http.RequestBody` is: FastAPI makes routes of it.
    model_config = ConfigDict(extra="forbid", strict=True, protected_namespaces=(), defer_build=False)

    model_name: str | None = Field(None, max_length=200, description="a stored model")
    version: ModelVersion = None
    model_data: str | None = Field(None, description="what training returned with return_model=true")
    model_info: ModelInfo = None
