"""A model as a person looks at it: what it is worth, why, and how it is used."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import httpx
import pytest

from infra.paths import ROOT
from tests.browser.conftest import Check
from tests.support.stack import Stack
from tests.support.tables import noisy
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

CARS = (ROOT / "examples/mpg.csv").read_bytes()
NAME = "汽车-range"


@pytest.fixture(scope="module")
def cars(stack: Stack) -> Iterator[str]:
    """A model of two versions, trained on the cars; return its name."""
    with httpx.Client(base_url=stack.base_url, timeout=300) as client:
        file_id = client.post("/data/upload", files={"file": ("mpg.csv", CARS)}).json()["file_id"]
        body = {"model_type": "ridge", "target_column": "mpg", "model_name": NAME, "file_id": file_id}
        for _ in range(2):
            client.post("/model/train", json=body).raise_for_status()
    yield NAME


def test_a_model_shows_what_it_is_worth_and_how_it_is_used(page: "Page", check: Check, cars: str) -> None:
    page.goto("/console/model")
    page.get_by_role("link", name=cars).wait_for()
    check(page, "models")
    page.get_by_role("link", name=cars).click()
    page.locator("h1:focus").wait_for()
    page.get_by_text("Predicted and actual").wait_for()
    check(page, "model-quality")
    for tab in ("Why", "Inside", "Use it"):
        page.get_by_role("tab", name=tab, exact=True).click()
        page.locator(f"[role=tab][aria-selected=true]:has-text('{tab}')").wait_for()
        if tab == "Why":
            page.get_by_role("heading", name="Partial dependence").wait_for()
            page.get_by_label("Show single rows").check()
            page.locator(".thin .line").first.wait_for(state="attached")
        check(page, f"model-{tab.split()[0].lower()}")
    code = page.locator("pre").inner_text()
    assert f'"model_name": "{cars}"' in code
    assert "/predict' \\" in code


def test_another_version_serves_and_the_first_one_again(page: "Page", check: Check, stack: Stack, cars: str) -> None:
    def serving() -> list[int]:
        models = httpx.get(f"{stack.base_url}/model/trained", params={"model_name": cars}, timeout=300).json()["models"]
        return [each["version"] for each in models if each["serves"]]

    page.goto(f"/console/model/{cars}?tab=versions")
    page.get_by_role("button", name="Let it serve").click()
    page.get_by_text("Version 1 serves now.").wait_for()
    wait_for(serving, [1].__eq__)  # within the second that other workers take to learn of it
    check(page, "model-versions")
    page.get_by_role("button", name="Undo").click()
    page.get_by_text("Version 2 serves now.").wait_for()
    wait_for(serving, [2].__eq__)


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


def test_a_model_is_renamed_and_deleted(page: "Page", stack: Stack, check: Check) -> None:
    with httpx.Client(base_url=stack.base_url, timeout=300) as client:
        file_id = client.post("/data/upload", files={"file": ("named.csv", noisy(60).encode())}).json()["file_id"]
        body = {"model_type": "ridge", "target_column": "y", "model_name": "first-name", "file_id": file_id}
        client.post("/model/train", json=body).raise_for_status()
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


def test_a_model_that_was_deleted_in_another_window_is_said_to_be_gone(page: "Page", stack: Stack) -> None:
    with httpx.Client(base_url=stack.base_url, timeout=300) as client:
        file_id = client.post("/data/upload", files={"file": ("short.csv", noisy(60).encode())}).json()["file_id"]
        body = {"model_type": "ridge", "target_column": "y", "model_name": "short-lived", "file_id": file_id}
        client.post("/model/train", json=body).raise_for_status()
        page.goto("/console/predict/short-lived")
        page.locator(".prediction bdi").wait_for()
        client.delete("/model/trained/short-lived").raise_for_status()
    page.get_by_role("navigation").get_by_role("link", name="Model", exact=True).click()
    page.get_by_role("heading", name="Model", exact=True).wait_for()
    page.go_back()
    page.get_by_role("alert").get_by_text("This model is gone").wait_for()
    page.get_by_role("link", name="All models").click()
    page.get_by_role("heading", name="Model", exact=True).wait_for()
