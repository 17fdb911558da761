"""Estimate how long training will take, to decide whether a request can wait for it.

The catalogue knows how long a fit takes with usual parameters. What a request may choose instead adds here: loops of an
iterative solver, neighbours, deep or many trees, and what each tree and each of its nodes costs after it was fitted.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import log2
from typing import Any

from core.manifests import Column
from core.preprocessing.date_parts import PARTS
from core.preprocessing.features import MAX_LEVELS
from core.regressors.candidates import Candidate
from core.regressors.limits import BYTES_PER_NODE, NODES_PER_ROW, TrainingLimits
from core.regressors.validation import FOLDS

FITS = FOLDS + 1
# Reading the table, evaluating and storing, for each model.
STORING_SECONDS = 0.3
# Beside what the catalogue counts, for each tree of each fit, in Python, so on one core however many there are.
TREE_SECONDS = 0.7e-3
# A leaf of a loss other than the squared error gets its value by a quantile of its rows, again in Python.
LEAF_SECONDS = 0.15e-3
# To compile, prove, measure and store a tree, and each of its nodes.
TREE_STORING_SECONDS = 1e-3
NODE_STORING_SECONDS = 6e-6
# To read, prepare and learn from one number of the matrix in parts.
READ_NUMBER_SECONDS = 1e-7
# One loop over one number of the matrix, and one step of a support vector machine for one row.
NUMBER_SECONDS = 1.2e-9
STEP_SECONDS = 1e-8
# A support vector machine that takes more steps may take for ever: no forecast is larger.
MOST_STEPS = 1e7

Params = Mapping[str, Any]


def expected_seconds(
    candidates: Sequence[Candidate], rows: int, columns: int, limits: TrainingLimits, tuning_seconds: float = 0.0
) -> float:
    """Return the seconds to train, cross-validate and store these candidates, for `columns` columns of the matrix."""
    parallel = alone = 0.0
    for candidate in candidates:
        fit = _fit_seconds(candidate, rows, columns)
        trees, leaves = _trees(candidate, rows)
        nodes = min(2.0 * trees * leaves, limits.model_bytes / BYTES_PER_NODE)
        parallel += FITS * fit + STORING_SECONDS
        alone += FITS * trees * (TREE_SECONDS + LEAF_SECONDS * leaves * _has_leaf_quantiles(candidate))
        alone += trees * TREE_STORING_SECONDS + nodes * NODE_STORING_SECONDS
    return parallel / limits.threads + alone + tuning_seconds


def seconds_in_parts(candidates: Iterable[Candidate], rows: int, columns: Sequence[Column]) -> float:
    """Return the seconds that one of these candidates takes to learn from a table in parts, besides its fit.

    LightGBM reads them twice: first it draws the rows by which its bins are chosen.
    """
    width = matrix_width(columns)
    passes = max(2 if candidate.takes_codes else 1 for candidate in candidates)
    return READ_NUMBER_SECONDS * passes * rows * width


def matrix_width(columns: Iterable[Column]) -> int:
    """Return how many columns the matrix of these columns has: a category has one a level, a date its parts."""
    return sum(
        len(PARTS) if column.type == "date" else column.distinct if _is_one_hot(column) else 1 for column in columns
    )


def coded_width(columns: Sequence[Column]) -> int:
    """Return how many columns the matrix has where categories are codes."""
    return sum(len(PARTS) if column.type == "date" else 1 for column in columns)


def width_for(candidate: Candidate, columns: Sequence[Column]) -> int:
    """Return how many columns the matrix has that a candidate gets."""
    return coded_width(columns) if candidate.takes_codes else matrix_width(columns)


def _is_one_hot(column: Column) -> bool:
    return column.type == "category" and 1 < column.distinct <= MAX_LEVELS


def _fit_seconds(candidate: Candidate, rows: int, columns: int) -> float:
    """Return the seconds of one fit on one core."""
    entry, params = candidate.regressor, {**candidate.regressor.defaults, **candidate.params}
    usual = candidate.expected_seconds(rows, columns)
    if params.get("criterion") == "absolute_error":
        usual *= 5
    if entry.name == "gradient_boosting" and params["max_depth"] is None:
        usual *= 2 * log2(rows + 2) / entry.defaults["max_depth"]
    effort = EFFORTS.get(entry.name)
    return usual if effort is None else effort(usual, min(rows, entry.max_rows or rows), columns, params)


def _neighbours(usual: float, rows: int, columns: int, params: Params) -> float:
    """Almost all of the time goes into sorting the neighbours of each row that is predicted."""
    return usual * max(1.0, _number(params, "n_neighbors", 5) / 5)


def _support_vectors(usual: float, rows: int, columns: int, params: Params) -> float:
    """Steps grow with C: without a bound for kernels that cannot fit every row, up to about 30 for the others."""
    c = max(1.0, _number(params, "C", 1.0))
    if params.get("kernel", "rbf") in ("rbf", "sigmoid"):
        return usual * max(1.0, min(c, 30.0) / 4)
    given = _number(params, "max_iter", -1)
    steps = min(30.0 * rows * c, MOST_STEPS, given if given > 0 else MOST_STEPS)
    return max(usual, STEP_SECONDS * rows * steps)


def _loops(usual: float, rows: int, columns: int, params: Params) -> float:
    """A solver that is asked for more digits than usual may need all of its loops."""
    if _number(params, "tol", 1e-4) >= 1e-5:
        return usual
    return max(usual, NUMBER_SECONDS * rows * columns * _number(params, "max_iter", 1_000))


EFFORTS: dict[str, Callable[[float, int, int, Params], float]] = {
    "knn": _neighbours,
    "svr": _support_vectors,
    "ridge": _loops,
    "lasso": _loops,
    "elastic_net": _loops,
}


def _trees(candidate: Candidate, rows: int) -> tuple[float, float]:
    """Return how many trees a candidate has, and how many leaves each at most."""
    params = {**candidate.regressor.defaults, **candidate.params}
    name = next((name for name in ("n_estimators", "max_iter") if name in candidate.regressor.cost_parameters), None)
    if name is None and candidate.regressor.name != "decision_tree":
        return 0.0, 0.0
    leaves = NODES_PER_ROW / 2 * min(rows, candidate.regressor.max_rows or rows)
    # A float is a share of the rows.
    least_rows = _number(params, "min_samples_leaf", 1)
    leaves = leaves / least_rows if least_rows >= 1 else min(leaves, 1 / least_rows)
    for bound in ("max_leaf_nodes", "num_leaves"):
        leaves = min(leaves, _number(params, bound, leaves))
    depth = _number(params, "max_depth", 64)
    if depth > 0:  # elsewhere -1 is no bound
        leaves = min(leaves, 2.0**depth)
    return _number(params, name, 1) if name else 1.0, max(leaves, 1.0)


def _has_leaf_quantiles(candidate: Candidate) -> bool:
    loss = candidate.params.get("loss", "squared_error")
    return candidate.regressor.name == "gradient_boosting" and loss != "squared_error"


def _number(params: Params, name: str, default: float) -> float:
    """Return the number that a parameter has; the default where it has none, such as a word or null."""
    value = params.get(name)
    return value if isinstance(value, int | float) and value != 0 else default
