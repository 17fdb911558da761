"""A compiled model at work: numpy arrays in, float64 predictions out. Needs numpy and onnxruntime, nothing more."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from core.manifests import Feature

ERRORS_ONLY = 3
# From here on rows go through a large graph in the order of a feature: neighbours take the same way through a tree, so
# its nodes are in the cache when they come. A forest of a million nodes takes two thirds of the time for shuffled rows.
ORDERED_ROWS = 500
ORDERED_BYTES = 1 << 20


class CompiledModel:
    """An ONNX graph ready to run, and the raw features that it takes."""

    def __init__(self, graph: bytes, features: list[Feature]) -> None:
        """Loads the graph; `features` are its inputs."""
        options = ort.SessionOptions()
        options.log_severity_level = ERRORS_ONLY
        # One request at a time and one core a request: handing rows to other threads costs more than a row does.
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
        numbers = [feature.name for feature in features if feature.type in ("number", "date")]
        self._order_by = numbers[0] if numbers and len(graph) >= ORDERED_BYTES else None

    def run(self, columns: Mapping[str, NDArray[Any]]) -> NDArray[np.float64]:
        """Predictions (float64, n rows) for raw columns of n values each.

        Categories are object arrays of str with "" for missing, everything else float64 with NaN for missing: a
        boolean is 1 or 0, and a date the seconds since 1970-01-01.
        """
        if self._order_by is None or len(columns[self._order_by]) < ORDERED_ROWS:
            return self._run(columns)
        order = np.argsort(columns[self._order_by])
        result = np.empty(len(order))
        result[order] = self._run({feature.name: columns[feature.name][order] for feature in self.features})
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
