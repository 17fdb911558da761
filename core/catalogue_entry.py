"""What the catalogue knows of one regressor, and how it is built. Loads no estimator before one is built."""

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from math import log
from typing import Any, Literal

from core.errors import ParameterError, TrainingFailedError
from core.parameter_ranges import ranges_of

# How the time of one fit grows with n rows, by its name in a response.
Growth = Literal["n", "n log n", "n²"]
GROWTH: dict[Growth, Callable[[float], float]] = {
    "n": lambda n: n,
    "n log n": lambda n: n * log(n + 2),
    "n²": lambda n: n * n,
}
# The size of the table on which `Regressor.reference_seconds` was measured: the train rows of california_housing.
REFERENCE_ROWS, REFERENCE_COLUMNS = 16_512, 13


@dataclass(frozen=True)
class Regressor:
    """One catalogue entry. `estimator` is the dotted path of a class of scikit-learn's kind, loaded only to train.

    `defaults` are the parameters that differ from the class's own, `grid` is the finite search space by parameter.
    `fixed` are those that the service sets itself, such as the number of threads. Where categories are codes, the
    `codes_parameter` lists the positions of their columns.
    `scaled` regressors get standardised features, `scaled_target` ones a standardised target. A `recentred_target` is
    so where it is far from 0 or of extreme size; a `float32_target` is kept as float32 by the class. `extra` ones are
    compared only on request. One fit takes `reference_seconds` on one core on the reference table; the time grows with
    rows by `growth`, and in proportion to the number of columns and to the parameters in `cost_parameters`.
    `overhead_rows` is the constant part of that time, in rows. From more than `max_rows` rows a sample is drawn: by
    every tree, if the estimator has a `sampling_parameter`, else once. What is trained `in_parts` needs no memory for
    all rows together.
    """

    name: str
    title: str
    estimator: str
    defaults: dict[str, Any] = field(default_factory=dict)
    grid: dict[str, list[Any]] = field(default_factory=dict)
    scaled: bool = False
    scaled_target: bool = False
    recentred_target: bool = False
    float32_target: bool = False
    extra: bool = False
    reference_seconds: float = field(kw_only=True)
    growth: Growth = "n"
    cost_parameters: tuple[str, ...] = ()
    overhead_rows: int = 0
    max_rows: int | None = None
    sampling_parameter: str | None = None
    codes_parameter: str | None = None
    in_parts: bool = False
    fixed: dict[str, Any] = field(default_factory=dict)

    @property
    def package(self) -> str:
        """Return the package that the class is from, as it is imported."""
        return self.estimator.partition(".")[0]

    def build(self, params: dict[str, Any]) -> Any:
        """Return the unfitted estimator with `params`.

        Raises `ParameterError` for an unknown parameter, `TrainingFailedError` where its package cannot be loaded.
        """
        estimator = self._class()(**self.defaults, **self.fixed)
        known = set(estimator.get_params())
        for param in params.keys() - known:
            raise ParameterError(
                f"{self.name} has no parameter {param!r}. It takes: {', '.join(sorted(known))}.",
                [{"field": f"params.{param}", "message": "unknown parameter"}],
            )
        if params.get("criterion") == "friedman_mse":
            # The squared error under an earlier name, which scikit-learn refuses in an estimator that it copies.
            params = {**params, "criterion": "squared_error"}
        return estimator.set_params(**params)

    def _class(self) -> Any:
        """Return the class of the estimator; raises `TrainingFailedError` where its package cannot be loaded."""
        module, _, name = self.estimator.rpartition(".")
        try:
            return getattr(import_module(module), name)
        except (ImportError, OSError) as error:
            package = self.package
            # An OSError is that of a library of the system that the package needs.
            lack = "is not installed" if isinstance(error, ImportError) else "lacks a library of the system (libgomp)"
            raise TrainingFailedError(
                f"{self.name} cannot be trained here: the package {package} {lack}. Choose another model type.",
                [{"field": "model_type", "message": f"{package} {lack}"}],
            ) from error

    def expected_seconds(self, rows: int, columns: int, params: dict[str, Any] | None = None) -> float:
        """Return the seconds of one fit on one core, within a factor of about three; for planning only."""
        used = min(rows, self.max_rows or rows) + self.overhead_rows
        share = GROWTH[self.growth](used) / GROWTH[self.growth](REFERENCE_ROWS + self.overhead_rows)
        seconds = self.reference_seconds * share * max(columns, 1) / REFERENCE_COLUMNS
        chosen = {**self.defaults, **(params or {})}
        for name in self.cost_parameters:
            value = chosen.get(name)
            if isinstance(value, int | float) and value > 0:
                seconds *= value / (self.defaults.get(name) or 1.0)
        return seconds

    def describe(self) -> dict[str, Any]:
        """Return the entry of `GET /model/available`."""
        return {
            "model_type": self.name,
            "title": self.title,
            "estimator": self.estimator,
            "parameters": self.defaults,
            "grid": self.grid,
            "ranges": ranges_of(self.name),
            "extra": self.extra,
            "cost": {
                "grows_with": " × ".join([self.growth, "columns", *self.cost_parameters]),
                "most_rows": self.max_rows,
            },
        }
