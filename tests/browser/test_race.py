"""The race, as a person uses it: started, watched, stopped, and looked up afterwards."""

from typing import TYPE_CHECKING

import httpx

from tests.browser.conftest import Check, problem
from tests.support.stack import Stack
from tests.support.tables import noisy

if TYPE_CHECKING:
    from playwright.sync_api import Page


def test_a_race_asks_for_its_target_first(page: "Page", stack: Stack, check: Check) -> None:
    httpx.post(f"{stack.base_url}/data/upload", files={"file": ("race.csv", noisy(100).encode())}, timeout=300)
    page.goto("/console/race")
    start = page.get_by_role("button", name="Start the race")
    start.wait_for()
    assert start.is_disabled()
    check(page, "race-start")
    page.get_by_label("Target").select_option("y")
    assert start.is_enabled()


def test_several_workers_share_a_race_where_that_is_chosen(page: "Page", stack: Stack) -> None:
    sent = httpx.post(f"{stack.base_url}/data/upload", files={"file": ("race.csv", noisy(100).encode())}, timeout=300)
    page.goto(f"/console/race?file={sent.json()['file_id']}&target=y")
    page.route("**/model/compare*", lambda route: route.fulfill(**problem(503, "busy", "Try again.")))
    bodies = []
    for shared in (False, True):
        if shared:
            page.get_by_text("More choices").click()
            page.get_by_label("Let several workers share the trials").check()
        with page.expect_request("**/model/compare*") as asked:
            page.get_by_role("button", name="Start the race").click()
        bodies.append(asked.value.post_data_json)
    assert bodies[1] == {**bodies[0], "parallel": True}


def test_a_race_that_runs_shows_how_each_trial_stands(page: "Page", check: Check) -> None:
    trial = {
        "target_transform": "none", "folds": 3, "seconds": 1.25, "running": True, "std": 0.02,
        "size_bytes": 120_000, "latency_us": 35.5,
    }  # fmt: skip
    standings = [{**trial, "model_type": "svr", "r2": 0.81}, {**trial, "model_type": "ridge", "r2": None}]
    job = {
        "job_id": "watched", "kind": "compare", "status": "running", "stage": "training", "progress": 0.4, "parts": {},
        "attempts": 1, "created_at": "2026-01-01T00:00:00+00:00", "started_at": "2026-01-01T00:00:01+00:00",
        "finished_at": None, "error": None, "result": None, "standings": standings,
    }  # fmt: skip
    page.route("**/jobs/watched*", lambda route: route.fulfill(json=job))
    page.goto("/console/race/watched")
    page.locator(".board li").first.wait_for()
    assert page.locator(".board .who").all_inner_texts() == ["Support vectors", "Ridge"]
    figures = page.locator(".board .figure").first.inner_text().replace("\N{NO-BREAK SPACE}", " ")
    assert figures.split("\n") == ["0.810 ±0.020", "3 folds · 1.3 s · 120 kB · 35.5 µs a row"]
    check(page, "race-running")
    page.get_by_role("button", name="Stop").click()
    page.get_by_role("dialog").wait_for()
    check(page, "race-stop")


def test_a_point_of_accuracy_against_cost_is_chosen_by_keyboard(page: "Page") -> None:
    kept = {"cross_validation": {"mean": 0.9, "std": 0.01, "scores": [0.89, 0.91]}, "metrics": {"mae": 1.0}}
    row = {**kept, "target_transform": "none", "version": 1, "size_bytes": 1000, "training_seconds": 1.0, "members": []}
    results = [
        {**row, "model_type": name, "model_name": name, "latency_us": speed}
        for name, speed in (("svr", 40.0), ("ridge", 10.0), ("knn", 90.0))
    ]
    moments = dict.fromkeys(("created_at", "started_at", "finished_at"), "2026-01-01T00:00:00+00:00")
    result = {"best": results[0], "results": results, "failed": [], "warnings": [], "cut": None}
    job = {
        "job_id": "over", "kind": "compare", "status": "succeeded", "stage": "succeeded", "progress": 1.0, "parts": {},
        "attempts": 1, "error": None, "result": result, "standings": [], **moments,
    }  # fmt: skip
    page.route("**/jobs/over*", lambda route: route.fulfill(json=job))
    page.goto("/console/race/over")
    # The fastest is the one in the order of Tab; the arrow keys go on to slower ones.
    page.locator(".point[tabindex='0']").focus()
    page.keyboard.press("Enter")
    page.locator(".picked strong", has_text="Ridge").wait_for()
    page.keyboard.press("ArrowRight")
    page.locator(".picked strong", has_text="Support vectors").wait_for()
    page.locator(".point[aria-pressed=true]:focus").wait_for()


def test_a_race_without_a_usable_target_says_what_to_do(page: "Page", stack: Stack, check: Check) -> None:
    words = b"street,town\nmain,here\nside,there\n" * 20
    answer = httpx.post(f"{stack.base_url}/data/upload", files={"file": ("words.csv", words)}).json()
    page.goto(f"/console/race?file={answer['file_id']}")
    page.get_by_text("No column can be predicted").wait_for()
    check(page, "race-no-target")
