"""The fields of a multipart upload that say how the file is to be read."""

from typing import Any

import httpx
import pytest

from tests.support.storage import Repositories

CSV = b"a,b\n1,x\n2,y\n"


def upload(handlers: httpx.Client, fields: dict[str, Any], content: bytes = CSV) -> httpx.Response:
    return handlers.post("/data/upload", files={"file": ("a.csv", content)}, data=fields)


def test_the_fields_come_as_texts_of_a_form_and_are_shown(handlers: httpx.Client) -> None:
    fields = {"dates": "dmy", "decimal": "point", "types": '{"b": "category"}', "missing": ["-999", "unknown"]}
    asked = {"dates": "dmy", "decimal": ".", "types": {"b": "category"}, "missing": ["-999", "unknown"]}
    answer = upload(handlers, fields)
    assert (answer.status_code, answer.json()["reading"]) == (200, asked)
    file_id = answer.json()["file_id"]
    assert handlers.get("/data/info", params={"file_id": file_id}).json()["reading"] == asked
    assert handlers.get(f"/data/files/{file_id}").json()["reading"] == asked


def test_an_upload_without_them_answers_as_before(handlers: httpx.Client) -> None:
    answer = upload(handlers, {"dates": "", "missing": "", "encoding": ""}).json()
    assert not {"reading", "parent", "formats", "decimals", "units"} & set(answer)
    status = handlers.get(f"/data/files/{answer['file_id']}").json()
    assert not {"reading", "parent", "formats", "decimals", "units"} & set(status)


def test_spellings_come_one_by_one_or_as_one_list(handlers: httpx.Client) -> None:
    for sent in (["x", "[q"], '["x", "[q"]'):
        answer = upload(handlers, {"missing": sent}).json()
        assert answer["reading"] == {"missing": ["x", "[q"]}


def test_a_field_that_is_not_known_is_ignored_and_named(handlers: httpx.Client) -> None:
    answer = upload(handlers, {"date": "dmy", "submit": "Send"}).json()
    assert answer["warnings"][:2] == [
        "the form has a field 'date', which is not known and was ignored; did you mean 'dates'?",
        "the form has a field 'submit', which is not known and was ignored",
    ]
    assert "reading" not in answer


def test_many_fields_that_are_not_known_are_counted(handlers: httpx.Client) -> None:
    answer = upload(handlers, {f"{i}{'x' * 1_000}": "" for i in range(100)})
    warnings = answer.json()["warnings"]
    assert warnings[20] == "the form has 80 more unknown fields, which were ignored"
    assert len(answer.content) < 5_000


@pytest.mark.parametrize(
    ("fields", "field", "allowed"),
    [
        ({"dates": "german"}, "dates", "'dmy', 'mdy' or 'ymd'"),
        ({"decimal": "0"}, "decimal", "'.' or ','"),
        ({"types": "a=number"}, "types", '{"price": "number"}'),
        ({"types": "[1]"}, "types", "dictionary"),
        ({"types": '{"a": "text"}'}, "types.a", "'category'"),
        ({"missing": "[1]"}, "missing[0]", "string"),
        ({"missing": "None", "keep": "None"}, "keep", "in missing as well"),
        ({"decimal": ",", "thousands": ","}, "thousands", "decimal mark"),
    ],
)
def test_a_bad_field_is_named_with_what_it_may_be_and_nothing_is_stored(
    handlers: httpx.Client, repositories: Repositories, fields: dict[str, Any], field: str, allowed: str
) -> None:
    answer = upload(handlers, fields)
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:regatta:problem:invalid-input")
    (error,) = answer.json()["errors"]
    assert error["field"] == field
    assert allowed in error["message"]
    assert repositories.keys() == []
