"""What predictions answer, in Regatta's own form and in that of the Open Inference Protocol."""

from typing import Literal

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


class Prediction(Answer):
    """The prediction of one row, and which model predicted."""

    prediction: float
    model_name: str
    version: int
    warnings: list[str]
    stale_seconds: float | None = STALE
    interval: IntervalBounds | None = absent()


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
    """Warnings as one text, how wide the bounds are, and how old the champion is while storage does not answer."""

    warnings: str | None = absent()
    interval_method: IntervalMethod | None = METHOD
    stale_seconds: float | None = STALE


class InferAnswer(Answer):
    """The predictions of a request in the Open Inference Protocol."""

    # Named by the protocol.
    model_name: str
    model_version: str
    outputs: list[OutputTensor]
    id: str | None = absent()
    parameters: InferWarnings | None = absent()
