"""Pages say a sentence of the service in words of their own that keep its values; one that is not listed has none."""

import re

import pytest

from core.languages.service_sentences import MOST_CHARACTERS, translated


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("has no values at all", "没有任何值"),
        ("3 of 9 tasks", "9 个子任务中已完成 3 个"),
        ("has no value in 44 rows (3.1%)", "有 44 行没有值（3.1%）"),
        ("has no value in {Rows} (3.1%)", None),
        ("nobody lists this", None),
        ("没有英文", "没有英文"),
        ("has no value in 44 rows (" + "3" * MOST_CHARACTERS + "%)", None),
    ],
)
def test_a_sentence_is_known_by_its_form(english: str, chinese: str | None) -> None:
    assert translated(english, "zh") == chinese


@pytest.mark.parametrize("column", ["size", "size; of what", "No. Of rooms"])
def test_english_names_a_view_where_the_service_names_a_request(column: str) -> None:
    advice = f'leave it out: POST /data/process with {{"leave_out": ["{column}"]}}'
    assert translated(advice, "en") == "leave it out in Prepare"
    assert translated(f"it tells rows apart only rarely; {advice}", "en") == (
        "it tells rows apart only rarely; leave it out in Prepare"
    )
    assert translated("nobody lists this", "en") is None
    assert translated("Nobody lists this. Send the file by POST /data/uploads, or with `regatta upload`.", "en") == (
        "Nobody lists this. Send the file in parts, or with `regatta upload`."
    )


def test_of_several_sentences_each_may_be_listed_by_itself() -> None:
    one, two = "There is no file a1. GET /data/files lists what there is.", "GET /data/info lists the columns."
    assert translated(f"{two} {two}", "zh") == 2 * str(translated(two, "zh"))
    assert translated(f"{two} Nobody lists this.", "zh") is None
    assert "a1" in str(translated(one, "zh"))


@pytest.mark.parametrize(
    "english",
    [
        "held back, and not learned from: 88% of its rows are further off than nine tenths of the champion's own "
        "rows were (usual is 10%, a jump more than 31%); 45% of its rows are further off than every row that the "
        "champion was judged by; 'x' drifted far. If the next file says the same, both are learned from; if not, "
        "this one stays out.",
        "held back, and not learned from: the series reads 'd' as dates with the day first (D/M/Y), and "
        "'03/14/2024' in line 3 is one with the month first (M/D/Y), as in 2 more rows; the series reads 'n' as "
        "numbers in 'kg' with a decimal point, and '1,5' in line 4 is a number with a decimal comma. Nothing is "
        "guessed. Correct the file and put it again; or say dates and decimal with PUT /series/s, and it is read "
        "anew.",
    ],
    ids=["out of proportion", "read otherwise"],
)
def test_of_several_reasons_in_one_sentence_none_stays_english(english: str) -> None:
    chinese = translated(english, "zh")
    assert chinese is not None
    assert "；" in chinese
    assert set(re.findall("[A-Za-z]+", chinese)) <= {"x", "d", "n", "D", "M", "Y", "kg"}


def test_a_reason_that_is_not_listed_leaves_its_sentence_english() -> None:
    assert translated("held back, and not learned from: 'x' drifted far; nobody lists this.", "zh") is None
