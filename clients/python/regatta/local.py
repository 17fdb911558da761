"""Regatta as a library: train, compare and predict in this process, without a server, storage or settings.

    from regatta import local

    model = local.train("concrete.csv", "strength", "hist_gradient_boosting")
    model.predict(rows)
    model.save("model.onnx")
    local.Model.load("model.onnx").predict(rows)

It is the code of the service: the same file and options give the same model. Training needs `regatta[learning]`; a
saved model is loaded and predicts with `regatta[scoring]`, numpy and onnxruntime. Errors are those of `core.errors`.
"""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from regatta.html import pairs, table
from regatta.local_wording import in_options

if TYPE_CHECKING:
    from core.inference.model_file import ModelFile, PredictedRows
    from core.manifests import Reading, Recipe
    from core.progress import ReportProgress

# Called with the stage and the share of the work that is done, from 0 to 1.
OnProgress = Callable[[str, float], None]

FEATURES_SHOWN = 15


class Model:
    """A trained model that predicts in this process.

    `metrics` are measured on rows held out; `notes` say what was left out in training.
    """

    def __init__(self, file: "ModelFile", pickled: bytes | None = None) -> None:
        """Use `load` or `train` instead. `pickled` is the scikit-learn pipeline, if it was trained here."""
        self._file = file
        self._pickled = pickled

    @classmethod
    def load(cls, path: str | Path) -> "Model":
        """Load a model that `save` has written, or that a service has sent as `format=onnx`.

        Raises `InvalidInputError` for another file and one of an earlier version, `FileNotFoundError` for none.
        """
        from core.inference.model_file import ModelFile

        return cls(ModelFile.loaded(Path(path).read_bytes()))

    def save(self, path: str | Path) -> None:
        """Write the model as one ONNX file; with the ending .pkl as the pickle of its scikit-learn pipeline.

        Raises `InvalidInputError` for a pickle of a model that was loaded from an ONNX file.
        """
        target = Path(path)
        if target.suffix not in (".pkl", ".pickle"):
            target.write_bytes(self._file.graph)
            return
        if self._pickled is None:
            from core.errors import InvalidInputError

            raise InvalidInputError(
                "The model came from an ONNX file, which has no scikit-learn pipeline. Save it as .onnx.",
                [{"field": "path", "message": "cannot be a pickle"}],
            )
        target.write_bytes(self._pickled)

    def predict(self, rows: Any, *, interval: float | None = None, strict: bool = False) -> Any:
        """Return the predictions of rows; with an `interval` of 0.9 also the bounds that hold 90% of true values.

        A DataFrame of pandas gives a Series with its index, with an interval a DataFrame of `prediction`, `lower` and
        `upper`; one of polars is converted. The path of a CSV, and a list of dicts, give an array (n,) of numpy, with
        an interval (n, 3); one dict gives a float.

        Values are read as the file of the model was read. What is in doubt is an `InputWarning`; with `strict` missing,
        unseen and unreadable values are errors. Raises `InvalidInputError`, and `InvalidRecordsError` which names rows
        and columns.
        """
        import numpy as np

        bounds = None if interval is None else self._file.card.interval(interval)
        if hasattr(rows, "to_pandas") and not hasattr(rows, "iloc"):
            rows = rows.to_pandas()
        found = self._predicted(rows, strict=strict, spread=bounds is not None and bounds.is_adaptive)
        _warn(found.warnings)
        columns = [found.values, *(bounds.of_rows(found.spreads).bounds(found.values) if bounds else ())]
        if hasattr(rows, "iloc"):
            import pandas as pd

            if bounds is None:
                return pd.Series(found.values, index=rows.index, name="prediction")
            return pd.DataFrame(dict(zip(("prediction", "lower", "upper"), columns, strict=True)), index=rows.index)
        values = found.values if bounds is None else np.column_stack(columns)
        if not isinstance(rows, Mapping):
            return values
        return float(values[0]) if bounds is None else values[0]

    def _predicted(self, rows: Any, *, strict: bool, spread: bool) -> "PredictedRows":
        if isinstance(rows, str | Path):
            return self._file.predict_csv(Path(rows), strict=strict, spread=spread)
        if isinstance(rows, Mapping):
            rows = [rows]
        if isinstance(rows, list):
            return self._file.predict_records(rows, strict=strict, spread=spread)
        return self._file.predict_frame(rows, strict=strict, spread=spread)

    @property
    def model_type(self) -> str:
        """Return the kind of regressor, such as `ridge`, or `blend` for an ensemble."""
        return self._file.card.model_type

    @property
    def target(self) -> str:
        """Return the name of the column that is predicted."""
        return self._file.card.target_column

    @property
    def metrics(self) -> dict[str, float | None]:
        """Return the metrics on rows held out, such as `r2`, `rmse` and `mae`."""
        return dict(self._file.card.metrics)

    @property
    def cross_validation(self) -> dict[str, Any]:
        """Return R2 of each fold (`scores`), their `mean` and `std`."""
        return self._file.card.cross_validation.model_dump()

    @property
    def importance(self) -> dict[str, float]:
        """Return by feature how much R2 falls when it is shuffled, the most important one first."""
        return {one.feature: one.mean for one in self._file.card.importance}

    @property
    def parameters(self) -> dict[str, Any]:
        """Return the parameters of the regressor."""
        return dict(self._file.card.parameters)

    @property
    def schema(self) -> list[dict[str, Any]]:
        """Return the columns that it takes, as `GET /model/schema` does: each with its type and how it is written."""
        from core.inference.signature import describe_feature

        return [describe_feature(feature) for feature in self._file.card.features]

    @property
    def notes(self) -> list[str]:
        """Return what training has left out and why."""
        return [in_options(note) for note in self._file.card.notes]

    def __repr__(self) -> str:
        r2 = self.metrics.get("r2")
        scored = "" if r2 is None else f", R2 {r2:.4f}"
        return f"<Model {self.model_type} of {self.target!r}, {len(self._file.card.features)} columns{scored}>"

    def _repr_html_(self) -> str:
        """Return the model as a notebook shows it."""
        scores = {name: "" if value is None else f"{value:.5g}" for name, value in self.metrics.items()}
        features = [(name, f"{fall:.4f}") for name, fall in [*self.importance.items()][:FEATURES_SHOWN]]
        return pairs(f"{self.model_type} of {self.target}, on rows held out", scores) + table(
            "Importance", ("feature", "R2 lost when shuffled"), features, notes=self.notes
        )


