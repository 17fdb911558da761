"""Free text, many levels and words among numbers are found in a text column."""

from pathlib import Path

import pytest

from tests.support.findings import column_findings, kinds_of


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
