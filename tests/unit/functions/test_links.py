"""Links at every address of API Gateway: the stage's, a custom domain's with and without a base path."""

from collections.abc import Callable, Iterator

import httpx
import pytest

from core.jobs import service
from core.jobs.worker import run_job
from core.services.handlers import HANDLERS
from core.settings import settings
from core.storage.s3.object_store import ObjectStore
from functions.rest_api import split_path
from tests.support import arrivals
from tests.support.gateway import AddressTransport
from tests.support.job_commands import FailingCommand, JobProbe
from tests.support.links import Follower, links_of
from tests.support.storage import home
from tests.support.uploads import put_upload, receive_event

ADDRESSES = {
    "stage": AddressTransport("/prod", custom_domain=False),
    "domain": AddressTransport("", custom_domain=True),
    "mapping": AddressTransport("/teams/flats", custom_domain=True),
}
CSV = b"area,rooms,price\n" + b"".join(b"%d,%d,%d\n" % (n, n % 5, 900 * n + n % 7) for n in range(30, 90))


@pytest.fixture(params=ADDRESSES)
def address(request: pytest.FixtureRequest, bucket: ObjectStore) -> Iterator[Follower]:
    transport = ADDRESSES[request.param]
    with httpx.Client(transport=transport) as client:
        yield Follower(client, f"https://api.example.com{transport.base}")


def test_the_first_links_lead_somewhere(address: Follower) -> None:
    index = address.call("GET", "/")
    assert index.status_code == 200
    links = index.json()["links"]
    routes = {("POST", links["upload"]), ("POST", links["predict"]), ("GET", links["jobs"])}
    for method, link in routes:
        assert address.client.request(method, address.url.join(link)).status_code in (200, 400, 422)


@pytest.mark.parametrize("path", ["/jobs/", "/data/files/"])
def test_a_slash_at_the_end_changes_nothing(address: Follower, path: str) -> None:
    # Starlette would redirect, to the host and with the scheme that it sees.
    answer = address.call("GET", path)
    assert (answer.status_code, answer.request.url.path) == (200, f"{address.url.path.rstrip('/')}{path}")


def test_every_accepted_request_names_its_job_and_when_to_ask(address: Follower) -> None:
    later = {"Prefer": "respond-async"}
    file_id = address.call("POST", "/data/upload", files={"file": ("flats.csv", CSV)}).json()["file_id"]
    ridge = {"model_type": "ridge", "target_column": "price", "model_name": "flats"}
    assert address.call("POST", "/model/train", json=ridge).status_code == 200
    reading = address.call("PATCH", f"/data/files/{file_id}/reading", json={"missing": ["-9"]})
    assert reading.status_code == 201
    stored = {"file_id": file_id, "model_name": "flats"}
    accepted = [
        address.call("PATCH", f"/data/files/{file_id}/reading", json={"missing": ["-8"]}, headers=later),
        address.call("POST", "/model/train", json=ridge, headers=later),
        address.call("POST", "/model/compare", json={"target_column": "price"}, headers=later),
        address.call("POST", "/predict/batch", json=stored, headers=later),
        address.call("POST", "/predict/export", json={**stored, "format": "csv"}, headers=later),
    ]
    job_id = accepted[1].json()["job_id"]
    accepted += [address.call("POST", f"/jobs/{job_id}/{verb}") for verb in ("cancel", "retry")]
    for answer in accepted:
        assert (answer.status_code, answer.headers["Retry-After"]) == (202, "1")
        assert len(links_of(answer)) == 1, "its Location"
    assert accepted[-1].headers["Location"] == f"{address.url.path.rstrip('/')}/jobs/{job_id}"
    assert {answer.headers["Location"] for answer in accepted} <= address.followed


def test_an_error_names_the_path_that_was_asked_for(address: Follower) -> None:
    answer = address.call("GET", "/model/info", params={"model_name": "nobody"})
    assert answer.status_code == 404
    infer = address.call("POST", "/v2/models/nobody/infer", json={"inputs": []})
    assert infer.json()["error"] == infer.json()["detail"]


