"""Free text, many levels and words among numbers are found in a text column."""

from pathlib import Path

import pytest

from core.profiling.profile import profile
from core.types import Json
from tests.support.findings import column_findings, kinds_of
from tests.support.tables import read


def test_free_text_is_found(tmp_path: Path) -> None:
    values = [f"The {i}th customer wrote a long and very friendly letter about it." for i in range(100)]
    (entry,) = column_findings(tmp_path, values)
    assert (entry["kind"], entry["severity"]) == ("free-text", "warning")


def test_a_category_of_too_many_levels_is_found(tmp_path: Path) -> None:
    (entry,) = column_findings(tmp_path, [f"k{i % 60}" for i in range(300)])
    assert (entry["kind"], entry["count"]) == ("high-cardinality", 60)
    assert column_findings(tmp_path, [f"k{i % 60}" for i in range(3000)]) == []


def test_words_among_numbers_are_found(tmp_path: Path) -> None:
    values = [str(i % 30) for i in range(100)]
    values[10], values[20] = "about 3", "?!"
    (entry,) = column_findings(tmp_path, values)
    assert (entry["kind"], entry["count"], entry["rows"]) == ("mixed-type", 2, [12, 22])
    assert "'about 3', '?!'" in entry["finding"]


@pytest.mark.parametrize("words", [0, 40, 100])
def test_texts_that_are_all_numbers_or_mostly_words_are_not_mixed(tmp_path: Path, words: int) -> None:
    assert "mixed-type" not in kinds_of(column_findings(tmp_path, ["abc"] * words + ["12"] * (100 - words)))


def findings_of(*texts: str) -> list[Json]:
    """Return the findings about a column of these texts in a file."""
    lines = (f'"{text}";{row * 7 % 13};{row / 3:.2f}\n' for row, text in enumerate(texts))
    return [entry for entry in profile(read("v;x;y\n" + "".join(lines)))["findings"] if entry["column"] == "v"]


def test_words_are_named_with_their_rows_and_the_line_of_the_first() -> None:
    texts = [f"${100 * n:,}" for n in range(16)] + [word for _ in range(35) for word in ("Ask For Price", "$9", "$12")]
    (entry,) = findings_of(*texts)
    assert (entry["kind"], entry["count"], entry["rows"][0]) == ("mixed-type", 35, 18)
    assert entry["finding"] == (
        "is read as text because 35 of its values are neither numbers nor dates: 'Ask For Price' in 35 rows, first in "
        "line 18"
    )
    assert "PATCH /data/files/{file_id}/reading" in entry["suggestion"]


@pytest.mark.parametrize(
    "understood",
    [
        ["$ 1,069.50", "$ (693.93)", "$ -"],
        ["1\u202f234,56", "12\u202f500,00"],
        ["1'234.56", "12’500.00"],
        ["1.234,56-", "7,50"],
        ["12%", "3.5 %"],
        ["R$ 1.799,51", "R$ 9,10"],
        ["Rs. 1,069.19", "Rs.500"],
        ["955万", "1.2亿"],
        ["1.5K", "2M"],
        ["1.5 K", "2 M", "300"],
        ["201k", "8.5M", "7"],
        ["120 ㎡", "88㎡"],
        ["14:35", "9:05"],
        ["2022-03-01", "2022-04-30"],
        ["下午 2:35", "上午 11:00"],
        ["1-Mar-22", "31-Dec-21"],
        ["2018Q1", "2019Q3"],
        ["−5.5", "１２"],
        ["-", "7", "12"],
    ],
)
def test_what_the_reader_understands_is_never_listed_as_stray(understood: list[str]) -> None:
    (entry,) = (found for found in findings_of(*understood * 30, "Ask For Price") if found["kind"].startswith("mixed"))
    assert entry["kind"] == "mixed-type"
    assert "1 of its values are neither numbers nor dates: 'Ask For Price'; the first is in line" in entry["finding"]


@pytest.mark.parametrize(
    ("texts", "counts"),
    [
        (["$5", "$7", "$12"] * 40 + ["€6", "€7"] * 40, ("'$' in 120 rows", "'€' in 80 rows")),
        (["12%", "8%"] * 60 + ["0.12", "0.3"] * 40, ("'%' in 120 rows", "none in 80 rows")),
        (["12 USD"] * 30 + ["10 EUR"] * 20 + ["900 JPY"] * 10, ("'USD' in 30 rows", "'EUR' in 20", "'JPY' in 10")),
        (["1.5 K", "2 M"] * 30 + ["7 kg"] * 20, ("none in 60 rows (such as '1.5 K')", "'kg' in 20 rows")),
        (["5 kg", "7.5 kg"] * 30 + ["300 g"] * 20, ("'kg' in 60 rows", "'g' in 20 rows")),
    ],
)
def test_mixed_units_are_counted_each(texts: list[str], counts: tuple[str, ...]) -> None:
    (entry,) = findings_of(*texts)
    assert (entry["kind"], entry["severity"]) == ("mixed-type", "warning")
    assert "different units: " in entry["finding"]
    assert all(count in entry["finding"] for count in counts), entry["finding"]


def test_words_do_not_hide_that_units_are_mixed() -> None:
    words, units = findings_of(*["$5", "$7", "€6"] * 30, "call us")
    assert (words["kind"], units["kind"]) == ("mixed-type", "mixed-type")
    assert "'call us'" in words["finding"]
    assert "'$' in 60 rows (such as '$5'), '€' in 30 rows (such as '€6')" in units["finding"]


@pytest.mark.parametrize("texts", [["$5", "US$7"] * 30, ["¥5", "￥7"] * 30, ["5 kg", "7 KG"] * 30, ["$5", "0"] * 30])
def test_spellings_of_one_unit_are_not_mixed(texts: list[str]) -> None:
    assert "mixed-type" not in kinds_of(findings_of(*texts))


@pytest.mark.parametrize(
    ("texts", "named"),
    [
        ([f"2022-{n % 12 + 1:02}-{n % 28 + 1:02}" for n in range(60)] + ["03/04/2022"], "'03/04/2022' in line 62"),
        (["1,5", "2,7", "0,25", "3,125"] * 20 + ["3.5"], "'3.5' in line 82"),
    ],
)
def test_the_one_cell_of_another_kind_is_named(texts: list[str], named: str) -> None:
    (entry,) = findings_of(*texts)
    assert (entry["kind"], entry["count"]) == ("mixed-type", 1)
    assert named in entry["finding"]


@pytest.mark.parametrize("texts", [["0"] * 90 + ["有"] * 10, [f"{n * 7 % 99:05}" for n in range(99)] * 2])
def test_answers_and_codes_are_not_mixed(texts: list[str]) -> None:
    assert "mixed-type" not in kinds_of(findings_of(*texts))
