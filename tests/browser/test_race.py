"""The race, as a person uses it: started, watched, stopped, and looked up afterwards."""

import re
from random import Random
from typing import TYPE_CHECKING, Any

import httpx

from tests.browser.conftest import NO_FILES, Check, choose, problem
from tests.support.stack import Stack
from tests.support.tables import noisy

if TYPE_CHECKING:
    from playwright.sync_api import APIResponse, Page, Route

# A row of a leaderboard that was not stored, but for its regressor and its speed.
ROW: dict[str, Any] = {
    "cross_validation": {"mean": 0.9, "std": 0.01, "scores": [0.89, 0.91]}, "metrics": {"mae": 1.0}, "tuned": False,
    "target_transform": "none", "model_name": None, "version": None, "size_bytes": 1000, "training_seconds": 1.0,
}  # fmt: skip


def race_job(job_id: str, **state: Any) -> dict[str, Any]:
    """Return what the service answers about a race: over, unless `state` says otherwise."""
    moments = dict.fromkeys(("created_at", "started_at", "finished_at"), "2026-01-01T00:00:00+00:00")
    over = {"status": "succeeded", "stage": "succeeded", "progress": 1.0, "parts": {}, "standings": []}
    return {
        "job_id": job_id,
        "kind": "compare",
        "attempts": 1,
        "error": None,
        "result": None,
        **over,
        **moments,
        **state,
    }


def send(stack: Stack, name: str, body: str) -> str:
    """Upload a file; return its id."""
    sent = httpx.post(f"{stack.base_url}/data/upload", files={"file": (name, body.encode())}, timeout=300)
    return str(sent.raise_for_status().json()["file_id"])


def pass_on_or_hold(route: "Route", held: "list[tuple[Route, APIResponse]]") -> None:
    """Let the page know how a job stands, but keep from it that the job is over."""
    answer = route.fetch()
    if answer.json()["status"] == "succeeded":
        held.append((route, answer))
    else:
        route.fulfill(response=answer)


def start_race(page: "Page", kind: str) -> None:
    """Choose who runs, and start; the shortest of the times that are offered is long enough."""
    page.locator(f"input[value='{kind}']").locator("xpath=..").click()
    if kind != "nine":
        page.locator("input[value='10']").locator("xpath=..").click()
    page.get_by_role("button", name="Start the race").click()


def test_a_race_asks_for_its_target_first(page: "Page", stack: Stack, check: Check) -> None:
    result = {"best": {**ROW, "model_type": "svr"}, "file_id": send(stack, "race.csv", noisy(100))}
    earlier = {"jobs": [race_job("earlier", result=result)], "next": None}
    page.route("**/jobs?*", lambda route: route.fulfill(json=earlier))
    page.goto("/console/race")
    page.get_by_role("row", name="race.csv").get_by_text("Support vectors").wait_for()
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
        "target_transform": "none", "parameters": {}, "folds": 3, "seconds": 1.25, "running": True, "std": 0.02,
        "size_bytes": 120_000, "latency_us": 35.5,
    }  # fmt: skip
    standings = [{**trial, "model_type": "svr", "r2": 0.81}, {**trial, "model_type": "ridge", "r2": None, "folds": 0}]
    failed = {"r2": None, "std": None, "folds": 0, "running": False, "error": "no finite numbers"}
    standings.append({**trial, **failed, "model_type": "knn"})
    job = race_job("watched", status="running", stage="3 of 9 tasks", progress=0.4, standings=standings)
    page.route("**/jobs/watched*", lambda route: route.fulfill(json=job))
    page.goto("/console/race/watched")
    page.locator(".board li").first.wait_for()
    assert page.locator(".board .who").all_inner_texts() == ["Support vectors", "Ridge", "Nearest neighbours"]
    assert page.locator(".board .place").all_inner_texts() == ["1", "2", "–"]
    assert page.locator(".board .figure").last.inner_text().split("\n") == ["Did not finish", "No finite numbers."]
    figures = page.locator(".board .figure").first.inner_text().replace("\N{NO-BREAK SPACE}", " ")
    assert figures.split("\n") == ["0.810 ±0.020", "3 folds · 1.3 s · 120 kB · 35.5 µs a row"]
    check(page, "race-running")
    page.get_by_text("3 of 9 tasks").wait_for()
    choose(page, "zh", "light")
    page.get_by_text("9 个子任务中已完成 3 个").wait_for()
    choose(page, "en", "light")
    page.get_by_role("button", name="Stop").click()
    page.get_by_role("dialog").wait_for()
    check(page, "race-stop")


