"""The manifest of a dataset, and the columns, readings and recipes that every room of core shares."""

from typing import Any, Literal

from pydantic import Field

from core.amounts import DecimalMark
from core.stored_document import Document, FormattedDocument, is_empty, is_none, no_items
from core.types import ColumnType

HandleMissing = Literal["drop", "mean", "median", "mode"]
DateOrder = Literal["dmy", "mdy", "ymd"]

ThousandsMark = Literal[".", ",", "'", " "]


class Column(Document):
    """One column of a table with its inferred type."""

    name: str
    type: ColumnType
    missing: int
    # Counted while the table is profiled.
    distinct: int = 0
    # The format of its dates: a key of `core.date_formats.PATTERNS`; `h:m` for a number that is a time of day.
    format: str | None = None
    # The unit or currency that its numbers are written with, as most rows have it.
    unit: str | None = Field(default=None, exclude_if=is_none)
    # A comma if that divides the fraction from whole numbers in its file.
    decimal: DecimalMark | None = Field(default=None, exclude_if=is_none)
    # The words for true and false of a boolean.
    words: list[str] = Field(default_factory=no_items, exclude_if=is_empty)
    # Why it is text although most of its values are not, as the end of a sentence.
    text_because: str | None = Field(default=None, exclude_if=is_none)
    # Whether every value is literally its text, such as 12.5 or 2022-03-04; None in datasets of earlier versions.
    is_literal: bool | None = Field(default=None, exclude_if=is_none)
    # True where a container states the type: its cells are values and no texts, so nothing was inferred.
    is_value: bool | None = Field(default=None, exclude_if=is_none)


class Reading(Document):
    """How to read a file, where the caller knows it; what is None or empty is inferred."""

    encoding: str | None = None
    delimiter: str | None = None
    has_header: bool | None = None
    # The order of day, month and year where a column of dates fits more than one.
    dates: DateOrder | None = Field(default=None, exclude_if=is_none)
    decimal: DecimalMark | None = Field(default=None, exclude_if=is_none)
    thousands: ThousandsMark | None = Field(default=None, exclude_if=is_none)
    # By column. A text as written is a category.
    types: dict[str, ColumnType] = Field(default_factory=dict, exclude_if=is_empty)
    # Further spellings of a missing value, and spellings of one that are answers in this file.
    missing: list[str] = Field(default_factory=no_items, exclude_if=is_empty)
    keep: list[str] = Field(default_factory=no_items, exclude_if=is_empty)
    # The sheet of a workbook by its name or its number from 1, and the file of an archive by its name.
    sheet: str | None = Field(default=None, exclude_if=is_none)
    member: str | None = Field(default=None, exclude_if=is_none)

    @property
    def asked(self) -> dict[str, Any]:
        """Return by name the fields that say something."""
        return {name: value for name, value in self.model_dump().items() if value is False or value}


class FileContainer(Document):
    """The file that a table was received in, other than a plain text; its text is stored beside it."""

    # Of the file that has the table; csv for a plain text in an archive.
    format: Literal["xlsx", "xls", "ods", "parquet", "json", "csv"]
    sheet: str | None = Field(default=None, exclude_if=is_none)
    # The archive that the file was in, and its name there.
    packed_in: Literal["zip", "gzip"] | None = Field(default=None, exclude_if=is_none)
    member: str | None = Field(default=None, exclude_if=is_none)


class Recipe(Document):
    """How a table is preprocessed for training. It is fitted on train rows only; the dataset stays as it is."""

    handle_missing: HandleMissing = "median"
    # Columns whose missing values are handled differently, by name.
    columns: dict[str, HandleMissing] = Field(default_factory=dict)
    # Columns that are no features: identifiers, leaks of the target.
    leave_out: list[str] = Field(default_factory=no_items)
    target_column: str | None = None

    def handling(self, column: str) -> HandleMissing:
        """Return how missing values of one column are handled."""
        return self.columns.get(column, self.handle_missing)


class DatasetManifest(FormattedDocument):
    """Everything that is known of one dataset, without its bytes. A dataset exists as long as its manifest does."""

    format: Literal[1] = 1
    file_id: str
    filename: str
    created_at: str
    size_bytes: int
    sha256: str
    encoding: str
    delimiter: str
    has_header: bool = True
    rows: int
    memory_bytes: int
    columns: list[Column]
    duplicate_rows: int
    # The column that seems to order the rows in time, if there is one: a date, or a number that grows from row to row.
    time_column: str | None = None
    warnings: list[str]
    recipe: Recipe = Field(default_factory=Recipe)
    # How the caller said that it is to be read, and the dataset of the same bytes that was read otherwise before.
    reading: Reading | None = Field(default=None, exclude_if=is_none)
    parent: str | None = Field(default=None, exclude_if=is_none)
    # The features that its columns were read like, where their texts allowed it: those of the champion of a series.
    like: list["Feature"] = Field(default_factory=no_items, exclude_if=is_empty)
    # The container that it was received in; None for a plain text, as it is or as gzip.
    container: FileContainer | None = Field(default=None, exclude_if=is_none)

    def summary(self) -> dict[str, Any]:
        """Return the fields of a dataset that every list shows."""
        return {
            "file_id": self.file_id,
            "filename": self.filename,
            "rows": self.rows,
            "columns": len(self.columns),
            "size_bytes": self.size_bytes,
            "created_at": self.created_at,
            **({"parent": self.parent} if self.parent else {}),
        }

    def understanding(self) -> dict[str, Any]:
        """Return how the file was read: types, missing values, what `notation` returns, and warnings."""
        return {
            "sha256": self.sha256,
            "encoding": self.encoding,
            "delimiter": self.delimiter,
            "has_header": self.has_header,
            "column_types": {column.name: column.type for column in self.columns},
            "missing": {column.name: column.missing for column in self.columns},
            **self.notation(),
            "warnings": self.warnings,
        }

    def notation(self) -> dict[str, Any]:
        """Return by column the `formats` of dates, `decimals` (a comma) and `units`; the `reading` that was sent.

        Also the `container`. Each only where there is any.
        """
        # A dataset of an earlier version answers as it did then.
        dated = (column for column in self.columns if column.format is not None and column.is_literal is not None)
        fields = {
            "formats": {column.name: column.format for column in dated},
            "decimals": {column.name: column.decimal for column in self.columns if column.decimal is not None},
            "units": {column.name: column.unit for column in self.columns if column.unit is not None},
            "reading": self.reading.asked if self.reading else {},
            "container": self.container.model_dump() if self.container else {},
        }
        return {name: field for name, field in fields.items() if field}


class Feature(Document):
    """One raw input of a model. `fill` replaces a missing value; `levels` are a category's known values.

    A boolean is a number 1 or 0; a date is a number of seconds since 1970-01-01, written in the format `format`.
    """

    name: str
    type: Literal["number", "boolean", "date", "category"]
    fill: float | str
    levels: list[str] = Field(default_factory=no_items)
    format: str | None = None
    # As `Column` has them: how a text is read as a number.
    unit: str | None = Field(default=None, exclude_if=is_none)
    decimal: DecimalMark | None = Field(default=None, exclude_if=is_none)
    words: list[str] = Field(default_factory=no_items, exclude_if=is_empty)
    # Spellings that the column's file was told to read as missing, or as answers, beyond the usual ones.
    missing: list[str] = Field(default_factory=no_items, exclude_if=is_empty)
    keep: list[str] = Field(default_factory=no_items, exclude_if=is_empty)
