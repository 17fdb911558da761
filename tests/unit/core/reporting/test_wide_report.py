"""The page of a wide table: short, and nothing of it cut off or lost."""

from functools import cache
from random import Random
from typing import Any

import pytest

from core.reporting.formatting import width
from core.reporting.matrices import LABEL_CHARACTERS, correlations_section, with_target
from core.reporting.page import style
from core.types import Json
from tests.support.reports import Element, Page, page_of
from tests.support.tables import csv

COLUMNS = 121


@cache
def wide_page() -> Element:
    """The page of 110 numbers, the target behind the hundredth, and ten categories."""
    chance = Random(3)
    columns: dict[str, list[Any]] = {f"reading_of_{k}": [chance.random() for _ in range(60)] for k in range(105)}
    columns["price"] = [3 * value for value in columns["reading_of_104"]]
    columns |= {f"extra_{k}": [chance.random() for _ in range(60)] for k in range(5)}
    columns |= {f"kind_{k}": [chance.choice("abc") for _ in range(60)] for k in range(10)}
    assert len(columns) == COLUMNS
    return page_of(csv(**columns), "price")


def test_the_columns_that_matter_are_open_and_the_others_folded_by_type() -> None:
    section = wide_page().one("columns")
    shown = [card for part in section.children if part.tag == "div" for card in part.all("article", "card")]
    assert len(shown) == 12
    assert shown[0].all("h3")[0].text == "price"
    assert "reading_of_104" in [card.all("h3")[0].text for card in shown]
    folded = [part for part in section.children if "group" in part.classes]
    cards = sum(len(part.all("article", "card")) for part in folded)
    assert cards == COLUMNS - 12
    assert [part.all("summary")[0].text.split()[-1] for part in folded] == ["numbers", "categories"]


def test_every_column_can_be_found_by_name() -> None:
    section = wide_page().one("columns")
    (index,) = section.all("p", "index")
    names = [link.text for link in index.all("a")]
    assert len(set(names)) == COLUMNS
    assert names == sorted(names, key=str.casefold)


def test_the_heat_map_holds_the_target_and_names_what_it_leaves_out() -> None:
    section = wide_page().one("correlations")
    labels = [item.text for item in section.all("ol")[0].all("li")]
    assert len(labels) == 100
    assert labels[-1] == "price"
    (caption,) = section.all("div", "caption")
    said = caption.text
    assert "11 columns not among the 100 columns that fit" in said
    assert "10 columns of categories or dates" in said
    assert all(name in said for name in ("reading_of_99", "extra_4", "kind_0", "kind_9"))


def test_the_targets_correlations_are_those_of_its_relations() -> None:
    correlations = {"columns": ["a", "b"], "pearson": [[1.0, 0.2], [0.2, 1.0]], "spearman": [[1.0, 0.3], [0.3, 1.0]]}
    target: Json = {"target": "y", "relations": {"a": {"pearson": 0.7, "spearman": 0.8}, "b": {"pearson": None}}}
    found = with_target(correlations, target)
    assert found["columns"] == ["a", "b", "y"]
    assert found["pearson"] == [[1.0, 0.2, 0.7], [0.2, 1.0, None], [0.7, None, 1.0]]
    assert found["spearman"][2] == [0.8, None, 1.0]
    assert with_target(correlations, None) is correlations


@pytest.mark.parametrize("letter", ["x", "城"])
def test_a_tilted_label_has_the_room_that_its_letters_take(letter: str) -> None:
    names = [f"{letter * 30}{k}" for k in range(4)]
    matrix = [[0.5] * 4] * 4
    correlations = {"columns": names, "pearson": matrix, "spearman": matrix}
    columns = {name: {"type": "number"} for name in names}
    section = correlations_section(correlations, columns, None)
    assert section is not None
    page = Page(section).root
    (drawing,) = page.all("svg")[:1]
    labels = [text.text for text in page.all("g", "names")[0].all("text")]
    assert max(map(width, labels)) in (LABEL_CHARACTERS, LABEL_CHARACTERS - 1)
    # 12.8 pixels a full-width letter, half of that a narrow one, at 45 degrees.
    needed = max(map(width, labels)) * 6.4 * 0.7071
    above = float(drawing.attributes["height"]) - 4 * 64
    assert above >= needed
    assert float(drawing.attributes["width"]) - 4 * 64 >= needed


def test_first_rows_of_many_columns_stand_below_each_other() -> None:
    section = wide_page().one("rows")
    first, others = section.all("table")
    assert [cell.text for cell in first.all("thead")[0].all("th")] == ["Row", *map(str, range(1, 11))]
    names = [row.all("th")[0].text for table in (first, others) for row in table.all("tbody")[0].all("tr")]
    assert len(names) == 100
    assert names[0] == "reading_of_0"
    assert all(len(row.all("td")) == 10 for row in first.all("tbody")[0].all("tr"))


def test_paper_shows_what_is_folded_and_repeats_the_heads_of_tables() -> None:
    printed = style()[style().index("@media print") :]
    assert "details::details-content { display: block; content-visibility: visible" in printed
    assert "thead { display: table-header-group; }" in printed
    assert "h2, h3, .note, .legend { break-after: avoid; }" in printed
    assert "zoom: var(--fit, 1)" in printed
    fit = wide_page().one("correlations").all("div", "map")[0].attributes["style"]
    assert 0 < float(fit.rpartition("--fit:")[2]) < 0.6
