"""The role of each function: cell by cell as the table says, and enough for all that the function really asks for."""

import itertools
import secrets
import time
from collections.abc import Iterator
from functools import cache
from typing import Any

import httpx
import pytest

from core.access.caller import Caller
from core.access.roles import Role
from core.services.upkeep.reconcile import Reconciler
from core.storage.container import container
from core.storage.quota_repository import set_quota
from core.storage.s3.object_store import ObjectStore
from core.storage.sqs_queue import SqsQueue
from functions import access
from functions.ingest.handler import handler as ingest
from functions.janitor.handler import handler as clean_up
from functions.reconcile.handler import handler as reconcile
from functions.retrain.handler import handler as retrain
from functions.tasks.handler import handler as do_tasks
from functions.worker.handler import handler as work
from infra import privileges
from infra.privileges import (
    ACTIONS,
    CONDITIONAL,
    LIST,
    LISTS_ROOT,
    LISTS_WORKSPACE,
    OBJECTS,
    OF_WORKSPACE,
    OTHERS,
    PUBLISHES,
    SHARED,
    SIGNERS,
)
from infra.sam_template import parse_template
from tests.support.arrivals import linear_table, put_file
from tests.support.gateway import HandlerTransport
from tests.support.job_commands import install_commands
from tests.support.jobs import read_job, submit
from tests.support.lambda_context import LambdaContext
from tests.support.permissions import TEMPLATE, Asked, acting_as, is_allowed, noted_requests, policies
from tests.support.process_state import connect_container
from tests.support.storage import WORKSPACE, home
from tests.support.uploads import queue_message

OBJECT_ACTIONS = sorted({action for actions in ACTIONS.values() for action in actions})
CELLS = [(function, prefix) for function in OBJECTS for prefix in (*OF_WORKSPACE, *SHARED)]
ASYNC = {"Prefer": "respond-async"}


@cache
def parsed_template() -> dict[str, Any]:
    """Return the template, for reading only."""
    parsed: dict[str, Any] = parse_template(TEMPLATE.read_text())
    return parsed


def key_below(prefix: str) -> str:
    """Return a key below a prefix of the table."""
    return f"acme/{prefix}/thing" if prefix in OF_WORKSPACE else f"{prefix}/acme/thing"


def test_the_policies_of_the_template_are_those_of_the_table() -> None:
    assert set(OBJECTS) == set(policies())
    text = TEMPLATE.read_text()
    assert privileges.write_policies(text) == text, "run `python -m infra.privileges`"


@pytest.mark.parametrize(("function", "prefix"), CELLS)
def test_a_role_may_do_what_its_cell_says_and_nothing_else(function: str, prefix: str) -> None:
    key, rights = key_below(prefix), OBJECTS[function].get(prefix, "")
    allowed = {action for letter in rights for action in ACTIONS[letter]}
    assert {action for action in OBJECT_ACTIONS if is_allowed(function, action, key)} == allowed
    assert is_allowed(function, LIST, key) == bool(set("rl") & set(rights))
    # Who lists all that a workspace has also lists a part of it.
    lists_all = function in LISTS_WORKSPACE and prefix in OF_WORKSPACE
    assert is_allowed(function, LIST, key.removesuffix("thing")) == (lists_all or bool(set("rl") & set(rights)))


@pytest.mark.parametrize("function", OBJECTS)
def test_no_name_that_a_caller_chooses_opens_a_shared_prefix(function: str) -> None:
    for prefix, name in itertools.product(SHARED, OF_WORKSPACE):
        allowed = {action for letter in OBJECTS[function].get(prefix, "") for action in ACTIONS[letter]}
        for key in (f"{prefix}/acme/{name}/thing", f"{prefix}/{name}/thing"):
            assert {action for action in OBJECT_ACTIONS if is_allowed(function, action, key)} == allowed
            assert is_allowed(function, LIST, key) == bool(set("rl") & set(OBJECTS[function].get(prefix, "")))


@pytest.mark.parametrize("function", OBJECTS)
def test_only_the_janitor_lists_what_workspaces_there_are(function: str) -> None:
    assert is_allowed(function, LIST, "") == (function in LISTS_ROOT)
    assert is_allowed(function, "s3:ListBucketMultipartUploads", "") == (function in LISTS_ROOT)
    assert not is_allowed(function, "s3:GetObject", "somewhere/else")


@pytest.mark.parametrize("function", OBJECTS)
def test_who_looks_for_workspaces_learns_the_id_of_no_key(function: str) -> None:
    assert is_allowed(function, LIST, "acme/") == (function in LISTS_WORKSPACE)
    assert not is_allowed(function, LIST, "access/")
    assert is_allowed(function, LIST, "access/webhooks/") == (function == "worker")
    assert is_allowed(function, LIST, "access/keys/") == (function == "authorize")


