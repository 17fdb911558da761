"""From a fitted scikit-learn model to one ONNX graph: raw columns in, the same float64 prediction out.

Reads the fitted arrays of what `core.automl` builds; scikit-learn itself is not imported here.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.cell_values import read_date
from core.compiler.estimators import estimated
from core.compiler.graph_builder import GraphBuilder
from core.compiler.transformers import UNSEEN, Features, prepared, standardised
from core.errors import TrainingFailedError
from core.inference.session import CompiledModel
from core.manifests import Column, Feature

# The graph may differ from scikit-learn by this much relative to max(1, |y|), and not more.
TOLERANCE = 1e-9
CHECKED_ROWS = 1000
# As far as two neighbours may be apart and still count as equally far: what rounding makes of equal rows.
TIE = 1e-7
VALUES_SHOWN = 12
# A leap day before 1970, a moment before its end.
ODD_DATE = read_date("1600-02-29 23:59:59.999")


def compile_pipeline(model: Any, columns: Sequence[Column]) -> tuple[bytes, list[Feature]]:
    """The serialized graph and the raw features it takes, in the order of its inputs.

    `model` is a Pipeline of preprocessing and estimator, or a VotingRegressor of such; `columns` says what its columns
    are. Categories are strings with "" for missing, everything else float64 with NaN for missing. Raises
    `TrainingFailedError` for an estimator that has no compiler.
    """
    known = {column.name: column for column in columns}
    graph = GraphBuilder(known)
    features: Features = {}
    result = _compiled(graph, model, known, features, {})
    return graph.build(result), [features[name] for name in graph.inputs]


def _compiled(
    graph: GraphBuilder, model: Any, columns: Mapping[str, Column], features: Features, matrices: dict[int, str]
) -> str:
    """(rows, 1) float64. Members that share a fitted step share its matrix, by its id in `matrices`."""
    if type(model).__name__ == "VotingRegressor":
        members = [(member, weight) for member, weight in _weighted(model) if weight]
        predictions = [_compiled(graph, member, columns, features, matrices) for member, _ in members]
        weights = np.array([[weight] for _, weight in members], np.float64)
        return graph.node("MatMul", graph.node("Concat", *predictions, axis=1), graph.constant(weights / weights.sum()))
    # Preparation, and for some the standardiser after it.
    *steps, estimator = (step for _, step in model.steps)
    matrix = ""
    for step in steps:
        if id(step) not in matrices:
            made = standardised(graph, step, matrix) if matrix else prepared(graph, step, columns, features)
            matrices[id(step)] = made
        matrix = matrices[id(step)]
    return estimated(graph, matrix, estimator)


def _weighted(ensemble: Any) -> list[tuple[Any, float]]:
    """The fitted members of a VotingRegressor and their weights; those that were dropped have neither."""
    weights = ensemble.weights if ensemble.weights is not None else [1.0] * len(ensemble.estimators)
    left = [weight for (_, member), weight in zip(ensemble.estimators, weights, strict=True) if member != "drop"]
    return list(zip(ensemble.estimators_, map(float, left), strict=True))


def check_parity(model: Any, compiled: CompiledModel, frame: pd.DataFrame) -> float:
    """The largest difference between graph and scikit-learn on raw rows, relative to max(1, |y|).

    `frame` is joined by a row without any value and one of unseen levels and an odd date. Raises `TrainingFailedError`,
    naming the row and its values, when the difference is above `TOLERANCE`: such a model must not serve.
    """
    rows = pd.concat([frame.head(CHECKED_ROWS), _corner_rows(compiled.features)], ignore_index=True)
    rows = rows.astype(frame.dtypes.to_dict())
    expected = np.asarray(model.predict(rows), np.float64)
    found = compiled.run(raw_columns(rows, compiled.features))
    difference = np.abs(found - expected) / np.maximum(1, np.abs(expected))
    apart = np.flatnonzero(~(difference <= TOLERANCE))
    # A look at every neighbour again, so only at rows that need it.
    tied = apart[undecided(model, rows.iloc[apart])] if len(apart) else apart
    difference[tied] = 0
    worst = int(np.argmax(difference))
    if not difference[worst] <= TOLERANCE:
        raise TrainingFailedError(
            f"The compiled graph differs from scikit-learn by {difference[worst]:.2g} in row {worst + 1} of the "
            f"checked rows: {found[worst]:.17g} instead of {expected[worst]:.17g} for {_shown(rows.iloc[worst])}. "
            "The model was not stored. Please report this table and these parameters."
        )
    return float(difference[worst])


def raw_columns(frame: pd.DataFrame, features: Sequence[Feature]) -> dict[str, NDArray[Any]]:
    """A frame of raw rows as `CompiledModel.run` takes them."""
    return {
        feature.name: frame[feature.name].fillna("").to_numpy(object)
        if feature.type == "category"
        else frame[feature.name].to_numpy(np.float64)
        for feature in features
    }


def undecided(model: Any, frame: pd.DataFrame) -> NDArray[np.bool_]:
    """Rows of the frame (bool, n) where the last of the nearest neighbours is as far as the next one.

    Which of the two counts is left to chance by scikit-learn, so no graph can agree on it.
    """
    if type(model).__name__ == "VotingRegressor":
        return sum((undecided(member, frame) for member in model.estimators_), np.zeros(len(frame), bool))
    estimator = getattr(model[-1], "regressor_", model[-1])
    if type(estimator).__name__ != "KNeighborsRegressor" or estimator.n_neighbors >= estimator.n_samples_fit_:
        return np.zeros(len(frame), bool)
    distances, _ = estimator.kneighbors(model[:-1].transform(frame), estimator.n_neighbors + 1)
    tied: NDArray[np.bool_] = np.isclose(distances[:, -2], distances[:, -1], rtol=TIE, atol=TIE)
    return tied


def _shown(row: "pd.Series[Any]") -> str:
    """Its values by column, the first ones of many."""
    values = [f"{name}={value!r:.40}" for name, value in row.items()]
    more = f" and {len(values) - VALUES_SHOWN} more" if len(values) > VALUES_SHOWN else ""
    return ", ".join(values[:VALUES_SHOWN]) + more


def _corner_rows(features: list[Feature]) -> pd.DataFrame:
    odd = {"category": UNSEEN, "date": ODD_DATE}
    return pd.DataFrame({feature.name: [np.nan, odd.get(feature.type, np.nan)] for feature in features})
