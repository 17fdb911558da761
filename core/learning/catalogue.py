"""The regressors Regatta offers, as data. Importing this loads no estimator, so light functions may list them."""

from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from core.errors import ParameterError, UnknownModelTypeError


@dataclass(frozen=True)
class Regressor:
    """One catalogue entry. `estimator` is the dotted path of a scikit-learn class, loaded only to train.

    `scaled` says that features are standardised first. `grows_with_rows` marks tree models whose size has to be kept
    within the byte budget. `grid` are the values worth trying, first things first.
    """

    name: str
    title: str
    estimator: str
    defaults: dict[str, Any] = field(default_factory=dict)
    grid: dict[str, list[Any]] = field(default_factory=dict)
    scaled: bool = False
    grows_with_rows: bool = False

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


SEED = 0
ALPHAS = [1.0, 0.1, 10.0, 0.01, 100.0]

CATALOGUE: dict[str, Regressor] = {
    regressor.name: regressor
    for regressor in (
        Regressor("linear_regression", "Linear regression", "sklearn.linear_model.LinearRegression", scaled=True),
        Regressor("ridge", "Ridge", "sklearn.linear_model.Ridge", {"alpha": 1.0}, {"alpha": ALPHAS}, scaled=True),
        Regressor(
            "lasso",
            "Lasso",
            "sklearn.linear_model.Lasso",
            {"alpha": 1.0, "max_iter": 10_000, "random_state": SEED},
            {"alpha": ALPHAS},
            scaled=True,
        ),
        Regressor(
            "elastic_net",
            "Elastic net",
            "sklearn.linear_model.ElasticNet",
            {"alpha": 0.01, "l1_ratio": 0.5, "max_iter": 10_000, "random_state": SEED},
            {"alpha": [0.01, 0.1, 1.0], "l1_ratio": [0.5, 0.1, 0.9]},
            scaled=True,
        ),
        Regressor(
            "decision_tree",
            "Decision tree",
            "sklearn.tree.DecisionTreeRegressor",
            {"random_state": SEED},
            {"max_depth": [None, 5, 10], "min_samples_leaf": [1, 5, 20]},
            grows_with_rows=True,
        ),
        Regressor(
            "random_forest",
            "Random forest",
            "sklearn.ensemble.RandomForestRegressor",
            # Half of the features a split and two rows a leaf: on california_housing the same R2 as scikit-learn's own
            # defaults (.823 and .822) for 0.4 of the fit and 0.45 of the nodes.
            {"n_estimators": 100, "max_features": 0.5, "min_samples_leaf": 2, "random_state": SEED},
            {"max_features": [0.5, 0.33, 1.0], "min_samples_leaf": [2, 1, 5]},
            grows_with_rows=True,
        ),
    )
}


def regressor(name: str) -> Regressor:
    """The catalogue entry; raises `UnknownModelTypeError` that lists what there is."""
    found = CATALOGUE.get(name)
    if found is None:
        raise UnknownModelTypeError(
            f"There is no model type {name!r}. Choose one of: {', '.join(CATALOGUE)}.",
            [{"field": "model_type", "message": f"must be one of {', '.join(CATALOGUE)}"}],
        )
    return found
