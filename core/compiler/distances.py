"""Convert regressors that compare each row with rows of training: support vectors and nearest neighbours.

The graph uses plain ONNX operators in float64 on a few hundred rows at a time, so a million rows take no more memory.
"""

from collections.abc import Callable

import numpy as np
from sklearn.neighbors import KNeighborsRegressor
from sklearn.svm import SVR

from core.array_types import Floats
from core.compiler.graph_builder import GraphBuilder
from core.compiler.same_bits import padded, row_sums
from core.errors import TrainingFailedError

# The limits on rows at a time, and on float64 values in one step (32 MB).
CHUNK_ROWS = 256
CHUNK_CELLS = 4 << 20
# Inputs are clipped to this, as its square is still a float64. Every row of training is about equally far from there.
FAR = 1e100
# |x|^2 - 2xy + |y|^2 is fast but loses digits: the nearest rows by it, and so many more, get exact distances.
SPARE_NEIGHBOURS = 8


def convert_support_vectors(graph: GraphBuilder, matrix: str, estimator: SVR) -> str:
    """Return the dual coefficients times the kernel of row and support vectors, plus the intercept.

    Raises `TrainingFailedError` for another kernel than linear, rbf, poly and sigmoid.
    """
    kernel = KERNELS.get(estimator.kernel)
    if kernel is None and estimator.kernel != "linear":
        raise TrainingFailedError(f"SVR with the kernel {estimator.kernel!r} cannot be compiled to a graph.")
    intercept = graph.constant(np.asarray(estimator.intercept_, np.float64).reshape(1, 1))
    if kernel is None or not len(estimator.support_vectors_):
        # Without a vector, as where epsilon is larger than all differences, every prediction is the intercept.
        weights = estimator.coef_ if kernel is None else np.zeros(estimator.n_features_in_)
        product = graph.node("MatMul", matrix, graph.constant(weights.reshape(-1, 1)))
        return graph.node("Add", product, intercept)
    # Vectors of zeros that fill the last row of lanes have no weight.
    vectors = padded(np.asarray(estimator.support_vectors_, np.float64))
    coefficients = graph.constant(padded(np.asarray(estimator.dual_coef_, np.float64).reshape(-1, 1)))
    return _by_chunks(
        graph,
        matrix,
        len(vectors),
        lambda rows: graph.node("Gemm", kernel(graph, rows, vectors, estimator), coefficients, intercept),
    )


def _rbf(graph: GraphBuilder, rows: str, vectors: Floats, estimator: SVR) -> str:
    """Return exp(-gamma |x - v|^2); the square is expanded so that one matrix product computes all of them."""
    gamma = float(estimator._gamma)
    near = _clipped(graph, rows)
    squares = row_sums(graph, graph.node("Mul", near, near), vectors.shape[1])
    factors = np.vstack([2 * gamma * vectors.T, np.full((1, len(vectors)), -gamma)])
    offsets = -gamma * (vectors**2).sum(axis=1)
    joined = graph.node("Concat", near, squares, axis=1)
    return graph.node("Exp", graph.node("Gemm", joined, graph.constant(factors), graph.constant(offsets)))


def _polynomial(graph: GraphBuilder, rows: str, vectors: Floats, estimator: SVR) -> str:
    """Return (gamma x v + coef0) ** degree."""
    degree = graph.constant(np.array(estimator.degree, np.float64))
    return graph.node("Pow", _products(graph, rows, vectors, estimator), degree)


def _sigmoid(graph: GraphBuilder, rows: str, vectors: Floats, estimator: SVR) -> str:
    """Return tanh(gamma x v + coef0)."""
    return graph.node("Tanh", _products(graph, rows, vectors, estimator))


def _products(graph: GraphBuilder, rows: str, vectors: Floats, estimator: SVR) -> str:
    """Return gamma x v + coef0, (rows, vectors)."""
    offset = graph.constant(np.array([[estimator.coef0]], np.float64))
    return graph.node("Gemm", rows, graph.constant(float(estimator._gamma) * vectors.T), offset)


KERNELS = {"rbf": _rbf, "poly": _polynomial, "sigmoid": _sigmoid}


