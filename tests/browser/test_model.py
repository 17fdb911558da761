"""A model as a person looks at it: what it is worth, why, and how it is used."""

import re
import subprocess
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import quote

import httpx
import pytest

from infra.paths import ROOT
from tests.browser.conftest import Check, choose
from tests.support.odd_model import NAME as NAME_OF_ODD
from tests.support.odd_model import predicted, train_odd_model
from tests.support.stack import Stack
from tests.support.tables import noisy
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page, Route

CARS = (ROOT / "examples/mpg.csv").read_bytes()
NAME = "汽车-range"
SCORES = {"scores": [0.88, 0.92], "mean": 0.9, "std": 0.02}
MEMBERS = [
    {
        "model_type": "lightgbm",
        "target_transform": transform,
        "parameters": {"n_estimators": trees, "verbosity": -1},
        "weight": weight,
        "cross_validation": SCORES,
    }
    for transform, trees, weight in (("none", 300, 0.5), ("none", 800, 0.25), ("log", 300, 0.25))
]
MEMBERS_SHOWN = [
    ["LightGBM · 300 trees", "0.5", "0.900", "±0.020"],
    ["LightGBM · 800 trees", "0.25", "0.900", "±0.020"],
    ["LightGBM · of the logarithm", "0.25", "0.900", "±0.020"],
]


def as_a_blend(route: "Route") -> None:
    """Answer with the model as if it were a blend of `MEMBERS`."""
    answer = route.fetch()
    route.fulfill(response=answer, json={**answer.json(), "members": MEMBERS})


@pytest.fixture(scope="module")
def cars(stack: Stack) -> Iterator[str]:
    """A model of two versions, trained on the cars; return its name."""
    with httpx.Client(base_url=stack.base_url, timeout=300) as client:
        file_id = client.post("/data/upload", files={"file": ("mpg.csv", CARS)}).json()["file_id"]
        body = {"model_type": "ridge", "target_column": "mpg", "model_name": NAME, "file_id": file_id}
        for _ in range(2):
            client.post("/model/train", json=body).raise_for_status()
    yield NAME


@pytest.fixture(scope="module")
def sent_file(stack: Stack) -> str:
    """A small file to train short-lived models on."""
    files = {"file": ("named.csv", noisy(60).encode())}
    return str(httpx.post(f"{stack.base_url}/data/upload", files=files, timeout=300).json()["file_id"])


def order(name: str, file_id: str) -> dict[str, str]:
    """Return what trains a model of this name in a moment."""
    return {"model_type": "ridge", "target_column": "y", "model_name": name, "file_id": file_id}


def test_a_model_shows_what_it_is_worth_and_how_it_is_used(page: "Page", check: Check, cars: str) -> None:
    page.goto("/console/model")
    page.get_by_role("link", name=cars).wait_for()
    check(page, "models")
    page.get_by_role("link", name=cars).click()
    page.locator("h1:focus").wait_for()
    page.get_by_text("Predicted and actual").wait_for()
    check(page, "model-quality")
    page.route("**/model/info?*", as_a_blend)
    page.reload()
    for tab in ("Why", "Inside", "Use it"):
        page.get_by_role("tab", name=tab, exact=True).click()
        page.locator(f"[role=tab][aria-selected=true]:has-text('{tab}')").wait_for()
        if tab == "Why":
            page.get_by_role("heading", name="Partial dependence").wait_for()
            page.get_by_label("Show single rows").check()
            page.locator(".thin .line").first.wait_for(state="attached")
        if tab == "Inside":
            rows = page.get_by_role("table", name="Members").locator("tbody tr")
            rows.first.wait_for()
            assert [row.split("\t") for row in rows.all_inner_texts()] == MEMBERS_SHOWN
        check(page, f"model-{tab.split()[0].lower()}")


@pytest.fixture(scope="module")
def odd(stack: Stack) -> str:
    """A model of two versions with odd columns; return its name."""
    for _ in range(2):
        train_odd_model(stack)
    return NAME_OF_ODD


@pytest.mark.parametrize("version", [1, None])
@pytest.mark.parametrize(("language", "program"), [("curl", ["bash", "-c"]), ("Python", [sys.executable, "-c"])])
def test_the_request_for_a_model_is_run_as_it_stands(
    page: "Page", stack: Stack, odd: str, language: str, program: list[str], version: int | None
) -> None:
    page.goto(f"/console/model/{quote(odd)}?tab=use{f'&version={version}' if version else ''}")
    page.get_by_role("tab", name=language, exact=True).click()
    code = page.get_by_role("group", name=language).locator("pre").inner_text()
    assert bool(re.search(r"\bversion\b", code)) == bool(version)
    answered = subprocess.run([*program, code], capture_output=True, text=True, check=True, timeout=300).stdout
    assert repr(predicted(stack, version)) in answered


