"""R2 of Regatta, AutoGluon, FLAML and a default LightGBM over splits of each table; their average rank and Elo."""

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from statistics import mean

import numpy as np
from scipy.stats import rankdata

from bench._automl_systems import AUTOML_SYSTEMS, DEFAULT, earlier_result, keep_result, measure_system
from bench._bucket import bucket
from bench._events import discard_logs
from bench._quality_cases import OUR_SHARE, OURS, QUICK_SECONDS, Case, Result, case_of, known_tables, portfolio_search
from bench._report import Figure, at_least
from core.array_types import Floats

# A race in so much of the time of the other systems. It takes no part in the ranks.
BRIEF, BRIEF_SHARE = "regatta in 2 s", 0.1
SYSTEMS = (OURS, *AUTOML_SYSTEMS, DEFAULT)
COLUMNS = (*SYSTEMS, BRIEF)
HEADING = "## Average rank and Elo"
# The tables to be as good on as the better one of AutoGluon and FLAML, less so much R2, and to be ahead of both on.
AS_GOOD_SHARE, BEHIND, AHEAD_SHARE = 12 / 13, 0.002, 8 / 13
# The tables on which the brief race is to be ahead of FLAML.
BRIEF_AHEAD_SHARE = 7 / 13
# R2 that differ by less are a draw.
DRAW = 1e-4
DRAWS, CONFIDENCE = 1_000, 0.95
# Elo of the default LightGBM, and the points that make ten wins for each loss.
ANCHOR, SCALE = 1_000.0, 400.0
ITERATIONS = 100


def measure_ranks(folder: Path | None, document: Path | None, resume: bool, splits: int) -> Iterator[Figure]:
    """Yield the figures of mean R2 over the splits of the tables of the repository and `folder`; print ranks and Elo.

    Each result is kept as it comes: with `resume` those of an earlier run count, ours if it was of the same commit.
    The tables go into the last section of `document`.
    """
    known = {**known_tables(None), **(known_tables(folder) if folder else {})}
    results: list[Result] = []
    versions: dict[str, str] = {}
    with bucket() as place:
        discard_logs()
        # Split by split, so that a run that is stopped has measured every table.
        for seed in range(splits):
            for name, table in known.items():
                results += _case_results(case_of(place, name, table, seed, QUICK_SECONDS), versions, resume)
    r2 = np.array([[_r2(results, name, system) for system in COLUMNS] for name in known])
    flaml, better = r2[:, SYSTEMS.index("flaml")], r2[:, 1 : 1 + len(AUTOML_SYSTEMS)].max(axis=1)
    lines = [*_table(results, list(known)), "", *_ranking(r2[:, : len(SYSTEMS)])]
    print("\n".join(["", *lines]))
    if document:
        before = document.read_text().partition(HEADING)[0].rstrip()
        document.write_text(
            f"{before}\n\n{HEADING}\n\n{_origin(versions, folder, splits)}\n\n" + "\n".join(lines) + "\n"
        )
    as_good, ahead, brief = r2[:, 0] >= better - BEHIND, r2[:, 0] > better, r2[:, -1] > flaml
    yield _count(f"tables with R2 of the better opponent - {BEHIND:g}", as_good, AS_GOOD_SHARE, list(known))
    yield _count("tables ahead of AutoGluon and FLAML", ahead, AHEAD_SHARE, list(known))
    yield _count("tables ahead of FLAML in a tenth of its time", brief, BRIEF_AHEAD_SHARE, list(known))


def ranks_section(document: Path) -> str:
    """Return the section of ranks that a document has, with a blank line before it; nothing where it has none."""
    found = document.read_text().partition(HEADING) if document.exists() else ("", "", "")
    return f"\n{HEADING}{found[2]}" if found[1] else ""


def average_ranks(r2: Floats) -> Floats:
    """Return the mean rank of each system, 1 for the best, given R2 by table and system, (tables, systems)."""
    ranks: Floats = rankdata(-r2, axis=1).mean(axis=0)
    return ranks


def elo(r2: Floats) -> Floats:
    """Return Elo of each system, given R2 by table and system; the last system has `ANCHOR`.

    Each table is a game of each pair, and each pair has one draw more, so that none that always wins is infinitely
    strong. Fitted as in Hunter, "MM Algorithms for Generalized Bradley-Terry Models", Annals of Statistics 32 (2004).
    """
    ahead = r2[:, :, None] - r2[:, None, :]
    wins = np.where(np.abs(ahead) < DRAW, 0.5, ahead > 0).sum(axis=0) + 0.5
    np.fill_diagonal(wins, 0.0)
    games = wins + wins.T
    strength = np.ones(len(wins))
    for _ in range(ITERATIONS):
        strength = wins.sum(axis=1) / (games / (strength[:, None] + strength)).sum(axis=1)
        strength /= strength.mean()
    points: Floats = ANCHOR + SCALE * np.log10(strength / strength[-1])
    return points


