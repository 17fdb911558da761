"""Exports and predictions of large stored tables as divided jobs: each chunk of rows is a task."""

import json
from contextlib import ExitStack

from pydantic_core import to_json

from core.inference.input_warnings import InputWarnings
from core.inference.intervals import conformal_interval
from core.inference.read_again import FIRST_FILE_ROW
from core.jobs.commands import ExportTableCommand, PredictTableCommand
from core.progress import ReportProgress
from core.services.prediction.predict import predict_slices
from core.services.table_prediction.chunks import (
    Chunks,
    FixedModel,
    check_rows,
    divide_rows,
    open_chunk,
    output_pieces,
)
from core.services.table_prediction.export_table import write_rows
from core.services.table_prediction.parts import Parts, divide_parts, warnings_of_parts, write_part
from core.services.table_prediction.predict_table import (
    LISTS,
    answer_head,
    file_name,
    model_slices,
    numbers_as_json,
)
from core.storage.export_repository import stored_file
from core.storage.s3.joined import Piece
from core.storage.task_repository import Division
from core.storage.workspace import Workspace
from core.tables.table_writers import TABLE_FORMATS
from core.types import Json

# The formats whose files are their parts one after the other.
JOINED_FORMATS = ("csv", "json")
# What the chunks of a prediction have stored of what is unusual about their rows.
WARNINGS = "warnings.json"


class DividedExport:
    """An export whose chunks each write a part of the file."""

    def divide(
        self, workspace: Workspace, command: ExportTableCommand, report_progress: ReportProgress, job_id: str
    ) -> Division | None:
        """Return the chunks of the table, or its objects; None where they are too few, and for a workbook."""
        if command.prefix is not None:
            return divide_parts(workspace, command)
        return divide_rows(workspace, command, job_id) if command.format in JOINED_FORMATS else None

    def run_task(
        self,
        workspace: Workspace,
        command: ExportTableCommand,
        division: Division,
        number: int,
        report_progress: ReportProgress,
        job_id: str,
    ) -> Json:
        """Write and store one part of the file."""
        if command.prefix is not None:
            return write_part(workspace, command, division, number, report_progress, job_id)
        chunks = Chunks.model_validate(division.facts)
        model = chunks.model(workspace, command)
        ending = TABLE_FORMATS[command.format].ending
        rows = chunks.rows(number)
        with open_chunk(workspace, command, chunks, number, job_id) as (table, read_again, folder):
            path = folder / f"part.{ending}"
            write_rows(path, model, command, table, rows, read_again, report_progress)
            workspace.objects.put_file(workspace.tasks.output_key(job_id, number, ending), path)
            return {"rows": len(rows), "size_bytes": {ending: path.stat().st_size}}

    def finish(
        self,
        workspace: Workspace,
        command: ExportTableCommand,
        division: Division,
        outputs: list[Json],
        report_progress: ReportProgress,
        job_id: str,
    ) -> Json:
        """Join the parts, and return what `export_table` does; of many objects also the warnings of reading them."""
        fixed: FixedModel
        more: Json = {}
        if command.prefix is not None:
            fixed = parts = Parts.model_validate(division.facts)
            more = {"warnings": warnings_of_parts(parts, outputs)}
        else:
            fixed = chunks = Chunks.model_validate(division.facts)
            check_rows(chunks, outputs)
        chosen = TABLE_FORMATS[command.format]
        name = f"{command.model_name}-v{fixed.version}.{chosen.ending}"
        pieces = output_pieces(workspace, job_id, outputs, chosen.ending)
        url, size = workspace.exports.join(name, pieces, chosen.media_type)
        return {"media_type": chosen.media_type, **stored_file(url, name, size), **more}


class DividedPrediction:
    """A prediction whose chunks each write a part of every list of numbers in the file."""

    def divide(
        self, workspace: Workspace, command: PredictTableCommand, report_progress: ReportProgress, job_id: str
    ) -> Division | None:
        """Return the chunks of the table; None where they are too few."""
        return divide_rows(workspace, command, job_id)

    def run_task(
        self,
        workspace: Workspace,
        command: PredictTableCommand,
        division: Division,
        number: int,
        report_progress: ReportProgress,
        job_id: str,
    ) -> Json:
        """Predict one chunk, and store its part of each list and what is unusual about its rows."""
        chunks = Chunks.model_validate(division.facts)
        model = chunks.model(workspace, command)
        interval = None if command.interval is None else conformal_interval(model.manifest, command.interval)
        rows = chunks.rows(number)
        input_warnings = InputWarnings(
            model.manifest.features, strict=command.strict, first_row=FIRST_FILE_ROW + rows.start
        )
        with open_chunk(workspace, command, chunks, number, job_id) as (table, read_again, folder):
            paths = {f"{name}.json": folder / f"{name}.json" for name in LISTS[: 3 if interval else 1]}
            slices = model_slices(table, model, rows)
            separator, done = b"" if number == 0 else b",", 0
            with ExitStack() as stack:
                files = [stack.enter_context(path.open("wb")) for path in paths.values()]
                for piece in predict_slices(model, slices, input_warnings, read_again, interval):
                    for file, values in zip(files, piece.columns, strict=True):
                        file.write(separator + numbers_as_json(values))
                    separator = b","
                    done += len(piece.values)
                    report_progress("predicting", done / len(rows))
            for ending, path in paths.items():
                workspace.objects.put_file(workspace.tasks.output_key(job_id, number, ending), path)
            found = json.dumps(input_warnings.state()).encode()
            workspace.objects.put(workspace.tasks.output_key(job_id, number, WARNINGS), found)
            return {"rows": done, "size_bytes": {ending: path.stat().st_size for ending, path in paths.items()}}

    def finish(
        self,
        workspace: Workspace,
        command: PredictTableCommand,
        division: Division,
        outputs: list[Json],
        report_progress: ReportProgress,
        job_id: str,
    ) -> Json:
        """Join the lists to the file, and return what `predict_stored_table` does."""
        chunks = Chunks.model_validate(division.facts)
        check_rows(chunks, outputs)
        model = chunks.model(workspace, command)
        interval = None if command.interval is None else conformal_interval(model.manifest, command.interval)
        input_warnings = InputWarnings(model.manifest.features)
        for number in range(division.tasks):
            report_progress("joining", number / division.tasks)
            key = workspace.tasks.output_key(job_id, number, WARNINGS)
            input_warnings.merge(json.loads(workspace.objects.get(key)))
        warnings = [*chunks.unreadable, *input_warnings.warnings()]
        head = answer_head(model, chunks.borders[-1], warnings, interval)
        pieces: list[Piece] = [to_json(head)[:-1]]
        for name in LISTS[: 3 if interval else 1]:
            pieces += [f',"{name}":['.encode(), *output_pieces(workspace, job_id, outputs, f"{name}.json"), b"]"]
        url, size = workspace.exports.join(file_name(model), [*pieces, b"}"], "application/json")
        return {**head, "format": "json", **stored_file(url, file_name(model), size)}