class Comparison(Mapping[str, Model]):
    """Models that were trained on the same rows and folds, by their type, the best first.

    `results` are all rows of the leaderboard by cross-validated R2, also the baseline and what was not kept.
    """

    def __init__(self, answer: Mapping[str, Any], models: Mapping[str, Model]) -> None:
        """Use `compare` instead. `models` are by their names in the `answer`."""
        self.results: list[dict[str, Any]] = list(answer["results"])
        self.failed: list[dict[str, Any]] = list(answer["failed"])
        self.warnings: list[str] = list(answer["warnings"])
        kept = [row for row in self.results if row["model_name"] in models]
        self._models = {_label(row): models[row["model_name"]] for row in kept}

    @property
    def best(self) -> Model:
        """Return the model with the best cross-validated R2."""
        return next(iter(self._models.values()))

    def __getitem__(self, model_type: str) -> Model:
        return self._models[model_type]

    def __iter__(self) -> Iterator[str]:
        return iter(self._models)

    def __len__(self) -> int:
        return len(self._models)

    def __repr__(self) -> str:
        return f"<Comparison of {len(self)} models, best {self.best!r}>"

    def _repr_html_(self) -> str:
        """Return the leaderboard as a notebook shows it."""
        rows = [
            (
                _label(row),
                f"{row['cross_validation']['mean']:.4f}",
                "" if row["metrics"] is None else f"{row['metrics']['rmse']:.5g}",
                f"{row['training_seconds']:.2f}",
            )
            for row in self.results
        ]
        failed = [f"{row['model_type']} failed: {row['error']}" for row in self.failed]
        head = ("model", "R2 of the folds", "RMSE on rows held out", "seconds")
        return table("Comparison, best first", head, rows, notes=[*failed, *self.warnings])


