"""What a view shows before there is anything: what it is for, and what to do; and before it is loaded: its heading."""

import re
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import Check, problem

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

# Each view with the list that it shows, the name of that in the answer, what it says, and the way on that it offers.
VIEWS = {
    "model": ("/model/trained", "models", "No model yet", "Go to the data"),
    "predict": ("/model/trained", "models", "There is no model yet", "Start a race"),
    "series": ("/series", "series", "No series yet", "Set up a series"),
    "operate": ("/jobs", "jobs", "No jobs yet", None),
}
# What stands above each view until it is loaded.
HEADINGS = {
    "data/x": "File",
    "prepare": "Prepare",
    "race/x": "Race",
    "model/a-model": "a-model",
    "predict/a-model": "a-model",
    "series": "Series",
    "series/a-series": "a-series",
    "series/a-series/x": "Decision",
    "operate/x": "Job",
}


@pytest.mark.parametrize("view", VIEWS)
def test_an_empty_view_says_what_to_do(page: "Page", check: Check, view: str) -> None:
    path, name, title, way = VIEWS[view]

    def emptied(route: "Route") -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json={**answer.json(), name: [], "next": None})

    page.route(f"**{path}?*", emptied)
    page.goto(f"/console/{view}")
    page.locator(".empty").get_by_role("heading", name=title).wait_for()
    if way:
        assert page.locator(".empty .actions").get_by_text(way).is_visible()
    check(page, f"{view}-empty")


def test_a_view_has_its_heading_before_it_is_loaded_and_when_it_cannot_be(page: "Page") -> None:
    held: list[Route] = []
    refusal, is_held = problem(403, "not-allowed", "Not with this key."), True

    def answer(route: "Route") -> None:
        if is_held:
            held.append(route)
        else:
            route.fulfill(**refusal)

    page.route(re.compile(r"^https?://[^/]+/(?!console)"), answer)
    for address, heading in HEADINGS.items():
        is_held = True
        page.goto(f"/console/{address}")
        page.get_by_role("heading", name=heading, level=1, exact=True).wait_for()
        page.locator(".skeleton").first.wait_for()
        assert page.locator("h1").count() == 1, address
        is_held = False
        while held:
            held.pop().fulfill(**refusal)
        page.get_by_role("alert").first.wait_for()
        assert page.locator("h1").all_inner_texts() == [heading], address
