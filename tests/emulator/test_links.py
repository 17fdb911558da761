"""Every link in the answers of the whole job leads somewhere: at the server, behind a proxy, and at a gateway."""

import re
from collections.abc import Iterator
from urllib.parse import quote

import boto3
import httpx
import pytest

from infra.emulator_account import REGION
from tests.emulator.test_deploy_and_serve import served, wait_until_up
from tests.support.links import Follower
from tests.support.reverse_proxy import reverse_proxy
from tests.support.stack import Stack, free_ports
from tests.support.waiting import wait_for

ASYNC = {"Prefer": "respond-async"}
CSV = b"area,rooms,price\n" + b"".join(b"%d,%d,%d\n" % (n, n % 5, 900 * n + n % 7) for n in range(30, 130))


@pytest.fixture(scope="module")
def proxied(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of the stack's own bucket that trusts the proxy in front of it."""
    (port,) = free_ports(1)
    arguments = ("infra.local.server:app", "--port", str(port), "--no-proxy-headers")
    environment = {**stack.shell, **stack.env, "REGATTA_TRUSTED_PROXIES": "127.0.0.0/8"}
    with served(environment, tmp_path_factory.mktemp("proxied") / "log", "uvicorn", *arguments):
        wait_until_up(f"http://127.0.0.1:{port}/")
        with reverse_proxy(f"http://127.0.0.1:{port}", "/teams/flats") as url:
            yield url


@pytest.fixture(params=["server", "proxy", "gateway"])
def address(request: pytest.FixtureRequest, stack: Stack) -> Iterator[Follower]:
    if request.param == "proxy":
        url = request.getfixturevalue("proxied")
    else:
        url = stack.base_url if request.param == "server" else stack.api_url
    with httpx.Client(timeout=300) as client:
        yield Follower(client, url)


def finished(address: Follower, accepted: httpx.Response) -> httpx.Response:
    """The job of an accepted request when it is over."""
    assert (accepted.status_code, accepted.headers["Retry-After"]) == (202, "1"), accepted.text
    job = address.url.join(accepted.headers["Location"])
    return wait_for(
        lambda: address.client.get(job),
        lambda answer: answer.json()["status"] in ("succeeded", "failed", "ready"),
    )


def test_every_link_of_the_whole_job_leads_somewhere(address: Follower) -> None:
    address.call("GET", "/")
    file_id = address.call("POST", "/data/upload", files={"file": ("flats.csv", CSV)}).json()["file_id"]
    reading = {"missing": ["-9"]}
    assert address.call("PATCH", f"/data/files/{file_id}/reading", json=reading).status_code == 201
    ridge = {"file_id": file_id, "model_type": "ridge", "target_column": "price", "model_name": "linked"}
    assert address.call("POST", "/model/train", json=ridge).status_code == 200
    stored = {"file_id": file_id, "model_name": "linked"}
    for path, body in {
        "/model/train": ridge,
        "/predict/batch": stored,
        "/predict/export": {**stored, "format": "csv"},
    }.items():
        over = finished(address, address.call("POST", path, json=body, headers=ASYNC))
        assert over.json()["status"] == "succeeded", over.text
        address.follow(over)
    assert address.call("GET", "/model/info", params={"model_name": "nobody"}).status_code == 404


def test_a_large_upload_that_fails_says_where_it_is(address: Follower) -> None:
    body = b"Dear all,\nplease find attached\n"
    form = address.call("POST", "/data/uploads", json={"filename": "x.csv", "size_bytes": len(body)}).json()
    sent = httpx.post(form["url"], data=form["fields"], files={"file": ("x.csv", body)}, timeout=300)
    assert sent.status_code in (200, 204)
    completed = address.call("POST", f"/data/uploads/{form['file_id']}/complete")
    failed = finished(address, completed)
    assert failed.json()["error"]["instance"] == completed.headers["Location"]
    address.follow(failed)


@pytest.fixture(scope="module")
def decided(stack: Stack) -> str:
    """The job of a file that arrived in a series, when it is over."""
    s3 = boto3.client("s3", endpoint_url=stack.aws_url, region_name=REGION, **stack.credentials)
    metadata = {"target-column": quote("price")}
    s3.put_object(
        Bucket=stack.env["REGATTA_BUCKET"], Key="incoming/default/linked/one.csv", Body=CSV, Metadata=metadata
    )
    s3.close()
    history = f"{stack.base_url}/series/linked/history"
    arrivals = wait_for(lambda: httpx.get(history, timeout=300).json().get("history"))
    job_id: str = arrivals[0]["job_id"]
    job = f"{stack.base_url}/jobs/{job_id}"
    wait_for(lambda: httpx.get(job, timeout=300).json()["status"], lambda status: status == "succeeded")
    return job_id


def test_the_report_of_a_series_can_be_walked_through(address: Follower, decided: str) -> None:
    address.call("GET", f"/jobs/{decided}")
    assert any("/model/report/" in link for link in address.followed), "the page of the report"


def test_the_documentation_is_at_every_address(address: Follower) -> None:
    page = address.client.get(f"{address.url}/docs")
    address.follow(page)
    scripts = re.findall(r'src="([^"]+)"', page.text)
    assert len(scripts) == 2
    for script in scripts:
        assert address.client.get(address.url.join(script)).status_code == 200
    assert address.client.get(f"{address.url}/openapi.json").json()["servers"][0]["url"] == (
        address.url.path.rstrip("/") or "/"
    )


def test_a_prefix_from_somebody_who_is_not_trusted_changes_nothing(stack: Stack) -> None:
    spoofed = {
        "X-Forwarded-Prefix": "/elsewhere",
        "X-Forwarded-Host": "evil.example.com",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-For": "127.0.0.1",
        "Forwarded": "for=127.0.0.1;host=evil.example.com;proto=https",
    }
    for url in (stack.base_url, stack.api_url):
        assert httpx.get(f"{url}/", headers=spoofed, timeout=300).json() == httpx.get(f"{url}/", timeout=300).json()