def train(
    data: Any,
    target: str,
    model_type: str = "hist_gradient_boosting",
    *,
    on_progress: OnProgress | None = None,
    **options: Any,
) -> Model:
    """Train one model on a DataFrame, or on a file as an upload takes it.

    `options` are the fields of `POST /model/train` (`test_size`, `params`, `validation`, `target_transform`, ...), of
    a reading (`encoding`, `dates`, `decimal`, `types`, `missing`, ...), and of a recipe (`handle_missing`, `columns`,
    `leave_out`). The dtypes of a DataFrame mean what they are; its texts are read as those of a file. Its index is no
    feature; its labels are taken as texts, the target among them. `core.catalogue.CATALOGUE` has the model types.

    Raises errors of `core.errors`: `UnknownColumnError` and `TargetError` about the target, `NotEnoughRowsError`,
    `UnknownModelTypeError`, `ParameterError`, and `InvalidInputError` for an option.
    """
    from core.jobs.commands import TrainCommand
    from core.services.training.in_memory import train_file
    from core.storage.artifacts import GRAPH, PICKLE

    command: TrainCommand
    command, reading, recipe = _parsed(TrainCommand, {"model_type": model_type, "target_column": str(target)}, options)
    dataset, kept = train_file(data, command, reading, recipe, _report(on_progress))
    _warn(dataset.warnings)
    return _kept(kept.files[GRAPH], kept.files[PICKLE])


def compare(
    data: Any,
    target: str,
    *,
    time_limit: float | None = None,
    on_progress: OnProgress | None = None,
    **options: Any,
) -> Comparison:
    """Compare the nine default regressors on the same folds of a DataFrame or a file, as `POST /model/compare` does.

    With `ensemble=True` and a `time_limit` in seconds it searches the portfolio and keeps the best model. `options` are
    as in `train`. Raises what `train` raises.
    """
    from core.jobs.commands import CompareCommand
    from core.services.training.in_memory import compare_file
    from core.storage.artifacts import GRAPH, PICKLE

    command: CompareCommand
    command, reading, recipe = _parsed(
        CompareCommand, {"target_column": str(target), "time_limit": time_limit}, options
    )
    dataset, answer, kept = compare_file(data, command, reading, recipe, _report(on_progress))
    _warn(dataset.warnings)
    return Comparison(answer, {name: _kept(one.files[GRAPH], one.files[PICKLE]) for name, one in kept.items()})


def _kept(graph: bytes, pickled: bytes) -> Model:
    from core.inference.model_file import ModelFile

    return Model(ModelFile.loaded(graph), pickled)


def _label(row: Mapping[str, Any]) -> str:
    """Return the model type of a row of a leaderboard, with `-tuned` where it was tuned."""
    return f"{row['model_type']}-tuned" if row["tuned"] else str(row["model_type"])


def _warn(texts: Sequence[str]) -> None:
    """Warn of what is in doubt about the rows or the file of the caller."""
    from core.inference.frame_input import InputWarning

    for text in texts:
        warnings.warn(in_options(text), InputWarning, stacklevel=3)


def _report(on_progress: OnProgress | None) -> "ReportProgress":
    """Return the caller's function in the form that training calls."""
    from core.progress import ignore_progress

    def report(stage: str, share: float, parts: Any = None, leaderboard: Any = None) -> None:
        assert on_progress is not None
        on_progress(stage, share)

    return ignore_progress if on_progress is None else report


def _parsed(kind: Any, fields: dict[str, Any], options: dict[str, Any]) -> "tuple[Any, Reading, Recipe]":
    """Return the command, the reading and the recipe of a call; raises `InvalidInputError` that names an option."""
    from core.services.training.options import parse_options

    return parse_options(kind, fields, options)
