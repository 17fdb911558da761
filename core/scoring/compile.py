"""From a fitted scikit-learn pipeline to one ONNX graph: raw columns in, the same float64 prediction out.

Reads the fitted arrays of what `core.learning.pipeline` builds; scikit-learn itself is not imported here.
"""

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd

from core.errors import TrainingFailedError
from core.manifests import Column, Feature
from core.scoring.calendar import date_parts
from core.scoring.compiled import CompiledModel
from core.scoring.estimators import ESTIMATORS
from core.scoring.graph import ML, GraphBuilder
from core.values import read_date

# The graph may differ from scikit-learn by this much relative to max(1, |y|), and not more.
TOLERANCE = 1e-9
CHECKED_ROWS = 2000
# Stands for every level that training has not seen. No CSV cell holds a NUL byte.
UNSEEN = "\0"
# A leap day before 1970, a moment before its end.
ODD_DATE = read_date("1600-02-29 23:59:59.999")


def compile_pipeline(pipeline: Any, columns: Sequence[Column]) -> tuple[bytes, list[Feature]]:
    """The serialized graph and the raw features it takes, in the order of its inputs.

    `columns` says what the pipeline's columns are. Categories are strings with "" for missing, everything else float64
    with NaN for missing. Raises `TrainingFailedError` for an estimator that has no compiler.
    """
    prepare, scale, estimator = pipeline[0], pipeline.named_steps.get("scale"), pipeline[-1]
    compiler = ESTIMATORS.get(type(estimator).__name__)
    if compiler is None:
        raise TrainingFailedError(f"{type(estimator).__name__} cannot be compiled to a graph.")
    known = {column.name: column for column in columns}
    graph = GraphBuilder(known)
    features: list[Feature] = []
    blocks = []
    for name, branch, taken in prepare.transformers_:
        compile_branch = BRANCHES[name.partition(":")[0]]
        blocks.append(compile_branch(graph, branch, [known[column] for column in taken], features))
    matrix = blocks[0] if len(blocks) == 1 else graph.node("Concat", *blocks, axis=1)
    if scale is not None:
        matrix = _standardised(graph, scale, matrix)
    return graph.build(compiler(graph, matrix, estimator)), features


def check_parity(pipeline: Any, model: CompiledModel, frame: pd.DataFrame) -> float:
    """The largest difference between graph and pipeline on raw rows, relative to max(1, |y|).

    `frame` is joined by a row without any value and one of unseen levels and an odd date. Raises `TrainingFailedError`,
    naming the row, when the difference is above `TOLERANCE`: such a model must not serve.
    """
    rows = pd.concat([frame.head(CHECKED_ROWS), _corner_rows(model.features)], ignore_index=True)
    rows = rows.astype(frame.dtypes.to_dict())
    expected = np.asarray(pipeline.predict(rows), np.float64)
    columns = {
        feature.name: rows[feature.name].fillna("").to_numpy(object)
        if feature.type == "category"
        else rows[feature.name].to_numpy(np.float64)
        for feature in model.features
    }
    difference = np.abs(model.run(columns) - expected) / np.maximum(1, np.abs(expected))
    worst = int(np.argmax(difference))
    if not difference[worst] <= TOLERANCE:
        raise TrainingFailedError(
            f"The compiled graph differs from scikit-learn by {difference[worst]:.2g} in row {worst + 1} of the "
            "training part, so the model was not stored. Please report this table and these parameters."
        )
    return float(difference[worst])


def _corner_rows(features: list[Feature]) -> pd.DataFrame:
    odd = {"category": UNSEEN, "date": ODD_DATE}
    return pd.DataFrame({feature.name: [np.nan, odd.get(feature.type, np.nan)] for feature in features})


def _numbers(graph: GraphBuilder, branch: Any, columns: list[Column], features: list[Feature]) -> str:
    """(rows, numbers) float64: gaps filled."""
    return _filled(graph, branch, columns, features)


def _dates(graph: GraphBuilder, branch: Any, columns: list[Column], features: list[Feature]) -> str:
    """(rows, 5 * dates) float64: gaps filled, taken apart."""
    return date_parts(graph, _filled(graph, branch, columns, features), len(columns))


