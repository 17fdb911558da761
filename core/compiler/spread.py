"""Compile a learned spread to a second output of a model's graph, which is computed only where a run asks for it."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from core.array_types import Floats
from core.compiler.blocks import RawBlock
from core.compiler.compile import TOLERANCE, raw_columns_of_frame
from core.compiler.graph_builder import PREDICTION, GraphBuilder
from core.compiler.transformers import convert_preprocessing
from core.compiler.trees import convert_forest
from core.errors import TrainingFailedError
from core.inference.session import SPREAD, WITH_SPREAD, open_session
from core.manifests import Column, Feature
from core.regressors.spread import Spread


def add_spread(graph: bytes, columns: Sequence[Column], spread: Spread) -> bytes:
    """Return the graph of a model with the output `SPREAD`, (rows, 1) float64, beside its prediction.

    The output is empty, (0, 1), unless the input `WITH_SPREAD`, a boolean that is false by default, is true. `columns`
    are those that the graph was compiled with, and its nodes are as before. Raises `TrainingFailedError` for
    preprocessing that has no converter.
    """
    second = GraphBuilder([column.name for column in columns], second=True)
    prediction = second.free_name(PREDICTION)
    result = second.on_request(WITH_SPREAD, lambda: _convert(second, columns, spread, prediction))
    return second.build_onto(graph, SPREAD, result)


def check_spread(
    features: Sequence[Feature], columns: Sequence[Column], spread: Spread, rows: pd.DataFrame, predicted: Floats
) -> None:
    """Compare the nodes of a spread with the spread itself on raw rows with these predictions.

    They are run alone, since a large model would take long to load again. Raises `TrainingFailedError` where they
    differ by more than `TOLERANCE`, and where they take a column that is none of the `features` of the model.
    """
    graph = GraphBuilder([column.name for column in columns])
    prediction = graph.input(graph.free_name(PREDICTION), text=False)
    # Its only output is named after this input.
    result = _convert(graph, columns, spread, prediction)
    if unknown := set(graph.inputs) - {prediction, *(feature.name for feature in features)}:
        raise TrainingFailedError(f"The spread needs {sorted(unknown)}, which the model does not take.")
    raw = {**raw_columns_of_frame(rows, features), prediction: predicted}
    feed = {name: raw[name].reshape(-1, 1) for name in graph.inputs}
    found = open_session(graph.build(result)).run(None, feed)[0][:, 0]
    expected = spread.predict(rows, predicted)
    if not (np.abs(found - expected) <= TOLERANCE * expected).all():
        raise TrainingFailedError("The compiled spread differs from the learned one.")


def _convert(graph: GraphBuilder, columns: Sequence[Column], spread: Spread, prediction: str) -> str:
    """Return the spread, (rows, 1) float64, given the tensor of the prediction."""
    matrix = convert_preprocessing(graph, spread.preprocessor, RawBlock(columns), {})
    mean = convert_forest(graph, graph.node("Concat", matrix, prediction, axis=1), spread)
    root = graph.node("Max", mean, graph.constant(np.full((1, 1), spread.least)))
    before = graph.node("Mul", root, root)
    knots, values = spread.factor.knots, spread.factor.values
    if len(knots) == 1:
        return graph.node("Mul", before, graph.constant(values.reshape(1, 1)))
    return graph.node("Mul", before, _interpolated(graph, prediction, knots, values))


def _interpolated(graph: GraphBuilder, value: str, knots: Floats, values: Floats) -> str:
    """Return the function of (rows, 1) numbers that is linear between the knots and constant beyond them.

    It is the first value, and for each stretch between two knots its slope times how far the number is into it.
    """
    starts, ends = (graph.constant(some.reshape(1, -1)) for some in (knots[:-1], knots[1:]))
    within = graph.node("Min", graph.node("Max", value, starts), ends)
    slopes = graph.constant((np.diff(values) / np.diff(knots)).reshape(-1, 1))
    rise = graph.node("MatMul", graph.node("Sub", within, starts), slopes)
    return graph.node("Add", rise, graph.constant(values[:1].reshape(1, 1)))
