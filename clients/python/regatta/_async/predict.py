"""Predictions: `client.predict`."""

import os
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

import httpx

from regatta._async.connection import AsyncConnection
from regatta._async.jobs import AsyncJobs, ReportProgress
from regatta._async.runtime import in_thread
from regatta.answers import ModelSchema
from regatta.batches import (
    Answered,
    Batch,
    Row,
    answered_records,
    answered_tensors,
    combine,
    frame_batches,
    frame_records,
    record,
    record_batches,
    shift_rows,
)
from regatta.choice import Named, chosen, segment
from regatta.columns import match_columns, unknown_columns, uploaded_names, with_unknown
from regatta.errors import InvalidRecords, NotFound
from regatta.frames import Frame, as_frame
from regatta.predictions import Prediction, Predictions
from regatta.reading import DecimalMark, Delimiter, given
from regatta.tensors import HEADER_LENGTH

# The schemas of versions, which never change.
SCHEMAS_KEPT = 64


class AsyncPredict:
    """Predicts: call it with many rows, `row` with one, or `export` to get a file.

    `model` is a name, the type of a model, or what `train`, `compare` and `list` return; then its version predicts.
    Without one it is the model that was trained last.
    """

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self._jobs = AsyncJobs(connection)
        self._schemas: dict[tuple[str, int], ModelSchema] = {}

    async def __call__(
        self,
        rows: Any,
        model: Named | None = None,
        *,
        version: int | None = None,
        interval: float | None = None,
        strict: bool = False,
        explain: bool = False,
        on_progress: ReportProgress | None = None,
    ) -> Predictions:
        """Predict rows and return the predictions in their order.

        `rows` is a DataFrame of pandas or polars, or dicts with a value for each column. Missing values are None, NaN,
        NaT or pandas.NA, and in a DataFrame infinite numbers, with a warning. `interval=0.9` adds bounds that nine
        tenths of all true values lie between, and `explain` what each column contributes, in `contributions`. With
        `strict` missing values, infinite numbers and unseen categories are errors. Raises `ColumnsNotKnown` for a
        DataFrame with columns that neither the model nor the file that it was trained on has, and `InvalidRecords` for
        values that it cannot take.
        """
        options: dict[str, Any] = {"strict": strict, **given({"interval": interval, "explain": explain or None})}
        choice = await self._choice(model, version)
        frame = as_frame(rows)
        if frame is not None:
            return await self._predict_frame(frame, choice, options, on_progress)
        return await self._predict_records(rows, choice, options, on_progress)

    async def row(
        self,
        row: Row,
        model: Named | None = None,
        *,
        version: int | None = None,
        interval: float | None = None,
        strict: bool = False,
        explain: bool = False,
    ) -> Prediction:
        """Predict one row: a dict, or a Series of pandas, with a value for each column."""
        choice = await self._choice(model, version)
        options = {"interval": interval, "strict": strict or None, "explain": explain or None}
        body = given({**choice, "data": record(row), **options})
        try:
            return Prediction.of(await self._connection.json("POST", "/predict", pure=True, json=body))
        except InvalidRecords as error:
            raise with_unknown(error) from None

    async def stored(
        self,
        model: Named | None = None,
        *,
        file_id: str | None = None,
        prefix: str | None = None,
        version: int | None = None,
        interval: float | None = None,
        strict: bool = False,
        explain: bool = False,
        on_progress: ReportProgress | None = None,
    ) -> Predictions:
        """Predict rows that the service has: those of a stored file, or of many objects, as for `export`.

        A large file and objects are predicted as a job, which is followed.
        """
        options = {"interval": interval, "strict": strict or None, "explain": explain or None}
        body = given({**await self._choice(model, version), **await self._source(None, file_id, prefix), **options})
        response = await self._connection.send("POST", "/predict/batch", keyed=True, json=body)
        answer = self._connection.read(response)
        if response.status_code == httpx.codes.ACCEPTED:
            job = await self._jobs.wait(answer["job_id"], on_progress=on_progress)
            answer = await self._connection.fetch_json((job.result or {})["url"])
        return Predictions.of(answer, level=interval)

    async def export(
        self,
        path: str | os.PathLike[str],
        model: Named | None = None,
        *,
        rows: Any = None,
        file_id: str | None = None,
        prefix: str | None = None,
        version: int | None = None,
        format: Literal["csv", "excel", "json", "jsonl", "parquet"] = "csv",
        interval: float | None = None,
        strict: bool = False,
        explain: bool = False,
        raw: bool = False,
        delimiter: Delimiter | None = None,
        decimal: DecimalMark | None = None,
        bom: bool | None = None,
        on_progress: ReportProgress | None = None,
    ) -> Path:
        """Write rows with their predictions to a file and return its path.

        The rows are a DataFrame or dicts in `rows`, the stored file `file_id`, or the objects of the bucket below
        `{workspace}/parts/` whose keys go on with `prefix`; without all of them the current file. A large file is
        predicted as a job, which is followed, and so are objects. `parquet` goes with stored files and objects only:
        objects and a large file become a folder `path` of several files, which pandas and polars read as one. What is
        written has its name once it is complete. With `explain` there is a column `contribution_...` for each column of
        the model, and `base_value`, to which they are added. A CSV is written with the `delimiter` and the `decimal`
        mark that are given, and without a byte order mark if `bom` is False.
        """
        target = Path(path)
        choice = await self._choice(model, version)
        source = await self._source(rows, file_id, prefix, strict=strict)
        options = {"format": format, "interval": interval, "strict": strict or None, "raw": raw or None}
        options["explain"] = explain or None
        style = {"delimiter": delimiter, "decimal": decimal, "bom": bom}
        body = given({**choice, **source, **options, **style})
        response = await self._connection.download("POST", "/predict/export", target, keyed=True, json=body)
        if response.status_code == httpx.codes.ACCEPTED:
            job = await self._jobs.wait(self._connection.read(response)["job_id"], on_progress=on_progress)
            result = job.result or {}
            fetch = self._connection.fetch_parts if result.get("parts") else self._connection.fetch
            await fetch(result["url"], target)
        return target

    async def _source(
        self, rows: Any, file_id: str | None, prefix: str | None, *, strict: bool = False
    ) -> dict[str, Any]:
        """Return the fields of a request that say which rows are predicted: those of the current file without any."""
        data = None
        if rows is not None:
            frame = as_frame(rows)
            data = [*frame_records(frame, strict=strict)] if frame is not None else [record(row) for row in rows]
        elif file_id is None and prefix is None:
            file_id = (await self._connection.json("GET", "/data/info"))["file_id"]
        return {"data": data, "file_id": file_id, "prefix": prefix}

    async def _choice(self, model: Named | None, version: int | None) -> dict[str, Any]:
        """Return the fields that name the model; without one, those of the model that was trained last."""
        choice = chosen(model, version)
        if choice["model_name"] is None:
            found = await self._connection.json("GET", "/model/info", params=choice)
            return {"model_name": found["model_name"], "version": found["version"]}
        return choice

    async def _predict_frame(
        self, frame: Frame, choice: Mapping[str, Any], options: Mapping[str, Any], on_progress: ReportProgress | None
    ) -> Predictions:
        """Predict a DataFrame in batches of tensors, all by the version that serves at the beginning."""
        frame.check_names()
        schema = await self._schema(choice)
        columns, others = match_columns(frame.names, schema.features)
        if others:
            await self._refuse_unknown(schema, frame, others, bool(columns))
        path = f"/v2/models/{segment(schema.model_name)}/versions/{schema.version}/infer"

        async def predict(batch: Batch) -> Answered:
            headers = {HEADER_LENGTH: str(batch.head_length), "Content-Type": "application/octet-stream"}
            response = await self._connection.send("POST", path, pure=True, content=batch.body, headers=headers)
            return answered_tensors(response.content, int(response.headers[HEADER_LENGTH]), batch)

        answers = []
        batches = frame_batches(frame, columns, options)
        while (batch := await in_thread(_next, batches)) is not None:
            answers.append(await self._located(predict, batch))
            if on_progress is not None:
                on_progress("predicting", batch.stop / frame.rows)
        return combine(
            answers,
            schema.model_name,
            schema.version,
            level=options.get("interval"),
            index=frame.index,
            library=frame.library,
        )

    async def _predict_records(
        self,
        rows: Iterable[Any],
        choice: Mapping[str, Any],
        options: Mapping[str, Any],
        on_progress: ReportProgress | None,
    ) -> Predictions:
        """Predict dicts in batches of JSON, all by the version that answers the first one."""
        listed = rows if isinstance(rows, Sequence) else [*rows]
        if isinstance(listed, str | bytes) or isinstance(rows, Mapping):
            raise TypeError("predict() takes a DataFrame or a list of dicts. One row goes to predict.row().")
        fields: dict[str, Any] = given({**choice, **options})
        answered: dict[str, Any] = dict(choice)

        async def predict(batch: Batch) -> Answered:
            headers = {"Content-Type": "application/json"}
            answer = await self._connection.json(
                "POST", "/predict/batch", pure=True, content=batch.body, headers=headers
            )
            answered.update(model_name=answer["model_name"], version=answer["version"])
            return answered_records(answer)

        answers = []
        batches = record_batches(listed, fields)
        while (batch := await in_thread(_next, batches)) is not None:
            answers.append(await self._located(predict, batch))
            if on_progress is not None:
                on_progress("predicting", batch.stop / len(listed))
        return combine(
            answers,
            answered["model_name"],
            answered["version"] or 0,
            level=options.get("interval"),
            index=None,
            library="pandas",
        )

    async def _located(self, predict: Callable[[Batch], Awaitable[Answered]], batch: Batch) -> Answered:
        """Predict a batch; the rows in an error are counted among all rows."""
        try:
            return await predict(batch)
        except InvalidRecords as error:
            raise with_unknown(shift_rows(error, batch)) from None

    async def _schema(self, choice: Mapping[str, Any]) -> ModelSchema:
        """Return what a model takes. Which version serves may change, and is asked for each time."""
        name, version = choice["model_name"], choice["version"]
        known = self._schemas.get((name, version)) if version is not None else None
        if known is not None:
            return known
        params = {"version": version}
        schema = ModelSchema.of(await self._connection.json("GET", f"/model/schema/{segment(name)}", params=params))
        if version is not None:
            if len(self._schemas) >= SCHEMAS_KEPT:
                self._schemas.clear()
            self._schemas[name, version] = schema
        return schema

    async def _refuse_unknown(self, schema: ModelSchema, frame: Frame, others: Sequence[str], has_any: bool) -> None:
        """Raise `ColumnsNotKnown` unless the other columns are the target or columns of the file trained on."""
        known = await self._columns_trained_on(schema)
        uploaded = dict(zip(frame.names, uploaded_names(frame.names), strict=True))
        unknown = [name for name in others if name not in known and uploaded[name] not in known]
        if unknown or not has_any:
            features = [feature["name"] for feature in schema.features]
            raise unknown_columns(schema.model_name, unknown or others, features, frame.names)

    async def _columns_trained_on(self, schema: ModelSchema) -> set[str]:
        """Return the names of the file that a model was trained on that are no features, as far as they are known."""
        params: dict[str, Any] = {"model_name": schema.model_name, "version": schema.version}
        manifest = await self._connection.json("GET", "/model/info", params=params)
        names = {manifest["target_column"], *manifest["recipe"].get("leave_out", [])}
        with suppress(NotFound):
            params = {"file_id": manifest["dataset"]["file_id"]}
            names |= set((await self._connection.json("GET", "/data/info", params=params))["column_types"])
        return names


def _next(batches: Iterator[Batch]) -> Batch | None:
    return next(batches, None)
