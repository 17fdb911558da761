"""Splits and pipelines of the tests' tables, made with the parts that training uses."""

from typing import Any

from sklearn.pipeline import Pipeline

from core.learning.catalogue import CATALOGUE, regressor
from core.learning.pipeline import preprocessor
from core.learning.training import Limits, Split, split
from core.manifests import Recipe
from core.tables.reading import Table
from tests.unit.tables import CSVS, frame, read, real

LIMITS = Limits(threads=1, model_bytes=64 << 20)
FEW_TREES = 10


def split_of(table: Table, target: str, recipe: Recipe | None = None, rows: int | None = None) -> Split:
    """A fifth of the table's first `rows` rows held out."""
    return split(frame(table, rows), table.columns, recipe or Recipe(), target, 0.2)


def real_split(name: str, rows: int | None = None, recipe: Recipe | None = None) -> Split:
    """`split_of` for one of `CSVS`."""
    return split_of(real(name), CSVS[name][1], recipe, rows)


def split_text(source: str, target: str = "y", recipe: Recipe | None = None) -> Split:
    """`split_of` for a CSV in the test."""
    return split_of(read(source), target, recipe)


def quick(name: str) -> dict[str, Any]:
    """Parameters with which the regressor is fitted in a blink: few trees, where it has trees."""
    return {"n_estimators": FEW_TREES} if "n_estimators" in CATALOGUE[name].build({}).get_params() else {}


def fitted(data: Split, name: str, recipe: Recipe | None = None, **params: Any) -> Pipeline:
    """The pipeline of one catalogue entry, fitted on the training part, without cross-validation."""
    chosen = regressor(name)
    prepare = preprocessor(data.columns, recipe or Recipe(), scaled=chosen.scaled)
    pipeline = Pipeline([("prepare", prepare), ("estimate", chosen.build({**quick(name), **params}))])
    return pipeline.fit(data.train_x, data.train_y)