def test_the_error_of_a_job_names_where_to_follow_it(address: Follower, probe: JobProbe) -> None:
    file_id = put_upload(b"Dear all,\nplease find attached\n")
    receive_event(file_id)
    ticket = address.call("GET", f"/data/files/{file_id}").json()
    assert ticket["error"]["instance"] == f"{address.url.path.rstrip('/')}/data/files/{file_id}"

    job = service.submit_job(home(), FailingCommand(errors=["refusal"]))
    run_job(home(), job.job_id, HANDLERS, seconds=60)
    failed = address.call("GET", f"/jobs/{job.job_id}").json()
    assert failed["error"]["instance"] == f"{address.url.path.rstrip('/')}/jobs/{job.job_id}"
    assert [listed["error"] for listed in address.call("GET", "/jobs").json()["jobs"]] == [failed["error"]]


def test_a_report_of_a_series_links_to_its_data_its_models_and_its_history(
    address: Follower, tmp_path, arrival_clock: Callable[[int], None]
) -> None:
    arrivals.serve_champion(tmp_path)
    job = arrivals.retrain_on("2026-01.csv", arrivals.linear_table(1))
    decided = address.call("GET", f"/jobs/{job.job_id}")
    (report,) = links_of(decided)
    assert report == f"{address.url.path.rstrip('/')}/series/prices/reports/{job.job_id}"
    page = address.client.get(address.url.join(report), headers={"Accept": "text/html"})
    body = address.client.get(address.url.join(report))
    # A page leads to pages: the data, and champion and challenger; JSON also to what was decided before.
    assert len(links_of(page)) == 3
    assert len(links_of(body)) == 4
    address.follow(page)
    address.follow(body)


def test_a_base_path_that_is_set_holds_at_every_address(settled: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """As behind a CDN whose origin is the stage, or at the address of an emulator."""
    monkeypatch.setenv("REGATTA_BASE_PATH", "/apis/{api_id}/v1")
    settings.cache_clear()
    for transport in ADDRESSES.values():
        event = transport.event(
            httpx.Request("GET", f"https://api.example.com{transport.base}/jobs/j1"), "/jobs/{job_id}"
        )
        event["requestContext"]["apiId"] = "a1b2"
        assert split_path(event, event["path"]) == ("/apis/a1b2/v1", "/jobs/j1")


@pytest.mark.parametrize(
    ("resource", "path", "requested", "expected"),
    [
        ("/", "/", "/prod", ("/prod", "/")),
        ("/", "/", "/prod/", ("/prod", "/")),
        ("/", "/v1", "/v1", ("/v1", "/")),
        ("/jobs/{job_id}", "/jobs/jobs/x", "/jobs/jobs/x", ("/jobs", "/jobs/x")),
        ("/series/{name}", "/series/房 价", "/prod/series/%E6%88%BF%20%E4%BB%B7", ("/prod", "/series/房 价")),
        ("/{proxy+}", "/data/files", "/data/files", ("", "/data/files")),
        ("/jobs", "/jobs", None, ("", "/jobs")),
    ],
)
def test_what_is_in_front_of_the_service(
    settled: None, resource: str, path: str, requested: str | None, expected: tuple[str, str]
) -> None:
    context = {} if requested is None else {"path": requested}
    assert split_path({"resource": resource, "requestContext": context}, path) == expected


@pytest.mark.parametrize("path", ["/model/metrics/a%20b", "/model/metrics/%E5%8C%97%25%3F%23"])
def test_the_instance_of_an_error_is_a_link_to_what_was_asked(address: Follower, path: str) -> None:
    answer = address.call("GET", path)
    assert answer.status_code == 404
    assert answer.json()["instance"] == f"{address.url.path.rstrip('/')}{path}"
