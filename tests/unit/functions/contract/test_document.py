"""The OpenAPI document: complete, the one that is committed, and with examples that work."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.types import Json
from functions.contract.examples import EXAMPLE_CSV, EXAMPLES
from functions.contract.openapi_3_0 import render_3_0
from functions.contract.operations import OPERATIONS
from functions.system.documentation import router as documentation_router
from infra.local.server import openapi
from tests.support.gateway import HandlerTransport, template_routes
from tests.support.process_state import process_environment
from tests.support.stack import Stack

COMMITTED = Path(__file__).resolve().parents[4] / "docs/openapi.json"


@pytest.fixture(scope="module")
def document() -> Json:
    return openapi()


def test_the_committed_document_is_that_of_the_code(document: Json) -> None:
    assert json.loads(COMMITTED.read_text()) == document, "make openapi writes it anew"


def test_every_route_of_the_template_is_an_operation_with_a_name_of_its_own(document: Json) -> None:
    described = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    documentation = {route.path for route in documentation_router.routes}
    routed = {
        (method, path) for method, path, _ in template_routes() if method != "OPTIONS" and path not in documentation
    }
    assert described == OPERATIONS.keys() == routed
    names = [operation.id for operation in OPERATIONS.values()]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch("[a-z]+(_[a-z]+)*", name) for name in names)


def test_every_operation_says_what_it_answers_and_how_it_fails(document: Json) -> None:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert operation["summary"], (method, path)
            statuses = operation["responses"]
            assert any(status < "400" for status in statuses), (method, path)
            assert {"422", "500", "503"} <= statuses.keys()
            for status, response in statuses.items():
                if status >= "400":
                    assert list(response["content"]) == ["application/problem+json"]


def test_every_reference_is_to_a_schema_and_every_schema_is_referred_to(document: Json) -> None:
    text = json.dumps(document)
    assert "$defs" not in text
    found = {name.rpartition("/")[2] for name in re.findall(r'"\$ref": "#/components/schemas/([^"]+)"', text)}
    assert found == document["components"]["schemas"].keys()
    assert not [name for name in found if "__" in name]


def test_answers_may_get_more_fields_and_requests_may_not(document: Json) -> None:
    schemas = document["components"]["schemas"]
    assert "additionalProperties" not in schemas["Prediction"]
    assert schemas["TrainCommand"]["additionalProperties"] is False


def test_the_older_rendering_has_no_keyword_of_3_1(document: Json) -> None:
    text = json.dumps(render_3_0(document))
    assert '"openapi": "3.0.3"' in text
    for keyword in ('"const":', '"type": "null"', '"exclusiveMinimum": 0', '"propertyNames"', '"contentMediaType"'):
        assert keyword not in text


@pytest.fixture(scope="module")
def client(stack: Stack) -> Iterator[httpx.Client]:
    with (
        process_environment(stack.env),
        httpx.Client(transport=HandlerTransport(), base_url="http://handlers") as client,
    ):
        yield client


def test_the_examples_work_one_after_another(client: httpx.Client) -> None:
    names: dict[str, Any] = {"model_name": "houses", "version": 1, "name": "houses"}
    uploaded = client.post("/data/upload", files={"file": ("houses.csv", EXAMPLE_CSV)}).raise_for_status().json()
    names["file_id"] = uploaded["file_id"]
    for (method, path), example in EXAMPLES.items():
        if "job_id" in path:
            continue  # there is no arrival to overrule
        if path.startswith("/v2"):
            names["model_name"] = "flats"  # as the example before has renamed it
        answer = client.request(method, path.format(**names), json=example)
        assert answer.is_success, (method, path, answer.text)
