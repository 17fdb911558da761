"""Between two events an environment sleeps: its clock jumps, and its connections are gone when it wakes."""

import httpx
import pytest

from infra.environment import LambdaError
from tests.lambda_facts.conftest import ROW
from tests.lambda_facts.relay import relayed
from tests.support.gateway import EnvironmentTransport
from tests.support.stack import Stack

DEPENDENCIES = ("storage", "redis", "queue")


def test_a_thawed_function_answers_although_its_connections_died(stack: Stack, model: str) -> None:
    with (
        relayed(stack.env["REGATTA_S3_ENDPOINT"]) as (storage, s3),
        relayed(stack.env["REGATTA_REDIS_URL"]) as (cache, redis),
    ):
        transport = EnvironmentTransport({**stack.env, "REGATTA_S3_ENDPOINT": s3, "REGATTA_REDIS_URL": redis})
        with httpx.Client(transport=transport, base_url="http://lambda") as client:
            # By both connections: a model by way of Redis, a status by way of everything.
            calls = [
                lambda: client.post("/predict", json={"data": ROW, "model_name": model}),
                lambda: client.get("/system/status"),
                lambda: client.get("/data/files"),
            ]
            before = [call() for call in calls]
            assert [answer.status_code for answer in before] == [200, 200, 200]
            for environment in transport.environments.values():
                environment.freeze()
            assert storage.cut() > 0
            assert cache.cut() > 0
            for environment in transport.environments.values():
                environment.thaw()
            after = [call() for call in calls]
            assert after[0].json() == before[0].json()
            # Not the status of all: a job that another test left on the stack may be stuck.
            assert {name: after[1].json()[name]["status"] for name in DEPENDENCIES} == dict.fromkeys(DEPENDENCIES, "up")
            assert after[2].json() == before[2].json()


def test_a_frozen_function_answers_nobody(lambdas: EnvironmentTransport) -> None:
    # Else the test above would prove nothing.
    system = lambdas.environment("system")
    system._timeout = 0.5
    system.freeze()
    with (
        httpx.Client(transport=lambdas, base_url="http://lambda") as client,
        pytest.raises(LambdaError, match="timed out"),
    ):
        client.get("/")
