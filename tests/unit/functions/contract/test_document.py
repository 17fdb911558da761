"""The OpenAPI document: complete, and the one that is committed. tests/api/test_examples.py sends its examples."""

import json
import re
from pathlib import Path

import pytest

from core.storage.versions import MODEL_NAME
from core.types import Json
from functions.contract.document import assemble
from functions.contract.examples import JSON
from functions.contract.openapi_3_0 import render_3_0
from functions.contract.operations import OPERATIONS
from functions.contract.requests import NAME
from functions.system.console.routes import router as console_router
from functions.system.documentation import router as documentation_router
from infra.local.server import merge, openapi
from tests.support.gateway import template_routes

ROOT = Path(__file__).resolve().parents[4]
COMMITTED = ROOT / "docs/openapi.json"


@pytest.fixture(scope="module")
def document() -> Json:
    return openapi()


def test_the_committed_document_is_that_of_the_code(document: Json) -> None:
    assert json.loads(COMMITTED.read_text()) == document, "make openapi writes it anew"


def test_every_route_of_the_template_is_an_operation_with_a_name_of_its_own(document: Json) -> None:
    described = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    # The gateway writes the rest of a path as {path+}.
    pages = {
        route.path.replace(":path}", "+}")
        for router in (documentation_router, console_router)
        for route in router.routes
    }
    routed = {
        (method, path)
        for method, path, _ in template_routes()
        if method not in ("HEAD", "OPTIONS") and path not in pages
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


def test_patterns_are_regular_expressions_of_every_language(document: Json) -> None:
    patterns = {json.loads(found) for found in re.findall(r'"pattern": ("(?:[^"\\\\]|\\\\.)*")', json.dumps(document))}
    assert patterns
    for pattern in patterns:
        assert r"\p{" not in pattern
        re.compile(pattern)
    name = re.compile(NAME["pattern"])
    for text in ("houses", "_1", "häuser_北京-ridge v1.2", "x" * 100):
        assert name.search(text) and MODEL_NAME.fullmatch(text)
    ascii_texts = [chr(code) for code in range(128)] + ["a" + chr(code) for code in range(128) if chr(code) != "\n"]
    for text in [*ascii_texts, "x" * 101, ""]:
        assert bool(name.search(text)) == bool(MODEL_NAME.fullmatch(text)), text


def test_a_body_that_a_function_reads_has_its_fields_and_no_others(document: Json) -> None:
    for path in ("/model/train", "/model/compare"):
        reference = document["paths"][path]["post"]["requestBody"]["content"][JSON]["schema"]["$ref"]
        schema = document["components"]["schemas"][reference.rpartition("/")[2]]
        assert schema["additionalProperties"] is False and "anyOf" not in schema


def test_the_older_rendering_has_no_keyword_of_3_1(document: Json) -> None:
    text = json.dumps(render_3_0(document))
    assert '"openapi": "3.0.3"' in text
    for keyword in ('"const":', '"type": "null"', '"exclusiveMinimum": 0', '"propertyNames"', '"contentMediaType"'):
        assert keyword not in text


def test_a_page_sends_no_query_beside_the_example_of_a_body(document: Json) -> None:
    """A field in the query and in the body is an error, so a page must not fill in the defaults of the query."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if "requestBody" in operation:
                filled = [each["name"] for each in operation.get("parameters", ()) if "default" in each["schema"]]
                assert not filled, (method, path)


def test_a_parameter_is_left_out_and_never_null(document: Json) -> None:
    for methods in document["paths"].values():
        for operation in methods.values():
            assert '"null"' not in json.dumps(operation.get("parameters", []))
    assert '"null"' not in json.dumps(document["components"]["schemas"]["UploadForm"])


def test_every_answer_says_its_version_and_where_it_leads(document: Json) -> None:
    for methods in document["paths"].values():
        for operation in methods.values():
            for status, answer in operation["responses"].items():
                assert {"Regatta-Version", "X-Request-Id"} <= set(answer["headers"])
                if status in ("202", "303"):
                    assert "Location" in answer["headers"] or operation["operationId"] in ("cancel_job", "retry_job")


def test_a_link_leads_to_an_operation_that_has_the_parameter(document: Json) -> None:
    operations = {each["operationId"]: each for methods in document["paths"].values() for each in methods.values()}
    links = [
        link
        for op in operations.values()
        for answer in op["responses"].values()
        for link in answer.get("links", {}).values()
    ]
    assert links
    for link in links:
        parameters = {each["name"] for each in operations[link["operationId"]]["parameters"]}
        assert link["parameters"].keys() <= parameters, link


def test_an_authorizer_adds_its_scheme_and_its_refusals() -> None:
    schemes = {"key": {"type": "apiKey", "in": "header", "name": "X-Api-Key"}}
    document = assemble(merge().openapi(), schemes=schemes)
    assert (document["security"], document["components"]["securitySchemes"]) == ([{"key": []}, {}], schemes)
    assert {"401", "403"} <= document["paths"]["/predict"]["post"]["responses"].keys()
    assert assemble(merge().openapi())["security"] == []
