"""One Chromium for every view, and what looks at each: axe, in both languages, themes and widths, and pictures."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from functions.system.console.assets import STATIC
from infra.paths import ROOT
from tests.support.browser import TIMEOUT_MS, running_chromium
from tests.support.stack import Stack

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Error, Page

# What the pictures of the documentation are taken from. No test reads them, so they are taken where somebody wants
# them: `make test-browser` says so by this variable.
PICTURES, WANTED = ROOT / "out/console", "CONSOLE_PICTURES"
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 375, "height": 812}
SIZES = {"desktop": DESKTOP, "phone": PHONE}
# At 200 % a page of the desktop has half the width and height to itself.
ZOOMED = {"width": 640, "height": 450}
# How many pixels the page is wider than the window.
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
# As people use it, in both languages, themes and widths. These four have each pair of such choices: each theme at each
# width, which colours depend on, and each language at each width, which the layout depends on. A test goes on in the
# last of them.
LOOKS = (("zh", "light", "phone"), ("zh", "dark", "desktop"), ("en", "dark", "phone"), ("en", "light", "desktop"))
# Pictures are kept of these.
PICTURED = {
    ("en", "light", "desktop"): "en-light",
    ("zh", "dark", "desktop"): "zh-dark",
    ("zh", "light", "phone"): "zh-light-phone",
}
# A message that passes hides what is below it in a picture. The page takes no style sheet of a picture.
SET_TOASTS = "(visibility) => { document.querySelector('.toasts').style.visibility = visibility }"
AXE = Path(__file__).parent / "axe/axe.min.js"
# What no view may have, by what axe calls its impact. Rules that need files to be loaded ahead find nothing serious.
FAULTS = """
async () => (await axe.run(document, {resultTypes: ["violations"], preload: false})).violations
  .filter(({impact}) => impact === "serious" || impact === "critical")
  .map(({id, nodes}) => `${id}: ${nodes.slice(0, 3).map(({html}) => html.slice(0, 160)).join(" | ")}`)
"""
# Whatever can be scrolled sideways without a mark that says so, or has what is chosen out of sight.
UNMARKED = """
[...[...document.querySelectorAll('main *, header *')].filter((each) =>
  each.scrollWidth > each.clientWidth + 2 && ['auto', 'scroll'].includes(getComputedStyle(each).overflowX)
  && !each.parentElement.dataset.more),
 ...[...document.querySelectorAll('.scrolled > :is([aria-current], [aria-selected=true])')].filter((each) => {
  const [inner, outer] = [each, each.parentElement].map((one) => one.getBoundingClientRect());
  return inner.left < outer.left - 1 || inner.right > outer.right + 1;
})].map((each) => each.outerHTML.slice(0, 160))
"""
# Pictures and tables that nobody can save; a form in the shape of a table is none.
UNSAVED = """
[...document.querySelectorAll('main figure')].filter((each) =>
  !each.querySelector('.menu button, .table-foot button') && !each.querySelector('td input, td select'))
  .map((each) => each.outerHTML.slice(0, 160))
