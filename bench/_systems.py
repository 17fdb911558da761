"""The systems whose models `bench.quality` compares: ours in several ways, a default forest, AutoGluon and FLAML."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from bench import _load
from bench._report import p50
from tests.support.storage import home

ROOT = Path(__file__).parent.parent
SCRIPT = Path(__file__).parent / "_opponents.py"
# Their environment, made once and kept outside of the repository.
ENVIRONMENT = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "regatta-bench" / "opponents"
PACKAGES = ("autogluon.tabular[lightgbm,catboost,xgboost]", "flaml[automl]")
OPPONENTS = ("autogluon", "flaml")
# What they reached, a line for each split: a run of the better part of an hour that was stopped goes on from there.
REACHED = ENVIRONMENT.parent / "opponents.jsonl"
OURS, FOREST = "regatta", "forest"

TABLES: dict[str, tuple[Path, str]] = {
    "mpg": (ROOT / "examples/mpg.csv", "mpg"),
    "energy_efficiency": (ROOT / "tests/data/energy_efficiency.csv", "Heating Load"),
    "concrete": (ROOT / "examples/concrete.csv", "strength"),
    "taxis": (ROOT / "tests/data/taxis.csv", "total"),
    "bike_sharing": (ROOT / "tests/data/bike_sharing.csv", "cnt"),
    "california_housing": (ROOT / "examples/california_housing.csv", "median_house_value"),
    "diamonds": (ROOT / "tests/data/diamonds.csv", "price"),
}
# Up to so many rows so many splits; every split shuffles the file by a seed of its own.
SPLITS = ((1_000, 5), (10_000, 3), (sys.maxsize, 1))
SECONDS, LARGE_SECONDS, LARGE_ROWS = 30.0, 60.0, 10_000
QUICK_SECONDS = 20.0
# Ours is a share of theirs.
OUR_SHARE = 0.5
TEST_SIZE = 0.2
TIMED_CALLS = 50


@dataclass(frozen=True)
class Result:
    """One system on one split of a table: R2 on the held-out fifth, and seconds used of those allowed."""

    table: str
    seed: int
    system: str
    r2: float
    seconds: float
    allowed: float
    latency_us: float | None = None
    size_bytes: int | None = None
    made_of: str = ""


@dataclass(frozen=True)
class Case:
    """A table in an order of its own, stored; the service holds out its last fifth as everybody does."""

    table: str
    seed: int
    target: str
    frame: pd.DataFrame
    file_id: str
    folder: Path
    # What the opponents are given.
    seconds: float


def cases(folder: Path, table: str, quick: bool) -> Iterator[Case]:
    """The table's splits; when it has to be quick the first alone, in less time."""
    from core.services.processing.ingest import ingest

    csv, target = TABLES[table]
    whole = pd.read_csv(csv)
    seconds = QUICK_SECONDS if quick else LARGE_SECONDS if len(whole) > LARGE_ROWS else SECONDS
    for seed in range(1 if quick else next(many for rows, many in SPLITS if len(whole) <= rows)):
        frame = whole.sample(frac=1, random_state=seed, ignore_index=True)
        path = folder / f"{table}-{seed}.csv"
        frame.to_csv(path, index=False)
        yield Case(table, seed, target, frame, ingest(home(), path.name, path).file_id, folder, seconds)
        path.unlink()


def race(case: Case) -> Result:
    """The portfolio, in our share of the time, through the service, stored and ready to serve."""
    from core.jobs.commands import CompareCommand
    from core.services.training.compare import compare_models

    allowed = OUR_SHARE * case.seconds
    begun = time.perf_counter()
    answer = compare_models(
        home(), CompareCommand(target_column=case.target, file_id=case.file_id, ensemble=True, time_limit=allowed)
    )
    seconds = time.perf_counter() - begun
    best = answer["best"]
    members = [f"{member['weight']:.2f} {member['model_type']}" for member in best.get("members", [])]
    made_of = ", ".join(sorted(members, reverse=True)) or best["model_type"]
    return _result(case, OURS, best, seconds, allowed, made_of)


def nine(case: Case) -> Iterator[Result]:
    """The best of the nine by their folds, the best of them tuned as well, and the blend of the nine."""
    from core.jobs.commands import CompareCommand
    from core.services.training.compare import compare_models

    ways: dict[str, dict[str, Any]] = {
        "best of nine": {},
        "tuned": {"tune_hyperparameters": True, "tuning_seconds": case.seconds},
    }
    for system, wishes in {**ways, "blend of nine": {"ensemble": True}}.items():
        begun = time.perf_counter()
        best = compare_models(home(), CompareCommand(target_column=case.target, file_id=case.file_id, **wishes))["best"]
        seconds = time.perf_counter() - begun
        yield _result(case, system, best, seconds, seconds, best["model_type"])


