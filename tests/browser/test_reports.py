"""The reports as people get them: on a screen of each size, in both themes, and on paper."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import DESKTOP, DRAW, FAULTS, PHONE, SIDEWAYS, axe, take_picture
from tests.support.browser import opened
from tests.support.model_reports import crowded_model_report
from tests.support.printed_pages import BROKEN, CUT, PAPER, on_paper, printed
from tests.support.reports import WIDE_COLUMNS, crowded_report

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

REPORTS: dict[str, Callable[[], str]] = {"data": crowded_report, "model": crowded_model_report}
# In pixels: a page of 24,000 was too long for anyone.
LONGEST = {"desktop": 9_000, "phone": 14_500}
# A longer word may be broken, but never into pieces of fewer letters than this.
WHOLE, PIECE = 14, 4


@pytest.fixture(scope="module", params=REPORTS)
def report(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def paper(chromium: "Browser", report: str) -> "Iterator[Page]":
    """The report on paper. To print it adds names and links below it, which no other test minds."""
    with on_paper(chromium, REPORTS[report]()) as page:
        yield page


def test_paper_has_every_word_whole_and_nothing_beyond_its_edge(paper: "Page") -> None:
    assert paper.evaluate(CUT) == []
    assert paper.evaluate(SIDEWAYS) == 0
    assert paper.locator("summary:visible").evaluate_all("all => all.filter((one) => !one.matches('.group > *'))") == []
    broken = paper.evaluate(BROKEN)
    assert [word for word, letters in broken if len(word) <= WHOLE or letters < PIECE] == []


def test_paper_has_no_heading_alone_and_every_finding_and_the_whole_heat_map(paper: "Page", report: str) -> None:
    sheets = printed(paper)
    assert len(sheets.headings) > 20
    assert sheets.lonely_headings() == []
    if report == "model":
        return
    findings = [name for name in paper.eval_on_selector_all(".findings li", "items => items.map(({id}) => id)")]
    assert len({sheets.places[name] for name in findings}) == len(findings) > 4
    assert paper.locator(".findings").get_by_role("link", name="setting_9", exact=True).is_visible()
    heat_map, last_row = (paper.locator(selector) for selector in (".map", ".map li:last-child"))
    assert sheets.places[heat_map.get_attribute("id")][0] == sheets.places[last_row.get_attribute("id")][0]
    assert heat_map.evaluate("map => map.querySelector('svg').getBoundingClientRect().right") <= PAPER["width"]


def test_a_screen_shows_the_report_without_a_fault_in_either_theme(chromium: "Browser", report: str) -> None:
    with opened(chromium, REPORTS[report](), DESKTOP) as page:
        page.evaluate(axe())
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            for size, name in ((PHONE, "phone"), (DESKTOP, "desktop")):
                page.set_viewport_size(size)
                assert page.evaluate(SIDEWAYS) == 0, f"{theme}, {name}"
                assert page.evaluate("document.documentElement.scrollHeight") < LONGEST[name]
                take_picture(page, f"report-{report}-{theme}-{name}")
            page.evaluate(DRAW)
            assert page.evaluate(FAULTS) == [], theme


def test_a_link_of_the_index_opens_the_folded_card_of_its_column(chromium: "Browser") -> None:
    with opened(chromium, crowded_report(), DESKTOP) as page:
        page.locator("summary", has_text="Find a column").click()
        assert page.locator(".index a").count() == WIDE_COLUMNS
        link = page.locator(".index a", has_text="line_3_of")
        card = page.locator(f"[id='{link.get_attribute('href')[1:]}']")
        assert not card.is_visible()
        link.click()
        card.wait_for(state="visible")
