"""Fields that requests and commands share, each described once. A module of its own, because it loads faster."""

from typing import Annotated, Literal

from pydantic import Field

from core.types import Json
from core.whole_numbers import WHOLE

ExportFormat = Literal["csv", "excel", "json", "jsonl", "parquet"]
ModelVersion = Annotated[
    Annotated[int, Field(ge=1), WHOLE] | None, Field(description="default: the version that serves")
]
ModelInfo = Annotated[
    Json | None, Field(description="model_name, version, model_type, target_column that the model must have")
]
Strict = Annotated[bool, Field(description="what would be a warning about the data is an error")]
IntervalLevel = Annotated[
    float | None, Field(gt=0, lt=1, description="share of true values that the bounds are to hold")
]
Explain = Annotated[bool, Field(description="say what each column contributes to each prediction")]
PartsPrefix = Annotated[
    str | None,
    Field(description="how the keys of the objects begin that are predicted as one table, below {workspace}/parts/"),
]
RawTexts = Annotated[bool, Field(description="csv: leave texts as they are that a spreadsheet would run as formulas")]
