"""The view of the data, as a person uses it: from a file that is dropped to what was understood of it."""

import csv
import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import httpx
import pytest

from tests.browser.conftest import NO_FILES, SIDEWAYS, Check, choose, problem, take_picture
from tests.browser.hands import FOCUSED
from tests.support.stack import Stack
from tests.support.workflow import gbk_csv

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page, Route

HOSTILE = "<img src=x onerror=alert(1)>"
KEY = "rgt_a_key_that_is_taken"
# Of how `kasse.csv` was read: the row that shows it (0 is the header), the control, what is chosen in it, and a cell
# before and after.
CORRECTIONS = (
    (1, "Encoding", "cp1251", "für sich, hier", "fьr sich, hier"),
    (1, "Delimiter", "comma", "für sich, hier", "für sich"),
    (0, "First line", "false", "tag", "column_2"),
    (1, "Order in dates", "dmy", "2024-03-04", "2024-04-03"),
    (1, "Decimal mark", ",", "1.234", "1234"),
    (1, "Mark between thousands", "point", "1.234", "1234"),
    (1, "Also missing", "gut", "gut", "missing –"),
    (2, "Not missing", "n/a", "missing –", "n/a"),
    (1, "nummer", "integer", "007", "7"),
    (1, "gewicht", "category", "12", "12 kg"),
)
# A4 between its margins, in CSS pixels.
PAPER = {"width": 718, "height": 1000}


def upload(page: "Page", name: str, body: bytes) -> None:
    """Choose a file as a person does, and wait until it is read."""
    page.locator("input[type=file]").set_input_files({"name": name, "mimeType": "text/csv", "buffer": body})


def test_somebody_without_a_file_begins_with_an_example(page: "Page", check: Check) -> None:
    page.route("**/data/files?*limit=1000*", lambda route: route.fulfill(json=NO_FILES))
    page.goto("/")
    page.get_by_role("heading", name="Begin with a table").wait_for()
    assert page.url.endswith("/console")
    check(page, "data-empty")
    page.get_by_role("button", name="Use this table").first.click()
    page.get_by_role("heading", name="mpg.csv").wait_for()
    assert re.search(r"/console/data/\w+$", page.url)
    page.get_by_text("Has no value in 6 rows").wait_for()
    page.get_by_text("Rows 2 to 21, 398 in all").wait_for()
    check(page, "data-overview")
    for tab in ("Columns", "Correlations", "Missing values", "Outliers"):
        page.get_by_role("tab", name=tab).click()
        page.locator("[role=tabpanel] .card, [role=tabpanel] table").first.wait_for()
        check(page, f"data-{tab.split()[0].lower()}")
    # Each of them has an address of its own.
    page.reload()
    page.get_by_role("tab", name="Outliers", selected=True).wait_for()


def test_a_row_that_something_is_said_about_is_gone_to(page: "Page", stack: Stack) -> None:
    cells = [f"{n},{n * 7 % 23},{'' if n == 44 else n % 5}" for n in range(2, 90)]
    cells[58] = "60,9000,1"
    body = ("n,y,gap\n" + "\n".join(cells)).encode()
    sent = httpx.post(f"{stack.base_url}/data/upload", files={"file": ("said.csv", body)}, timeout=300).json()
    table = page.get_by_role("group", name="Rows", exact=True)
    page.goto(f"/console/data/{sent['file_id']}")
    page.locator(".findings li").filter(has_text="gap").get_by_role("link", name="Row 44").press("Enter")
    page.get_by_text("Rows 44 to 63").wait_for()
    assert table.evaluate(FOCUSED)
    assert page.locator("tr.selected").get_by_role("rowheader").inner_text() == "44"
    # Whoever pages on is no longer at this row.
    page.keyboard.press("PageDown")
    page.get_by_text("Rows 64 to 83").wait_for()
    assert page.locator("tr.selected").count() == 0
    page.get_by_role("tab", name="Outliers").click()
    page.get_by_role("tabpanel").get_by_role("link", name="Row 60").click()
    page.get_by_text("Rows 60 to 79").wait_for()
    page.get_by_role("tab", name="Overview", selected=True).wait_for()
    assert page.locator("tr.selected").get_by_role("cell").all_inner_texts() == ["60", "9000", "1"]
    assert table.evaluate(FOCUSED)


