"""The heat map: it holds the target, and says what it leaves out."""

import pytest

from core.reporting.formatting import width
from core.reporting.matrices import LABEL_CHARACTERS, correlations_section, with_target
from core.types import Json
from tests.support.reports import Page, wide_page


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
