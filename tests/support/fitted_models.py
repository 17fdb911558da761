"""Fitted models of every kind that is compiled, built from scikit-learn alone, and rows to compare their graphs on."""

import warnings
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import (
    ExtraTreesRegressor,
    GradientBoostingRegressor,
    HistGradientBoostingRegressor,
    RandomForestRegressor,
    VotingRegressor,
)
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.linear_model import ElasticNet, Lasso, LinearRegression, Ridge
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler, TargetEncoder
from sklearn.svm import SVR
from sklearn.tree import DecisionTreeRegressor

from core.catalogue import regressor
from core.compiler.category_encoders import UNSEEN
from core.compiler.compile import compile_pipeline, has_neighbour_tie, raw_columns_of_frame
from core.inference.session import CompiledModel
from core.preprocessing.date_parts import date_parts, to_seconds
from core.preprocessing.target_transforms import OnTrend, TargetTransformer
from core.regressors.splits import Split

TOLERANCE = 1e-9
FLOAT32_MAX = float(np.finfo(np.float32).max)
# A category with more levels is encoded by its target.
FEW_LEVELS = 12


def standardised(estimator: Any) -> TransformedTargetRegressor:
    """Fit the estimator on a standardised target."""
    return TransformedTargetRegressor(estimator, transformer=StandardScaler())


def transformed(transformer: Any) -> TransformedTargetRegressor:
    """Fit a ridge on a transformed target."""
    return TransformedTargetRegressor(Ridge(), transformer=transformer, check_inverse=False)


# Each with True where its features are standardised.
ESTIMATORS: dict[str, tuple[Callable[[], Any], bool]] = {
    "linear_regression": (LinearRegression, True),
    "ridge": (Ridge, True),
    "lasso": (lambda: Lasso(max_iter=100_000), True),
    "elastic_net": (lambda: ElasticNet(alpha=0.01, max_iter=100_000), True),
    "decision_tree": (lambda: DecisionTreeRegressor(random_state=0), False),
    "random_forest": (lambda: RandomForestRegressor(8, max_features=0.5, random_state=0), False),
    "extra_trees": (lambda: ExtraTreesRegressor(8, max_features=0.7, random_state=0), False),
    "gradient_boosting": (
        lambda: GradientBoostingRegressor(n_estimators=20, max_depth=5, subsample=0.7, random_state=0),
        False,
    ),
    "gradient_boosting_from_zero": (lambda: GradientBoostingRegressor(n_estimators=5, init="zero"), False),
    "hist_gradient_boosting": (lambda: HistGradientBoostingRegressor(max_iter=20, random_state=0), False),
    "hist_gradient_boosting_poisson": (lambda: HistGradientBoostingRegressor(loss="poisson", max_iter=5), False),
    "lightgbm": (lambda: regressor("lightgbm").build({"n_estimators": 20}), False),
    "lightgbm_poisson": (lambda: regressor("lightgbm").build({"n_estimators": 5, "objective": "poisson"}), False),
    "ridge_log": (lambda: transformed(TargetTransformer("log")), True),
    "ridge_yeo_johnson": (lambda: transformed(TargetTransformer("yeo_johnson")), True),
    "ridge_log_standardised": (
        lambda: transformed(Pipeline([("log", TargetTransformer("log")), ("scale", StandardScaler())])),
        True,
    ),
    "trees_on_trend": (lambda: OnTrend(ExtraTreesRegressor(8, max_features=0.7, random_state=0)), False),
    "svr_on_trend": (lambda: OnTrend(standardised(SVR(C=10, gamma=0.1))), True),
    "svr": (lambda: standardised(SVR(C=10, gamma=0.1)), True),
    "svr_linear": (lambda: SVR(kernel="linear", max_iter=2000), True),
    "svr_poly": (lambda: standardised(SVR(kernel="poly", degree=3, coef0=0.5)), True),
    "svr_sigmoid": (lambda: standardised(SVR(kernel="sigmoid", gamma=0.01)), True),
    "knn": (KNeighborsRegressor, True),
    "knn_by_distance": (lambda: KNeighborsRegressor(7, weights="distance", algorithm="kd_tree"), True),
    "knn_manhattan": (lambda: KNeighborsRegressor(3, weights="distance", p=1, algorithm="kd_tree"), True),
    "dummy": (lambda: DummyRegressor(strategy="median"), False),
}
# They read their matrix as float32, and scikit-learn refuses numbers that are infinite there.
_FLOAT32 = {name for name in ESTIMATORS if "tree" in name or "forest" in name or name.startswith("gradient")}


def largest_number(name: str) -> float:
    """Return the largest number that scikit-learn accepts for this kind of model."""
    return FLOAT32_MAX if name in _FLOAT32 else np.inf


