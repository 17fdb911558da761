"""A compiled model at work: numpy arrays in, float64 predictions out. Needs numpy and onnxruntime, nothing more."""

import os
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, Self

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from core.inference.row_order import along_curve
from core.manifests import Feature, ModelManifest

ERRORS_ONLY = 3
# From here on the rows of a large graph go through it sorted and on every core. Neighbours that are alike take the same
# way through a tree, so the processor guesses it right and has its nodes in the cache: shuffled rows go through a
# forest of a million nodes in half to two thirds of the time.
SHARED_ROWS = 500
SHARED_BYTES = 1 << 16


class CompiledModel:
    """An ONNX graph ready to run, and the raw features that it takes."""

    def __init__(self, graph: bytes, features: list[Feature], important: Sequence[str] = ()) -> None:
        """Loads the graph; `features` are its inputs, those it goes by most are `important`, the first most of all."""
        options = ort.SessionOptions()
        options.log_severity_level = ERRORS_ONLY
        # One core a run: handing a row to other threads costs more than the row does.
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        # The graph is written as it should run; looking for improvements would only double the time it takes to load.
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
        self.features = features
        # The values that each feature is known to have; None for a number.
        self.levels = {feature.name: _known(feature) for feature in features}
        self.size_bytes = len(graph)
        self._session = ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        self._output = self._session.get_outputs()[0].name
        self._sort_by = [*important] or [feature.name for feature in features]
        self._is_large = len(graph) >= SHARED_BYTES

    @classmethod
    def of(cls, graph: bytes, manifest: ModelManifest) -> Self:
        """The graph of a stored model, with the features that its manifest says it goes by most."""
        return cls(graph, manifest.features, [importance.feature for importance in manifest.importance])

    def run(self, columns: Mapping[str, NDArray[Any]]) -> NDArray[np.float64]:
        """Predictions (float64, n rows) for raw columns of n values each.

        Categories are object arrays of str with "" for missing, everything else float64 with NaN for missing: a
        boolean is 1 or 0, and a date the seconds since 1970-01-01.
        """
        rows = len(columns[self._sort_by[0]]) if self._is_large else 0
        if rows < SHARED_ROWS:
            return self._run(columns)
        result = np.empty(rows)

        def fill(some: NDArray[np.intp]) -> None:
            result[some] = self._run({feature.name: columns[feature.name][some] for feature in self.features})

        # Rows know nothing of each other, so neither their order nor who takes them shows in what comes out.
        for _ in _pool().map(fill, np.array_split(along_curve(columns, self._sort_by), _cores())):
            pass
        return result

    def _run(self, columns: Mapping[str, NDArray[Any]]) -> NDArray[np.float64]:
        feed = {feature.name: columns[feature.name].reshape(-1, 1) for feature in self.features}
        result: NDArray[np.float64] = self._session.run([self._output], feed)[0][:, 0]
        return result


def _known(feature: Feature) -> frozenset[str | bool] | None:
    if feature.type == "number":
        return None
    # No date is known by its text: it has to be read.
    return frozenset((True, False) if feature.type == "boolean" else feature.levels)


@cache
def _cores() -> int:
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


@cache
def _pool() -> ThreadPoolExecutor:
    """Threads for the runs of all models: onnxruntime lets go of the interpreter while it runs."""
    return ThreadPoolExecutor(_cores(), thread_name_prefix="scoring")