def commit() -> str:
    """Return the short name of the commit that is measured."""
    command = ["git", "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _ranking(r2: Floats) -> list[str]:
    """Return a table of ranks and Elo, with intervals by drawing the tables again and again."""
    random = np.random.default_rng(0)
    drawn = [r2[random.integers(len(r2), size=len(r2))] for _ in range(DRAWS)]
    tail = 100 * (1 - CONFIDENCE) / 2
    ends = {
        of: np.percentile([of(tables) for tables in drawn], [tail, 100 - tail], axis=0) for of in (average_ranks, elo)
    }
    ranks, points = average_ranks(r2), elo(r2)
    lines = ["| system | average rank (95 %) | Elo (95 %) |", "| --- | --- | --- |"]
    for place in np.argsort(ranks):
        low, high = ends[average_ranks][:, place]
        least, most = ends[elo][:, place]
        cells = f"{ranks[place]:.2f} ({low:.2f} to {high:.2f}) | {points[place]:.0f} ({least:.0f} to {most:.0f})"
        lines.append(f"| {SYSTEMS[place]} | {cells} |")
    return lines


def _case_results(case: Case, versions: dict[str, str], resume: bool) -> Iterator[Result]:
    """Yield the result of each system on a case; put its version into `versions`."""
    shares = {OURS: OUR_SHARE, BRIEF: BRIEF_SHARE}
    for system in COLUMNS:
        share = shares.get(system)
        measured = _theirs(case, system, resume) if share is None else _ours(case, system, share, resume)
        result, versions[system] = measured
        print(f"  {case.table} {case.seed}: {system:14} {result.r2:.4f} {result.seconds:6.1f} s", flush=True)
        yield result


def _ours(case: Case, system: str, share: float, resume: bool) -> tuple[Result, str]:
    """Return our result in a share of the time, and the commit; with `resume` that of an earlier run of this commit."""
    allowed, version = share * case.seconds, commit()
    key = {"table": case.table, "seed": case.seed, "system": system, "allowed": allowed, "version": version}
    found = earlier_result(key) if resume else None
    if found is not None:
        return Result(case.table, case.seed, system, allowed=allowed, **found), version
    result = portfolio_search(case, system, share)
    keep_result(key, {name: value for name, value in asdict(result).items() if name not in key})
    return result, version


def _theirs(case: Case, system: str, resume: bool) -> tuple[Result, str]:
    """Return the result of another system; one that fails has that of the mean, as in the AutoML Benchmark."""
    try:
        return measure_system(case, system, resume)
    except RuntimeError as error:
        print(f"  {system} failed: {str(error).splitlines()[-1]}", flush=True)
        return Result(case.table, case.seed, system, 0.0, case.seconds, case.seconds, made_of="failed"), "-"


def _of(results: Sequence[Result], table: str, system: str) -> list[Result]:
    return [result for result in results if (result.table, result.system) == (table, system)]


def _r2(results: Sequence[Result], table: str, system: str) -> float:
    """Return the mean R2 of a system over the splits of a table."""
    return mean(result.r2 for result in _of(results, table, system))


def _table(results: Sequence[Result], tables: Sequence[str]) -> list[str]:
    """Return a table of mean R2 and mean seconds; the best of a full time stands out."""
    lines = ["| table | " + " | ".join(COLUMNS) + " |", "| --- |" + " --- |" * len(COLUMNS)]
    for name in tables:
        best = max(SYSTEMS, key=lambda system: _r2(results, name, system))
        cells = [_cell(_of(results, name, system), is_best=system == best) for system in COLUMNS]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return lines


def _cell(results: Sequence[Result], *, is_best: bool) -> str:
    r2 = mean(result.r2 for result in results)
    shown = f"**{r2:.4f}**" if is_best else f"{r2:.4f}"
    return f"{shown} {mean(result.seconds for result in results):.1f} s"


def _origin(versions: Mapping[str, str], folder: Path | None, splits: int) -> str:
    tables = " --tables FOLDER" if folder else ""
    command = f"python bench/quality.py --ranks --splits {splits} --resume --write{tables}"
    each = ", ".join(f"{system} {version}" for system, version in versions.items() if system != BRIEF)
    return (
        f"Mean R2 on the held-out fifth, of {splits} splits of each table; AutoGluon and FLAML had 20 s, Regatta 10.\n"
        f"Made by `{command}`: {datetime.now(UTC):%Y-%m-%d}, {each}."
    )


def _count(
    name: str, held: "np.ndarray[tuple[int], np.dtype[np.bool_]]", share: float, tables: Sequence[str]
) -> Figure:
    short = [table for table, holds in zip(tables, held, strict=True) if not holds]
    return at_least(name, int(held.sum()), round(share * len(tables)), "not: " + (", ".join(short) or "none"))
