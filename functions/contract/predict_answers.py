"""What predictions answer, in Regatta's own form and in that of the Open Inference Protocol."""

from typing import Literal

from pydantic import Field

from core.inference.intervals import IntervalMethod
from functions.contract.answer import Answer, absent

STALE = absent("how many seconds ago storage said that this version serves; only while storage does not answer")


METHOD = absent(
    "`adaptive`: wider where errors are larger; `equal_width`: as wide for every row, as with a model of an earlier "
    "version"
)


class IntervalBounds(Answer):
    """Bounds that hold a share of true values."""

    level: float
    method: IntervalMethod | None = METHOD
    lower: float
    upper: float


class IntervalLevel(Answer):
    """The share of true values that the bounds hold."""

    level: float
    method: IntervalMethod | None = METHOD


class ExplanationHead(Answer):
    """How predictions were explained."""

    method: Literal["exact", "mixed", "sampled"] = Field(
        description="exact Shapley values, or estimated ones; mixed: those of some members of a blend are estimated"
    )
    samples: int | None = Field(description="how many orders of the columns were sampled for a row; null where exact")
    background_rows: int = Field(description="of training, which each row is compared with")
    base_value: float = Field(description="the mean prediction of these rows")


class RowExplanation(ExplanationHead):
    """Why this prediction: the contributions of the columns add up to prediction minus base_value."""

    contributions: dict[str, float] = Field(description="by column, in units of the target")


class BatchExplanation(ExplanationHead):
    """Why these predictions: the contributions to each add up to prediction minus base_value."""

    contributions: dict[str, list[float]] = Field(description="by column one for each row, in units of the target")


class Prediction(Answer):
    """The prediction of one row, and which model predicted."""

    prediction: float
    model_name: str
    version: int
    warnings: list[str]
    stale_seconds: float | None = STALE
    interval: IntervalBounds | None = absent()
    explanation: RowExplanation | None = absent("with explain")


class BatchPredictions(Answer):
    """The predictions of many rows, in their order."""

    predictions: list[float]
    count: int
    model_name: str
    version: int
    warnings: list[str]
    stale_seconds: float | None = STALE
    interval: IntervalLevel | None = absent()
    lower: list[float] | None = absent()
    upper: list[float] | None = absent()
    explanation: BatchExplanation | None = absent("with explain")


class ServerMetadata(Answer):
    """The server, and which extensions of the protocol it has."""

    name: str
    version: str
    extensions: list[str]


class Live(Answer):
    """The server is alive."""

    live: bool


class Ready(Answer):
    """Models can be loaded."""

    ready: bool


class TensorMetadata(Answer):
    """An input or output of a model."""

    name: str
    datatype: Literal["BOOL", "BYTES", "FP64"]
    shape: list[int]


class ModelMetadata(Answer):
    """The inputs and outputs of a model."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorMetadata]
    outputs: list[TensorMetadata]


class ModelReady(Answer):
    """A model is loaded."""

    name: str
    ready: bool


class BinarySize(Answer):
    """How many bytes a tensor has."""

    binary_data_size: int


class OutputTensor(Answer):
    """Predictions as a tensor; the values of a binary one follow the JSON."""

    name: str
    datatype: Literal["FP64", "FP32"]
    shape: list[int]
    data: list[float] | None = absent()
    parameters: BinarySize | None = absent("of a binary one")


class InferWarnings(Answer):
    """Warnings as one text, how wide the bounds are, how old the champion is, and how predictions were explained."""

    warnings: str | None = absent()
    interval_method: IntervalMethod | None = METHOD
    stale_seconds: float | None = STALE
    method: Literal["exact", "mixed", "sampled"] | None = absent("with explain")
    samples: int | None = absent("with explain, unless the contributions are exact")
    background_rows: int | None = absent("with explain")
    base_value: float | None = absent("with explain")
    columns: str | None = absent("with explain: the columns of the output contributions, as a JSON list of texts")


class InferAnswer(Answer):
    """The predictions of a request in the Open Inference Protocol."""

    # Named by the protocol.
    model_name: str
    model_version: str
    outputs: list[OutputTensor]
    id: str | None = absent()
    parameters: InferWarnings | None = absent()
