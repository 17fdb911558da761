"""R2 of the portfolio search on the holdout, against AutoGluon and FLAML in half of their time, or against Regatta."""

import platform
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import mean, median
from textwrap import wrap

from bench._automl_systems import AUTOML_SYSTEMS, measure_system
from bench._bucket import bucket
from bench._events import discard_logs
from bench._quality_cases import (
    FOREST,
    OURS,
    Case,
    Result,
    cases,
    default_comparisons,
    default_forest,
    known_tables,
    portfolio_search,
    served_forest_us,
)
from bench._ranks import commit, measure_ranks, ranks_section
from bench._report import Figure, at_least, at_most, run
from bench.time_limit import time_limits
from core.machine_limits import available_cores

DOCS = Path(__file__).parent.parent / "docs"
QUICK = ("mpg", "concrete")
# The time limit in seconds that is measured on tables of ten shapes.
LIMIT, QUICK_LIMIT = 10.0, 3.0

# The target of each figure: R2 ahead of the better system, tables ahead of both, share of the time limit, and the
# latency of one row relative to a forest's and to AutoGluon's.
R2_AHEAD, TABLES_AHEAD = -0.002, 4
TIME_SHARE = 1.15
LATENCY_TO_FOREST, AUTOGLUON_LATENCY = 3, 50


def measure(
    quick: bool,
    *,
    alone: bool,
    ours: bool,
    resume: bool,
    write: bool,
    limits: bool,
    ranks: bool,
    tables: str | None,
    splits: str | None,
) -> Iterator[Figure]:
    """Yield every figure.

    `alone` compares Regatta with itself and a forest only, and `ours` with the forest only; `resume` takes the results
    of the other systems from an earlier run, `write` writes docs/quality.md or docs/quality-alone.md. `limits` measures
    the time limit on tables of ten shapes and nothing else. `ranks` ranks all systems on `splits` of each table (one by
    default), those of the repository included. `tables` is a folder with other tables.
    """
    if ranks:
        document = DOCS / "quality.md" if write else None
        yield from measure_ranks(Path(tables) if tables else None, document, resume, int(splits or 1))
        return
    if limits:
        with bucket() as folder:
            discard_logs()
            yield from time_limits(folder, QUICK_LIMIT if quick else LIMIT)
        return
    alone = alone or ours
    results: list[Result] = []
    versions = {"regatta": commit(), "scikit-learn": version("scikit-learn")}
    with bucket() as folder:
        discard_logs()
        known = known_tables(Path(tables) if tables else None)
        for name in QUICK if quick and not alone and tables is None else known:
            forest_latencies = []
            for case in cases(folder, name, known[name], quick):
                for result in _alone_results(case, ours) if alone else _automl_results(case, versions, resume):
                    print(_line(result), flush=True)
                    results.append(result)
                forest_latencies.append(served_forest_us(case))
            yield _r2_ahead(results, name, alone)
            yield _latency_to_forest(results, name, median(forest_latencies))
        if not alone:
            yield from _against_both(results, quick)
        if not ours:
            yield from time_limits(folder, QUICK_LIMIT if quick else LIMIT)
    if write:
        document = DOCS / ("quality-alone.md" if alone else "quality.md")
        ranked = ranks_section(document)
        document.write_text(_document(results, versions, {"quick": quick, "alone": alone, "resume": resume}) + ranked)


def _alone_results(case: Case, ours: bool) -> Iterator[Result]:
    yield default_forest(case)
    if not ours:
        yield from default_comparisons(case)
    yield portfolio_search(case)


def _automl_results(case: Case, versions: dict[str, str], resume: bool) -> Iterator[Result]:
    """Yield the result of each system; put its version into `versions`."""
    yield portfolio_search(case)
    for system in AUTOML_SYSTEMS:
        result, versions[system] = measure_system(case, system, resume)
        yield result


