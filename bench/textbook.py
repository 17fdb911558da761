"""The baseline: FastAPI, a pickled scikit-learn pipeline and pandas, as a good engineer writes it in an afternoon."""

import os
import pickle
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path

import pandas as pd
from fastapi import FastAPI
from pydantic import BaseModel
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import GradientBoostingRegressor, RandomForestRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

TARGET = "median_house_value"
MODEL = "TEXTBOOK_MODEL"


class House(BaseModel):
    """One row: a block of houses."""

    longitude: float
    latitude: float
    housing_median_age: float | None
    total_rooms: float | None
    total_bedrooms: float | None
    population: float | None
    households: float | None
    median_income: float | None
    ocean_proximity: str


class Houses(BaseModel):
    """Many rows."""

    data: list[House]


NUMBERS = [name for name in House.model_fields if name != "ocean_proximity"]
CATEGORIES = ["ocean_proximity"]


def train(csv: Path, model_type: str, path: Path) -> None:
    """Fit `ridge`, `gradient_boosting` or `random_forest` on the train rows of the CSV and pickle the pipeline."""
    frame = pd.read_csv(csv)
    train_rows, _ = train_test_split(frame, test_size=0.2, random_state=0)
    pipeline = _pipeline(model_type).fit(train_rows[NUMBERS + CATEGORIES], train_rows[TARGET])
    if model_type == "random_forest":
        # All cores fit, but one serves: with the threads of joblib a single row takes three times as long.
        pipeline.set_params(estimate__n_jobs=None)
    path.write_bytes(pickle.dumps(pipeline, protocol=pickle.HIGHEST_PROTOCOL))


def _pipeline(model_type: str) -> Pipeline:
    impute = SimpleImputer(strategy="median")
    categories = make_pipeline(
        SimpleImputer(strategy="most_frequent"),
        OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=10, sparse_output=False),
    )
    estimators = {
        "ridge": Ridge(alpha=1.0),
        "gradient_boosting": GradientBoostingRegressor(
            n_estimators=100, learning_rate=0.1, max_depth=3, random_state=0
        ),
        "random_forest": RandomForestRegressor(
            n_estimators=100, max_features=0.5, min_samples_leaf=2, random_state=0, n_jobs=-1
        ),
    }
    numbers = make_pipeline(impute, StandardScaler()) if model_type == "ridge" else impute
    prepare = ColumnTransformer([("numbers", numbers, NUMBERS), ("categories", categories, CATEGORIES)])
    return Pipeline([("prepare", prepare), ("estimate", estimators[model_type])])


@cache
def model() -> Pipeline:
    """Return the pipeline, which is unpickled once a process."""
    return pickle.loads(Path(os.environ[MODEL]).read_bytes())


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Load the pickle before the first request."""
    model()
    yield


app = FastAPI(lifespan=lifespan)


# `async def`, although a prediction computes, because it is slower in the thread pool of a plain `def`.
@app.post("/predict")
async def predict(house: House) -> dict[str, float]:
    """Predict one row."""
    return {"prediction": float(model().predict(pd.DataFrame([house.model_dump()]))[0])}


@app.post("/predict/batch")
async def predict_batch(houses: Houses) -> dict[str, list[float]]:
    """Predict many rows, in their order."""
    frame = pd.DataFrame([house.model_dump() for house in houses.data])
    return {"predictions": model().predict(frame).tolist()}


def export(csv: Path, target: Path) -> None:
    """Write a file with the rows of a CSV and their predictions."""
    frame = pd.read_csv(csv)
    frame["prediction"] = model().predict(frame[NUMBERS + CATEGORIES])
    frame.to_csv(target, index=False)
