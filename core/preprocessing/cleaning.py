"""Apply a recipe to a whole table, to show its effect and to download the result.

A training does not use it: there the preprocessing is fitted on train rows only.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from core.array_types import Floats
from core.manifests import Column, Recipe
from core.packed_columns import Category
from core.preprocessing.date_parts import PARTS, date_parts
from core.preprocessing.features import choose_features
from core.preprocessing.pipeline import branch_of, branch_steps, has_missing_indicator, raw_frame
from core.tables.table import SLICE_ROWS, Table

INTEGERS_END = 2**63
# The position of a level that occurs only in removed rows.
NO_COLUMN = -1


@dataclass(frozen=True)
class CleanColumn:
    """A feature after the recipe. `names` are the columns that it becomes: itself, its parts, or its levels."""

    column: Column
    names: list[str]
    # The value that replaces missing ones, in the form of `raw_frame`; None where none are missing.
    fill: float | str | None = None
    # Of a category of few levels: by level the position in `names` of the column that is 1.
    levels: dict[str, int] = field(default_factory=dict)
    # Of a category of many levels: by level the mean target, shrunk where a level has few rows; "" is missing.
    means: dict[str, float] = field(default_factory=dict)
    # Whether it is only the indicator of missing values.
    is_indicator: bool = False

    @property
    def type(self) -> pa.DataType:
        """Return the Arrow type of the result columns; integers stay integers unless the fill is a fraction."""
        if self.means:
            return pa.float64()
        if self.is_indicator or self.column.type == "category":
            return pa.int8()
        if self.column.type == "date":
            return pa.int64()
        fill = float(self.fill or 0)
        if self.column.type == "number" or not (fill.is_integer() and abs(fill) < INTEGERS_END):
            return pa.float64()
        return pa.int64() if self.column.type == "integer" else pa.int8()

    def clean(self, values: pa.Array) -> list[pa.Array]:
        """Return the columns for some of its values, one array for each of `names`."""
        if self.is_indicator:
            return [values.is_null().cast(pa.int8())]
        if self.means:
            means = [self.means.get(text, np.nan) for text in values.dictionary.to_pylist()]
            codes = values.indices.fill_null(len(means)).to_numpy(zero_copy_only=False)
            return [pa.array(np.array([*means, self.means.get("", np.nan)])[codes])]
        if self.column.type == "category":
            positions = [self.levels.get(text, NO_COLUMN) for text in values.dictionary.to_pylist()]
            missing = NO_COLUMN if self.fill is None else self.levels[str(self.fill)]
            codes = values.indices.fill_null(len(positions)).to_numpy(zero_copy_only=False)
            rows = np.array([*positions, missing])[codes]
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
    # By column that must not be missing: the number of rows removed for it.
    dropped: dict[str, int]
    columns: list[CleanColumn]
    notes: list[str]

    def schema(self) -> pa.Schema:
        """Return the columns of the result, the target last."""
        return pa.schema([(name, column.type) for column in self.all_columns() for name in column.names])

    def all_columns(self) -> list[CleanColumn]:
        """Return the features and the target."""
        target = [column for column in self.table.columns if column.name == self.recipe.target_column]
        taken = {name for column in self.columns for name in column.names}
        return [*self.columns, *(CleanColumn(column, _unique_names([column.name], taken)) for column in target)]

    def batches(self, rows: int = SLICE_ROWS) -> Iterator[pa.RecordBatch]:
        """Yield the result from at most `rows` rows of the table at a time."""
        schema = self.schema()
        all_columns = self.all_columns()
        start = 0
        for batch in self.table.batches([column.column.name for column in all_columns], rows):
            kept = batch.filter(pa.array(self.kept[start : start + len(batch)]))
            start += len(batch)
            arrays = [array for column in all_columns for array in column.clean(kept.column(column.column.name))]
            yield pa.record_batch(arrays, schema=schema)


def clean(table: Table, recipe: Recipe) -> CleanTable:
    """Fit a recipe on a whole table, with one column in memory at a time.

    Columns without any value are left out. So are categories of many levels if there is no target to encode them by.
    """
    target = recipe.target_column
    features, notes = choose_features(table.columns, recipe, target, table.rows, table.numbers)
    needed = [column for column in features if recipe.handling(column.name) == "drop"]
    needed += [column for column in table.columns if column.name == target]
    kept = np.ones(table.rows, bool)
    dropped = {}
    for column in needed:
        if column.missing:
            missing = _is_missing(table, column.name)
            kept &= ~missing
            dropped[column.name] = int(missing.sum())
    y = None if target is None else table.numbers(target)[kept]
    columns: list[CleanColumn] = []
    taken: set[str] = set()
    for column in features:
        columns += _fitted(table, column, recipe, kept, y, taken)
    remaining = {column.column.name for column in columns}
    for column in features:
        if column.name in remaining and has_missing_indicator(column, recipe, table.rows):
            columns.append(CleanColumn(column, _unique_names([f"{column.name}_missing"], taken), is_indicator=True))
    return CleanTable(table, recipe, kept, dropped, columns, notes)


def _is_missing(table: Table, name: str) -> NDArray[np.bool_]:
    """Return which rows have no value in a column, (n,) bool."""
    values = table.values(name)
    return values.codes < 0 if isinstance(values, Category) else np.isnan(values)


def _fitted(
    table: Table,
    column: Column,
    recipe: Recipe,
    kept: NDArray[np.bool_],
    y: Floats | None,
    taken: set[str],
) -> list[CleanColumn]:
    """Return the fitted column, or an empty list where the remaining rows have no value in it."""
    names = [f"{column.name}_{part}" for part in PARTS] if column.type == "date" else [column.name]
    if column.type != "category" and not column.missing:
        return [CleanColumn(column, _unique_names(names, taken))] if kept.any() else []
    branch = branch_of(column, recipe)
    if branch.kind == "numbers":
        # Whatever they are, what replaces missing ones is a number.
        branch = replace(branch, recentred=True)
    pipeline = Pipeline(branch_steps(branch, table.rows))
    if column.type == "category":
        values = table.values(column.name)
        assert isinstance(values, Category)
        used = Category(values.codes[kept], values.levels)
        if branch.kind == "levels":
            return [] if y is None else _fitted_levels(pipeline, column, used, y, taken)
        return _fitted_category(pipeline, column, used, taken)
    raw = raw_frame(table, [column.name])[kept]
    missing = raw[column.name].isna()
    if missing.all():
        return []
    fill = float(pipeline.fit(raw).named_steps["impute"].statistics_[0]) if missing.any() else None
    return [CleanColumn(column, _unique_names(names, taken), fill)]


def _ranks(values: Category) -> tuple[pd.DataFrame, list[str]]:
    """Return the positions of values among the sorted levels, NaN for missing, and these levels.

    Positions are fitted in a tenth of the time of texts.
    """
    levels = sorted(values.levels)
    rank = {level: float(position) for position, level in enumerate(levels)}
    return pd.DataFrame({"rank": np.array([*(rank[level] for level in values.levels), np.nan])[values.codes]}), levels


def _fitted_levels(
    pipeline: Pipeline, column: Column, values: Category, y: Floats, taken: set[str]
) -> list[CleanColumn]:
    """Return the column of mean targets; an empty list where all values are missing."""
    ranks, levels = _ranks(values)
    if ranks["rank"].isna().all():
        return []
    encoder = pipeline.fit(ranks, y).named_steps["encode"]
    texts = ["" if np.isnan(position) else levels[int(position)] for position in encoder.categories_[0]]
    means = dict(zip(texts, encoder.encodings_[0].tolist(), strict=True))
    return [CleanColumn(column, _unique_names([column.name], taken), means=means)]


def _fitted_category(pipeline: Pipeline, column: Column, values: Category, taken: set[str]) -> list[CleanColumn]:
    """Return the column with one result column a level; an empty list where all values are missing."""
    ranks, levels = _ranks(values)
    missing = ranks["rank"].isna()
    if missing.all():
        return []
    fitted = pipeline.fit(ranks)
    impute, encoder = fitted.named_steps["impute"], fitted.named_steps["encode"]
    rare_positions = encoder.infrequent_categories_[0]
    known = [levels[int(position)] for position in encoder.categories_[0]]
    rare_levels = set() if rare_positions is None else {levels[int(position)] for position in rare_positions}
    common = [level for level in known if level not in rare_levels]
    names = [f"{column.name}={level}" for level in common] + [f"{column.name}=other"] * bool(rare_levels)
    positions = {level: position for position, level in enumerate(common)}
    fill = levels[int(impute.statistics_[0])] if missing.any() else None
    return [
        CleanColumn(
            column, _unique_names(names, taken), fill, {level: positions.get(level, len(common)) for level in known}
        )
    ]


def _unique_names(names: list[str], taken: set[str]) -> list[str]:
    """Return the names, with a number after those that are `taken`, and add them to `taken`."""
    found: list[str] = []
    for name in names:
        unique, number = name, 2
        while unique in taken:
            unique, number = f"{name}_{number}", number + 1
        taken.add(unique)
        found.append(unique)
    return found
