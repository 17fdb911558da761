"""The whole way of a person with a table, on a service with keys: from the file to predictions to take along."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from infra.paths import ROOT
from tests.browser.conftest import Check, Words, choose, open_page, words
from tests.browser.hands import Hands, Keyboard, Mouse
from tests.support.stack import Stack
from tests.support.waiting import wait_for
from tests.support.workflow import csv_cells, gbk_csv

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

# A larger file than this goes through the bucket: the answer is a 303.
MOST_BYTES = "10000"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack that asks who calls, and that a test may stop.

    It has one worker: several would forget a key that is revoked within a second of each other.
    """
    home = tmp_path_factory.mktemp("guarded") / "home"
    settings = {"REGATTA_AUTH": "keys", "REGATTA_WORKERS": "1", "REGATTA_MAX_RESPONSE_BYTES": MOST_BYTES}
    own = Stack(home, **settings).start()
    yield own
    own.stop()


@pytest.fixture
def page(chromium: "Browser", guarded: Stack) -> Iterator["Page"]:
    with open_page(chromium, guarded) as page:
        yield page


def new_key(stack: Stack) -> tuple[str, str]:
    """Return the id and the text of a new key."""
    made = stack.call("keys", "create", "--workspace", "default", "--role", "admin", "--json")
    key = json.loads(made.stdout)
    return key["key_id"], key["key"]


def sign_in(page: "Page", key: str, say: Words) -> None:
    """Enter a key where the page asks for one."""
    dialog = page.get_by_role("dialog")
    dialog.get_by_label(say("signIn.key")).fill(key)
    page.keyboard.press("Enter")
    dialog.wait_for(state="detached")


def send(page: "Page", hands: Hands, file: Path, say: Words) -> None:
    """Send a file, and wait until it is read and looked at."""
    hands.choose_file(page.get_by_role("button", name=say("common.chooseFile")).first, file)
    page.get_by_role("heading", name=file.name, level=1).wait_for()
    page.get_by_role("heading", name=say("data.findings.title")).wait_for()


def prepare(page: "Page", hands: Hands, target: str, say: Words) -> None:
    """Choose the target, store the recipe, and go on to the race."""
    hands.press(page.get_by_role("navigation").get_by_role("link", name=say("nav.prepare"), exact=True))
    hands.select(page.get_by_label(say("prepare.targetColumn"), exact=True), target)
    hands.press(page.get_by_role("button", name=say("prepare.apply")))
    page.get_by_role("heading", name=say("prepare.after"), exact=True).wait_for()
    hands.press(page.get_by_role("link", name=say("prepare.toRace")))


def race(page: "Page", hands: Hands, say: Words) -> None:
    """Start a race of ten minutes, watch it until somebody has a score, stop it, and open its best model."""
    hands.pick(page.locator("input[value='600']"))
    hands.press(page.get_by_role("button", name=say("race.start")))
    page.get_by_role("heading", name=say("race.running")).wait_for()
    page.locator(".board li:not(.running)").first.wait_for()
    hands.press(page.get_by_role("button", name=say("race.stop")))
    hands.press(page.get_by_role("dialog").get_by_role("button", name=say("race.stop")))
    page.get_by_role("heading", name=say("race.over")).wait_for()
    page.get_by_text(say("race.cut")).wait_for()


def understand(page: "Page", hands: Hands, say: Words) -> None:
    """Open the best model, and see what it is worth and why."""
    hands.press(page.locator(".winner").get_by_role("link", name=say("race.openModel")))
    page.get_by_text(say("model.predictedActual")).wait_for()
    page.get_by_role("tab", name=say("model.tab.quality")).focus()
    page.keyboard.press("ArrowRight")
    page.get_by_role("heading", name=say("model.importance")).wait_for()
    # The other tab keeps the focus that the arrow key gave it.
    page.locator("[role=tab][aria-selected=true]:focus").wait_for()


