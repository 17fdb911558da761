"""Run a compiled model: numpy arrays in, float64 predictions out. Needs only numpy and onnxruntime."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, Self

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from core.array_types import Floats, RawColumns
from core.freed_memory import return_freed_memory
from core.inference.row_order import z_order
from core.inference.value_readers import takes_percent
from core.machine_limits import available_cores
from core.manifests import Feature
from core.model_manifest import ModelManifest

# The output of a graph that has a learned spread, and the input that asks for it; a column may have either name, then
# they end with underscores.
SPREAD, WITH_SPREAD = "spread", "with_spread"
TRUE = np.array(True)

ERRORS_ONLY = 3
# At least so many rows of a large graph are sorted and divided over all cores. Similar neighbours take the same path
# through a tree, so the processor predicts its branches and has its nodes in the cache: rows in random order go through
# a forest of a million nodes in half to two thirds of the time.
SHARED_ROWS = 500
SHARED_BYTES = 1 << 16
# To load a graph takes ten times its size for a moment; of one of this size it is worth a millisecond to return that.
LOADED_BYTES = 1 << 20


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
        self._output, *others = (output.name for output in self._session.get_outputs())
        self._spread = next((name for name in others if name.rstrip("_") == SPREAD), "")
        switches = (switch.name for switch in self._session.get_overridable_initializers())
        self._with_spread = next((name for name in switches if name.rstrip("_") == WITH_SPREAD), "")
        self._sort_by = [*important] or [feature.name for feature in features]
        self._is_large = len(graph) >= SHARED_BYTES

    @classmethod
    def from_manifest(cls, graph: bytes, manifest: ModelManifest) -> Self:
        """Load the graph of a stored model, with the features and their importance from its manifest."""
        return cls(graph, manifest.features, [importance.feature for importance in manifest.importance])

    def run(self, columns: RawColumns) -> Floats:
        """Return the predictions, (n,) float64, for raw columns of n values each."""
        return self._run(columns) if self._is_few(columns) else self._run_divided(columns, self._run)

    def run_with_spread(self, columns: RawColumns) -> tuple[Floats, Floats]:
        """Return the predictions and the spread of each row, (n,) float64 each; the graph must have a spread."""
        run = self._run_with_spread
        both = run(columns) if self._is_few(columns) else self._run_divided(columns, run)
        return both[:, 0], both[:, 1]

    def _is_few(self, columns: RawColumns) -> bool:
        """Return whether one thread is as quick as several."""
        return not self._is_large or len(columns[self._sort_by[0]]) < SHARED_ROWS

    def _run_divided(self, columns: RawColumns, run: Callable[[RawColumns], Floats]) -> Floats:
        """Return the results of `run` for all rows, which are sorted and divided over the cores."""

        def run_part(positions: NDArray[np.intp]) -> Floats:
            return run({feature.name: columns[feature.name][positions] for feature in self.features})

        # Rows are independent, so neither their order nor the thread changes a prediction.
        parts = np.array_split(z_order(columns, self._sort_by), available_cores())
        results = list(_pool().map(run_part, parts))
        result = np.empty((sum(map(len, parts)), *results[0].shape[1:]))
        for part, found in zip(parts, results, strict=True):
            result[part] = found
        return result

    def _run(self, columns: RawColumns) -> Floats:
        """Return the predictions, (n,), by a run in the calling thread."""
        result: Floats = self._session.run([self._output], self._feed(columns))[0][:, 0]
        return result

    def _run_with_spread(self, columns: RawColumns) -> Floats:
        """Return the predictions and spreads, (n, 2), by a run in the calling thread."""
        feed = {**self._feed(columns), self._with_spread: TRUE}
        return np.concatenate(self._session.run([self._output, self._spread], feed), axis=1)

    def _feed(self, columns: RawColumns) -> dict[str, NDArray[Any]]:
        return {feature.name: columns[feature.name][:, np.newaxis] for feature in self.features}


def open_session(graph: bytes) -> ort.InferenceSession:
    """Load a graph to be run in the calling thread."""
    options = ort.SessionOptions()
    options.log_severity_level = ERRORS_ONLY
    # One thread per run: to hand a row to another thread takes longer than to predict it.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    # The compiler writes the graph as it should run; optimising it would only double the time to load it.
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    if len(graph) >= LOADED_BYTES:
        return_freed_memory()
    return session


def _known_values(feature: Feature) -> frozenset[str | bool] | None:
    """Return the values that training has seen; none of them for a date, and None for a number.

    None of them either where certain numbers stand for a missing value, or may be a share instead of per cent.
    """
    if feature.type == "number":
        return frozenset() if feature.missing or takes_percent(feature) else None
    # A date has no known values: its text has to be parsed.
    return frozenset((True, False) if feature.type == "boolean" else feature.levels)


@cache
def _pool() -> ThreadPoolExecutor:
    """Return the threads for the runs of all models; onnxruntime releases the interpreter's lock while it runs."""
    return ThreadPoolExecutor(available_cores(), thread_name_prefix="scoring")
