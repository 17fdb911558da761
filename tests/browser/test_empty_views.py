"""What a view shows before there is anything: what it is for, and what to do."""

from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import Check

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

# Each view with the list that it shows, the name of that in the answer, what it says, and the way on that it offers.
VIEWS = {
    "model": ("/model/trained", "models", "No model yet", "Go to the data"),
    "predict": ("/model/trained", "models", "There is no model yet", "Start a race"),
    "series": ("/series", "series", "No series yet", "Set up a series"),
    "operate": ("/jobs", "jobs", "No jobs yet", None),
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
