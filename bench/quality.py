"""How good the winner is: R2 on held-out rows against AutoGluon and FLAML in half their time, and against ourselves."""

import os
import platform
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import mean, median
from textwrap import wrap

from bench import _load
from bench._bucket import bucket
from bench._report import Figure, at_least, at_most, run
from bench._systems import (
    FOREST,
    OPPONENTS,
    OURS,
    TABLES,
    Case,
    Result,
    cases,
    forest,
    nine,
    opponent,
    race,
    served_forest_us,
)
from bench.training import TARGET, table
from tests.support.storage import home

DOCS = Path(__file__).parent.parent / "docs"
QUICK = ("mpg", "concrete")
# Rows of the tables on which the time limit is tried, and the limit.
LIMITED_ROWS = (50, 1_000, 10_000, 100_000, 1_000_000)
LIMIT, QUICK_LIMIT = 15.0, 3.0

# What each figure has to be: R2 beside the better opponent, tables ahead of both, share of the time, one row.
BEHIND, AHEAD = -0.002, 4
ON_TIME = 1.15
BESIDE_FOREST, BESIDE_AUTOGLUON = 3, 50


def measure(quick: bool, *, alone: bool, resume: bool, write: bool) -> Iterator[Figure]:
    """Every figure; `alone` compares us with ourselves only, `resume` takes what opponents reached before as it is.

    `write` puts the table into docs/quality.md.
    """
    results: list[Result] = []
    versions = {"scikit-learn": version("scikit-learn")}
    with bucket() as folder:
        _load.quiet()
        for name in QUICK if quick and not alone else TABLES:
            forests = []
            for case in cases(folder, name, quick):
                for result in _ourselves(case) if alone else _contest(case, versions, resume):
                    print(_line(result), flush=True)
                    results.append(result)
                forests.append(served_forest_us(case))
            yield from _duel(results, name, alone)
            yield _beside_forest(results, name, median(forests))
        if not alone:
            yield from _against_both(results, quick)
        yield from _on_time(folder, quick)
    if write:
        document = DOCS / ("quality-alone.md" if alone else "quality.md")
        document.write_text(_document(results, versions, {"quick": quick, "alone": alone, "resume": resume}))


def _ourselves(case: Case) -> Iterator[Result]:
    yield forest(case)
    yield from nine(case)
    yield race(case)


def _contest(case: Case, versions: dict[str, str], resume: bool) -> Iterator[Result]:
    yield race(case)
    for system in OPPONENTS:
        result, versions[system] = opponent(case, system, resume)
        yield result


def _duel(results: Sequence[Result], name: str, alone: bool) -> Iterator[Figure]:
    """How far we are ahead of the better opponent; alone: of a forest as it comes."""
    others = (FOREST,) if alone else OPPONENTS
    ours, best = _r2(results, name, OURS), max(_r2(results, name, other) for other in others)
    what = "a default forest" if alone else "the better opponent"
    yield at_least(f"{name}: R2 ahead of {what}", ours - best, BEHIND, f"{ours:.4f} / {best:.4f}")


def _beside_forest(results: Sequence[Result], name: str, forest_us: float) -> Figure:
    ours = median(r.latency_us or 0 for r in results if (r.table, r.system) == (name, OURS))
    detail = f"{ours:.0f} us / {forest_us:.0f} us"
    return at_most(f"{name}: one row, whole handler / the forest's", ours / forest_us, BESIDE_FOREST, detail)


def _against_both(results: Sequence[Result], quick: bool) -> Iterator[Figure]:
    """On how many tables we are ahead of both, and how much faster one row is answered than AutoGluon predicts it."""
    names = list(dict.fromkeys(result.table for result in results))
    ahead = [n for n in names if _r2(results, n, OURS) > max(_r2(results, n, other) for other in OPPONENTS)]
    yield at_least("tables ahead of both opponents", len(ahead), 1 if quick else AHEAD, ", ".join(ahead) or "none")
    latencies = {
        system: median(r.latency_us for r in results if r.system == system and r.latency_us)
        for system in (OURS, "autogluon")
    }
    ratio = latencies["autogluon"] / latencies[OURS]
    detail = f"{latencies['autogluon']:.0f} us / {latencies[OURS]:.0f} us"
    yield at_least("one row, AutoGluon's predictor / our whole handler", ratio, BESIDE_AUTOGLUON, detail)
    used = max(r.seconds / r.allowed for r in results if r.system == OURS)
    yield at_most("seconds used / allowed, the worst of ours", used, ON_TIME, "")