def test_a_chinese_file_is_read_otherwise_and_back(page: "Page", check: Check) -> None:
    page.goto("/console/data")
    upload(page, "房价.csv", gbk_csv())
    page.get_by_role("heading", name="房价.csv").wait_for()
    page.get_by_role("heading", name="How it was read").wait_for()
    assert page.locator(".facts dd").first.inner_text() == "gbk"
    page.get_by_role("button", name="Read otherwise").click()
    check(page, "data-reading")
    page.get_by_label("First line").select_option("false")
    page.get_by_role("button", name="Read anew").click()
    # Both readings of the first rows stand below each other, before the new one is used.
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("heading", name="As it is read now").wait_for()
    before, after = dialog.get_by_role("table").all()
    before.get_by_role("columnheader", name="城市").wait_for()
    after.get_by_role("cell", name="城市").wait_for()
    check(page, "data-reading-effect")
    dialog.get_by_role("button", name="Undo").click()
    page.get_by_label("First line").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("columnheader", name="城市").wait_for()


def test_each_correction_of_how_a_file_was_read_shows_its_effect_on_the_first_rows(page: "Page") -> None:
    rows = "".join(
        f"{('für sich', 'große')[n % 2]}, hier;{(n + 2) % 12 + 1:02d}/{(n + 3) % 12 + 1:02d}/2024;{n + 1}.{234 + n};"
        f"{12 + n} kg;{n + 7:03d};{('gut', 'n/a')[n % 2]}\n"
        for n in range(24)
    )
    page.goto("/console/data")
    upload(page, "kasse.csv", f"ort, art;tag;preis;gewicht;nummer;note\n{rows}".encode("cp1252"))
    page.get_by_role("heading", name="kasse.csv").wait_for()
    for row, label, choice, before, after in CORRECTIONS:
        page.get_by_role("button", name="Read otherwise").click()
        dialog = page.get_by_role("dialog")
        if not dialog.get_by_label(label, exact=True).is_visible():
            dialog.get_by_text("Types, units and dates of the columns").click()
        control = dialog.get_by_label(label, exact=True)
        control.fill(choice) if control.get_attribute("type") == "text" else control.select_option(choice)
        dialog.get_by_role("button", name="Read anew").click()
        dialog.get_by_role("heading", name="As it is read now").wait_for()
        for table, cell in zip(dialog.get_by_role("table").all(), (before, after), strict=True):
            shown = table.get_by_role("row").nth(row).locator("td, th").all_inner_texts()
            assert cell.replace(" ", "") in ["".join(text.split()) for text in shown], label
        dialog.get_by_role("button", name="Undo").click()
        dialog.get_by_role("button", name="Read anew").wait_for()
        page.keyboard.press("Escape")
        dialog.wait_for(state="detached")


def test_names_and_cells_are_texts_and_a_saved_table_runs_nothing(own_page: "Page", tmp_path: "Path") -> None:
    own_page.on("dialog", lambda dialog: pytest.fail(f"a cell was run: {dialog.message}"))
    rows = "".join(f'{n},"{HOSTILE}",{n * 2}\n' for n in range(40))
    own_page.goto("/console/data")
    upload(own_page, f"{HOSTILE}.csv", f'=1+1,"<b>{HOSTILE}</b>",n\n{rows}'.encode())
    own_page.get_by_role("heading", name=HOSTILE).wait_for()
    own_page.get_by_role("columnheader", name=f"<b>{HOSTILE}</b>").wait_for()
    assert own_page.locator("img").count() == 0
    own_page.get_by_role("tab", name="Correlations").click()
    with own_page.expect_download() as download:
        own_page.get_by_role("button", name="Save as CSV").click()
    saved = tmp_path / "saved.csv"
    download.value.save_as(saved)
    _, first, *_ = csv.reader(saved.read_text("utf-8-sig").splitlines())
    assert first == ["'=1+1", "n", "1"]
    own_page.get_by_role("tab", name="Columns").click()
    menu = own_page.locator(".column").filter(has_text="<b>").locator(".menu button").first
    with own_page.expect_download() as picture:
        menu.click()
        own_page.get_by_role("button", name="SVG").click()
    picture.value.save_as(saved)
    drawn = list(ElementTree.fromstring(saved.read_text("utf-8")).iter())
    assert {each.tag.rpartition("}")[2] for each in drawn} == {"svg", "rect", "g", "title", "text"}
    assert f"{HOSTILE}: 40" in [each.text for each in drawn]
    with own_page.expect_download() as picture:
        menu.click()
        own_page.get_by_role("button", name="PNG").click()
    picture.value.save_as(saved)
    assert saved.read_bytes().startswith(b"\x89PNG")


