"""Convert fitted transformers to ONNX nodes, each by its class: from raw columns to the matrix that an estimator takes.

A converter takes the result of the previous step, raw columns or a matrix, and returns the result of its own step.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from onnx import TensorProto, numpy_helper
from sklearn.compose import ColumnTransformer
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder, StandardScaler, TargetEncoder

from core.compiler import calendar
from core.compiler.graph_builder import ML, GraphBuilder
from core.errors import TrainingFailedError
from core.manifests import Column, Feature
from core.preprocessing.date_parts import date_parts, to_seconds

# Represents every level that training has not seen. No CSV cell contains a NUL byte.
UNSEEN = "\0"

# The features that a model takes, by the name of the column.
Features = dict[str, Feature]


@dataclass(frozen=True)
class RawBlock:
    """Columns of the table that no step has converted to numbers yet. Each is an input of the graph, (rows, 1).

    After an imputer of texts, `fills` has the text that replaces a missing one in each column.
    """

    columns: Sequence[Column]
    fills: Sequence[str] | None = None


# The name of a tensor in the graph, (rows, width) float64.
Matrix = str
Converter = Callable[[GraphBuilder, Any, RawBlock | Matrix, Features], RawBlock | Matrix]


def convert_preprocessing(
    graph: GraphBuilder, transformer: Any, block: RawBlock | Matrix, features: Features
) -> Matrix:
    """Return the matrix that a fitted transformer returns, and add the raw columns that it takes to `features`.

    Raises `TrainingFailedError` for a class without a converter, or steps in an order that cannot be converted.
    """
    return _matrix(convert_transformer(graph, transformer, block, features), transformer)


def convert_transformer(
    graph: GraphBuilder, transformer: Any, block: RawBlock | Matrix, features: Features
) -> RawBlock | Matrix:
    """Return the result of one fitted transformer; raises `TrainingFailedError` for a class without a converter.

    A subclass has no converter, as it may transform in another way.
    """
    converter = CONVERTERS.get(type(transformer))
    if converter is None:
        raise _unsupported(transformer)
    return converter(graph, transformer, block, features)


def _convert_steps(
    graph: GraphBuilder, pipeline: Pipeline, block: RawBlock | Matrix, features: Features
) -> RawBlock | Matrix:
    """Convert the steps one after the other."""
    for _, step in pipeline.steps:
        block = convert_transformer(graph, step, block, features)
    return block


def _convert_column_transformer(
    graph: GraphBuilder, fitted: ColumnTransformer, block: RawBlock | Matrix, features: Features
) -> Matrix:
    """Convert all branches of raw columns, side by side; of a matrix, convert the scaler of some columns."""
    if not isinstance(block, RawBlock):
        return _convert_partial_scaler(graph, fitted, block)
    known = {column.name: column for column in block.columns}
    return _side_by_side(
        graph,
        [
            convert_preprocessing(graph, branch, RawBlock([known[name] for name in names]), features)
            for _, branch, names in fitted.transformers_
            if branch != "drop"
        ],
    )


def _convert_partial_scaler(graph: GraphBuilder, fitted: ColumnTransformer, matrix: Matrix) -> Matrix:
    """Return (x - mean) / scale for the columns of a StandardScaler; the columns after them stay as they are."""
    width = fitted.n_features_in_
    mean, scale = np.zeros(width), np.ones(width)
    order: list[int] = []
    for _, branch, positions in fitted.transformers_:
        if type(branch) is StandardScaler and branch.with_mean and branch.with_std:
            # Without any column it was never fitted.
            if positions:
                mean[positions], scale[positions] = branch.mean_, branch.scale_
        elif type(branch) is not FunctionTransformer or branch.func is not None:
            raise _unsupported(branch)
        order += positions
    if order != list(range(width)):
        raise _unsupported(fitted)
    centred = graph.node("Sub", matrix, graph.constant(mean[np.newaxis, :]))
    return graph.node("Div", centred, graph.constant(scale[np.newaxis, :]))


def _convert_imputer(
    graph: GraphBuilder, imputer: SimpleImputer, block: RawBlock | Matrix, features: Features
) -> RawBlock | Matrix:
    """Replace missing numbers; of texts only note the fills, which the encoder replaces missing values with."""
    raw = _raw(block, imputer)
    if all(column.type == "category" for column in raw.columns):
        return replace(raw, fills=[str(fill) for fill in imputer.statistics_])
    fills = imputer.statistics_.astype(np.float64)
    for column, fill in zip(raw.columns, fills.tolist(), strict=True):
        features[column.name] = Feature(
            name=column.name,
            type=_raw_type(column),
            fill=fill,
            format=column.format,
            unit=column.unit,
            decimal=column.decimal,
            words=column.words,
        )
    matrix = _side_by_side(graph, [graph.input(column.name, text=False) for column in raw.columns])
    return graph.node("Where", graph.node("IsNaN", matrix), graph.constant(fills[np.newaxis, :]), matrix)


def _convert_function(
    graph: GraphBuilder, transformer: FunctionTransformer, block: RawBlock | Matrix, _: Features
) -> RawBlock | Matrix:
    """Convert the functions of `core.preprocessing.date_parts`."""
    if transformer.func is to_seconds:
        # An input of the graph is in seconds already.
        return _raw(block, transformer)
    if transformer.func is date_parts:
        return calendar.date_parts(graph, _matrix(block, transformer), transformer.n_features_in_)
    raise _unsupported(transformer)


def _convert_one_hot(
    graph: GraphBuilder, encoder: OneHotEncoder, block: RawBlock | Matrix, features: Features
) -> Matrix:
    """Return the encoded columns, (rows, columns) float64: a table has the encoded row of each level."""
    raw = _raw(block, encoder)
    if raw.fills is None:
        raise _unsupported(encoder)
    levels_of = [[str(level) for level in seen] for seen in encoder.categories_]
    encoded = _encoded(encoder, levels_of, raw.fills)
    blocks, end = [], 0
    for column, fill, levels, width in zip(raw.columns, raw.fills, levels_of, _encoded_widths(encoder), strict=True):
        features[column.name] = Feature(name=column.name, type="category", fill=fill, levels=levels)
        start, end = end, end + width
        table = encoded[: len(levels) + 2, start:end]
        blocks.append(_lookup(graph, graph.input(column.name, text=True), levels, table))
    return _side_by_side(graph, blocks)


def _encoded_widths(encoder: OneHotEncoder) -> list[int]:
    """Return the number of encoded columns of each category: one a level, and one for all rare levels."""
    return [
        len(levels) if rare is None else len(levels) - len(rare) + 1
        for levels, rare in zip(encoder.categories_, encoder.infrequent_categories_, strict=True)
    ]


def _convert_codes(
    graph: GraphBuilder, encoder: OrdinalEncoder, block: RawBlock | Matrix, features: Features
) -> Matrix:
    """Return the code of each level, (rows, columns) float64; what the encoder does not know has the code it gives."""
    raw = _raw(block, encoder)
    if raw.fills is None:
        raise _unsupported(encoder)
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
    return _side_by_side(graph, blocks)


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


def _convert_target_encoder(
    graph: GraphBuilder, encoder: TargetEncoder, block: RawBlock | Matrix, features: Features
) -> Matrix:
    """Return the mean target of each level, (rows, columns) float64.

    A missing value is a level of its own if training had one, else it counts as an unseen value.
    """
    raw = _raw(block, encoder)
    if raw.fills is not None:
        raise _unsupported(encoder)
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
    return _side_by_side(graph, blocks)


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


def _convert_missing_indicator(
    graph: GraphBuilder, indicator: MissingIndicator, block: RawBlock | Matrix, features: Features
) -> Matrix:
    """Return 1 where a value is missing, else 0, (rows, columns) float64."""
    raw = _raw(block, indicator)
    blocks = []
    for column in (raw.columns[position] for position in indicator.features_):
        text = column.type == "category"
        values = graph.input(column.name, text=text)
        fill: float | str = "" if text else 0.0
        features.setdefault(column.name, Feature(name=column.name, type=_raw_type(column), fill=fill))
        blocks.append(
            graph.node("Equal", values, graph.constant(np.array("", object))) if text else graph.node("IsNaN", values)
        )
    return graph.node("Cast", _side_by_side(graph, blocks), to=TensorProto.DOUBLE)


def _raw_type(column: Column) -> Literal["number", "boolean", "date", "category"]:
    """Return the type of the feature that a column becomes."""
    return "number" if column.type == "integer" else column.type


def _side_by_side(graph: GraphBuilder, blocks: list[str]) -> str:
    """Join blocks of columns to one matrix."""
    return blocks[0] if len(blocks) == 1 else graph.node("Concat", *blocks, axis=1)


def _raw(block: RawBlock | Matrix, transformer: Any) -> RawBlock:
    """Return the block; raises `TrainingFailedError` where it is a matrix, and the transformer takes raw columns."""
    if not isinstance(block, RawBlock):
        raise _unsupported(transformer)
    return block


def _matrix(block: RawBlock | Matrix, transformer: Any) -> Matrix:
    """Return the block; raises `TrainingFailedError` where it is not yet a matrix."""
    if isinstance(block, RawBlock):
        raise _unsupported(transformer)
    return block


def _unsupported(transformer: Any) -> TrainingFailedError:
    """Return the error for a transformer that no converter takes."""
    return TrainingFailedError(f"The preprocessing {transformer!r:.200} cannot be compiled to a graph.")


CONVERTERS: Mapping[type, Converter] = {
    Pipeline: _convert_steps,
    ColumnTransformer: _convert_column_transformer,
    SimpleImputer: _convert_imputer,
    FunctionTransformer: _convert_function,
    OneHotEncoder: _convert_one_hot,
    OrdinalEncoder: _convert_codes,
    TargetEncoder: _convert_target_encoder,
    MissingIndicator: _convert_missing_indicator,
}
