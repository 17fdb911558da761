"""What the service is doing, as whoever operates it sees it: its parts, its jobs, and what can be done about them."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.browser.conftest import Check, choose
from tests.support.stack import Stack
from tests.support.tables import noisy
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

IN_TURN = {"Prefer": "respond-async"}


@pytest.fixture(scope="module")
def client(stack: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.base_url, timeout=300) as client:
        yield client


@pytest.fixture(scope="module")
def file_id(client: httpx.Client) -> str:
    sent = client.post("/data/upload", files={"file": ("jobs.csv", noisy(100).encode())})
    return str(sent.raise_for_status().json()["file_id"])


def with_trials(route: "Route") -> None:
    """Answer with the job as if two trials of one regressor had run."""
    answer = route.fetch()
    trial = {"model_type": "lightgbm", "target_transform": "none", "r2": 0.9, "folds": 5, "seconds": 1.5}
    costs = ({"size_bytes": 120_000, "latency_us": 35.5}, {"size_bytes": None, "latency_us": None})
    standings = [
        {**trial, **cost, "parameters": {"n_estimators": trees}} for trees, cost in zip((300, 800), costs, strict=True)
    ]
    route.fulfill(response=answer, json={**answer.json(), "standings": standings})


def submit(client: httpx.Client, path: str, **order: Any) -> str:
    """Submit work on the file and return the id of its job."""
    return str(client.post(path, json=order, headers=IN_TURN).raise_for_status().json()["job_id"])


def test_whoever_operates_sees_the_parts_and_the_jobs(
    page: "Page", client: httpx.Client, file_id: str, check: Check
) -> None:
    submit(client, "/model/train", model_type="ridge", target_column="y", file_id=file_id)
    page.goto("/console/operate")
    page.get_by_text("Everything answers").wait_for()
    page.get_by_role("heading", name="Object storage").wait_for()
    check(page, "operate")
    page.route(re.compile("/jobs/[^/?]+$"), with_trials)
    page.get_by_role("link", name="Training", exact=True).first.click()
    page.get_by_role("heading", name="Course").wait_for()
    trials = page.get_by_role("table", name="Trials")
    trials.get_by_role("rowheader").first.wait_for()
    assert trials.get_by_role("rowheader").all_inner_texts() == ["LightGBM · 300 trees", "LightGBM · 800 trees"]
    costs = [row.get_by_role("cell").all_inner_texts()[-2:] for row in trials.locator("tbody tr").all()]
    assert costs[0] == ["120 kB", "35.5\u00a0µs"]
    assert all("missing" in each for each in costs[1])
    page.get_by_role("link", name="Open the model").wait_for()
    check(page, "operate-job")


def test_a_service_without_storage_still_shows_its_state(page: "Page") -> None:
    parts = {
        "storage": {"status": "down"},
        "redis": {"status": "up"},
        "queue": {"status": "off"},
        "cache": {},
        "index": {},
    }
    body = {
        "type": "urn:regatta:problem:storage-unavailable",
        "title": "down",
        "status": 503,
        "detail": "down",
        **parts,
    }
    page.route("**/system/status", lambda route: route.fulfill(status=503, json=body))
    page.goto("/console/operate")
    page.get_by_text("Storage does not answer").wait_for()
    assert page.get_by_text("Nothing can be stored or loaded").is_visible()


def test_a_job_is_cancelled_and_started_again(page: "Page", client: httpx.Client, file_id: str, check: Check) -> None:
    def status() -> str:
        return str(client.get(f"/jobs/{job_id}").json()["status"])

    options = {"model_type": "random_forest", "tune_hyperparameters": True, "tuning_seconds": 600}
    job_id = submit(client, "/model/train", target_column="y", file_id=file_id, **options)
    page.goto(f"/console/operate/{job_id}")
    page.get_by_role("button", name="Cancel the job").click()
    check(page, "operate-cancel")
    page.get_by_role("dialog").get_by_role("button", name="Cancel the job").click()
    page.get_by_role("dialog").wait_for(state="detached")
    page.locator(".view-head .tag", has_text="Cancelled").wait_for()
    assert status() == "cancelled"
    page.get_by_role("button", name="Start it again").click()
    page.get_by_role("button", name="Cancel the job").wait_for()
    assert status() in ("queued", "running")
    client.post(f"/jobs/{job_id}/cancel").raise_for_status()
    page.locator(".view-head .tag", has_text="Cancelled").wait_for()
    wait_for(status, "cancelled".__eq__)


def test_a_job_that_failed_says_why_in_the_list_and_by_itself(page: "Page", client: httpx.Client, check: Check) -> None:
    few = "x,y\n" + "\n".join(f"{row},{row if row < 3 else ''}" for row in range(60))
    sent = client.post("/data/upload", files={"file": ("few.csv", few.encode())}).json()
    job_id = submit(client, "/model/train", model_type="ridge", target_column="y", file_id=sent["file_id"])
    wait_for(lambda: client.get(f"/jobs/{job_id}").json()["status"], "failed".__eq__)
    page.goto("/console/operate")
    page.locator("fieldset label", has_text="Failed").click()
    row = page.get_by_role("row").filter(has=page.locator(f"a[href$='{job_id}']"))
    row.get_by_text("The table has too few rows").wait_for()
    row.get_by_role("link").click()
    page.get_by_role("alert").get_by_text("The table has too few rows").wait_for()
    check(page, "operate-failed")
    choose(page, "zh", "light")
    page.get_by_role("alert").get_by_text("只剩 3 行可用").wait_for()


def test_what_needs_somebody_is_counted_with_the_command_that_starts_it_again(page: "Page", check: Check) -> None:
    def with_dead_letters(route: "Route") -> None:
        answer = route.fetch()
        status = answer.json()
        queue = {**status["queue"], "depth": 7, "oldest_seconds": 90.0, "dead_letters": 2, "silent": 1}
        route.fulfill(response=answer, json={**status, "queue": queue})

    page.route("**/system/status", with_dead_letters)
    page.goto("/console/operate")
    page.get_by_text("3 jobs need somebody").wait_for()
    figures = dict(
        zip(page.locator(".figures dt").all_inner_texts(), page.locator(".figures dd").all_inner_texts(), strict=True)
    )
    assert figures["Dead letters"] == "2"
    assert figures["Without a worker"] == "1"
    assert page.locator(".stuck code").inner_text() == "regatta redrive"
    check(page, "operate-dead-letters")
