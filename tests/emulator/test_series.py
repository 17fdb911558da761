"""Files that arrive in series on the running stack: the bucket's own notifications start what becomes of them."""

import json
import random
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import boto3
import httpx
import pytest

from core.types import Json
from infra.emulator_account import REGION, STACK_NAME
from tests.support.stack import Stack
from tests.support.waiting import wait_for

ROW = {"area": 0.5, "age": 0.25}
# Long enough for a race of several folds also on a busy machine: one fold says too little of what errors are to be
# expected, and then the next file may be held.
QUICK = {"target_column": "price", "time_limit": 3}
# Where no other file is to come, any champion will do.
QUICKEST = {**QUICK, "time_limit": 1}


def flats(seed: int, target: str = "price", rows: int = 150) -> bytes:
    chance = random.Random(seed)
    pairs = [(chance.random(), chance.random()) for _ in range(rows)]
    lines = (f"{area:.4f},{age:.4f},{area - 2 * age + chance.gauss(0, 0.05):.4f}" for area, age in pairs)
    return "\n".join([f"area,age,{target}", *lines, ""]).encode()


@pytest.fixture(scope="module")
def client(stack: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.base_url, timeout=300) as client:
        yield client


@pytest.fixture(scope="module")
def aws(stack: Stack) -> Iterator[Callable[[str], Any]]:
    """Clients of the emulated AWS, by service."""
    made = {
        service: boto3.client(service, endpoint_url=stack.aws_url, region_name=REGION, **stack.credentials)
        for service in ("s3", "sqs", "cloudformation", "lambda", "events")
    }
    yield made.__getitem__
    for one in made.values():
        one.close()


@pytest.fixture(autouse=True)
def no_dead_letters(stack: Stack, aws: Callable[[str], Any]) -> None:
    """Remove those of other tests: each file that a series refuses is one."""
    aws("sqs").purge_queue(QueueUrl=_dead_letters(stack))


@pytest.fixture
def put(aws: Callable[[str], Any]) -> Callable[..., None]:
    """Puts an object, as any S3 client does."""

    def put(key: str, body: bytes, **metadata: str) -> None:
        aws("s3").put_object(Bucket="regatta", Key=key, Body=body, Metadata=metadata)

    return put


def decisions(client: httpx.Client, series: str, count: int, state: str | None = None) -> list[Json]:
    """The history of a series, the newest first, once it has so many entries (of this state)."""

    def look() -> list[Json]:
        answer = client.get(f"/series/{series}/history")
        found = answer.json()["history"] if answer.is_success else []
        chosen = [arrival for arrival in found if state in (None, arrival["state"])]
        return chosen if len(chosen) >= count else []

    return wait_for(look)


def versions(client: httpx.Client, name: str) -> dict[int, bool]:
    """Whether each version of a model serves."""
    models = client.get("/model/trained", params={"model_name": name}).json()["models"]
    return {model["version"]: model["serves"] for model in models}


def test_an_object_that_is_created_becomes_the_champion(client: httpx.Client, put: Callable[..., None]) -> None:
    client.put("/series/房价", json={"time_limit": 1}).raise_for_status()
    put("incoming/default/房价/2026/a b+c%中文.csv", flats(1, "价格"), **{"target-column": quote("价格")})
    (arrival,) = decisions(client, "房价", 1)
    assert (arrival["filename"], arrival["state"], arrival["champion"]) == ("a b+c%中文.csv", "accepted", 1)
    predicted = client.post("/predict", json={"model_name": "房价", "data": ROW}).raise_for_status().json()
    assert predicted["prediction"] == pytest.approx(0, abs=0.3)
    # The decision is stored before its job ends.
    shown = wait_for(lambda: client.get("/series/房价").json(), lambda series: not series["jobs"])
    assert (shown["champion"], shown["jobs"], shown["settings"]["target_column"]) == (1, [], "价格")
    report = f"/series/房价/reports/{arrival['job_id']}"
    assert client.get(report).json()["arrival"] == arrival
    page = client.get(report, headers={"Accept": "text/html,*/*"})
    assert (page.headers["content-type"], "房价" in page.text) == ("text/html; charset=utf-8", True)
    assert client.get(report, params={"format": "html"}).content == page.content


def test_a_file_waits_until_somebody_says_what_the_target_is(client: httpx.Client, put: Callable[..., None]) -> None:
    put("incoming/default/untold/one.csv", flats(2))
    (waiting,) = decisions(client, "untold", 1)
    assert (waiting["state"], "target" in waiting["reason"]) == ("waiting", True)
    assert client.post("/predict", json={"model_name": "untold", "data": ROW}).status_code == 404
    announced = client.put("/series/untold", json=QUICKEST).json()["announced"]
    (arrival,) = decisions(client, "untold", 1, "accepted")
    assert ([arrival["job_id"]], arrival["champion"]) == (announced, 1)


