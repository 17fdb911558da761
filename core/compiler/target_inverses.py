"""Convert the inverse of a fitted target transformer to ONNX nodes, by its class."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from core.compiler.graph_builder import GraphBuilder
from core.compiler.same_bits import exponential
from core.errors import TrainingFailedError
from core.preprocessing.recentring import RecentredTarget
from core.preprocessing.target_transforms import OnTrend, TargetTransformer

Converter = Callable[[GraphBuilder, str, Any], str]


def convert_inverse(graph: GraphBuilder, value: str, transformer: Any) -> str:
    """Return the `inverse_transform` of `value`, (rows, 1) float64.

    Raises `TrainingFailedError` for a class that has no converter.
    """
    converter = CONVERTERS.get(type(transformer))
    if converter is None:
        raise TrainingFailedError(
            f"A target transformed by {type(transformer).__name__} cannot be compiled to a graph."
        )
    return converter(graph, value, transformer)


def bounded(graph: GraphBuilder, value: str, fitted: TargetTransformer | OnTrend) -> str:
    """Return the value, (rows, 1), clipped to the fitted bounds `low_` and `high_`."""
    bounds = (graph.constant(np.array(bound, np.float64)) for bound in (fitted.low_, fitted.high_))
    return graph.node("Clip", value, *bounds)


def _convert_steps(graph: GraphBuilder, value: str, pipeline: Pipeline) -> str:
    """Invert the steps from the last to the first."""
    for _, transformer in reversed(pipeline.steps):
        value = convert_inverse(graph, value, transformer)
    return value


def _convert_scaler(graph: GraphBuilder, value: str, scaler: StandardScaler) -> str:
    """Multiply by the scale and add the mean."""
    if scaler.with_std:
        value = graph.node("Mul", value, _number(graph, scaler.scale_))
    return graph.node("Add", value, _number(graph, scaler.mean_)) if scaler.with_mean else value


def _convert_recentred(graph: GraphBuilder, value: str, fitted: RecentredTarget) -> str:
    """Multiply by the scale and add the shift."""
    return graph.node("Add", graph.node("Mul", value, _number(graph, fitted.scale_)), _number(graph, fitted.shift_))


def _convert_target_transform(graph: GraphBuilder, value: str, transform: TargetTransformer) -> str:
    """Undo the standardisation, clip to the bounds, and invert the logarithm or the Yeo-Johnson transformation."""
    scaled = graph.node("Mul", value, _number(graph, transform.scale_))
    raw = bounded(graph, graph.node("Add", scaled, _number(graph, transform.mean_)), transform)
    if transform.kind == "log":
        return graph.node("Sub", exponential(graph, raw), _number(graph, transform.shift_))
    return _inverse_yeo_johnson(graph, raw, float(transform.lambda_))


def _inverse_yeo_johnson(graph: GraphBuilder, raw: str, power: float) -> str:
    """Invert each side of zero by its own formula.

    Yeo and Johnson, "A New Family of Power Transformations", Biometrika 87 (2000).
    """
    zero = _number(graph, 0)
    positive_part = _inverse_box_cox(graph, graph.node("Max", raw, zero), power)
    negative_part = _inverse_box_cox(graph, graph.node("Neg", graph.node("Min", raw, zero)), 2 - power)
    return graph.node("Sub", positive_part, negative_part)


def _inverse_box_cox(graph: GraphBuilder, value: str, power: float) -> str:
    """Return (value * power + 1) ** (1 / power) - 1, or exp(value) - 1 for a power of 0; it is 0 where `value` is 0."""
    one = _number(graph, 1)
    if power == 0:
        return graph.node("Sub", exponential(graph, value), one)
    base = graph.node("Add", graph.node("Mul", value, _number(graph, power)), one)
    return graph.node("Sub", graph.node("Pow", base, _number(graph, 1 / power)), one)


def _number(graph: GraphBuilder, value: Any) -> str:
    """Return a number as a constant tensor, (1, 1) float64."""
    return graph.constant(np.asarray(value, np.float64).reshape(1, 1))


CONVERTERS: Mapping[type, Converter] = {
    Pipeline: _convert_steps,
    StandardScaler: _convert_scaler,
    RecentredTarget: _convert_recentred,
    TargetTransformer: _convert_target_transform,
}