def predict(page: "Page", hands: Hands, rows: int, say: Words, folder: Path) -> None:
    """Predict a row, then the file, and take its predictions along."""
    hands.press(page.get_by_role("link", name=say("model.predict"), exact=True).last)
    page.locator(".prediction bdi").wait_for()
    page.get_by_role("tab", name=say("predict.tab.row")).focus()
    page.keyboard.press("ArrowRight")
    choice = page.get_by_label(say("predict.orChoose"))
    hands.select(choice, str(choice.locator("option").nth(1).get_attribute("value")))
    page.get_by_role("heading", name=say("predict.firstRows")).wait_for()
    with page.expect_download() as waiting:
        hands.press(page.get_by_role("button", name=say("predict.take.csv"), exact=True))
    waiting.value.save_as(folder / "scored.csv")
    header, *scored = csv_cells((folder / "scored.csv").read_bytes())
    assert len(scored) == rows
    assert all(float(row[header.index("prediction")]) for row in scored)


def test_a_table_with_a_key_that_ends_midway_and_a_download_from_the_bucket(
    page: "Page", guarded: Stack, tmp_path: Path, check: Check
) -> None:
    say, hands = words("en"), Mouse()
    key_id, key = new_key(guarded)
    page.goto("/console/data")
    sign_in(page, key, say)
    send(page, hands, ROOT / "examples/mpg.csv", say)
    guarded.call("keys", "revoke", key_id)
    ask = {"url": f"{guarded.base_url}/data/files", "headers": {"X-Api-Key": key}, "timeout": 300}
    wait_for(lambda: httpx.get(**ask).status_code, (401).__eq__)
    # It goes on at the same place with another key.
    hands.press(page.get_by_role("tab", name=say("data.tab.outliers")))
    page.get_by_role("dialog").get_by_text(say("signIn.refused")).wait_for()
    page.keyboard.press("Escape")
    choose(page, "zh", "light")
    chinese = words("zh")
    hands.press(page.get_by_role("button", name=chinese("signIn.otherKey")))
    dialog = page.get_by_role("dialog")
    dialog.get_by_text(chinese("signIn.refused")).wait_for()
    assert dialog.locator("[lang=en]").count() == 0
    sign_in(page, new_key(guarded)[1], chinese)
    choose(page, "en", "light")
    page.locator("[role=tabpanel] table, [role=tabpanel] .card").first.wait_for()
    statuses: list[int] = []
    page.on("response", lambda answer: statuses.append(answer.status) if "/data/download" in answer.url else None)
    with page.expect_download() as waiting:
        hands.press(page.get_by_role("button", name=say("data.downloadSource")))
    waiting.value.save_as(tmp_path / "mpg.csv")
    assert (tmp_path / "mpg.csv").read_bytes() == (ROOT / "examples/mpg.csv").read_bytes()
    assert statuses == [303]
    prepare(page, hands, "mpg", say)
    race(page, hands, say)
    check(page, "race-over")
    understand(page, hands, say)
    predict(page, hands, 398, say, tmp_path)


def test_a_table_by_keyboard_alone_in_chinese_and_a_service_that_comes_back(
    page: "Page", guarded: Stack, tmp_path: Path
) -> None:
    say, hands = words("zh"), Keyboard(page)
    page.goto("/console/data")
    choose(page, "zh", "dark")
    sign_in(page, new_key(guarded)[1], say)
    send(page, hands, ROOT / "examples/concrete.csv", say)
    # The service says it in English.
    page.locator(".findings").get_by_text("与前面的某一行完全相同").wait_for()
    guarded.stop()
    hands.press(page.get_by_role("navigation").get_by_role("link", name=say("nav.operate")))
    page.get_by_role("alert").get_by_text(say("errors.away")).wait_for()
    guarded.start()
    page.get_by_text(say("operate.overall.ok")).wait_for()
    prepare(page, hands, "strength", say)
    race(page, hands, say)
    understand(page, hands, say)
    predict(page, hands, 1030, say, tmp_path)


def test_a_gbk_file_in_a_language_that_is_changed_on_the_way(page: "Page", guarded: Stack, tmp_path: Path) -> None:
    english, chinese, hands = words("en"), words("zh"), Mouse()
    (tmp_path / "房价.csv").write_bytes(gbk_csv())
    page.goto("/console/data")
    sign_in(page, new_key(guarded)[1], english)
    send(page, hands, tmp_path / "房价.csv", english)
    prepare(page, hands, "价格", english)
    choose(page, "zh", "light")
    race(page, hands, chinese)
    understand(page, hands, chinese)
    choose(page, "en", "dark")
    predict(page, hands, 120, english, tmp_path)
