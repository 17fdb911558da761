"""Predict many objects of the bucket as one table: each is a task of a divided job. Needs Arrow.

A part is read as an upload is, with the columns of the model like those that the model was trained on. The names of the
columns are the same in all parts, and so is what they hold.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import BaseModel, ConfigDict

from core.errors import InvalidInputError, NoSuchFileError, NotACsvError, RegattaError
from core.inference.read_again import NOTHING_READ_AGAIN, ColumnsReadAgain
from core.inference.stored_columns import check_feature_columns
from core.inference.sufficiency import features_to_read_again
from core.jobs.commands import TableCommand
from core.manifests import DatasetManifest, Feature, Reading
from core.services.prediction.loaded_models import find_manifest
from core.services.prediction.parts import Part, find_parts, part_key
from core.services.prediction.stored_texts import read_texts_again
from core.services.processing.describe import manifest_of
from core.services.processing.received_table import find_table
from core.services.table_prediction.source import OpenRows, Source
from core.settings import settings
from core.storage.s3.object_store import MissingObjectError
from core.storage.task_repository import Division
from core.storage.workspace import Workspace
from core.tables.csv_reader import read_table
from core.tables.table import Table
from core.types import Json

WAY_OUT = "Correct the object, or choose a model that was trained on a file like it."
# How many warnings of reading the parts a result has.
MOST_WARNINGS = 100


class PartColumn(BaseModel):
    """A column of the parts: whole numbers are numbers, and what a column without a value holds is empty."""

    model_config = ConfigDict(frozen=True)

    name: str
    holds: str


class Parts(Source):
    """The objects in their order, and the columns of the first one, which all of them have."""

    parts: list[Part]
    columns: list[PartColumn]

    @classmethod
    def divide(cls, workspace: Workspace, command: TableCommand, job_id: str) -> Division:
        """Return a division with a task for each object.

        The first one is read now, so that another whose columns differ ends the job as soon as it is read. Raises what
        `find_parts` and `open` do.
        """
        parts = find_parts(workspace, command.prefix or "")
        model = find_manifest(workspace, command.model_name, command.version, model_info=command.model_info)
        with _open_part(workspace, parts[0], model.features, strict=command.strict) as first:
            check_feature_columns({column.name for column in first.columns}, model.features)
            columns = first.columns
        facts = cls(version=model.version, trained_at=model.created_at, parts=parts, columns=columns)
        return Division(tasks=len(parts), facts=facts.model_dump())

    @contextmanager
    def open(self, workspace: Workspace, command: TableCommand, number: int, job_id: str) -> Iterator[OpenRows]:
        """Give the rows of an object that was downloaded and read as an upload is; what is raised meanwhile names it.

        Raises `NoSuchFileError` for an object that was deleted, `InvalidInputError` for one that was changed or has
        other columns, and `NotACsvError`, `TooLargeError` as an upload does.
        """
        model, part = self.model(workspace, command), self.parts[number]
        with _open_part(workspace, part, model.manifest.features, strict=command.strict) as opened:
            _agreed(self.columns, opened.columns, self.parts[0])
            facts = {
                "columns": [column.model_dump() for column in opened.columns],
                "warnings": [f"{part.name}: {warning}" for warning in opened.warnings][:MOST_WARNINGS],
            }
            rows = range(opened.table.rows)
            yield OpenRows(opened.folder, model, opened.table, rows, opened.read_again, facts)

    def warnings(self, outputs: list[Json]) -> list[str]:
        """Return the first warnings of reading; raises `InvalidInputError` where the columns of objects differ."""
        columns, warnings = self.columns, list[str]()
        for part, output in zip(self.parts, outputs, strict=True):
            with _naming(part):
                found = [PartColumn.model_validate(column) for column in output["columns"]]
                columns = _agreed(columns, found, self.parts[0])
            warnings += output["warnings"]
        return warnings[:MOST_WARNINGS]


@dataclass(frozen=True)
class _OpenPart:
    """An object on this machine's disk: its table, what is known of it, and its columns that were read again."""

    folder: Path
    manifest: DatasetManifest
    table: Table
    read_again: ColumnsReadAgain
    warnings: list[str]

    @property
    def columns(self) -> list[PartColumn]:
        """Return the columns with what they hold."""
        return [
            PartColumn(
                name=column.name,
                holds="" if column.missing == self.table.rows else {"integer": "number"}.get(column.type, column.type),
            )
            for column in self.manifest.columns
        ]


@contextmanager
def _open_part(workspace: Workspace, part: Part, features: Sequence[Feature], *, strict: bool) -> Iterator[_OpenPart]:
    with _naming(part), TemporaryDirectory(prefix="regatta-") as name:
        folder = Path(name)
        source = folder / "source"
        _download(workspace, part, source)
        found = find_table(source, folder, Reading(), settings().max_file_bytes)
        kind = f".{found.container.format}" if found.container else ".csv"
        if not part.name.lower().endswith(kind) or (found.container and found.container.packed_in):
            raise NotACsvError("It is not what the ending of its name says. Put it there again.")
        table = read_table(found.dialect, folder, reading=found.reading, like=found.texts_like(features))
        manifest = manifest_of("", part.name, found, table, Reading())
        wanted, read_again = features_to_read_again(manifest, features), NOTHING_READ_AGAIN
        if wanted:
            again = folder / "again"
            again.mkdir()
            text = found.text.path if found.container else source
            read_again = read_texts_again(text, manifest, wanted, again, way_out=WAY_OUT)
        warnings = [*manifest.warnings, *read_again.warnings(strict=strict)]
        yield _OpenPart(folder, manifest, table, read_again, warnings)


def _download(workspace: Workspace, part: Part, path: Path) -> None:
    """Download an object; raises unless it is the one that was found."""
    try:
        etag = workspace.objects.download(part_key(workspace, part.name), path)
    except MissingObjectError as error:
        raise NoSuchFileError("It was deleted while it was predicted. Put it there again.") from error
    if etag != part.etag:
        message = f"{part.name} was changed while it was predicted"
        raise InvalidInputError(
            "It was changed while it was predicted. Send the request again.", [{"field": "prefix", "message": message}]
        )


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
            raise _differs(f"its column {now.name!r} is read as {now.holds}, and in objects before as {before.holds}")
    return [now if now.holds else before for before, now in zip(known, found, strict=True)]


def _differs(message: str) -> InvalidInputError:
    return InvalidInputError(
        f"The objects are no single table: {message}. Write them alike.", [{"field": "prefix", "message": message}]
    )


@contextmanager
def _naming(part: Part) -> Iterator[None]:
    """Name the part in what is wrong with it."""
    try:
        yield
    except RegattaError as error:
        if error.status < 500 and not error.detail.startswith(part.name):
            error.detail = f"{part.name}: {error.detail}"
        raise
