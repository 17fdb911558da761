"""A headless Chromium, and a web server with nothing but empty pages, for tests of what pages can do."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.http_server import QuietHandler, running_server

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, ViewportSize

# The shell, which Playwright has its own builds of too, is Chromium without the windows around a page: it costs less.
PROGRAMS = (
    "chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable",
)  # fmt: skip
# Names that mean this machine, as a page's owner can arrange it in the DNS.
REBOUND = ("evil.example", "rebound.example")
TIMEOUT_MS = 300_000
# The last such switch counts, so it repeats those of Playwright. In two pages Chromium prepares, for each window, the
# suggestions below the field of the address; they cost more than the page that is tested. After each page it starts the
# process of a next one ahead, which most contexts end without having needed.
DISABLED_FEATURES = (
    "WebUIOmniboxPopup", "WebUIOmniboxAimPopup",
    "AimEnabled", "AvoidCorsURLLoaderRestartOnRedirect", "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose", "HttpsFirstBalancedModeAutoEnable", "HttpsUpgrades", "LensOverlay", "MediaRouter",
    "NetworkTimeServiceQuerying", "OptimizationHints", "PaintHolding", "PreconnectToSearch",
    "SpareRendererForSitePerProcess", "ThirdPartyStoragePartitioning",
)  # fmt: skip


@contextmanager
def running_chromium() -> Iterator["Browser"]:
    """Start a Chromium to which `REBOUND` mean 127.0.0.1; skip the test where this machine has none."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        program = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, PROGRAMS)), None)
        if program is None and not Path(playwright.chromium.executable_path).exists():
            pytest.skip("NO CHROMIUM: nothing is tested in a browser. Install Debian's `chromium-headless-shell`.")
        rules = ", ".join(f"MAP {name} 127.0.0.1" for name in REBOUND)
        arguments = [
            f"--host-resolver-rules={rules}",
            "--no-proxy-server",
            # There is none to look for, and to draw.
            "--disable-gpu",
            f"--disable-features={','.join(DISABLED_FEATURES)}",
        ]
        browser = playwright.chromium.launch(executable_path=program, args=arguments, timeout=TIMEOUT_MS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(browser: "Browser", html: str, size: "ViewportSize") -> Iterator["Page"]:
    """Open a page of this HTML in a window of this size."""
    with browser.new_context(viewport=size) as context:
        context.set_default_timeout(TIMEOUT_MS)
        page = context.new_page()
        page.set_content(html)
        yield page


class EmptyPage(QuietHandler):
    """Every address is an empty page, as a browser can tell by its first bytes."""

    def do_GET(self) -> None:
        """Answer with the page."""
        self.answer(b"<!doctype html><title>empty</title>")


@contextmanager
def foreign_site() -> Iterator[int]:
    """Serve empty pages on a port of this machine; yield the port."""
    with running_server(EmptyPage) as url:
        yield int(url.rpartition(":")[2])
