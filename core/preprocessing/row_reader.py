"""The first step of a stored pipeline: it reads rows as the model's file was read, so that a raw table can be sent."""

import warnings
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.pipeline import Pipeline

from core.inference.frame_input import InputWarning, read_frame
from core.inference.lost_texts import TrainedFeature

READ, ENSEMBLE = "read", "ensemble"


class RowReader(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Reads a table as the model does, and returns the frame that `core.preprocessing.pipeline.raw_frame` makes.

    `features` are the `TrainedFeature`s of the model as plain objects of JSON, so that a pickle depends on no class of
    them. With `strict`, missing, unseen and unreadable values are errors.
    """

    def __init__(self, features: Sequence[dict[str, Any]], *, strict: bool = False) -> None:
        self.features = features
        self.strict = strict

    @property
    def feature_names_in_(self) -> NDArray[np.object_]:
        """Return the names of the columns that are read."""
        return np.array([feature["name"] for feature in self.features], object)

    @property
    def n_features_in_(self) -> int:
        """Return the number of columns that are read."""
        return len(self.features)

    def fit(self, frame: pd.DataFrame, y: Any = None) -> Self:
        """Return itself: how a column is read was settled when its file was uploaded."""
        return self

    def transform(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the raw frame of a table with the index of it; warns of what is in doubt by `InputWarning`.

        Raises what `read_frame` does.
        """
        features = [TrainedFeature.model_validate(feature) for feature in self.features]
        found = read_frame(frame, features, strict=self.strict)
        for warning in found.warnings:
            warnings.warn(warning, InputWarning, stacklevel=2)
        return pd.DataFrame({name: _gaps_as_nan(values) for name, values in found.columns.items()}).set_axis(
            frame.index
        )

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Return the names of the columns, which stay."""
        return self.feature_names_in_

    def __sklearn_is_fitted__(self) -> bool:
        return True


def with_row_reader(model: Any, features: Sequence[TrainedFeature]) -> Pipeline:
    """Return a fitted pipeline, or an ensemble of pipelines, with a first step that reads rows as its file was read."""
    reader = RowReader([feature.model_dump() for feature in features])
    steps = model.steps if isinstance(model, Pipeline) else [(ENSEMBLE, model)]
    return Pipeline([(READ, reader), *steps])


def without_row_reader(model: Any) -> Any:
    """Return the model that `with_row_reader` was given; any other one as it is."""
    if not (isinstance(model, Pipeline) and isinstance(model[0], RowReader)):
        return model
    return model[-1] if ENSEMBLE in model.named_steps else model[1:]


def _gaps_as_nan(values: NDArray[Any]) -> Any:
    """Return a raw column with NaN for the texts that are missing."""
    if values.dtype != object:
        return values
    return pd.Series(np.where(values == "", np.nan, values), dtype=object)
