"""Predictions: of one row, and of many as a sequence that pandas, polars and numpy take as it is."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from regatta.answers import Answer
from regatta.html import table


@dataclass(frozen=True)
class Prediction(Answer):
    """The prediction for one row. `float()` of it is the number; `lower` and `upper` are None without an interval."""

    prediction: float
    model_name: str
    version: int
    warnings: Sequence[str] = ()
    # `level`, `method`, `lower` and `upper`.
    interval: Mapping[str, Any] | None = None
    # How many seconds ago storage said that this version serves; only while storage does not answer.
    stale_seconds: float | None = None
    # With `explain`: method, samples, background_rows, base_value and contributions.
    explanation: Mapping[str, Any] | None = field(default=None, repr=False)

    def __float__(self) -> float:
        return self.prediction

    @property
    def lower(self) -> float | None:
        """Return the lower bound of the interval."""
        return None if self.interval is None else self.interval["lower"]

    @property
    def upper(self) -> float | None:
        """Return the upper bound of the interval."""
        return None if self.interval is None else self.interval["upper"]

    @property
    def contributions(self) -> Mapping[str, float] | None:
        """Return what each column contributes: together the prediction minus `explanation["base_value"]`."""
        return None if self.explanation is None else self.explanation["contributions"]

    def _repr_html_(self) -> str:
        """Return the prediction as a notebook shows it."""
        bounds = "" if self.interval is None else f" ({self.lower:.6g} to {self.upper:.6g})"
        title = f"{self.prediction:.6g}{bounds}, by {self.model_name}, version {self.version}"
        largest = sorted((self.contributions or {}).items(), key=lambda one: -abs(one[1]))
        head = ("column", "contribution") if largest else ()
        return table(title, head, [(name, f"{value:+.6g}") for name, value in largest], notes=self.warnings)


@dataclass(frozen=True, eq=False)
class Predictions(Answer, Sequence[float]):
    """The predictions for many rows, in their order: a sequence of floats.

    `index` is that of the DataFrame they were made for, and `to_series()` and `to_frame()` bring it back.
    """

    predictions: Sequence[float]
    model_name: str
    version: int
    warnings: Sequence[str] = ()
    # The level of `lower` and `upper`, where an interval was asked for.
    level: float | None = None
    lower: Sequence[float] | None = None
    upper: Sequence[float] | None = None
    # How many seconds ago storage said that this version serves; only while storage does not answer.
    stale_seconds: float | None = None
    # With `explain`: method, samples, background_rows, base_value, and contributions to each prediction by column.
    explanation: Mapping[str, Any] | None = field(default=None, repr=False)
    index: Any = field(default=None, repr=False)
    # The package of the DataFrame that was predicted, `pandas` or `polars`.
    library: str = field(default="pandas", repr=False)

    def __len__(self) -> int:
        return len(self.predictions)

    def __iter__(self) -> Iterator[float]:
        return iter(self.predictions)

    def __getitem__(self, place: Any) -> Any:
        return self.raw[place] if isinstance(place, str) else self.predictions[place]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        """Return the predictions as an array of numpy, float64 with shape (n,)."""
        return import_module("numpy").asarray(list(self.predictions), dtype=dtype or "float64")

    def to_series(self) -> Any:
        """Return the predictions as a Series called `prediction`, with the index of the rows in pandas."""
        module = _module(self.library)
        if self.library == "polars":
            return module.Series("prediction", list(self.predictions))
        return module.Series(list(self.predictions), index=self.index, name="prediction", dtype="float64")

    @property
    def contributions(self) -> Mapping[str, Sequence[float]] | None:
        """Return by column what it contributes to each prediction, together prediction minus base value."""
        return None if self.explanation is None else self.explanation["contributions"]

    def to_frame(self) -> Any:
        """Return a DataFrame with `prediction`, and with an interval also `lower` and `upper`.

        With explanations it has `base_value` as well, and `contribution_` with the name of each column.
        """
        columns = {"prediction": self.predictions, "lower": self.lower, "upper": self.upper}
        if self.explanation is not None:
            columns["base_value"] = [self.explanation["base_value"]] * len(self)
            columns |= {f"contribution_{name}": values for name, values in (self.contributions or {}).items()}
        given = {name: list(values) for name, values in columns.items() if values is not None}
        module = _module(self.library)
        return module.DataFrame(given) if self.library == "polars" else module.DataFrame(given, index=self.index)

    def __repr__(self) -> str:
        shown = ", ".join(f"{value:.6g}" for value in self.predictions[:5])
        rest = ", ..." if len(self) > 5 else ""
        return f"Predictions([{shown}{rest}], {len(self)} rows, model {self.model_name!r}, version {self.version})"

    def _repr_html_(self) -> str:
        """Return the predictions as a notebook shows them."""
        columns = [("prediction", self.predictions), ("lower", self.lower), ("upper", self.upper)]
        given = [(name, values) for name, values in columns if values is not None]
        labels = range(len(self)) if self.index is None else self.index
        rows = list(zip(labels, *(values for _, values in given), strict=True))
        title = f"{len(self):,} predictions of {self.model_name}, version {self.version}"
        return table(title, ("", *(name for name, _ in given)), rows, notes=self.warnings)


def _module(name: str) -> Any:
    """Return a library that is loaded already where the rows came in its DataFrame."""
    return sys.modules.get(name) or import_module(name)
