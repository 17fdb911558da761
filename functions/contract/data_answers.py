"""What the operations on datasets answer."""

from typing import Literal

from pydantic import Field

from core.manifests import FileContainer, HandleMissing, Reading
from core.storage.tickets import Method as UploadMethod
from core.types import ColumnType
from functions.contract.answer import Answer, Cell, FileSummary, Problem, Timestamp, absent
from functions.contract.profile_answers import ColumnStatistics, Finding


class Upload(FileSummary):
    """A file that became a dataset, and how it was read."""

    sha256: str
    encoding: str
    delimiter: str
    has_header: bool
    column_types: dict[str, ColumnType]
    missing: dict[str, int] = Field(description="missing values by column")
    warnings: list[str]
    units: dict[str, str] | None = absent()
    formats: dict[str, str] | None = absent()
    decimals: dict[str, str] | None = absent()
    reading: Reading | None = absent("what was asked for")
    container: FileContainer | None = absent("the format and the sheet that it was received in")


class RecipeAnswer(Answer):
    """How a table is preprocessed for training."""

    handle_missing: HandleMissing
    columns: dict[str, HandleMissing]
    leave_out: list[str]
    target_column: str | None


class DatasetInfo(Upload):
    """Everything about a dataset but its correlations."""

    memory_bytes: int
    duplicate_rows: int
    statistics: dict[str, ColumnStatistics]
    findings: list[Finding]
    recipe: RecipeAnswer


class Preview(Answer):
    """The first rows of a dataset."""

    file_id: str
    columns: list[str]
    rows: list[list[Cell]]


class DatasetRows(Answer):
    """A page of the rows of a dataset."""

    file_id: str
    first: int = Field(description="the number of the first of these rows; the header is row 1")
    total: int = Field(description="how many rows the dataset has")
    columns: list[str]
    rows: list[list[Cell]]


class Files(Answer):
    """One page of the datasets, oldest first."""

    files: list[FileSummary]
    current: str | None
    next: str | None = Field(description="the `cursor` of the next page")


class FileDeleted(Answer):
    """The dataset that was deleted, and which one is current now."""

    deleted: str
    current: str | None


class UploadTicket(Answer):
    """A large upload on its way to become a dataset."""

    file_id: str
    filename: str
    size_bytes: int
    created_at: Timestamp
    status: Literal["waiting", "ingesting", "failed", "queued"]
    stage: str | None
    progress: float
    expires_at: Timestamp
    error: Problem | None


class PartUrl(Answer):
    """Where to PUT a part."""

    number: int
    url: str


class UploadStarted(UploadTicket):
    """Where to send the bytes: a form, or one URL a part."""

    reading: Reading | None = absent()
    method: UploadMethod
    url: str | None = absent()
    fields: dict[str, str] | None = absent()
    upload_id: str | None = absent()
    part_size: int | None = absent()
    parts: list[PartUrl] | None = absent()
    arrived: list[int] | None = absent()


class FileReady(FileSummary):
    """A dataset that a large upload became."""

    status: Literal["ready"]
    progress: float
    warnings: list[str]
    units: dict[str, str] | None = absent()
    formats: dict[str, str] | None = absent()
    decimals: dict[str, str] | None = absent()
    reading: Reading | None = absent()
    container: FileContainer | None = absent()


class TableSize(Answer):
    """The size of a table."""

    rows: int
    columns: int
    missing_values: int


class ProcessEffect(Answer):
    """What a recipe does to its table."""

    file_id: str
    before: TableSize
    after: TableSize
    dropped_rows: dict[str, int]
    imputed: dict[str, Cell] = Field(description="by column the value in the place of missing ones")
    encoded: dict[str, int]
    derived: dict[str, list[str]]
    left_out: list[str]
    notes: list[str]
    recipe: RecipeAnswer
