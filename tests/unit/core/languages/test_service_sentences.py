"""A sentence of the service in Chinese keeps its values; one that is not listed has no Chinese."""

import pytest

from core.languages.service_sentences import MOST_CHARACTERS, translated


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("has no values at all", "没有任何值"),
        ("has no value in 44 rows (3.1%)", "有 44 行没有值（3.1%）"),
        ("has no value in {Rows} (3.1%)", None),
        ("nobody lists this", None),
        ("没有英文", "没有英文"),
        ("has no value in 44 rows (" + "3" * MOST_CHARACTERS + "%)", None),
    ],
)
def test_a_sentence_is_known_by_its_form(english: str, chinese: str | None) -> None:
    assert translated(english) == chinese


def test_of_several_sentences_each_may_be_listed_by_itself() -> None:
    one, two = "There is no file a1. GET /data/files lists what there is.", "GET /data/info lists the columns."
    assert translated(f"{two} {two}") == f"{translated(two)}{translated(two)}"
    assert translated(f"{two} Nobody lists this.") is None
    assert "a1" in str(translated(one))
