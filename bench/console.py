"""What a browser transfers and waits for until the console can be used, and until a file that was sent is shown."""

import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from bench._report import Figure, at_least, at_most, run
from infra.paths import ROOT
from tests.support.stack import Stack

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

FIRST_LOAD_BYTES = 250_000
READY_SECONDS = 1.0
# From the choice of a file to the first plots of its columns, most of which the service takes to read and profile it.
PLOT_SECONDS = 10.0
FILE_BYTES = 5_000_000
# Of the frames that the same browser draws of a page at rest, so many while rows of a leaderboard change places.
FRAMES = 0.8
FRAME_SECONDS = 3
TRIALS = 30
MODELS, MODELS_SECONDS = 10_000, 3.0
COUNT_FRAMES = """
(seconds) => new Promise((resolve) => {
  const end = performance.now() + 1000 * seconds;
  let frames = 0;
  const next = () => {
    frames += 1;
    performance.now() < end ? requestAnimationFrame(next) : resolve(frames / seconds);
  };
  requestAnimationFrame(next);
})
"""
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
        still, moving = frames(browser, stack)
        words = f"{moving:.0f} a second, {still:.0f} at rest"
        yield at_least("moving leaderboard: frames / those of a page at rest", moving / still, FRAMES, words)
        listed, found = many_models(browser, stack)
        yield at_most(f"{MODELS:,} models: seconds to the list", listed, MODELS_SECONDS, f"{listed:.2f} s")
        yield at_most(f"{MODELS:,} models: seconds to one that is searched for", found, 0.5, f"{found:.2f} s")


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


def frames(browser: "Browser", stack: Stack) -> tuple[float, float]:
    """Return the frames a second of a race at rest, and of one whose rows change places with every answer."""
    turn = 0

    def job() -> dict[str, Any]:
        order = sorted(range(TRIALS), key=lambda trial: (trial * 7 + turn * 11) % TRIALS)
        trial = {"target_transform": "none", "folds": 3, "seconds": 1.0, "running": False}
        standings = [
            {**trial, "model_type": f"trial {number}", "r2": 0.9 - place / 100} for place, number in enumerate(order)
        ]
        moments = {"created_at": "2026-01-01T00:00:00+00:00", "started_at": "2026-01-01T00:00:01+00:00"}
        return {
            "job_id": "moving", "kind": "compare", "status": "running", "stage": "training", "progress": 0.5,
            "parts": {}, "attempts": 1, "finished_at": None, "error": None, "result": None, "standings": standings,
            **moments,
        }  # fmt: skip

    with browser.new_context() as context:
        page: Page = context.new_page()
        is_moving = False

        def answer(route: Any) -> None:
            nonlocal turn
            turn += is_moving
            route.fulfill(json=job())

        page.route("**/jobs/moving*", answer)
        page.goto(f"{stack.base_url}/console/race/moving")
        page.locator(".board li").first.wait_for()
        still = float(page.evaluate(COUNT_FRAMES, FRAME_SECONDS))
        is_moving = True
        return still, float(page.evaluate(COUNT_FRAMES, FRAME_SECONDS))


def many_models(browser: "Browser", stack: Stack) -> tuple[float, float]:
    """Return the seconds from the address to the list of many models, and from a text to the one model that has it.

    The pages of the list are answered here: what is measured is what a browser makes of them.
    """
    with browser.new_context() as context:
        page: Page = context.new_page()
        page.route("**/model/trained*", lambda route: route.fulfill(body=json.dumps(_models(route.request.url))))
        page.add_init_script(
            "window.listed = new Promise((resolve) => { const look = () => document.querySelector('tbody tr') ?"
            " resolve(performance.now() / 1000) : requestAnimationFrame(look); look(); });"
        )
        page.goto(f"{stack.base_url}/console/model")
        listed = float(page.evaluate("window.listed"))
        page.evaluate("window.begun = performance.now()")
        page.get_by_role("searchbox").fill("model-07777")
        page.locator("tbody tr:only-child").wait_for()
        return listed, float(page.evaluate("(performance.now() - window.begun) / 1000"))


def _models(url: str) -> dict[str, Any]:
    """Return a page of a thousand models."""
    begin = int(url.partition("cursor=")[2].partition("&")[0] or 0)
    end = min(begin + 1000, MODELS)
    model = {
        "version": 1, "model_type": "ridge", "target_column": "y", "metrics": {"r2": 0.5, "mae": 1.0}, "serves": True,
        "size_bytes": 1000, "created_at": "2026-01-01T00:00:00+00:00", "target_transform": "none",
    }  # fmt: skip
    models = [{**model, "model_name": f"model-{number:05d}"} for number in range(begin, end)]
    return {"models": models, "damaged": [], "next": str(end) if end < MODELS else None}


if __name__ == "__main__":
    sys.exit(run("The console in a browser", measure))
