"""Build an ONNX graph node by node; each method returns the name of the new tensor."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from core.compiler.protobuf import field, integers

OPSET = 21
ML_OPSET = 5
IR_VERSION = 10
ML = "ai.onnx.ml"

# The numbers of the protobuf fields that are not written by the onnx package.
MODEL_GRAPH = onnx.ModelProto.DESCRIPTOR.fields_by_name["graph"].number
GRAPH_NODE = onnx.GraphProto.DESCRIPTOR.fields_by_name["node"].number
NODE_ATTRIBUTE = onnx.NodeProto.DESCRIPTOR.fields_by_name["attribute"].number


def with_metadata(graph: bytes, metadata: Mapping[str, str]) -> bytes:
    """Return a serialized model with texts by name added to its metadata; it predicts the same."""
    entries = [onnx.StringStringEntryProto(key=key, value=value) for key, value in metadata.items()]
    # To merge serialized messages, protobuf only needs their bytes joined.
    return graph + bytes(onnx.ModelProto(metadata_props=entries).SerializeToString())


class GraphBuilder:
    """Collects inputs, constants and nodes; `build` returns the model.

    Equal inputs, constants, and operations on equal tensors are added once. Internal names begin with one or more `/`.
    """

    def __init__(self, columns: Collection[str]) -> None:
        """Start an empty graph; internal names get a prefix that none of the raw `columns` has."""
        self._prefix = "/"
        while any(name.startswith(self._prefix) for name in columns):
            self._prefix += "/"
        # Serialized at once, each as a field of the graph.
        self._nodes: list[bytes] = []
        self._constants: list[TensorProto] = []
        self._inputs: dict[str, onnx.ValueInfoProto] = {}
        # By serialized constant or operation the name of its tensor.
        self._known: dict[bytes, str] = {}
        self._name_count = 0

    @property
    def inputs(self) -> list[str]:
        """Return the names of the inputs so far, in order."""
        return list(self._inputs)

    def input(self, name: str, *, text: bool) -> str:
        """Add a raw column as an input, (rows, 1): string if `text`, else float64."""
        element_type = TensorProto.STRING if text else TensorProto.DOUBLE
        self._inputs.setdefault(name, helper.make_tensor_value_info(name, element_type, [None, 1]))
        return name

    def constant(self, value: NDArray[Any]) -> str:
        """Add a constant tensor."""
        tensor = numpy_helper.from_array(np.ascontiguousarray(value).reshape(np.shape(value)))
        key = tensor.SerializeToString()
        if key not in self._known:
            tensor.name = self._known[key] = self._name("constant")
            self._constants.append(tensor)
        return self._known[key]

    def node(self, op: str, *inputs: str, domain: str = "", outputs: int = 1, **attributes: Any) -> str:
        """Add an operation and return the name of its last output. An array attribute is a list of integers."""
        lists = {name: value for name, value in attributes.items() if isinstance(value, np.ndarray)}
        others = {name: value for name, value in attributes.items() if name not in lists}
        node = helper.make_node(op, inputs, [], domain=domain, **others)
        packed = b"".join(field(NODE_ATTRIBUTE, integers(name, value)) for name, value in lists.items())
        key = node.SerializeToString() + packed
        if key not in self._known:
            node.output.extend(self._name(op) for _ in range(outputs))
            self._known[key] = node.output[-1]
            self._nodes.append(field(GRAPH_NODE, node.SerializeToString() + packed))
        return self._known[key]

    def loop(self, times: str, body: Callable[[str], str]) -> str:
        """Add a loop and return its results, stacked to (times, ...).

        `body` gets the tensor of the iteration number, from 0, and returns the tensor of its result. It is called once,
        to add the nodes of an iteration, which may use every tensor of the graph so far.
        """
        outer_nodes, self._nodes, outer_known, self._known = self._nodes, [], self._known, dict(self._known)
        iteration, condition = self._name("turn"), self._name("going")
        results = [self.node("Identity", condition), self.node("Identity", body(iteration))]
        inner_graph = onnx.GraphProto.FromString(b"".join(self._nodes))
        self._nodes, self._known = outer_nodes, outer_known
        inner_graph.name = self._name("body")
        inner_graph.input.append(helper.make_tensor_value_info(iteration, TensorProto.INT64, []))
        inner_graph.input.append(helper.make_tensor_value_info(condition, TensorProto.BOOL, []))
        inner_graph.output.append(helper.make_tensor_value_info(results[0], TensorProto.BOOL, []))
        inner_graph.output.append(helper.make_tensor_value_info(results[1], TensorProto.DOUBLE, None))
        return self.node("Loop", times, "", body=inner_graph)

    def build(self, result: str) -> bytes:
        """Return the serialized model whose only output is `result`, (rows, 1) float64."""
        output = "prediction"
        while output in self._inputs:
            output += "_"
        last = helper.make_node("Identity", [result], [output])
        graph = helper.make_graph(
            [last],
            "regatta",
            list(self._inputs.values()),
            [helper.make_tensor_value_info(output, TensorProto.DOUBLE, [None, 1])],
            self._constants,
        )
        model = onnx.ModelProto(
            ir_version=IR_VERSION,
            opset_import=[helper.make_opsetid("", OPSET), helper.make_opsetid(ML, ML_OPSET)],
            producer_name="regatta",
        )
        # To merge serialized messages, protobuf only needs their bytes joined.
        graph_bytes = b"".join(self._nodes) + graph.SerializeToString()
        return bytes(model.SerializeToString()) + field(MODEL_GRAPH, graph_bytes)

    def _name(self, kind: str) -> str:
        """Return a new internal name."""
        self._name_count += 1
        return f"{self._prefix}{kind}_{self._name_count}"
