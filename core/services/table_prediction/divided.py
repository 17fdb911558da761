"""Exports and predictions of many rows as divided jobs: each chunk of a stored table, or each object, is a task."""

import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from itertools import chain
from pathlib import Path

from pydantic_core import to_json

from core.freed_memory import return_freed_memory
from core.inference.input_warnings import InputWarnings
from core.inference.intervals import conformal_interval
from core.inference.read_again import FIRST_FILE_ROW
from core.jobs.commands import ExportTableCommand, PredictTableCommand, TableCommand
from core.progress import ReportProgress
from core.services.prediction.predict import predict_slices
from core.services.table_prediction.chunks import Chunks
from core.services.table_prediction.export_table import write_rows
from core.services.table_prediction.parquet_files import CAST_FILES, PARQUET, TaskFile, cast_file, store_files
from core.services.table_prediction.predict_table import (
    LISTS,
    answer_head,
    file_name,
    model_slices,
    numbers_as_json,
)
from core.services.table_prediction.source import OpenRows, Source
from core.storage.export_repository import stored_file
from core.storage.s3.joined import Piece, StoredPiece
from core.storage.task_repository import Division
from core.storage.workspace import Workspace
from core.tables.table_writers import TABLE_FORMATS
from core.types import ColumnType, Json

# The format that has no file of several parts.
WORKBOOK = "excel"
# The stage of a job whose tasks are done.
JOINING = "joining"
# The stage of a task that casts columns.
CASTING = "casting"
# What the tasks of a prediction have stored of what is unusual about their rows.
WARNINGS = "warnings.json"


# How the key ends of what a task has stored, with its columns cast.
CAST = "cast.parquet"


class DividedExport:
    """An export whose tasks each write a part of the file.

    Objects may have a column with different types. Of an export in Parquet the last tasks then cast the columns of
    these parts.
    """

    def divide(
        self, workspace: Workspace, command: ExportTableCommand, report_progress: ReportProgress, job_id: str
    ) -> Division | None:
        """Return the tasks; None where the rows are too few, and for a workbook."""
        if command.format == WORKBOOK:
            return None
        source = _source_type(command)
        division = source.divide(workspace, command, report_progress, job_id)
        if division is None or command.format != PARQUET:
            return division
        last = source.of(division).cast_tasks()
        return division.model_copy(update={"tasks": division.tasks + last, "last": last})

    def needs_last(self, command: ExportTableCommand, division: Division, outputs: list[Json]) -> bool:
        """Return whether columns are to be cast; raises `InvalidInputError` where objects are no single table."""
        return any(_casts(_source_type(command).of(division), outputs).values())

    def run_task(
        self,
        workspace: Workspace,
        command: ExportTableCommand,
        division: Division,
        number: int,
        report_progress: ReportProgress,
        job_id: str,
    ) -> Json:
        """Write and store one part of the file, or cast the columns of some."""
        source = _source_type(command).of(division)
        if number >= division.first:
            start = CAST_FILES * (number - division.first)
            numbers = source.in_order()[start : start + CAST_FILES]
            outputs = list(workspace.tasks.facts_so_far(job_id, range(division.first)).values())
            return {"cast": _cast(workspace, job_id, _casts(source, outputs), numbers, report_progress)}
        ending = TABLE_FORMATS[command.format].ending
        numbers = source.in_order()
        with source.open(workspace, command, number, report_progress, job_id) as opened:
            path = opened.folder / f"part.{ending}"
            write_rows(
                path,
                opened.model,
                command,
                opened.table,
                opened.rows,
                opened.read_again,
                report_progress,
                begins=number == numbers[0],
                ends=number == numbers[-1],
            )
            return _store(workspace, job_id, number, opened, {ending: path})

    def finish(
        self,
        workspace: Workspace,
        command: ExportTableCommand,
        division: Division,
        outputs: list[Json],
        report_progress: ReportProgress,
        job_id: str,
    ) -> Json:
        """Join the parts, and return what `export_table` does; of Parquet store a manifest of the parts."""
        source = _source_type(command).of(division)
        warnings = source.warnings(outputs)
        chosen = TABLE_FORMATS[command.format]
        name = f"{command.model_name}-v{source.version}"
        pieces = _pieces(workspace, job_id, source, outputs, chosen.ending)
        report_share = partial(report_progress, JOINING)
        if command.format == PARQUET:
            casts = source.casts(outputs)
            sizes = dict(chain.from_iterable(output["cast"] for output in outputs[division.first :]))
            # An earlier version divided the job without tasks for that.
            left = [number for number in source.in_order() if casts.get(number) and number not in sizes]
            sizes.update(_cast(workspace, job_id, casts, left, report_progress))
            files = [
                TaskFile(
                    workspace.tasks.output_key(job_id, number, CAST) if number in sizes else piece.key,
                    sizes.get(number, piece.stop),
                    outputs[number]["rows"],
                )
                for number, piece in zip(source.in_order(), pieces, strict=True)
            ]
            return {**store_files(workspace, name, files, report_share), "warnings": warnings}
        url, size = workspace.exports.join(f"{name}.{chosen.ending}", pieces, chosen.media_type, report_share)
        stored = stored_file(url, f"{name}.{chosen.ending}", size)
        return {"media_type": chosen.media_type, **stored, "warnings": warnings}


