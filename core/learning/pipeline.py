"""The scikit-learn pipeline of a model: raw columns in, prediction out, everything fitted inside the training fold."""

from typing import Any, Protocol

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from core.learning.dates import date_parts, part_names, to_seconds
from core.manifests import Column, Recipe
from core.tables.columns import Category, Floats

# Levels of a category that get a column of their own; rarer ones, and levels never seen, share one more.
MAX_LEVELS = 40

# `drop` leaves incomplete rows out of training; whoever predicts with a gap still gets the median.
STRATEGY = {"drop": "median", "mean": "mean", "median": "median", "mode": "most_frequent"}


class ByColumn(Protocol):
    """A table that gives out one column at a time, in numpy's form."""

    def values(self, name: str) -> Floats | Category:
        """The whole column."""


def preprocessor(columns: list[Column], recipe: Recipe, *, scaled: bool) -> ColumnTransformer:
    """Fills gaps as the recipe says, takes dates apart, standardises (if `scaled`) and one-hot encodes categories.

    Its branches are called `numbers:mean`, `dates:median` and so on, by how their gaps are filled, and `categories`,
    whose gaps always get the most frequent level; `core.scoring` compiles exactly these. A boolean is a number.
    """
    grouped: dict[str, list[str]] = {}
    for column in columns:
        grouped.setdefault(_branch(column, recipe), []).append(column.name)
    return ColumnTransformer(
        [(branch, Pipeline(_steps(branch, scaled=scaled)), names) for branch, names in grouped.items()]
    )


def column_pipeline(column: Column, recipe: Recipe) -> Pipeline:
    """What `preprocessor` does to one column, without standardising it: a pipeline that takes a frame of it alone."""
    return Pipeline(_steps(_branch(column, recipe), scaled=False))


def _branch(column: Column, recipe: Recipe) -> str:
    if column.type == "category":
        return "categories"
    kind = "dates" if column.type == "date" else "numbers"
    return f"{kind}:{STRATEGY[recipe.handling(column.name)]}"


def _steps(branch: str, *, scaled: bool) -> list[tuple[str, Any]]:
    kind, _, strategy = branch.partition(":")
    if kind == "categories":
        encoder = OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=MAX_LEVELS, sparse_output=False)
        return [("impute", SimpleImputer(strategy="most_frequent")), ("encode", encoder)]
    steps: list[tuple[str, Any]] = [("impute", SimpleImputer(strategy=strategy))]
    if kind == "dates":
        seconds = FunctionTransformer(to_seconds, feature_names_out="one-to-one")
        parts = FunctionTransformer(date_parts, feature_names_out=part_names)
        steps = [("seconds", seconds), *steps, ("parts", parts)]
    return [*steps, ("scale", StandardScaler())] if scaled else steps


def raw_frame(table: ByColumn, names: list[str]) -> pd.DataFrame:
    """Columns of a table as the pipeline takes them: object strings for categories, float64 for everything else.

    NaN is missing, a boolean is 1 or 0, and a date the seconds since 1970-01-01.
    """
    return pd.DataFrame({name: _raw(table.values(name)) for name in names})


def _raw(values: Floats | Category) -> Any:
    if not isinstance(values, Category):
        return values
    return pd.Series(np.array([*values.levels, np.nan], dtype=object)[values.codes], dtype=object)
