"""A small builder of ONNX graphs: nodes are added one after another, each returning the name of its output."""

from collections.abc import Collection
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

OPSET = 21
ML_OPSET = 5
IR_VERSION = 10
ML = "ai.onnx.ml"


class GraphBuilder:
    """Collects inputs, constants and nodes; `build` returns the model. Internal names start with one `/` or more."""

    def __init__(self, columns: Collection[str]) -> None:
        """`columns` are the raw columns: what is internal gets a prefix that none of them has."""
        self._prefix = "/"
        while any(name.startswith(self._prefix) for name in columns):
            self._prefix += "/"
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []
        self._inputs: list[onnx.ValueInfoProto] = []

    def input(self, name: str, *, text: bool) -> str:
        """A raw column as an input of shape (rows, 1): string if `text`, else float64."""
        kind = TensorProto.STRING if text else TensorProto.DOUBLE
        self._inputs.append(helper.make_tensor_value_info(name, kind, [None, 1]))
        return name

    def constant(self, value: NDArray[Any]) -> str:
        """A tensor that is part of the graph."""
        name = f"{self._prefix}constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def node(self, op: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """One operation; returns the name of its single output."""
        output = f"{self._prefix}{op}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(op, inputs, [output], domain=domain, **attributes))
        return output

    def build(self, result: str) -> bytes:
        """The serialized model whose one output, float64 of shape (rows, 1), is `result`."""
        taken = {value.name for value in self._inputs}
        output = "prediction"
        while output in taken:
            output += "_"
        self._nodes.append(helper.make_node("Identity", [result], [output]))
        graph = helper.make_graph(
            self._nodes,
            "regatta",
            self._inputs,
            [helper.make_tensor_value_info(output, TensorProto.DOUBLE, [None, 1])],
            self._constants,
        )
        model = helper.make_model(
            graph,
            ir_version=IR_VERSION,
            opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid(ML, ML_OPSET)],
            producer_name="regatta",
        )
        return bytes(model.SerializeToString())
