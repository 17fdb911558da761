"""Predicting into a file: POST /predict/export."""

from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from fastapi import APIRouter
from fastapi.responses import Response

from core.exporting.files import FORMATS
from core.prediction import Predictions, find_model, find_table, predict_records, predict_table
from core.table_features import table_rows
from functions.files import file_answer
from functions.http import ModelChoice, Workspace, create_app, one_source

router = APIRouter(tags=["predict"])


class ExportRequest(ModelChoice):
    """What to predict, and as which kind of file."""

    data: list[dict[str, Any]] | None = None
    file_id: str | None = None
    format: Literal["csv", "excel", "json"] = "csv"


@router.post("/predict/export", response_class=Response)
def export(workspace: Workspace, body: ExportRequest) -> Response:
    """The rows with a column `prediction` at the end, as a CSV, an Excel workbook or a JSON array.

    A file that is larger than one answer may be comes as 303 to a URL that works for an hour.
    """
    one_source(body.data, body.file_id)
    model = find_model(workspace, body.model_name, body.version, body.model_data)
    if body.file_id is not None:
        table = find_table(workspace, body.file_id)
        predicted = predict_table(model, table)
        header, rows = list(table.values), table_rows(table)
    else:
        records = body.data or []
        predicted = predict_records(model, records)
        header = list(dict.fromkeys(chain.from_iterable(records)))
        rows = (tuple(record.get(name) for name in header) for record in records)
    chosen = FORMATS[body.format]
    columns = [*header, _free_name(header)]
    chosen.check_size(len(predicted.values), len(columns))
    with TemporaryDirectory(prefix="regatta-") as folder:
        path = Path(folder) / f"predictions.{chosen.ending}"
        with path.open("wb") as file:
            chosen.write(file, columns, _joined(rows, predicted))
        name = f"{model.manifest.model_name}-v{model.manifest.version}.{chosen.ending}"
        return file_answer(workspace, path, name, chosen.media_type)


def _joined(rows: Iterable[Sequence[Any]], predicted: Predictions) -> Iterable[tuple[Any, ...]]:
    for row, prediction in zip(rows, predicted.values.tolist(), strict=True):
        yield (*row, prediction)


def _free_name(header: Sequence[str]) -> str:
    """`prediction`, or `prediction_2` and so on where the table has such a column itself."""
    name, number = "prediction", 2
    while name in header:
        name, number = f"prediction_{number}", number + 1
    return name


app = create_app(router)
