"""The serving cost of a model, measured on its compiled graph, and the limits that a caller sets."""

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

# A cost that was measured on a fold is trusted up to this share of a limit.
CLEARLY_WITHIN = 0.6


@dataclass(frozen=True)
class ServingCost:
    """Bytes of the graph, microseconds for one row, and seconds to compile and load it."""

    size_bytes: int
    latency_us: float
    seconds: float

    def __add__(self, other: Self) -> "ServingCost":
        """Return the cost of both in one graph, at most: they may share preprocessing."""
        return ServingCost(
            self.size_bytes + other.size_bytes, self.latency_us + other.latency_us, self.seconds + other.seconds
        )

    def grown(self, factor: float, most_bytes: float = inf) -> "ServingCost":
        """Return the cost with `factor` times as many train rows, at most: the path through a tree hardly gets longer.

        The graph does not grow beyond `most_bytes`.
        """
        factor = min(factor, max(1.0, most_bytes / self.size_bytes))
        return ServingCost(ceil(self.size_bytes * factor), self.latency_us, self.seconds * factor)


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


def measure_cost(pipeline: Any, columns: Sequence[Column], rows: pd.DataFrame) -> ServingCost:
    """Compile a fitted pipeline and measure the prediction of the first of `rows`; raises `TrainingFailedError`."""
    begun = time.perf_counter()
    graph, features = compile_pipeline(pipeline, columns)
    compiled = CompiledModel(graph, features)
    seconds = time.perf_counter() - begun
    return ServingCost(len(graph), latency_us(compiled, raw_columns_of_frame(rows.iloc[:1], features)), seconds)


@dataclass(frozen=True)
class VerifiedGraph:
    """A loaded graph that agrees with its pipeline, and its serving cost."""

    graph: bytes
    features: list[Feature]
    compiled: CompiledModel
    cost: ServingCost


def verify_graph(pipeline: Any, data: Split) -> VerifiedGraph:
    """Compile a fitted pipeline and compare both on its train rows.

    Raises `TrainingFailedError` when they disagree, or for an estimator that has no compiler.
    """
    begun = time.perf_counter()
    graph, features = compile_pipeline(pipeline, data.columns)
    compiled = CompiledModel(graph, features)
    check_parity(pipeline, compiled, data.train_x)
    seconds = time.perf_counter() - begun
    latency = latency_us(compiled, raw_columns_of_frame(data.test_x, features))
    return VerifiedGraph(graph, features, compiled, ServingCost(len(graph), latency, seconds))
