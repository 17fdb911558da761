"""Read the columns of a file as a model does: typed columns where they mean the same, else the texts of the source."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.array_types import Floats, RawColumns
from core.delimited.names import quoted
from core.errors import InvalidInputError
from core.inference.file_cells import FileCells
from core.inference.stored_columns import TYPE_NAMES, check_feature_columns, fits_feature, raw_columns_of_table
from core.inference.sufficiency import features_to_read_again
from core.inference.value_readers import raw_column
from core.manifests import DatasetManifest, Feature
from core.model_manifest import ModelManifest
from core.packed_columns import Category, ColumnTable
from core.regressors.splits import evenly_spaced
from core.regressors.validation import Rows
from core.services.processing.open_table import open_table
from core.services.processing.source_texts import source_texts
from core.storage.workspace import Workspace
from core.types import ColumnType


@dataclass(frozen=True)
class Unread:
    """The texts of a column that its feature cannot be, in the order of the file.

    `counts` has the rows of each text of the column, `lines` the line where it is first.
    """

    feature: Feature
    counts: Mapping[str, int]
    lines: Mapping[str, int]
    texts: list[str]

    @property
    def first(self) -> str:
        """Return the first text and its line, for people."""
        return f"{quoted(self.texts[0])} in line {self.lines[self.texts[0]]}"


@dataclass(frozen=True)
class ReadFile:
    """The columns of a file that a model needs: as they are stored, and those that had to be read again.

    They have `rows` of the file's rows, evenly spaced.
    """

    dataset: DatasetManifest
    wanted: list[Feature]
    stored: ColumnTable
    again: RawColumns
    unread: dict[str, Unread]
    rows: int

    def raw_columns(self, own: Collection[str] = ()) -> RawColumns:
        """Return the raw columns, those in `own` as the dataset has them.

        Raises `UnknownColumnError`, and `InvalidInputError` for a column that cannot be what the model takes.
        """
        check_feature_columns(self.stored.values.keys(), self.wanted)
        stored = [feature for feature in self.wanted if feature.name in own or feature.name not in self.again]
        for feature in stored:
            if feature.name in self.unread and not self.fits(feature):
                raise _misfit(self.unread[feature.name], self.stored.types[feature.name])
        return {**self.again, **raw_columns_of_table(self.stored, stored)}

    def fits(self, feature: Feature) -> bool:
        """Return whether a column as the dataset has it can be the feature by its type."""
        name = feature.name
        return fits_feature(self.stored.values[name], self.stored.types[name], feature, self.stored.formats.get(name))


def read_as(workspace: Workspace, file_id: str, model: ModelManifest, most_rows: int | None = None) -> ReadFile:
    """Read the columns of a file that a model needs, by the meaning that they have in the model.

    At most `most_rows` rows stay in memory, of a larger file evenly spaced ones; its `unread` texts are those of all.
    A model of an earlier version does not know how its target is written; its files are read as they are stored.
    Raises `NoSuchFileError`.
    """
    with open_table(workspace, file_id) as (dataset, table):
        names = {column.name for column in dataset.columns}
        wanted = [*model.features, *_besides(dataset, model)]
        present = [feature.name for feature in wanted if feature.name in names]
        rows = evenly_spaced(dataset.rows, dataset.rows if most_rows is None else most_rows)
        stored = ColumnTable.of({name: _rows_of(table.values(name), rows) for name in present}, dataset.columns)
    features = features_to_read_again(dataset, wanted) if model.target else []
    again, unread = _read_again(workspace, dataset, features, rows)
    return ReadFile(dataset, wanted, stored, again, unread, len(rows))


def _rows_of(column: Floats | Category, rows: Rows) -> Floats | Category:
    """Return the values of a column in these rows."""
    return Category(column.codes[rows], column.levels) if isinstance(column, Category) else column[rows]


def _read_again(
    workspace: Workspace, dataset: DatasetManifest, features: list[Feature], rows: Rows
) -> tuple[RawColumns, dict[str, Unread]]:
    """Return raw columns from the texts of the source in these rows, and the texts that are not what a feature takes.

    The value of such a text is NaN.
    """
    raw: dict[str, NDArray[Any]] = {}
    unread: dict[str, Unread] = {}
    texts = source_texts(workspace, dataset, [feature.name for feature in features])
    for feature in features:
        column, cells = texts[feature.name], _UnreadCells()
        if feature.type == "number":
            # The numbers of a file decide together which decimal mark they have.
            values = raw_column(np.array(column.texts, object)[column.codes].tolist(), feature, cells)
            raw[feature.name] = values[rows]
        else:
            raw[feature.name] = raw_column(column.texts, feature, cells)[column.codes[rows]]
        if wrong := [text for text in column.texts if text in cells.texts]:
            counts = dict(zip(column.texts, column.counts, strict=True))
            lines = dict(zip(column.texts, column.lines, strict=True))
            unread[feature.name] = Unread(feature, counts, lines, wrong)
    return raw, unread


class _UnreadCells(FileCells):
    """Collects the texts of a file that a feature cannot be."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: set[str] = set()

    def add_unreadable(self, feature: Feature, accepted: str, value: Any, row: int) -> None:
        """Keep the text of a cell."""
        self.texts.add(value)


def _misfit(unread: Unread, stored: ColumnType) -> InvalidInputError:
    name, wanted = unread.feature.name, TYPE_NAMES[unread.feature.type]
    return InvalidInputError(
        f"Column {name!r} is {TYPE_NAMES[stored]} in this file ({unread.first}), and the model takes {wanted} there.",
        [{"field": name, "message": f"must be {wanted}, not {quoted(unread.texts[0])}"}],
    )


def _besides(dataset: DatasetManifest, model: ModelManifest) -> list[Feature]:
    """Return the columns that are needed besides the features: the target and the validation column."""
    besides = [model.target or Feature(name=model.target_column, type="number", fill=0.0)]
    name, kind = model.validation.column, model.validation.kind
    if name is None or any(name == feature.name for feature in model.features):
        return besides
    if kind == "group":
        return [*besides, Feature(name=name, type="category", fill="")]
    if model.divided_by is not None:
        return [*besides, model.divided_by]
    dates = {column.name for column in dataset.columns if column.type == "date"}
    return [*besides, Feature(name=name, type="date" if name in dates else "number", fill=0.0)]
