"""Compile a fitted scikit-learn model to one ONNX graph: raw columns in, the same float64 prediction out."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.ensemble import VotingRegressor
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import Pipeline

from core.array_types import Floats
from core.cell_values import parse_date
from core.compiler.blocks import Features, RawBlock
from core.compiler.category_encoders import UNSEEN
from core.compiler.estimators import convert_estimator
from core.compiler.graph_builder import GraphBuilder
from core.compiler.transformers import convert_preprocessing
from core.errors import TrainingFailedError
from core.inference.session import CompiledModel
from core.manifests import Column, Feature
from core.preprocessing.row_reader import without_row_reader

# The largest allowed difference between graph and scikit-learn, relative to the distance of a prediction from the
# middle plus the spread, and what may be lost to rounding besides, relative to the prediction.
TOLERANCE, ROUNDING = 1e-9, 32 * float(np.finfo(np.float64).eps)
CHECKED_ROWS = 1000
# Two distances that differ by no more, relative or absolute, are equal: rounding separates equal rows by as much.
TIE = 1e-7
VALUES_SHOWN = 12
# A leap day before 1970, shortly before its end.
ODD_DATE = parse_date("1600-02-29 23:59:59.999")


def compile_pipeline(model: Any, columns: Sequence[Column]) -> tuple[bytes, list[Feature]]:
    """Return the serialized graph and the raw features that it takes, in the order of its inputs.

    `model` is a fitted Pipeline of preprocessing and estimator, or a VotingRegressor of such; `columns` describe its
    columns. A first step that reads rows is left out. The graph takes categories as strings with "" for missing,
    everything else as float64 with NaN for missing. Raises `TrainingFailedError` for a class that has no converter.
    """
    graph = GraphBuilder([column.name for column in columns])
    features: Features = {}
    result = _convert_model(graph, without_row_reader(model), RawBlock(columns), features, {})
    return graph.build(result), [features[name] for name in graph.inputs]


def _convert_model(
    graph: GraphBuilder, model: Any, columns: RawBlock, features: Features, converted: dict[int, str]
) -> str:
    """Return the prediction, (rows, 1) float64.

    `converted` has the matrix of each fitted step by the step's id: members that share a step share its matrix.
    """
    match model:
        case VotingRegressor():
            members = [(member, weight) for member, weight in _weighted_members(model) if weight]
            predictions = [_convert_model(graph, member, columns, features, converted) for member, _ in members]
            weights = np.array([[weight] for _, weight in members], np.float64)
            joined = graph.node("Concat", *predictions, axis=1)
            return graph.node("MatMul", joined, graph.constant(weights / weights.sum()))
        case Pipeline():
            *steps, estimator = (step for _, step in model.steps)
            matrix = ""
            for step in steps:
                if id(step) not in converted:
                    converted[id(step)] = convert_preprocessing(graph, step, matrix or columns, features)
                matrix = converted[id(step)]
            return convert_estimator(graph, matrix, estimator)
    raise TrainingFailedError(f"{type(model).__name__} is no model that can be compiled to a graph.")


def _weighted_members(ensemble: VotingRegressor) -> list[tuple[Any, float]]:
    """Return the fitted members and their weights, without members that were dropped."""
    weights = ensemble.weights if ensemble.weights is not None else [1.0] * len(ensemble.estimators)
    kept = [weight for (_, member), weight in zip(ensemble.estimators, weights, strict=True) if member != "drop"]
    return list(zip(ensemble.estimators_, map(float, kept), strict=True))


def check_parity(model: Any, compiled: CompiledModel, frame: pd.DataFrame, y: Floats | None = None) -> float:
    """Return the largest difference between graph and scikit-learn on raw rows, relative to the size of each row.

    Two rows are added to `frame`: one without any value, and one with unseen levels and an unusual date. Rows
    with a neighbour tie do not count. Sizes are in units of the target `y`, (n,), or of the predictions. Raises
    `TrainingFailedError`, with the row and its values, if the difference is above `TOLERANCE`: such a model must not
    serve.
    """
    rows = pd.concat([frame.head(CHECKED_ROWS), _corner_rows(compiled.features)], ignore_index=True)
    rows = rows.astype(frame.dtypes.to_dict())
    expected = np.asarray(model.predict(rows), np.float64)
    found = compiled.run(raw_columns_of_frame(rows, compiled.features))
    difference = np.abs(found - expected) / _sizes(expected, expected if y is None else y)
    deviating = np.flatnonzero(~(difference <= TOLERANCE))
    # Finding ties takes another search for neighbours, so only these rows are searched.
    ties = deviating[has_neighbour_tie(model, rows.iloc[deviating])] if len(deviating) else deviating
    difference[ties] = 0
    worst = int(np.argmax(difference))
    if not difference[worst] <= TOLERANCE:
        raise TrainingFailedError(
            f"The compiled graph differs from scikit-learn by {abs(found[worst] - expected[worst]):.2g} in row "
            f"{worst + 1} of the checked rows: {found[worst]:.17g} instead of {expected[worst]:.17g} for "
            f"{_describe_row(rows.iloc[worst])}. The model was not stored. Please report this table and these "
            "parameters."
        )
    return float(difference[worst])


def _sizes(predicted: Floats, y: Floats) -> Floats:
    """Return what the difference of each prediction, (n,), is relative to: the same for a shifted target `y`, (m,)."""
    middle, spread = float(np.median(y)), float(y.max() / 2 - y.min() / 2)
    sizes = spread + np.abs(predicted - middle) + ROUNDING / TOLERANCE * np.abs(predicted)
    return np.maximum(sizes, np.finfo(np.float64).tiny)


def raw_columns_of_frame(frame: pd.DataFrame, features: Sequence[Feature]) -> dict[str, NDArray[Any]]:
    """Return the raw columns of a frame for `CompiledModel.run`."""
    return {
        feature.name: frame[feature.name].fillna("").to_numpy(object)
        if feature.type == "category"
        else frame[feature.name].to_numpy(np.float64)
        for feature in features
    }


def has_neighbour_tie(model: Any, frame: pd.DataFrame) -> NDArray[np.bool_]:
    """Return the rows, (n,) bool, whose last nearest neighbour is as far away as the next one.

    Which of the two scikit-learn uses is arbitrary, so no graph can reproduce it. False for other models.
    """
    if isinstance(model, VotingRegressor):
        return sum((has_neighbour_tie(member, frame) for member in model.estimators_), np.zeros(len(frame), bool))
    estimator = getattr(model[-1], "regressor_", model[-1])
    if not isinstance(estimator, KNeighborsRegressor) or estimator.n_neighbors >= estimator.n_samples_fit_:
        return np.zeros(len(frame), bool)
    distances, _ = estimator.kneighbors(model[:-1].transform(frame), estimator.n_neighbors + 1)
    tied: NDArray[np.bool_] = np.isclose(distances[:, -2], distances[:, -1], rtol=TIE, atol=TIE)
    return tied


def _describe_row(row: "pd.Series[Any]") -> str:
    """Return the first values of a row with their columns."""
    values = [f"{name}={value!r:.40}" for name, value in row.items()]
    more = f" and {len(values) - VALUES_SHOWN} more" if len(values) > VALUES_SHOWN else ""
    return ", ".join(values[:VALUES_SHOWN]) + more


def _corner_rows(features: list[Feature]) -> pd.DataFrame:
    """Return a row without any value, and one with unseen levels and an unusual date."""
    unusual = {"category": UNSEEN, "date": ODD_DATE}
    return pd.DataFrame({feature.name: [np.nan, unusual.get(feature.type, np.nan)] for feature in features})