@pytest.mark.parametrize("function", OBJECTS)
def test_a_role_asks_other_services_for_what_the_table_says(function: str) -> None:
    allowed = {
        (action, resource)
        for statement in policies()[function]
        if statement["Effect"] == "Allow"
        for action in listed(statement["Action"])
        for resource in map(named, listed(statement["Resource"]))
        if not action.startswith("s3:")
    }
    expected = {
        *OTHERS.get(function, ()),
        *(right for table in CONDITIONAL.values() for right in table.get(function, ())),
    }
    expected |= {("secretsmanager:GetSecretValue", "SigningKey")} if function in SIGNERS else set()
    expected |= {("sns:Publish", "DecisionsTopicArn")} if function in PUBLISHES else set()
    assert allowed == expected | {("kms:Decrypt", "KmsKeyArn"), ("kms:GenerateDataKey", "KmsKeyArn")}


@pytest.mark.parametrize("function", OBJECTS)
def test_only_signers_hold_the_private_key_and_all_others_the_public_ones(function: str) -> None:
    template = parsed_template()
    variables = template["Globals"]["Function"]["Environment"]["Variables"]
    (own,) = [
        resource["Properties"]
        for resource in template["Resources"].values()
        if resource.get("Properties", {}).get("FunctionName") == {"Fn::Sub": f"${{AWS::StackName}}-{function}"}
    ]
    variables = variables | own.get("Environment", {}).get("Variables", {})
    assert ("REGATTA_SIGNING_KEY_SECRET" in variables) == (function in SIGNERS)
    reads = [one for one in policies()[function] if one.get("Action") == "secretsmanager:GetSecretValue"]
    assert [one["Resource"] for one in reads] == ([{"Ref": "SigningKey"}] if function in SIGNERS else [])
    if function == "verifying":  # which tells the others
        assert variables["REGATTA_VERIFYING_KEYS"] == {"Ref": "AWS::NoValue"}
    else:
        found_out = {"Fn::If": ["NeedsSecret", {"Fn::GetAtt": ["PublicKeys", "Keys"]}, {"Ref": "AWS::NoValue"}]}
        expected = ["HasVerifyingKeys", {"Ref": "VerifyingKeys"}, found_out]
        assert variables["REGATTA_VERIFYING_KEYS"] == {"Fn::If": expected}


def test_the_boundary_is_no_narrower_than_the_roles() -> None:
    boundary = parsed_template()["Resources"]["Boundary"]["Properties"]["PolicyDocument"]
    bounded = {
        action
        for statement in boundary["Statement"]
        for action in listed(statement.get("Fn::If", [None, statement])[1]["Action"])
    }
    granted = {
        action
        for statements in policies().values()
        for statement in statements
        if statement["Effect"] == "Allow"
        for action in listed(statement["Action"])
    }
    assert granted <= bounded


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def named(resource: Any) -> str:
    """Return the logical name of a resource of the template, or the ARN of another one."""
    if not isinstance(resource, dict):
        return str(resource)
    reference = resource.get("Ref") or resource.get("Fn::GetAtt") or resource["Fn::Sub"]
    return str(reference[0] if isinstance(reference, list) else reference)