def test_a_refused_file_is_shown_where_it_is_wrong(page: "Page", check: Check) -> None:
    page.goto("/console/data")
    upload(page, "broken.csv", b'a,b\n1,2\n3,"4\n5,6\n' + b"7,8\n" * 20)
    page.get_by_text("“broken.csv” cannot be used").wait_for()
    assert page.locator(".excerpt .marked").inner_text().split("\n") == ["3", '3,"4']
    assert page.locator(".excerpt mark").inner_text() == '"'
    check(page, "data-refused")
    # A byte is shown in its line, beyond letters of several bytes.
    upload(page, "broken.csv", ("名,b\n" + "值,1\n" * 1200 + "值").encode() + b"\xff,2\n")
    page.locator(".excerpt .marked").filter(has_text="1202").wait_for()
    assert page.locator(".excerpt mark").nth(1).inner_text() == "\ufffd"


def test_a_file_is_switched_renamed_and_deleted_by_keyboard(page: "Page", stack: Stack, check: Check) -> None:
    for name in ("first.csv", "second.csv"):
        httpx.post(f"{stack.base_url}/data/upload", files={"file": (name, b"a,b\n" + b"1,2\n3,4\n" * 20)}, timeout=300)
    page.goto("/console/data")
    row = page.get_by_role("row").filter(has_text="first.csv").first
    row.get_by_role("button", name="Use this file").press("Enter")
    row.get_by_text("In use").wait_for()
    row.get_by_role("link", name="first.csv").press("Enter")
    page.get_by_role("heading", name="first.csv").wait_for()
    with page.expect_download() as report:
        page.get_by_role("button", name="Report").press("Enter")
    assert report.value.suggested_filename == "first.html"
    page.get_by_role("button", name="Rename “first.csv”").press("Enter")
    page.get_by_label("New name").fill("第一.csv")
    check(page, "data-rename")
    page.get_by_label("New name").press("Enter")
    page.get_by_role("heading", name="第一.csv").wait_for()
    page.get_by_role("button", name="Delete “第一.csv”").press("Enter")
    check(page, "data-delete")
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Delete", exact=True).press("Enter")
    page.get_by_text("“第一.csv” is deleted.").wait_for()
    assert page.url.endswith("/console/data")
    # The row goes with its button, and the focus stays at the table.
    page.get_by_role("button", name="Delete “second.csv”").press("Enter")
    dialog.get_by_role("button", name="Delete", exact=True).press("Enter")
    page.get_by_text("“second.csv” is deleted.").wait_for()
    page.locator(".scroll:focus").wait_for()


def test_a_service_that_goes_away_is_waited_for(page: "Page") -> None:
    page.goto("/console/data")
    page.locator("tbody a").first.wait_for()
    is_away = True
    page.route(re.compile(r"/(data|healthz)"), lambda route: route.abort() if is_away else route.continue_())
    page.locator("tbody a").first.click()
    page.get_by_role("alert").get_by_text("The service does not answer").wait_for()
    is_away = False
    page.get_by_text("The service is back.").wait_for()
    page.get_by_role("tab", name="Overview").wait_for()
    assert page.get_by_text("The service does not answer").count() == 0


def test_whoever_has_no_key_is_asked_for_one(page: "Page", check: Check) -> None:
    def guard(route: "Route") -> None:
        taken = route.request.headers.get("authorization") == f"Bearer {KEY}"
        route.continue_() if taken else route.fulfill(**problem(401, "unauthorized", "The request has no key."))

    page.route(re.compile("/data/files"), guard)
    page.goto("/console/data")
    page.get_by_role("dialog").get_by_text("Enter an API key").wait_for()
    check(page, "sign-in")
    page.get_by_label("API key").fill("another")
    page.keyboard.press("Enter")
    page.get_by_role("dialog").get_by_text("This key was refused").wait_for()
    page.get_by_label("API key").fill(KEY)
    page.keyboard.press("Enter")
    page.get_by_role("table").wait_for()
    # It is kept until the window is closed, and nothing but preferences beyond that.
    page.reload()
    page.get_by_role("table").wait_for()
    assert page.evaluate("Object.keys(localStorage).filter((name) => !/^regatta\\.(theme|language)$/.test(name))") == []
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("dialog").get_by_text("Enter an API key").wait_for()


