"""The values that a request may give the parameters of a regressor, as data. It loads no estimator.

scikit-learn checks that a value makes sense. These ranges bound what one fit costs, in time and memory. Parameters that
choose threads, output or memory are the service's own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import ParameterError
from core.types import Json


@dataclass(frozen=True)
class Range:
    """The values of one parameter: numbers from `least` to `most`, `words`, and what else it takes."""

    least: float | None = None
    most: float | None = None
    words: tuple[str, ...] = ()
    is_whole: bool = False
    takes_boolean: bool = False
    takes_null: bool = False

    def holds(self, value: object) -> bool:
        """Return whether a value is one of these."""
        if value is None:
            return self.takes_null
        if isinstance(value, bool):
            return self.takes_boolean
        if isinstance(value, str):
            return value in self.words
        if not isinstance(value, int | float) or self.least is None or self.most is None:
            return False
        return self.least <= value <= self.most and (not self.is_whole or value == value // 1)

    def describe(self) -> str:
        """Return the values in words."""
        kinds = []
        if self.least is not None and self.most is not None:
            number = "a whole number" if self.is_whole else "a number"
            kinds.append(f"{number} from {_shown(self.least)} to {_shown(self.most)}")
        if self.words:
            kinds.append(f"one of {', '.join(self.words)}" if len(self.words) > 1 else self.words[0])
        kinds += ["true or false"] * self.takes_boolean + ["null"] * self.takes_null
        return ", or ".join(kinds)

    def schema(self) -> Json:
        """Return the values as JSON Schema."""
        kinds: list[Json] = []
        if self.least is not None:
            kinds.append(
                {"type": "integer" if self.is_whole else "number", "minimum": self.least, "maximum": self.most}
            )
        if self.words:
            kinds.append({"type": "string", "enum": list(self.words)})
        kinds += [{"type": "boolean"}] * self.takes_boolean + [{"type": "null"}] * self.takes_null
        return kinds[0] if len(kinds) == 1 else {"anyOf": kinds}


def _shown(number: float) -> str:
    return f"{number:,}" if isinstance(number, int) else f"{number:g}"


def _whole(least: int, most: int, *words: str, null: bool = False) -> Range:
    return Range(least, most, words, is_whole=True, takes_null=null)


def _number(least: float, most: float, *words: str, null: bool = False) -> Range:
    return Range(least, most, words, takes_null=null)


SWITCH = Range(takes_boolean=True)
# Rows of a node, as a number or as a share of all rows.
MOST_ROWS = 50_000_000
MOST_SEED = 2**32 - 1

# By name, or by regressor and name where one regressor differs.
RANGES: dict[str, Range] = {
    "C": _number(1e-6, 1e4),
    "algorithm": Range(words=("auto", "ball_tree", "brute", "kd_tree")),
    "alpha": _number(0, 1e12),
    "lightgbm.alpha": _number(1e-6, 1e6),
    "boosting_type": Range(words=("gbdt", "dart")),
    "bootstrap": SWITCH,
    "cat_l2": _number(0, 1e12),
    "cat_smooth": _number(0, 1e12),
    "ccp_alpha": _number(0, 1e300),
    "coef0": _number(-1e6, 1e6),
    "colsample_bytree": _number(1e-3, 1),
    "criterion": Range(words=("squared_error", "friedman_mse", "absolute_error", "poisson")),
    "degree": _whole(0, 10),
    "early_stopping": Range(words=("auto",), takes_boolean=True),
    "epsilon": _number(0, 1e12),
    "extra_trees": SWITCH,
    "feature_fraction_bynode": _number(1e-3, 1),
    "fit_intercept": SWITCH,
    "gamma": _number(0, 1e6, "scale", "auto"),
    "init": Range(words=("zero",), takes_null=True),
    "kernel": Range(words=("linear", "poly", "rbf", "sigmoid")),
    "l1_ratio": _number(0, 1),
    "l2_regularization": _number(0, 1e12),
    "leaf_size": _whole(1, 10_000),
    "learning_rate": _number(0, 10),
    "lightgbm.learning_rate": _number(1e-6, 10),
    "loss": Range(words=("squared_error", "absolute_error", "huber", "quantile", "poisson", "gamma")),
    "max_bin": _whole(2, 255),
    "max_bins": _whole(2, 255),
    "max_cat_threshold": _whole(1, 255),
    "max_depth": _whole(1, 64, null=True),
    # Up to 0 there is no bound.
    "lightgbm.max_depth": _whole(-1, 64),
    "max_features": _number(0, 1_000_000, "sqrt", "log2", null=True),
    "max_iter": _whole(1, 100_000, null=True),
    "svr.max_iter": _whole(-1, 10_000_000),
    "hist_gradient_boosting.max_iter": _whole(1, 5_000),
    "max_leaf_nodes": _whole(2, 65_536, null=True),
    "max_samples": _number(0, MOST_ROWS, null=True),
    "metric": Range(
        words=(
            *("braycurtis", "canberra", "chebyshev", "cityblock", "cosine", "euclidean", "infinity", "l1", "l2"),
            *("manhattan", "minkowski", "p", "sqeuclidean"),
        )
    ),
    "min_child_samples": _whole(1, MOST_ROWS),
    "min_child_weight": _number(0, 1e300),
    "min_data_per_group": _whole(1, MOST_ROWS),
    "min_impurity_decrease": _number(0, 1e300),
    "min_samples_leaf": _number(0, MOST_ROWS),
    "min_samples_split": _number(0, MOST_ROWS),
    "min_split_gain": _number(0, 1e300),
    "min_weight_fraction_leaf": _number(0, 0.5),
    "n_estimators": _whole(1, 5_000),
    "n_iter_no_change": _whole(1, 5_000, null=True),
    "n_neighbors": _whole(1, 1_000),
    "num_leaves": _whole(2, 65_536),
    "objective": Range(
        words=("regression", "regression_l1", "huber", "fair", "quantile", "mape", "poisson", "gamma", "tweedie")
    ),
    "p": _number(0.1, 100),
    "path_smooth": _number(0, 1e12),
    "positive": SWITCH,
    "quantile": _number(0, 1, null=True),
    "random_state": _whole(0, MOST_SEED, null=True),
    "lightgbm.random_state": _whole(0, 2**31 - 1, null=True),
    "reg_alpha": _number(0, 1e12),
    "reg_lambda": _number(0, 1e12),
    "selection": Range(words=("cyclic", "random")),
    "shrinking": SWITCH,
    "solver": Range(words=("auto", "svd", "cholesky", "lsqr", "sparse_cg", "sag", "saga", "lbfgs")),
    "splitter": Range(words=("best", "random")),
    "subsample": _number(0, 1),
    "lightgbm.subsample": _number(1e-3, 1),
    "subsample_freq": _whole(0, 5_000),
    # With a tolerance of 0 an iterative solver runs to its last iteration.
    "tol": _number(1e-10, 1),
    "tweedie_variance_power": _number(1, 1.99),
    "validation_fraction": _number(0, MOST_ROWS, null=True),
    "weights": Range(words=("uniform", "distance")),
}
# The service chooses these: they change threads, output, memory, or take arrays and functions.
OURS = frozenset(
    {
        *(
            "cache_size",
            "categorical_features",
            "copy_X",
            "interaction_cst",
            "metric_params",
            "monotonic_cst",
            "n_jobs",
        ),
        *("oob_score", "precompute", "scoring", "verbose", "warm_start"),
        # LightGBM's.
        *(
            "categorical_column",
            "class_weight",
            "deterministic",
            "force_col_wise",
            "importance_type",
            "subsample_for_bin",
            "verbosity",
        ),
    }
)

TREE = (
    *("ccp_alpha", "criterion", "max_depth", "max_features", "max_leaf_nodes", "min_impurity_decrease"),
    *("min_samples_leaf", "min_samples_split", "min_weight_fraction_leaf", "random_state"),
)
FOREST = ("bootstrap", "max_samples", "n_estimators")
LASSO = ("alpha", "fit_intercept", "max_iter", "positive", "random_state", "selection", "tol")
# The parameters of each regressor that a request may give: `GET /model/available` lists them without loading any.
PARAMETERS: dict[str, tuple[str, ...]] = {
    "linear_regression": ("fit_intercept", "positive", "tol"),
    "ridge": ("alpha", "fit_intercept", "max_iter", "positive", "random_state", "solver", "tol"),
    "lasso": LASSO,
    "elastic_net": (*LASSO, "l1_ratio"),
    "decision_tree": (*TREE, "splitter"),
    "random_forest": (*TREE, *FOREST),
    "gradient_boosting": (
        *(*TREE, "alpha", "init", "learning_rate", "loss", "n_estimators", "n_iter_no_change", "subsample", "tol"),
        "validation_fraction",
    ),
    "svr": ("C", "coef0", "degree", "epsilon", "gamma", "kernel", "max_iter", "shrinking", "tol"),
    "knn": ("algorithm", "leaf_size", "metric", "n_neighbors", "p", "weights"),
    "extra_trees": (*TREE, *FOREST),
    "hist_gradient_boosting": (
        *("early_stopping", "l2_regularization", "learning_rate", "loss", "max_bins", "max_depth", "max_features"),
        *("max_iter", "max_leaf_nodes", "min_samples_leaf", "n_iter_no_change", "quantile", "random_state", "tol"),
        "validation_fraction",
    ),
    "lightgbm": (
        *("alpha", "boosting_type", "cat_l2", "cat_smooth", "colsample_bytree", "extra_trees"),
        *("feature_fraction_bynode", "learning_rate", "max_bin", "max_cat_threshold", "max_depth", "min_child_samples"),
        *("min_child_weight", "min_data_per_group", "min_split_gain", "n_estimators", "num_leaves", "objective"),
        *("path_smooth", "random_state", "reg_alpha", "reg_lambda", "subsample", "subsample_freq"),
        "tweedie_variance_power",
    ),
}


def range_of(regressor: str, name: str) -> Range | None:
    """Return the range of a regressor's parameter, None for one that the service chooses or that is unknown."""
    return RANGES.get(f"{regressor}.{name}") or RANGES.get(name)


