"""The custom resource that finds out the public keys: what CloudFormation asks, and what it is answered."""

import json
from contextlib import closing
from io import BytesIO
from typing import Any
from urllib.request import Request

import pytest

from core.storage.signing import keyring, verifying_keys
from core.types import Json
from functions.verifying import handler as publisher
from tests.support.process_state import forget_singletons

ASKED = {
    "ResponseURL": "https://cloudformation-custom-resource-response.example/signed",
    "StackId": "arn:aws:cloudformation:eu-central-1:1:stack/regatta/1",
    "RequestId": "r-1",
    "LogicalResourceId": "PublicKeys",
}


@pytest.fixture
def sent(settled: None, monkeypatch: pytest.MonkeyPatch) -> list[Request]:
    """What is sent to CloudFormation."""
    requests: list[Request] = []

    def open_url(request: Request, **_: Any) -> Any:
        requests.append(request)
        return closing(BytesIO())

    monkeypatch.setattr(publisher, "urlopen", open_url)
    return requests


def answer(sent: list[Request], kind: str) -> Json:
    publisher.handler({**ASKED, "RequestType": kind}, None)
    (request,) = sent
    assert (request.method, request.full_url) == ("PUT", ASKED["ResponseURL"])
    assert request.get_header("Content-type") == ""
    assert isinstance(request.data, bytes)
    document: Json = json.loads(request.data)
    assert {name: document[name] for name in ("StackId", "RequestId", "LogicalResourceId")} == {
        name: ASKED[name] for name in ("StackId", "RequestId", "LogicalResourceId")
    }
    return document


@pytest.mark.parametrize("kind", ["Create", "Update"])
def test_a_stack_learns_the_public_keys_and_no_other(sent: list[Request], kind: str) -> None:
    document = answer(sent, kind)
    assert (document["Status"], document["Data"]) == ("SUCCESS", {"Keys": verifying_keys(keyring())})


def test_a_deletion_succeeds_also_without_a_key(sent: list[Request], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REGATTA_SIGNING_KEY")
    forget_singletons()
    document = answer(sent, "Delete")
    assert (document["Status"], "Data" in document) == ("SUCCESS", False)


@pytest.mark.parametrize(("key", "reason"), [("a" * 32, "has all bytes equal"), (None, "Set REGATTA_VERIFYING_KEYS")])
def test_a_stack_with_a_weak_key_or_none_is_not_created(
    sent: list[Request], monkeypatch: pytest.MonkeyPatch, key: str | None, reason: str
) -> None:
    if key is None:
        monkeypatch.delenv("REGATTA_SIGNING_KEY")
    else:
        monkeypatch.setenv("REGATTA_SIGNING_KEY", key)
    forget_singletons()
    document = answer(sent, "Create")
    assert document["Status"] == "FAILED"
    assert reason in document["Reason"]
