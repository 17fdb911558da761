"""How each fitted estimator becomes ONNX nodes: a function from the prepared matrix to the prediction."""

from collections.abc import Callable
from typing import Any

import numpy as np

from core.compiler.distances import nearest_neighbours, support_vectors
from core.compiler.graph_builder import GraphBuilder
from core.compiler.target_inverses import bounded, inverse
from core.compiler.trees import forest, gradient_boosting, histogram_boosting, tree
from core.errors import TrainingFailedError

Compiler = Callable[[GraphBuilder, str, Any], str]


def estimated(graph: GraphBuilder, matrix: str, estimator: Any) -> str:
    """(rows, 1) float64: the estimator's prediction of a prepared matrix, (rows, columns) float64.

    Raises `TrainingFailedError` for an estimator that has no compiler.
    """
    name = type(estimator).__name__
    compiler = ESTIMATORS.get(name)
    if compiler is None:
        raise TrainingFailedError(f"{name} cannot be compiled to a graph.")
    return compiler(graph, matrix, estimator)


def _linear(graph: GraphBuilder, matrix: str, estimator: Any) -> str:
    """x @ coef + intercept."""
    product = graph.node("MatMul", matrix, graph.constant(estimator.coef_.reshape(-1, 1).astype(np.float64)))
    return graph.node("Add", product, graph.constant(np.array(estimator.intercept_, np.float64).reshape(1, 1)))


def _constant(graph: GraphBuilder, matrix: str, estimator: Any) -> str:
    """The same number for every row."""
    rows = graph.node("Shape", matrix, start=0, end=1)
    one = graph.constant(np.array([1]))
    value = graph.constant(np.asarray(estimator.constant_, np.float64).reshape(1, 1))
    return graph.node("Expand", value, graph.node("Concat", rows, one, axis=0))


def _transformed(graph: GraphBuilder, matrix: str, estimator: Any) -> str:
    """A TransformedTargetRegressor: its regressor, and the way back."""
    return inverse(graph, estimated(graph, matrix, estimator.regressor_), estimator.transformer_)


def _on_trend(graph: GraphBuilder, matrix: str, estimator: Any) -> str:
    """A `core.preprocessing.target_transforms.OnTrend`: the line and what its regressor adds, bounded."""
    line = _linear(graph, graph.node("Sub", matrix, graph.constant(estimator.mean_.reshape(1, -1))), estimator)
    return bounded(graph, graph.node("Add", line, estimated(graph, matrix, estimator.regressor_)), estimator)


# By the name of the class, so that scikit-learn is not imported here.
ESTIMATORS: dict[str, Compiler] = {
    "LinearRegression": _linear,
    "Ridge": _linear,
    "Lasso": _linear,
    "ElasticNet": _linear,
    "DecisionTreeRegressor": tree,
    "RandomForestRegressor": forest,
    "ExtraTreesRegressor": forest,
    "GradientBoostingRegressor": gradient_boosting,
    "HistGradientBoostingRegressor": histogram_boosting,
    "SVR": support_vectors,
    "KNeighborsRegressor": nearest_neighbours,
    "DummyRegressor": _constant,
    "OnTrend": _on_trend,
    "TransformedTargetRegressor": _transformed,
}
