"""Predictions, as a person asks for them: one row that moves with its values, and a file to take along."""

import json
import re
from typing import TYPE_CHECKING

import httpx
import pytest
from openpyxl import load_workbook

from tests.browser.conftest import Check, choose
from tests.support.stack import Stack
from tests.support.tables import noisy
from tests.support.workflow import csv_cells

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

MODEL = "colours"
# Somebody who drags a slider to and fro, until so many predictions were seen meanwhile. Return how many were.
DRAGGED = """
(slider, wanted) => new Promise((seen) => {
  const found = new Set();
  let moves = 0;
  const moving = setInterval(() => {
    slider.value = Number(slider.min) + (slider.max - slider.min) * (0.5 + 0.5 * Math.sin(moves / 20));
    slider.dispatchEvent(new Event('input', {bubbles: true}));
    moves += 1;
    found.add(document.querySelector('.prediction bdi').textContent);
    if (found.size >= wanted || moves > 20_000) seen(clearInterval(moving) ?? found.size);
  }, 10);
})
"""


@pytest.fixture(scope="module")
def file_id(stack: Stack) -> str:
    """A file whose target is 3x and a step for each colour, and a model of it."""
    with httpx.Client(base_url=stack.base_url, timeout=300) as client:
        found = client.post("/data/upload", files={"file": ("colours.csv", noisy(300).encode())}).json()["file_id"]
        train = {"model_type": "ridge", "model_name": MODEL, "target_column": "y", "file_id": found}
        client.post("/model/train", json=train).raise_for_status()
    return str(found)


def test_a_prediction_moves_with_the_values_of_its_row(page: "Page", stack: Stack, file_id: str, check: Check) -> None:
    page.goto("/console/predict")
    page.get_by_role("link", name=MODEL).wait_for()
    check(page, "predict")
    page.get_by_role("link", name=MODEL).click()
    shown = page.locator(".prediction bdi")
    shown.wait_for()
    page.get_by_text("Why this prediction").wait_for()
    assert page.locator(".reasons .bar").count() == 2
    check(page, "predict-row")
    page.get_by_label("x", exact=True).fill("0.5")
    page.get_by_label("colour", exact=True).select_option("blue")
    row = {"model_name": MODEL, "data": {"x": 0.5, "colour": "blue"}}
    expected = httpx.post(f"{stack.base_url}/predict", json=row).json()["prediction"]
    page.locator(".prediction", has_text=f"{expected:.4f}"[:5]).wait_for()
    assert page.locator(".interval-bar").is_visible()
    # Outside the training data is told, not forbidden.
    page.get_by_label("x", exact=True).fill("50")
    page.get_by_text("Outside the training data").wait_for()
    page.locator(".prediction", has_text=re.compile(r"^1[45]\d")).wait_for()
    # What is no number is marked where it stands, in the words of the service.
    page.get_by_label("x", exact=True).fill("many")
    page.locator(".field.invalid .field-error", has_text="must be a finite number").wait_for()
    check(page, "predict-refused")
    choose(page, "zh", "dark")
    page.locator(".field.invalid .field-error", has_text="必须是有限的数，而不是 'many'").wait_for()
    page.get_by_label("x", exact=True).fill("-50")
    page.locator(".outside .hint", has_text="超出训练数据").wait_for()


def test_a_prediction_is_drawn_anew_while_a_slider_moves(page: "Page", file_id: str) -> None:
    page.goto(f"/console/predict/{MODEL}")
    page.locator(".prediction bdi").wait_for()
    # It comes to rest at none of them.
    assert page.get_by_label("Slide x").evaluate(DRAGGED, 6) == 6


def test_a_file_is_predicted_and_taken_along(
    page: "Page", stack: Stack, file_id: str, tmp_path: "Path", check: Check
) -> None:
    page.goto(f"/console/predict/{MODEL}?tab=file")
    page.get_by_label("Or a file that is here already").select_option(file_id)
    page.get_by_role("columnheader", name="y, predicted").wait_for()
    check(page, "predict-file")
    for button, name in (("CSV", "scored.csv"), ("Excel", "scored.xlsx"), ("JSON", "scored.json")):
        with page.expect_download() as waiting:
            page.get_by_role("button", name=button, exact=True).click()
        waiting.value.save_as(tmp_path / name)
    header, *rows = csv_cells((tmp_path / "scored.csv").read_bytes())
    _, *workbook_rows = load_workbook(tmp_path / "scored.xlsx").active.values
    records = json.loads((tmp_path / "scored.json").read_bytes())
    request = {"model_name": MODEL, "file_id": file_id}
    expected = httpx.post(f"{stack.base_url}/predict/batch", json=request).json()["predictions"]
    at = header.index("prediction")
    assert [float(row[at]) for row in rows] == expected
    assert [row[at] for row in workbook_rows] == pytest.approx(expected)
    assert [record["prediction"] for record in records] == expected
    assert {record["colour"] for record in records} == {"red", "green", "blue"}


def test_a_model_that_is_gone_is_named_by_the_service(page: "Page", check: Check) -> None:
    page.goto("/console/predict/never-was")
    page.get_by_text("This model is gone").wait_for()
    check(page, "predict-no-model")
