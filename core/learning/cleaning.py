"""What a recipe makes of a whole table: which rows stay, what fills the gaps, which columns come of each column.

This is for showing it and for taking the result along; a training fits its own inside its training part.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from core.learning.dates import PARTS, date_parts
from core.learning.pipeline import column_pipeline, raw_frame
from core.learning.training import features_of
from core.manifests import Column, Recipe
from core.tables.columns import Category
from core.tables.table import SLICE_ROWS, Table

INTEGERS_END = 2**63
# A level that only rows have which do not stay.
NOWHERE = -1


@dataclass(frozen=True)
class CleanColumn:
    """One column that is learned from. `names` are the columns it becomes: itself, its parts, or its levels."""

    column: Column
    names: list[str]
    # What fills its gaps, in the raw form of `raw_frame`; None where no gap is left to fill.
    fill: float | str | None = None
    # Of a category only: the column of `names` that each of its levels makes 1.
    levels: dict[str, int] = field(default_factory=dict)

    @property
    def type(self) -> pa.DataType:
        """The Arrow type of each column it becomes: whole numbers stay whole unless a gap is filled with a share."""
        if self.column.type == "category":
            return pa.int8()
        if self.column.type == "date":
            return pa.int64()
        fill = float(self.fill or 0)
        if self.column.type == "number" or not (fill.is_integer() and abs(fill) < INTEGERS_END):
            return pa.float64()
        return pa.int64() if self.column.type == "integer" else pa.int8()

    def clean(self, values: pa.Array) -> list[pa.Array]:
        """What becomes of some of its values, one array a name."""
        if self.column.type == "category":
            positions = [self.levels.get(text, NOWHERE) for text in values.dictionary.to_pylist()]
            gap = NOWHERE if self.fill is None else self.levels[str(self.fill)]
            codes = values.indices.fill_null(len(positions)).to_numpy(zero_copy_only=False)
            rows = np.array([*positions, gap])[codes]
            return [pa.array((rows == position).astype(np.int8)) for position in range(len(self.names))]
        if self.column.type == "date":
            seconds = values.cast(pa.int64()).cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False) / 1000
            filled = np.where(np.isnan(seconds), 0.0 if self.fill is None else self.fill, seconds)
            return [pa.array(part) for part in date_parts(filled[:, np.newaxis]).astype(np.int64).T]
        numbers = values.cast(self.type, safe=False)
        if self.fill is None:
            return [numbers]
        fill = float(self.fill)
        return [numbers.fill_null(pa.scalar(fill if self.type == pa.float64() else int(fill), self.type))]


@dataclass(frozen=True)
class CleanTable:
    """A recipe fitted on a whole table. `kept` marks the rows that stay (bool, n rows)."""

    table: Table
    recipe: Recipe
    kept: NDArray[np.bool_]
    # By column that no row may lack: how many do.
    dropped: dict[str, int]
    columns: list[CleanColumn]

    def schema(self) -> pa.Schema:
        """The columns it becomes, the target last."""
        return pa.schema([(name, column.type) for column in self.everything() for name in column.names])

    def everything(self) -> list[CleanColumn]:
        """The columns that are learned from, and the target."""
        target = [column for column in self.table.columns if column.name == self.recipe.target_column]
        taken = {name for column in self.columns for name in column.names}
        return [*self.columns, *(CleanColumn(column, _free([column.name], taken)) for column in target)]

    def batches(self, rows: int = SLICE_ROWS) -> Iterator[pa.RecordBatch]:
        """The table after the recipe, from at most `rows` of its rows at a time."""
        schema = self.schema()
        everything = self.everything()
        start = 0
        for batch in self.table.batches([column.column.name for column in everything], rows):
            kept = batch.filter(pa.array(self.kept[start : start + len(batch)]))
            start += len(batch)
            arrays = [array for column in everything for array in column.clean(kept.column(column.column.name))]
            yield pa.record_batch(arrays, schema=schema)


def clean(table: Table, recipe: Recipe) -> CleanTable:
    """Fit a recipe on a whole table, in memory for one column at a time. Columns without any value are left out."""
    features = features_of(table.columns, recipe, recipe.target_column)
    needed = [column for column in features if recipe.handling(column.name) == "drop"]
    needed += [column for column in table.columns if column.name == recipe.target_column]
    kept = np.ones(table.rows, bool)
    dropped = {}
    for column in needed:
        if column.missing:
            gaps = _gaps(table, column.name)
            kept &= ~gaps
            dropped[column.name] = int(gaps.sum())
    columns: list[CleanColumn] = []
    taken: set[str] = set()
    for column in features:
        columns += _fitted(table, column, recipe, kept, taken)
    return CleanTable(table, recipe, kept, dropped, columns)


def _gaps(table: Table, name: str) -> NDArray[np.bool_]:
    values = table.values(name)
    return values.codes < 0 if isinstance(values, Category) else np.isnan(values)


def _fitted(
    table: Table, column: Column, recipe: Recipe, kept: NDArray[np.bool_], taken: set[str]
) -> list[CleanColumn]:
    """The column as it will be, or nothing where the rows that stay have no value in it."""
    names = [f"{column.name}_{part}" for part in PARTS] if column.type == "date" else [column.name]
    if column.type != "category" and not column.missing:
        return [CleanColumn(column, _free(names, taken))] if kept.any() else []
    if column.type == "category":
        values = table.values(column.name)
        assert isinstance(values, Category)
        return _fitted_category(column, Category(values.codes[kept], values.levels), recipe, taken)
    raw = raw_frame(table, [column.name])[kept]
    gaps = raw[column.name].isna()
    if gaps.all():
        return []
    pipeline = column_pipeline(column, recipe).fit(raw)
    fill = float(pipeline.named_steps["impute"].statistics_[0]) if gaps.any() else None
    return [CleanColumn(column, _free(names, taken), fill)]


def _fitted_category(column: Column, values: Category, recipe: Recipe, taken: set[str]) -> list[CleanColumn]:
    """Fitted on numbers that stand for the levels in their order, which takes a tenth of the time of the texts."""
    levels = sorted(values.levels)
    rank = {level: float(position) for position, level in enumerate(levels)}
    ranks = np.array([*(rank[level] for level in values.levels), np.nan])[values.codes]
    gaps = np.isnan(ranks)
    if gaps.all():
        return []
    pipeline = column_pipeline(column, recipe).fit(pd.DataFrame({column.name: ranks}))
    impute, encoder = pipeline.named_steps["impute"], pipeline.named_steps["encode"]
    rare = encoder.infrequent_categories_[0]
    known = [levels[int(place)] for place in encoder.categories_[0]]
    shared = set() if rare is None else {levels[int(place)] for place in rare}
    common = [level for level in known if level not in shared]
    names = [f"{column.name}={level}" for level in common] + [f"{column.name}=other"] * bool(shared)
    places = {level: place for place, level in enumerate(common)}
    fill = levels[int(impute.statistics_[0])] if gaps.any() else None
    return [CleanColumn(column, _free(names, taken), fill, {level: places.get(level, len(common)) for level in known})]


def _free(names: list[str], taken: set[str]) -> list[str]:
    """The names, with a number behind those that other columns have `taken`; from now on they have these as well."""
    found: list[str] = []
    for name in names:
        free, number = name, 2
        while free in taken:
            free, number = f"{name}_{number}", number + 1
        taken.add(free)
        found.append(free)
    return found
