"""All steps on one table against a running service, from the upload to the exports, shown in the terminal."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from infra.cli.figures import counted, number, size
from infra.cli.following import result_of
from infra.cli.leaderboard import moving_leaderboard
from infra.cli.progress import progress_bar
from infra.cli.service import ask
from infra.cli.training import scores
from infra.cli.uploading import upload_with_progress

if TYPE_CHECKING:
    from core.types import Json
    from infra.cli.output import Output
    from regatta import Regatta

# As many rows of the leaderboard are printed.
SHOWN_ROWS = 5
EXPORT_SUFFIX: dict[Literal["csv", "excel", "json", "jsonl"], str] = {
    "csv": "csv",
    "excel": "xlsx",
    "json": "json",
    "jsonl": "jsonl",
}
INDENT = " " * 20

# Adds a line to those that are printed when the step is done.
Note = Callable[[str], None]


class DemoRun:
    """The steps of one run. Each is a method that sends the requests and prints what came back."""

    def __init__(self, client: "Regatta", export_folder: Path, output: "Output") -> None:
        self.client = client
        self.export_folder = export_folder
        self.output = output
        # What --json prints: the answers of the service by step, and the files that were written.
        self.document: dict[str, Any] = {}

    def run(self, file: Path, target: str, model_type: str | None, time_limit: float) -> None:
        """Run every step on the file; raises the errors of the client and `CommandError`.

        With `model_type` that regressor is trained. Without it a portfolio search of `time_limit` seconds finds the
        model.
        """
        begun = time.perf_counter()
        model = model_type or f"the best model that {time_limit:g} s allow"
        self.output.line("")
        self.output.line(f"{file.name} → {target} by {model}", "bold")
        self.output.line("")
        file_id = self._upload(file)
        self._look(file_id)
        self._process(file_id, target)
        if model_type is None:
            model_name = self._search(file_id, target, time_limit)
        else:
            model_name = self._train(file_id, target, model_type)
        self._predict(file_id, target, model_name)
        self._export(file_id, model_name)
        self.output.line("")
        self.output.line(f"Done in {time.perf_counter() - begun:.1f} s.", "green")

    def _upload(self, file: Path) -> str:
        """Upload the file; return its file_id."""
        with self._step("Upload") as note:
            uploaded = upload_with_progress(self.client, file, {}, self.output)
            dataset = ask(self.client, "GET", "/data/info", params={"file_id": uploaded["file_id"]})
            self.document["dataset"] = uploaded
            columns = len(dataset["column_types"])
            note(f"{counted(dataset['rows'], 'row')} × {columns} columns, {size(dataset['size_bytes'])}")
            note(f"read as {dataset['encoding']}, file_id {dataset['file_id']}")
            for warning in dataset["warnings"]:
                note(f"warning: {warning}")
        return str(dataset["file_id"])

    def _look(self, file_id: str) -> None:
        """Show how many values are missing, by column."""
        with self._step("Look") as note:
            missing = ask(self.client, "GET", "/data/info", params={"file_id": file_id})["missing"]
            counts = ", ".join(f"{name} {count:,}" for name, count in missing.items() if count) or "none"
            note(f"missing values: {counts}")

    def _process(self, file_id: str, target: str) -> None:
        """Set the recipe: the median for missing values, and the target."""
        with self._step("Process") as note:
            recipe = {"file_id": file_id, "handle_missing": "median", "target_column": target}
            processed = ask(self.client, "POST", "/data/process", json=recipe, keyed=True)
            self.document["processed"] = processed
            note(f"gaps get the median; one-hot encoded: {', '.join(processed['encoded']) or 'none'}")
            note(f"to look at: {self.client.url}/data/report?file_id={file_id}")

    def _train(self, file_id: str, target: str, model_type: str) -> str:
        """Train one regressor; return the name of the model."""
        with self._step("Train") as note, progress_bar(self.output, "queued") as report_progress:
            request = {"file_id": file_id, "model_type": model_type, "target_column": target, "test_size": 0.2}
            model = result_of(
                self.client,
                "/model/train",
                lambda job: report_progress(job["stage"], job["progress"]),
                json=request,
            )
            self.document["model"] = model
            metrics = model["metrics"]
            note(scores(model))
            note(f"off by {number(metrics['mae'])} on average (RMSE {number(metrics['rmse'])})")
            note(f"stored as {model['model_name']}, version {model['version']}")
        return str(model["model_name"])

    def _search(self, file_id: str, target: str, time_limit: float) -> str:
        """Let a portfolio search find the best model, and show how it stands meanwhile; return its name."""
        with self._step("Race") as note, moving_leaderboard(self.output, "Race") as show:
            request = {"file_id": file_id, "target_column": target, "ensemble": True, "time_limit": time_limit}
            comparison = result_of(self.client, "/model/compare", show, json=request)
            self.document["comparison"] = comparison
            best = comparison["best"]
            note(scores(best))
            for row in comparison["results"][:SHOWN_ROWS]:
                note(_leaderboard_row(row))
            if members := best.get("members"):
                note(f"the blend of {len(members)}: {_weights(members)}")
            note(f"stored as {best['model_name']}, version {best['version']}")
        return str(best["model_name"])

    def _predict(self, file_id: str, target: str, model_name: str) -> None:
        """Predict the first row that has a target by its values, then all rows of the dataset."""
        with self._step("Predict") as note:
            place, row = self._first_row(file_id, target)
            actual = row.pop(target, None)
            first = ask(self.client, "POST", "/predict", json={"data": row, "model_name": model_name}, pure=True)
            in_file = "where the file has no value" if actual is None else f"in the file {_shown(actual)}"
            note(f"{place}: {number(first['prediction'])}, {in_file}")
            begun = time.perf_counter()
            request = {"file_id": file_id, "model_name": model_name}
            batch = ask(self.client, "POST", "/predict/batch", json=request, pure=True)
            if "count" in batch:
                rate = batch["count"] / (time.perf_counter() - begun)
                note(f"the whole file: {batch['count']:,} predictions, {rate:,.0f} a second")

    def _first_row(self, file_id: str, target: str) -> tuple[str, "Json"]:
        """Return what to call a row, and its values by column: the first that has a target, or else the first."""
        preview = ask(self.client, "GET", "/data/preview", params={"file_id": file_id, "rows": 100})
        rows = [dict(zip(preview["columns"], values, strict=True)) for values in preview["rows"]]
        at = next((at for at, row in enumerate(rows) if row.get(target) is not None), 0)
        return ("first row" if at == 0 else f"row {at + 1}, the first one with {target}"), rows[at]

    def _export(self, file_id: str, model_name: str) -> None:
        """Write the dataset with its predictions as a file of each format."""
        self.export_folder.mkdir(parents=True, exist_ok=True)
        self.document["exports"] = []
        with self._step("Export") as note, progress_bar(self.output, "exporting") as report_progress:
            for export_format, suffix in EXPORT_SUFFIX.items():
                path = self.export_folder / f"{model_name}.{suffix}"
                self.client.predict.export(
                    path, model_name, file_id=file_id, format=export_format, on_progress=report_progress
                )
                self.document["exports"].append(str(path))
                note(f"{path} ({size(path.stat().st_size)})")

    @contextmanager
    def _step(self, title: str) -> Iterator[Note]:
        """Print a step's title, its seconds and its notes when it is done."""
        notes: list[str] = []
        begun = time.perf_counter()
        with progress_bar(self.output, title):
            yield notes.append
        seconds = time.perf_counter() - begun
        self.output.line(f"✓ {title:<8} {seconds:5.1f} s  {notes[0]}")
        for line in notes[1:]:
            self.output.line(f"{INDENT}{line}")


