"""SnapStart: many environments go on from one snapshot, so it may hold nothing that has to be one's own."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from infra.sam_template import parse_template
from tests.lambda_facts.conftest import ROW
from tests.support.gateway import TEMPLATE, EnvironmentTransport, proxy_event
from tests.support.http_server import QuietHandler, running_server
from tests.support.stack import Stack

SNAPPED = [
    resource["Properties"]["Handler"]
    for resource in parse_template(TEMPLATE.read_text())["Resources"].values()
    if "SnapStart" in resource.get("Properties", {})
]
SNAPSHOT = {"AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start"}

# Two children of one process go on from the same memory, as two environments of one snapshot do.
RESTORED_TWICE = """
import json, os, sys
import psutil
from {module} import handler
myself = psutil.Process()
held = [len(myself.net_connections()), len(myself.open_files()), myself.num_threads(), "boto3" in sys.modules]
print(json.dumps(held), flush=True)
event = json.load(sys.stdin)
for _ in range(2 if event else 0):
    if os.fork() == 0:
        print(handler(event, None)["body"], flush=True)
        os._exit(0)
    os.wait()
"""


def restored_twice(handler: str, variables: dict[str, str], event: object = None) -> list[str]:
    """The lines of a process that loaded the function and was then continued twice."""
    code = RESTORED_TWICE.format(module=handler.rpartition(".")[0])
    # OpenMP's threads would not survive a fork, as they do a snapshot.
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**variables, **SNAPSHOT, "OPENBLAS_NUM_THREADS": "1"},
        input=json.dumps(event),
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


@pytest.mark.parametrize("handler", SNAPPED)
def test_a_snapshot_holds_libraries_but_no_connection_file_or_thread(handler: str) -> None:
    (held,) = restored_twice(handler, {"REGATTA_REDIS_URL": "redis://127.0.0.1:9/0"})
    assert json.loads(held) == [0, 0, 1, True]


def test_two_environments_of_one_snapshot_give_different_ids(stack: Stack) -> None:
    request = httpx.Request("POST", "http://lambda/data/uploads", json={"filename": "a.csv", "size_bytes": 9})
    event = proxy_event(request, "/data/uploads")
    _, *bodies = restored_twice("functions.data.handler.handler", stack.env, event)
    first, second = (json.loads(body)["file_id"] for body in bodies)
    assert first != second


def test_a_restored_function_has_no_keys_in_its_environment(stack: Stack, model: str) -> None:
    """It is given a place to get them from instead, and the first read has to do without its short cut."""
    variables = {name: value for name, value in stack.env.items() if not name.startswith("AWS_")}
    with credentials_from(stack.credentials) as url:
        container = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": url, "AWS_CONTAINER_AUTHORIZATION_TOKEN": "token"}
        region = {"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1"}
        transport = EnvironmentTransport({**variables, **container, **region, **SNAPSHOT})
        with httpx.Client(transport=transport, base_url="http://lambda") as client:
            assert client.post("/predict", json={"data": ROW, "model_name": model}).status_code == 200


@contextmanager
def credentials_from(own: dict[str, str]) -> Iterator[str]:
    """The URL of an endpoint that gives away these credentials, as Lambda's does."""

    class Giving(QuietHandler):
        def do_GET(self) -> None:
            allowed = self.headers["Authorization"] == "token"
            keys = {"AccessKeyId": own["aws_access_key_id"], "SecretAccessKey": own["aws_secret_access_key"]}
            body = json.dumps({**keys, "Token": "session", "Expiration": "2099-01-01T00:00:00Z"}).encode()
            self.answer(body, 200 if allowed else 403)

    with running_server(Giving) as url:
        yield f"{url}/credentials"
