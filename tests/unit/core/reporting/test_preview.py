"""The first rows of a wide table."""

from tests.support.reports import wide_page


def test_first_rows_of_many_columns_stand_below_each_other() -> None:
    section = wide_page().one("rows")
    first, others = section.all("table")
    assert [cell.text for cell in first.all("thead")[0].all("th")] == ["Row", *map(str, range(1, 11))]
    names = [row.all("th")[0].text for table in (first, others) for row in table.all("tbody")[0].all("tr")]
    assert len(names) == 100
    assert names[0] == "reading_of_0"
    assert all(len(row.all("td")) == 10 for row in first.all("tbody")[0].all("tr"))