def test_an_event_that_comes_ten_times_trains_once(
    client: httpx.Client, put: Callable[..., None], aws: Callable[[str], Any]
) -> None:
    client.put("/series/often", json=QUICKEST).raise_for_status()
    body = flats(3)
    for _ in range(5):
        put("incoming/default/often/one.csv", body)
    record = {"s3": {"object": {"key": "incoming/default/often/one.csv", "eTag": _etag(aws, "often/one.csv")}}}
    queue = _physical(aws, "IncomingQueue")
    for _ in range(5):
        aws("sqs").send_message(QueueUrl=queue, MessageBody=json.dumps({"Records": [record]}))
    (arrival,) = decisions(client, "often", 1)
    wait_for(lambda: _is_empty(aws, queue))
    # A message that found another worker at it comes again when that one's lease could be over; by then the job is.
    assert client.get(f"/jobs/{arrival['job_id']}").json()["attempts"] == 1
    assert versions(client, "often") == {1: True}
    assert len(client.get("/series/often/history").json()["history"]) == 1


def test_two_files_in_the_same_second_give_two_versions_and_one_champion(
    client: httpx.Client, put: Callable[..., None]
) -> None:
    client.put("/series/twins", json=QUICK).raise_for_status()
    senders = [
        threading.Thread(target=put, args=(f"incoming/default/twins/{n}.CSV", flats(10 + n, rows=600)))
        for n in range(2)
    ]
    for sender in senders:
        sender.start()
    arrivals = decisions(client, "twins", 2)
    serving = versions(client, "twins")
    assert (set(serving), sum(serving.values())) == ({1, 2}, 1)
    assert {arrival["version"] for arrival in arrivals} == {1, 2}


def test_predictions_go_on_while_a_new_champion_comes(client: httpx.Client, put: Callable[..., None]) -> None:
    client.put("/series/steady", json={**QUICK, "tolerance": 1}).raise_for_status()
    put("incoming/default/steady/0.csv", flats(20))
    decisions(client, "steady", 1)
    answers: list[httpx.Response] = []
    over = threading.Event()

    def predict() -> None:
        payload = {"model_name": "steady", "data": [ROW] * 50}
        with httpx.Client(base_url=client.base_url, timeout=300) as mine:
            while not over.wait(0.05):  # most of the machine is for the training
                answers.append(mine.post("/predict/batch", json=payload))

    loops = [threading.Thread(target=predict) for _ in range(2)]
    for loop in loops:
        loop.start()
    for n in (1, 2):
        put(f"incoming/default/steady/{n}.csv", flats(20 + n))
        champion = decisions(client, "steady", n + 1)[0]["champion"]
        wait_for(lambda newest=champion: answers[-1].json()["version"] == newest)
    over.set()
    for loop in loops:
        loop.join()
    assert {answer.status_code for answer in answers} == {200}
    seen = {(answer.json()["version"], *answer.json()["predictions"]) for answer in answers}
    assert len(seen) == len({one[0] for one in seen}) == champion
    for version, *predictions in seen:
        payload = {"model_name": "steady", "version": version, "data": ROW}
        # The sum of products of many rows may be rounded in another order than that of one.
        alone = client.post("/predict", json=payload).json()["prediction"]
        assert predictions == pytest.approx([alone] * len(predictions), rel=1e-12)


def test_poison_is_a_dead_letter_with_its_reason_and_stops_nobody(
    stack: Stack, client: httpx.Client, put: Callable[..., None]
) -> None:
    put("incoming/default/poisoned/elf.csv", b"\x7fELF\x02\x01\x01" + bytes(range(256)) * 20)
    put("incoming/default/beside/one.csv", flats(30))
    decisions(client, "beside", 1)
    (refused,) = decisions(client, "poisoned", 1)
    assert refused["state"] == "refused"
    wait_for(lambda: _dead(client) == 1)
    shown = stack.call("jobs").stdout
    assert "dead letter" in shown
    assert shown.count(refused["job_id"]) == 2
    assert "1 jobs begin anew" in stack.call("redrive").stdout
    wait_for(lambda: _dead(client) == 1)  # it is no better than before
    assert client.get(f"/jobs/{refused['job_id']}").json()["status"] == "failed"


def test_an_event_that_was_given_up_is_shown_and_sent_again(
    stack: Stack, client: httpx.Client, put: Callable[..., None], aws: Callable[[str], Any]
) -> None:
    # An object that the bucket tells of to nobody, and the message as SQS moves it when an outage lasts too long.
    put("incoming/default/given-up/one.Csv", flats(31))
    record = {"s3": {"object": {"key": "incoming/default/given-up/one.Csv", "eTag": _etag(aws, "given-up/one.Csv")}}}
    aws("sqs").send_message(QueueUrl=_dead_letters(stack), MessageBody=json.dumps({"Records": [record]}))
    assert "incoming/default/given-up/one.Csv" in stack.call("jobs").stdout
    stack.call("redrive")
    assert decisions(client, "given-up", 1)[0]["state"] == "waiting"
    assert _dead(client) == 0


