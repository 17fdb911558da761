"""How long fits should take: what the catalogue expects, corrected by what fits of the same kind took so far."""

import heapq
from collections.abc import Iterable
from threading import Lock

from core.regressors.candidates import Candidate

# What a fit takes however few rows there are.
LEAST_SECONDS = 0.005


# How many seconds of fits it takes to be believed half as much as the catalogue: by the same kind, and by others.
OF_ITS_KIND, OF_OTHERS = 0.02, 0.3


class Forecast:
    """Seconds of fits to come on prepared tables of so many columns; safe from several threads."""

    def __init__(self, columns: int) -> None:
        self.columns = columns
        self._lock = Lock()
        # By the regressor's name: seconds expected and seconds taken.
        self._kinds: dict[str, tuple[float, float]] = {}
        # By candidate (its id): what it took per second expected.
        self._own: dict[int, float] = {}

    def seconds(self, candidate: Candidate, rows: int) -> float:
        """How long one fit on `rows` rows should take.

        A candidate that ran is its own measure; else it is as wrong as its kind was so far, or all kinds together.
        """
        expected = self._expected(candidate, rows)
        with self._lock:
            if id(candidate) in self._own:
                return expected * self._own[id(candidate)]
            known = self._kinds.get(candidate.regressor.name)
            if known is not None:
                return expected * _factor(*known, OF_ITS_KIND)
            kinds = self._kinds.values()
            return expected * _factor(sum(kind[0] for kind in kinds), sum(kind[1] for kind in kinds), OF_OTHERS)

    def learn(self, candidate: Candidate, rows: int, took: float) -> float:
        """Remember that a fit on `rows` rows took so many seconds; how many times as long as expected that is."""
        expected, name = self._expected(candidate, rows), candidate.regressor.name
        with self._lock:
            self._own[id(candidate)] = took / expected
            before = self._kinds.get(name, (0.0, 0.0))
            self._kinds[name] = (before[0] + expected, before[1] + took)
        return took / expected

    def _expected(self, candidate: Candidate, rows: int) -> float:
        return LEAST_SECONDS + candidate.expected_seconds(rows, self.columns)


def _factor(expected: float, took: float, doubt: float) -> float:
    """How many times as long as expected fits take; 1 as long as little is known."""
    return (took + doubt) / (expected + doubt)


def makespan(seconds: Iterable[float], threads: int) -> float:
    """How long tasks of these lengths take on so many threads when the longest go first."""
    ends = [0.0] * threads
    for task in sorted(seconds, reverse=True):
        heapq.heapreplace(ends, ends[0] + task)
    return max(ends)
