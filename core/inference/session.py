"""Run a compiled model: numpy arrays in, float64 predictions out. Needs only numpy and onnxruntime."""

import os
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Self

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from core.array_types import Floats, RawColumns
from core.inference.row_order import z_order
from core.inference.value_readers import takes_percent
from core.manifests import Feature
from core.model_manifest import ModelManifest

ERRORS_ONLY = 3
# At least so many rows of a large graph are sorted and divided over all cores. Similar neighbours take the same path
# through a tree, so the processor predicts its branches and has its nodes in the cache: rows in random order go through
# a forest of a million nodes in half to two thirds of the time.
SHARED_ROWS = 500
SHARED_BYTES = 1 << 16


class CompiledModel:
    """A loaded ONNX graph and the raw features that it takes."""

    def __init__(
        self,
        graph: bytes,
        features: list[Feature],
        important: Sequence[str] = (),
        session: ort.InferenceSession | None = None,
    ) -> None:
        """Load the graph, or take its `session` where one is open.

        `features` are its inputs; `important` names the most important ones in descending order.
        """
        self.features = features
        # By feature the values that training has seen; None for a number.
        self.levels = {feature.name: _known_values(feature) for feature in features}
        self.size_bytes = len(graph)
        self._session = session or open_session(graph)
        self._output = self._session.get_outputs()[0].name
        self._sort_by = [*important] or [feature.name for feature in features]
        self._is_large = len(graph) >= SHARED_BYTES

    @classmethod
    def from_manifest(cls, graph: bytes, manifest: ModelManifest) -> Self:
        """Load the graph of a stored model, with the features and their importance from its manifest."""
        return cls(graph, manifest.features, [importance.feature for importance in manifest.importance])

    def run(self, columns: RawColumns) -> Floats:
        """Return the predictions, (n,) float64, for raw columns of n values each."""
        rows = len(columns[self._sort_by[0]]) if self._is_large else 0
        if rows < SHARED_ROWS:
            return self._run(columns)
        result = np.empty(rows)

        def fill(positions: NDArray[np.intp]) -> None:
            result[positions] = self._run({feature.name: columns[feature.name][positions] for feature in self.features})

        # Rows are independent, so neither their order nor the thread changes a prediction.
        for _ in _pool().map(fill, np.array_split(z_order(columns, self._sort_by), _cores())):
            pass
        return result

    def _run(self, columns: RawColumns) -> Floats:
        """Run the graph in the calling thread."""
        feed = {feature.name: columns[feature.name].reshape(-1, 1) for feature in self.features}
        result: Floats = self._session.run([self._output], feed)[0][:, 0]
        return result


def open_session(graph: bytes) -> ort.InferenceSession:
    """Load a graph to be run in the calling thread."""
    options = ort.SessionOptions()
    options.log_severity_level = ERRORS_ONLY
    # One thread per run: to hand a row to another thread takes longer than to predict it.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    # The compiler writes the graph as it should run; optimising it would only double the time to load it.
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    return ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def _known_values(feature: Feature) -> frozenset[str | bool] | None:
    """Return the values that training has seen; none of them for a date, and None for a number.

    None of them either where certain numbers stand for a missing value, or may be a share instead of per cent.
    """
    if feature.type == "number":
        return frozenset() if feature.missing or takes_percent(feature) else None
    # A date has no known values: its text has to be parsed.
    return frozenset((True, False) if feature.type == "boolean" else feature.levels)


@cache
def _cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


@cache
def _pool() -> ThreadPoolExecutor:
    """Return the threads for the runs of all models; onnxruntime releases the interpreter's lock while it runs."""
    return ThreadPoolExecutor(_cores(), thread_name_prefix="scoring")
