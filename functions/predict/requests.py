"""Requests for predictions: one row, or many as records, as columns and rows, as a CSV, a stored file or objects."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import ConfigDict, Field, SkipValidation

from core.bounds import MOST_COLUMNS
from core.errors import InvalidInputError, TooLargeError
from core.inference.file_cells import FileCells
from core.inference.input_batch import InputBatch, batch_from_rows
from core.inference.read_again import FIRST_FILE_ROW
from core.jobs.fields import Explain, IntervalLevel, PartsPrefix, Strict
from core.services.prediction.loaded_models import LoadedModel, find_loaded, find_model
from core.services.prediction.predict import (
    DEFAULT_BATCH,
    IN_PARTS,
    Predictions,
    find_table,
    predict_batches,
    predict_records,
    predict_table,
)
from core.services.prediction.requests import ModelChoice
from core.services.prediction.stored_texts import columns_read_again
from core.settings import settings
from core.storage.workspace import Workspace
from core.whole_numbers import WHOLE

if TYPE_CHECKING:
    from core.inference.contributions.explainer import Explainer
    from core.jobs.commands import PredictTableCommand

BATCH_LIMIT = 200_000
# Fewer rows at a time save no memory worth the name: each batch costs as much as hundreds of rows.
LEAST_BATCH = 1_000
# More than a table has columns: whoever sends names that no feature has gets a warning and a prediction.
MOST_NAMES = 10 * MOST_COLUMNS
# A body of this size fits into memory whatever it holds; counting takes a tenth of the time of parsing.
UNCOUNTED_BYTES = 4 << 20
# The fields that many rows are in: `columns` goes with `rows`.
SOURCES = ("data", "rows", "file_id", "prefix")


class PredictRequest(ModelChoice):
    """The model that predicts, and how."""

    # A process that predicts single rows never builds the other ones: no route of FastAPI is made of them.
    model_config = ConfigDict(defer_build=True)

    strict: Strict = False
    interval: IntervalLevel = None
    explain: Explain = False

    def model(self, workspace: Workspace) -> LoadedModel:
        """Return the chosen model."""
        return find_model(workspace, self.model_name, self.version, self.model_data, self.model_info)

    def loaded_model(self, workspace: Workspace) -> LoadedModel | None:
        """Return what `model` would return, where it is in memory and nothing has to be read or checked, else None."""
        if self.model_data is not None or self.model_info is not None:
            return None
        return find_loaded(workspace, self.model_name, self.version)

    def explainer(self, workspace: Workspace, model: LoadedModel) -> "Explainer | None":
        """Return the explainer of the model where explanations are asked for; raises `NoEvaluationError`."""
        if not self.explain:
            return None
        from core.services.prediction.explanations import find_explainer  # most requests start without it

        return find_explainer(workspace, model, self.model_data)


class RowRequest(PredictRequest):
    """One row of raw values, by column name."""

    data: dict[str, Any]

    def predict(self, model: LoadedModel, explainer: "Explainer | None" = None) -> Predictions:
        """Predict the row."""
        return predict_records(model, [self.data], strict=self.strict, interval=self.interval, explainer=explainer)


class ManyRequest(PredictRequest):
    """Many rows, predicted `batch_size` at a time."""

    batch_size: Annotated[
        int,
        Field(
            ge=1, le=BATCH_LIMIT, description=f"rows in memory at a time; below {LEAST_BATCH:,} it is {LEAST_BATCH:,}"
        ),
        WHOLE,
    ] = DEFAULT_BATCH

    @property
    def rows_at_a_time(self) -> int:
        """Return how many rows are predicted at a time: however few a caller asks for, the cost stays that of rows."""
        return max(self.batch_size, LEAST_BATCH)


class CsvRequest(ManyRequest):
    """A CSV as the body; these fields are parameters of the query. What is absent is found out, as at an upload."""

    # A query has texts only.
    model_config = ConfigDict(strict=False)

    encoding: Annotated[str | None, Field(max_length=100, description="instead of the Content-Type's charset")] = None
    delimiter: Annotated[str | None, Field(max_length=100)] = None
    has_header: bool | None = None

    def predict(
        self, model: LoadedModel, body: bytes, charset: str | None, explainer: "Explainer | None" = None
    ) -> Predictions:
        """Predict the rows of a CSV; errors count them as a spreadsheet does."""
        from core.inference.csv_input import batches_from_csv  # most requests start without it

        cells = FileCells(strict=self.strict)
        while True:
            warnings: list[str] = []
            batches = batches_from_csv(
                body,
                charset,
                model.manifest.features,
                self.rows_at_a_time,
                warnings,
                encoding=self.encoding,
                delimiter=self.delimiter,
                has_header=self.has_header,
            )
            found = predict_batches(
                model,
                batches,
                strict=self.strict,
                interval=self.interval,
                first_row=FIRST_FILE_ROW,
                cells=cells,
                explainer=explainer,
            )
            if not cells.must_read_again():
                return replace(found, warnings=[*warnings, *cells.finish(), *found.warnings])


class BatchRequest(ManyRequest):
    """Many rows: records, columns and rows, a stored file, or many objects of the bucket."""

    # Each record and row is validated where it is read; validating here as well would take as long as predicting.
    data: list[SkipValidation[dict[str, Any]]] | None = None
    columns: Annotated[list[str], Field(max_length=MOST_NAMES)] | None = None
    rows: list[SkipValidation[list[Any]]] | None = None
    file_id: Annotated[str | None, Field(max_length=100)] = None
    prefix: PartsPrefix = None

    def table_command(self) -> "PredictTableCommand | None":
        """Return the command that does this as a job; None unless a stored model is to predict stored rows.

        What is explained is never so much that it needs a job. Raises `InvalidInputError` as `predict` does.
        """
        if self._source() not in ("file_id", "prefix") or self.model_name is None or self.explain:
            return None
        from core.jobs.commands import PredictTableCommand  # most requests start without it

        return PredictTableCommand(**self.model_dump(include=set(PredictTableCommand.model_fields), exclude_none=True))

    def predict(self, workspace: Workspace, model: LoadedModel) -> Predictions:
        """Predict the rows; raises `InvalidInputError` unless they are given, and in one way only."""
        explainer = self.explainer(workspace, model)
        options: dict[str, Any] = {"strict": self.strict, "interval": self.interval, "explainer": explainer}
        if self._source() == "file_id":
            dataset = workspace.datasets.manifest(self.file_id)
            if explainer is not None:
                explainer.check_rows(dataset.rows)
            table = find_table(workspace, self.file_id or "")
            read_again = columns_read_again(workspace, dataset, model.manifest.features)
            return predict_table(model, table, self.rows_at_a_time, read_again=read_again, **options)
        if self._source() == "rows":
            return predict_batches(model, self._batches(model, self.columns or [], self.rows or []), **options)
        return predict_records(model, self.data or [], self.rows_at_a_time, **options)

    def _source(self) -> str:
        """Return which of `SOURCES` is given; raises `InvalidInputError` unless exactly one is."""
        given = [name for name in SOURCES if getattr(self, name) is not None]
        if len(given) != 1 or (self.columns is None) != (self.rows is None):
            message = "exactly one of data, columns with rows, file_id and prefix is needed"
            raise InvalidInputError(
                "Send either data, or columns and rows, or file_id, or prefix.", [{"field": "data", "message": message}]
            )
        if getattr(self, given[0]) == []:
            errors = [{"field": given[0], "message": "is empty"}]
            raise InvalidInputError(f"{given[0]} has no rows. Send at least one.", errors)
        return given[0]

    def _batches(self, model: LoadedModel, columns: Sequence[str], rows: Sequence[list[Any]]) -> Iterator[InputBatch]:
        """Yield the rows in batches."""
        _check_shape(columns, rows)
        some = self.rows_at_a_time
        for start in range(0, len(rows), some):
            yield batch_from_rows(columns, rows[start : start + some], model.manifest.features)


def _check_shape(columns: Sequence[str], rows: Sequence[Any]) -> None:
    """Raise `InvalidInputError` for repeated columns, and for the first row with another number of values."""
    if len(set(columns)) < len(columns):
        repeated = min(name for name, count in Counter(columns).items() if count > 1)
        errors = [{"field": "columns", "message": f"has {repeated!r:.80} more than once"}]
        raise InvalidInputError("Each column may come once.", errors)
    for row, values in enumerate(rows):
        if not isinstance(values, list) or len(values) != len(columns):
            found = f"has {len(values)} values" if isinstance(values, list) else "is not a list"
            errors = [{"field": f"rows[{row}]", "message": f"{found}; columns names {len(columns)}"}]
            raise InvalidInputError("Each row is a list with one value a column.", errors)


def check_rows_of(body: bytes) -> None:
    """Raise `TooLargeError` for a large body with more objects and lists in it than a batch may have rows.

    Python takes thirty times the bytes of a small object, so too many are refused before they are parsed.
    """
    limit = settings().max_batch_rows
    if len(body) > UNCOUNTED_BYTES and body.count(b"{") + body.count(b"[") > limit + 10:
        raise TooLargeError(f"The body has more than the {limit:,} rows that one request predicts. {IN_PARTS}")
