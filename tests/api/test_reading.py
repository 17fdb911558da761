"""How a file is read, said with an upload and corrected afterwards, on a running stack."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.stack import Stack
from tests.support.waiting import wait_for

AMBIGUOUS = "日,价格,备注\n01/02/2022,1.234,无\n03/04/2022,5.678,有\n11/12/2022,9.876,无\n".encode("gbk")
DAYS_FIRST = ["2022-02-01", "2022-04-03", "2022-12-11"]
MONTHS_FIRST = ["2022-01-02", "2022-03-04", "2022-11-12"]


@pytest.fixture(scope="module")
def small_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack that takes no more than 40 bytes in one request."""
    own = Stack(tmp_path_factory.mktemp("small") / "home", REGATTA_MAX_UPLOAD_BYTES="40", REGATTA_WORKERS="1").start()
    yield own
    own.kill_all()


@pytest.fixture(params=["server", "gateway"])
def client(request: pytest.FixtureRequest, stack: Stack) -> Iterator[httpx.Client]:
    """The service, by its web apps and by the emulated API Gateway."""
    url = stack.base_url if request.param == "server" else stack.api_url
    with httpx.Client(base_url=url, timeout=300) as found:
        yield found


def upload(client: httpx.Client, **fields: Any) -> dict[str, Any]:
    answer = client.post("/data/upload", files={"file": ("日.csv", AMBIGUOUS)}, data=fields)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def days(client: httpx.Client, file_id: str) -> list[str]:
    rows = client.get("/data/preview", params={"file_id": file_id}).json()["rows"]
    return [str(row[0])[:10] if isinstance(row, list) else str(row["日"])[:10] for row in rows]


def finished_job(client: httpx.Client, accepted: httpx.Response) -> dict[str, Any]:
    """Return the job of a 202 once it is over."""
    job: dict[str, Any] = wait_for(
        lambda: client.get(accepted.headers["Location"]).json(), lambda job: job["status"] in ("succeeded", "failed")
    )
    return job


def test_an_ambiguous_file_is_settled_by_the_way_that_its_warning_shows(client: httpx.Client) -> None:
    assumed = upload(client)
    assert (assumed["encoding"], assumed["column_types"]["日"]) == ("gbk", "date")
    assert days(client, assumed["file_id"]) == MONTHS_FIRST
    (warning,) = [warning for warning in assumed["warnings"] if "'日'" in warning]
    assert "send dates=dmy with PATCH /data/files/{file_id}/reading" in warning
    answer = client.patch(f"/data/files/{assumed['file_id']}/reading", json={"dates": "dmy", "decimal": "comma"})
    assert answer.status_code == 201, answer.text
    settled = answer.json()
    assert (settled["parent"], settled["sha256"]) == (assumed["file_id"], assumed["sha256"])
    assert settled["formats"] == {"日": "D/M/Y"}
    assert settled["column_types"] == {"日": "date", "价格": "integer", "备注": "category"}
    assert not [warning for warning in settled["warnings"] if "fits every date" in warning]
    assert days(client, settled["file_id"]) == DAYS_FIRST
    assert days(client, assumed["file_id"]) == MONTHS_FIRST
    assert client.get("/data/files").json()["current"] == settled["file_id"]


def test_a_form_says_it_from_the_start(client: httpx.Client) -> None:
    answer = upload(client, dates="dmy", types='{"价格": "category"}', missing=["有"], keep=["无"])
    assert days(client, answer["file_id"]) == DAYS_FIRST
    assert answer["column_types"] == {"日": "date", "价格": "category", "备注": "category"}
    assert answer["missing"]["备注"] == 1


@pytest.mark.parametrize(
    ("fields", "field", "said"),
    [
        ({"dates": "ymd"}, "dates", ("日", "line 2", "01/02/2022")),
        ({"types": {"备注": "number"}}, "types.备注", ("备注", "line 3", "有")),
        ({"types": {"none such": "number"}}, "types.none such", ("none such",)),
    ],
)
def test_a_correction_that_contradicts_the_bytes_stores_nothing(
    client: httpx.Client, fields: dict[str, Any], field: str, said: tuple[str, ...]
) -> None:
    parent = upload(client)
    before = client.get("/data/files").json()
    answer = client.patch(f"/data/files/{parent['file_id']}/reading", json=fields)
    problem = answer.json()
    assert (answer.status_code, problem["type"]) == (422, "urn:regatta:problem:invalid-input"), problem
    assert problem["errors"][0]["field"] == field
    assert all(part in problem["detail"] for part in said), problem["detail"]
    assert client.get("/data/files").json() == before


def test_curl_sends_the_form_of_the_documentation(stack: Stack, tmp_path: Path) -> None:
    (tmp_path / "sales.csv").write_bytes(b"day;price;zip\n01/02/2022;1,5;01234\n03/04/2022;-999;05678\n")
    fields = ["dates=dmy", "decimal=,", 'types={"zip": "category"}', "missing=-999", "missing=unknown"]
    forms = [part for field in ("file=@sales.csv", *fields) for part in ("-F", field)]
    command = ["curl", "-s", "--noproxy", "*", *forms, f"{stack.base_url}/data/upload"]
    sent = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=300)
    answer = httpx.Response(200, text=sent.stdout).json()
    assert answer["column_types"] == {"day": "date", "price": "number", "zip": "category"}
    assert (answer["missing"], answer["decimals"]) == ({"day": 0, "price": 1, "zip": 0}, {"price": ","})
    assert answer["reading"]["missing"] == ["-999", "unknown"]


def test_the_command_line_says_it_and_a_large_file_is_read_again_as_a_job(
    small_stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    source = tmp_path / "days.csv"
    source.write_bytes(AMBIGUOUS)
    sent = small_stack.call("upload", str(source), "--dates", "dmy", "--type", "价格=category", "--keep", "无")
    assert sent.returncode == 0, sent.stderr
    with httpx.Client(base_url=small_stack.base_url, timeout=300) as client:
        file_id = client.get("/data/files").json()["current"]
        parent = client.get(f"/data/files/{file_id}").json()
        assert parent["reading"] == {"dates": "dmy", "types": {"价格": "category"}, "keep": ["无"]}
        assert days(client, file_id) == DAYS_FIRST
        answer = client.patch(f"/data/files/{file_id}/reading", json={"dates": "mdy", "types": None})
        assert (answer.status_code, "Preference-Applied" in answer.headers) == (202, False), answer.text
        job = finished_job(client, answer)
        assert job["status"] == "succeeded", job
        child = job["result"]
        assert (child["parent"], child["reading"]) == (file_id, {"dates": "mdy", "keep": ["无"]})
        assert days(client, child["file_id"]) == MONTHS_FIRST
        assert client.get("/data/files").json()["current"] == child["file_id"]
        refused = client.patch(f"/data/files/{file_id}/reading", json={"dates": "ymd"})
        job = finished_job(client, refused)
        assert (job["status"], job["error"]["errors"][0]["field"]) == ("failed", "dates")
        assert len(client.get("/data/files").json()["files"]) == 2


def test_the_command_line_shows_what_is_wrong(small_stack: Stack, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(AMBIGUOUS)
    sent = small_stack.call("upload", str(tmp_path / "a.csv"), "--dates", "german")
    assert (sent.returncode, "'dmy', 'mdy' or 'ymd'" in sent.stderr, "Traceback" in sent.stderr) == (1, True, False)
