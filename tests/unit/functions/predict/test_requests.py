"""A batch costs what its rows cost, whatever size of batches its caller asks for."""

from functools import partial
from typing import Any, cast

import numpy as np
import pytest

from core.array_types import Floats, RawColumns
from core.deadlines import deadline
from core.errors import DeadlineError
from core.inference.session import CompiledModel
from core.manifests import Feature
from core.packed_columns import ColumnTable
from core.services.prediction.loaded_models import LoadedModel
from core.services.prediction.predict import predict_table
from functions.predict import fast_path
from functions.predict.requests import LEAST_BATCH, BatchRequest, CsvRequest
from tests.support.storage import model_draft

FEATURES = [Feature(name="x", type="number", fill=0.0)]
ROWS = 3 * LEAST_BATCH
WHOLE = [float(2 * i) for i in range(ROWS)]


class Doubling(CompiledModel):
    """A model that doubles x, and counts its runs."""

    def __init__(self) -> None:
        self.runs = 0
        self.features, self.levels = FEATURES, {"x": None}

    def run(self, columns: RawColumns) -> Floats:
        self.runs += 1
        return 2 * np.asarray(columns["x"], np.float64)


@pytest.fixture
def model(settled: None) -> LoadedModel:
    return LoadedModel(model_draft(b"", b"", features=FEATURES), Doubling())


def _asked(**fields: Any) -> BatchRequest:
    return BatchRequest(model_name="boat", batch_size=1, **fields)


def _runs(model: LoadedModel) -> int:
    return cast(Doubling, model.compiled).runs


def test_records_are_predicted_in_batches_worth_a_run(model: LoadedModel) -> None:
    found = _asked(data=[{"x": i} for i in range(ROWS)]).predict(cast(Any, None), model)
    assert (found.values.tolist(), _runs(model)) == (WHOLE, 3)


def test_rows_are_predicted_in_batches_worth_a_run(model: LoadedModel) -> None:
    found = _asked(columns=["x"], rows=[[i] for i in range(ROWS)]).predict(cast(Any, None), model)
    assert (found.values.tolist(), _runs(model)) == (WHOLE, 3)


def test_a_csv_is_predicted_in_batches_worth_a_run(model: LoadedModel) -> None:
    body = "x,y\n" + "".join(f"{i},{i % 2}\n" for i in range(ROWS))
    found = CsvRequest.model_validate({"model_name": "boat", "batch_size": "1"}).predict(model, body.encode(), None)
    assert (found.values.tolist(), _runs(model)) == (WHOLE, 3)


def test_plain_records_are_predicted_in_batches_worth_a_run(
    model: LoadedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fast_path, "find_model", lambda workspace, name: model)
    records = ",".join(f'{{"x":{i}}}' for i in range(ROWS))
    body = f'{{"model_name":"boat","batch_size":1,"data":[{records}]}}'.encode()
    found = fast_path.predict_plain(cast(Any, None), body)
    assert found is not None
    assert (found[1].values.tolist(), _runs(model)) == (WHOLE, 3)


def test_no_batch_begins_when_the_time_is_over(model: LoadedModel) -> None:
    table = ColumnTable({"x": np.arange(3.0)}, {"x": "number"})
    ways = (
        partial(_asked(data=[{"x": 1}, {"x": 2}]).predict, cast(Any, None), model),
        partial(predict_table, model, table),
    )
    for predict in ways:
        with deadline(0), pytest.raises(DeadlineError):
            predict()
    assert _runs(model) == 0