def test_what_no_event_has_told_of_is_found(stack: Stack, client: httpx.Client, put: Callable[..., None]) -> None:
    put("incoming/default/missed/one.Csv", flats(32))
    assert "incoming/default/missed/one.Csv\n1 files were missed." in stack.call("reconcile", "--dry-run").stdout
    assert "1 files were missed and have a job now" in stack.call("reconcile").stdout
    decisions(client, "missed", 1)
    assert "0 files were missed" in stack.call("reconcile").stdout


def test_a_key_of_no_series_is_left_alone(client: httpx.Client, put: Callable[..., None], aws: Any) -> None:
    put("incoming/default/of-no-series.csv", flats(33))
    put("incoming/default/%2e/one.csv", flats(33))
    wait_for(lambda: _is_empty(aws, _physical(aws, "IncomingQueue")))
    assert _dead(client) == 0


def test_a_file_saved_in_the_watched_folder_arrives_once_it_has_stopped_growing(
    stack: Stack, client: httpx.Client
) -> None:
    folder = stack.home / "incoming" / "看板"
    (folder / "2026").mkdir(parents=True)
    body = flats(34)
    growing = folder / "growing.csv"
    with growing.open("wb") as file:
        file.write(body[:500])
        file.flush()
        (folder / "~$growing.csv").write_bytes(b"a temporary file of an editor")
        (folder / "draft").write_bytes(body)
        (folder / "draft").rename(folder / "2026" / "二月.csv")
        decisions(client, "看板", 1)
        file.write(body[500:])
    arrivals = decisions(client, "看板", 2)
    assert {arrival["filename"]: arrival["size_bytes"] for arrival in arrivals} == {
        "二月.csv": len(body),
        "growing.csv": len(body),
    }
    assert growing.read_bytes() == body


def test_regatta_drop_shows_the_decision(stack: Stack, client: httpx.Client, tmp_path: Path) -> None:
    file = tmp_path / "第一.csv"
    file.write_bytes(flats(35))
    client.put("/series/dropped", json={"time_limit": 1}).raise_for_status()
    assert "waiting" in stack.call("drop", str(file), "--series", "dropped").stdout
    for _ in range(2):  # the same file once more changes nothing
        answer = stack.call("drop", str(file), "--series", "dropped", "--target", "price")
        assert answer.returncode == 0, answer.stderr
        assert "Version 1 of dropped serves now." in answer.stdout
    assert versions(client, "dropped") == {1: True}
    assert re.search(r"^dropped +price +1 +1 +accepted", stack.call("series").stdout, re.MULTILINE)
    assert "第一.csv" in stack.call("series", "dropped").stdout


def test_the_janitor_comes_daily_and_leaves_what_is_in_flight(
    stack: Stack, client: httpx.Client, aws: Callable[[str], Any]
) -> None:
    announcement = {"filename": "large.csv", "size_bytes": 9, "method": "multipart"}
    file_id = client.post("/data/uploads", json=announcement).json()["file_id"]
    aws("s3").put_object(Bucket="regatta", Key="default/artifacts/0123-being-sent/model.onnx", Body=b"graph")
    before = _keys(aws)
    function = _physical(aws, "JanitorFunction")
    answer = aws("lambda").invoke(FunctionName=function)
    assert "FunctionError" not in answer, answer["Payload"].read()
    assert _keys(aws) == before
    assert stack.call("janitor", "--dry-run").returncode == 0
    assert client.get(f"/data/uploads/{file_id}").json()["parts"]
    assert _schedules(aws) == {
        function: "rate(1 day)",
        _physical(aws, "ReconcileFunction"): "rate(1 minute)",
    }


def _schedules(aws: Callable[[str], Any]) -> dict[str, str]:
    """How often each function is called, by its name."""
    events = aws("events")
    return {
        target["Arn"].rpartition(":")[2]: rule["ScheduleExpression"]
        for rule in events.list_rules()["Rules"]
        for target in events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
    }


def _keys(aws: Callable[[str], Any]) -> set[str]:
    pages = aws("s3").get_paginator("list_objects_v2").paginate(Bucket="regatta")
    return {item["Key"] for page in pages for item in page["Contents"]}


def _etag(aws: Callable[[str], Any], name: str) -> str:
    return str(aws("s3").head_object(Bucket="regatta", Key=f"incoming/default/{name}")["ETag"].strip('"'))


def _physical(aws: Callable[[str], Any], logical: str) -> str:
    found = aws("cloudformation").describe_stack_resource(StackName=STACK_NAME, LogicalResourceId=logical)
    return str(found["StackResourceDetail"]["PhysicalResourceId"])


def _dead_letters(stack: Stack) -> str:
    return f"{stack.env['REGATTA_JOBS_QUEUE_URL']}-dead"


def _is_empty(aws: Callable[[str], Any], queue: str) -> bool:
    counts = aws("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
    return counts["ApproximateNumberOfMessages"] == counts["ApproximateNumberOfMessagesNotVisible"] == "0"


def _dead(client: httpx.Client) -> int:
    return int(client.get("/system/status").json()["queue"]["dead_letters"])