def _r2_ahead(results: Sequence[Result], name: str, alone: bool) -> Figure:
    """Return how far our R2 is above that of the better system, or with `alone` above that of a default forest."""
    others = (FOREST,) if alone else AUTOML_SYSTEMS
    ours, best = _r2(results, name, OURS), max(_r2(results, name, other) for other in others)
    reference = "a default forest" if alone else "the better opponent"
    return at_least(f"{name}: R2 ahead of {reference}", ours - best, R2_AHEAD, f"{ours:.4f} / {best:.4f}")


def _latency_to_forest(results: Sequence[Result], name: str, forest_us: float) -> Figure:
    """Compare the latency of one row with that of the catalogue's forest, both through the whole handler."""
    ours = median(r.latency_us or 0 for r in results if (r.table, r.system) == (name, OURS))
    detail = f"{ours:.0f} us / {forest_us:.0f} us"
    return at_most(f"{name}: one row, whole handler / the forest's", ours / forest_us, LATENCY_TO_FOREST, detail)


def _against_both(results: Sequence[Result], quick: bool) -> Iterator[Figure]:
    """Yield the number of tables on which our R2 is best, the latency of AutoGluon relative to ours, and our time."""
    names = list(dict.fromkeys(result.table for result in results))
    ahead = [n for n in names if _r2(results, n, OURS) > max(_r2(results, n, other) for other in AUTOML_SYSTEMS)]
    yield at_least(
        "tables ahead of both opponents", len(ahead), 1 if quick else TABLES_AHEAD, ", ".join(ahead) or "none"
    )
    latencies = {
        system: median(r.latency_us for r in results if r.system == system and r.latency_us)
        for system in (OURS, "autogluon")
    }
    ratio = latencies["autogluon"] / latencies[OURS]
    detail = f"{latencies['autogluon']:.0f} us / {latencies[OURS]:.0f} us"
    yield at_least("one row, AutoGluon's predictor / our whole handler", ratio, AUTOGLUON_LATENCY, detail)
    used = max(r.seconds / r.allowed for r in results if r.system == OURS)
    yield at_most("seconds used / allowed, the worst of ours", used, TIME_SHARE, "")


def _r2(results: Sequence[Result], name: str, system: str) -> float:
    """Return the mean R2 of a system over the splits of a table."""
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
    """Return the document: a table of all systems, and the command, machine and versions that it was made with."""
    systems = list(dict.fromkeys(result.system for result in results))
    origin = f"{datetime.now(UTC):%Y-%m-%d}, {available_cores()} cores, Python {platform.python_version()}"
    version_list = ", ".join(f"{name} {number}" for name, number in versions.items())
    command = " ".join(["python bench/quality.py", *(f"--{flag}" for flag, given in flags.items() if given), "--write"])
    lines = [
        "# How good the winner is",
        "",
        "Mean R2 on the held-out fifth, seconds used, microseconds for one row, megabytes. One row is timed through",
        "the whole handler for Regatta, in the predictor alone for the others. All have the same columns and cores.",
        "",
        *wrap(ALONE if flags["alone"] else GLANCE if flags["quick"] else WHOLE, 118),
        "",
        f"Made by `{command}`: {origin}, {version_list}.",
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
        "limits": "measure only how the time limit is kept, on tables of ten shapes",
        "ours": "without opponents: the race and a forest only",
        "alone": "without opponents: against a forest, the nine, tuned and blended",
        "ranks": "mean R2, average rank and Elo beside AutoGluon, FLAML and a LightGBM, on --splits of each table",
        "resume": "take what the opponents reached in an earlier run on this machine, where it was stopped",
        "write": "write docs/quality.md, or docs/quality-alone.md",
    }
    options = {
        "tables": "the tables that tables.toml in this folder names, in place of our own; beside them with --ranks",
        "splits": "with --ranks: so many splits of each table (1)",
    }
    sys.exit(run("Quality of the winner against AutoGluon and FLAML", measure, flags, options))
