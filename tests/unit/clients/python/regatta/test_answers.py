"""The classes of answers agree with the contract, take what newer services add, and show themselves."""

import dataclasses
import json
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

import pytest

from regatta import answers, predictions

CONTRACT = json.loads((Path(__file__).parents[5] / "docs/openapi.json").read_text())
# A job has a schema for each kind.
JOBS = tuple(
    reference.rpartition("/")[2]
    for union in ("JobAnswer", "JobSummary")
    for reference in CONTRACT["components"]["schemas"][union]["discriminator"]["mapping"].values()
)
# By class the schemas that it is made of.
SCHEMAS: dict[type[answers.Answer], tuple[str, ...]] = {
    answers.Arrival: ("Arrival",),
    answers.Comparison: ("Comparison",),
    answers.Dataset: ("Upload", "FileSummary", "DatasetInfo", "FileReady"),
    answers.DatasetRows: ("DatasetRows",),
    answers.FileStatus: ("UploadTicket", "FileReady"),
    answers.Job: JOBS,
    answers.LeaderboardRow: ("LeaderboardRow",),
    answers.Metrics: ("ModelMetrics",),
    answers.Model: ("Trained", "ModelManifest", "TrainedModel"),
    answers.ModelSchema: ("ModelSchema",),
    answers.Outliers: ("Outliers",),
    answers.Preview: ("Preview",),
    answers.Processed: ("ProcessEffect",),
    answers.Profile: ("Profile",),
    answers.Regressor: ("RegressorEntry",),
    answers.Series: ("SeriesAnswer", "SeriesConfigured", "SeriesStatus"),
    answers.Status: ("SystemStatus",),
    predictions.Prediction: ("Prediction",),
    predictions.Predictions: ("BatchPredictions",),
}
# Fields that the client adds itself.
OWN = {"raw", "current", "index", "library", "level"}
JSON_TYPES = {"string": str, "integer": int, "number": float, "boolean": bool, "array": list, "object": dict}
PAIRS = [(kind, schema) for kind, schemas in SCHEMAS.items() for schema in schemas]


def test_every_class_of_answers_is_compared() -> None:
    classes = {
        kind
        for module in (answers, predictions)
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, answers.Answer) and kind is not answers.Answer
    }
    assert classes == {*SCHEMAS}


@pytest.mark.parametrize(("kind", "schema"), PAIRS, ids=lambda value: getattr(value, "__name__", value))
def test_fields_without_a_default_are_always_there(kind: type[answers.Answer], schema: str) -> None:
    needed = {f.name for f in dataclasses.fields(kind) if _is_required(f)} - OWN
    assert needed <= {*CONTRACT["components"]["schemas"][schema]["required"]}


@pytest.mark.parametrize("kind", SCHEMAS, ids=lambda kind: kind.__name__)
def test_every_field_is_one_of_the_contract(kind: type[answers.Answer]) -> None:
    known = {name for schema in SCHEMAS[kind] for name in CONTRACT["components"]["schemas"][schema]["properties"]}
    assert {f.name for f in dataclasses.fields(kind)} - OWN <= known


@pytest.mark.parametrize(("kind", "schema"), PAIRS, ids=lambda value: getattr(value, "__name__", value))
def test_a_field_has_the_type_of_the_contract(kind: type[answers.Answer], schema: str) -> None:
    properties = CONTRACT["components"]["schemas"][schema]["properties"]
    for name, hint in get_type_hints(kind).items():
        if name in properties and name not in OWN:
            assert _types(properties[name]) <= _accepted(hint), f"{name}: {hint}, {properties[name]}"


def _is_required(f: dataclasses.Field[Any]) -> bool:
    return f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING


def _types(schema: dict[str, Any]) -> set[type]:
    """The types of Python that a value of a schema may have."""
    if "$ref" in schema:
        schema = CONTRACT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if "anyOf" in schema:
        return {kind for either in schema["anyOf"] for kind in _types(either)}
    if schema.get("type") == "null":
        return {NoneType}
    return {JSON_TYPES[schema["type"]]} if isinstance(schema.get("type"), str) else set()


def _accepted(hint: Any) -> set[type]:
    """The types of Python that a field says it may have."""
    if isinstance(hint, UnionType):
        return {kind for either in get_args(hint) for kind in _accepted(either)}
    origin = get_origin(hint) or hint
    named: dict[str, set[type]] = {"Mapping": {dict}, "Sequence": {list, str}}
    if isinstance(origin, type) and issubclass(origin, answers.Answer):
        return {dict}
    return named.get(getattr(origin, "__name__", "")) or ({int, float} if origin is float else {origin})


def test_a_newer_service_may_add_fields_and_an_older_one_may_lack_some() -> None:
    job = answers.Job.of({"job_id": "j", "kind": "train", "status": "queued", "mood": "fine"})
    assert (job.mood if hasattr(job, "mood") else job["mood"], job.progress, job.is_over) == ("fine", 0.0, False)
    assert job == answers.Job.of({"job_id": "j", "kind": "train", "status": "queued"})


def test_answers_cannot_be_changed() -> None:
    job = answers.Job.of({"job_id": "j", "kind": "train", "status": "queued"})
    with pytest.raises(dataclasses.FrozenInstanceError):
        job.status = "succeeded"  # type: ignore[misc]


HOSTILE = "<script>alert('x')</script>"


@pytest.mark.parametrize(
    "shown",
    [
        answers.Dataset.of(
            {
                "file_id": HOSTILE,
                "filename": HOSTILE,
                "rows": 1,
                "columns": 1,
                "column_types": {HOSTILE: HOSTILE},
                "warnings": [HOSTILE],
            }
        ),
        answers.Preview.of({"file_id": "f", "columns": [HOSTILE], "rows": [[HOSTILE], [None]]}),
        answers.Profile.of({"rows": 1, "columns": {}, "findings": [{"column": HOSTILE, "finding": HOSTILE}]}),
        answers.Model.of(
            {
                "model_name": HOSTILE,
                "version": 1,
                "model_type": HOSTILE,
                "target_column": HOSTILE,
                "metrics": {"r2": 0.5, "mape": None},
                "importance": [{"feature": HOSTILE, "mean": 0.1}],
                "warnings": [HOSTILE],
            }
        ),
        answers.ModelSchema.of(
            {
                "model_name": HOSTILE,
                "version": 1,
                "features": [{"name": HOSTILE, "type": "category", "fill": HOSTILE, "levels": [HOSTILE]}],
            }
        ),
        answers.Comparison.of(
            {
                "file_id": "f",
                "results": [{"model_type": HOSTILE}],
                "best": {"model_type": HOSTILE},
                "warnings": [HOSTILE],
            }
        ),
        answers.Status.of({"status": HOSTILE, "storage": {"detail": HOSTILE}}),
    ],
    ids=lambda shown: type(shown).__name__,
)
def test_a_notebook_shows_it_with_everything_escaped(shown: Any) -> None:
    html = shown._repr_html_()
    assert "&lt;script&gt;" in html
    assert "<script" not in html
