"""Predict many objects of the bucket as one table, by the tasks of a divided job. Needs Arrow.

A part is read as an upload is, with the columns of the model like those that the model was trained on. The names of the
columns are the same in all parts, and so is what they hold. A large part has several tasks, one for each chunk of its
rows: the first one reads it, since a cell means what all cells of its column say, and stores its table for the others.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property

from pydantic import model_validator

from core.errors import InvalidInputError
from core.inference.stored_columns import check_feature_columns
from core.jobs.commands import TableCommand
from core.jobs.division import TaskTakenError
from core.progress import ReportProgress
from core.services.prediction.loaded_models import find_manifest
from core.services.prediction.parts import Part, find_parts
from core.services.table_prediction.open_part import OpenPart, PartColumn, naming, open_part
from core.services.table_prediction.parquet_files import CAST_FILES
from core.services.table_prediction.part_tables import PartTables, StoredTable
from core.services.table_prediction.source import MOST_TASKS, OpenRows, Source
from core.settings import settings
from core.storage.task_repository import Division
from core.storage.workspace import Workspace
from core.types import ColumnType, Json

# How many warnings of reading the parts a result has.
MOST_WARNINGS = 100


class Parts(Source):
    """The objects in their order, and the columns of the first one, which all of them have."""

    parts: list[Part]
    columns: list[PartColumn]
    # Of how many chunks each part is.
    chunks: list[int]

    @model_validator(mode="before")
    @classmethod
    def _of_earlier_version(cls, facts: Json) -> Json:
        """Return the facts of a division that an earlier version made with those that it lacks."""
        return {"chunks": [1] * len(facts["parts"]), **facts}

    @classmethod
    def divide(
        cls, workspace: Workspace, command: TableCommand, report_progress: ReportProgress, job_id: str
    ) -> Division:
        """Return a division with a task for each object, and more for the further chunks of large ones.

        The first object is read now, so that another whose columns differ ends the job as soon as it is read. Raises
        what `find_parts` and `open` do.
        """
        parts = find_parts(workspace, command.prefix or "")
        model = find_manifest(workspace, command.model_name, command.version, model_info=command.model_info)
        with open_part(workspace, parts[0], model.features, report_progress, strict=command.strict) as first:
            check_feature_columns({column.name for column in first.columns}, model.features)
            facts = cls(
                version=model.version,
                trained_at=model.created_at,
                parts=parts,
                columns=first.columns,
                chunks=_chunks(parts, first.table.rows),
            )
            if facts.chunks[0] > 1:
                facts._store(workspace, job_id, 0, first)
        return Division(tasks=sum(facts.chunks), facts=facts.model_dump())

    @contextmanager
    def open(
        self,
        workspace: Workspace,
        command: TableCommand,
        number: int,
        report_progress: ReportProgress,
        job_id: str,
    ) -> Iterator[OpenRows]:
        """Give the rows of an object that was downloaded and read as an upload is; what is raised meanwhile names it.

        Raises `NoSuchFileError` for an object that was deleted, `InvalidInputError` for one that was changed or has
        other columns, `NotACsvError`, `TooLargeError` as an upload does, and `TaskTakenError` for a further chunk of an
        object that has not been read.
        """
        place, chunk = self._places[number]
        part, tables = self.parts[place], PartTables(workspace, job_id)
        stored = tables.find(place) if self.chunks[place] > 1 else None
        if stored is None and chunk:
            raise TaskTakenError(f"{part.name} is being read.")
        model = self.model(workspace, command)
        with naming(part):
            if stored is None:
                features = model.manifest.features
                with open_part(workspace, part, features, report_progress, strict=command.strict) as opened:
                    _agreed(self.columns, opened.columns, self.parts[0])
                    if self.chunks[place] == 1:
                        rows = range(opened.table.rows)
                        facts = _facts(part, opened)
                        yield OpenRows(opened.folder, model, opened.table, rows, opened.read_again, facts)
                        return
                    stored = self._store(workspace, job_id, place, opened)
            with tables.open(place, stored, chunk) as (folder, table, rows, read_again):
                yield OpenRows(folder, model, table, rows, read_again, {} if chunk else stored.facts)

    def in_order(self) -> Sequence[int]:
        """Return the numbers of the tasks in the order of their rows."""
        return sorted(range(len(self._places)), key=self._places.__getitem__)

    def warnings(self, outputs: list[Json]) -> list[str]:
        """Return the first warnings of reading; raises `InvalidInputError` where the columns of objects differ."""
        columns, warnings = self.columns, list[str]()
        for part, found, output in zip(self.parts, self._found(outputs), outputs, strict=False):
            with naming(part):
                columns = _agreed(columns, found, self.parts[0])
            warnings += output["warnings"]
        return warnings[:MOST_WARNINGS]

    def cast_tasks(self) -> int:
        """Return how many tasks there are to cast columns: none where all rows are of one object."""
        return -(-len(self._places) // CAST_FILES) if len(self.parts) > 1 else 0

    def casts(self, outputs: list[Json]) -> dict[int, dict[str, ColumnType]]:
        """Return the casts of each task's columns: a number may be whole in some objects, or be in some of them only.

        The table has the type of the first object for a column without a value in all of them.
        """
        found = self._found(outputs)
        types = [_common_type(columns) for columns in zip(*found, strict=True)]
        casts = [
            {one.name: kind for one, kind in zip(columns, types, strict=True) if kind and one.type != kind}
            for columns in found
        ]
        return {number: casts[place] for number, (place, _) in enumerate(self._places)}

    def _found(self, outputs: list[Json]) -> list[list[PartColumn]]:
        """Return the columns of each part, given the facts of all tasks: the first ones have read the parts."""
        return [
            [PartColumn.model_validate(column) for column in output["columns"]] for output in outputs[: len(self.parts)]
        ]

    @cached_property
    def _places(self) -> list[tuple[int, int]]:
        """Return by the number of each task its part and chunk: the first chunks of all parts, then all others."""
        places = [(place, chunk) for place, count in enumerate(self.chunks) for chunk in range(count)]
        return sorted(places, key=lambda one: (one[1] > 0, one))

    def _store(self, workspace: Workspace, job_id: str, place: int, opened: OpenPart) -> StoredTable:
        facts = _facts(self.parts[place], opened)
        return PartTables(workspace, job_id).store(place, opened, self.chunks[place], facts)


def _chunks(parts: Sequence[Part], rows: int) -> list[int]:
    """Return of how many chunks each part is, given the rows of the first one; a chunk has REGATTA_CHUNK_ROWS or more.

    The rows of the others are known when they are read: until then each has as many bytes as in the first.
    """
    room = MOST_TASKS - len(parts)
    if not settings().chunk_rows or room <= 0:
        return [1] * len(parts)
    chunk_bytes = max(settings().chunk_rows * parts[0].size / rows, sum(part.size for part in parts) / room)
    return [max(1, int(part.size / chunk_bytes)) for part in parts]


def _facts(part: Part, opened: OpenPart) -> Json:
    """Return what the end of the job has to know of how a part was read."""
    return {
        "columns": [column.model_dump() for column in opened.columns],
        "warnings": [f"{part.name}: {warning}" for warning in opened.warnings][:MOST_WARNINGS],
    }


def _agreed(known: Sequence[PartColumn], found: Sequence[PartColumn], first: Part) -> list[PartColumn]:
    """Return the columns with what is known of them now; raises `InvalidInputError` for the first that differs."""
    names, others = [column.name for column in known], [column.name for column in found]
    if names != others:
        place = next((n for n, pair in enumerate(zip(names, others, strict=False)) if pair[0] != pair[1]), None)
        if place is None:
            raise _differs(f"it has {len(others)} columns, and {first.name} has {len(names)}")
        raise _differs(f"its column {place + 1} is {others[place]!r}, and that of {first.name} is {names[place]!r}")
    for before, now in zip(known, found, strict=True):
        if before.holds and now.holds and before.holds != now.holds:
            one, other = (f"{column.holds}{column.because}" for column in (now, before))
            raise _differs(f"its column {now.name!r} is read as {one}, and in objects before as {other}")
    return [now if now.holds else before for before, now in zip(known, found, strict=True)]


def _common_type(columns: Sequence[PartColumn]) -> ColumnType | None:
    """Return the type of a column in the whole table, given those of all parts, which hold the same."""
    types = {column.type for column in columns if column.holds} or {columns[0].type}
    return "number" if types == {"integer", "number"} else types.pop()


def _differs(message: str) -> InvalidInputError:
    return InvalidInputError(
        f"The objects are no single table: {message}. Write them alike, or send a request of its own for what differs.",
        [{"field": "prefix", "message": message}],
    )
