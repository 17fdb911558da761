"""What a model costs to serve, measured on its compiled graph, and the bounds that a caller sets to it."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, inf
from typing import Any, Self

import pandas as pd

from core.compiler.compile import check_parity, compile_pipeline, raw_columns_of_frame
from core.inference.latency import latency_us
from core.inference.session import CompiledModel
from core.manifests import Column, Feature
from core.regressors.splits import Split

# A cost that was measured on a fold is trusted up to this share of a bound.
CLEARLY_WITHIN = 0.6


@dataclass(frozen=True)
class Cost:
    """Bytes of the graph, microseconds for one row, and the seconds that compiling and loading took."""

    size_bytes: int
    latency_us: float
    seconds: float

    def __add__(self, other: Self) -> "Cost":
        """What both together cost in one graph, at most: they may share a preparation."""
        return Cost(
            self.size_bytes + other.size_bytes, self.latency_us + other.latency_us, self.seconds + other.seconds
        )

    def grown(self, factor: float, most_bytes: float = inf) -> "Cost":
        """The same for a model of `factor` times as many rows, at most: a tree's path hardly gets longer.

        Its graph does not grow beyond `most_bytes`.
        """
        factor = min(factor, max(1.0, most_bytes / self.size_bytes))
        return Cost(ceil(self.size_bytes * factor), self.latency_us, self.seconds * factor)


@dataclass(frozen=True)
class Bounds:
    """The most that a model may cost; None is no bound."""

    max_bytes: int | None = None
    max_latency_us: float | None = None

    def excess(self, cost: Cost) -> float:
        """By what factor a cost is over the bound that it exceeds most; up to 1 is within both."""
        sizes = cost.size_bytes / self.max_bytes if self.max_bytes else 0.0
        return max(sizes, cost.latency_us / self.max_latency_us if self.max_latency_us else 0.0)

    def tightened(self, factor: float) -> "Bounds":
        """Bounds of `factor` times these."""
        return Bounds(
            self.max_bytes and max(1, int(self.max_bytes * factor)),
            self.max_latency_us and self.max_latency_us * factor,
        )


def cost_of(pipeline: Any, columns: Sequence[Column], rows: pd.DataFrame) -> Cost:
    """Compile a fitted pipeline and let it predict the first of `rows`; raises `TrainingFailedError`."""
    begun = time.perf_counter()
    graph, features = compile_pipeline(pipeline, columns)
    compiled = CompiledModel(graph, features)
    seconds = time.perf_counter() - begun
    return Cost(len(graph), latency_us(compiled, raw_columns_of_frame(rows.iloc[:1], features)), seconds)


@dataclass(frozen=True)
class Proven:
    """A graph that agrees with its pipeline, loaded, and what it costs."""

    graph: bytes
    features: list[Feature]
    compiled: CompiledModel
    cost: Cost


def prove(pipeline: Any, data: Split) -> Proven:
    """Compile a fitted pipeline and compare both on rows that it learned from.

    Raises `TrainingFailedError` when they disagree, or for an estimator that has no compiler.
    """
    begun = time.perf_counter()
    graph, features = compile_pipeline(pipeline, data.columns)
    compiled = CompiledModel(graph, features)
    check_parity(pipeline, compiled, data.train_x)
    seconds = time.perf_counter() - begun
    latency = latency_us(compiled, raw_columns_of_frame(data.test_x, features))
    return Proven(graph, features, compiled, Cost(len(graph), latency, seconds))
