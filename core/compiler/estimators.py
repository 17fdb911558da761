"""Convert fitted estimators to ONNX nodes, each by its class: from the prepared matrix to the prediction."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from sklearn.compose import TransformedTargetRegressor
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import (
    ExtraTreesRegressor,
    GradientBoostingRegressor,
    HistGradientBoostingRegressor,
    RandomForestRegressor,
)
from sklearn.linear_model import ElasticNet, Lasso, LinearRegression, Ridge
from sklearn.neighbors import KNeighborsRegressor
from sklearn.svm import SVR
from sklearn.tree import DecisionTreeRegressor

from core.compiler.distances import convert_nearest_neighbours, convert_support_vectors
from core.compiler.graph_builder import GraphBuilder
from core.compiler.lightgbm_trees import convert_lightgbm
from core.compiler.target_inverses import bounded, convert_inverse
from core.compiler.trees import convert_forest, convert_gradient_boosting, convert_histogram_boosting, convert_tree
from core.errors import TrainingFailedError
from core.preprocessing.target_transforms import OnTrend

Converter = Callable[[GraphBuilder, str, Any], str]


def convert_estimator(graph: GraphBuilder, matrix: str, estimator: Any) -> str:
    """Return the estimator's prediction, (rows, 1) float64, of a prepared matrix, (rows, columns) float64.

    Raises `TrainingFailedError` for a class that has no converter. A subclass has none: it may predict in another way.
    """
    converter = converter_of(type(estimator))
    if converter is None:
        raise TrainingFailedError(f"{type(estimator).__name__} cannot be compiled to a graph.")
    return converter(graph, matrix, estimator)


def converter_of(kind: type) -> Converter | None:
    """Return the converter of a class, None where there is none."""
    return CONVERTERS.get(kind) or CONVERTERS_BY_NAME.get(f"{kind.__module__}.{kind.__qualname__}")


def _convert_linear(graph: GraphBuilder, matrix: str, estimator: Any) -> str:
    """Return x @ coef_ + intercept_."""
    product = graph.node("MatMul", matrix, graph.constant(estimator.coef_.reshape(-1, 1).astype(np.float64)))
    return graph.node("Add", product, graph.constant(np.array(estimator.intercept_, np.float64).reshape(1, 1)))


def _convert_constant(graph: GraphBuilder, matrix: str, estimator: DummyRegressor) -> str:
    """Return the same number for every row."""
    rows = graph.node("Shape", matrix, start=0, end=1)
    one = graph.constant(np.array([1]))
    value = graph.constant(np.asarray(estimator.constant_, np.float64).reshape(1, 1))
    return graph.node("Expand", value, graph.node("Concat", rows, one, axis=0))


def _convert_transformed_target(graph: GraphBuilder, matrix: str, estimator: TransformedTargetRegressor) -> str:
    """Return the prediction of the inner regressor, transformed back."""
    return convert_inverse(graph, convert_estimator(graph, matrix, estimator.regressor_), estimator.transformer_)


def _convert_on_trend(graph: GraphBuilder, matrix: str, estimator: OnTrend) -> str:
    """Return the linear model plus the prediction of the inner regressor, bounded."""
    line = _convert_linear(graph, graph.node("Sub", matrix, graph.constant(estimator.mean_.reshape(1, -1))), estimator)
    return bounded(graph, graph.node("Add", line, convert_estimator(graph, matrix, estimator.regressor_)), estimator)


CONVERTERS: Mapping[type, Converter] = {
    LinearRegression: _convert_linear,
    Ridge: _convert_linear,
    Lasso: _convert_linear,
    ElasticNet: _convert_linear,
    DecisionTreeRegressor: convert_tree,
    RandomForestRegressor: convert_forest,
    ExtraTreesRegressor: convert_forest,
    GradientBoostingRegressor: convert_gradient_boosting,
    HistGradientBoostingRegressor: convert_histogram_boosting,
    SVR: convert_support_vectors,
    KNeighborsRegressor: convert_nearest_neighbours,
    DummyRegressor: _convert_constant,
    OnTrend: _convert_on_trend,
    TransformedTargetRegressor: _convert_transformed_target,
}
# Those of packages that are loaded only where one of their models is trained.
CONVERTERS_BY_NAME: Mapping[str, Converter] = {"lightgbm.sklearn.LGBMRegressor": convert_lightgbm}
