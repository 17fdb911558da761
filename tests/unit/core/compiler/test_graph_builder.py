"""The names of a graph's nodes never meet those of its columns."""

import pytest

from core.compiler.compile import check_parity, compile_pipeline
from core.inference.session import CompiledModel
from tests.support.tables import noisy
from tests.support.training import fitted, split_text


@pytest.mark.parametrize("header", ["/constant_0,c,y", "/IsNaN_0,c,y", "/IsNaN_0,//LabelEncoder_5,y"])
def test_columns_may_be_called_like_nodes_of_the_graph(header: str) -> None:
    data = split_text(noisy(60).replace("x,colour,y", header, 1))
    pipeline = fitted(data, "ridge")
    assert check_parity(pipeline, CompiledModel(*compile_pipeline(pipeline, data.columns)), data.train_x) <= 1e-9