def _on_time(folder: Path, quick: bool) -> Iterator[Figure]:
    """Seconds that a race takes beside its limit, final fits and storing included, from 50 rows to a million."""
    from core.jobs.commands import CompareCommand
    from core.services.processing.ingest import ingest
    from core.services.training.compare import compare_models

    limit = QUICK_LIMIT if quick else LIMIT
    for rows in LIMITED_ROWS[:2] if quick else LIMITED_ROWS:
        table(rows).to_csv(path := folder / f"{rows}.csv", index=False)
        file_id = ingest(home(), path.name, path).file_id
        path.unlink()
        begun = time.perf_counter()
        best = compare_models(
            home(), CompareCommand(target_column=TARGET, file_id=file_id, ensemble=True, time_limit=limit)
        )["best"]
        taken = time.perf_counter() - begun
        detail = f"{taken:.1f} s / {limit:g} s, R2 {best['metrics']['r2']:.4f} by {best['model_type']}"
        yield at_most(f"race of {rows:,} rows: seconds / time_limit", taken / limit, ON_TIME, detail)


def _r2(results: Sequence[Result], name: str, system: str) -> float:
    return mean(result.r2 for result in results if (result.table, result.system) == (name, system))


def _line(result: Result) -> str:
    took = f"{result.seconds:6.1f} s of {result.allowed:4.0f}"
    latency = f"{result.latency_us:9,.0f} us" if result.latency_us else " " * 12
    return f"  {result.table} {result.seed}: {result.system:14} {result.r2:.4f} {took} {latency}  {result.made_of}"


WHOLE = (
    "Splits are the same for all: five up to 1,000 rows, three up to 10,000, one above. Opponents get 30 s, 60 s above "
    "10,000 rows, and Regatta half of that, storing included."
)
GLANCE = (
    "A first look, not the whole: two small tables, one split, 20 s for the opponents and half of that for Regatta, "
    "storing included."
)
ALONE = (
    "Regatta beside itself and a default RandomForestRegressor after the same preparation: the best of the nine, the "
    "best of them tuned as well, the nine blended, and the portfolio raced for half of the time that opponents get. "
    "With --quick one split, and 20 s in place of 30 or 60."
)


def _document(results: Sequence[Result], versions: dict[str, str], flags: dict[str, bool]) -> str:
    """The document: the table of all systems, and what it was made with."""
    systems = list(dict.fromkeys(result.system for result in results))
    made = f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, Python {platform.python_version()}"
    with_versions = ", ".join(f"{name} {number}" for name, number in versions.items())
    command = " ".join(["python bench/quality.py", *(f"--{flag}" for flag, given in flags.items() if given), "--write"])
    lines = [
        "# How good the winner is",
        "",
        "Mean R2 on the held-out fifth, seconds used, microseconds for one row, megabytes. One row is timed through",
        "the whole handler for Regatta, in the predictor alone for the others. All have the same columns and cores.",
        "",
        *wrap(ALONE if flags["alone"] else GLANCE if flags["quick"] else WHOLE, 118),
        "",
        f"Made by `{command}`: {made}, {with_versions}.",
        "",
        "| table | " + " | ".join(systems) + " |",
        "| --- |" + " --- |" * len(systems),
    ]
    for name in dict.fromkeys(result.table for result in results):
        cells = [_cell([r for r in results if (r.table, r.system) == (name, system)]) for system in systems]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _cell(results: Sequence[Result]) -> str:
    cell = f"**{mean(r.r2 for r in results):.4f}** {mean(r.seconds for r in results):.1f} s"
    if all(r.latency_us for r in results):
        cell += f", {median(r.latency_us or 0 for r in results):,.0f} µs"
    if all(r.size_bytes for r in results):
        cell += f", {median(r.size_bytes or 0 for r in results) / 1e6:.1f} MB"
    return cell


if __name__ == "__main__":
    flags = {
        "alone": "without opponents: against a forest, the nine, tuned and blended",
        "resume": "take what the opponents reached in an earlier run on this machine, where it was stopped",
        "write": "write docs/quality.md, or docs/quality-alone.md",
    }
    sys.exit(run("Quality of the winner against AutoGluon and FLAML", measure, flags))
