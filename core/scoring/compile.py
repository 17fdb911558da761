"""From a fitted scikit-learn pipeline to one ONNX graph: raw columns in, the same float64 prediction out.

Reads the fitted arrays of what `core.learning.pipeline` builds; scikit-learn itself is not imported here.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from core.errors import TrainingFailedError
from core.manifests import Feature
from core.scoring.compiled import CompiledModel
from core.scoring.estimators import ESTIMATORS
from core.scoring.graph import ML, GraphBuilder

# The graph may differ from scikit-learn by this much relative to max(1, |y|), and not more.
TOLERANCE = 1e-9
CHECKED_ROWS = 2000
# Stands for every level that training has not seen. No CSV cell holds a NUL byte.
UNSEEN = "\0"


def compile_pipeline(pipeline: Any) -> tuple[bytes, list[Feature]]:
    """The serialized graph and the raw features it takes, in the order of its inputs.

    Numbers are float64 with NaN for missing, categories strings with "" for missing. Raises `TrainingFailedError`
    for an estimator that has no compiler.
    """
    prepare, estimator = pipeline[0], pipeline[-1]
    compiler = ESTIMATORS.get(type(estimator).__name__)
    if compiler is None:
        raise TrainingFailedError(f"{type(estimator).__name__} cannot be compiled to a graph.")
    graph = GraphBuilder([name for _, _, columns in prepare.transformers_ for name in columns])
    features: list[Feature] = []
    blocks = [BRANCHES[name](graph, branch, columns, features) for name, branch, columns in prepare.transformers_]
    matrix = blocks[0] if len(blocks) == 1 else graph.node("Concat", *blocks, axis=1)
    return graph.build(compiler(graph, matrix, estimator)), features


def check_parity(pipeline: Any, model: CompiledModel, frame: pd.DataFrame) -> float:
    """The largest difference between graph and pipeline on raw rows, relative to max(1, |y|).

    `frame` is joined by a row without any value and one of unseen levels. Raises `TrainingFailedError`, naming the
    row, when the difference is above `TOLERANCE`: such a model must not serve.
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
    return pd.DataFrame(
        {feature.name: [np.nan, UNSEEN if feature.type == "category" else np.nan] for feature in features}
    )


def _numbers(graph: GraphBuilder, branch: Any, columns: list[str], features: list[Feature]) -> str:
    """(rows, numbers) float64: gaps filled, and standardised as (x - mean) / scale where the branch does so."""
    fills = branch.named_steps["impute"].statistics_
    features += [Feature(name=name, type="number", fill=float(fill)) for name, fill in zip(columns, fills, strict=True)]
    inputs = [graph.input(name, text=False) for name in columns]
    matrix = inputs[0] if len(inputs) == 1 else graph.node("Concat", *inputs, axis=1)
    gaps = graph.node("IsNaN", matrix)
    matrix = graph.node("Where", gaps, graph.constant(fills[np.newaxis, :].astype(np.float64)), matrix)
    scaler = branch.named_steps.get("scale")
    if scaler is not None:
        matrix = graph.node("Sub", matrix, graph.constant(scaler.mean_[np.newaxis, :]))
        matrix = graph.node("Div", matrix, graph.constant(scaler.scale_[np.newaxis, :]))
    return matrix


def _categories(graph: GraphBuilder, branch: Any, columns: list[str], features: list[Feature]) -> str:
    """(rows, encoded columns) float64: each category looks its encoded row up in a table."""
    encoder = branch.named_steps["encode"]
    widths = encoded_widths(encoder)
    blocks = []
    for position, name in enumerate(columns):
        levels = [str(level) for level in encoder.categories_[position]]
        fill = str(branch.named_steps["impute"].statistics_[position])
        features.append(Feature(name=name, type="category", fill=fill, levels=levels))
        start = sum(widths[:position])
        table = _encoded(branch, encoder, position, levels)[:, start : start + widths[position]]
        blocks.append(_lookup(graph, graph.input(name, text=True), levels, table))
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


Branch = Callable[[GraphBuilder, Any, list[str], list[Feature]], str]

BRANCHES: dict[str, Branch] = {"numbers": _numbers, "categories": _categories}
