"""Files on their way to the service: dropped, sent in parts, broken off, and sent on."""

import io
import re
import zipfile
from collections import Counter
from typing import TYPE_CHECKING

import httpx
from openpyxl import Workbook

from tests.browser.conftest import Check
from tests.support.stack import Stack

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page, Request, Route

# Larger than what is sent in one request, and three parts of 16 MiB.
PHOTOGRAPH = bytes(33 << 20)
DROPPED = """
(text) => {
  const all = new DataTransfer();
  all.items.add(new File([text], "dropped.csv", {type: "text/csv"}));
  return all;
}
"""


def illustrated_workbook(path: "Path") -> None:
    """Write a workbook of 40 rows and a large photograph, so that it is long to send and quick to read."""
    book, stored = Workbook(), io.BytesIO()
    for row in [("a", "b"), *((n, 2 * n) for n in range(40))]:
        book.active.append(row)
    book.save(stored)
    with zipfile.ZipFile(stored, "a") as archive:
        archive.writestr("xl/media/photograph.bmp", PHOTOGRAPH)
    path.write_bytes(stored.getvalue())


def test_a_large_file_that_breaks_off_goes_on_with_what_is_missing(
    own_page: "Page", stack: Stack, tmp_path: "Path", check: Check
) -> None:
    illustrated_workbook(tmp_path / "photos.xlsx")
    arrived: Counter[str] = Counter()

    def count(request: "Request") -> None:
        part = re.search(r"partNumber=(\d+)", request.url)
        arrived.update([part[1]] if part else [])

    own_page.on("requestfinished", count)
    # A route would hand the bytes of each part to Playwright and back, which costs more than to send them.
    browser = own_page.context.new_cdp_session(own_page)
    browser.send("Network.enable")
    browser.send("Network.setBlockedURLs", {"urls": ["*/healthz", "*partNumber=2&*"]})
    own_page.clock.install()
    own_page.goto("/console/data")
    own_page.locator("input[type=file]").set_input_files(tmp_path / "photos.xlsx")
    # A service that is away is waited for.
    own_page.get_by_role("alert").get_by_text("The service does not answer").wait_for()
    browser.send("Network.setBlockedURLs", {"urls": ["*partNumber=2&*"]})
    # A bucket that alone does not answer is tried a few times, with longer and longer pauses.
    broken = own_page.get_by_text("“photos.xlsx” broke off")
    while not broken.is_visible():
        own_page.clock.fast_forward(1000)
    own_page.get_by_text(re.compile(r"5\d(\.\d)?% of the file has arrived")).wait_for()
    check(own_page, "data-broken-off")
    browser.send("Network.setBlockedURLs", {"urls": []})
    own_page.get_by_role("button", name="Go on").click()
    own_page.get_by_role("heading", name="photos.xlsx", level=1).wait_for()
    assert arrived == {"1": 1, "2": 1, "3": 1}
    sent = httpx.get(f"{stack.base_url}/data/files/{own_page.url.rpartition('/')[2]}", timeout=300).json()
    assert (sent["rows"], sent["size_bytes"]) == (40, (tmp_path / "photos.xlsx").stat().st_size)


def test_a_file_is_dropped_and_read_while_somebody_looks_at_another_view(page: "Page") -> None:
    held: list[Route] = []
    # Playwright counts the parameters of the function, which it cannot do with the method of a list.
    page.route("**/data/upload", lambda route: held.append(route))  # noqa: PLW0108
    page.goto("/console/data")
    drop = page.locator(".drop")
    drop.wait_for()
    files = page.evaluate_handle(DROPPED, "a,b\n" + "1,2\n3,5\n" * 20)
    with page.expect_request("**/data/upload"):
        drop.dispatch_event("drop", {"dataTransfer": files})
    page.get_by_role("progressbar", name=re.compile(r"dropped\.csv")).wait_for()
    page.get_by_role("navigation").get_by_role("link", name="Series").click()
    page.get_by_role("heading", name="Series", exact=True).wait_for()
    while not held:
        page.wait_for_timeout(20)
    held.pop().continue_()
    page.get_by_text("“dropped.csv” is read.").wait_for()
    assert page.url.endswith("/console/series")
    page.get_by_role("navigation").get_by_role("link", name="Data").click()
    page.get_by_role("link", name="dropped.csv").first.wait_for()
