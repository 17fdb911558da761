"""What a browser transfers and waits for until the console can be used, and until a file that was sent is shown."""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from bench._report import Figure, at_most, run
from infra.paths import ROOT
from tests.support.stack import Stack

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

FIRST_LOAD_BYTES = 250_000
READY_SECONDS = 1.0
# From the choice of a file to the first plots of its columns, most of which the service takes to read and profile it.
PLOT_SECONDS = 10.0
FILE_BYTES = 5_000_000
# Notes when the first heading of a view is on the screen, in seconds since the address was entered.
NOTE_READY = """
window.ready = new Promise((resolve) => {
  const look = () => {
    if (document.querySelector("main h1")) requestAnimationFrame(() => resolve(performance.now() / 1000));
    else requestAnimationFrame(look);
  };
  look();
});
"""


def measure(quick: bool) -> Iterator[Figure]:
    """Yield the bytes of a first load, and the seconds of it and of an upload."""
    with TemporaryDirectory(prefix="regatta-bench-") as folder, running(Path(folder)) as (stack, browser):
        loads = [first_load(browser, stack) for _ in range(3 if quick else 9)]
        sent = max(bytes_ for bytes_, _ in loads)
        ready = median(seconds for _, seconds in loads)
        yield at_most("first load: bytes / the most allowed", sent / FIRST_LOAD_BYTES, 1.0, f"{sent:,} bytes")
        yield at_most("first load: seconds until it can be used", ready, READY_SECONDS, f"{ready:.2f} s")
        taken = seconds_to_plot(browser, stack)
        yield at_most("5 MB file: seconds to the first plot", taken, PLOT_SECONDS, f"{taken:.2f} s")


@contextmanager
def running(folder: Path) -> Iterator[tuple[Stack, "Browser"]]:
    """Start a stack and a Chromium."""
    from playwright.sync_api import sync_playwright

    stack = Stack(folder / "home").start()
    try:
        with sync_playwright() as playwright:
            program = os.environ.get("CHROMIUM") or shutil.which("chromium")
            browser = playwright.chromium.launch(executable_path=program, args=["--no-proxy-server"])
            yield stack, browser
            browser.close()
    finally:
        stack.stop()


def first_load(browser: "Browser", stack: Stack) -> tuple[int, float]:
    """Return the bytes that a browser without a cache transfers, and the seconds until a view is on the screen."""
    with browser.new_context() as context:
        page = context.new_page()
        page.add_init_script(NOTE_READY)
        transferred: list[float] = []  # with headers
        protocol = context.new_cdp_session(page)
        protocol.send("Network.enable")
        protocol.on("Network.loadingFinished", lambda event: transferred.append(event["encodedDataLength"]))
        page.goto(f"{stack.base_url}/console")
        ready = float(page.evaluate("window.ready"))
        page.wait_for_load_state("networkidle")
        return round(sum(transferred)), ready


def seconds_to_plot(browser: "Browser", stack: Stack) -> float:
    """Return the seconds from the choice of a file to the first plots of its columns."""
    rows = (ROOT / "tests/data/diamonds.csv").read_bytes()
    header, body = rows.split(b"\n", 1)
    file = header + b"\n" + body * (FILE_BYTES // len(body) + 1)
    with browser.new_context() as context:
        page: Page = context.new_page()
        page.goto(f"{stack.base_url}/console")
        chooser = page.locator("input[type=file]")
        chooser.wait_for(state="attached")
        page.evaluate("window.begun = performance.now()")
        chooser.set_input_files({"name": "diamonds.csv", "mimeType": "text/csv", "buffer": file})
        page.locator(".spark rect").first.wait_for(timeout=120_000)
        return float(page.evaluate("(performance.now() - window.begun) / 1000"))


if __name__ == "__main__":
    sys.exit(run("The console in a browser", measure))