def test_rows_move_to_their_new_places_as_the_race_goes_on(page: "Page") -> None:
    trial = {"target_transform": "none", "seconds": 1.0, "running": True, "std": None, "size_bytes": None}
    trees = [{**trial, "model_type": "lightgbm", "parameters": {"num_leaves": leaves}} for leaves in (31, 7)]
    first = [
        {**trees[0], "folds": 1, "r2": 0.8, "latency_us": None},
        {**trees[1], "folds": 1, "r2": 0.7, "latency_us": None},
    ]
    then = [{**first[1], "folds": 2, "r2": 0.9}, {**first[0], "folds": 2}]
    running = {"status": "running", "stage": "training", "progress": 0.4}
    held: list[Route] = []
    page.route("**/jobs/watched?wait=*", lambda route: held.append(route))  # noqa: PLW0108
    page.route("**/jobs/watched", lambda route: route.fulfill(json=race_job("watched", **running, standings=first)))
    page.goto("/console/race/watched")
    rows = page.locator(".board li")
    rows.filter(has_text="1 fold").first.wait_for()
    page.evaluate("window.best = document.querySelector('.board li')")
    while not held:
        page.wait_for_timeout(20)
    held.pop().fulfill(json=race_job("watched", **running, standings=then))
    rows.filter(has_text="2 folds").first.wait_for()
    assert page.locator(".board .who").all_inner_texts() == ["LightGBM · 7 leaves", "LightGBM · 31 leaves"]
    # A row that moves stays the same row.
    assert page.evaluate("window.best === document.querySelectorAll('.board li')[1]")


def test_trials_of_one_regressor_have_names_that_tell_them_apart(page: "Page", check: Check) -> None:
    trees = {"n_estimators": 400, "learning_rate": 0.05}
    tried = [{**trees, "num_leaves": 31}, {**trees, "num_leaves": 7}, {**trees, "num_leaves": 31, "max_depth": None}]
    rows = [{**ROW, "model_type": "lightgbm", "parameters": each, "latency_us": 20.0} for each in tried]
    ridge = {**ROW, "model_type": "ridge", "parameters": {"alpha": 1.0}, "latency_us": 5.0}
    members = [{**each, "weight": weight} for each, weight in ((ridge, 0.25), (rows[1], 0.75))]
    best = {**ROW, "model_type": "blend", "model_name": "mix", "version": 1, "latency_us": 50.0, "members": members}
    failed = [{"model_type": name, "error": "it was slow"} for name in ("svr-2", "knn-tuned")]
    failed.append({**failed[0], "model_type": "lightgbm-4", "parameters": {**trees, "num_leaves": 63}})
    warned = ["lightgbm (num_leaves=31, max_depth=None): no finite numbers", "svr (log): no finite numbers"]
    result = {"best": best, "results": [best, *rows, ridge], "failed": failed, "warnings": warned, "cut": None}
    page.route("**/jobs/over*", lambda route: route.fulfill(json=race_job("over", result=result)))
    page.goto("/console/race/over")
    page.locator(".winner").wait_for()
    names = ["Blend", "LightGBM · 31 leaves", "LightGBM · 7 leaves", "LightGBM · 31 leaves · depth unlimited", "Ridge"]
    headings = page.get_by_role("table", name="Leaderboard").get_by_role("rowheader")
    assert [text.split("\n")[0].strip() for text in headings.all_inner_texts()] == names
    assert page.locator(".members").inner_text() == "Made of: LightGBM · 7 leaves (75%), Ridge (25%)"
    assert page.locator(".point").all_inner_texts() != []
    page.get_by_text("LightGBM · 31 leaves · depth unlimited: no finite numbers.").wait_for()
    page.get_by_text("Support vectors · of the logarithm: no finite numbers.").wait_for()
    page.get_by_text("3 did not finish").click()
    page.get_by_text("Support vectors 2, Nearest neighbours · tuned, LightGBM · 63 leaves").wait_for()
    check(page, "race-trials")
    choose(page, "zh", "light")
    assert page.locator(".members").inner_text() == "组成： LightGBM · 7 片叶（75%）、岭回归（25%）"
    chinese = ["混合模型", "LightGBM · 31 片叶", "LightGBM · 7 片叶", "LightGBM · 31 片叶 · 深度 不限", "岭回归"]
    headings = page.get_by_role("table", name="排行榜").get_by_role("rowheader")
    assert [text.split("\n")[0].strip() for text in headings.all_inner_texts()] == chinese