def preprocessing(data: Split, *, levels_of: int = FEW_LEVELS) -> ColumnTransformer:
    """Return every branch: numbers, dates, one-hot and target-encoded categories, and missing indicators."""
    type_candidates: dict[str, list[str]] = {}
    for column in data.columns:
        many = column.type == "category" and data.train_x[column.name].nunique() > levels_of
        kind = "levels" if many else {"category": "categories", "date": "dates:median"}.get(column.type, "numbers:mean")
        type_candidates.setdefault(kind, []).append(column.name)
    seconds = ("seconds", FunctionTransformer(to_seconds))
    encoder = OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=40, sparse_output=False)
    steps: dict[str, list[Any]] = {
        "numbers:mean": [("impute", SimpleImputer(strategy="mean"))],
        "dates:median": [
            *(seconds, ("impute", SimpleImputer(strategy="median"))),
            ("parts", FunctionTransformer(date_parts)),
        ],
        "categories": [("impute", SimpleImputer(strategy="most_frequent")), ("encode", encoder)],
        "levels": [("encode", TargetEncoder(target_type="continuous"))],
    }
    gaps = Pipeline([("mark", MissingIndicator(features="all"))])
    branches = [(kind, Pipeline(steps[kind]), names) for kind, names in type_candidates.items()]
    return ColumnTransformer([*branches, ("gaps", gaps, [column.name for column in data.columns])])


def standardiser(width: int) -> ColumnTransformer:
    """Standardise the whole matrix; training leaves columns of zeros and ones alone, which its own tests check."""
    return ColumnTransformer([("continuous", StandardScaler(), list(range(width)))], remainder="passthrough")


def fit(data: Split, name: str, prepare: ColumnTransformer | None = None) -> Pipeline:
    """Fit one of `ESTIMATORS` after its preprocessing; `prepare` is a preprocessing that is fitted already."""
    make, scaled = ESTIMATORS[name]
    with warnings.catch_warnings():
        # A column without gaps has no F statistic, and a solver that stops early is as good a test.
        warnings.simplefilter("ignore")
        if prepare is None:
            prepare = preprocessing(data).fit(data.train_x, data.train_y)
        matrix = prepare.transform(data.train_x)
        scale = [("scale", standardiser(matrix.shape[1]).fit(matrix))] if scaled else []
        matrix = scale[0][1].transform(matrix) if scale else matrix
        estimator = make().fit(matrix, data.train_y)
    return Pipeline([("prepare", prepare), *scale, ("estimate", estimator)])


def make_ensemble(members: dict[str, Pipeline], weights: list[float] | None = None) -> VotingRegressor:
    """Return an ensemble of fitted members."""
    ensemble = VotingRegressor(list(members.items()), weights=weights)
    ensemble.estimators_ = list(members.values())
    return ensemble


def compiled(model: Any, data: Split) -> CompiledModel:
    """Compile a fitted model for the columns of a split."""
    return CompiledModel(*compile_pipeline(model, data.columns))


def difference(model: Any, graph: CompiledModel, frame: pd.DataFrame, *, limit: float = np.inf) -> float:
    """Return the largest difference relative to max(1, |y|), without rows whose nearest neighbours are tied.

    Numbers are clipped to `limit` for scikit-learn. Two equal infinities agree, and so do two NaN.
    """
    bounded = frame.assign(**{n: frame[n].clip(-limit, limit) for n in frame if frame[n].dtype != object})
    found = graph.run(raw_columns_of_frame(frame, graph.features))
    assert found.dtype == np.float64
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        expected = model.predict(bounded)
        chance = has_neighbour_tie(model, bounded)
        apart = np.abs(found - expected) / np.maximum(1, np.abs(expected))
    assert found.shape == expected.shape
    agree = (found == expected) | (np.isnan(found) & np.isnan(expected)) | chance
    return float(np.max(np.where(agree, 0, apart)))


@cache
def extremes(*, text: bool) -> list[Any]:
    """Return extreme values of a category or a number."""
    if text:
        return [np.nan, UNSEEN, "Zürich", "东京", " ", "nan"]
    return [np.nan, 0.0, -0.0, 1.0, 5e-324, -1e-310, 1e-300, 16777217.0, 1e30, -1e30, 1e300, -1e300, 3e11, -7e10]


def hostile_rows(frame: pd.DataFrame, rows: int = 5, *, most: float = np.inf) -> pd.DataFrame:
    """Return the first rows of a frame, and copies with a missing, extreme or unseen value in one column each.

    Other copies are within one float32 of real values. No number is beyond `most`.
    """
    head = frame.head(rows).reset_index(drop=True)
    copies = [head]
    for name in head:
        text = head[name].dtype == object
        for value in (v for v in extremes(text=text) if text or not abs(v) > most):
            copies.append(head.assign(**{name: pd.Series([value] * len(head), dtype=head[name].dtype)}))
        if not text:
            # Within one float32 of real values: where trees that split in float64 would turn the other way.
            copies += [head.assign(**{name: head[name] * (1 + step)}) for step in (1e-9, -1e-9, 3e-8, -3e-8)]
    nothing = {name: pd.Series([np.nan], dtype=head[name].dtype) for name in head}
    return pd.concat([*copies, pd.DataFrame(nothing)], ignore_index=True)
