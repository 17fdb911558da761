"""How much a race gets done in its time, by the number of cores that it may use, and whether it keeps its time.

What it gets done are the fits that end, each counted as long as it is expected to take alone on one core, because with
more cores a race comes to configurations that take longer.
"""

import sys
from collections.abc import Iterator
from statistics import median

from bench._bucket import bucket
from bench._events import discard_logs
from bench._process_timer import ProcessTimer
from bench._quality_cases import QUICK_SECONDS, Case, case_of, known_tables
from bench._report import Figure, at_least, at_most, run
from bench.time_limit import most
from core.machine_limits import available_cores

TABLES, QUICK_TABLES = ("concrete", "bike_sharing", "california_housing"), 1
SECONDS, QUICK_SECONDS_OF_RACE = 10.0, 4.0
ROUNDS = 2
# What a doubling of the cores has to bring. To read the table and to store the winner takes one core, and fits of small
# tables are mostly Python, of which one thread runs at a time.
DOUBLING = 1.25

# The first race imports what later ones find imported, as in a warm function.
IMPORTS = """
import os
file_id, target, cores, limit = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
rows, columns = int(sys.argv[5]), int(sys.argv[6])
os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])
from core.catalogue import regressor
from core.jobs.commands import CompareCommand
from core.regressors.candidates import Candidate
from core.services.training.compare import compare_models
from tests.support.storage import home
compare_models(home(), CompareCommand(target_column=target, file_id=file_id, ensemble=True, time_limit=2))
command = CompareCommand(target_column=target, file_id=file_id, ensemble=True, time_limit=limit)
"""
RACE = """
results = compare_models(home(), command)["results"]
trials = [row for row in results if row["model_type"] not in ("baseline", "blend")]
candidates = [Candidate(regressor(row["model_type"]), row["parameters"], row["target_transform"]) for row in trials]
fits = [len(row["cross_validation"]["scores"]) for row in trials]
seconds_of_fits = [one.expected_seconds(rows, columns) * count for one, count in zip(candidates, fits)]
answer = {"trials": len(trials), "fits": sum(fits), "work": sum(seconds_of_fits)}
"""


def measure(quick: bool) -> Iterator[Figure]:
    """Yield by table and number of cores what is done in a second beside half as many cores, and the time."""
    limit, known = QUICK_SECONDS_OF_RACE if quick else SECONDS, known_tables(None)
    with bucket() as folder:
        discard_logs()
        for name in TABLES[:QUICK_TABLES] if quick else TABLES:
            case = case_of(folder, name, known[name], 0, QUICK_SECONDS)
            yield from _figures(case, limit, 1 if quick else ROUNDS)


def _figures(case: Case, limit: float, rounds: int) -> Iterator[Figure]:
    """Yield the figures of one table; the numbers of cores take turns."""
    shape = [str(length) for length in case.frame.shape]
    races = {
        cores: ProcessTimer(IMPORTS, RACE, case.file_id, case.target, str(cores), str(limit), *shape)
        for cores in _numbers_of_cores()
    }
    for _ in range(rounds):
        for race in races.values():
            race()
    done = {}
    for cores, race in races.items():
        answers = [result["answer"] for result in race.results]
        done[cores] = median(result["answer"]["work"] / result["seconds"] for result in race.results)
        counts = (
            f"{median(one['trials'] for one in answers):.0f} trials, {median(one['fits'] for one in answers):.0f} fits"
        )
        worst = max(result["seconds"] for result in race.results) / limit
        yield at_most(f"{case.table}, {cores} cores: seconds / time_limit", worst, most(limit), counts)
        if (half := cores // 2) in done:
            yield at_least(
                f"{case.table}: done a second, {cores} / {half} cores", done[cores] / done[half], DOUBLING, counts
            )


def _numbers_of_cores() -> list[int]:
    """Return 1, 2, 4 and so on, up to those of this machine."""
    return [2**power for power in range(available_cores().bit_length())]


if __name__ == "__main__":
    sys.exit(run("A race by its cores", measure))
