"""One Chromium for every view, and what looks at each: axe, in both languages, themes and widths, and pictures."""

import json
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
    from playwright.sync_api import Browser, Page

# What the pictures of the documentation are taken from; nothing reads them again.
PICTURES = ROOT / "out/console"
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 375, "height": 812}
SIZES = {"desktop": DESKTOP, "phone": PHONE}
# At 200 % a page of the desktop has half the width and height to itself.
ZOOMED = {"width": 640, "height": 450}
# How many pixels the page is wider than the window.
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
# As people use it: both languages, both themes, both widths. A test goes on in the last of them.
LOOKS = [
    (language, theme, size) for language in ("zh", "en") for theme in ("dark", "light") for size in ("phone", "desktop")
]
# Pictures are kept of these.
PICTURED = {
    ("en", "light", "desktop"): "en-light",
    ("zh", "dark", "desktop"): "zh-dark",
    ("zh", "light", "phone"): "zh-light-phone",
}
# A message that passes hides what is below it. The page takes no style sheet of a picture.
SET_TOASTS = "(visibility) => { document.querySelector('.toasts').style.visibility = visibility }"
AXE = Path(__file__).parent / "axe/axe.min.js"
# What no view may have, by what axe calls its impact.
FAULTS = """
async () => (await axe.run(document, {resultTypes: ['violations']})).violations
  .filter(({impact}) => impact === 'serious' || impact === 'critical')
  .map(({id, nodes}) => `${id}: ${nodes.slice(0, 3).map(({html}) => html.slice(0, 160)).join(' | ')}`)
"""
# What a service without a file answers.
NO_FILES = {"files": [], "current": None, "next": None}
Check = Callable[["Page", str], None]
# Return the words of a key, as in t("data.title").
Words = Callable[[str], str]


@pytest.fixture(scope="module")
def chromium() -> Iterator["Browser"]:
    with running_chromium() as browser:
        yield browser


@pytest.fixture
def page(chromium: "Browser", stack: Stack) -> Iterator["Page"]:
    with open_page(chromium, stack) as page:
        yield page


@contextmanager
def open_page(chromium: "Browser", stack: Stack) -> Iterator["Page"]:
    """Open a page in a profile of its own, which fails the test for whatever its console calls an error."""
    context = chromium.new_context(
        base_url=stack.base_url, locale="en-GB", reduced_motion="reduce", viewport=DESKTOP, accept_downloads=True
    )
    with context:
        context.set_default_timeout(TIMEOUT_MS)
        page = context.new_page()
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        # Playwright does not wait until the browser hands it the choices of files, so a first press could be lost.
        page.on("filechooser", lambda _: None)
        yield page
        assert faults == []


@pytest.fixture(scope="session")
def check() -> Check:
    """Return what looks at a view in each look, keeps pictures, and fails for whatever axe finds serious in one."""

    def check(page: "Page", name: str) -> None:
        PICTURES.mkdir(parents=True, exist_ok=True)
        page.evaluate(SET_TOASTS, "hidden")
        page.evaluate(axe())
        for look in LOOKS:
            language, theme, size = look
            page.set_viewport_size(SIZES[size])
            choose(page, language, theme)
            page.evaluate("scrollTo(0, 0); document.activeElement.blur()")
            if look in PICTURED:
                page.screenshot(path=PICTURES / f"{name}-{PICTURED[look]}.png", full_page=True)
            assert page.evaluate(FAULTS) == [], f"{name} in {look}"
            assert page.evaluate(SIDEWAYS) == 0, f"{name} in {look} scrolls sideways"
        page.set_viewport_size(ZOOMED)
        assert page.evaluate(SIDEWAYS) == 0, f"{name} at 200 % scrolls sideways"
        page.set_viewport_size(DESKTOP)
        page.evaluate(SET_TOASTS, "visible")

    return check


def choose(page: "Page", language: str, theme: str) -> None:
    """Choose a language and a theme as a person does."""
    page.locator(".picker select").nth(0).select_option(theme)
    page.locator(".picker select").nth(1).select_option(language)
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