def test_a_race_of_one_fold_says_no_more_than_one_fold_can(page: "Page") -> None:
    single = {"cross_validation": {"mean": 0.9, "std": 0.0, "scores": [0.9]}}
    best = {**ROW, **single, "model_type": "ridge", "model_name": "ridge", "version": 1, "latency_us": 5.0}
    ahead = {
        **best,
        "model_type": "svr",
        "model_name": None,
        "cross_validation": {**single["cross_validation"], "mean": 0.95},
    }
    result = {"best": best, "results": [ahead, best], "failed": [], "warnings": [], "cut": None}
    page.route("**/jobs/over*", lambda route: route.fulfill(json=race_job("over", result=result)))
    page.goto("/console/race/over")
    page.get_by_text("R² is that of the one fold there was time for.").wait_for()
    page.get_by_text("each half of the fold is predicted with what the other half chose").wait_for()
    assert page.get_by_text("mean over the folds").count() == 0
    assert page.get_by_text("from fold to fold").count() == 0


def test_a_point_of_accuracy_against_cost_is_chosen_by_keyboard(page: "Page") -> None:
    results = [
        {**ROW, "model_type": name, "model_name": name, "version": 1, "latency_us": speed}
        for name, speed in (("svr", 40.0), ("ridge", 10.0), ("knn", 90.0))
    ]
    result = {"best": results[0], "results": results, "failed": [], "warnings": [], "cut": "cancelled"}
    page.route("**/jobs/over*", lambda route: route.fulfill(json=race_job("over", result=result)))
    page.goto("/console/race/over")
    page.get_by_text("Each model that had come through by then is kept.").wait_for()
    # The fastest is the one in the order of Tab; the arrow keys go on to slower ones.
    page.locator(".point[tabindex='0']").focus()
    page.keyboard.press("Enter")
    page.locator(".picked strong", has_text="Ridge").wait_for()
    page.keyboard.press("ArrowRight")
    page.locator(".picked strong", has_text="Support vectors").wait_for()
    page.locator(".point[aria-pressed=true]:focus").wait_for()


def test_without_a_file_it_says_what_to_do(page: "Page", check: Check) -> None:
    page.route("**/data/files?*limit=1000*", lambda route: route.fulfill(json=NO_FILES))
    page.route("**/jobs?*", lambda route: route.fulfill(json={"jobs": [], "next": None}))
    page.goto("/console/race")
    page.get_by_role("heading", name="There is nothing to race on yet").wait_for()
    check(page, "race-empty")
    page.get_by_role("link", name="Send a file").click()
    page.get_by_role("heading", name="Begin with a table").wait_for()


