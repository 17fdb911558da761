"""The unit of a column stands beside its name, on its axis and in what a screen reader says."""

from random import Random

from core.profiling.profile import profile
from tests.support.reports import Element, page_of
from tests.support.tables import read


def _flats(rows: int = 120) -> str:
    random = Random(3)
    lines = (
        f"{random.uniform(2, 31):.1f} kg,¥{random.randint(800, 9000):d},{random.randint(1, 9):d}" for _ in range(rows)
    )
    return "weight,price,rooms\n" + "\n".join(lines) + "\n"


def _card(page: Element, name: str) -> Element:
    return next(card for card in page.one("columns").all("article", "card") if card.all("bdi")[0].text == name)


def test_the_profile_has_the_unit_of_each_column_that_has_one() -> None:
    columns = profile(read(_flats()))["columns"]
    assert [columns[name].get("unit") for name in ("weight", "price", "rooms")] == ["kg", "¥", None]
    assert "unit" not in columns["rooms"]


def test_cards_and_axes_show_the_unit() -> None:
    page = page_of(_flats(), "price")
    assert _card(page, "weight").all("h3")[0].text == "weight (kg)"
    assert _card(page, "weight").all("div", "axis")[0].all("span")[-1].text == "30 kg"
    assert _card(page, "weight").all("svg")[0].attributes["aria-label"].startswith("Histogram of weight (kg), from ")
    assert _card(page, "price").all("h3")[0].text == "price (¥)"
    assert _card(page, "rooms").all("h3")[0].text == "rooms"


def test_the_target_and_the_first_rows_show_the_unit() -> None:
    page = page_of(_flats(), "price")
    assert page.one("target").all("h2")[0].text == "Targetprice (¥)"
    assert "The mean of price (¥) along each column" in page.one("target").text
    assert {panel.all("h4")[0].text for panel in page.one("target").all("article", "panel")} <= {"weight (kg)", "rooms"}
    assert [cell.text for cell in page.one("rows").all("th")] == ["weight (kg)", "price (¥)", "rooms"]


def test_a_long_unit_is_not_on_the_axis() -> None:
    page = page_of("speed,x\n" + "".join(f"{n} m/s per hour,{n % 7}\n" for n in range(2, 90)))
    heading = page.one("columns").all("h3")[0].text
    assert heading == "speed (m/s per hour)"
    assert all("hour" not in tick.text for tick in page.one("columns").all("div", "axis")[0].all("span"))


def test_a_finding_of_a_value_has_the_column_before_a_colon() -> None:
    temperatures = "".join(f"{n % 23 + n % 7 / 10},{n * 7 % 31}\n" for n in range(400)) + "-200,3\n" * 20
    page = page_of(f"t,x\n{temperatures}")
    assert "t: -200 stands 20 times, far from all others: it may stand for missing." in page.one("findings").text
