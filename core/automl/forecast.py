"""Forecast how long fits take: the catalogue's expectation, corrected by the fits so far."""

import heapq
from collections.abc import Iterable
from threading import Lock

from core.regressors.candidates import Candidate

# The fixed cost of a fit, in seconds.
LEAST_SECONDS = 0.005
# Each fit counts for so much of the slowness, and all before it for the rest.
NEWEST = 0.2
# After so many seconds of fits they count as much as the catalogue: fits of the same regressor, and of others.
OF_ITS_KIND, OF_OTHERS = 0.02, 0.3


class Forecast:
    """Forecasts the seconds of fits on prepared tables of so many columns. Thread-safe.

    Regressors that take categories as codes get `coded` columns.
    """

    def __init__(self, columns: int, coded: int | None = None) -> None:
        self.columns, self.coded = columns, coded or columns
        self._lock = Lock()
        # By the regressor's name: expected and measured seconds.
        self._kinds: dict[str, tuple[float, float]] = {}
        # Seconds of fits, and those in which a processor worked for them; of the older ones only a part.
        self._took = self._worked = 0.0
        # By the candidate's id: measured by expected seconds. The candidate is kept, so that no other one gets its id.
        self._own: dict[int, tuple[Candidate, float]] = {}

    def seconds(self, candidate: Candidate, rows: int) -> float:
        """Return how long one fit on `rows` rows should take, in seconds.

        A candidate that ran has its own factor; else that of its regressor so far, or of all together.
        """
        expected = self._expected(candidate, rows)
        with self._lock:
            if id(candidate) in self._own:
                return expected * self._own[id(candidate)][1]
            known = self._kinds.get(candidate.regressor.name)
            if known is not None:
                return expected * _factor(*known, OF_ITS_KIND)
            kinds = self._kinds.values()
            return expected * _factor(sum(kind[0] for kind in kinds), sum(kind[1] for kind in kinds), OF_OTHERS)

    @property
    def slowness(self) -> float:
        """Return how many seconds pass for each in which a processor works for a fit, lately; never below 1.

        It is large on a machine that something else keeps busy, where what takes a moment may take seconds.
        """
        with self._lock:
            return max(1.0, self._took / self._worked) if self._worked else 1.0

    def knows(self, candidate: Candidate) -> bool:
        """Return whether a fit of the candidate's regressor was recorded."""
        with self._lock:
            return candidate.regressor.name in self._kinds

    def learn(self, candidate: Candidate, rows: int, took: float, worked: float | None = None) -> float:
        """Record that a fit on `rows` rows took so many seconds; return that as a multiple of the expected seconds.

        A processor `worked` for it for so many of them, where that is known.
        """
        expected, name = self._expected(candidate, rows), candidate.regressor.name
        with self._lock:
            if worked is not None:
                self._took = (1 - NEWEST) * self._took + took
                self._worked = (1 - NEWEST) * self._worked + worked
            self._own[id(candidate)] = candidate, took / expected
            before = self._kinds.get(name, (0.0, 0.0))
            self._kinds[name] = (before[0] + expected, before[1] + took)
        return took / expected

    def _expected(self, candidate: Candidate, rows: int) -> float:
        columns = self.coded if candidate.takes_codes else self.columns
        return LEAST_SECONDS + candidate.expected_seconds(rows, columns)


def _factor(expected: float, took: float, doubt: float) -> float:
    """Return how many times as long as expected fits take; near 1 while little is known."""
    return (took + doubt) / (expected + doubt)


def makespan(seconds: Iterable[float], threads: int) -> float:
    """Return how long tasks of these lengths take on so many threads when the longest go first."""
    ends = [0.0] * threads
    for task in sorted(seconds, reverse=True):
        heapq.heapreplace(ends, ends[0] + task)
    return max(ends)