@pytest.mark.parametrize("clipboard", ["granted", "missing"])
def test_the_request_for_a_model_is_copied_also_where_there_is_no_https(
    own_page: "Page", cars: str, clipboard: str
) -> None:
    own_page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    if clipboard == "missing":
        own_page.add_init_script("Navigator.prototype.__defineGetter__('clipboard', () => undefined)")
    own_page.goto(f"/console/model/{cars}?tab=use")
    own_page.get_by_role("button", name="Copy", exact=True).click()
    own_page.get_by_role("button", name="Copied", exact=True).wait_for()
    if clipboard == "granted":
        copied = own_page.evaluate("navigator.clipboard.readText()")
    else:
        copied = own_page.evaluate("getSelection().toString()")
    assert copied == own_page.locator("pre").inner_text()


def test_another_version_serves_and_the_first_one_again(page: "Page", check: Check, stack: Stack, cars: str) -> None:
    def serving() -> list[int]:
        models = httpx.get(f"{stack.base_url}/model/trained", params={"model_name": cars}, timeout=300).json()["models"]
        return [each["version"] for each in models if each["serves"]]

    page.goto(f"/console/model/{cars}?tab=versions")
    page.get_by_role("button", name="Let it serve").click()
    page.get_by_text("Version 1 serves now.").wait_for()
    wait_for(serving, [1].__eq__)  # within the second that other workers take to learn of it
    # A message stays while somebody is at it.
    undo = page.get_by_role("button", name="Undo")
    undo.focus()
    check(page, "model-versions")
    undo.press("Enter")
    page.get_by_text("Version 2 serves now.").wait_for()
    wait_for(serving, [2].__eq__)


def test_one_version_is_deleted_and_the_others_stay(page: "Page", stack: Stack, check: Check, sent_file: str) -> None:
    with httpx.Client(base_url=stack.base_url, timeout=300) as client:
        for _ in range(2):
            client.post("/model/train", json=order("twice", sent_file)).raise_for_status()
        page.goto("/console/model/twice?tab=versions&version=1")
        page.get_by_role("button", name="Delete version 1").click()
        check(page, "model-delete-version")
        page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
        page.get_by_text("Version 1 is deleted.").wait_for()
        # It was the one that was looked at.
        page.wait_for_url("**/console/model/twice?tab=versions")
        page.get_by_role("button", name="Delete version 1").wait_for(state="detached")
        kept = client.get("/model/trained", params={"model_name": "twice"}).json()["models"]
    assert [(each["version"], each["serves"]) for each in kept] == [(2, True)]


def test_the_graph_the_pickle_and_the_report_of_a_model_are_taken_along(
    page: "Page", stack: Stack, cars: str, tmp_path: "Path"
) -> None:
    def take(button: str) -> "tuple[str, bytes]":
        with page.expect_download() as waiting:
            page.get_by_role("button", name=button).click()
        waiting.value.save_as(tmp_path / "taken")
        return waiting.value.suggested_filename, (tmp_path / "taken").read_bytes()

    page.goto(f"/console/model/{cars}?tab=use")
    for button, format in (("ONNX graph", "onnx"), ("Pickle", "pickle")):
        sent = httpx.get(f"{stack.base_url}/model/artifact/{cars}", params={"format": format}, timeout=300)
        assert take(button)[1] == sent.content
    name, report = take("Report")
    assert name == f"{cars}-v2.html"
    assert f"version 2 of model {cars}" in report.decode()


def test_a_model_is_renamed_and_deleted(page: "Page", stack: Stack, check: Check, sent_file: str) -> None:
    train = order("first-name", sent_file)
    httpx.post(f"{stack.base_url}/model/train", json=train, timeout=300).raise_for_status()
    page.goto("/console/model/first-name")
    page.get_by_role("button", name="Rename").click()
    check(page, "model-rename")
    page.get_by_label("New name").fill("second-name")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="second-name").wait_for()
    assert page.url.endswith("/console/model/second-name")
    page.get_by_role("button", name="Delete the model").click()
    check(page, "model-delete")
    page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    page.get_by_text("“second-name” is deleted.").wait_for()
    assert page.url.endswith("/console/model")
    for name in ("first-name", "second-name"):
        assert httpx.get(f"{stack.base_url}/model/info", params={"model_name": name}, timeout=300).status_code == 404


def test_a_model_that_was_deleted_in_another_window_is_said_to_be_gone(
    page: "Page", stack: Stack, sent_file: str
) -> None:
    with httpx.Client(base_url=stack.base_url, timeout=300) as client:
        client.post("/model/train", json=order("short-lived", sent_file)).raise_for_status()
        page.goto("/console/predict/short-lived")
        page.locator(".prediction bdi").wait_for()
        client.delete("/model/trained/short-lived").raise_for_status()
    page.get_by_role("navigation").get_by_role("link", name="Model", exact=True).click()
    page.get_by_role("heading", name="Model", exact=True).wait_for()
    page.go_back()
    page.get_by_role("alert").get_by_text("This model is gone").wait_for()
    choose(page, "zh", "light")
    # A worker that does not know of it yet for a second still names the version that served.
    page.get_by_role("alert").get_by_text("没有正在服务的模型 'short-lived'").or_(
        page.get_by_role("alert").get_by_text("模型 'short-lived' 没有版本 1。")
    ).wait_for()
    choose(page, "en", "light")
    page.get_by_role("link", name="All models").click()
    page.get_by_role("heading", name="Model", exact=True).wait_for()