def test_the_nine_on_noise_say_that_there_is_nothing_to_learn(page: "Page", stack: Stack, check: Check) -> None:
    numbers = Random(1)
    rows = "".join(f"{numbers.random()},{numbers.random()},{numbers.random()}\n" for _ in range(80))
    file_id = send(stack, "noise.csv", f"x,z,y\n{rows}")
    page.goto(f"/console/race?file={file_id}&target=y")
    held: list[tuple[Route, APIResponse]] = []
    page.route("**/jobs/*wait=*", lambda route: pass_on_or_hold(route, held))
    start_race(page, "nine")
    # What each costs is seen as soon as it is known, and not at the end alone.
    costs = page.locator(".board li small", has_text="a row")
    costs.first.wait_for()
    text = costs.first.inner_text().replace("\N{NO-BREAK SPACE}", " ")
    assert re.fullmatch(r"\d+ folds? · [\d.]+ m?s · [\d.]+ [kM]?B · [\d.,]+ [µm]s a row", text), text
    while not held:
        page.wait_for_timeout(20)
    held[0][0].fulfill(response=held[0][1])
    page.get_by_role("heading", name="The race is over").wait_for()
    page.get_by_text("No regressor does better than the mean").wait_for()
    board = page.get_by_role("table", name="Leaderboard").get_by_role("rowheader").all_inner_texts()
    assert len(board) == 10
    assert "Baseline: the mean" in board
    assert page.get_by_text("A row may have a higher R²").count() == 0
    check(page, "race-noise")
    page.get_by_role("link", name="Look at the columns").click()
    page.get_by_role("heading", name="noise.csv").wait_for()


def test_the_nine_tuned_end_with_a_board_on_which_every_name_is_another(
    page: "Page", stack: Stack, check: Check
) -> None:
    page.goto(f"/console/race?file={send(stack, 'tuned.csv', noisy(60))}&target=y")
    start_race(page, "tuned")
    page.get_by_role("heading", name="The race is over").wait_for()
    board = page.get_by_role("table", name="Leaderboard").get_by_role("rowheader").all_inner_texts()
    assert len(set(board)) == len(board)
    assert sum("tuned" not in name for name in board) == 10
    check(page, "race-tuned")


def test_a_table_that_cannot_be_learned_says_why_and_where_to_go(page: "Page", stack: Stack, check: Check) -> None:
    file_id = send(stack, "few.csv", "x,y\n1,2\n2,4\n3,7\n")
    page.goto(f"/console/race?file={file_id}&target=y")
    page.get_by_role("button", name="Start the race").click()
    alert = page.get_by_role("alert")
    alert.get_by_text("The table has too few rows").wait_for()
    alert.get_by_text("3 usable rows are left; training needs at least 20").wait_for()
    # Nothing says that the race is still under way.
    assert page.get_by_text("The columns are being prepared").count() == 0
    check(page, "race-few-rows")
    page.get_by_role("link", name="Another race").click()
    page.get_by_label("File", exact=True).wait_for()
    assert page.get_by_label("File", exact=True).input_value() == file_id
    assert page.get_by_label("Target").input_value() == "y"


def test_a_column_that_is_always_the_same_is_no_target(page: "Page", stack: Stack) -> None:
    file_id = send(stack, "constant.csv", "x,y\n" + "".join(f"{n},7\n" for n in range(40)))
    page.goto(f"/console/race?file={file_id}&target=y")
    target = page.get_by_label("Target")
    target.wait_for()
    assert target.locator("option").all_inner_texts() == ["Choose a column", "x"]
    assert page.get_by_role("button", name="Start the race").is_disabled()


def test_a_race_without_a_usable_target_says_what_to_do(page: "Page", stack: Stack, check: Check) -> None:
    words = b"street,town\nmain,here\nside,there\n" * 20
    answer = httpx.post(f"{stack.base_url}/data/upload", files={"file": ("words.csv", words)}).json()
    page.goto(f"/console/race?file={answer['file_id']}")
    page.get_by_text("No column can be predicted").wait_for()
    check(page, "race-no-target")
