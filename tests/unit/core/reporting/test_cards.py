"""The columns of a wide table: the ones that matter are open, and each can be found."""

from tests.support.reports import WIDE_COLUMNS, wide_page


def test_the_columns_that_matter_are_open_and_the_others_folded_by_type() -> None:
    section = wide_page().one("columns")
    shown = [card for part in section.children if part.tag == "div" for card in part.all("article", "card")]
    assert len(shown) == 6
    assert shown[0].all("h3")[0].text == "price"
    assert "reading_of_104" in [card.all("h3")[0].text for card in shown]
    folded = [part for part in section.children if "group" in part.classes]
    cards = sum(len(part.all("article", "card")) for part in folded)
    assert cards == WIDE_COLUMNS - 6
    assert [part.all("summary")[0].text.split()[-1] for part in folded] == ["numbers", "categories"]


def test_every_column_can_be_found_by_name() -> None:
    section = wide_page().one("columns")
    (index,) = section.all("p", "index")
    names = [link.text for link in index.all("a")]
    assert len(set(names)) == WIDE_COLUMNS
    assert names == sorted(names, key=str.casefold)
