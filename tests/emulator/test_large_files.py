"""Large files on the running stack: they go into the bucket, and the bucket's event does the rest."""

import hashlib
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest

from core.types import Json
from infra.emulator_account import REGION
from infra.paths import ROOT
from infra.sam_template import parse_template
from regatta.sources import open_source
from regatta.upload_record import UploadRecord
from tests.support.stack import Stack
from tests.support.tables import CSVS
from tests.support.waiting import wait_for
from tests.support.workflow import gbk_csv

PART_BYTES = 16 << 20


@pytest.fixture(params=["server", "gateway"])
def client(request: pytest.FixtureRequest, stack: Stack) -> httpx.Client:
    """The service, by its web apps and by the emulated API Gateway."""
    url = stack.base_url if request.param == "server" else stack.api_url
    with httpx.Client(base_url=url, timeout=300) as client:
        yield client


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CSV of two parts: diamonds, each with a long note, so that it is long to send and quick to read."""
    header, *rows = (ROOT / "tests/data/diamonds.csv").read_bytes().splitlines()[:2001]
    note = b"," + b"x" * (PART_BYTES // len(rows))
    path = tmp_path_factory.mktemp("large") / "diamonds.csv"
    path.write_bytes(b"".join(line + b"\n" for line in (header + b",note", *(row + note for row in rows))))
    return path


def announce(client: httpx.Client, filename: str, size: int, **wishes: Any) -> Json:
    answer = client.post("/data/uploads", json={"filename": filename, "size_bytes": size, **wishes})
    assert answer.status_code == 201, answer.text
    return answer.json()


def outcome(client: httpx.Client, file_id: str) -> Json:
    """Return the final state of an upload."""

    def is_over(state: Json) -> bool:
        over = state["status"] in ("ready", "failed")
        assert over or 0 <= state["progress"] < 1
        return over

    return wait_for(lambda: client.get(f"/data/files/{file_id}").raise_for_status().json(), is_over)


def in_flight(stack: Stack, file_id: str) -> list[str]:
    s3 = boto3.client("s3", endpoint_url=stack.aws_url, region_name=REGION, **stack.credentials)
    listed = s3.list_objects_v2(Bucket="regatta", Prefix=f"uploads/default/{file_id}").get("Contents", [])
    return [item["Key"].rpartition(".")[2] for item in listed]


def wait_until_gone(stack: Stack, file_id: str) -> None:
    wait_for(lambda: in_flight(stack, file_id) == [])


def test_a_form_becomes_a_dataset_by_the_event_alone(client: httpx.Client, stack: Stack) -> None:
    body = gbk_csv()
    way_in = announce(client, "房价 a b+c%.csv", len(body))
    sent = httpx.post(way_in["url"], data=way_in["fields"], files={"file": body})
    assert sent.is_success, sent.text
    state = outcome(client, way_in["file_id"])
    assert (state["status"], state["progress"], state["filename"]) == ("ready", 1.0, "房价 a b+c%.csv")
    info = client.get("/data/info", params={"file_id": way_in["file_id"]}).json()
    assert (info["sha256"], info["encoding"]) == (hashlib.sha256(body).hexdigest(), "gbk")
    assert (info["rows"], info["columns"]) == (state["rows"], state["columns"])
    wait_until_gone(stack, way_in["file_id"])


def test_a_form_takes_nothing_larger_than_announced(client: httpx.Client, stack: Stack) -> None:
    way_in = announce(client, "small.csv", 10)
    refused = httpx.post(way_in["url"], data=way_in["fields"], files={"file": b"a,b\n" + b"1,2\n" * 10})
    assert refused.status_code == 400
    assert in_flight(stack, way_in["file_id"]) == ["json"]


def test_parts_make_a_dataset_though_one_is_missing_first_and_one_sent_twice(
    client: httpx.Client, stack: Stack, large: Path
) -> None:
    body = large.read_bytes()
    way_in = announce(client, "diamonds.csv", len(body), method="multipart")
    file_id, size = way_in["file_id"], way_in["part_size"]
    pieces = {part["number"]: body[(part["number"] - 1) * size :][:size] for part in way_in["parts"]}
    assert list(pieces) == [1, 2]
    httpx.put(way_in["parts"][1]["url"], content=pieces[2]).raise_for_status()
    refused = client.post(f"/data/uploads/{file_id}/complete")
    assert (refused.status_code, [e["part"] for e in refused.json()["errors"]]) == (409, [1])

    resumed = client.get(f"/data/uploads/{file_id}").json()
    assert (resumed["arrived"], [part["number"] for part in resumed["parts"]]) == ([2], [1])
    for part in (resumed["parts"][0], way_in["parts"][1]):
        httpx.put(part["url"], content=pieces[part["number"]]).raise_for_status()
    completed = client.post(f"/data/uploads/{file_id}/complete")
    # Behind the gateway a link begins with the path of its stage.
    place = client.base_url.raw_path.decode().rstrip("/") + f"/data/files/{file_id}"
    assert (completed.status_code, completed.headers["location"]) == (202, place)

    state = outcome(client, file_id)
    assert (state["status"], state["rows"]) == ("ready", body.count(b"\n") - 1)
    info = client.get("/data/info", params={"file_id": file_id}).json()
    assert info["sha256"] == hashlib.sha256(body).hexdigest()
    wait_until_gone(stack, file_id)


def test_a_hostile_file_fails_with_its_problem(client: httpx.Client, stack: Stack) -> None:
    body = b"\x7fELF\x02\x01\x01" + bytes(range(256)) * 20
    way_in = announce(client, "table.csv", len(body))
    httpx.post(way_in["url"], data=way_in["fields"], files={"file": body}).raise_for_status()
    state = outcome(client, way_in["file_id"])
    assert (state["status"], state["error"]["type"]) == ("failed", "urn:regatta:problem:not-a-csv")
    wait_for(lambda: in_flight(stack, way_in["file_id"]) == ["json"])
    assert client.get("/data/preview", params={"file_id": way_in["file_id"]}).status_code == 404
    assert client.delete(f"/data/uploads/{way_in['file_id']}").json() == {"deleted": way_in["file_id"]}
    assert client.get(f"/data/files/{way_in['file_id']}").status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"filename": "x.csv"}, "size_bytes"),
        ({"filename": "x.csv", "size_bytes": 0}, "size_bytes"),
        ({"filename": "", "size_bytes": 1}, "filename"),
        ({"filename": "x.csv", "size_bytes": 1, "method": "pigeon"}, "method"),
        ({"filename": "x.csv", "size_bytes": 1, "sized": 1}, "sized"),
    ],
)
def test_an_announcement_that_makes_no_sense_names_its_field(stack: Stack, body: Json, field: str) -> None:
    answer = httpx.post(f"{stack.base_url}/data/uploads", json=body)
    assert (answer.status_code, [e["field"] for e in answer.json()["errors"]]) == (422, [field])


def test_a_file_over_the_limit_is_refused_before_it_is_sent(stack: Stack) -> None:
    answer = httpx.post(f"{stack.base_url}/data/uploads", json={"filename": "x.csv", "size_bytes": 1 << 40})
    assert (answer.status_code, answer.json()["type"]) == (413, "urn:regatta:problem:too-large")


def test_regatta_upload_makes_a_dataset(stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    answer = stack.call("upload", str(CSVS["mpg"][0]))
    assert answer.returncode == 0, answer.stderr
    assert "mpg.csv, 398 rows × 9 columns" in answer.stdout
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_regatta_upload_goes_on_where_it_was_killed(
    stack: Stack, large: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    # What a run leaves that was killed after its first part.
    with httpx.Client(base_url=stack.base_url) as client:
        way_in = announce(client, large.name, large.stat().st_size, method="multipart")
    with open_source(large, None) as source:
        UploadRecord(stack.base_url, source, {}).write(way_in["file_id"])
    body = large.read_bytes()[: way_in["part_size"]]
    httpx.put(way_in["parts"][0]["url"], content=body).raise_for_status()

    answer = stack.call("upload", str(large))
    assert answer.returncode == 0, answer.stderr
    assert "1 of 2 parts are there" in answer.stdout
    assert way_in["file_id"] in answer.stdout.splitlines()[-1]


def test_regatta_upload_says_what_is_wrong_with_a_file(
    stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    ragged = tmp_path / "ragged.csv"
    ragged.write_text("a,b\n1,2\n3\n4,5\n")
    answer = stack.call("upload", str(ragged))
    assert (answer.returncode, "columns" in answer.stderr, "Traceback" in answer.stderr) == (1, True, False)


def test_regatta_upload_says_when_nobody_answers(stack: Stack, tmp_path: Path) -> None:
    answer = stack.call("upload", "--url", "http://127.0.0.1:9", str(CSVS["mpg"][0]))
    assert (answer.returncode, "127.0.0.1:9" in answer.stderr, "Traceback" in answer.stderr) == (3, True, False)


def test_nobody_takes_over_before_an_invocation_must_be_over() -> None:
    resources = parse_template((ROOT / "template.yaml").read_text())["Resources"]
    timeout = resources["IngestFunction"]["Properties"]["Timeout"]
    # The lease of a living worker is renewed, and its message comes again when no invocation can be alive.
    assert timeout < resources["UploadsQueue"]["Properties"]["VisibilityTimeout"]
