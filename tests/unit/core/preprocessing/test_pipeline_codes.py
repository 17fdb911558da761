"""Categories as codes: first in the matrix, by sorted level, with missing as a level and unseen as NaN."""

import numpy as np
import pandas as pd
import pytest

from core.compiler.compile import check_parity
from core.manifests import Column
from core.preprocessing.features import MAX_LEVELS
from core.preprocessing.pipeline import coded_columns
from core.regressors.splits import Split
from tests.support.fitted_models import TOLERANCE, compiled, difference, hostile_rows
from tests.support.training import fitted, split_text

FEW = {"n_estimators": 5, "min_child_samples": 2}


@pytest.fixture(scope="module")
def data() -> Split:
    """Numbers and a date with gaps, two categories of few levels, one of them with gaps, and one of many."""
    draw = np.random.default_rng(0)
    lines = [
        f"{draw.normal():.3f},{'' if i % 7 == 0 else 'cab'[i % 3]},{'' if i % 9 == 0 else i % 40},"
        f"{'xy'[i % 2]},w{i % (MAX_LEVELS + 5)},2024-01-{i % 28 + 1:02},{i % 3 + i % 2 * 5 + draw.normal():.3f}"
        for i in range(300)
    ]
    return split_text("\n".join(["number,letter,gappy,side,word,day,y", *lines]))


def test_they_come_first_with_missing_as_a_level_and_unseen_as_nan(data: Split) -> None:
    coder = data.coder.fit(data.train_x, data.train_y)
    rows = data.train_x.head(4).assign(letter=["a", "c", np.nan, "unseen"], side="y")
    matrix = coder.transform(rows)
    np.testing.assert_array_equal(matrix[:, :2], [[1, 1], [3, 1], [0, 1], [np.nan, 1]])
    assert np.isfinite(matrix[:, 2:]).all()


def test_an_indicator_of_missing_levels_is_not_needed(data: Split) -> None:
    names = {name: columns for name, _, columns in data.coder.transformers}
    assert names["codes"] == ["letter", "side"]
    assert "letter" in {name: columns for name, _, columns in data.preprocessor.transformers}["gaps"]
    assert names["gaps"] == ["gappy"]


def test_a_category_of_many_levels_is_one_number_however_many_there_are() -> None:
    columns = [
        Column(name=str(distinct), type="category", missing=0, distinct=distinct)
        for distinct in (2, MAX_LEVELS, MAX_LEVELS + 1, 10**6)
    ]
    assert [column.distinct for column in coded_columns(columns)] == [2, MAX_LEVELS]


@pytest.mark.parametrize("name", ["lightgbm", "hist_gradient_boosting"])
def test_the_graph_encodes_and_splits_them_as_the_pipeline_does(name: str, data: Split) -> None:
    params = FEW if name == "lightgbm" else {"categorical_features": []}
    model = fitted(data, name, **params)
    graph = compiled(model, data)
    assert difference(model, graph, data.train_x) <= TOLERANCE
    assert difference(model, graph, hostile_rows(data.test_x)) <= TOLERANCE
    assert check_parity(model, graph, data.train_x) <= TOLERANCE


def test_the_graph_knows_the_levels_of_a_category(data: Split) -> None:
    features = {feature.name: feature for feature in compiled(fitted(data, "lightgbm", **FEW), data).features}
    assert features["letter"].levels == ["a", "b", "c"]
    assert features["letter"].fill == ""


def test_a_column_without_a_value_in_a_fold_is_constant_there(data: Split) -> None:
    empty = data.train_x.assign(letter=pd.Series(np.nan, index=data.train_x.index, dtype=object))
    coder = data.coder.fit(empty, data.train_y)
    assert set(coder.transform(empty)[:, 0]) == {0.0}
    assert np.isnan(coder.transform(data.train_x)[1, 0])
