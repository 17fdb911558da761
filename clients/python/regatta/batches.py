"""Many rows as the bodies of several requests, and their answers as one `Predictions`."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isinf
from typing import Any, Protocol

from regatta.errors import ProblemError, problem_error
from regatta.frames import Frame
from regatta.predictions import Predictions
from regatta.tensors import Feature, infer_body, merge_warnings, read_outputs, split_warnings
from regatta.values import json_value

# What a Lambda function takes in one request, with room for Base64, and what keeps a server's memory small.
BATCH_BYTES = 4 << 20
BATCH_ROWS = 50_000
RECORDS_ROWS = 10_000
# What the service explains in one request of nearly every model.
EXPLAINED_ROWS = 32
# Of a text in a column, on average. A batch that becomes too large is divided.
TEXT_BYTES = 24


@dataclass(frozen=True)
class Batch:
    """The body of one request: its first row and the row behind its last one, and the length of its JSON.

    `warnings` are about rows that are sent otherwise than they were given.
    """

    start: int
    stop: int
    body: bytes
    head_length: int = 0
    warnings: Sequence[str] = ()


@dataclass(frozen=True)
class Answered:
    """The answer for one batch."""

    predictions: Sequence[float]
    warnings: Sequence[str] = ()
    lower: Sequence[float] | None = None
    upper: Sequence[float] | None = None
    stale_seconds: float | None = None
    # How they were explained, with the `contributions` by column.
    explanation: Mapping[str, Any] | None = None


def frame_batches(
    frame: Frame, columns: Sequence[tuple[int, Feature]], parameters: Mapping[str, Any]
) -> Iterator[Batch]:
    """Yield the rows of a DataFrame as tensors."""
    width = sum(8 if feature["type"] == "number" else TEXT_BYTES for _, feature in columns)
    most = EXPLAINED_ROWS if parameters.get("explain") else BATCH_ROWS
    size = max(1, min(most, BATCH_BYTES // max(1, width)))
    start = 0
    while start < frame.rows:
        stop = min(start + size, frame.rows)
        body, head_length, warnings = infer_body(frame.slice(start, stop), columns, parameters)
        if len(body) > BATCH_BYTES and stop - start > 1:
            size = max(1, (stop - start) // 2)
            continue
        yield Batch(start, stop, body, head_length, warnings)
        start = stop


def record_batches(rows: Iterable[Any], fields: Mapping[str, Any]) -> Iterator[Batch]:
    """Yield rows, an object each, as JSON with the other fields of the request."""
    head = json.dumps(fields)[:-1] + (", " if fields else "") + '"data": ['
    most = EXPLAINED_ROWS if fields.get("explain") else RECORDS_ROWS
    texts: list[str] = []
    size = start = 0
    for row in rows:
        text = json.dumps(record(row), ensure_ascii=False)
        if texts and (size + len(text) > BATCH_BYTES or len(texts) == most):
            yield Batch(start, start + len(texts), _closed(head, texts))
            start, size, texts = start + len(texts), 0, []
        texts.append(text)
        size += len(text) + 2
    if texts:
        yield Batch(start, start + len(texts), _closed(head, texts))


class HasToDict(Protocol):
    """A Series of pandas, and whatever else says its values by name."""

    def to_dict(self) -> Any:
        """Return the values by name."""


Row = Mapping[str, Any] | HasToDict


def record(row: Row) -> dict[str, Any]:
    """Return one row as a JSON object; raises `TypeError` for what is no mapping."""
    if not isinstance(row, Mapping) and not hasattr(row, "to_dict"):
        raise TypeError(f"A row is a dict with a value for each column, not {type(row).__name__}.")
    values = row if isinstance(row, Mapping) else row.to_dict()
    try:
        return {str(name): json_value(value) for name, value in values.items()}
    except TypeError:
        return {str(name): _named_value(name, value) for name, value in values.items()}


def _named_value(name: Any, value: Any) -> Any:
    """Return a value as JSON has it; raises `TypeError` that names it."""
    try:
        return json_value(value)
    except TypeError as error:
        raise TypeError(f"{name!r}: {error}") from None


def frame_records(frame: Frame, *, strict: bool = False) -> Iterator[dict[str, Any]]:
    """Yield the rows of a DataFrame as JSON objects; infinite numbers are null unless `strict`, as in `tensor_of`."""
    frame.check_names()
    columns = [
        column.dates() if column.kind == "date" else [_json_value(value, strict=strict) for value in column.values()]
        for column in frame.columns
    ]
    for values in zip(*columns, strict=True):
        yield {name: (None if value == "" else value) for name, value in zip(frame.names, values, strict=True)}


def _json_value(value: Any, *, strict: bool) -> Any:
    return None if not strict and isinstance(value, float) and isinf(value) else json_value(value)


def answered_tensors(body: bytes, head_length: int, batch: Batch) -> Answered:
    """Read the answer to a batch of tensors."""
    head, outputs = read_outputs(body, head_length)
    notes = head.get("parameters", {})
    warnings = [*batch.warnings, *split_warnings(notes.get("warnings", ""))]
    bounds = outputs.get("lower"), outputs.get("upper")
    explanation = _explanation(notes, outputs["contributions"]) if "contributions" in outputs else None
    return Answered(outputs["prediction"], warnings, *bounds, notes.get("stale_seconds"), explanation)


def _explanation(notes: Mapping[str, Any], values: Sequence[float]) -> dict[str, Any]:
    """Return an explanation as the answer to a batch of objects has it; `values` are those of row after row."""
    columns = json.loads(notes["columns"])
    head = {name: notes.get(name) for name in ("method", "samples", "background_rows", "base_value")}
    return {**head, "contributions": {name: list(values[at :: len(columns)]) for at, name in enumerate(columns)}}


def answered_records(answer: Mapping[str, Any]) -> Answered:
    """Read the answer to a batch of objects."""
    bounds = answer.get("lower"), answer.get("upper")
    others = answer.get("stale_seconds"), answer.get("explanation")
    return Answered(answer["predictions"], answer["warnings"], *bounds, *others)


def combine(
    answers: Sequence[Answered], model: str, version: int, *, level: float | None, index: Any, library: str
) -> Predictions:
    """Return the answers of all batches as one."""
    predictions = [value for answer in answers for value in answer.predictions]
    lower = [value for answer in answers for value in answer.lower or ()]
    upper = [value for answer in answers for value in answer.upper or ()]
    stale = [answer.stale_seconds for answer in answers if answer.stale_seconds is not None]
    explained = [answer.explanation for answer in answers if answer.explanation is not None]
    raw: dict[str, Any] = {
        "predictions": predictions,
        "count": len(predictions),
        "model_name": model,
        "version": version,
        "warnings": merge_warnings(answer.warnings for answer in answers),
        **({"stale_seconds": max(stale)} if stale else {}),
        **({} if level is None else {"level": level, "lower": lower, "upper": upper}),
        **({"explanation": _joined(explained)} if explained else {}),
    }
    return Predictions.of(raw, index=index, library=library)


def _joined(explained: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the explanations of all batches, which one version made, as one."""
    columns = explained[0]["contributions"]
    contributions = {name: [value for one in explained for value in one["contributions"][name]] for name in columns}
    return {**explained[0], "contributions": contributions}


def shift_rows(error: ProblemError, batch: Batch) -> ProblemError:
    """Return an error of a batch with the numbers that its rows have among all rows, from 0."""
    if not batch.start:
        return error
    # A request with one row does not say which row it means.
    only = {"row": 0} if batch.stop - batch.start == 1 else {}
    located = [{**only, **entry} for entry in error.errors]
    errors = [{**e, "row": e["row"] + batch.start} if isinstance(e.get("row"), int) else e for e in located]
    return problem_error({**error.problem, "errors": errors}, error.status)


def _closed(head: str, texts: Sequence[str]) -> bytes:
    return f"{head}{', '.join(texts)}]}}".encode("utf-8", "surrogatepass")