def test_a_view_that_does_not_exist_says_so(page: "Page", check: Check) -> None:
    page.goto("/console/nowhere")
    page.get_by_role("heading", name="Page not found").wait_for()
    check(page, "not-found")
    page.get_by_role("button", name="Go to the data").click()
    page.get_by_role("heading", name="Data", exact=True).wait_for()


def test_a_press_on_the_button_for_files_is_not_lost_when_the_list_arrives(page: "Page", tmp_path: "Path") -> None:
    file = {"rows": 10, "columns": 3, "size_bytes": 1000, "created_at": "2026-01-01T00:00:00+00:00"}
    listed = {"files": [{**file, "file_id": "f", "filename": "week.csv"}], "current": "f", "next": None}
    (tmp_path / "no-table.csv").write_bytes(b"")
    held: list[Route] = []
    # Playwright counts the parameters of the function, which it cannot do with the method of a list.
    page.route("**/data/files?*limit=1000*", lambda route: held.append(route))  # noqa: PLW0108
    for answer, arrived in (
        ({**listed, "files": []}, page.get_by_role("heading", name="Begin with a table")),
        (listed, page.get_by_role("link", name="week.csv")),
    ):
        page.goto("/console/data")
        button = page.get_by_role("button", name="Choose a file").first
        button.focus()
        # Until the list is there its shape stands in its place.
        page.get_by_role("status").filter(has_text="Loading").wait_for()
        take_picture(page, "data-loading")
        # The list comes while the browser asks which file it is to be.
        with page.expect_file_chooser() as asked:
            page.keyboard.press("Enter")
        while not held:
            page.wait_for_timeout(20)
        held.pop().fulfill(json=answer)
        arrived.wait_for()
        assert button.evaluate(FOCUSED)
        asked.value.set_files(tmp_path / "no-table.csv")
        page.get_by_text("“no-table.csv” cannot be used").wait_for()


def test_ten_thousand_files_are_paged_and_one_is_found(page: "Page") -> None:
    file = {"rows": 10, "columns": 3, "size_bytes": 1000, "created_at": "2026-01-01T00:00:00+00:00"}
    files = [{**file, "file_id": f"f{number}", "filename": f"week-{number:05d}.csv"} for number in range(10_000)]

    def answer(route: "Route") -> None:
        begin = int(route.request.url.partition("cursor=")[2] or 0)
        following = str(begin + 1000) if begin + 1000 < len(files) else None
        route.fulfill(json={"files": files[begin : begin + 1000], "current": "f0", "next": following})

    page.route("**/data/files?*limit=1000*", answer)
    page.goto("/console/data")
    page.get_by_text("1 to 100 of 10,000").wait_for()
    assert page.locator("tbody tr").count() == 100
    page.get_by_role("searchbox", name="Search files").fill("07777")
    page.get_by_role("link", name="week-07777.csv").wait_for()
    assert page.locator("tbody tr").count() == 1
    # A field that asks for one of them is searched as well.
    page.goto("/console/race")
    page.get_by_role("searchbox", name="Search files").fill("07777")
    page.get_by_text("1 found").or_(page.get_by_text("one found")).wait_for()
    page.get_by_label("File", exact=True).select_option(label="week-07777.csv (10 rows)")


def test_a_file_that_was_deleted_in_another_window_is_said_to_be_gone(page: "Page", stack: Stack) -> None:
    sent = httpx.post(f"{stack.base_url}/data/upload", files={"file": ("gone.csv", b"a,b\n" + b"1,2\n3,5\n" * 20)})
    page.goto(f"/console/data/{sent.json()['file_id']}")
    page.get_by_role("heading", name="gone.csv").wait_for()
    httpx.delete(f"{stack.base_url}/data/files/{sent.json()['file_id']}", timeout=300).raise_for_status()
    page.get_by_role("tab", name="Outliers").click()
    page.get_by_role("alert").get_by_text("This file is gone").wait_for()
    page.get_by_role("link", name="All files").click()
    page.get_by_role("heading", name="Data", exact=True).wait_for()


