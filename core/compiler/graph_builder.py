"""A small builder of ONNX graphs: nodes are added one after another, each returning the name of its output."""

from collections.abc import Callable, Collection
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

# Numbers of the fields that are written by hand.
MODEL_GRAPH = onnx.ModelProto.DESCRIPTOR.fields_by_name["graph"].number
GRAPH_NODE = onnx.GraphProto.DESCRIPTOR.fields_by_name["node"].number
NODE_ATTRIBUTE = onnx.NodeProto.DESCRIPTOR.fields_by_name["attribute"].number


class GraphBuilder:
    """Collects inputs, constants and nodes; `build` returns the model. Internal names start with one `/` or more.

    What is asked for twice is made once: the same input, constant, or operation on the same values.
    """

    def __init__(self, columns: Collection[str]) -> None:
        """`columns` are the raw columns: what is internal gets a prefix that none of them has."""
        self._prefix = "/"
        while any(name.startswith(self._prefix) for name in columns):
            self._prefix += "/"
        # Serialized as they come, each a field of the graph.
        self._nodes: list[bytes] = []
        self._constants: list[TensorProto] = []
        self._inputs: dict[str, onnx.ValueInfoProto] = {}
        # The names of what is there already, by what makes it.
        self._known: dict[bytes, str] = {}
        self._named = 0

    @property
    def inputs(self) -> list[str]:
        """The names of the raw columns that are inputs so far, in order."""
        return list(self._inputs)

    def input(self, name: str, *, text: bool) -> str:
        """A raw column as an input of shape (rows, 1): string if `text`, else float64."""
        kind = TensorProto.STRING if text else TensorProto.DOUBLE
        self._inputs.setdefault(name, helper.make_tensor_value_info(name, kind, [None, 1]))
        return name

    def constant(self, value: NDArray[Any]) -> str:
        """A tensor that is part of the graph."""
        tensor = numpy_helper.from_array(np.ascontiguousarray(value).reshape(np.shape(value)))
        key = tensor.SerializeToString()
        if key not in self._known:
            tensor.name = self._known[key] = self._name("constant")
            self._constants.append(tensor)
        return self._known[key]

    def node(self, op: str, *inputs: str, domain: str = "", outputs: int = 1, **attributes: Any) -> str:
        """One operation; returns the name of its last output. An array among the attributes is a list of integers."""
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
        """`body` gets the number of the turn, from 0, and returns a value; these are stacked: (times, ...).

        It is called once, to add the nodes of a turn; they may use everything that the graph has so far.
        """
        outside, self._nodes, known, self._known = self._nodes, [], self._known, dict(self._known)
        turn, going = self._name("turn"), self._name("going")
        results = [self.node("Identity", going), self.node("Identity", body(turn))]
        inside = onnx.GraphProto.FromString(b"".join(self._nodes))
        self._nodes, self._known = outside, known
        inside.name = self._name("body")
        inside.input.append(helper.make_tensor_value_info(turn, TensorProto.INT64, []))
        inside.input.append(helper.make_tensor_value_info(going, TensorProto.BOOL, []))
        inside.output.append(helper.make_tensor_value_info(results[0], TensorProto.BOOL, []))
        inside.output.append(helper.make_tensor_value_info(results[1], TensorProto.DOUBLE, None))
        return self.node("Loop", times, "", body=inside)

    def build(self, result: str) -> bytes:
        """The serialized model whose one output, float64 of shape (rows, 1), is `result`."""
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
        # Serialized messages are joined by joining their bytes.
        whole = b"".join(self._nodes) + graph.SerializeToString()
        return bytes(model.SerializeToString()) + field(MODEL_GRAPH, whole)

    def _name(self, what: str) -> str:
        self._named += 1
        return f"{self._prefix}{what}_{self._named}"