def _filled(graph: GraphBuilder, branch: Any, columns: list[Column], features: list[Feature]) -> str:
    """(rows, columns) float64 without NaN."""
    fills = branch.named_steps["impute"].statistics_.astype(np.float64)
    inputs = [graph.input(column.name, text=False) for column in columns]
    for column, fill in zip(columns, fills.tolist(), strict=True):
        features.append(Feature(name=column.name, type=_raw_type(column), fill=fill, format=column.format))
    matrix = inputs[0] if len(inputs) == 1 else graph.node("Concat", *inputs, axis=1)
    return graph.node("Where", graph.node("IsNaN", matrix), graph.constant(fills[np.newaxis, :]), matrix)


def _raw_type(column: Column) -> Literal["number", "boolean", "date", "category"]:
    return "number" if column.type == "integer" else column.type


def _standardised(graph: GraphBuilder, scale: Any, matrix: str) -> str:
    """(x - mean) / scale of the leading columns that a fitted standardiser takes; the rest passes as it is."""
    mean, deviation = np.zeros(scale.n_features_in_), np.ones(scale.n_features_in_)
    for name, fitted, columns in scale.transformers_:
        if name == "continuous" and len(columns):
            mean[columns], deviation[columns] = fitted.mean_, fitted.scale_
    centred = graph.node("Sub", matrix, graph.constant(mean[np.newaxis, :]))
    return graph.node("Div", centred, graph.constant(deviation[np.newaxis, :]))


def _categories(graph: GraphBuilder, branch: Any, columns: list[Column], features: list[Feature]) -> str:
    """(rows, encoded columns) float64: each category looks its encoded row up in a table."""
    encoder = branch.named_steps["encode"]
    widths = encoded_widths(encoder)
    blocks = []
    for position, column in enumerate(columns):
        levels = [str(level) for level in encoder.categories_[position]]
        fill = str(branch.named_steps["impute"].statistics_[position])
        features.append(Feature(name=column.name, type="category", fill=fill, levels=levels))
        start = sum(widths[:position])
        table = _encoded(branch, encoder, position, levels)[:, start : start + widths[position]]
        blocks.append(_lookup(graph, graph.input(column.name, text=True), levels, table))
    return blocks[0] if len(blocks) == 1 else graph.node("Concat", *blocks, axis=1)


def encoded_widths(encoder: Any) -> list[int]:
    """How many columns a fitted OneHotEncoder makes of each category: one a level, and one for all rare levels."""
    return [
        len(levels) if rare is None else len(levels) - len(rare) + 1
        for levels, rare in zip(encoder.categories_, encoder.infrequent_categories_, strict=True)
    ]


def _encoded(branch: Any, encoder: Any, position: int, levels: list[str]) -> np.ndarray[Any, Any]:
    """What the fitted branch makes of every level of one column, of a missing and of an unseen one, in this order."""
    values = [*levels, np.nan, UNSEEN]
    frame = pd.DataFrame(
        {name: [encoder.categories_[i][0]] * len(values) for i, name in enumerate(branch.feature_names_in_)},
        dtype=object,
    )
    frame[branch.feature_names_in_[position]] = pd.Series(values, dtype=object)
    return np.asarray(branch.transform(frame), np.float64)


def _lookup(graph: GraphBuilder, texts: str, levels: list[str], encoded: np.ndarray[Any, Any]) -> str:
    """(rows, width) float64: `encoded` has a row for each level, then for missing, then for unseen.

    Rare levels share a row, so a column of thousands of levels still makes a small table.
    """
    table, row_of = np.unique(encoded, axis=0, return_inverse=True)
    *known, unseen = row_of.ravel().tolist()
    index = graph.node(
        "LabelEncoder",
        texts,
        domain=ML,
        keys_strings=[*levels, ""],
        values_int64s=known,
        default_int64=unseen,
    )
    row = graph.node("Squeeze", index, graph.constant(np.array([1], np.int64)))
    return graph.node("Gather", graph.constant(table), row, axis=0)


Branch = Callable[[GraphBuilder, Any, list[Column], list[Feature]], str]

# By the name of the pipeline's branch, up to its colon.
BRANCHES: dict[str, Branch] = {"numbers": _numbers, "dates": _dates, "categories": _categories}