def test_a_finding_leads_to_its_column_and_to_where_it_is_mended(page: "Page", stack: Stack) -> None:
    rows = "".join(f"{n},{n % 7},{n * 3 % 11},نفسه,1,2,3\n" for n in range(60))
    body = f"id,السعر,y,constant,one,two,three\n{rows}".encode()
    sent = httpx.post(f"{stack.base_url}/data/upload", files={"file": ("findings.csv", body)}, timeout=300).json()
    page.goto(f"/console/data/{sent['file_id']}")
    # A name that is written from right to left is set so, and nothing beside it is.
    header = page.get_by_role("columnheader", name="السعر").locator("bdi")
    assert header.evaluate("(element) => element.matches(':dir(rtl)')")
    assert (
        not page.get_by_role("columnheader", name="id").locator("bdi").evaluate("(each) => each.matches(':dir(rtl)')")
    )
    assert page.get_by_role("cell", name="نفسه").first.locator("bdi").evaluate("(each) => each.matches(':dir(rtl)')")
    finding = page.locator(".findings li").filter(has_text="Always the same")
    finding.get_by_role("link", name="Leave it out").click()
    page.get_by_label("Leave out constant").wait_for()
    assert page.get_by_label("Leave out constant").is_checked()
    page.go_back()
    finding.get_by_role("link", name="constant", exact=True).click()
    page.locator(".column").filter(has_text="constant").wait_for()
    assert page.locator(".column").count() == 1
    page.go_back()
    # Four columns that say nothing are one finding.
    finding.get_by_text("Likewise one, two, three").click()
    finding.get_by_role("link", name="three", exact=True).wait_for()
    assert finding.locator("li").count() == 3


def test_a_sentence_that_is_not_listed_stays_english_and_says_so(page: "Page", stack: Stack) -> None:
    body = b"a,b\n" + b"1,2\n3,5\n" * 20
    sent = httpx.post(f"{stack.base_url}/data/upload", files={"file": ("said.csv", body)}, timeout=300).json()
    known, unknown = "has no value in 1,234 rows (5.0%)", "and something else in 3 rows"
    nested = "column 'name' has 305 different texts in 398 rows and was left out; mode keeps it"
    # Each of them is listed by itself, and one that has an unknown part is not half translated.
    two = "The file is encrypted. Try again in a moment."
    partly = "The file does not fit the model: who knows why."
    # What names a request to programs names a view to people, whatever the name of the column.
    advice = 'leave it out: POST /data/process with {"leave_out": ["a; b"]}'
    finding = {"severity": "info", "column": "a", "count": 0, "rows": [], "suggestion": advice}

    def answer(route: "Route") -> None:
        profile = route.fetch().json()
        findings = [{**finding, "finding": text, "kind": text[:3]} for text in (known, nested, two, partly, unknown)]
        route.fulfill(json={**profile, "findings": findings})

    page.route("**/data/profile*", answer)
    page.goto(f"/console/data/{sent['file_id']}")
    page.locator(".findings").get_by_text("Leave it out in Prepare.", exact=True).first.wait_for()
    choose(page, "zh", "light")
    assert page.locator(".findings").get_by_text("可排除此列。", exact=True).count() == 5
    page.get_by_text("有 1,234 行没有值（5.0%）。", exact=True).wait_for()
    page.get_by_text("列 'name' 在 398 行中有 305 段不同的文本，已略去；可在“准备”中保留它。", exact=True).wait_for()
    page.get_by_text("文件已加密。请稍后重试。", exact=True).wait_for()
    for text in ("And something else in 3 rows.", partly):
        assert page.get_by_text(text).get_attribute("lang") == "en"


def test_a_report_of_a_wide_table_fits_the_paper_with_all_of_its_findings(own_page: "Page", stack: Stack) -> None:
    names = [f"measurement_of_channel_{n}" if n % 3 else f"传感器读数第{n}号" for n in range(60)]
    cells = [
        [f"{(row * (n + 7)) % 83 / 83 - 0.5:.5f}" if (row + n) % 9 else "" for n in range(60)] for row in range(80)
    ]
    body = "\n".join(",".join(row) for row in [names, *cells]).encode()
    sent = httpx.post(f"{stack.base_url}/data/upload", files={"file": ("wide.csv", body)}, timeout=300).json()
    report = httpx.get(
        f"{stack.base_url}/data/report",
        params={"file_id": sent["file_id"]},
        headers={"Accept": "text/html"},
        timeout=300,
    )
    own_page.set_viewport_size(PAPER)
    own_page.emulate_media(media="print")
    own_page.set_content(report.text)
    assert own_page.evaluate(SIDEWAYS) == 0
    findings = own_page.locator(".findings li")
    assert findings.count() > 12
    assert findings.evaluate_all("(all) => all.every((each) => each.checkVisibility({contentVisibilityAuto: true}))")
