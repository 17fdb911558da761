"""How many fits a race ends each second, by the number of cores that it may use, and whether it keeps its time."""

import sys
from collections.abc import Iterator
from statistics import median

from bench._bucket import bucket
from bench._events import discard_logs
from bench._process_timer import ProcessTimer
from bench._quality_cases import QUICK_SECONDS, case_of, known_tables
from bench._report import Figure, at_least, at_most, run
from bench.time_limit import OVER_SECONDS, OVER_SHARE
from core.machine_limits import available_cores

TABLES, QUICK_TABLES = ("concrete", "bike_sharing", "california_housing"), 1
SECONDS, QUICK_SECONDS_OF_RACE = 10.0, 4.0
ROUNDS = 3
# What a doubling of the cores has to bring. The first folds, the refit of the winner and storing use one core.
DOUBLING = 1.5

# The first race imports what later ones find imported, as in a warm function.
IMPORTS = """
import os
file_id, target, cores, limit = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])
from core.jobs.commands import CompareCommand
from core.services.training.compare import compare_models
from tests.support.storage import home
compare_models(home(), CompareCommand(target_column=target, file_id=file_id, ensemble=True, time_limit=2))
command = CompareCommand(target_column=target, file_id=file_id, ensemble=True, time_limit=limit)
"""
RACE = """
results = compare_models(home(), command)["results"]
trials = [row for row in results if row["model_type"] not in ("baseline", "blend")]
answer = {"trials": len(trials), "fits": sum(len(row["cross_validation"]["scores"]) for row in trials)}
"""


def measure(quick: bool) -> Iterator[Figure]:
    """Yield by table and number of cores the fits of a second beside those of half as many cores, and the time."""
    limit = QUICK_SECONDS_OF_RACE if quick else SECONDS
    known = known_tables(None)
    with bucket() as folder:
        discard_logs()
        for name in TABLES[:QUICK_TABLES] if quick else TABLES:
            case = case_of(folder, name, known[name], 0, QUICK_SECONDS)
            yield from _figures(name, case.file_id, case.target, limit, 1 if quick else ROUNDS)


def _figures(name: str, file_id: str, target: str, limit: float, rounds: int) -> Iterator[Figure]:
    """Yield the figures of one table; the numbers of cores take turns."""
    races = {
        cores: ProcessTimer(IMPORTS, RACE, file_id, target, str(cores), str(limit)) for cores in _numbers_of_cores()
    }
    for _ in range(rounds):
        for race in races.values():
            race()
    rates, trials = {}, {}
    for cores, race in races.items():
        rates[cores] = median(result["answer"]["fits"] / result["seconds"] for result in race.results)
        trials[cores] = median(result["answer"]["trials"] for result in race.results)
        worst = max(result["seconds"] for result in race.results) / limit
        most = 1 + max(OVER_SHARE, OVER_SECONDS / limit)
        yield at_most(f"{name}, {cores} cores: seconds / time_limit", worst, most, f"{trials[cores]:.0f} trials")
        if (half := cores // 2) in rates:
            detail = f"{rates[cores]:.1f} / {rates[half]:.1f}, {trials[cores]:.0f} and {trials[half]:.0f} trials"
            yield at_least(
                f"{name}: fits a second, {cores} / {half} cores", rates[cores] / rates[half], DOUBLING, detail
            )


def _numbers_of_cores() -> list[int]:
    """Return 1, 2, 4 and so on, up to those of this machine."""
    return [2**power for power in range(available_cores().bit_length())]


if __name__ == "__main__":
    sys.exit(run("A race by its cores", measure))
