"""Convert fitted transformers to ONNX nodes, each by its class: from raw columns to the matrix that an estimator takes.

A converter takes the result of the previous step, raw columns or a matrix, and returns the result of its own step.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from onnx import TensorProto
from sklearn.compose import ColumnTransformer
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder, StandardScaler, TargetEncoder

from core.compiler import calendar
from core.compiler.blocks import (
    Converter,
    Features,
    Matrix,
    RawBlock,
    feature_type,
    matrix_of,
    raw_block,
    side_by_side,
    unsupported,
)
from core.compiler.category_encoders import convert_codes, convert_one_hot, convert_target_encoder
from core.compiler.graph_builder import GraphBuilder
from core.manifests import Feature
from core.preprocessing.date_parts import date_parts, to_seconds
from core.preprocessing.recentring import MOST_COLUMN, FiniteImputer, RecentredColumns


def convert_preprocessing(
    graph: GraphBuilder, transformer: Any, block: RawBlock | Matrix, features: Features
) -> Matrix:
    """Return the matrix that a fitted transformer returns, and add the raw columns that it takes to `features`.

    Raises `TrainingFailedError` for a class without a converter, or steps in an order that cannot be converted.
    """
    return matrix_of(convert_transformer(graph, transformer, block, features), transformer)


def convert_transformer(
    graph: GraphBuilder, transformer: Any, block: RawBlock | Matrix, features: Features
) -> RawBlock | Matrix:
    """Return the result of one fitted transformer; raises `TrainingFailedError` for a class without a converter.

    A subclass has no converter, as it may transform in another way.
    """
    converter = CONVERTERS.get(type(transformer))
    if converter is None:
        raise unsupported(transformer)
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
    return side_by_side(
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
            raise unsupported(branch)
        order += positions
    if order != list(range(width)):
        raise unsupported(fitted)
    centred = graph.node("Sub", matrix, graph.constant(mean[np.newaxis, :]))
    return graph.node("Div", centred, graph.constant(scale[np.newaxis, :]))


def _convert_imputer(
    graph: GraphBuilder, imputer: SimpleImputer, block: RawBlock | Matrix, features: Features
) -> RawBlock | Matrix:
    """Replace missing numbers; of texts only note the fills, which the encoder replaces missing values with."""
    raw = raw_block(block, imputer)
    if all(column.type == "category" for column in raw.columns):
        return replace(raw, fills=[str(fill) for fill in imputer.statistics_])
    fills = imputer.statistics_.astype(np.float64)
    for column, fill in zip(raw.columns, fills.tolist(), strict=True):
        features[column.name] = Feature(
            name=column.name,
            type=feature_type(column),
            fill=fill,
            format=column.format,
            unit=column.unit,
            decimal=column.decimal,
            words=column.words,
        )
    matrix = side_by_side(graph, [graph.input(column.name, text=False) for column in raw.columns])
    return graph.node("Where", graph.node("IsNaN", matrix), graph.constant(fills[np.newaxis, :]), matrix)


def _convert_function(
    graph: GraphBuilder, transformer: FunctionTransformer, block: RawBlock | Matrix, _: Features
) -> RawBlock | Matrix:
    """Convert the functions of `core.preprocessing.date_parts`."""
    if transformer.func is to_seconds:
        # An input of the graph is in seconds already.
        return raw_block(block, transformer)
    if transformer.func is date_parts:
        return calendar.date_parts(graph, matrix_of(block, transformer), transformer.n_features_in_)
    raise unsupported(transformer)


def _convert_recentred(graph: GraphBuilder, fitted: RecentredColumns, block: RawBlock | Matrix, _: Features) -> Matrix:
    """Return (x - shift_) / scale_, clipped."""
    shifted = graph.node("Sub", matrix_of(block, fitted), graph.constant(fitted.shift_[np.newaxis, :]))
    divided = graph.node("Div", shifted, graph.constant(fitted.scale_[np.newaxis, :]))
    bounds = (graph.constant(np.array(bound)) for bound in (-MOST_COLUMN, MOST_COLUMN))
    return graph.node("Clip", divided, *bounds)


def _convert_missing_indicator(
    graph: GraphBuilder, indicator: MissingIndicator, block: RawBlock | Matrix, features: Features
) -> Matrix:
    """Return 1 where a value is missing, else 0, (rows, columns) float64."""
    raw = raw_block(block, indicator)
    blocks = []
    for column in (raw.columns[position] for position in indicator.features_):
        text = column.type == "category"
        values = graph.input(column.name, text=text)
        fill: float | str = "" if text else 0.0
        features.setdefault(column.name, Feature(name=column.name, type=feature_type(column), fill=fill))
        blocks.append(
            graph.node("Equal", values, graph.constant(np.array("", object))) if text else graph.node("IsNaN", values)
        )
    return graph.node("Cast", side_by_side(graph, blocks), to=TensorProto.DOUBLE)


CONVERTERS: Mapping[type, Converter] = {
    Pipeline: _convert_steps,
    ColumnTransformer: _convert_column_transformer,
    SimpleImputer: _convert_imputer,
    FiniteImputer: _convert_imputer,
    RecentredColumns: _convert_recentred,
    FunctionTransformer: _convert_function,
    OneHotEncoder: convert_one_hot,
    OrdinalEncoder: convert_codes,
    TargetEncoder: convert_target_encoder,
    MissingIndicator: _convert_missing_indicator,
}
