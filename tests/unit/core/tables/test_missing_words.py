"""Words for a missing value that are answers, as the column as a whole shows."""

from typing import Any

import pytest

from core.manifests import Reading
from core.tables import reading_pass
from tests.support.tables import cells, read


def column(texts: list[str], **said: Any) -> tuple[list[Any], list[str]]:
    table = read("".join(["t,y\n", *[f"{text},{i}\n" for i, text in enumerate(texts)]]), Reading(**said))
    return cells(table, "t"), table.warnings


@pytest.mark.parametrize(
    "texts",
    [
        ["BrkFace", "None", "Stone"] * 4,
        ["Attchd", "无", "Detchd"] * 4,
        ["Shed", "-", "Gar2"] * 4,
        ["有", "无"],
        ["Yes", "None"],
        ["Y", "-"],
        ["是", "-"],
        ["x", "-"],
        ["pool", "none"] * 3,
        [*[f"Zone {i % 40}" for i in range(200)], "None", "None"],
    ],
)
def test_a_word_is_an_answer_in_a_column_of_kinds(texts: list[str]) -> None:
    found, warnings = column(texts)
    assert found == texts
    (warning,) = warnings
    assert "not missing; if it is missing, send it in missing" in warning


@pytest.mark.parametrize("word", ["无", "None", "none", "-"])
@pytest.mark.parametrize(
    "others",
    [
        ["1", "2.5", "7"],
        ["2022-01-01", "2022-01-02"],
        ["yes", "no"],
        ["有", "没有"],
        ["是", "否"],
        ["no"],
        ["$5", "$7.50"],
        ["5", "7 kg", "6 lb"],
        [f"name {i}" for i in range(90)],
    ],
)
def test_a_word_is_missing_among_numbers_dates_and_names(word: str, others: list[str]) -> None:
    repeated = others if len(others) > 9 else others * 5
    found, warnings = column([*repeated, word, word, word])
    assert found[-3:] == [None] * 3
    assert not any("not missing" in warning for warning in warnings)


@pytest.mark.parametrize("word", ["NA", "NaN", "null", "?", "\\N", "#N/A", ""])
def test_other_spellings_are_missing_among_kinds_too(word: str) -> None:
    found, _ = column(["red", "blue", word] * 4)
    assert found == ["red", "blue", None] * 4


def test_a_dash_beside_an_answer_is_missing() -> None:
    found, _ = column(["BrkFace", "None", "Stone", "-"] * 4)
    assert found == ["BrkFace", "None", "Stone", None] * 4


def test_an_answer_can_be_sent_as_missing() -> None:
    found, warnings = column(["BrkFace", "None", "Stone"] * 4, missing=["None"])
    assert found == ["BrkFace", None, "Stone"] * 4
    assert warnings == ["column 't': 'None' in 4 rows counts as missing"]


@pytest.mark.parametrize(
    ("head", "found"),
    [
        (["Yes", "None"], [True, None]),
        (["1", "2", "None"], ["1", "2", None]),
        (["a", "b", "None"], ["a", "b", "None"]),
        (["a", "b", "-"], ["a", "b", "-"]),
    ],
)
def test_the_whole_column_decides_and_not_its_first_block(
    monkeypatch: pytest.MonkeyPatch, head: list[str], found: list[Any]
) -> None:
    monkeypatch.setattr(reading_pass, "BLOCK_BYTES", 1 << 10)
    table, _ = column([*head * 300, *["No"] * 20])
    assert table[: len(head)] == found


def test_names_far_down_make_a_word_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_pass, "BLOCK_BYTES", 1 << 10)
    found, warnings = column([*["a", "b", "None"] * 300, *[f"name {i}" for i in range(200)]])
    assert found[:3] == ["a", "b", None]
    assert not any("not missing" in warning for warning in warnings)


def test_na_among_kinds_is_missing_and_said_so() -> None:
    _, warnings = column(["Grvl", "NA", "Pave"] * 4)
    assert warnings == ["column 't': 'NA' counts as missing; if it is an answer, send it in keep"]
    assert column(["Grvl", "NA", "Pave"] * 4, keep=["NA"]) == (["Grvl", "NA", "Pave"] * 4, [])
    for others in (["1", "2"], ["yes", "no"], ["2022-01-01", "2022-01-02"]):
        assert not any("keep" in warning for warning in column([*others * 4, "NA"])[1])


def test_words_among_numbers_are_missing_whatever_else_the_file_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_pass, "BLOCK_BYTES", 1 << 10)
    gaps = {3: "-", 150: "None", 700: "无"}
    for other in ("1.5", "2022-01-01", "red", "yes"):
        rows = [f"{gaps.get(i, i / 4)},{other},{gaps.get(i, i)}\n" for i in range(900)]
        table = read("n,other,m\n" + "".join(rows))
        assert [(column.type, column.missing) for column in table.columns][::2] == [("number", 3), ("integer", 3)]
        assert table.columns[1].missing == 0
