"""The regressors that Regatta offers, as data. Importing it loads no estimator, so light functions may list them."""

from core.catalogue_entry import Regressor
from core.errors import UnknownModelTypeError

SEED = 0

ALPHAS = [1e-3, 1e-2, 0.1, 1.0, 10.0, 100.0]
LEAVES = [1, 2, 5, 10, 20]
FEATURE_SHARES = [0.33, 0.5, 0.7, 1.0]

# The lower ones are written out because LightGBM's estimator has no argument for them, and so would not list them.
LIGHTGBM_DEFAULTS = {
    "n_estimators": 500,
    "learning_rate": 0.05,
    "num_leaves": 31,
    "min_child_samples": 10,
    "subsample": 0.8,
    "subsample_freq": 1,
    "colsample_bytree": 0.5,
    "feature_fraction_bynode": 1.0,
    "random_state": SEED,
    **{"alpha": 0.9, "tweedie_variance_power": 1.5, "max_bin": 255, "path_smooth": 0.0, "extra_trees": False},
    # LightGBM's own 10 and 100 are for large tables: R2 .914 on 1,900 houses, and .916 with these.
    **{"cat_smooth": 2.0, "cat_l2": 10.0, "max_cat_threshold": 32, "min_data_per_group": 5},
}
# One thread a fit, and the same model each time: without `force_col_wise` it times two ways to build histograms and
# takes the faster one, and they round differently. A list, even an empty one, means that categories come as codes.
LIGHTGBM_FIXED = {
    "n_jobs": 1,
    "verbosity": -1,
    "deterministic": True,
    "force_col_wise": True,
    "categorical_column": [],
}

CATALOGUE: dict[str, Regressor] = {
    entry.name: entry
    for entry in (
        Regressor(
            "linear_regression",
            "Linear regression",
            "sklearn.linear_model.LinearRegression",
            grid={"positive": [False, True]},
            scaled=True,
            reference_seconds=0.01,
            in_parts=True,
        ),
        Regressor(
            "ridge",
            "Ridge",
            "sklearn.linear_model.Ridge",
            {"alpha": 1.0},
            {"alpha": [*ALPHAS, 1000.0]},
            scaled=True,
            reference_seconds=0.005,
            in_parts=True,
        ),
        Regressor(
            "lasso",
            "Lasso",
            "sklearn.linear_model.Lasso",
            {"alpha": 1.0, "max_iter": 10_000, "random_state": SEED},
            {"alpha": [*ALPHAS, 1000.0]},
            scaled=True,
            reference_seconds=0.6,
            in_parts=True,
        ),
        Regressor(
            "elastic_net",
            "Elastic net",
            "sklearn.linear_model.ElasticNet",
            {"alpha": 0.01, "l1_ratio": 0.5, "max_iter": 10_000, "random_state": SEED},
            {"alpha": ALPHAS, "l1_ratio": [0.1, 0.5, 0.9]},
            scaled=True,
            reference_seconds=0.1,
            in_parts=True,
        ),
        Regressor(
            "decision_tree",
            "Decision tree",
            "sklearn.tree.DecisionTreeRegressor",
            {"random_state": SEED},
            {"max_depth": [None, 5, 8, 12], "min_samples_leaf": LEAVES, "max_features": [1.0, 0.7]},
            recentred_target=True,
            reference_seconds=0.1,
            growth="n log n",
            # Beyond the processor's cache the time grows faster than n log n: 19 times for ten times the rows.
            max_rows=200_000,
        ),
        Regressor(
            "random_forest",
            "Random forest",
            "sklearn.ensemble.RandomForestRegressor",
            # With half of the features per split and two rows per leaf, R2 on california_housing is that of
            # scikit-learn's defaults (.823 and .822), for 0.4 of the time and 0.45 of the nodes.
            {"n_estimators": 100, "max_features": 0.5, "min_samples_leaf": 2, "random_state": SEED},
            {"max_features": FEATURE_SHARES, "min_samples_leaf": LEAVES, "max_depth": [None, 12]},
            recentred_target=True,
            reference_seconds=2.7,
            growth="n log n",
            cost_parameters=("n_estimators",),
            max_rows=100_000,
            sampling_parameter="max_samples",
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
            recentred_target=True,
            reference_seconds=2.3,
            growth="n log n",
            cost_parameters=("n_estimators", "max_depth", "subsample", "max_features"),
            max_rows=100_000,
            sampling_parameter="subsample",
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
            # The default C and epsilon suit a standardised target: R2 on house values is .80, and -.06 in dollars.
            scaled_target=True,
            recentred_target=True,
            reference_seconds=4.7,
            growth="n²",
            max_rows=20_000,
        ),
        Regressor(
            "knn",
            "Nearest neighbours",
            "sklearn.neighbors.KNeighborsRegressor",
            {"n_neighbors": 5, "weights": "uniform"},
            {"n_neighbors": [3, 5, 8, 12, 20, 40], "weights": ["uniform", "distance"], "p": [2, 1]},
            scaled=True,
            # Almost all of it is prediction, which compares n rows with n.
            reference_seconds=0.5,
            growth="n²",
            max_rows=50_000,
        ),
        Regressor(
            "extra_trees",
            "Extra trees",
            "sklearn.ensemble.ExtraTreesRegressor",
            {"n_estimators": 100, "max_features": 0.7, "min_samples_leaf": 2, "random_state": SEED},
            {"max_features": FEATURE_SHARES, "min_samples_leaf": LEAVES},
            extra=True,
            recentred_target=True,
            reference_seconds=1.4,
            growth="n log n",
            cost_parameters=("n_estimators",),
            max_rows=100_000,
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
            recentred_target=True,
            reference_seconds=0.4,
            cost_parameters=("max_iter", "max_leaf_nodes"),
            # A leaf takes a histogram of each column, however few rows it has.
            overhead_rows=25_000,
            codes_parameter="categorical_features",
        ),
        Regressor(
            "lightgbm",
            "LightGBM",
            "lightgbm.LGBMRegressor",
            LIGHTGBM_DEFAULTS,
            {
                "n_estimators": [250, 500, 1000],
                "learning_rate": [0.02, 0.05, 0.1],
                "num_leaves": [7, 15, 31, 63],
                "min_child_samples": [5, 10, 20, 50],
                "colsample_bytree": [0.3, 0.5, 0.8],
                "subsample": [0.6, 0.8, 1.0],
            },
            extra=True,
            recentred_target=True,
            float32_target=True,
            reference_seconds=0.6,
            # All columns for each tree take 1.2 times as long as half of them.
            cost_parameters=("n_estimators", "num_leaves"),
            overhead_rows=8_000,
            codes_parameter="categorical_column",
            in_parts=True,
            fixed=LIGHTGBM_FIXED,
        ),
    )
}

# The model types that are compared unless a request includes more.
DEFAULT_MODEL_TYPES = tuple(name for name, entry in CATALOGUE.items() if not entry.extra)


def regressor(name: str, field_name: str = "model_type") -> Regressor:
    """Return a catalogue entry; raises `UnknownModelTypeError` that lists all model types."""
    found = CATALOGUE.get(name)
    if found is None:
        raise UnknownModelTypeError(
            f"There is no model type {name!r}. Choose one of: {', '.join(CATALOGUE)}.",
            [{"field": field_name, "message": f"must be one of {', '.join(CATALOGUE)}"}],
        )
    return found
