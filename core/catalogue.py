"""The regressors Regatta offers, as data. Importing this loads no estimator, so light functions may list them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from math import log
from typing import Any, Literal

from core.errors import ParameterError, UnknownModelTypeError

SEED = 0

# How the time of one fit grows with n rows, and what it is called in an answer.
Growth = Literal["n", "n log n", "n²"]
GROWTH: dict[Growth, Callable[[float], float]] = {
    "n": lambda n: n,
    "n log n": lambda n: n * log(n + 2),
    "n²": lambda n: n * n,
}
# The table on which `Regressor.seconds` were measured: the training part of california_housing, one core.
REFERENCE_ROWS, REFERENCE_COLUMNS = 16_512, 13


@dataclass(frozen=True)
class Regressor:
    """One catalogue entry. `estimator` is the dotted path of a scikit-learn class, loaded only to train.

    `grid` is the search space: the values worth trying, finite so that it can be read. `scaled` says that features are
    standardised first, `scaled_target` that the target is too. One fit takes `seconds` on the reference table and
    `grows` from there, with the number of columns and with the parameters in `times`. Past `most_rows` rows it learns
    from a sample of them, drawn by the parameter `sampled_by` for every tree anew or else once. What a fit takes
    however few rows there are is worth `overhead_rows`.
    """

    name: str
    title: str
    estimator: str
    defaults: dict[str, Any] = field(default_factory=dict)
    grid: dict[str, list[Any]] = field(default_factory=dict)
    scaled: bool = False
    scaled_target: bool = False
    extra: bool = False
    seconds: float = 0.01
    grows: Growth = "n"
    times: tuple[str, ...] = ()
    overhead_rows: int = 0
    most_rows: int | None = None
    sampled_by: str | None = None

    def build(self, params: dict[str, Any]) -> Any:
        """The estimator with the defaults and `params`; raises `ParameterError` for one that it does not have."""
        module, _, name = self.estimator.rpartition(".")
        estimator = getattr(import_module(module), name)(**self.defaults)
        known = set(estimator.get_params())
        for param in params.keys() - known:
            raise ParameterError(
                f"{self.name} has no parameter {param!r}. It takes: {', '.join(sorted(known))}.",
                [{"field": f"params.{param}", "message": "unknown parameter"}],
            )
        return estimator.set_params(**params)

    def expected_seconds(self, rows: int, columns: int, params: dict[str, Any] | None = None) -> float:
        """How long one fit on one core should take, within a factor of about three; for planning only."""
        used = min(rows, self.most_rows or rows) + self.overhead_rows
        share = GROWTH[self.grows](used) / GROWTH[self.grows](REFERENCE_ROWS + self.overhead_rows)
        seconds = self.seconds * share * max(columns, 1) / REFERENCE_COLUMNS
        chosen = {**self.defaults, **(params or {})}
        for name in self.times:
            value = chosen.get(name)
            if isinstance(value, int | float) and value > 0:
                seconds *= value / (self.defaults.get(name) or 1.0)
        return seconds

    def describe(self) -> dict[str, Any]:
        """The entry as `GET /model/available` shows it."""
        return {
            "model_type": self.name,
            "title": self.title,
            "estimator": self.estimator,
            "parameters": self.defaults,
            "grid": self.grid,
            "extra": self.extra,
            "cost": {
                "grows_with": " × ".join([self.grows, "columns", *self.times]),
                "most_rows": self.most_rows,
            },
        }


ALPHAS = [1e-3, 1e-2, 0.1, 1.0, 10.0, 100.0]
LEAVES = [1, 2, 5, 10, 20]
FEATURE_SHARES = [0.33, 0.5, 0.7, 1.0]

CATALOGUE: dict[str, Regressor] = {
    entry.name: entry
    for entry in (
        Regressor(
            "linear_regression",
            "Linear regression",
            "sklearn.linear_model.LinearRegression",
            grid={"positive": [False, True]},
            scaled=True,
            seconds=0.01,
        ),
        Regressor(
            "ridge",
            "Ridge",
            "sklearn.linear_model.Ridge",
            {"alpha": 1.0},
            {"alpha": [*ALPHAS, 1000.0]},
            scaled=True,
            seconds=0.005,
        ),
        Regressor(
            "lasso",
            "Lasso",
            "sklearn.linear_model.Lasso",
            {"alpha": 1.0, "max_iter": 10_000, "random_state": SEED},
            {"alpha": [*ALPHAS, 1000.0]},
            scaled=True,
            seconds=0.6,
        ),
        Regressor(
            "elastic_net",
            "Elastic net",
            "sklearn.linear_model.ElasticNet",
            {"alpha": 0.01, "l1_ratio": 0.5, "max_iter": 10_000, "random_state": SEED},
            {"alpha": ALPHAS, "l1_ratio": [0.1, 0.5, 0.9]},
            scaled=True,
            seconds=0.1,
        ),
        Regressor(
            "decision_tree",
            "Decision tree",
            "sklearn.tree.DecisionTreeRegressor",
            {"random_state": SEED},
            {"max_depth": [None, 5, 8, 12], "min_samples_leaf": LEAVES, "max_features": [1.0, 0.7]},
            seconds=0.1,
            grows="n log n",
            # Beyond the processor's cache a split takes longer than n log n has it: 19 times for ten times the rows.
            most_rows=200_000,
        ),
        Regressor(
            "random_forest",
            "Random forest",
            "sklearn.ensemble.RandomForestRegressor",
            # Half of the features a split and two rows a leaf: on california_housing the same R2 as scikit-learn's own
            # defaults (.823 and .822) for 0.4 of the fit and 0.45 of the nodes.
            {"n_estimators": 100, "max_features": 0.5, "min_samples_leaf": 2, "random_state": SEED},
            {"max_features": FEATURE_SHARES, "min_samples_leaf": LEAVES, "max_depth": [None, 12]},
            seconds=2.7,
            grows="n log n",
            times=("n_estimators",),
            most_rows=100_000,
            sampled_by="max_samples",
        ),
        Regressor(
            "gradient_boosting",
            "Gradient boosting",
            "sklearn.ensemble.GradientBoostingRegressor",
            {"n_estimators": 100, "learning_rate": 0.1, "max_depth": 3, "random_state": SEED},
            {
                "n_estimators": [100, 300],
                "learning_rate": [0.03, 0.05, 0.1, 0.2],
                "max_depth": [2, 3, 5, 7],
                "subsample": [1.0, 0.7],
                "max_features": [None, 0.5],
            },
            seconds=2.3,
            grows="n log n",
            times=("n_estimators", "max_depth", "subsample", "max_features"),
            most_rows=100_000,
            sampled_by="subsample",
        ),
        Regressor(
            "svr",
            "Support vector regression",
            "sklearn.svm.SVR",
            {"C": 1.0, "epsilon": 0.1, "gamma": "scale"},
            {
                "C": [0.3, 1.0, 3.0, 10.0, 30.0],
                "gamma": ["scale", 0.01, 0.03, 0.1, 0.3],
                "epsilon": [0.03, 0.1, 0.2],
            },
            scaled=True,
            # On a target in money the default C and epsilon mean nothing: R2 is -.06 on house values, .80 standardised.
            scaled_target=True,
            seconds=4.7,
            grows="n²",
            most_rows=20_000,
        ),
        Regressor(
            "knn",
            "Nearest neighbours",
            "sklearn.neighbors.KNeighborsRegressor",
            {"n_neighbors": 5, "weights": "uniform"},
            {"n_neighbors": [3, 5, 8, 12, 20, 40], "weights": ["uniform", "distance"], "p": [2, 1]},
            scaled=True,
            # All of it in predicting: n rows against n.
            seconds=0.5,
            grows="n²",
            most_rows=50_000,
        ),
        Regressor(
            "extra_trees",
            "Extra trees",
            "sklearn.ensemble.ExtraTreesRegressor",
            {"n_estimators": 100, "max_features": 0.7, "min_samples_leaf": 2, "random_state": SEED},
            {"max_features": FEATURE_SHARES, "min_samples_leaf": LEAVES},
            extra=True,
            seconds=1.4,
            grows="n log n",
            times=("n_estimators",),
            most_rows=100_000,
        ),
        Regressor(
            "hist_gradient_boosting",
            "Histogram gradient boosting",
            "sklearn.ensemble.HistGradientBoostingRegressor",
            {
                "max_iter": 200,
                "learning_rate": 0.1,
                "max_leaf_nodes": 31,
                "early_stopping": False,
                "random_state": SEED,
            },
            {
                "max_iter": [200, 400],
                "learning_rate": [0.03, 0.05, 0.1, 0.2],
                "max_leaf_nodes": [15, 31, 63],
                "min_samples_leaf": [5, 20, 50],
                "max_features": [1.0, 0.5],
            },
            extra=True,
            seconds=0.4,
            times=("max_iter", "max_leaf_nodes"),
            # A leaf costs a histogram of each column, whatever is in it.
            overhead_rows=25_000,
        ),
    )
}

# What a race is run over unless more is asked for.
DEFAULT_MODEL_TYPES = tuple(name for name, entry in CATALOGUE.items() if not entry.extra)


def regressor(name: str, field_name: str = "model_type") -> Regressor:
    """The catalogue entry; raises `UnknownModelTypeError` that lists what there is."""
    found = CATALOGUE.get(name)
    if found is None:
        raise UnknownModelTypeError(
            f"There is no model type {name!r}. Choose one of: {', '.join(CATALOGUE)}.",
            [{"field": field_name, "message": f"must be one of {', '.join(CATALOGUE)}"}],
        )
    return found