def ranges_of(regressor: str) -> dict[str, Json]:
    """Return by parameter the JSON Schema of its values, for each that a request may give this regressor."""
    return {name: allowed.schema() for name in PARAMETERS[regressor] if (allowed := range_of(regressor, name))}


def parameter_schemas() -> dict[str, Json]:
    """Return by parameter the JSON Schema of its values for any regressor."""
    found: dict[str, list[Json]] = {}
    for regressor in PARAMETERS:
        for name, schema in ranges_of(regressor).items():
            if schema not in found.setdefault(name, []):
                found[name].append(schema)
    return {name: schemas[0] if len(schemas) == 1 else {"anyOf": schemas} for name, schemas in sorted(found.items())}


def check_parameters(regressor: str, params: Mapping[str, Any]) -> None:
    """Raise `ParameterError` that names the parameters out of their range, each with it, and those of the service.

    Unknown ones are left to `core.catalogue.Regressor.build`, which knows those that there are.
    """
    errors = []
    for name, value in params.items():
        if name in OURS:
            errors.append({"field": f"params.{name}", "message": "is chosen by the service; leave it out"})
        elif (allowed := range_of(regressor, name)) is not None and not allowed.holds(value):
            errors.append({"field": f"params.{name}", "message": f"has to be {allowed.describe()}"})
    if errors:
        wrong = "; ".join(f"{error['field']} {error['message']}" for error in errors)
        raise ParameterError(f"Correct these parameters of {regressor}: {wrong}.", errors)
