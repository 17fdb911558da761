"""Files and what is known of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from regatta.answers.answer import Answer
from regatta.html import table


@dataclass(frozen=True)
class Dataset(Answer):
    """A file that was uploaded. `column_types` has the type by which each column was read."""

    file_id: str
    filename: str
    rows: int
    columns: int
    size_bytes: int = 0
    created_at: str = ""
    column_types: Mapping[str, str] = field(default_factory=dict, repr=False)
    missing: Mapping[str, int] = field(default_factory=dict, repr=False)
    warnings: Sequence[str] = ()
    parent: str | None = None
    # Whether it is the current file; None where the answer does not say.
    current: bool | None = None

    def _repr_html_(self) -> str:
        """Return the dataset as a notebook shows it."""
        title = f"{self.filename}: {self.rows:,} rows, {self.columns} columns"
        rows = [(name, kind, self.missing.get(name, 0)) for name, kind in self.column_types.items()]
        return table(title, ("column", "type", "missing"), rows, notes=[f"file_id {self.file_id}", *self.warnings])


@dataclass(frozen=True)
class FileStatus(Answer):
    """How far a file is: `waiting`, `ingesting`, `ready` or `failed`. `dataset()` is what it became."""

    file_id: str
    status: str
    stage: str | None = None
    progress: float = 0.0
    error: Mapping[str, Any] | None = None

    def dataset(self) -> Dataset:
        """Return the dataset of a file that is `ready`."""
        return Dataset.of(self.raw)


@dataclass(frozen=True)
class Preview(Answer):
    """The first rows of a dataset: a list of values for each."""

    file_id: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]

    def _repr_html_(self) -> str:
        """Return the rows as a notebook shows them."""
        return table(f"The first {len(self.rows)} rows", self.columns, self.rows)


@dataclass(frozen=True)
class DatasetRows(Answer):
    """A page of the rows of a dataset, numbered from `first` on; `total` is how many rows the dataset has."""

    file_id: str
    first: int
    total: int
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]

    def _repr_html_(self) -> str:
        """Return the rows as a notebook shows them."""
        last = self.first + len(self.rows) - 1
        return table(f"Rows {self.first:,} to {last:,}; {self.total:,} in all", self.columns, self.rows)


@dataclass(frozen=True)
class Profile(Answer):
    """The statistics of a table, and the findings that one should know of before training, the worst first."""

    rows: int
    columns: Mapping[str, Mapping[str, Any]] = field(repr=False)
    findings: Sequence[Mapping[str, Any]] = field(default=(), repr=False)
    duplicate_rows: int = 0
    correlations: Mapping[str, Any] = field(default_factory=dict, repr=False)
    target: Mapping[str, Any] | None = field(default=None, repr=False)

    def _repr_html_(self) -> str:
        """Return the findings as a notebook shows them."""
        rows = [(f.get("severity"), f.get("column"), f.get("finding"), f.get("suggestion")) for f in self.findings]
        title = f"{self.rows:,} rows, {len(self.columns)} columns, {len(rows)} findings"
        return table(title, ("severity", "column", "finding", "suggestion"), rows)


@dataclass(frozen=True)
class Outliers(Answer):
    """The values outside of the bounds of each column of numbers."""

    method: str
    threshold: float
    columns: Mapping[str, Mapping[str, Any]] = field(repr=False)


@dataclass(frozen=True)
class Processed(Answer):
    """The effect of a recipe on the whole table."""

    before: Mapping[str, int]
    after: Mapping[str, int]
    recipe: Mapping[str, Any]
    dropped_rows: Mapping[str, int] = field(default_factory=dict)
    imputed: Mapping[str, Any] = field(default_factory=dict)
    encoded: Mapping[str, Any] = field(default_factory=dict)
    derived: Mapping[str, Any] = field(default_factory=dict)
    left_out: Sequence[str] = ()
    notes: Sequence[str] = ()
