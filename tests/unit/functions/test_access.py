"""The guard over HTTP: every operation with every role, and every wrong key with the same answer."""

import logging
import re
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI

from core.access.keys import new_key
from core.access.roles import LEAST_ROLES, Role, may
from core.settings import settings
from core.storage.container import container
from core.storage.key_repository import KeyRepository
from core.storage.s3.object_store import ObjectStore
from core.storage.series_repository import SeriesSettings
from functions import access
from functions.access import GuardedRoute
from functions.http import CallerWorkspace, create_app
from functions.operation_ids import OPERATION_IDS
from infra.local.server import merge
from tests.support.asgi import ask, run_async

ROUTES = {name: route for route, name in OPERATION_IDS.items()}
PREDICT = ("POST", "/predict")


@pytest.fixture(scope="module")
def app() -> FastAPI:
    return merge()


@pytest.fixture(autouse=True)
def asks_for_keys(bucket: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("REGATTA_AUTH", "keys")
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.fixture
def keys(bucket: ObjectStore) -> KeyRepository:
    return KeyRepository(bucket)


@pytest.fixture
def send(app: FastAPI) -> Callable[..., httpx.Response]:
    def send_with(text: str | None, method: str, path: str, **headers: str) -> httpx.Response:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if text is not None:
            sent["Authorization"] = f"Bearer {text}"
        return ask(app, method, path, sent)

    return send_with


def ask_all(app: FastAPI, headers: dict[str, str]) -> dict[str, httpx.Response]:
    """Return by operation the answer to a request with something in place of the names in its path."""

    async def send_all() -> dict[str, httpx.Response]:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://server", headers=headers) as client:
            return {
                operation: await client.request(method, re.sub(r"{\w+}", "1", path))
                for operation, (method, path) in ROUTES.items()
            }

    return run_async(send_all)


def assert_challenged(answer: httpx.Response, status: int) -> None:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"].startswith('Bearer realm="regatta"')


@pytest.mark.parametrize("role", Role, ids=lambda role: role.label)
def test_a_role_may_what_the_table_says(app: FastAPI, keys: KeyRepository, role: Role) -> None:
    _, made = keys.create("default", role.label)
    headers = {"Authorization": f"Bearer {made.text}"}
    for operation, answer in ask_all(app, headers).items():
        if may(role, operation):
            assert answer.status_code not in (401, 403), operation
        else:
            assert_challenged(answer, 403)
            assert answer.json()["type"] == "urn:regatta:problem:forbidden"
            least = LEAST_ROLES[operation]
            assert least is not None
            assert f'error="insufficient_scope", scope="{least.label}"' in answer.headers["www-authenticate"]


def test_without_a_key_what_is_open_answers_and_nothing_else(app: FastAPI) -> None:
    for operation, answer in ask_all(app, {}).items():
        if LEAST_ROLES[operation] is None:
            assert answer.status_code not in (401, 403), operation
        else:
            assert_challenged(answer, 401)
            assert "Authorization: Bearer" in answer.json()["detail"]


@pytest.fixture
def expired(keys: KeyRepository, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(keys, "_clock", lambda: 1_000_000.0)
    return keys.create("default", "admin", expires=1_000_001.0)[1].text


@pytest.fixture
def revoked(keys: KeyRepository) -> str:
    _, made = keys.create("default", "admin")
    keys.revoke(made.key_id)
    return made.text


def test_nobody_learns_why_a_key_is_not_valid(
    send: Callable[..., httpx.Response], keys: KeyRepository, expired: str, revoked: str
) -> None:
    _, made = keys.create("default", "admin")
    _, other = keys.create("default", "read")
    # The id of a key that there is, with the secret of another one; its checksum is wrong as well.
    mixed = made.text[:17] + other.text[17:]
    # pragma: allowlist nextline secret
    texts = [expired, revoked, new_key().text, mixed, made.text[:-1], "rgt_", "x", "eyJhbGciOiJub25lIn0.e30."]
    answers = [send(text, *PREDICT) for text in texts]
    for answer in answers:
        assert_challenged(answer, 401)
        assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    assert len({answer.content for answer in answers}) == 1


def test_a_key_is_read_from_either_header(send: Callable[..., httpx.Response], keys: KeyRepository) -> None:
    text = keys.create("default", "read")[1].text
    assert send(text, "GET", "/jobs").status_code == 200
    assert send(None, "GET", "/jobs", X_Api_Key=text).status_code == 200
    assert send(text, "GET", "/jobs", X_Api_Key=text).status_code == 200
    assert send(None, "GET", "/jobs", Authorization=f"bearer {text}").status_code == 200
    assert send(None, "GET", "/jobs", X_Api_Key=text, Authorization="Basic cHJveHk6MQ==").status_code == 200


def test_two_different_keys_are_none(send: Callable[..., httpx.Response], keys: KeyRepository) -> None:
    first, second = (keys.create("default", "read")[1].text for _ in range(2))
    assert_challenged(send(first, "GET", "/jobs", X_Api_Key=second), 401)


def test_a_key_of_the_gateways_usage_plan_may_stand_beside_ours(
    send: Callable[..., httpx.Response], keys: KeyRepository
) -> None:
    text = keys.create("default", "read")[1].text
    assert send(text, "GET", "/jobs", X_Api_Key="aBcD0123456789efghIJKL").status_code == 200
    assert_challenged(send(None, "GET", "/jobs", X_Api_Key="aBcD0123456789efghIJKL"), 401)
    assert_challenged(send(new_key().text, "GET", "/jobs", X_Api_Key="aBcD0123456789efghIJKL"), 401)


@pytest.mark.parametrize("text", [b"", b" ", b"a b", b"\xc3\xbc", b"x" * 20_000])
def test_nonsense_in_the_header_is_refused(app: FastAPI, text: bytes) -> None:
    headers: Any = {"Authorization": b"Bearer " + text}
    assert_challenged(ask(app, "GET", "/jobs", headers), 401)


def test_a_key_in_the_address_is_refused_and_not_logged(
    send: Callable[..., httpx.Response], keys: KeyRepository, caplog: pytest.LogCaptureFixture
) -> None:
    text = keys.create("default", "admin")[1].text
    with caplog.at_level(logging.DEBUG):
        encoded, twice = "%72%67%74%5F" + text[4:], "%2572gt_" + text[4:]
        for answer in (
            send(None, "GET", f"/jobs?api_key={text}"),
            send(text, "GET", f"/jobs?{text}=1"),
            send(text, "GET", f"/jobs?api_key={encoded}"),
            send(text, "GET", f"/jobs?api_key={twice}"),
        ):
            assert_challenged(answer, 401)
            assert "revoke it" in answer.json()["detail"]
            assert text not in answer.text
    ours = [record for record in caplog.records if not record.name.startswith("http")]
    assert ours
    assert text not in "".join(f"{record.getMessage()} {record.__dict__}" for record in ours)


def test_a_key_in_a_cookie_or_in_the_body_is_not_read(
    app: FastAPI, send: Callable[..., httpx.Response], keys: KeyRepository
) -> None:
    text = keys.create("default", "admin")[1].text
    in_a_cookie = send(None, "GET", "/jobs", Cookie=f"key={text}")
    in_the_body = ask(app, "POST", "/predict", {"Content-Type": "application/json"}, f'{{"api_key":"{text}"}}'.encode())
    for answer in (in_a_cookie, in_the_body):
        assert_challenged(answer, 401)
        assert "It is read nowhere else" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("path", "form"),
    [("/data/upload", "multipart/form-data; boundary=x"), ("/predict", "application/json"), ("/v2/models/m/infer", "")],
)
def test_a_key_that_is_revoked_while_the_body_comes_in_is_refused(
    app: FastAPI, keys: KeyRepository, monkeypatch: pytest.MonkeyPatch, path: str, form: str
) -> None:
    _, made = keys.create("default", "admin")
    monkeypatch.setattr(access, "ADMITTED_SECONDS", 0.0)  # as if the body took its time
    part = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\na,b\n1,2\n\r\n--x--\r\n'
    body = part if path == "/data/upload" else b"{}"

    async def slow_body() -> AsyncIterator[bytes]:
        yield body[:1]
        keys.revoke(made.key_id)
        access.callers()._keys._confirmed_at = float("-inf")  # a second later
        yield body[1:]

    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://server") as client:
            headers = {"X-Api-Key": made.text, "Content-Type": form}
            return await client.post(path, content=slow_body(), headers=headers)

    assert_challenged(run_async(send), 401)
    assert list(container().objects.list("default/")) == []


def test_a_key_acts_in_its_own_workspace(send: Callable[..., httpx.Response], keys: KeyRepository) -> None:
    text = keys.create("acme", "admin")[1].text
    container().workspace("default").series.configure("mine", SeriesSettings())
    assert send(text, "GET", "/series/mine").status_code == 404
    assert send(keys.create("default", "read")[1].text, "GET", "/series/mine").status_code == 200


def test_a_pickle_takes_the_role_admin(send: Callable[..., httpx.Response], keys: KeyRepository) -> None:
    train, admin = (keys.create("default", role)[1].text for role in ("train", "admin"))
    assert_challenged(send(train, "GET", "/model/artifact/m?format=pickle"), 403)
    assert send(train, "GET", "/model/artifact/m").status_code == 404
    assert send(admin, "GET", "/model/artifact/m?format=pickle").status_code == 404


def test_metrics_of_all_workspaces_are_for_those_of_the_default_one(
    send: Callable[..., httpx.Response], keys: KeyRepository
) -> None:
    assert send(keys.create("default", "read")[1].text, "GET", "/metrics").status_code in (200, 404)
    assert_challenged(send(keys.create("acme", "admin")[1].text, "GET", "/metrics"), 403)


def test_a_key_that_asks_too_often_is_told_when_to_come_again(
    send: Callable[..., httpx.Response], keys: KeyRepository
) -> None:
    slow = keys.create("default", "read", per_second=0.001)[1].text
    few = keys.create("default", "read", per_day=1)[1].text
    for text in (slow, few):
        assert send(text, "GET", "/jobs").status_code == 200
        answer = send(text, "GET", "/jobs")
        assert answer.status_code == 429
        assert answer.json()["type"].endswith("too-many-requests")
        assert int(answer.headers["retry-after"]) >= 1


def test_the_body_of_a_caller_without_the_role_is_not_read(app: FastAPI, keys: KeyRepository) -> None:
    headers = {"Authorization": f"Bearer {keys.create('default', 'read')[1].text}", "Content-Type": "application/json"}
    assert ask(app, "POST", "/predict", headers, b"{not json").status_code == 403


def test_an_unknown_path_and_an_unknown_method_are_what_they_are(send: Callable[..., httpx.Response]) -> None:
    assert send(None, "GET", "/nowhere").status_code == 404
    assert send(None, "DELETE", "/predict").status_code == 405


def test_an_operation_without_an_entry_is_refused_to_everybody(keys: KeyRepository) -> None:
    router = APIRouter(route_class=GuardedRoute)

    @router.get("/new")
    def new(workspace: CallerWorkspace) -> None:
        raise AssertionError("served")

    headers = {"Authorization": f"Bearer {keys.create('default', 'admin')[1].text}"}
    assert_challenged(ask(create_app(router), "GET", "/new"), 401)
    assert_challenged(ask(create_app(router), "GET", "/new", headers), 403)


def test_every_route_is_guarded(app: FastAPI) -> None:
    from fastapi.routing import iter_route_contexts

    for found in iter_route_contexts(app.routes):
        assert isinstance(found.original_route, GuardedRoute), f"{found.path} needs a route_class of functions.access"


def test_a_flood_of_unknown_keys_takes_no_thread_of_the_endpoints() -> None:
    assert access._lookups.total_tokens <= 4


@pytest.mark.parametrize("server", ["10.0.0.5", "::ffff:10.0.0.5", "192.168.1.2", "fe80::1%eth0"])
def test_a_server_without_authentication_answers_at_loopback_alone(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch, server: str
) -> None:
    monkeypatch.setenv("REGATTA_AUTH", "none")
    settings.cache_clear()
    assert served_at(app, server) == 403
    assert served_at(app, "127.0.0.1") == served_at(app, "::1") == served_at(app, "/run/regatta.sock") == 200
    monkeypatch.setenv("REGATTA_AUTH", "none-i-know")
    settings.cache_clear()
    assert served_at(app, server) == 200


def served_at(app: FastAPI, address: str) -> int:
    """Return the status of a request that came to an address of this machine."""

    async def at_address(scope: Any, receive: Any, receive_answer: Any) -> None:
        await app({**scope, "server": (address, 8000)}, receive, receive_answer)

    return ask(at_address, "GET", "/jobs", {"Host": "localhost"}).status_code  # type: ignore[arg-type]


@pytest.mark.parametrize("context", [{}, {"authorizer": None}, {"authorizer": {}}])
def test_behind_a_gateway_that_asks_no_authorizer_a_function_asks_itself(
    app: FastAPI, keys: KeyRepository, context: dict[str, Any]
) -> None:
    headers = {"X-Api-Key": keys.create("default", "read")[1].text}
    assert status_behind_gateway(app, context, headers) == 200
    assert status_behind_gateway(app, context, {"X-Api-Key": new_key().text}) == 401
    assert status_behind_gateway(app, context, {}) == 401


def test_a_key_counts_for_nothing_where_the_gateway_has_said_who_calls(app: FastAPI, keys: KeyRepository) -> None:
    headers = {"X-Api-Key": keys.create("default", "admin")[1].text}
    said = {"workspace": "default", "role": "read", "keyId": "one"}
    assert status_behind_gateway(app, {"authorizer": said}, {}) == 200
    assert status_behind_gateway(app, {"authorizer": {**said, "role": "king"}}, headers) == 401


def status_behind_gateway(app: FastAPI, context: dict[str, Any], headers: dict[str, str]) -> int:
    """Return the status of a request whose event has this context."""

    async def with_event(scope: Any, receive: Any, receive_answer: Any) -> None:
        await app({**scope, "aws.event": {"requestContext": context}}, receive, receive_answer)

    return ask(with_event, "GET", "/jobs", {"Host": "localhost", **headers}).status_code  # type: ignore[arg-type]
