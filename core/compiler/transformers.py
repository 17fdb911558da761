"""The preprocessing in ONNX operations: from raw columns, one input each, to the matrix that an estimator takes.

Reads the fitted branches of what `core.preprocessing.pipeline` builds, by their names.
"""

from collections.abc import Callable, Mapping
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from onnx import TensorProto, numpy_helper

from core.compiler.calendar import date_parts
from core.compiler.graph_builder import ML, GraphBuilder
from core.errors import TrainingFailedError
from core.manifests import Column, Feature

# Stands for every level that training has not seen. No CSV cell holds a NUL byte.
UNSEEN = "\0"

Features = dict[str, Feature]
Branch = Callable[[GraphBuilder, Any, list[Column], Features], str]


def prepared(graph: GraphBuilder, prepare: Any, columns: Mapping[str, Column], features: Features) -> str:
    """(rows, columns) float64 of a fitted ColumnTransformer; the raw columns that it takes are added to `features`.

    Raises `TrainingFailedError` for a branch that has no compiler.
    """
    blocks = []
    for name, branch, taken in prepare.transformers_:
        kind = name.partition(":")[0]
        if kind == "remainder" and branch == "drop":
            continue
        if kind not in BRANCHES:
            raise TrainingFailedError(f"The preprocessing {name!r} cannot be compiled to a graph.")
        blocks.append(BRANCHES[kind](graph, branch, [columns[column] for column in taken], features))
    return _side_by_side(graph, blocks)


def standardised(graph: GraphBuilder, scale: Any, matrix: str) -> str:
    """(x - mean) / scale of the leading columns that a fitted standardiser takes; the rest passes as it is."""
    mean, deviation = np.zeros(scale.n_features_in_), np.ones(scale.n_features_in_)
    for name, fitted, columns in scale.transformers_:
        if name == "continuous" and len(columns):
            mean[columns], deviation[columns] = fitted.mean_, fitted.scale_
    centred = graph.node("Sub", matrix, graph.constant(mean[np.newaxis, :]))
    return graph.node("Div", centred, graph.constant(deviation[np.newaxis, :]))


def _side_by_side(graph: GraphBuilder, blocks: list[str]) -> str:
    return blocks[0] if len(blocks) == 1 else graph.node("Concat", *blocks, axis=1)


def _numbers(graph: GraphBuilder, branch: Any, columns: list[Column], features: Features) -> str:
    """(rows, numbers) float64: gaps filled."""
    return _filled(graph, branch, columns, features)


def _dates(graph: GraphBuilder, branch: Any, columns: list[Column], features: Features) -> str:
    """(rows, 5 * dates) float64: gaps filled, taken apart."""
    return date_parts(graph, _filled(graph, branch, columns, features), len(columns))


def _filled(graph: GraphBuilder, branch: Any, columns: list[Column], features: Features) -> str:
    """(rows, columns) float64 without NaN."""
    fills = branch.named_steps["impute"].statistics_.astype(np.float64)
    for column, fill in zip(columns, fills.tolist(), strict=True):
        features[column.name] = Feature(name=column.name, type=_raw_type(column), fill=fill, format=column.format)
    matrix = _side_by_side(graph, [graph.input(column.name, text=False) for column in columns])
    return graph.node("Where", graph.node("IsNaN", matrix), graph.constant(fills[np.newaxis, :]), matrix)


def _raw_type(column: Column) -> Literal["number", "boolean", "date", "category"]:
    return "number" if column.type == "integer" else column.type


def _categories(graph: GraphBuilder, branch: Any, columns: list[Column], features: Features) -> str:
    """(rows, encoded columns) float64: each category looks its encoded row up in a table."""
    encoder = branch.named_steps["encode"]
    widths = encoded_widths(encoder)
    blocks = []
    for position, column in enumerate(columns):
        levels = [str(level) for level in encoder.categories_[position]]
        fill = str(branch.named_steps["impute"].statistics_[position])
        features[column.name] = Feature(name=column.name, type="category", fill=fill, levels=levels)
        start = sum(widths[:position])
        table = _encoded(branch, encoder, position, levels)[:, start : start + widths[position]]
        blocks.append(_lookup(graph, graph.input(column.name, text=True), levels, table))
    return _side_by_side(graph, blocks)


