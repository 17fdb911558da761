"""Learn the portfolio: measure a grid of configurations, and write what each is expected to gain.

It is learned from the stored results. `--measure` fits what was not fitted yet and writes the results anew; then the
order that the other tables teach is compared with the cheapest first on each table. `--write` writes the portfolio of
the product.
"""

import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from math import exp
from multiprocessing import get_context
from pathlib import Path
from statistics import mean

from bench._bucket import bucket
from bench._events import discard_logs
from bench._portfolio_fits import SIZES, Fits, fit_grid, with_size
from bench._portfolio_gains import Table
from bench._portfolio_order import expected_gains, learned_portfolio, write_portfolio
from bench._portfolio_results import read
from bench._portfolio_results import write as write_results
from bench._quality_cases import TEST_SIZE, known_tables
from bench._report import Figure, at_most, run
from core.automl.portfolio import is_installed
from core.automl.preset import learned_presets
from core.regressors.splits import Split
from tests.support.storage import home

PROCESSES = 2
# What configurations predict, so that further ones can be measured beside them.
FITS = Path("~/.cache/regatta-bench/portfolio").expanduser()
# The CPU seconds within which orders are compared.
WITHIN = (1.0, 3.0, 10.0)
# How many configurations of each size are printed.
SHOWN = 12


def measure(quick: bool, *, measure: bool, write: bool, tables: str | None) -> Iterator[Figure]:
    """Print what is expected to gain most on tables of each size; yield how far the product's portfolio is from it.

    With `measure` the grid is measured first, on the tables of the repository and those of `tables`, and on each table
    the order that the others teach is compared. With `write` the portfolio of the product is written.
    """
    fits = measure_grid(Path(tables) if tables else None) if measure else {}
    results = read()
    learned = learned_portfolio(results)
    if write:
        write_portfolio(learned)
    for size in SIZES:
        gains = expected_gains(results, size)
        for name in sorted(gains, key=lambda name: -gains[name])[:SHOWN]:
            print(f"  {size} {gains[name]:6.3f}  {name}")
        measured = {table: Table.of(of_table) for (of_size, table), of_table in fits.items() if of_size == size}
        if measured:
            orders = {name: table.raced(expected_gains(results, size, name)) for name, table in measured.items()}
            for seconds in WITHIN[:1] if quick else WITHIN:
                yield _compared(size, measured, orders, seconds)
    differing = len({*map(repr, learned)} ^ {*map(repr, learned_presets())})
    yield at_most("presets of the product that the results do not teach", differing, 0, f"of {len(learned)}")


def measure_grid(folder: Path | None) -> dict[tuple[str, str], Fits]:
    """Fit what has not been fitted yet on every table, in every size; write the results anew, and return all fits."""
    if not is_installed("lightgbm"):
        raise SystemExit("The grid has configurations of LightGBM, which is not installed: run make setup.")
    splits = splits_of_tables(folder)
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        running = {}
        # The longest first.
        for size in reversed(SIZES):
            for table, data in splits:
                if (sized := with_size(data, size)) is not None:
                    running[size, table] = pool.submit(fit_grid, sized, size, FITS / f"{size}-{table}.npz")
        measured = {}
        for (size, table), fits in running.items():
            measured[size, table] = fits.result()
            print(f"{size} {table}: {len(measured[size, table].names)} configurations", flush=True)
    write_results(measured)
    return measured


def _compared(size: str, tables: Mapping[str, Table], orders: Mapping[str, list[int]], seconds: float) -> Figure:
    """Return the RMSE of the ensemble of what an order runs within so many CPU seconds, by the cheapest first."""
    ratios = {}
    for name, table in tables.items():
        cheapest = table.raced(dict.fromkeys(table.names, 1.0))
        ratios[name] = table.log_rmse_within(orders[name], seconds) - table.log_rmse_within(cheapest, seconds)
    each = ", ".join(f"{name} {exp(ratio):.3f}" for name, ratio in ratios.items())
    named = f"{size}, {seconds:g} CPU s: RMSE, the order that other tables teach / the cheapest first"
    return at_most(named, exp(mean(ratios.values())), 1.0, each)


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
    flags = {"measure": "measure the grid first", "write": "write the portfolio of the product"}
    options = {"tables": "the tables that tables.toml in this folder names, beside those of the repository"}
    sys.exit(run("The learned order of the portfolio", measure, flags, options))
