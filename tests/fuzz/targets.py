"""What is fuzzed: three readers of bytes from strangers, each of which may refuse and may not break."""

import json
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from core.containers.json_rows import read_json
from core.delimited.decoding import read_text
from core.delimited.dialect import find_dialect
from core.errors import RegattaError
from core.inference.csv_input import batches_from_csv
from core.inference.fast_json import read_plain_records
from core.inference.input_batch import batch_from_records
from core.manifests import Feature
from core.storage.signed_models import LENGTH_BYTES, decode_model
from core.tables.csv_reader import read_table
from functions.request_bodies import json_object

MOST_BYTES = 1 << 20
FEATURES = (
    Feature(name="x", type="number", fill=0.0),
    Feature(name="day", type="date", fill=0.0, format="%Y-%m-%d"),
    Feature(name="colour", type="category", fill="red", levels=["red", "green"]),
)


def read_csv(data: bytes) -> None:
    """Read a CSV as an upload, and as the body of a prediction."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        source = folder / "source.csv"
        source.write_bytes(data)
        _refusable(lambda: read_table(find_dialect(read_text(source, folder, max_bytes=MOST_BYTES), folder), folder))
    _refusable(lambda: list(batches_from_csv(data, None, FEATURES, 100)))


def read_json_bytes(data: bytes) -> None:
    """Read JSON as an uploaded file, as the body of a request, and as the records of a prediction."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        source = folder / "source.json"
        source.write_bytes(data)
        _refusable(lambda: read_json(source, folder, decimal=".", max_bytes=MOST_BYTES))
    _refusable(lambda: read_plain_records(data, FEATURES, ("model_name",)))
    _refusable(lambda: _predict_records(data))


def read_envelope(data: bytes) -> None:
    """Read a model that a client sends back: the bytes as its text, as its manifest, and as all that the text holds."""
    sealed = len(data).to_bytes(LENGTH_BYTES, "big") + data + b"graph"
    for text in (data.decode("utf-8", "surrogateescape"), *(b64encode(body).decode() for body in (data, sealed))):
        _refusable(lambda text=text: decode_model(text, "default"))  # type: ignore[misc]


def _predict_records(data: bytes) -> None:
    content = json_object(data)
    records = content.get("data") if isinstance(content, dict) else content
    if isinstance(records, list) and all(isinstance(record, dict) for record in records):
        batch_from_records(records, FEATURES)


def _refusable(read: Callable[[], object]) -> None:
    """Call a reader that may raise an error of ours; every other one is a find."""
    try:
        read()
    except RegattaError as error:
        json.dumps(error.problem("/"))  # what the caller gets


TARGETS: dict[str, Callable[[bytes], None]] = {"csv": read_csv, "json": read_json_bytes, "envelope": read_envelope}
