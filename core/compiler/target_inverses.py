"""The way back from a transformed target to the target itself, in ONNX operations."""

from typing import Any

import numpy as np

from core.compiler.graph_builder import GraphBuilder
from core.errors import TrainingFailedError


def inverse(graph: GraphBuilder, value: str, transformer: Any) -> str:
    """(rows, 1): what the fitted transformer's `inverse_transform` makes of a prediction."""
    name = type(transformer).__name__
    undo = INVERSES.get(name)
    if undo is None:
        raise TrainingFailedError(f"A target transformed by {name} cannot be compiled to a graph.")
    return undo(graph, value, transformer)


def _pipeline(graph: GraphBuilder, value: str, pipeline: Any) -> str:
    for _, transformer in reversed(pipeline.steps):
        value = inverse(graph, value, transformer)
    return value


def _standard_scaler(graph: GraphBuilder, value: str, scaler: Any) -> str:
    if scaler.with_std:
        value = graph.node("Mul", value, _number(graph, scaler.scale_))
    return graph.node("Add", value, _number(graph, scaler.mean_)) if scaler.with_mean else value


def _target_transform(graph: GraphBuilder, value: str, transform: Any) -> str:
    """A `target_transforms.TargetTransform`: standardised back, bounded, and then the inverse of its kind."""
    wide = graph.node("Mul", value, _number(graph, transform.scale_))
    raw = bounded(graph, graph.node("Add", wide, _number(graph, transform.mean_)), transform)
    if transform.kind == "log":
        return graph.node("Sub", graph.node("Exp", raw), _number(graph, transform.shift_))
    return _inverse_yeo_johnson(graph, raw, float(transform.lambda_))


def bounded(graph: GraphBuilder, value: str, fitted: Any) -> str:
    """(rows, 1): the value, no further than from `low_` to `high_` of what was fitted."""
    bounds = (graph.constant(np.array(bound, np.float64)) for bound in (fitted.low_, fitted.high_))
    return graph.node("Clip", value, *bounds)


def _inverse_yeo_johnson(graph: GraphBuilder, raw: str, power: float) -> str:
    """Each side by its own formula: Yeo and Johnson, "A New Family of Power Transformations", Biometrika 87 (2000)."""
    zero = _number(graph, 0)
    up = _inverse_box_cox(graph, graph.node("Max", raw, zero), power)
    down = _inverse_box_cox(graph, graph.node("Neg", graph.node("Min", raw, zero)), 2 - power)
    return graph.node("Sub", up, down)


def _inverse_box_cox(graph: GraphBuilder, value: str, power: float) -> str:
    """(value * power + 1) ** (1 / power) - 1, which is exp(value) - 1 for a power of 0; 0 where `value` is 0."""
    one = _number(graph, 1)
    if power == 0:
        return graph.node("Sub", graph.node("Exp", value), one)
    base = graph.node("Add", graph.node("Mul", value, _number(graph, power)), one)
    return graph.node("Sub", graph.node("Pow", base, _number(graph, 1 / power)), one)


def _number(graph: GraphBuilder, value: Any) -> str:
    return graph.constant(np.asarray(value, np.float64).reshape(1, 1))


INVERSES = {"StandardScaler": _standard_scaler, "TargetTransform": _target_transform, "Pipeline": _pipeline}
