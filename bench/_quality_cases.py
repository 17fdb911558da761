"""The tables and splits of `bench.quality`, and the results of Regatta and of a default forest on them."""

import sys
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from bench._events import answer_of, http_event
from bench._portfolio_order import portfolio_without
from bench._report import p50
from tests.support.storage import home

ROOT = Path(__file__).parent.parent
OURS, FOREST = "regatta", "forest"

# By table its file and its target.
TABLES: dict[str, tuple[Path, str]] = {
    "mpg": (ROOT / "examples/mpg.csv", "mpg"),
    "energy_efficiency": (ROOT / "tests/data/energy_efficiency.csv", "Heating Load"),
    "concrete": (ROOT / "examples/concrete.csv", "strength"),
    "taxis": (ROOT / "tests/data/taxis.csv", "total"),
    "bike_sharing": (ROOT / "tests/data/bike_sharing.csv", "cnt"),
    "california_housing": (ROOT / "examples/california_housing.csv", "median_house_value"),
    "diamonds": (ROOT / "tests/data/diamonds.csv", "price"),
}
# Up to so many rows, so many splits. Each split shuffles the rows by its own seed.
SPLITS = ((1_000, 5), (10_000, 3), (sys.maxsize, 1))
SECONDS, LARGE_SECONDS, LARGE_ROWS = 30.0, 60.0, 10_000
QUICK_SECONDS = 20.0
# Regatta gets this share of the time that the other systems get.
OUR_SHARE = 0.5
TEST_SIZE = 0.2
TIMED_CALLS = 50


@dataclass(frozen=True)
class Result:
    """One system on one case: R2 on the holdout, the seconds used and allowed, and the cost of serving."""

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
    """One split of a table: its rows in the order of a seed, stored as a dataset.

    Every system holds out the same fifth of the rows. `seconds` are those of the other systems.
    """

    table: str
    seed: int
    target: str
    frame: pd.DataFrame
    file_id: str
    folder: Path
    seconds: float


@dataclass(frozen=True)
class QualityTable:
    """A CSV file, the column to predict and the columns to leave out."""

    csv: Path
    target: str
    drop: tuple[str, ...] = ()


def known_tables(folder: Path | None) -> dict[str, QualityTable]:
    """Return the tables of the benchmark by name, or those that `tables.toml` in a folder names.

    Each of its sections is a table with `file`, `target` and `drop` (columns to leave out; none by default).
    """
    if folder is None:
        return {name: QualityTable(csv, target) for name, (csv, target) in TABLES.items()}
    sections = tomllib.loads((folder / "tables.toml").read_text())
    return {
        name: QualityTable(folder / section["file"], section["target"], tuple(section.get("drop", ())))
        for name, section in sections.items()
    }


def cases(folder: Path, table: str, source: QualityTable, quick: bool) -> Iterator[Case]:
    """Yield the splits of a table; with `quick` the first alone, with less time."""
    rows = len(pd.read_csv(source.csv, usecols=[source.target]))
    seconds = QUICK_SECONDS if quick else LARGE_SECONDS if rows > LARGE_ROWS else SECONDS
    for seed in range(1 if quick else next(splits for most, splits in SPLITS if rows <= most)):
        yield case_of(folder, table, source, seed, seconds)


def case_of(folder: Path, table: str, source: QualityTable, seed: int, seconds: float) -> Case:
    """Return one split of a table."""
    from core.services.processing.ingest import ingest

    frame = pd.read_csv(source.csv).drop(columns=list(source.drop)).sample(frac=1, random_state=seed, ignore_index=True)
    path = folder / f"{table}-{seed}.csv"
    frame.to_csv(path, index=False)
    file_id = ingest(home(), path.name, path).file_id
    path.unlink()
    return Case(table, seed, source.target, frame, file_id, folder, seconds)


def portfolio_search(case: Case, system: str = OURS, share: float = OUR_SHARE) -> Result:
    """Run a portfolio search through the service, in a share of the time, until its winner is stored.

    Its portfolio was learned from other tables.
    """
    allowed = share * case.seconds
    with portfolio_without(case.table):
        best, seconds = _compare(case, ensemble=True, time_limit=allowed)
    members = [f"{member['weight']:.2f} {member['model_type']}" for member in best.get("members", [])]
    made_of = ", ".join(sorted(members, reverse=True)) or best["model_type"]
    return _result(case, system, best, seconds, allowed, made_of)


def default_comparisons(case: Case) -> Iterator[Result]:
    """Compare the nine default regressors: as they are, with the best one tuned, and as an ensemble."""
    options: dict[str, dict[str, Any]] = {
        "best of nine": {},
        "tuned": {"tune_hyperparameters": True, "tuning_seconds": case.seconds},
        "blend of nine": {"ensemble": True},
    }
    for system, chosen in options.items():
        best, seconds = _compare(case, **chosen)
        yield _result(case, system, best, seconds, seconds, best["model_type"])


def default_forest(case: Case) -> Result:
    """Fit and test a default `RandomForestRegressor` after Regatta's preprocessing, without the service."""
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
    """Train the catalogue's forest on a case; return the microseconds of one row through the whole handler."""
    from core.jobs.commands import TrainCommand
    from core.services.training.train import train_model

    command = TrainCommand(
        model_type="random_forest", target_column=case.target, file_id=case.file_id, model_name=FOREST
    )
    train_model(home(), command)
    return _one_row_us(case, FOREST)


def _compare(case: Case, **options: Any) -> tuple[dict[str, Any], float]:
    """Compare models by the service; return the best one, and the seconds until it is stored."""
    from core.jobs.commands import CompareCommand
    from core.services.training.compare import compare_models

    command = CompareCommand(target_column=case.target, file_id=case.file_id, **options)
    begun = time.perf_counter()
    best: dict[str, Any] = compare_models(home(), command)["best"]
    return best, time.perf_counter() - begun


def _result(case: Case, system: str, best: dict[str, Any], seconds: float, allowed: float, made_of: str) -> Result:
    latency, size = _one_row_us(case, best["model_name"]), best["size_bytes"]
    return Result(case.table, case.seed, system, best["metrics"]["r2"], seconds, allowed, latency, size, made_of)


def _one_row_us(case: Case, model_name: str) -> float:
    """Return the microseconds of one row through the whole Lambda handler."""
    from functions.predict.handler import handler

    row = case.frame.drop(columns=case.target).iloc[:1].astype(object)
    record = row.where(row.notna(), None).to_dict("records")[0]
    event = http_event("POST", "/predict", {"data": record, "model_name": model_name})
    answer_of(handler, event)
    return 1e6 * p50(lambda: handler(event, None), TIMED_CALLS)()
