"""Every way to have rows predicted: as records, as a CSV body, as a stored file at once and as a job, and by /v2."""

import csv
import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path

from core.jobs.commands import ExportTableCommand, PredictTableCommand
from core.progress import ignore_progress
from core.services.prediction.export import ExportRequest, export_rows
from core.services.prediction.loaded_models import find_model
from core.services.prediction.predict import predict_batches, predict_records
from core.services.processing.ingest import ingest
from core.services.table_prediction.export_table import export_table
from core.services.table_prediction.predict_table import predict_stored_table
from core.storage.s3.object_store import ObjectStore
from functions.inference.tensors import Input, batch_from_tensors
from functions.predict.requests import BatchRequest, CsvRequest
from tests.support.storage import home

Row = dict[str, str]


class Roads:
    """The roads to the predictions of a model, for rows of texts."""

    def __init__(self, bucket: ObjectStore, model_name: str, folder: Path) -> None:
        self._bucket = bucket
        self._name = model_name
        self._folder = folder
        self.warnings: list[str] = []

    def all(self, rows: Sequence[Row], delimiter: str = ",") -> dict[str, list[float]]:
        """Return the predictions of the rows on each road but that of single rows."""
        text = csv_text(rows, delimiter)
        file_id = self.upload(text)
        return {
            "records": self.records(rows),
            "csv": self.body(text),
            "stored": self.stored(file_id),
            "job": self.job(file_id),
            "export": self.export(file_id),
            "export job": self.export_job(file_id),
            "v2": self.tensors(rows),
        }

    def upload(self, text: bytes) -> str:
        """Store a file; return its id."""
        path = self._folder / "rows.csv"
        path.write_bytes(text)
        return ingest(home(), path.name, path, current=False).file_id

    def one_by_one(self, rows: Sequence[Row]) -> list[float]:
        """Predict each row alone, as POST /predict does."""
        model = find_model(home(), self._name)
        return [float(predict_records(model, [row]).values[0]) for row in rows]

    def records(self, rows: Sequence[Row], *, strict: bool = False) -> list[float]:
        """Predict the rows as JSON records."""
        found = predict_records(find_model(home(), self._name), rows, strict=strict)
        self.warnings = found.warnings
        return found.values.tolist()

    def body(self, text: bytes, *, strict: bool = False) -> list[float]:
        """Predict the rows of a CSV body."""
        request = CsvRequest(model_name=self._name, strict=strict)
        found = request.predict(request.model(home()), text, None)
        self.warnings = found.warnings
        return found.values.tolist()

    def stored(self, file_id: str, *, strict: bool = False) -> list[float]:
        """Predict a stored file at once."""
        request = BatchRequest(model_name=self._name, file_id=file_id, strict=strict)
        found = request.predict(home(), request.model(home()))
        self.warnings = found.warnings
        return found.values.tolist()

    def job(self, file_id: str, *, strict: bool = False) -> list[float]:
        """Predict a stored file as a job."""
        command = PredictTableCommand(file_id=file_id, model_name=self._name, strict=strict)
        answer = predict_stored_table(home(), command, ignore_progress)
        self.warnings = answer["warnings"]
        return list(self._taken()["predictions"])

    def export(self, file_id: str) -> list[float]:
        """Export a stored file at once."""
        request = ExportRequest(model_name=self._name, file_id=file_id, format="json")
        made = export_rows(home(), request, self._folder)
        return [row["prediction"] for row in json.loads(made.path.read_bytes())]

    def export_job(self, file_id: str) -> list[float]:
        """Export a stored file as a job."""
        export_table(home(), ExportTableCommand(file_id=file_id, model_name=self._name, format="json"), ignore_progress)
        return [row["prediction"] for row in self._taken()]

    def tensors(self, rows: Sequence[Row]) -> list[float]:
        """Predict the rows as tensors of texts, as POST /v2/models/{name}/infer does."""
        model = find_model(home(), self._name)
        inputs = [
            Input(name=name, shape=[len(rows), 1], datatype="BYTES", data=[row[name] for row in rows])
            for name in rows[0]
        ]
        batch = batch_from_tensors(inputs, b"", model.manifest.features)
        return predict_batches(model, [batch]).values.tolist()

    def refuse(self, rows: Sequence[Row], expected: Callable[[Callable[[], object]], None]) -> None:
        """Call `expected` with each way to predict a file of these rows."""
        text = csv_text(rows)
        file_id = self.upload(text)
        for road in (self.stored, self.job, self.export, self.export_job):
            expected(lambda road=road: road(file_id))  # type: ignore[misc]
        expected(lambda: self.body(text))

    def _taken(self) -> "dict[str, list[float]] | list[dict[str, float]]":
        """Return the last stored file of predictions, and delete it."""
        (key,) = [item.key for item in self._bucket.list("exports/")]
        body = self._bucket.get(key)
        self._bucket.delete([key])
        return json.loads(body)


def csv_text(rows: Sequence[Row], delimiter: str = ",") -> bytes:
    """Return rows as a CSV with a header."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), delimiter=delimiter, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()
