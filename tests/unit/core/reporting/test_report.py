"""The report: one page that stands alone, shows what matters first, and takes any table."""

import csv
import io
import re
from random import Random

import pytest

from core.reporting.page import CONTENT_SECURITY_POLICY
from core.reporting.report import report
from infra.deploy.package import package
from tests.support.reports import Element, Page, joined_profile, page_of, real_report, report_of
from tests.support.storage import dataset_manifest
from tests.support.tables import CSVS, read, real

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(2)>',
    "' onload='alert(3)",
    "&lt;b&gt; &amp",
    "城市 的名字",
    "المدينة",
    "🚀 emoji",
    "x" * 300,
]


def csv_of(columns: dict[str, list[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return text.getvalue()


def cards(page: Element) -> dict[str, Element]:
    """The cards of the columns, by name."""
    return {card.all("h3")[0].text: card for card in page.one("columns").all("article", "card")}


def hostile_page() -> str:
    columns: dict[str, list[object]] = {name: [i * k % 17 for i in range(60)] for k, name in enumerate(HOSTILE, 1)}
    columns["words"] = [HOSTILE[i % len(HOSTILE)] for i in range(60)]
    return report_of(read(csv_of(columns)), HOSTILE[0], filename="<b>.csv", warnings=["<i>row 3</i>"])


PAGES = [*CSVS, "hostile"]


def page_named(name: str) -> str:
    return hostile_page() if name == "hostile" else real_report(name)


@pytest.mark.parametrize("name", PAGES)
def test_every_tag_is_closed_and_every_link_leads_somewhere(name: str) -> None:
    page = Page(page_named(name)).root
    ids = [element.attributes["id"] for element in page.all() if "id" in element.attributes]
    assert len(ids) == len(set(ids))
    links = {element.attributes["href"] for element in page.all("a")}
    assert len(links) > len(page.one("columns").all("article", "card"))
    assert links <= {f"#{id}" for id in ids}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_stands_alone_and_runs_nothing(name: str) -> None:
    html = page_named(name)
    page = Page(html).root
    assert re.findall(r"(?i)https?:|\burl\(|@import|javascript:", html) == []
    tags = {element.tag for element in page.all()}
    assert not tags & {"script", "img", "iframe", "object", "embed", "form", "base"}
    assert [element.attributes for element in page.all("link")] == [{"rel": "icon", "href": "data:,"}]
    assert not any(attribute.startswith("on") for element in page.all() for attribute in element.attributes)
    (policy,) = (e for e in page.all("meta") if e.attributes.get("http-equiv") == "Content-Security-Policy")
    assert policy.attributes["content"] == CONTENT_SECURITY_POLICY
    assert "default-src 'none'" in CONTENT_SECURITY_POLICY
    assert "script-src" not in CONTENT_SECURITY_POLICY


def test_hostile_names_are_text() -> None:
    page = Page(hostile_page()).root
    assert page.all("h1")[0].text == "<b>.csv"
    assert list(cards(page)) == [*HOSTILE, "words"]
    assert page.one("reading").all("li")[0].text == "<i>row 3</i>."
    shown = [name.text for name in cards(page)["words"].all("span", "name")]
    assert set(shown) == set(HOSTILE)
    heads = [cell.text for cell in page.one("rows").all("th")]
    assert heads[:3] == HOSTILE[:3]


@pytest.mark.parametrize("name", CSVS)
def test_every_column_has_a_card_with_its_plot_and_its_figures(name: str) -> None:
    found = cards(Page(real_report(name)).root)
    assert list(found) == [column.name for column in real(name).columns]
    for column in real(name).columns:
        card = found[column.name]
        assert card.all("div", "plot")[0].all("svg")
        assert card.all("span", "kind")[0].text == column.type
        assert len(card.all("dd")) >= 2


@pytest.mark.parametrize("name", CSVS)
def test_what_matters_comes_first(name: str) -> None:
    page = Page(real_report(name)).root
    order = ["overview", "findings", "reading", "target", "columns", "correlations", "missing", "rows"]
    there = [section.attributes["id"] for section in page.all("section")]
    assert there == [section for section in order if section in there]
    assert {"overview", "findings", "target", "columns", "correlations", "rows"} <= set(there)
    assert [link.attributes["href"] for link in page.all("nav")[0].all("a")] == [f"#{section}" for section in there]
    assert [heading.tag for heading in page.all() if heading.tag in ("h1", "h2")] == ["h1", *["h2"] * len(there)]


def test_every_picture_says_what_it_shows_or_leaves_it_to_the_text() -> None:
    for picture in Page(real_report("taxis")).root.all("svg"):
        labelled = picture.attributes.get("role") == "img" and bool(picture.attributes.get("aria-label"))
        assert labelled or picture.attributes.get("aria-hidden") == "true"


def test_findings_say_what_where_how_often_and_what_to_do() -> None:
    lines = [f"{i},{'' if i in (3, 5) else i * i % 97},7" for i in range(100)]
    page = page_of("\n".join(["a,b,c", *lines]))
    (gap,) = (one for one in page.one("findings").all("li") if "no value in 2 rows" in one.text)
    assert gap.attributes["class"] == "info"
    assert gap.all("span", "severity")[0].text == "Note"
    assert gap.all("a")[0].text == "b"
    assert gap.all("p", "where")[0].text == "2 rows5, 7"
    assert gap.all("p", "suggestion")[0].text.startswith("Choose in Prepare what fills it")
    assert page.one(gap.all("a")[0].attributes["href"][1:]).all("h3")[0].text == "b"


def test_findings_of_one_kind_about_many_columns_are_one_item_with_their_names() -> None:
    lines = [",".join("" if (row + n) % 9 == 0 else f"{row * (n + 3) % 97}.5" for n in range(30)) for row in range(90)]
    section = page_of("\n".join([",".join(f"c{n}" for n in range(30)), *lines])).one("findings")
    gaps = [one for one in section.all("li") if "no value in" in one.text]
    assert len(gaps) == 30
    (item,) = (one for one in section.all("ul", "findings")[0].children if "no value in" in one.text)
    assert len(item.all("p", "suggestion")) == 1
    names = item.all("summary")[0]
    assert [one.text for one in names.all("bdi")] == ["c1", "c2", "c3", "c4", "c5"]
    assert names.text.startswith("Likewise c1") and names.text.endswith(" and 24 more")
    assert {one.all("a")[0].text for one in item.all("details")[0].all("li")} == {f"c{n}" for n in range(1, 30)}


def test_a_year_and_its_month_are_counted_in_values_and_not_in_rows() -> None:
    table = {"year": [2020 + k // 24 for k in range(96)], "month": [1 + k % 12 for k in range(96)]}
    page = page_of(csv_of({**table, "price": [k * k % 31 for k in range(96)]}))
    found = [item for item in page.one("findings").all("li") if "a year and its month" in item.text]
    assert [item.all("p", "where")[0].text for item in found] == ["4 values"]


def test_a_long_name_breaks_after_an_underscore() -> None:
    name = "median_household_income_of_the_district"
    page = page_of(csv_of({name: list(range(60)), "price": [k * k for k in range(60)]}), "price")
    for heading in (page.all("table", "ranking")[0].all("th")[4], page.one("target").all("h4")[0]):
        assert heading.text == name
        assert len(heading.all("wbr")) == name.count("_")


def test_the_labels_of_a_curve_have_room() -> None:
    values = [round(-2.5312 + k * 0.0471, 4) for k in range(100)]
    page = page_of(
        csv_of({"long": values, "short": [k % 10 for k in range(100)], "y": [k * k for k in range(100)]}), "y"
    )
    panels = {
        panel.all("h4")[0].text: panel.all("div", "axis")[0] for panel in page.one("target").all("article", "panel")
    }
    assert len(panels["long"].all("span")) == 3


def test_a_table_without_findings_says_so() -> None:
    profile = {**joined_profile(real("energy_efficiency")), "findings": []}
    page = Page(report(dataset_manifest(), profile)).root
    assert "Nothing stands out" in page.one("findings").text
    assert [section.attributes["id"] for section in page.all("section")][1:3] == ["findings", "columns"]


def test_the_target_is_shown_only_once_it_is_chosen() -> None:
    assert 'id="target"' not in report_of(real("mpg"))
    section = Page(real_report("mpg")).root.one("target")
    ranked = [row.all("th")[0].text for row in section.all("tbody")[0].all("tr")]
    relations = joined_profile(real("mpg"), "mpg")["target"]["relations"]
    informed = [relations[name]["mutual_information"] or 0.0 for name in ranked]
    assert set(ranked) == set(relations)
    assert informed == sorted(informed, reverse=True)
    panels = [panel.all("h4")[0].text for panel in section.all("article", "panel")]
    assert panels == ranked[:6]


def test_a_category_and_a_boolean_show_the_mean_target_of_each_value() -> None:
    lines = [f"{'red' if i % 3 else 'blue'},{'yes' if i % 2 else 'no'},{i % 3 + 10 * (i % 2)}" for i in range(600)]
    section = page_of("\n".join(["colour,flag,y", *lines]), "y").one("target")
    panels = {panel.all("h4")[0].text: panel for panel in section.all("article", "panel")}
    assert [item.text for item in panels["flag"].all("li")] == ["false1", "true11"]
    assert [item.text for item in panels["colour"].all("li")] == ["red6.5", "blue5"]


def test_bars_are_as_high_as_their_counts() -> None:
    values = [0] * 40 + [1] * 20 + [2] * 10
    page = page_of("\n".join(["v,w", *(f"{value},{i}" for i, value in enumerate(values))]))
    (bars,) = cards(page)["v"].all("path", "bars")
    heights = [100 - float(top) for top in re.findall(r"V([\d.]+)H", bars.attributes["d"])]
    assert heights == [100, 50, 25]


def test_a_split_bar_is_divided_where_the_values_are() -> None:
    page = page_of("\n".join(["flag,w", *(f"{'true' if i % 4 else 'false'},{i}" for i in range(80))]))
    card = cards(page)["flag"]
    assert [float(rect.attributes["width"]) for rect in card.all("rect")] == [75, 25]
    assert card.all("div", "sides")[0].text == "true 75.0%60false 25.0%20"


def test_the_heat_map_has_pearson_below_the_diagonal_and_spearman_above() -> None:
    found = joined_profile(real("concrete"))["correlations"]
    size = len(found["columns"])
    (numbers,) = Page(real_report("concrete")).root.one("correlations").all("g", "coefficients")
    texts = [float(text.text.replace("−", "-")) for text in numbers.all("text")]
    expected = [
        found["pearson" if row > column else "spearman"][row][column]
        for row in range(size)
        for column in range(size)
        if row != column
    ]
    assert texts == pytest.approx(expected, abs=0.00501)


def test_a_heat_map_of_a_hundred_columns_names_them_all_and_stays_small() -> None:
    chance = Random(7)
    columns: dict[str, list[object]] = {f"c{k}": [chance.random() for _ in range(60)] for k in range(100)}
    html = report_of(read(csv_of(columns)))
    section = Page(html).root.one("correlations")
    squares = "".join(path.attributes["d"] for path in section.all("path"))
    assert squares.count("M") == 100 * 99
    assert [text.text for text in section.all("g", "names")[0].all("text")] == list(columns)
    assert [item.text for item in section.all("ol")[0].all("li")] == list(columns)
    assert len(html) < 1_000_000


def test_gaps_are_where_they_are_in_the_file() -> None:
    page = page_of("\n".join(["a,b", *(f"{i},{'' if i >= 300 else i % 9}" for i in range(600))]))
    (strip,) = page.one("missing").all("svg", "gap")
    assert [float(rect.attributes["x"]) >= 50 for rect in strip.all("rect")] == [True] * 30
    assert "50.0%" in page.one("missing").text
    assert 'id="missing"' not in real_report("energy_efficiency")


def test_two_thousand_columns_are_two_hundred_cards_and_a_table() -> None:
    small = joined_profile(real("taxis"))
    figures = list(small["columns"].values())
    names = [f"{k} {'long ' * 50}" for k in range(2000)]
    profile = {
        **small,
        "columns": {name: figures[k % len(figures)] for k, name in enumerate(names)},
        "correlations": {"columns": names[:100], "pearson": [[0.5] * 100] * 100, "spearman": [[-0.5] * 100] * 100},
        "missingness": {"blocks": 60, "columns": dict.fromkeys(names, [0.3] * 60)},
        "findings": [{**small["findings"][0], "column": name} for name in names],
        "preview": {"columns": names, "rows": [["a long text " * 9] * 2000] * 100},
    }
    html = report(dataset_manifest(), profile)
    assert len(html.encode()) < 3_000_000
    page = Page(html).root
    section = page.one("columns")
    assert len(section.all("article", "card")) == 200
    assert len(section.all("tbody")[0].all("tr")) == 1800
    assert "The first 200 columns have a card each. The other 1,800 are in this table" in section.text
    assert "Data in the console has all 2,000." in page.one("findings").text
    assert "The 60 columns with the most gaps, of 2,000 that have some." in page.one("missing").text
    assert "The first 10 rows of the first 100 columns." in page.one("rows").text


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("a,b,c\n1,x,2020-01-01\n", "1 row"),
        ("a,b\nx,y\nz,y\nx,w\n", "2 categories"),
        ("a,b\n1,\n2,\n3,\n", "no values"),
        ("a,b\n1e308,1\n-1e308,2\n3e307,3\n", "10³⁰⁸"),
        ("a,b\n1e-300,1\n3e-300,2\n2e-300,4\n", "10⁻³⁰⁰"),
        ("when,b\n0001-01-01,1\n9999-12-31,2\n", "9999"),
        ("flag,b\ntrue,1\ntrue,2\ntrue,3\n", "true 100%"),
        ("a,b\n5,1\n5,2\n5,3\n", "one and the same value"),
    ],
)
def test_an_odd_table_has_a_page_too(source: str, words: str) -> None:
    page = page_of(source)
    text = page.all("main")[0].text
    assert words in text
    assert not re.search(r"\b(nan|inf|None)\b", text)
    assert all(card.all("div", "plot")[0].all("svg") for card in cards(page).values())


def test_figures_that_do_not_exist_are_dashes() -> None:
    profile = joined_profile(real("concrete"))
    for figures in profile["columns"].values():
        figures.update(dict.fromkeys(("mean", "std", "skew", "kurtosis")))
    card = cards(Page(report(dataset_manifest(), profile)).root)["age"]
    assert card.text.count("–") == 4


def test_characters_that_no_page_may_hold_are_replaced() -> None:
    html = report(dataset_manifest(filename="a\x00b\ud800.csv"), joined_profile(real("mpg")))
    assert Page(html).root.all("h1")[0].text == "a\ufffdb\ufffd.csv"
    html.encode()


def test_the_style_travels_with_the_code() -> None:
    assert all(f"core/reporting/{name}.css".encode() in package() for name in ("style", "tokens"))
    assert "--accent" in real_report("mpg")
