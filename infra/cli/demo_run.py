"""All steps on one table against a running service, from the upload to the exports, shown in the terminal."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn

from core.types import Json
from infra.cli.display import progress
from infra.cli.terminal import console
from infra.client.service import Service

# As many rows of the leaderboard are printed.
SHOWN_ROWS = 5
EXPORT_SUFFIX = {"csv": "csv", "excel": "xlsx", "json": "json"}

# Adds a line to those that are printed when the step is done.
Note = Callable[[str], None]


class DemoRun:
    """The steps of one run. Each is a method that sends the requests and prints what came back."""

    def __init__(self, service: Service, export_folder: Path) -> None:
        self.service = service
        self.export_folder = export_folder

    def run(self, file: Path, target: str, model_type: str | None, time_limit: float) -> None:
        """Run every step on the CSV `file`; raises `ServiceError`.

        With `model_type` that regressor is trained. Without it a portfolio search of `time_limit` seconds finds the
        model.
        """
        begun = time.perf_counter()
        model = model_type or f"the best model that {time_limit:g} s allow"
        console.print(f"\n[bold]{file.name}[/] → [bold]{target}[/] by {model}\n")
        file_id = self._upload(file)
        self._look(file_id)
        self._process(file_id, target)
        if model_type is None:
            model_name = self._search(file_id, target, time_limit)
        else:
            model_name = self._train(file_id, target, model_type)
        self._predict(file_id, target, model_name)
        self._export(file_id, model_name)
        console.print(f"\n[green]Done[/] in {time.perf_counter() - begun:.1f} s.")

    def _upload(self, file: Path) -> str:
        """Upload the file; return its file_id."""
        with _step("Upload") as note, file.open("rb") as stream:
            dataset = self.service.call("POST", "/data/upload", files={"file": (file.name, stream, "text/csv")})
            columns, size = len(dataset["column_types"]), _size(dataset["size_bytes"])
            note(f"{dataset['rows']:,} rows × {columns} columns, {size}")
            note(f"read as {dataset['encoding']}, file_id {dataset['file_id']}")
            for warning in dataset["warnings"]:
                note(f"[yellow]{warning}[/]")
        return str(dataset["file_id"])

    def _look(self, file_id: str) -> None:
        """Show how many values are missing, by column."""
        with _step("Look") as note:
            missing = self.service.call("GET", "/data/info", params={"file_id": file_id})["missing"]
            counts = ", ".join(f"{name} {count:,}" for name, count in missing.items() if count) or "none"
            note(f"missing values: {counts}")

    def _process(self, file_id: str, target: str) -> None:
        """Set the recipe: the median for missing values, and the target."""
        with _step("Process") as note:
            recipe = {"file_id": file_id, "handle_missing": "median", "target_column": target}
            encoded = ", ".join(self.service.call("POST", "/data/process", json=recipe)["encoded"]) or "none"
            note(f"gaps get the median; one-hot encoded: {encoded}")
            note(f"to look at: {self.service.url}/data/report?file_id={file_id}")

    def _train(self, file_id: str, target: str, model_type: str) -> str:
        """Train one regressor; return the name of the model."""
        with _step("Train") as note:
            request = {"file_id": file_id, "model_type": model_type, "target_column": target, "test_size": 0.2}
            model = self.service.call("POST", "/model/train", json=request)
            metrics = model["metrics"]
            note(_scores(model))
            note(f"off by {_number(metrics['mae'])} on average (RMSE {_number(metrics['rmse'])})")
            note(f"stored as {model['model_name']}, version {model['version']}")
        return str(model["model_name"])

    def _search(self, file_id: str, target: str, time_limit: float) -> str:
        """Let a portfolio search find the best model; return its name."""
        with _step("Race") as note:
            query = {"file_id": file_id, "target_column": target, "ensemble": True, "time_limit": time_limit}
            comparison = self.service.call("POST", "/model/compare", params=query)
            best = comparison["best"]
            note(_scores(best))
            for row in comparison["results"][:SHOWN_ROWS]:
                note(_leaderboard_row(row, best))
            if members := best.get("members"):
                note(f"[dim]the blend of {len(members)}: {_weights(members)}[/]")
            note(f"stored as {best['model_name']}, version {best['version']}")
        return str(best["model_name"])

    def _predict(self, file_id: str, target: str, model_name: str) -> None:
        """Predict the first row by its values, then all rows of the dataset."""
        with _step("Predict") as note:
            preview = self.service.call("GET", "/data/preview", params={"file_id": file_id, "rows": 1})
            row = dict(zip(preview["columns"], preview["rows"][0], strict=True))
            actual = row.pop(target)
            first = self.service.call("POST", "/predict", json={"data": row, "model_name": model_name})
            note(f"first row: {_number(first['prediction'])}, in the file {_number(actual)}")
            begun = time.perf_counter()
            batch = self.service.call("POST", "/predict/batch", json={"file_id": file_id, "model_name": model_name})
            rate = batch["count"] / (time.perf_counter() - begun)
            note(f"the whole file: {batch['count']:,} predictions, {rate:,.0f} a second")

    def _export(self, file_id: str, model_name: str) -> None:
        """Write the dataset with its predictions as a file of each format."""
        self.export_folder.mkdir(parents=True, exist_ok=True)
        with _step("Export") as note:
            for export_format, suffix in EXPORT_SUFFIX.items():
                request = {"file_id": file_id, "model_name": model_name, "format": export_format}
                path = self.export_folder / f"{model_name}.{suffix}"
                path.write_bytes(self.service.send("POST", "/predict/export", json=request).content)
                note(f"{path} ({_size(path.stat().st_size)})")


@contextmanager
def _step(title: str) -> Iterator[Note]:
    """Show a progress bar while a step runs; print its title, its seconds and its notes when it is done."""
    notes: list[str] = []
    begun = time.perf_counter()
    with progress(SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()) as bars:
        bars.add_task(title, total=None)
        yield notes.append
    seconds = time.perf_counter() - begun
    console.print(f"[green]✓[/] [bold]{title:<8}[/] [dim]{seconds:5.1f} s[/]  {notes[0]}", soft_wrap=True)
    for line in notes[1:]:
        console.print(f"{'':20}{line}", soft_wrap=True)


def _scores(model: Json) -> str:
    """Write the R2 of a model on the holdout and over the folds."""
    r2, folds = model["metrics"]["r2"], model["cross_validation"]
    return f"R² [bold]{r2:.3f}[/] on rows it has not seen, {folds['mean']:.3f} ± {folds['std']:.3f} over the folds"


def _leaderboard_row(row: Json, best: Json) -> str:
    """Write a row of the leaderboard: score, serving cost, target transform and parameters; the best is green."""
    cost = f"{row['latency_us']:6.0f} µs a row, {_size(row['size_bytes']):>8}" if row["latency_us"] else ""
    parameters = [f"{name}={value}" for name, value in (row.get("parameters") or {}).items()]
    configuration = " ".join([*_target_transform(row), *parameters])
    line = f"{row['model_type']:<24} {row['cross_validation']['mean']:.3f} {cost}  {configuration}".rstrip()
    return f"[green]{line}[/]" if row is best or row["model_name"] == best["model_name"] else f"[dim]{line}[/]"


def _weights(members: list[Json]) -> str:
    """Write the weights of an ensemble in per cent, by regressor and target transform, largest first."""
    weights: Counter[str] = Counter()
    for member in members:
        weights[" ".join([member["model_type"], *_target_transform(member)])] += member["weight"]
    return ", ".join(f"{100 * weight:.0f} % {name}" for name, weight in weights.most_common())


def _target_transform(row: Json) -> list[str]:
    """Return the target transform of a model in brackets, in a list that is empty where there is none."""
    return [] if row["target_transform"] == "none" else [f"({row['target_transform']})"]


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _size(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:.1f} MB" if size_bytes >= 100_000 else f"{size_bytes / 1e3:.1f} kB"
