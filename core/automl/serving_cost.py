"""The serving cost of a model, and the limits that a caller sets."""

from dataclasses import dataclass, replace
from math import ceil, inf
from typing import Self

# A cost that was measured on a fold is trusted up to this share of a limit.
CLEARLY_WITHIN = 0.6


@dataclass(frozen=True)
class ServingCost:
    """Bytes of the graph with its card, microseconds for one row, and seconds of a processor to compile and load it.

    `row_seconds` are those in which the graph predicts each row of a batch.
    """

    size_bytes: int
    latency_us: float
    seconds: float
    row_seconds: float = 0.0

    def __add__(self, other: Self) -> "ServingCost":
        """Return the cost of both in one graph, at most: they may share preprocessing."""
        return ServingCost(
            self.size_bytes + other.size_bytes,
            self.latency_us + other.latency_us,
            self.seconds + other.seconds,
            self.row_seconds + other.row_seconds,
        )

    def grown(self, factor: float, most_bytes: float = inf) -> "ServingCost":
        """Return the cost with `factor` times as many train rows, at most: the path through a tree hardly gets longer.

        The graph does not grow beyond `most_bytes`.
        """
        factor = min(factor, max(1.0, most_bytes / self.size_bytes))
        return replace(self, size_bytes=ceil(self.size_bytes * factor), seconds=self.seconds * factor)


@dataclass(frozen=True)
class ServingLimits:
    """The most that a model may cost; None is no limit."""

    max_bytes: int | None = None
    max_latency_us: float | None = None

    def excess(self, cost: ServingCost) -> float:
        """Return the cost as a multiple of the limit that it exceeds most; up to 1 it is within both."""
        sizes = cost.size_bytes / self.max_bytes if self.max_bytes else 0.0
        return max(sizes, cost.latency_us / self.max_latency_us if self.max_latency_us else 0.0)

    def tightened(self, factor: float) -> "ServingLimits":
        """Return limits of `factor` times these."""
        return ServingLimits(
            self.max_bytes and max(1, int(self.max_bytes * factor)),
            self.max_latency_us and self.max_latency_us * factor,
        )
