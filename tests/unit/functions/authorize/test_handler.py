"""The authorizer of the API: what it tells the gateway, and what the functions take from it."""

from collections.abc import Iterator
from typing import Any

import pytest

from core.access.keys import new_key
from core.access.roles import LEAST_ROLES, Role
from core.errors import UnauthorizedError, UnavailableError
from core.settings import settings
from core.storage.key_repository import KeyRepository
from core.storage.s3.object_store import ObjectStore
from functions.authorize import handler as authorizer
from functions.authorizer_context import caller_of_gateway
from functions.operation_ids import OPERATION_IDS

ROUTES = {name: route for route, name in OPERATION_IDS.items()}
ARN = "arn:aws:execute-api:eu-central-1:123456789012:abcdef123/prod/GET/jobs"


@pytest.fixture(autouse=True)
def asks_for_keys(bucket: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("REGATTA_AUTH", "keys")
    settings.cache_clear()
    authorizer._callers.cache_clear()
    yield
    settings.cache_clear()
    authorizer._callers.cache_clear()


@pytest.fixture
def keys(bucket: ObjectStore) -> KeyRepository:
    return KeyRepository(bucket)


def event(operation: str = "list_jobs", **parts: Any) -> dict[str, Any]:
    method, resource = ROUTES[operation]
    return {"type": "REQUEST", "methodArn": ARN, "httpMethod": method, "resource": resource, **parts}


def sent_as(name: str, value: str) -> dict[str, Any]:
    return {"headers": {name: value}, "multiValueHeaders": {name: [value]}}


@pytest.mark.parametrize(
    ("name", "scheme"), [("Authorization", "Bearer "), ("authorization", "bearer "), ("X-Api-Key", "")]
)
def test_a_valid_key_is_allowed_with_its_workspace_and_role(keys: KeyRepository, name: str, scheme: str) -> None:
    _, made = keys.create("acme", "train", per_second=2.5, per_day=10)
    answer = authorizer.handler(event(**sent_as(name, scheme + made.text)), None)
    (statement,) = answer["policyDocument"]["Statement"]
    assert statement["Effect"] == "Allow"
    assert statement["Resource"] == ARN.removesuffix("GET/jobs") + "*"
    caller = caller_of_gateway({"requestContext": {"authorizer": answer["context"]}})
    assert (caller.workspace, caller.role, caller.key_id) == ("acme", Role.TRAIN, made.key_id)
    assert (caller.per_second, caller.per_day) == (2.5, 10)
    assert made.text not in str(answer)


def test_a_revoked_key_is_refused_at_once(keys: KeyRepository) -> None:
    _, made = keys.create("acme", "train")
    sent = event(**sent_as("X-Api-Key", made.text))
    assert authorizer.handler(sent, None)["context"]["workspace"] == "acme"
    keys.revoke(made.key_id)
    with pytest.raises(Exception, match=r"^Unauthorized$"):
        authorizer.handler(sent, None)


@pytest.mark.parametrize("parts", [{}, {"headers": None}, sent_as("X-Api-Key", "x"), sent_as("Cookie", "rgt_")])
def test_who_sends_no_key_is_refused(parts: dict[str, Any]) -> None:
    with pytest.raises(Exception, match=r"^Unauthorized$"):
        authorizer.handler(event(**parts), None)


def test_an_unknown_key_and_one_in_the_address_are_refused(keys: KeyRepository) -> None:
    _, made = keys.create("acme", "admin")
    with pytest.raises(Exception, match=r"^Unauthorized$"):
        authorizer.handler(event(**sent_as("X-Api-Key", new_key().text)), None)
    in_the_address = {
        "queryStringParameters": {"key": made.text},
        "multiValueQueryStringParameters": {"key": [made.text]},
    }
    with pytest.raises(Exception, match=r"^Unauthorized$"):
        authorizer.handler(event(**sent_as("X-Api-Key", made.text), **in_the_address), None)


@pytest.mark.parametrize("operation", [name for name, least in LEAST_ROLES.items() if least is None])
def test_what_is_open_takes_no_key(operation: str) -> None:
    answer = authorizer.handler(event(operation), None)
    assert answer["policyDocument"]["Statement"][0]["Effect"] == "Allow"
    assert answer["context"] == {}


def test_an_outage_is_no_refusal(keys: KeyRepository, monkeypatch: pytest.MonkeyPatch) -> None:
    _, made = keys.create("acme", "admin")

    def fail(_: object) -> str:
        raise UnavailableError("down")

    monkeypatch.setattr(KeyRepository, "revision", fail)
    with pytest.raises(UnavailableError):
        authorizer.handler(event(**sent_as("X-Api-Key", made.text)), None)


@pytest.mark.parametrize(
    "context",
    [
        {},
        {"workspace": "acme"},
        {"role": "admin"},
        {"workspace": "../default", "role": "admin"},
        {"workspace": "acme", "role": "owner"},
        {"workspace": "acme", "role": "read", "perDay": "x"},
    ],
)
def test_a_function_lets_nobody_in_whom_the_authorizer_did_not_name(context: dict[str, str]) -> None:
    for event_of_gateway in ({"requestContext": {"authorizer": context}}, {"requestContext": {}}, {}):
        with pytest.raises(UnauthorizedError):
            caller_of_gateway(event_of_gateway)


def test_head_is_asked_about_as_the_get_of_the_same_path(keys: KeyRepository) -> None:
    (opened,) = authorizer.handler(event("check_health") | {"httpMethod": "HEAD"}, None)["policyDocument"]["Statement"]
    assert opened["Effect"] == "Allow"
    with pytest.raises(Exception, match="Unauthorized"):
        authorizer.handler(event("list_jobs") | {"httpMethod": "HEAD"}, None)


@pytest.mark.parametrize(
    "parts",
    [
        {"methodArn": None},
        {"methodArn": ""},
        {"methodArn": 7},
        {"methodArn": "arn"},
        {"methodArn": [ARN]},
        {"resource": None},
        {"resource": 7},
        {"resource": ["/jobs"]},
        {"httpMethod": None},
        {"httpMethod": ["GET"]},
        {"httpMethod": {}},
        {"headers": [], "multiValueHeaders": None},
        {"headers": 7, "multiValueHeaders": None},
        {"headers": None, "multiValueHeaders": None},
        {"multiValueHeaders": "x"},
        {"multiValueHeaders": {"X-Api-Key": 7}},
        {"multiValueHeaders": {"X-Api-Key": None}},
        {"multiValueHeaders": {"X-Api-Key": "rgt_"}},
        {"multiValueHeaders": {"X-Api-Key": [None, {}]}},
        {"multiValueHeaders": {7: ["x"]}},
        {"multiValueQueryStringParameters": 7},
        {"queryStringParameters": ["\ud800"]},
        {"requestContext": None},
    ],
)
def test_an_event_that_no_gateway_sends_is_refused_and_no_fault(parts: dict[str, Any]) -> None:
    with pytest.raises(Exception, match=r"^Unauthorized$"):
        authorizer.handler(event() | parts, None)


@pytest.mark.parametrize("nonsense", [{}, None, [], "x", 7, {"type": "TOKEN", "authorizationToken": "Bearer x"}])
def test_what_is_no_event_is_refused(nonsense: Any) -> None:
    with pytest.raises(Exception, match=r"^Unauthorized$"):
        authorizer.handler(nonsense, None)


@pytest.mark.parametrize("arn", [None, 7, "arn"])
def test_nothing_is_open_in_a_stage_that_is_not_named(arn: Any) -> None:
    with pytest.raises(Exception, match=r"^Unauthorized$"):
        authorizer.handler(event("check_health") | {"methodArn": arn}, None)


def test_a_valid_key_opens_nothing_in_a_malformed_event(keys: KeyRepository) -> None:
    _, made = keys.create("acme", "admin")
    with pytest.raises(Exception, match=r"^Unauthorized$"):
        authorizer.handler(event(**sent_as("X-Api-Key", made.text)) | {"methodArn": None}, None)