def convert_nearest_neighbours(graph: GraphBuilder, matrix: str, estimator: KNeighborsRegressor) -> str:
    """Return the mean target of the nearest rows, with equal weights or by 1 / distance.

    Of equally distant rows the graph uses those that come first in training, scikit-learn those that its search finds
    first. Raises `TrainingFailedError` for another metric or other weights.
    """
    metric = estimator.effective_metric_
    if metric not in ("euclidean", "manhattan") or estimator.weights not in ("uniform", "distance"):
        raise TrainingFailedError(
            f"KNeighborsRegressor with the metric {metric!r} and weights {estimator.weights!r} cannot be compiled to a "
            "graph. Use p 1 or 2 and weights uniform or distance."
        )
    targets = graph.constant(np.asarray(estimator._y, np.float64).reshape(-1))
    wanted = graph.constant(np.array([estimator.n_neighbors]))
    # Columns of zeros change no distance.
    points = padded(np.asarray(estimator._fit_X, np.float64), axis=1)
    more_columns = graph.constant(np.array([0, 0, 0, points.shape[1] - estimator.n_features_in_]))

    def predicted(rows: str) -> str:
        near = graph.node("Pad", _clipped(graph, rows), more_columns)
        if metric == "manhattan":
            distances = _distances(graph, near, graph.constant(points[np.newaxis]), metric)
            nearest = graph.node("TopK", distances, wanted, outputs=2, largest=0)
            indices = nearest
        else:
            candidates = _candidates(graph, near, points, estimator.n_neighbors + SPARE_NEIGHBOURS)
            distances = _distances(graph, near, graph.node("Gather", graph.constant(points), candidates), metric)
            nearest = graph.node("TopK", distances, wanted, outputs=2, largest=0)
            indices = graph.node("GatherElements", candidates, nearest, axis=1)
        values = graph.node("Gather", targets, indices)
        count = estimator.n_neighbors
        if estimator.weights == "uniform":
            return graph.node("Div", row_sums(graph, values, count), graph.constant(np.array(count, np.float64)))
        weights = _weights(graph, graph.node("GatherElements", distances, nearest, axis=1))
        total = row_sums(graph, graph.node("Mul", weights, values), count)
        return graph.node("Div", total, row_sums(graph, weights, count))

    return _by_chunks(graph, matrix, points.size if metric == "manhattan" else len(points), predicted)


def _candidates(graph: GraphBuilder, rows: str, points: Floats, count: int) -> str:
    """Return the `count` points with the smallest |p|^2 - 2xp, (rows, count) int64, in any order."""
    offsets = graph.constant((points**2).sum(axis=1))
    score = graph.node("Gemm", rows, graph.constant(-2 * points.T), offsets)
    return graph.node("TopK", score, graph.constant(np.array([min(count, len(points))])), outputs=2, largest=0)


def _distances(graph: GraphBuilder, rows: str, points: str, metric: str) -> str:
    """Return exact distances, (rows, points) float64, to `points` of shape (rows or 1, points, columns)."""
    differences = graph.node("Sub", graph.node("Unsqueeze", rows, graph.constant(np.array([1]))), points)
    last = graph.constant(np.array([2]))
    if metric == "manhattan":
        return graph.node("ReduceL1", differences, last, keepdims=0)
    return graph.node("Sqrt", graph.node("ReduceSumSquare", differences, last, keepdims=0))


def _weights(graph: GraphBuilder, distances: str) -> str:
    """Return 1 / distance as weights; where a distance is 0, only the rows at distance 0 count."""
    zero = graph.constant(np.array(0.0))
    smallest = graph.node("ReduceMin", distances, graph.constant(np.array([1])))
    has_exact_match = graph.node("Equal", smallest, zero)
    exact_weights = graph.node("Where", graph.node("Equal", distances, zero), graph.constant(np.array(1.0)), zero)
    return graph.node("Where", has_exact_match, exact_weights, graph.node("Reciprocal", distances))


def _clipped(graph: GraphBuilder, rows: str) -> str:
    """Return the rows clipped to `FAR`."""
    return graph.node("Clip", rows, graph.constant(np.array(-FAR)), graph.constant(np.array(FAR)))


def _by_chunks(graph: GraphBuilder, matrix: str, cells: int, predicted: Callable[[str], str]) -> str:
    """Return `predicted` of all rows, (rows, 1), computed in chunks; one row needs `cells` float64 in memory.

    Chunks have equal sizes, so a single row is one chunk; the last chunk is filled with copies of the last row.
    """
    limit = graph.constant(np.array(max(1, min(CHUNK_ROWS, CHUNK_CELLS // cells)), np.int64))
    zero, one = (graph.constant(np.array(number, np.int64)) for number in (0, 1))
    rows = graph.node("Squeeze", graph.node("Shape", matrix, start=0, end=1))
    last = graph.node("Sub", rows, one)
    times = graph.node("Max", one, graph.node("Add", graph.node("Div", last, limit), one))
    size = graph.node("Div", graph.node("Add", rows, graph.node("Sub", times, one)), times)
    steps = graph.node("Range", zero, size, one)

    def chunk(number: str) -> str:
        positions = graph.node("Add", graph.node("Mul", number, size), steps)
        return predicted(graph.node("Gather", matrix, graph.node("Min", positions, last)))

    stacked = graph.node("Reshape", graph.loop(times, chunk), graph.constant(np.array([-1, 1])))
    first = graph.constant(np.array([0]))
    return graph.node("Slice", stacked, first, graph.node("Reshape", rows, graph.constant(np.array([1]))), first)