@pytest.fixture
def queue(bucket: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[SqsQueue]:
    """The queue of jobs."""
    import boto3

    sqs = boto3.client("sqs", region_name="us-east-1")
    url = sqs.create_queue(QueueName="privileges")["QueueUrl"]
    monkeypatch.setenv("REGATTA_JOBS_QUEUE_URL", url)
    monkeypatch.setenv("REGATTA_INTERNAL_KEY", secrets.token_hex(32))  # as the template gives it to all functions
    monkeypatch.setenv("REGATTA_STATUS_SECONDS", "60")  # however busy the machine is
    connect_container(bucket)
    yield container().queue  # type: ignore[misc]
    sqs.delete_queue(QueueUrl=url)


class Service:
    """The functions of a deployment: those behind the gateway, and those that events start."""

    def __init__(self, queue: SqsQueue) -> None:
        self.queue = queue
        self.http = httpx.Client(transport=HandlerTransport(), base_url="http://handlers")

    def ask(self, method: str, path: str, **options: Any) -> Any:
        """Send a request that succeeds or says where the answer is; return the response."""
        answer = self.http.request(method, path, **options)
        assert answer.is_success or answer.is_redirect, (path, answer.text)
        return answer

    def job(self, method: str, path: str, **options: Any) -> str:
        """Submit a job and return its id."""
        return str(self.ask(method, path, headers=ASYNC, **options).json()["job_id"])

    def arrive(self, *keys: str) -> None:
        """Tell of files of a series."""
        with acting_as("retrain"):
            assert retrain({"Records": [queue_message(*keys)]}, LambdaContext()) == {"batchItemFailures": []}

    def work_off(self, most: int | None = None) -> None:
        """Carry out the jobs of the queue, or so many of them."""
        while most != 0 and (messages := self.queue.client.receive_message(QueueUrl=self.queue.url).get("Messages")):
            most = None if most is None else most - 1
            for message in messages:
                record = {name[0].lower() + name[1:]: value for name, value in message.items()}
                with acting_as("worker"):
                    work({"Records": [{**record, "attributes": {"ApproximateReceiveCount": "1"}}]}, LambdaContext())
                self.queue.client.delete_message(QueueUrl=self.queue.url, ReceiptHandle=message["ReceiptHandle"])


def run_everything(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """Do what callers, files and schedules make the functions do."""
    ask = service.ask
    csv = linear_table(1, 120).to_csv(index=False).encode()
    for path in ("/", "/readyz", "/system/status", "/v2/health/ready"):
        ask("GET", path)
    file_id = ask("POST", "/data/upload", files={"file": ("a.csv", csv)}).json()["file_id"]
    for path in ("info", "preview", "profile", "report", "files", f"files/{file_id}", "rows", "outliers", "download"):
        ask("GET", f"/data/{path}")
    ask("PATCH", f"/data/files/{file_id}/reading", json={"encoding": "utf-8"})
    ask("POST", "/data/process", json={"handle_missing": "mean", "target_column": "y"})
    ask("POST", f"/data/switch/{file_id}")
    upload(service, csv)
    divide(service, monkeypatch)

    train = {"model_type": "ridge", "target_column": "y", "file_id": file_id}
    for name in ("one", "one", "two"):
        ask("POST", "/model/train", json={**train, "model_name": name})
    row = {"x": 1.0, "colour": "red"}
    ask("POST", "/predict", json={"model_name": "one", "data": row})
    ask("POST", "/predict/batch", json={"model_name": "one", "file_id": file_id})
    ask("POST", "/predict/export", json={"model_name": "one", "file_id": file_id, "format": "csv"})
    for path in ("available", "trained", "info?model_name=one", "metrics/one", "schema/one"):
        ask("GET", f"/model/{path}")
    for form in ("pickle", "onnx"):
        ask("GET", "/model/artifact/one", params={"format": form})
    ask("GET", "/v2/models/one")
    ask("GET", "/v2/models/one/ready")
    ask("POST", "/model/champion/one", json={"version": 1})
    ask("POST", "/model/rename/two", json={"new_name": "three"})

    jobs = [
        service.job("POST", "/model/train", json={**train, "model_name": "four"}),
        service.job("POST", "/predict/batch", json={"model_name": "one", "file_id": file_id}),
        service.job("POST", "/predict/export", json={"model_name": "one", "file_id": file_id, "format": "csv"}),
    ]
    cancelled = service.job("POST", "/model/train", json={**train, "model_name": "never"})
    ask("POST", f"/jobs/{cancelled}/cancel")
    ask("POST", f"/jobs/{cancelled}/retry")
    service.work_off()
    for job_id in jobs:
        assert ask("GET", f"/jobs/{job_id}").json()["status"] == "succeeded"
    ask("GET", "/jobs")

    monkeypatch.setenv("REGATTA_MAX_RESPONSE_BYTES", "1500")
    connect_container(container().objects)
    ask("GET", "/data/download", params={"file_id": file_id})
    ask("GET", "/model/artifact/one")
    ask("POST", "/predict/export", json={"model_name": "one", "file_id": file_id, "format": "csv"})
    monkeypatch.delenv("REGATTA_MAX_RESPONSE_BYTES")
    connect_container(container().objects)

    series(service)
    for function, handler in (("janitor", clean_up), ("reconcile", reconcile)):
        with acting_as(function):
            handler({}, LambdaContext())
    ask("DELETE", "/model/trained/one")
    ask("DELETE", f"/data/files/{file_id}")


def upload(service: Service, body: bytes) -> None:
    """Send a file to the bucket, whose event starts the ingestion; begin another one and give it up."""
    announced = service.ask("POST", "/data/uploads", json={"filename": "b.csv", "size_bytes": len(body)}).json()
    key = f"uploads/default/{announced['file_id']}.csv"
    store = container().objects
    store.client.put_object(Bucket=store.bucket, Key=key, Body=body)
    with acting_as("ingest"):
        assert ingest({"Records": [queue_message(key)]}, LambdaContext()) == {"batchItemFailures": []}
    large = service.ask("POST", "/data/uploads", json={"filename": "c.csv", "size_bytes": 1 << 28}).json()["file_id"]
    service.ask("GET", f"/data/uploads/{large}")
    service.ask("DELETE", f"/data/uploads/{large}")


def divide(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """Carry out the tasks of a job as the state machine does, between the two turns of a worker."""
    install_commands(monkeypatch)
    job_id = submit("shares", tasks=2)
    called = {"workspace": WORKSPACE, "job_id": job_id}
    service.work_off(1)
    with acting_as("tasks"):
        assert do_tasks({**called, "tasks": [0, 1]}, LambdaContext())["outcome"] == "done"
        do_tasks({**called, "step": "finish"}, LambdaContext())
    service.work_off()
    assert read_job(job_id).result == {"shares": [100, 101]}
    home().jobs.delete(job_id)  # no caller can order one of its kind


def series(service: Service) -> None:
    """Let files arrive in a series, one of them without an event, and overrule a decision."""
    service.ask("PUT", "/series/prices", json={"target_column": "y", "time_limit": 1})
    service.ask("POST", "/series/prices/uploads", json={"filename": "m.csv", "size_bytes": 100})
    for number in (1, 2):
        service.arrive(put_file(f"m{number}.csv", linear_table(number, 120)))
        service.work_off()
    for path in ("/series", "/series/prices", "/series/prices/history"):
        decisions = service.ask("GET", path).json()
    service.ask("GET", f"/series/prices/reports/{decisions['history'][0]['job_id']}")
    put_file("lost.csv", linear_table(3, 120))


def test_each_role_allows_what_its_function_asks_for(
    queue: SqsQueue, quick_races: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with noted_requests() as noted:
        run_everything(Service(queue), monkeypatch)
    refused = sorted(one for one in noted if not may(one))
    assert not refused, "grant it in infra/privileges.py"
    idle = set(OBJECTS) - {one.function for one in noted}
    assert idle <= {"authorize", "verifying"}, "run_everything() has to call it"


def test_each_role_allows_what_is_asked_for_about_a_workspace_of_a_name_with_a_quota(
    queue: SqsQueue, quick_races: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage, service = container(), Service(queue)
    monkeypatch.setattr(access, "ANYBODY", Caller("other-team", Role.ADMIN))
    most = {"redis_bytes": 1 << 40, "cached_models": 9, "requests": 10_000}
    set_quota(storage.objects, "other-team", jobs=50, stored_bytes=1 << 40, training_seconds=10_000, **most)
    body = linear_table(1, 120).to_csv(index=False).encode()

    def put(key: str) -> str:
        storage.objects.client.put_object(Bucket=storage.objects.bucket, Key=key, Body=body)
        return key

    with noted_requests() as noted:
        service.ask("POST", "/data/upload", files={"file": ("a.csv", body)})
        announced = service.ask("POST", "/data/uploads", json={"filename": "b.csv", "size_bytes": len(body)}).json()
        service.ask("PUT", "/series/prices", json={"target_column": "y", "time_limit": 1})
        service.ask("POST", "/series/prices/uploads", json={"filename": "m.csv", "size_bytes": 100})
        service.arrive(put("incoming/other-team/prices/m.csv"))
        service.work_off()
        (decided,) = storage.workspace("other-team").series.get("prices", fresh=True).arrivals
        storage.workspace("other-team").jobs.delete(decided.job_id)  # the janitor does, after some weeks
        # A ticket as one of an earlier version, or of somebody who may write there.
        file_id = announced["file_id"]
        storage.workspace("other-team").uploads.change(file_id, lambda ticket: {"code": ""})
        with acting_as("ingest"):
            ingest({"Records": [queue_message(put(f"uploads/other-team/{file_id}.csv"))]}, LambdaContext())
        with acting_as("reconcile"):
            Reconciler(storage, turn_seconds=1, clock=lambda: time.time() + 3600).run()
    refused = sorted(one for one in noted if not may(one))
    assert not refused, "grant it in infra/privileges.py"
    asked = {(one.function, one.key) for one in noted}
    assert {
        ("worker", "access/webhooks/other-team.json"),
        ("reconcile", "other-team/series/prices/series.json"),
    } <= asked


def may(asked: Asked) -> bool:
    """Return whether the role of the function allows it."""
    if asked.action.startswith("s3:"):
        return is_allowed(asked.function, asked.action, asked.key)
    if asked.action == "secretsmanager:GetSecretValue":
        return asked.function in SIGNERS
    return asked.action in {action for action, _ in OTHERS.get(asked.function, ())}