def _leaderboard_row(row: "Json") -> str:
    """Write a row of the leaderboard: score, serving cost, target transform and parameters."""
    cost = f"{row['latency_us']:6.0f} µs a row, {size(row['size_bytes']):>8}" if row["latency_us"] else ""
    parameters = [f"{name}={value}" for name, value in (row.get("parameters") or {}).items()]
    configuration = " ".join([*_target_transform(row), *parameters])
    return f"{row['model_type']:<24} {row['cross_validation']['mean']:.3f} {cost}  {configuration}".rstrip()


def _weights(members: list["Json"]) -> str:
    """Write the weights of an ensemble in per cent, by regressor and target transform, largest first."""
    weights: Counter[str] = Counter()
    for member in members:
        weights[" ".join([member["model_type"], *_target_transform(member)])] += member["weight"]
    return ", ".join(f"{100 * weight:.0f} % {name}" for name, weight in weights.most_common())


def _target_transform(row: "Json") -> list[str]:
    """Return the target transform of a model in brackets, in a list that is empty where there is none."""
    return [] if row["target_transform"] == "none" else [f"({row['target_transform']})"]


def _shown(value: Any) -> str:
    """Return a value of a file: numbers as figures, others as they are."""
    return number(value) if isinstance(value, int | float) and not isinstance(value, bool) else str(value)
