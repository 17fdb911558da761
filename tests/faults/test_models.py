"""The registry of models with Redis flushed, lost, or full of what is no longer so."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from redis import Redis

from core.storage import champions
from core.storage.champions import CHAMPION_SECONDS
from tests.faults.test_redis import ROW, handlers, upload_and_train
from tests.support.process_state import forget_singletons, process_environment
from tests.support.simulated_time import ShiftedTime
from tests.support.stack import Stack
from tests.support.storage import home
from tests.support.workflow import without_varying_fields


def lifetime(client: httpx.Client, name: str) -> list[Any]:
    """Every answer in the life of a model: trained three times, rolled back, renamed, deleted bit by bit."""
    for _ in range(3):
        upload_and_train(client, name)

    def call(method: str, path: str, **kwargs: Any) -> Any:
        response = client.request(method, path, **kwargs)
        return response.status_code, response.json()

    other = f"{name}-renamed"
    question = {"data": ROW, "model_name": name}
    answers = [
        call("GET", "/model/trained", params={"model_name": name}),
        call("POST", f"/model/champion/{name}", json={"version": 1}),
        call("POST", "/predict", json=question),
        call("DELETE", f"/model/trained/{name}", params={"version": 2}),
        call("POST", "/predict", json={**question, "version": 2}),
        call("POST", f"/model/rename/{name}", json={"new_name": other}),
        call("GET", "/model/trained", params={"model_name": name}),
        call("GET", "/model/trained", params={"model_name": other}),
        call("POST", "/predict", json=question),
        call("POST", "/predict", json={**question, "model_name": other}),
        call("POST", "/predict", json={**question, "model_name": other, "version": 3}),
        call("GET", f"/model/importance/{other}"),
        call("DELETE", f"/model/trained/{other}", params={"version": 1}),
        call("DELETE", f"/model/trained/{other}"),
        call("POST", "/predict", json={**question, "model_name": other}),
        call("GET", "/model/trained", params={"model_name": other}),
    ]
    return [(status, str(without_varying_fields(body, name)).replace(name, "it")) for status, body in answers]


def test_flushall_between_any_two_calls_changes_nothing_in_the_life_of_a_model(stack: Stack) -> None:
    def flush(_: httpx.Request) -> None:
        with Redis.from_url(stack.env["REGATTA_REDIS_URL"]) as redis:
            redis.flushall()

    with process_environment(stack.env):
        with handlers() as client:
            undisturbed = lifetime(client, "unshaken")
        assert [status for status, _ in undisturbed] == [200] * 4 + [404] + [200] * 3 + [404] + [200] * 3 + [
            409,
            200,
            404,
            200,
        ]
        forget_singletons()
        with handlers(event_hooks={"request": [flush]}) as client:
            assert lifetime(client, "shaken") == undisturbed


@pytest.mark.usefixtures("patient_with_redis")
def test_nothing_of_a_deleted_model_stays_in_redis(stack: Stack) -> None:
    with process_environment(stack.env), handlers() as client, Redis.from_url(stack.env["REGATTA_REDIS_URL"]) as redis:
        upload_and_train(client, "forgotten")
        client.post("/predict", json={"data": ROW, "model_name": "forgotten"}).raise_for_status()
        folder = home().models.manifest("forgotten").artifacts

        def remembered() -> list[str]:
            names = [key.decode() for key in (*redis.keys("regatta:objects:*"), *redis.hkeys("regatta:default:models"))]
            return [name for name in names if "/forgotten/" in name or f"/{folder}/" in name]

        assert len(remembered()) == 3
        client.delete("/model/trained/forgotten").raise_for_status()
        assert remembered() == []


@pytest.mark.parametrize("redis", [True, False])
@pytest.mark.parametrize(
    "change",
    [
        lambda client, name: client.post(f"/model/champion/{name}", json={"version": 1}),
        lambda client, name: client.post(f"/model/rename/{name}", json={"new_name": f"{name} renamed"}),
        lambda client, name: client.delete(f"/model/trained/{name}"),
    ],
    ids=["rollback", "rename", "delete"],
)
def test_what_another_process_has_in_memory_ends_within_about_a_second(
    stack: Stack,
    change: Callable[[httpx.Client, str], httpx.Response],
    redis: bool,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One process predicts, the workers of the server change what it predicts with."""
    name, clock = f"in memory {request.node.callspec.id}", ShiftedTime()
    monkeypatch.setattr(champions, "time", clock)
    variables = {key: value for key, value in stack.env.items() if redis or key != "REGATTA_REDIS_URL"}
    with (
        process_environment(variables),
        handlers() as client,
        httpx.Client(base_url=stack.base_url, timeout=300) as server,
    ):
        for _ in range(2):
            upload_and_train(client, name)

        def predicting() -> int | None:
            return client.post("/predict", json={"data": ROW, "model_name": name}).json().get("version")

        assert predicting() == 2
        change(server, name).raise_for_status()
        clock.elapse(CHAMPION_SECONDS)
        assert predicting() != 2
