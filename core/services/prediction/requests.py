"""What requests for predictions say of the model, each field defined once."""

from pydantic import BaseModel, ConfigDict, Field

from core.jobs.fields import ModelInfo, ModelVersion


class ModelChoice(BaseModel):
    """Which model predicts: one that is stored here, or one that the caller brings along."""

    # Built at once, as `functions.http.RequestBody` is: FastAPI makes routes of it.
    model_config = ConfigDict(extra="forbid", protected_namespaces=(), defer_build=False)

    model_name: str | None = Field(None, max_length=200, description="a stored model")
    version: ModelVersion = None
    model_data: str | None = Field(None, description="what training returned with return_model=true")
    model_info: ModelInfo = None
