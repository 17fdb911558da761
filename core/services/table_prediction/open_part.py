"""Download an object of a prefix and read it as an upload is, with the columns of the model like the model's file."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import BaseModel, ConfigDict

from core.errors import InvalidInputError, NoSuchFileError, NotACsvError, RegattaError
from core.inference.read_again import NOTHING_READ_AGAIN, ColumnsReadAgain
from core.inference.sufficiency import features_to_read_again
from core.manifests import DatasetManifest, Feature, Reading
from core.progress import ReportProgress
from core.services.prediction.parts import Part, part_key
from core.services.prediction.stored_texts import read_texts_again
from core.services.processing.describe import manifest_of
from core.services.processing.received_table import find_table
from core.settings import settings
from core.storage.s3.object_store import MissingObjectError
from core.storage.workspace import Workspace
from core.tables.csv_reader import read_table
from core.tables.table import Table
from core.types import ColumnType

WAY_OUT = "Correct the object, or choose a model that was trained on a file like it."


class PartColumn(BaseModel):
    """A column of the parts: whole numbers are numbers, and what a column without a value holds is empty.

    `because` ends a sentence: why it holds texts although most of its values are none, with a line of the part. `type`
    is that of the part's table; None where an earlier version has read it.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    holds: str
    because: str = ""
    type: ColumnType | None = None


@dataclass(frozen=True)
class OpenPart:
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
                because=column.text_because or "",
                type=column.type,
            )
            for column in self.manifest.columns
        ]


@contextmanager
def open_part(
    workspace: Workspace, part: Part, features: Sequence[Feature], report_progress: ReportProgress, *, strict: bool
) -> Iterator[OpenPart]:
    """Give the whole table of an object; what is raised meanwhile names the object.

    Raises `NoSuchFileError` for an object that was deleted, `InvalidInputError` for one that was changed, and
    `NotACsvError`, `TooLargeError` as an upload does.
    """
    with naming(part), TemporaryDirectory(prefix="regatta-") as name:
        folder = Path(name)
        source = folder / "source"
        _download(workspace, part, source)
        found = find_table(source, folder, Reading(), settings().max_file_bytes)
        kind = f".{found.container.format}" if found.container else ".csv"
        if not part.name.lower().endswith(kind) or (found.container and found.container.packed_in):
            raise NotACsvError("It is not what the ending of its name says. Put it there again.")
        table = read_table(found.dialect, folder, report_progress, found.reading, found.texts_like(features))
        manifest = manifest_of("", part.name, found, table, Reading())
        wanted, read_again = features_to_read_again(manifest, features), NOTHING_READ_AGAIN
        if wanted:
            again = folder / "again"
            again.mkdir()
            text = found.text.path if found.container else source
            read_again = read_texts_again(text, manifest, wanted, again, way_out=WAY_OUT)
        warnings = [*manifest.warnings, *read_again.warnings(strict=strict)]
        yield OpenPart(folder, manifest, table, read_again, warnings)


@contextmanager
def naming(part: Part) -> Iterator[None]:
    """Name the part in what is wrong with it."""
    try:
        yield
    except RegattaError as error:
        if error.status < 500 and not error.detail.startswith(part.name):
            error.detail = f"{part.name}: {error.detail}"
        raise


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
