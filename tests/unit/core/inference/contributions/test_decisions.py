"""Nodes of every mode decide as onnxruntime does."""

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from core.inference.contributions.decisions import MEMBER, Nodes
from core.inference.contributions.graph import Graph
from core.inference.session import open_session

VALUES = np.array([[-1.0], [0.0], [1.0], [2.0], [3.0], [np.nan]])


@pytest.mark.parametrize("missing", [0, 1])
@pytest.mark.parametrize("mode", range(7))
def test_a_node_decides_as_onnxruntime_does(mode: int, missing: int) -> None:
    sets = {"membership_values": numpy_helper.from_array(np.array([0.0, 3.0, np.nan]))} if mode == MEMBER else {}
    node = helper.make_node(
        "TreeEnsemble",
        ["x"],
        ["y"],
        domain="ai.onnx.ml",
        n_targets=1,
        tree_roots=[0],
        nodes_splits=numpy_helper.from_array(np.array([1.0])),
        nodes_featureids=[0],
        nodes_modes=numpy_helper.from_array(np.array([mode], np.uint8)),
        nodes_truenodeids=[0],
        nodes_falsenodeids=[1],
        nodes_trueleafs=[1],
        nodes_falseleafs=[1],
        nodes_missing_value_tracks_true=[missing],
        leaf_targetids=[0, 0],
        leaf_weights=numpy_helper.from_array(np.array([1.0, 0.0])),
        **sets,
    )
    ends = [helper.make_tensor_value_info(name, TensorProto.DOUBLE, [None, 1]) for name in ("x", "y")]
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid("ai.onnx.ml", 5)]
    graph = helper.make_graph([node], "one", ends[:1], ends[1:])
    model = helper.make_model(graph, opset_imports=opsets, ir_version=10).SerializeToString()
    expected = open_session(model).run(None, {"x": VALUES})[0][:, 0] == 1
    found = Nodes.read(Graph.read(model).makers["y"], 0, 1.0).go_true(VALUES)[:, 0]
    assert found.tolist() == expected.tolist()
