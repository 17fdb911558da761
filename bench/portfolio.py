"""Learn the portfolio: measure a grid of configurations, and order them by the gain of each for its seconds.

The order for a table is learned from the others, and compared with that of `core.automl.portfolio`. The figures are
made of the stored results; `--measure` adds those that are missing.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from statistics import mean

from bench._bucket import bucket
from bench._events import discard_logs
from bench._portfolio_order import LEAST_SECONDS, Table, greedy_order, loss_within, tables_of
from bench._portfolio_results import CSV, SIZES, begin, measure_table, name_of, read, with_size, write
from bench._quality_cases import TEST_SIZE, known_tables
from bench._report import Figure, at_most, run
from core.automl.portfolio import PORTFOLIO
from core.regressors.splits import Split
from tests.support.storage import home

PROCESSES = 2
# The CPU seconds within which both orders are compared.
WITHIN = (1.0, 3.0, 10.0)


def measure(quick: bool, *, measure: bool, tables: str | None) -> Iterator[Figure]:
    """Print the order of each size; yield the error of an order that has not seen a table beside that of today's.

    With `measure` missing results are measured first, on the tables of the repository and those of `tables`.
    """
    if measure:
        measure_grid(Path(tables) if tables else None)
    for size in SIZES:
        names, results = tables_of(read(CSV), size)
        if len(results) < 2:
            continue
        for position, gain in greedy_order(results):
            seconds = mean(table.seconds[position] for table in results.values())
            print(f"  {size} {gain:7.4f} {seconds:6.2f} s  {names[position]}")
        for seconds in WITHIN[:1] if quick else WITHIN:
            yield _compared(size, names, results, seconds)


def measure_grid(folder: Path | None) -> None:
    """Measure the grid on every table, in every size, and add what is not there yet to the table of results."""
    begin(CSV)
    done = read(CSV)
    splits = dict(splits_of_tables(folder))
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        running = {}
        for size in SIZES:
            for table, data in splits.items():
                if (sized := with_size(data, size)) is not None:
                    known = [one.configuration for one in done if (one.size, one.table) == (size, table)]
                    running[size, table] = pool.submit(measure_table, size, table, sized, known, CSV)
        for (size, table), measured in running.items():
            print(f"{size} {table}: {measured.result()} configurations", flush=True)
    write(CSV, read(CSV))


def _compared(size: str, names: Sequence[str], results: Mapping[str, Table], seconds: float) -> Figure:
    """Return the mean relative error of the order learned from the other tables, by that of today's order."""
    learned, today = {}, {}
    for name, table in results.items():
        others = {other: results[other] for other in results if other != name}
        learned[name] = loss_within(table, [position for position, _ in greedy_order(others)], seconds)
        today[name] = loss_within(table, _today(size, names, table), seconds)
    each = ", ".join(f"{name} {learned[name]:.3f} / {today[name]:.3f}" for name in results)
    ratio = mean(learned.values()) / mean(today.values())
    return at_most(f"{size}, {seconds:g} CPU s: error of the learned order / today's", ratio, 1.0, each)


def _today(size: str, names: Sequence[str], table: Table) -> list[int]:
    """Return the positions of today's portfolio in the order of a race: the prior for each second."""
    place = list(SIZES).index(size)
    priors = {name_of(preset): preset.prior[place] for preset in PORTFOLIO}
    wanted = [position for position, name in enumerate(names) if priors.get(name)]
    return sorted(wanted, key=lambda position: -priors[names[position]] / (LEAST_SECONDS + table.seconds[position]))


def splits_of_tables(folder: Path | None, seeds: int = 1) -> list[tuple[str, Split]]:
    """Return the name and the split of each table, its rows shuffled by each of so many seeds.

    They are the tables of the repository, and those that `tables.toml` in a folder names.
    """
    import pandas as pd

    from core.services.processing.ingest import ingest
    from core.services.training.train import open_split

    found = []
    tables = {**known_tables(None), **(known_tables(folder) if folder else {})}
    with bucket() as place:
        discard_logs()
        for name, table in tables.items():
            frame = pd.read_csv(table.csv).drop(columns=list(table.drop))
            for seed in range(seeds):
                path = place / f"{name}-{seed}.csv"
                frame.sample(frac=1, random_state=seed).to_csv(path, index=False)
                file_id = ingest(home(), path.name, path).file_id
                found.append((name, open_split(home(), file_id, table.target, TEST_SIZE)[1]))
    return found


if __name__ == "__main__":
    flags = {"measure": "measure what the stored results lack first"}
    options = {"tables": "the tables that tables.toml in this folder names, beside those of the repository"}
    sys.exit(run("The learned order of the portfolio", measure, flags, options))
