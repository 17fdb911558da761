"""Plain records straight from JSON: the same columns as by the long way, or nothing where only that one will do."""

import json
from typing import Any

import pytest

from core.inference.fast_json import batch_from_plain_records, read_plain_records
from core.inference.input_batch import raw_columns_of_batch
from core.inference.input_warnings import InputWarnings
from core.manifests import Feature
from tests.support.raw_columns import raw_columns_of_records

FEATURES = [
    Feature(name="size", type="number", fill=1.5),
    Feature(name="城市", type="category", fill="", levels=["Zürich", "东京"]),
    Feature(name="new", type="boolean", fill=0.0),
    Feature(name="built", type="date", fill=0.0),
]
CLEAN = {"size": 70.5, "城市": "东京", "new": True, "built": "1999-12-31"}


def read(data: str) -> list[Any] | None:
    found = read_plain_records(f'{{"data": {data}}}'.encode("utf-8", "surrogatepass"), FEATURES)
    return found and found[0]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("size", value) for value in (3, None, 2**53 + 1)),
        *(("城市", value) for value in ("Zürich", "nowhere", None, 7)),
        *(("new", value) for value in (False, "yes", None)),
        *(("built", value) for value in (86400, None)),
    ],
)
def test_plain_records_become_the_columns_and_warnings_of_the_long_way(name: str, value: Any) -> None:
    records = [CLEAN, {**CLEAN, name: value}, dict(reversed(CLEAN.items()))]
    plain = read(json.dumps(records))
    assert plain is not None
    input_warnings = InputWarnings(FEATURES)
    columns = raw_columns_of_batch(batch_from_plain_records(plain, FEATURES), FEATURES, input_warnings)
    expected, warnings = raw_columns_of_records(records, FEATURES)
    assert {name: repr(values.tolist()) for name, values in columns.items()} == {
        name: repr(values.tolist()) for name, values in expected.items()
    }
    assert input_warnings.warnings() == warnings


@pytest.mark.parametrize(
    "value", ['"3"', "true", "NaN", "Infinity", "1e999", "9" * 400, "[1]", "{}", '"\\ud800"', '"\ud800"', "[" * 100_000]
)
def test_an_odd_number_is_left_to_the_long_way(value: str) -> None:
    assert read(json.dumps([CLEAN]).replace("70.5", value)) is None


@pytest.mark.parametrize("data", ["{}", "null", "[1]", "[[]]", "[null]", "[{}]", "[", '[{"size": 1}]'])
def test_what_is_no_list_of_whole_records_is_left_to_the_long_way(data: str) -> None:
    assert read(data) is None
    assert read(json.dumps([{**CLEAN, "more": 1}])) is None


@pytest.mark.parametrize("name", ['"', "\\", "\n", "", "/", "a.b", "class", "__init__"])
def test_a_feature_may_be_called_anything(name: str) -> None:
    feature = Feature(name=name, type="number", fill=0.0)
    found = read_plain_records(json.dumps({"data": [{name: 1.5}]}).encode(), [feature])
    assert found is None or list(batch_from_plain_records(found[0], [feature]).columns[name]) == [1.5]


def test_what_is_sent_beside_the_records_is_given_as_it_came_and_nothing_else_may_be() -> None:
    body = {"strict": True, "data": [CLEAN], "model_name": "船"}
    found = read_plain_records(
        json.dumps(body, ensure_ascii=False).encode(), FEATURES, ("model_name", "strict", "interval")
    )
    assert found is not None
    assert found[1] == {"model_name": '"船"'.encode(), "strict": b"true"}
    assert read_plain_records(json.dumps(body).encode(), FEATURES, ("model_name",)) is None
