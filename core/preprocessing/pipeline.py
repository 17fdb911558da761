"""The preprocessing of a model as scikit-learn transformers, which are fitted on the train rows of each fold."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.model_selection import KFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder, StandardScaler, TargetEncoder

from core.array_types import Floats
from core.catalogue import SEED
from core.manifests import Column, Recipe
from core.packed_columns import Category
from core.preprocessing.date_parts import PARTS, date_parts, part_names, to_seconds
from core.preprocessing.features import MAX_LEVELS
from core.preprocessing.recentring import FiniteImputer, RecentredColumns, is_awkward_column, is_awkward_target

# `drop` removes incomplete rows from training; in prediction a missing value still becomes the median.
STRATEGY = {"drop": "median", "mean": "mean", "median": "median", "mode": "most_frequent"}

# A level in fewer rows than this, and in less than this fraction of them, is rare: rare levels share one column.
RARE_ROWS, RARE_SHARE = 10, 1 / 200
# A missing indicator is added where more rows than this, and more than this fraction of them, lack a value, and as many
# have one.
INDICATOR_ROWS, INDICATOR_SHARE = 20, 0.02

BranchKind = Literal["codes", "numbers", "dates", "levels", "categories", "gaps"]
# Codes come first, so that a regressor can be told which columns they are. A matrix that is standardised has none; its
# continuous branches come first, for the same reason.
BRANCH_ORDER: tuple[BranchKind, ...] = get_args(BranchKind)
CONTINUOUS: tuple[BranchKind, ...] = ("numbers", "dates", "levels")


@dataclass(frozen=True)
class Branch:
    """The steps that columns of the same kind share.

    `levels` encodes categories of many levels by the mean target of each level (cross-fitted in training), `categories`
    those of few levels by one column a level, `codes` the same ones by a number a level, and `gaps` is 1 where a value
    is missing. `strategy` replaces missing numbers and dates; missing `categories` become the most frequent level, and
    among `codes` a missing value is a level of its own. Numbers are `recentred` where float32 does not hold them.
    """

    kind: BranchKind
    strategy: str | None = None
    recentred: bool = False

    @property
    def name(self) -> str:
        """Return the name in the ColumnTransformer, such as `numbers:mean`."""
        return ":".join(filter(None, [self.kind, self.strategy, "recentred" if self.recentred else None]))


class ColumnSource(Protocol):
    """A table that returns one column at a time as numpy arrays."""

    def values(self, name: str) -> Floats | Category:
        """Return the whole column."""


def make_preprocessor(
    columns: list[Column], recipe: Recipe, rows: int, *, codes: bool = False, recentred: Collection[str] = ()
) -> ColumnTransformer:
    """Return the unfitted transformer that fills missing values, splits dates, encodes categories and adds indicators.

    `rows` is the length of the table that `columns` describe. A boolean is a number. With `codes` the categories of few
    levels become codes, the first columns of the result. The columns whose names are `recentred` are, as numbers or as
    means of the target. `core.compiler.transformers` needs a converter for each class and function that is used here.
    """
    coded = coded_columns(columns) if codes else []
    others = [column for column in columns if column not in coded]
    grouped: dict[Branch, list[str]] = {}
    if coded:
        grouped[Branch("codes")] = [column.name for column in coded]
    for column in others:
        branch = replace(branch_of(column, recipe), recentred=column.name in recentred)
        grouped.setdefault(branch, []).append(column.name)
    if indicated := [column.name for column in others if has_missing_indicator(column, recipe, rows)]:
        grouped[Branch("gaps")] = indicated
    ordered = sorted(grouped, key=lambda branch: BRANCH_ORDER.index(branch.kind))
    return ColumnTransformer(
        [(branch.name, Pipeline(branch_steps(branch, rows)), grouped[branch]) for branch in ordered]
    )


def columns_to_recentre(columns: Sequence[Column], frame: pd.DataFrame, y: Floats) -> list[str]:
    """Return the names of the columns that are to be recentred, given the train rows as a `raw_frame` and their target.

    They are numbers that float32 does not hold, and categories of many levels where it does not hold the target.
    """
    with_levels = is_awkward_target(y)
    return [
        column.name
        for column in columns
        if (with_levels if column.type == "category" else _is_awkward_number(column, frame))
    ]


def _is_awkward_number(column: Column, frame: pd.DataFrame) -> bool:
    return column.type in ("integer", "number") and is_awkward_column(frame[column.name].to_numpy(np.float64))


def make_standardiser(columns: list[Column], recipe: Recipe) -> ColumnTransformer:
    """Return the unfitted transformer that standardises the continuous columns after `make_preprocessor`."""
    branch_kinds = [branch_of(column, recipe).kind for column in columns]
    width = sum((len(PARTS) if kind == "dates" else 1) for kind in branch_kinds if kind in CONTINUOUS)
    return ColumnTransformer([("continuous", StandardScaler(), list(range(width)))], remainder="passthrough")


def coded_columns(columns: Sequence[Column]) -> list[Column]:
    """Return the columns that `make_preprocessor` turns into codes where it is to: categories of few levels.

    Those of many levels stay encoded by their mean target: R2 on loans, with 50 states, is .943 so and .939 by codes.
    """
    return [column for column in columns if column.type == "category" and column.distinct <= MAX_LEVELS]


def branch_of(column: Column, recipe: Recipe) -> Branch:
    """Return the branch that a column goes through."""
    if column.type == "category":
        return Branch("levels" if column.distinct > MAX_LEVELS else "categories")
    return Branch("dates" if column.type == "date" else "numbers", STRATEGY[recipe.handling(column.name)])


def has_missing_indicator(column: Column, recipe: Recipe, rows: int) -> bool:
    """Return whether enough values are missing, and enough are not, for an indicator of missing values."""
    known = rows - column.missing
    return recipe.handling(column.name) != "drop" and min(known, column.missing) > max(
        INDICATOR_ROWS, INDICATOR_SHARE * rows
    )


def branch_steps(branch: Branch, rows: int) -> list[tuple[str, Any]]:
    """Return the unfitted steps of one branch, for a table of `rows` rows."""
    if branch.kind == "gaps":
        return [("mark", MissingIndicator(features="all"))]
    recentre = [("recentre", RecentredColumns())] if branch.recentred else []
    if branch.kind == "levels":
        encoder = TargetEncoder(target_type="continuous", cv=KFold(5, shuffle=True, random_state=SEED))
        return [("encode", encoder), *recentre]
    if branch.kind == "codes":
        # No cell is empty text, so it stands for a missing value.
        missing = SimpleImputer(strategy="constant", fill_value="", keep_empty_features=True)
        encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan)
        return [("impute", missing), ("encode", encoder)]
    if branch.kind == "categories":
        rare = max(1, min(RARE_ROWS, int(RARE_SHARE * rows)))
        encoder = OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=rare, sparse_output=False)
        return [("impute", _imputer("most_frequent")), ("encode", encoder)]
    assert branch.strategy is not None
    impute = ("impute", _imputer(branch.strategy, FiniteImputer if branch.recentred else SimpleImputer))
    if branch.kind == "numbers":
        return [impute, *recentre]
    seconds = FunctionTransformer(to_seconds, feature_names_out="one-to-one")
    parts = FunctionTransformer(date_parts, feature_names_out=part_names)
    return [("seconds", seconds), impute, ("parts", parts)]


def _imputer(strategy: str, kind: type[SimpleImputer] = SimpleImputer) -> SimpleImputer:
    """Return the unfitted imputer for a strategy of scikit-learn."""
    # A column that begins late has no value in the first fold in time: there it is constant instead of absent.
    return kind(strategy=strategy, keep_empty_features=True)


def raw_frame(table: ColumnSource, names: list[str], rows: NDArray[np.intp] | None = None) -> pd.DataFrame:
    """Return columns of a table in the form that the pipeline takes: object for categories, float64 for all others.

    NaN is missing, a boolean is 1 or 0, and a date the seconds since 1970-01-01. `rows` are the positions of those that
    are read, by default all.
    """
    chosen = slice(None) if rows is None else rows
    # Without a copy of them together, which would be as much memory again.
    frame = pd.DataFrame({name: _raw(table.values(name), chosen) for name in names}, copy=False)
    # Arrow's texts, which pandas makes of the names, are turned into Python's and back by each step of scikit-learn:
    # that doubled the time to prepare 100 rows of 200 columns.
    frame.columns = pd.Index(names, dtype=object)
    return frame


def _raw(values: Floats | Category, rows: Any) -> Any:
    """Return rows of a column as objects for a category, else as they are."""
    if not isinstance(values, Category):
        return values[rows]
    return pd.Series(np.array([*values.levels, np.nan], dtype=object)[values.codes[rows]], dtype=object)
