"""Compile a fitted pipeline, measure what its graph costs to serve, and verify that both predict the same."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import pandas as pd

from core.array_types import Floats, RawColumns
from core.automl.serving_cost import ServingCost
from core.compiler.compile import check_parity, compile_pipeline, raw_columns_of_frame
from core.errors import RegattaError, TrainingFailedError
from core.inference.latency import latency_us
from core.inference.model_card import card_bytes
from core.inference.session import CompiledModel
from core.manifests import Column, Feature
from core.regressors.splits import Split
from core.regressors.thread_limits import openmp_limited

log = logging.getLogger("regatta")

# Rows of the batch whose prediction is measured, how often, and the seconds from which on once is enough.
BATCH_ROWS, BATCH_RUNS, LONG_BATCH = 64, 3, 0.1


def measure_cost(pipeline: Any, columns: Sequence[Column], rows: pd.DataFrame) -> ServingCost:
    """Compile a fitted pipeline and measure the prediction of the first of `rows`; raises `TrainingFailedError`."""
    begun = time.thread_time()
    graph, features = compile_pipeline(pipeline, columns)
    compiled = CompiledModel(graph, features)
    seconds = time.thread_time() - begun
    batch = raw_columns_of_frame(rows.iloc[:BATCH_ROWS], features)
    latency = latency_us(compiled, batch)
    a_row = _batch_seconds(compiled, batch) / max(1, min(len(rows), BATCH_ROWS))
    return ServingCost(len(graph) + card_bytes(features), latency, seconds, a_row)


def _batch_seconds(compiled: CompiledModel, batch: RawColumns) -> float:
    """Return the seconds to predict a batch: the fastest of several runs, as other load only adds."""
    seconds = []
    for _ in range(BATCH_RUNS):
        begun = time.perf_counter()
        compiled.run(batch)
        seconds.append(time.perf_counter() - begun)
        if seconds[0] > LONG_BATCH:
            break
    return min(seconds)


@dataclass(frozen=True)
class VerifiedGraph:
    """A loaded graph that agrees with its pipeline, and its serving cost.

    With a learned spread in it, `spread_quantiles` are those of |residual| / spread.
    """

    graph: bytes
    features: list[Feature]
    compiled: CompiledModel
    cost: ServingCost
    spread_quantiles: list[float] = field(default_factory=list)

    def predict(self, frame: pd.DataFrame) -> Floats:
        """Predict a frame of raw columns: float64, (n,)."""
        return self.compiled.run(raw_columns_of_frame(frame, self.features))


@dataclass(frozen=True)
class KeptGraph:
    """A graph that was verified, and its serving cost. It is not loaded, which would take many times its bytes."""

    graph: bytes
    features: list[Feature]
    cost: ServingCost

    @classmethod
    def of(cls, verified: VerifiedGraph) -> Self:
        """Return what to keep of a verified graph until its model is published."""
        return cls(verified.graph, verified.features, verified.cost)

    def loaded(self) -> VerifiedGraph:
        """Load the graph."""
        return VerifiedGraph(self.graph, self.features, CompiledModel(self.graph, self.features), self.cost)


def verify_graph(pipeline: Any, data: Split) -> VerifiedGraph:
    """Compile a fitted pipeline and compare both on its train rows.

    Raises `TrainingFailedError` when they disagree, or for an estimator that has no compiler.
    """
    begun = time.thread_time()
    graph, features = compile_pipeline(pipeline, data.columns)
    compiled = CompiledModel(graph, features)
    # Threads of OpenMP keep their cores busy while they wait for each other, which takes long on a busy machine.
    with openmp_limited():
        check_parity(pipeline, compiled, data.train_x, data.train_y)
    seconds = time.thread_time() - begun
    latency = latency_us(compiled, raw_columns_of_frame(data.test_x, features))
    return VerifiedGraph(graph, features, compiled, ServingCost(len(graph) + card_bytes(features), latency, seconds))


def as_compile_error(label: str, error: Exception) -> RegattaError:
    """Return why a model could not be compiled as the caller sees it; what is no `RegattaError` is a fault of ours."""
    if isinstance(error, RegattaError):
        return error
    log.error("%s could not be compiled", label, exc_info=error)
    return TrainingFailedError(f"{label} could not be compiled for a fault of ours. It has been logged.")
