"""The whole job against a running service, told in the terminal, from the upload to the exports."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from core.types import Json
from infra.service import Service

# The best of a race, as many as are worth a line.
SHOWN_ROWS = 5
EXPORT_SUFFIX = {"csv": "csv", "excel": "xlsx", "json": "json"}


class Job:
    """One run of the job: the service, the story on the console and the six steps."""

    def __init__(self, service: Service, console: Console, out: Path) -> None:
        self.service = service
        self.console = console
        self.out = out

    def run(self, file: Path, target: str, model_type: str | None, time_limit: float) -> None:
        """Run every step on the CSV `file`; exports land in `out`. Raises `ServiceError`.

        Without `model_type` the portfolio is raced for `time_limit` seconds and the winner predicts.
        """
        begun = time.perf_counter()
        by = model_type or f"the best model that {time_limit:g} s allow"
        self.console.print(f"\n[bold]{file.name}[/] → [bold]{target}[/] by {by}\n")
        file_id = self._upload(file)
        self._look(file_id)
        self._process(file_id, target)
        if model_type is None:
            model_name = self._race(file_id, target, time_limit)
        else:
            model_name = self._train(file_id, target, model_type)
        self._predict(file, file_id, target, model_name)
        self._export(file_id, model_name)
        self.console.print(f"\n[green]Done[/] in {time.perf_counter() - begun:.1f} s.")

    def _upload(self, file: Path) -> str:
        with self._step("Upload") as note, file.open("rb") as stream:
            answer = self.service.call("POST", "/data/upload", files={"file": (file.name, stream, "text/csv")})
            note(f"{answer['rows']:,} rows × {len(answer['column_types'])} columns, {_size(answer['size_bytes'])}")
            note(f"read as {answer['encoding']}, file_id {answer['file_id']}")
            for warning in answer["warnings"]:
                note(f"[yellow]{warning}[/]")
        return str(answer["file_id"])

    def _look(self, file_id: str) -> None:
        with self._step("Look") as note:
            answer = self.service.call("GET", "/data/info", params={"file_id": file_id})
            missing = {name: count for name, count in answer["missing"].items() if count}
            gaps = ", ".join(f"{name} {count:,}" for name, count in missing.items()) or "none"
            note(f"missing values: {gaps}")

    def _process(self, file_id: str, target: str) -> None:
        with self._step("Process") as note:
            body = {"file_id": file_id, "handle_missing": "median", "target_column": target}
            answer = self.service.call("POST", "/data/process", json=body)
            encoded = ", ".join(answer["encoded"]) or "none"
            note(f"gaps get the median; one-hot encoded: {encoded}")
            note(f"to look at: {self.service.url}/data/report?file_id={file_id}")

    def _train(self, file_id: str, target: str, model_type: str) -> str:
        with self._step("Train") as note:
            body = {"file_id": file_id, "model_type": model_type, "target_column": target, "test_size": 0.2}
            answer = self.service.call("POST", "/model/train", json=body)
            metrics, folds = answer["metrics"], answer["cross_validation"]
            note(
                f"R² [bold]{metrics['r2']:.3f}[/] on rows it has not seen, "
                f"{folds['mean']:.3f} ± {folds['std']:.3f} over the folds"
            )
            note(f"off by {_number(metrics['mae'])} on average (RMSE {_number(metrics['rmse'])})")
            note(f"stored as {answer['model_name']}, version {answer['version']}")
        return str(answer["model_name"])

    def _race(self, file_id: str, target: str, time_limit: float) -> str:
        with self._step("Race") as note:
            query = {"file_id": file_id, "target_column": target, "ensemble": True, "time_limit": time_limit}
            answer = self.service.call("POST", "/model/compare", params=query)
            best = answer["best"]
            folds, r2 = best["cross_validation"], best["metrics"]["r2"]
            note(
                f"R² [bold]{r2:.3f}[/] on rows it has not seen, {folds['mean']:.3f} ± {folds['std']:.3f} over the folds"
            )
            for row in answer["results"][:SHOWN_ROWS]:
                note(_standing(row, best))
            if members := best.get("members"):
                weights: Counter[str] = Counter()
                for member in members:
                    weights[" ".join([member["model_type"], *_transformed(member)])] += member["weight"]
                shares = ", ".join(f"{100 * weight:.0f} % {name}" for name, weight in weights.most_common())
                note(f"[dim]the blend of {len(members)}: {shares}[/]")
            note(f"stored as {best['model_name']}, version {best['version']}")
        return str(best["model_name"])

    def _predict(self, file: Path, file_id: str, target: str, model_name: str) -> None:
        with self._step("Predict") as note:
            preview = self.service.call("GET", "/data/preview", params={"file_id": file_id, "rows": 1})
            row = dict(zip(preview["columns"], preview["rows"][0], strict=True))
            actual = row.pop(target)
            answer = self.service.call("POST", "/predict", json={"data": row, "model_name": model_name})
            note(f"first row: {_number(answer['prediction'])}, in the file {_number(actual)}")
            begun = time.perf_counter()
            batch = self.service.call("POST", "/predict/batch", json={"file_id": file_id, "model_name": model_name})
            rate = batch["count"] / (time.perf_counter() - begun)
            note(f"the whole file: {batch['count']:,} predictions, {rate:,.0f} a second")

    def _export(self, file_id: str, model_name: str) -> None:
        self.out.mkdir(parents=True, exist_ok=True)
        with self._step("Export") as note:
            for kind, suffix in EXPORT_SUFFIX.items():
                body = {"file_id": file_id, "model_name": model_name, "format": kind}
                path = self.out / f"{model_name}.{suffix}"
                path.write_bytes(self.service.send("POST", "/predict/export", json=body).content)
                note(f"{path} ({_size(path.stat().st_size)})")

    @contextmanager
    def _step(self, title: str) -> Iterator[Any]:
        """A progress bar while the step runs; its title, time and notes once it is done."""
        notes: list[str] = []
        begun = time.perf_counter()
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self.console, transient=True, disable=not self.console.is_terminal) as progress:
            progress.add_task(title, total=None)
            yield notes.append
        self.console.print(
            f"[green]✓[/] [bold]{title:<8}[/] [dim]{time.perf_counter() - begun:5.1f} s[/]  {notes[0]}", soft_wrap=True
        )
        for line in notes[1:]:
            self.console.print(f"{'':20}{line}", soft_wrap=True)


def _standing(row: Json, best: Json) -> str:
    """One line of a leaderboard: what it scored, what it would cost to serve, and what tells it from its kin."""
    cost = f"{row['latency_us']:6.0f} µs a row, {_size(row['size_bytes']):>8}" if row["latency_us"] else ""
    parameters = [f"{name}={value}" for name, value in (row.get("parameters") or {}).items()]
    chosen = " ".join([*_transformed(row), *parameters])
    line = f"{row['model_type']:<24} {row['cross_validation']['mean']:.3f} {cost}  {chosen}".rstrip()
    return f"[green]{line}[/]" if row is best or row["model_name"] == best["model_name"] else f"[dim]{line}[/]"


def _transformed(row: Json) -> list[str]:
    """What a model learns instead of the target, if it does."""
    return [] if row["target_transform"] == "none" else [f"({row['target_transform']})"]


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _size(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:.1f} MB" if size_bytes >= 100_000 else f"{size_bytes / 1e3:.1f} kB"