"""
# Begin at the top, and leave where the focus is, unless that keeps a message from going.
AT_REST = "scrollTo(0, 0); document.activeElement.closest('.toast') || document.activeElement.blur()"
# What a service without a file answers.
NO_FILES = {"files": [], "current": None, "next": None}
# After a change, charts measure their width in one frame and are drawn in the next.
DRAW = "async () => { for (const _ of [1, 2]) await new Promise(requestAnimationFrame) }"
Check = Callable[["Page", str], None]
# Return the words of a key, as in t("data.title").
Words = Callable[[str], str]


@pytest.fixture(scope="package")
def chromium() -> Iterator["Browser"]:
    """One for all modules. Its event loop, which runs as long as it, would be in the way of tests of other packages."""
    with running_chromium() as browser:
        yield browser


@pytest.fixture(scope="package")
def window(chromium: "Browser", stack: Stack) -> Iterator["Page"]:
    """One page for most tests: to open and close one costs more than what a test does with it."""
    with new_page(chromium, stack) as page:
        yield page


@pytest.fixture
def page(window: "Page") -> Iterator["Page"]:
    """The page of all tests. A test that changes more of it than is taken back here asks for `own_page`."""
    with without_errors(window):
        yield window
        window.unroute_all(behavior="ignoreErrors")
        # Of the same origin but without scripts, so that nothing is asked or stored any more.
        window.goto("/healthz")
        window.evaluate("localStorage.clear(); sessionStorage.clear()")
        window.set_viewport_size(DESKTOP)


@pytest.fixture
def own_page(chromium: "Browser", stack: Stack) -> Iterator["Page"]:
    with open_page(chromium, stack) as page:
        yield page


@contextmanager
def open_page(chromium: "Browser", stack: Stack) -> Iterator["Page"]:
    """Open a page for one test."""
    with new_page(chromium, stack) as page, without_errors(page):
        yield page


@contextmanager
def new_page(chromium: "Browser", stack: Stack) -> Iterator["Page"]:
    """Open a page in a profile of its own."""
    context = chromium.new_context(
        base_url=stack.base_url, locale="en-GB", reduced_motion="reduce", viewport=DESKTOP, accept_downloads=True
    )
    with context:
        context.set_default_timeout(TIMEOUT_MS)
        page = context.new_page()
        # Playwright does not wait until the browser hands it the choices of files, so a first press could be lost.
        page.on("filechooser", lambda _: None)
        yield page


@contextmanager
def without_errors(page: "Page") -> Iterator[None]:
    """Fail the test for whatever the console of a page calls an error meanwhile."""
    faults: list[str] = []

    def note(error: "Error") -> None:
        faults.append(str(error))

    page.on("pageerror", note)
    yield
    page.remove_listener("pageerror", note)
    assert faults == []


@pytest.fixture(scope="session")
def check() -> Check:
    """Return what looks at a view in each look, keeps pictures, and fails for whatever axe finds serious in one."""

    def check(page: "Page", name: str) -> None:
        if not page.evaluate("'axe' in window"):
            page.evaluate(axe())
        for look in LOOKS:
            language, theme, size = look
            page.set_viewport_size(SIZES[size])
            choose(page, language, theme)
            page.evaluate(AT_REST)
            if look in PICTURED:
                page.evaluate(SET_TOASTS, "hidden")
                take_picture(page, f"{name}-{PICTURED[look]}")
                page.evaluate(SET_TOASTS, "visible")
            page.evaluate(DRAW)
            assert look_for(page, FAULTS) == [], f"{name} in {look}"
            assert look_for(page, SIDEWAYS) == 0, f"{name} in {look} scrolls sideways"
            assert look_for(page, UNMARKED) == [], f"{name} in {look} has more than can be seen"
        assert look_for(page, UNSAVED) == [], f"{name} has what cannot be saved"
        page.set_viewport_size(ZOOMED)
        page.evaluate(DRAW)
        assert look_for(page, SIDEWAYS) == 0, f"{name} at 200 % scrolls sideways"
        page.set_viewport_size(DESKTOP)

    return check


def look_for(page: "Page", script: str) -> Any:
    """Return the faults that a script finds twice: a page with a running job may change just before it is looked at."""
    if not (found := page.evaluate(script)):
        return found
    page.evaluate(DRAW)
    return page.evaluate(script)


def take_picture(page: "Page", name: str) -> None:
    """Keep a picture of the whole page, where pictures are wanted."""
    if WANTED in os.environ:
        page.screenshot(path=PICTURES / f"{name}.png", full_page=True)


def choose(page: "Page", language: str, theme: str) -> None:
    """Choose a language and a theme as a person does."""
    for place, value in enumerate((theme, language)):
        choice = page.locator(".picker select").nth(place)
        if choice.input_value() != value:
            choice.select_option(value)
    page.wait_for_selector(f"html[lang={'zh-CN' if language == 'zh' else 'en'}][data-theme={theme}]")


def words(language: str) -> Words:
    """Return what says a sentence of the console by its key; of a plural, the form for many."""
    tree = json.loads((STATIC / f"words/{language}.json").read_text("utf-8"))

    def say(key: str) -> str:
        found = tree
        for name in key.split("."):
            found = found[name]
        return str(found["other"] if isinstance(found, dict) else found)

    return say


@cache
def axe() -> str:
    return AXE.read_text("utf-8")


def problem(status: int, kind: str, detail: str) -> dict[str, Any]:
    """Return what a route is answered with in place of the service: a problem document."""
    document = {"type": f"urn:regatta:problem:{kind}", "title": kind, "status": status, "detail": detail}
    return {"status": status, "json": document, "content_type": "application/problem+json"}