class DividedPrediction:
    """A prediction whose tasks each write a part of every list of numbers in the file."""

    def divide(
        self, workspace: Workspace, command: PredictTableCommand, report_progress: ReportProgress, job_id: str
    ) -> Division | None:
        """Return the tasks; None where the rows are too few."""
        return _source_type(command).divide(workspace, command, report_progress, job_id)

    def run_task(
        self,
        workspace: Workspace,
        command: PredictTableCommand,
        division: Division,
        number: int,
        report_progress: ReportProgress,
        job_id: str,
    ) -> Json:
        """Predict the rows of one task, and store its part of each list and what is unusual about its rows."""
        source = _source_type(command).of(division)
        is_first = number == source.in_order()[0]
        with source.open(workspace, command, number, report_progress, job_id) as opened:
            model, rows = opened.model, opened.rows
            interval = None if command.interval is None else conformal_interval(model.manifest, command.interval)
            first_row = FIRST_FILE_ROW + rows.start
            input_warnings = InputWarnings(model.manifest.features, strict=command.strict, first_row=first_row)
            paths = {f"{name}.json": opened.folder / f"{name}.json" for name in LISTS[: 3 if interval else 1]}
            slices = model_slices(opened.table, model, rows)
            separator, done = b"" if is_first else b",", 0
            with ExitStack() as stack:
                files = [stack.enter_context(path.open("wb")) for path in paths.values()]
                for piece in predict_slices(model, slices, input_warnings, opened.read_again, interval):
                    for file, values in zip(files, piece.columns, strict=True):
                        file.write(separator + numbers_as_json(values))
                    separator = b","
                    done += len(piece.values)
                    report_progress("predicting", done / len(rows))
                    return_freed_memory()
            found = json.dumps(input_warnings.state()).encode()
            workspace.objects.put(workspace.tasks.output_key(job_id, number, WARNINGS), found)
            return _store(workspace, job_id, number, opened, paths)

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
        source = _source_type(command).of(division)
        unreadable = source.warnings(outputs)
        manifest = source.manifest(workspace, command)
        interval = None if command.interval is None else conformal_interval(manifest, command.interval)
        input_warnings = InputWarnings(manifest.features)
        for done, number in enumerate(source.in_order()):
            report_progress(JOINING, done / division.tasks)
            key = workspace.tasks.output_key(job_id, number, WARNINGS)
            input_warnings.merge(json.loads(workspace.objects.get(key)))
        count = sum(output["rows"] for output in outputs)
        head = answer_head(manifest, count, [*unreadable, *input_warnings.warnings()], interval)
        pieces: list[Piece] = [to_json(head)[:-1]]
        for name in LISTS[: 3 if interval else 1]:
            pieces += [f',"{name}":['.encode(), *_pieces(workspace, job_id, source, outputs, f"{name}.json"), b"]"]
        name = file_name(manifest)
        report_share = partial(report_progress, JOINING)
        url, size = workspace.exports.join(name, [*pieces, b"}"], "application/json", report_share)
        return {**head, "format": "json", **stored_file(url, name, size)}


def _source_type(command: TableCommand) -> type[Source]:
    if command.prefix is None:
        return Chunks
    from core.services.table_prediction.parts import Parts  # loads what reads files, which chunks do without

    return Parts


def _casts(source: Source, outputs: list[Json]) -> Mapping[int, Mapping[str, ColumnType]]:
    """Return what is to be cast, by the number of the task; raises where the rows are no single table."""
    source.warnings(outputs)
    return source.casts(outputs)


def _cast(
    workspace: Workspace,
    job_id: str,
    casts: Mapping[int, Mapping[str, ColumnType]],
    numbers: Sequence[int],
    report_progress: ReportProgress,
) -> list[tuple[int, int]]:
    """Cast what these tasks have stored, where that is to be; return the number of each task and the size in bytes."""
    needed = [number for number in numbers if casts.get(number)]
    sizes = []
    for done, number in enumerate(needed):
        key, made = (workspace.tasks.output_key(job_id, number, ending) for ending in (PARQUET, CAST))
        look = partial(report_progress, CASTING, done / len(needed))
        sizes.append((number, cast_file(workspace.objects, key, made, casts[number], look)))
    return sizes


def _store(workspace: Workspace, job_id: str, number: int, opened: OpenRows, paths: Mapping[str, Path]) -> Json:
    """Store the files of a task, each by its ending, and return the facts of the task."""
    for ending, path in paths.items():
        workspace.objects.put_file(workspace.tasks.output_key(job_id, number, ending), path)
    sizes = {ending: path.stat().st_size for ending, path in paths.items()}
    return {"rows": len(opened.rows), "size_bytes": sizes, **opened.facts}


def _pieces(workspace: Workspace, job_id: str, source: Source, outputs: list[Json], ending: str) -> list[StoredPiece]:
    """Return what all tasks have stored with this ending, in the order of their rows, given their facts."""
    return [
        StoredPiece(workspace.tasks.output_key(job_id, number, ending), 0, outputs[number]["size_bytes"][ending])
        for number in source.in_order()
    ]
