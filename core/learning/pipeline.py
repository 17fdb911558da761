"""The scikit-learn pipeline of a model: raw columns in, prediction out, everything fitted inside the training fold."""

import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from core.manifests import Column, Recipe

# Levels of a category that get a column of their own; rarer ones, and levels never seen, share one more.
MAX_LEVELS = 40

# `drop` leaves incomplete rows out of training; whoever predicts with a gap still gets the median.
STRATEGY = {"drop": "median", "mean": "mean", "median": "median", "mode": "most_frequent"}


def preprocessor(columns: list[Column], recipe: Recipe, *, scaled: bool) -> ColumnTransformer:
    """Imputes and (if `scaled`) standardises numbers, imputes and one-hot encodes categories.

    Its two branches are called `numbers` and `categories`; `core.scoring` compiles exactly these.
    """
    numbers = [column.name for column in columns if column.type != "category"]
    categories = [column.name for column in columns if column.type == "category"]
    number_steps = [("impute", SimpleImputer(strategy=STRATEGY[recipe.handle_missing]))]
    if scaled:
        number_steps.append(("scale", StandardScaler()))
    category_steps = [
        ("impute", SimpleImputer(strategy="most_frequent")),
        (
            "encode",
            OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=MAX_LEVELS, sparse_output=False),
        ),
    ]
    branches = [
        ("numbers", Pipeline(number_steps), numbers),
        ("categories", Pipeline(category_steps), categories),
    ]
    return ColumnTransformer([branch for branch in branches if branch[2]])


def feature_frame(frame: pd.DataFrame, columns: list[Column]) -> pd.DataFrame:
    """The features as the pipeline takes them: float64 with NaN, and object strings with NaN for missing."""
    return pd.DataFrame(
        {
            column.name: frame[column.name].astype("object" if column.type == "category" else "float64")
            for column in columns
        }
    )
