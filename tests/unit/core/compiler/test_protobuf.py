"""Graphs written by hand are read as if onnx had written them."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from core.compiler.graph_builder import GraphBuilder
from core.compiler.protobuf import field, integers


@pytest.mark.parametrize(
    "values", [[], [0], [1, 127, 128, 129], [16_383, 16_384, 0, 2_097_151, 2_097_152], [2**31 - 1, 2**31, 2**62]]
)
def test_packed_integers_are_read_as_they_are(values: list[int]) -> None:
    attribute = onnx.AttributeProto.FromString(integers("numbers", np.array(values, np.int64)))
    assert attribute.name == "numbers"
    assert attribute.type == onnx.AttributeProto.INTS
    assert list(attribute.ints) == values


@pytest.mark.parametrize("size", [0, 1, 127, 128, 70_000])
def test_a_field_of_any_size_is_read_as_it_is(size: int) -> None:
    number = onnx.NodeProto.DESCRIPTOR.fields_by_name["doc_string"].number
    assert onnx.NodeProto.FromString(field(number, b"x" * size)).doc_string == "x" * size


def test_a_whole_graph_passes_the_checker() -> None:
    graph = GraphBuilder(["x"])
    column = graph.input("x", text=False)
    picked = graph.node("Transpose", column, perm=np.array([0, 1]))
    model = onnx.load_from_string(graph.build(graph.node("Add", picked, graph.constant(np.array([[2.0]])))))
    onnx.checker.check_model(model, full_check=True)
    assert [node.op_type for node in model.graph.node] == ["Transpose", "Add", "Identity"]
    assert model.graph.node[0].attribute[0] == helper.make_attribute("perm", [0, 1])


def test_what_is_asked_for_twice_is_made_once() -> None:
    graph = GraphBuilder(["x"])
    column = graph.input("x", text=False)
    two = [graph.constant(np.array([[2.0]])) for _ in range(2)]
    sums = [graph.node("Add", graph.input("x", text=False), constant) for constant in two]
    narrow = [graph.node("Cast", column, to=kind) for kind in (TensorProto.FLOAT, TensorProto.INT64)]
    assert len(set(two)) == len(set(sums)) == 1
    assert len(set(narrow)) == 2
    model = onnx.load_from_string(graph.build(sums[0]))
    assert (len(model.graph.input), len(model.graph.initializer), len(model.graph.node)) == (1, 1, 4)
