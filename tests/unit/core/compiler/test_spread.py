"""A graph with a learned spread predicts as it did, and returns the spread of each row where a run asks for it."""

import numpy as np
import pytest

from core.automl.adaptive_interval import SpreadBudget, with_spread
from core.automl.training import TrainedModel
from core.automl.verified_graph import VerifiedGraph, verify_graph
from core.compiler.compile import raw_columns_of_frame
from core.compiler.spread import add_spread, check_spread
from core.errors import TrainingFailedError
from core.inference.session import CompiledModel, open_session
from core.regressors.splits import Split
from core.regressors.spread import Spread, fit_spread
from core.regressors.unseen_rows import FinalModel
from tests.support.training import real_split, split_text, trained

ROWS = 600
BUDGET = SpreadBudget(60.0, 1 << 30)


@pytest.fixture(scope="module")
def taxis() -> tuple[Split, TrainedModel, VerifiedGraph]:
    """A model of numbers, dates and categories with gaps, whose errors grow with the fare."""
    data = real_split("taxis", ROWS)
    done = trained(data, "ridge")
    return data, done, verify_graph(done.pipeline, data)


@pytest.fixture(scope="module")
def spread(taxis: tuple[Split, TrainedModel, VerifiedGraph]) -> Spread:
    learned = fit_spread(taxis[1].out_of_fold, FinalModel(taxis[0], taxis[1].holdout), 60.0)
    assert learned is not None
    assert len(learned.factor.knots) > 1
    return learned


def test_the_prediction_is_the_same_to_the_bit_and_the_spread_is_the_learned_one(
    taxis: tuple[Split, TrainedModel, VerifiedGraph], spread: Spread
) -> None:
    data, _, verified = taxis
    graph = add_spread(verified.graph, data.columns, spread)
    assert graph.startswith(verified.graph)
    model = CompiledModel(graph, verified.features)
    columns = raw_columns_of_frame(data.train_x, verified.features)
    values, spreads = model.run_with_spread(columns)
    assert values.tobytes() == model.run(columns).tobytes() == verified.compiled.run(columns).tobytes()
    np.testing.assert_allclose(spreads, spread.predict(data.train_x, values), rtol=1e-9)
    assert np.ptp(spreads) > spreads.min() > 0


def test_a_row_has_the_same_spread_to_the_bit_in_any_batch(
    taxis: tuple[Split, TrainedModel, VerifiedGraph], spread: Spread
) -> None:
    data, _, verified = taxis
    model = CompiledModel(add_spread(verified.graph, data.columns, spread), verified.features)
    columns = raw_columns_of_frame(data.train_x, verified.features)
    model._is_large = True
    whole = model.run_with_spread({name: np.tile(values, 2) for name, values in columns.items()})[1]
    for rows in (np.array([3]), np.arange(3, 20), np.arange(400)[::-1]):
        some = model.run_with_spread({name: values[rows] for name, values in columns.items()})[1]
        assert some.tobytes() == whole[rows].tobytes()


def test_a_run_that_does_not_ask_for_the_spread_does_not_compute_it(
    taxis: tuple[Split, TrainedModel, VerifiedGraph], spread: Spread
) -> None:
    data, _, verified = taxis
    session = open_session(add_spread(verified.graph, data.columns, spread))
    plain = open_session(verified.graph)
    assert [one.name for one in session.get_inputs()] == [one.name for one in plain.get_inputs()]
    assert [one.name for one in session.get_outputs()] == ["prediction", "spread"]
    raw = raw_columns_of_frame(data.train_x.head(2), verified.features)
    feed = {name: values.reshape(-1, 1) for name, values in raw.items()}
    assert [one.shape for one in session.run(None, feed)] == [(2, 1), (0, 1)]
    assert [one.shape for one in session.run(None, {**feed, "with_spread": np.array(True)})] == [(2, 1), (2, 1)]


def test_columns_may_be_called_as_what_is_added() -> None:
    random = np.random.default_rng(0)
    numbers = random.uniform(size=(200, 4))
    y = numbers @ [1, 2, 3, 4] + random.normal(size=200) * (0.1 + 3 * numbers[:, 0])
    names = "spread,with_spread,prediction,/MatMul_1,y"
    data = split_text(
        "\n".join([names, *(",".join(map(str, [*row, value])) for row, value in zip(numbers, y, strict=True))])
    )
    done = trained(data, "ridge")
    verified = with_spread(verify_graph(done.pipeline, data), data, done.out_of_fold, done.holdout, BUDGET)
    assert len(verified.spread_quantiles) == 201
    session = open_session(verified.graph)
    assert [one.name for one in session.get_outputs()] == ["prediction_", "spread_"]
    assert [one.name for one in session.get_overridable_initializers()] == ["with_spread_"]
    columns = raw_columns_of_frame(data.train_x, verified.features)
    values, spreads = CompiledModel(verified.graph, verified.features).run_with_spread(columns)
    assert values.tobytes() == verified.compiled.run(columns).tobytes()
    assert (spreads > 0).all()


def test_a_graph_that_may_not_grow_so_far_stays_as_it_is(taxis: tuple[Split, TrainedModel, VerifiedGraph]) -> None:
    data, done, verified = taxis
    assert (
        with_spread(verified, data, done.out_of_fold, done.holdout, SpreadBudget(60.0, len(verified.graph))) is verified
    )
    assert with_spread(verified, data, done.out_of_fold, done.holdout, SpreadBudget(0.0, 1 << 30)) is verified


def test_a_spread_that_is_compiled_wrongly_leaves_the_graph_as_it_is(
    taxis: tuple[Split, TrainedModel, VerifiedGraph], spread: Spread, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, done, verified = taxis
    rows = data.train_x.head(50)
    predicted = verified.compiled.run(raw_columns_of_frame(rows, verified.features))
    check_spread(verified.features, data.columns, spread, rows, predicted)
    monkeypatch.setattr(Spread, "predict", lambda *_: np.ones(50))
    with pytest.raises(TrainingFailedError, match="differs"):
        check_spread(verified.features, data.columns, spread, rows, predicted)
    with pytest.raises(TrainingFailedError, match="does not take"):
        check_spread(verified.features[1:], data.columns, spread, rows, predicted)
    monkeypatch.setattr(Spread, "predict", lambda self, rows, predicted: np.ones(len(rows)))
    assert with_spread(verified, data, done.out_of_fold, done.holdout, BUDGET) is verified


def test_a_graph_without_a_spread_has_neither_switch_nor_output(
    taxis: tuple[Split, TrainedModel, VerifiedGraph],
) -> None:
    session = open_session(taxis[2].graph)
    assert len(session.get_outputs()) == 1
    assert session.get_overridable_initializers() == []