def encoded_widths(encoder: Any) -> list[int]:
    """How many columns a fitted OneHotEncoder makes of each category: one a level, and one for all rare levels."""
    return [
        len(levels) if rare is None else len(levels) - len(rare) + 1
        for levels, rare in zip(encoder.categories_, encoder.infrequent_categories_, strict=True)
    ]


def _encoded(branch: Any, encoder: Any, position: int, levels: list[str]) -> NDArray[Any]:
    """What the fitted branch makes of every level of one column, of a missing and of an unseen one, in this order."""
    values = [*levels, np.nan, UNSEEN]
    frame = pd.DataFrame(
        {name: [encoder.categories_[i][0]] * len(values) for i, name in enumerate(branch.feature_names_in_)},
        dtype=object,
    )
    frame[branch.feature_names_in_[position]] = pd.Series(values, dtype=object)
    return np.asarray(branch.transform(frame), np.float64)


def _lookup(graph: GraphBuilder, texts: str, levels: list[str], encoded: NDArray[Any]) -> str:
    """(rows, width) float64: `encoded` has a row for each level, then for missing, then for unseen.

    Rare levels share a row, so a column of thousands of levels still makes a small table.
    """
    table, row_of = np.unique(encoded, axis=0, return_inverse=True)
    index = _translated(graph, texts, levels, row_of.ravel().astype(np.int64))
    row = graph.node("Squeeze", index, graph.constant(np.array([1], np.int64)))
    return graph.node("Gather", graph.constant(table), row, axis=0)


def _levels(graph: GraphBuilder, branch: Any, columns: list[Column], features: Features) -> str:
    """(rows, columns) float64: each category becomes the mean target of its level, as a TargetEncoder learned it.

    A missing value is a level of its own where training had one, else as strange as an unseen one.
    """
    encoder = branch.named_steps["encode"]
    blocks = []
    for column, seen, encoding in zip(columns, encoder.categories_, encoder.encodings_, strict=True):
        missing = pd.isna(seen)
        levels = [str(level) for level in seen[~missing]]
        strange = float(encoder.target_mean_)
        gap = float(encoding[missing][0]) if missing.any() else strange
        values = np.array([*encoding[~missing], gap, strange], np.float64)
        # Where another branch fills the gaps of the same column, that one says with what.
        features.setdefault(column.name, Feature(name=column.name, type="category", fill="", levels=levels))
        blocks.append(_translated(graph, graph.input(column.name, text=True), levels, values))
    return _side_by_side(graph, blocks)


def _translated(graph: GraphBuilder, texts: str, levels: list[str], values: NDArray[Any]) -> str:
    """(rows, 1) of the type of `values`, which has one for each level, then for missing, then for unseen."""
    return graph.node(
        "LabelEncoder",
        texts,
        domain=ML,
        keys_tensor=numpy_helper.from_array(np.array([*levels, ""], object)),
        values_tensor=numpy_helper.from_array(values[:-1]),
        default_tensor=numpy_helper.from_array(values[-1:]),
    )


def _gaps(graph: GraphBuilder, branch: Any, columns: list[Column], features: Features) -> str:
    """(rows, columns) float64: 1 where a value is missing."""
    blocks = []
    for column in columns:
        text = column.type == "category"
        raw = graph.input(column.name, text=text)
        fill: float | str = "" if text else 0.0
        features.setdefault(column.name, Feature(name=column.name, type=_raw_type(column), fill=fill))
        blocks.append(
            graph.node("Equal", raw, graph.constant(np.array("", object))) if text else graph.node("IsNaN", raw)
        )
    return graph.node("Cast", _side_by_side(graph, blocks), to=TensorProto.DOUBLE)


# By the name of the ColumnTransformer's branch, up to its colon.
BRANCHES: dict[str, Branch] = {
    "numbers": _numbers,
    "dates": _dates,
    "categories": _categories,
    "levels": _levels,
    "gaps": _gaps,
}
