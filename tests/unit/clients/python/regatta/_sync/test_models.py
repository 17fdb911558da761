"""What can be asked of the service can be asked of the client."""

import inspect
import json
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel

from core.jobs.commands import CompareCommand, TrainCommand
from core.reading_fields import ReadingFields
from core.services.prediction.export import ExportRequest
from core.storage.series_repository import SeriesSettings
from functions.predict.requests import BatchRequest
from functions.process.app import ProcessRequest
from regatta import Comparison, Model, Regatta
from regatta.answers import LeaderboardRow
from regatta.reading import Reading
from tests.support.client_service import ScriptedService, answer, regatta

CLIENT = Regatta()
READING = {*ReadingFields.model_fields}
# In the client's words the target is `target`, and a model is given as itself.
WORDS = {"target": "target_column", "model": "model_name", "rows": "data"}
# Parameters of the call alone.
CALL = {"on_progress", "path", "name", "reading"}
# A model that the caller keeps goes with `request`.
KEPT = {"model_data", "model_info"}


@pytest.mark.parametrize(
    ("method", "request_type", "elsewhere"),
    [
        (CLIENT.models.train, TrainCommand, set()),
        (CLIENT.models.compare, CompareCommand, set()),
        (CLIENT.data.process, ProcessRequest, set()),
        (CLIENT.series.configure, SeriesSettings, READING),
        (CLIENT.predict.export, ExportRequest, KEPT),
        (CLIENT.predict.stored, BatchRequest, {*KEPT, "data", "columns", "rows", "batch_size"}),
    ],
    ids=lambda value: getattr(value, "__qualname__", ""),
)
def test_every_field_of_a_request_is_a_parameter(
    method: Callable[..., Any], request_type: type[BaseModel], elsewhere: set[str]
) -> None:
    parameters = {WORDS.get(name, name) for name in inspect.signature(method).parameters} - CALL
    assert parameters == {*request_type.model_fields} - elsewhere


def test_every_field_of_the_reading_is_typed() -> None:
    assert {*Reading.__annotations__} == READING


def test_a_model_means_its_own_version_and_a_name_the_one_that_serves() -> None:
    model = Model.of({"model_name": "m", "version": 3, "model_type": "ridge"})
    service = ScriptedService(answer({"model_name": "m", "version": 3, "importance": []}))
    client = regatta(service)
    for named in (model, LeaderboardRow.of(dict(model.raw)), "m"):
        client.models.importance(named)
    client.models.importance(model, version=2)
    assert [request.url.query for request in service.requests] == [b"version=3", b"version=3", b"", b"version=2"]


def test_a_row_of_a_leaderboard_that_was_not_stored_cannot_be_asked() -> None:
    with pytest.raises(ValueError, match="baseline of this comparison was not stored"):
        CLIENT.predict([{}], LeaderboardRow.of({"model_type": "baseline"}))


def test_another_object_is_no_model() -> None:
    with pytest.raises(TypeError, match="not dict"):
        CLIENT.models.schema({"model_name": "m"})  # type: ignore[arg-type]


def test_all_pages_of_models_are_one_list() -> None:
    row = {"model_name": "m", "version": 1, "model_type": "ridge", "metrics": {}, "serves": True}
    service = ScriptedService(answer({"models": [row], "next": "c"}), answer({"models": [row], "next": None}))
    assert len(regatta(service).models.list("m")) == 2
    assert service.requests[1].url.params["cursor"] == "c"


def test_a_comparison_is_followed_and_typed() -> None:
    rows = [{"model_type": "ridge", "model_name": "m", "version": 1, "cross_validation": {"mean": 0.5}}]
    result = {"file_id": "f", "results": rows, "best": rows[0], "failed": [], "warnings": []}
    job = {"job_id": "j", "kind": "compare", "status": "succeeded", "result": result}
    service = ScriptedService(answer(job, 202))
    comparison = regatta(service).models.compare("y", include=("svr",), time_limit=5)
    assert isinstance(comparison, Comparison)
    assert (comparison.best.r2, comparison.best) == (0.5, comparison.results[0])
    service.answers = [answer({"model_name": "m", "version": 1, "features": []})]
    regatta(service).models.schema(comparison)
    assert service.requests[-1].url.query == b"version=1"
    assert json.loads(service.requests[0].content) == {"target_column": "y", "include": ["svr"], "time_limit": 5}


def test_a_label_that_is_a_number_names_its_column() -> None:
    service = ScriptedService(
        answer({"job_id": "j", "kind": "train", "status": "queued", "stage": "queued", "progress": 0})
    )
    label: Any = 1
    regatta(service).models.submit_train("ridge", label)
    assert json.loads(service.requests[0].content)["target_column"] == "1"