def forest(case: Case) -> Result:
    """A default `RandomForestRegressor` after our preparation, fitted and judged without us."""
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.metrics import r2_score
    from sklearn.pipeline import Pipeline

    from core.services.training.train import open_split

    data = open_split(home(), case.file_id, case.target, TEST_SIZE)[1]
    pipeline = Pipeline(
        [("prepare", data.preprocessor), ("estimate", RandomForestRegressor(n_jobs=-1, random_state=0))]
    )
    begun = time.perf_counter()
    pipeline.fit(data.train_x, data.train_y)
    seconds = time.perf_counter() - begun
    score = float(r2_score(data.test_y, pipeline.predict(data.test_x)))
    return Result(case.table, case.seed, FOREST, score, seconds, seconds)


def served_forest_us(case: Case) -> float:
    """Microseconds of one row through the whole handler for the catalogue's forest, trained on the same table."""
    from core.jobs.commands import TrainCommand
    from core.services.training.train import train_model

    train_model(
        home(),
        TrainCommand(model_type="random_forest", target_column=case.target, file_id=case.file_id, model_name=FOREST),
    )
    return _one_row_us(case, FOREST)


def opponent(case: Case, system: str, resume: bool) -> tuple[Result, str]:
    """One of the `OPPONENTS` on the same rows, and its version; with `resume` as it was measured before, if it was."""
    asked: dict[str, Any] = {"table": case.table, "seed": case.seed, "system": system, "allowed": case.seconds}
    found = _reached(asked) if resume else None
    if found is None:
        found = _measured(case, system)
        with REACHED.open("a") as lines:
            lines.write(json.dumps(asked | found) + "\n")
    version = found.pop("version")
    return Result(**asked, **found), version


def _reached(asked: dict[str, Any]) -> dict[str, Any] | None:
    """The last measurement of just this, without what was asked."""
    lines = REACHED.read_text().splitlines() if REACHED.exists() else []
    same = [line for line in map(json.loads, lines) if asked.items() <= line.items()]
    return {key: value for key, value in same[-1].items() if key not in asked} if same else None


def _measured(case: Case, system: str) -> dict[str, Any]:
    from sklearn.model_selection import train_test_split

    train, test = train_test_split(case.frame, test_size=TEST_SIZE, random_state=0)
    paths = [case.folder / f"{part}.csv" for part in ("train", "test")]
    for part, path in zip((train, test), paths, strict=True):
        part.to_csv(path, index=False)
    command = [_python(), SCRIPT, system, *paths, case.target, case.seconds, os.cpu_count() or 1]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, cwd=case.folder)
    if done.returncode:
        raise RuntimeError(f"{system} on {case.table}: {done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _python() -> Path:
    """The interpreter of the opponents' environment, which is made on first use."""
    ready = ENVIRONMENT / "ready"
    if not ready.exists():
        print(f"Installing {' and '.join(PACKAGES)} into {ENVIRONMENT} (some minutes, once) ...", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", ENVIRONMENT], check=True)
        install: list[str | Path] = [
            ENVIRONMENT / "bin" / "python",
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ]
        subprocess.run([*install, *PACKAGES], check=True)
        ready.touch()
    return ENVIRONMENT / "bin" / "python"


def _result(case: Case, system: str, best: dict[str, Any], seconds: float, allowed: float, made_of: str) -> Result:
    latency, size = _one_row_us(case, best["model_name"]), best["size_bytes"]
    return Result(case.table, case.seed, system, best["metrics"]["r2"], seconds, allowed, latency, size, made_of)


def _one_row_us(case: Case, model_name: str) -> float:
    """Microseconds of one row through the whole Lambda handler."""
    from functions.predict.handler import handler

    row = case.frame.drop(columns=case.target).iloc[:1].astype(object)
    record = row.where(row.notna(), None).to_dict("records")[0]
    asked = _load.event("POST", "/predict", {"data": record, "model_name": model_name})
    response = handler(asked, None)
    if response["statusCode"] != 200:
        raise RuntimeError(response["body"])
    return 1e6 * p50(lambda: handler(asked, None), TIMED_CALLS)()
