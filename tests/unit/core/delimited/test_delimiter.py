"""Two delimiters that divide the lines equally well are refused; a line `sep=;` names one that divides them."""

import pytest

from core.errors import NotACsvError
from core.manifests import Reading
from tests.support.tables import read


@pytest.mark.parametrize(
    "content",
    [
        "x;y,z;w\na;b,c;d\ne;f,g;h\n",
        "name;first,last\na;b,c\ne;f,g\n",
        "a|b\tc\nx|y\tz\nu|v\tw\n",
    ],
)
def test_equally_good_delimiters_are_both_shown(content: str) -> None:
    first = content.partition("\n")[0]
    with pytest.raises(NotACsvError, match="Two delimiters divide the lines equally well") as caught:
        read(content)
    shown = [mark for mark in ";,|\t" if mark in first]
    assert all(f"{mark!r} gives {first.split(mark)[0]!r} | " in caught.value.detail for mark in shown)
    for mark in shown:
        assert len(read(content, Reading(delimiter=mark)).columns) == len(first.split(mark))


@pytest.mark.parametrize("line", ["sep=;", "SEP=;", '"sep=;"', "sep=; ", "sep=;;", "sep =;", "sep= ;", "sep=,"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_line_that_names_the_delimiter_is_no_row(line: str, end: str) -> None:
    table = read(end.join(["\ufeff" + line, "a;b", "1;2,5", "3;4,5", ""]))
    assert ([column.name for column in table.columns], table.rows) == (["a", "b"], 2)


@pytest.mark.parametrize("mark", [",", ";", "\t", "|", "~", "^"])
def test_a_named_delimiter_may_be_an_unusual_one(mark: str) -> None:
    table = read(f"sep={mark}\n" + "\n".join(f"{a}{mark}{b}" for a, b in (("a", "b"), (1, 2), (3, 4))) + "\n")
    assert ([column.name for column in table.columns], table.rows) == (["a", "b"], 2)


@pytest.mark.parametrize(
    "lines",
    [
        ["1  2\t3", "4  5\t6", "7  8 \t9"],
        ["1 2 3", "4 5 6", "7\t8 9", "1 2 4"],
        ["1.0   8   3.0\t'a b'".replace("'", '"'), '2.0   8   4.0\t"c d"', '5.0   4   1.0\t"e f"'],
        ["a  b\tc", "1  2\t3", "4  5\t6", "7  8 \t9"],
        [" 1\t\t2\t\t3", " 4\t\t5\t\t6", " 7\t\t8\t\t9"],
    ],
)
def test_runs_of_blanks_and_stray_tabs_divide_alike(lines: list[str]) -> None:
    table = read("\n".join(lines) + "\n")
    assert len(table.columns) == len(lines[0].replace('"a b"', "x").split())


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_a_single_line_is_a_header_without_rows(mark: str) -> None:
    with pytest.raises(NotACsvError, match="has a header but no rows"):
        read(f"a{mark}b\n")
