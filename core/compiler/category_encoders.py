"""Convert fitted encoders of categories to ONNX nodes: each level of a column is looked up in a table of numbers."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from onnx import numpy_helper
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, TargetEncoder

from core.compiler.blocks import Features, Matrix, RawBlock, raw_block, side_by_side, unsupported
from core.compiler.graph_builder import ML, GraphBuilder
from core.manifests import Feature

# Represents every level that training has not seen. No CSV cell contains a NUL byte.
UNSEEN = "\0"


def convert_one_hot(
    graph: GraphBuilder, encoder: OneHotEncoder, block: RawBlock | Matrix, features: Features
) -> Matrix:
    """Return the encoded columns, (rows, columns) float64: a table has the encoded row of each level."""
    raw = raw_block(block, encoder)
    if raw.fills is None:
        raise unsupported(encoder)
    levels_of = [[str(level) for level in seen] for seen in encoder.categories_]
    encoded = _encoded(encoder, levels_of, raw.fills)
    blocks, end = [], 0
    for column, fill, levels, width in zip(raw.columns, raw.fills, levels_of, _encoded_widths(encoder), strict=True):
        features[column.name] = Feature(name=column.name, type="category", fill=fill, levels=levels)
        start, end = end, end + width
        table = encoded[: len(levels) + 2, start:end]
        blocks.append(_lookup(graph, graph.input(column.name, text=True), levels, table))
    return side_by_side(graph, blocks)


def _encoded_widths(encoder: OneHotEncoder) -> list[int]:
    """Return the number of encoded columns of each category: one a level, and one for all rare levels."""
    return [
        len(levels) if rare is None else len(levels) - len(rare) + 1
        for levels, rare in zip(encoder.categories_, encoder.infrequent_categories_, strict=True)
    ]


def convert_codes(graph: GraphBuilder, encoder: OrdinalEncoder, block: RawBlock | Matrix, features: Features) -> Matrix:
    """Return the code of each level, (rows, columns) float64; what the encoder does not know has the code it gives."""
    raw = raw_block(block, encoder)
    if raw.fills is None:
        raise unsupported(encoder)
    levels_of = [
        [str(level) for level in seen if level != fill or fill]
        for seen, fill in zip(encoder.categories_, raw.fills, strict=True)
    ]
    encoded = _encoded(encoder, levels_of, raw.fills)
    blocks = []
    for position, (column, fill, levels) in enumerate(zip(raw.columns, raw.fills, levels_of, strict=True)):
        features[column.name] = Feature(name=column.name, type="category", fill=fill, levels=levels)
        codes = encoded[: len(levels) + 2, position]
        blocks.append(_label_encoded(graph, graph.input(column.name, text=True), levels, codes))
    return side_by_side(graph, blocks)


def _encoded(
    encoder: OneHotEncoder | OrdinalEncoder, levels_of: Sequence[list[str]], fills: Sequence[str]
) -> NDArray[np.float64]:
    """Return the encoded levels of all columns side by side, then those of a missing and of an unseen value, float64.

    A column with fewer levels than another one has its first level in the rows that are left. All columns are encoded
    in one call, because each call checks all of them.
    """
    rows = np.empty((max(map(len, levels_of)) + 2, len(levels_of)), object)
    for position, (levels, fill) in enumerate(zip(levels_of, fills, strict=True)):
        rows[:, position] = encoder.categories_[position][0]
        rows[: len(levels) + 2, position] = [*levels, fill, UNSEEN]
    return np.asarray(encoder.transform(rows), np.float64)


def _lookup(graph: GraphBuilder, texts: str, levels: list[str], encoded: NDArray[np.float64]) -> Matrix:
    """Return the row of `encoded` for each text, (rows, width) float64.

    `encoded` has a row for each level, then one for a missing and one for an unseen value. Rare levels share a row, so
    the table is small even for thousands of levels.
    """
    table, row_of = np.unique(encoded, axis=0, return_inverse=True)
    index = _label_encoded(graph, texts, levels, row_of.ravel().astype(np.int64))
    row = graph.node("Squeeze", index, graph.constant(np.array([1], np.int64)))
    return graph.node("Gather", graph.constant(table), row, axis=0)


def convert_target_encoder(
    graph: GraphBuilder, encoder: TargetEncoder, block: RawBlock | Matrix, features: Features
) -> Matrix:
    """Return the mean target of each level, (rows, columns) float64.

    A missing value is a level of its own if training had one, else it counts as an unseen value.
    """
    raw = raw_block(block, encoder)
    if raw.fills is not None:
        raise unsupported(encoder)
    blocks = []
    for column, seen, encoding in zip(raw.columns, encoder.categories_, encoder.encodings_, strict=True):
        missing = pd.isna(seen)
        levels = [str(level) for level in seen[~missing]]
        unseen = float(encoder.target_mean_)
        missing_mean = float(encoding[missing][0]) if missing.any() else unseen
        values = np.array([*encoding[~missing], missing_mean, unseen], np.float64)
        # Another branch may fill the same column; its entry, which has the fill, stays.
        features.setdefault(column.name, Feature(name=column.name, type="category", fill="", levels=levels))
        blocks.append(_label_encoded(graph, graph.input(column.name, text=True), levels, values))
    return side_by_side(graph, blocks)


def _label_encoded(graph: GraphBuilder, texts: str, levels: list[str], values: NDArray[Any]) -> str:
    """Return the value of each text, (rows, 1) of the dtype of `values`.

    `values` has one for each level, then one for a missing and one for an unseen text.
    """
    return graph.node(
        "LabelEncoder",
        texts,
        domain=ML,
        keys_tensor=numpy_helper.from_array(np.array([*levels, ""], object)),
        values_tensor=numpy_helper.from_array(values[:-1]),
        default_tensor=numpy_helper.from_array(values[-1:]),
    )
