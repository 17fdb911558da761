"""Fields that requests and commands share, each described once. A module of its own, because it loads faster."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from core.types import Json


def _whole(value: Any) -> Any:
    """Return 5.0 as 5, because JSON has one kind of numbers; anything else as it is."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


WholeNumber = Annotated[int, BeforeValidator(_whole)]
ExportFormat = Literal["csv", "excel", "json"]
ModelVersion = Annotated[WholeNumber | None, Field(ge=1, description="default: the version that serves")]
ModelInfo = Annotated[
    Json | None, Field(description="model_name, version, model_type, target_column that the model must have")
]
Strict = Annotated[bool, Field(description="what would be a warning about the data is an error")]
IntervalLevel = Annotated[
    float | None, Field(gt=0, lt=1, description="share of true values that the bounds are to hold")
]
RawTexts = Annotated[bool, Field(description="csv: leave texts as they are that a spreadsheet would run as formulas")]
