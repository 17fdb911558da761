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
# The name of the first output, unless a column has it.
PREDICTION = "prediction"

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

    def __init__(self, columns: Collection[str], *, second: bool = False) -> None:
        """Start an empty graph; internal names get a prefix that none of the raw `columns` has.

        That of a `second` graph is none of the first one's either: they can be joined by `build_onto`.
        """
        self._columns = columns
        self._prefix = "/"
        while any(name.startswith(self._prefix) for name in columns):
            self._prefix += "/"
        if second:
            self._prefix += "/"
        # Serialized at once, each as a field of the graph.
        self._nodes: list[bytes] = []
        self._constants: list[TensorProto] = []
        self._inputs: dict[str, onnx.ValueInfoProto] = {}
        # Inputs that are false where a run does not give them.
        self._switches: list[onnx.ValueInfoProto] = []
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
        iteration, condition = self._name("turn"), self._name("going")
        inner_graph = self._inner_graph(
            lambda: [self.node("Identity", condition), self.node("Identity", body(iteration))]
        )
        inner_graph.input.append(helper.make_tensor_value_info(iteration, TensorProto.INT64, []))
        inner_graph.input.append(helper.make_tensor_value_info(condition, TensorProto.BOOL, []))
        inner_graph.output[0].CopyFrom(helper.make_tensor_value_info(inner_graph.output[0].name, TensorProto.BOOL, []))
        return self.node("Loop", times, "", body=inner_graph)

    def on_request(self, switch: str, body: Callable[[], str]) -> str:
        """Add nodes that run only where a run sets the input `switch`, and return their result.

        Without it the result is an empty tensor, (0, 1) float64. `body` adds the nodes, which may use every tensor of
        the graph so far, and returns the tensor of its result, float64. onnxruntime runs all nodes of a graph, whatever
        outputs are asked for, but only one branch of an `If`.
        """
        name = self.free_name(switch)
        self._switches.append(helper.make_tensor_value_info(name, TensorProto.BOOL, []))
        self._constants.append(numpy_helper.from_array(np.array(False), name))
        nothing = self.constant(np.empty((0, 1)))
        then_branch = self._inner_graph(lambda: [self.node("Identity", body())])
        else_branch = self._inner_graph(lambda: [self.node("Identity", nothing)])
        return self.node("If", name, then_branch=then_branch, else_branch=else_branch)

    def _inner_graph(self, add: Callable[[], list[str]]) -> onnx.GraphProto:
        """Return a graph of the nodes that `add` adds and the tensors that it returns, float64, for a node to run."""
        outer_nodes, self._nodes, outer_known, self._known = self._nodes, [], self._known, dict(self._known)
        results = add()
        inner_graph: onnx.GraphProto = onnx.GraphProto.FromString(b"".join(self._nodes))
        self._nodes, self._known = outer_nodes, outer_known
        inner_graph.name = self._name("body")
        inner_graph.output.extend(helper.make_tensor_value_info(name, TensorProto.DOUBLE, None) for name in results)
        return inner_graph

    def free_name(self, wanted: str) -> str:
        """Return the name for an input or output that is no raw column: `wanted`, with underscores where one has it."""
        while wanted in self._columns or wanted in self._inputs:
            wanted += "_"
        return wanted

    def build(self, result: str) -> bytes:
        """Return the serialized model whose only output is `result`, (rows, 1) float64."""
        graph = self._graph(PREDICTION, result, list(self._inputs.values()))
        model = onnx.ModelProto(
            ir_version=IR_VERSION,
            opset_import=[helper.make_opsetid("", OPSET), helper.make_opsetid(ML, ML_OPSET)],
            producer_name="regatta",
        )
        return bytes(model.SerializeToString()) + field(MODEL_GRAPH, self._serialized(graph))

    def build_onto(self, first: bytes, output: str, result: str) -> bytes:
        """Return a serialized model with the nodes of this second graph after its own and `result` as another output.

        The inputs that this graph takes must be inputs of the `first` one.
        """
        return first + field(MODEL_GRAPH, self._serialized(self._graph(output, result, self._switches)))

    def _graph(self, output: str, result: str, inputs: list[onnx.ValueInfoProto]) -> onnx.GraphProto:
        """Return the graph without the nodes before its last one."""
        name = self.free_name(output)
        last = helper.make_node("Identity", [result], [name])
        declared = helper.make_tensor_value_info(name, TensorProto.DOUBLE, [None, 1])
        return helper.make_graph([last], "regatta", inputs, [declared], self._constants)

    def _serialized(self, graph: onnx.GraphProto) -> bytes:
        """Return the bytes of all nodes and of the rest of the graph."""
        # To merge serialized messages, protobuf only needs their bytes joined.
        return b"".join(self._nodes) + bytes(graph.SerializeToString())

    def _name(self, kind: str) -> str:
        """Return a new internal name."""
        self._name_count += 1
        return f"{self._prefix}{kind}_{self._name_count}"
