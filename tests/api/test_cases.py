"""Small tables of real life, uploaded over HTTP: each is read as its author means it, or the answer says what is not.

Every file of tests/data/cases is here; the tests of the modules have more about most of them.
"""

from typing import Any

import httpx
import pytest

from tests.support.tables import CASES

CSV = {"Content-Type": "text/csv"}
# By the beginning of a file's name: columns with their type, a few values from the first row on, and the unit.
COLUMNS: dict[str, dict[str, tuple[str, list[Any], str | None]]] = {
    "A1_control": {"Einwohner": ("integer", [52750, 71239, 639], None), "Quote": ("number", [2.4, 17.9], None)},
    "A1_german": {"Einwohner": ("integer", [52750, 71239, 639, 12889], None), "Umsatz": ("number", [534.7], None)},
    "A3_train": {"weight": ("number", [1.709, 5.028], None), "y": ("number", [170.9], None)},
    "A4_train": {"grade": ("category", ["1.50", "2.00", "2.50"], None)},
    "A5_gbk": {"电梯": ("category", ["无", "有", "有", "无"], None)},
    "B1_units_GB": {
        "Ram": ("integer", [8, 16], "GB"),
        "Weight": ("number", [2.49, 2.05], "kg"),
        "Disk": ("integer", [512, 512, 1024], "GB"),
    },
    "B1_units_pingmi": {
        "面积": ("integer", [134, 139], "平米"),
        "单价": ("integer", [71260, 89695], "元/平"),
        "总价": ("integer", [9550000, 12460000], None),
    },
    "B2_currency_brl": {"price": ("number", [1799.51, 862.07], "R$")},
    "B2_currency_inr": {"price": ("number", [1069.19, 2673.19], "Rs.")},
    "B2_currency_kr": {"price": ("number", [1069.81, 1294.47], "kr")},
    "B2_excel": {"amount": ("number", [0, -693.93, 104.6, -1227.28], "$")},
    "B2_quoted": {"a": ("number", [4.54, 7.19], None), "b": ("number", [0.817], None), "y": ("number", [30.0], None)},
    "B2_sap": {"Betrag": ("number", [-2490.48, -1979.98, -2834.71, 1839.01], None)},
    "B3_chinese": {"时间": ("date", ["2023-01-05 06:00:00", "2023-01-05 13:00:00"], None)},
    "B3_timestamp": {"when": ("date", ["2023-01-05 06:00:00", "2023-01-05 13:00:00"], None)},
    "B3_two_digit": {name: ("date", ["2022-03-01", "2022-03-06"], None) for name in ("sold", "shipped", "paid")},
    "B3_year_month": {
        **{name: ("date", ["2018-01-01", "2018-02-01"], None) for name in ("ym", "mon", "zh", "dotted")},
        "q": ("date", ["2018-01-01", "2018-01-01", "2018-01-01", "2018-04-01"], None),
        "clock": ("number", [0, 47220], None),
    },
    "C1_csv_body_same_file_dollars": {"price": ("number", [998.11, 2082.75], "$"), "share": ("integer", [55], "%")},
    "C4_blanks": {"column_1": ("number", [39.1, 38.0], None), "column_9": ("category", ["car 0 model 0"], None)},
    "C4_single": {"who": ("category", ["Name0, X"], None), "a": ("number", [2.02, 1.9], None)},
    "C5_title": {"FM: Person ID": ("integer", [6000, 6001], None), "FM: Amount": ("number", [20.6], None)},
    "C7_missing_excel": {"x": ("number", [17.1, 21.91, 9.76, None], None)},
    "C7_missing_worldbank": {"x": ("number", [25.06, 21.13, 17.5, None], None)},
}
# In tests of their own below; C8 is no table and in tests/unit/functions/test_content_encoding.py.
ELSEWHERE = {"A2", "A3_score", "A4_score", "B4", "C1_csv_body_same_file_two", "C2", "C3", "C6", "C8"}


def case(beginning: str) -> tuple[str, bytes]:
    """Return the name and the bytes of the one case that begins so."""
    (path,) = CASES.glob(f"{beginning}*")
    return path.name, path.read_bytes()


def upload(client: httpx.Client, beginning: str) -> dict[str, Any]:
    answer: dict[str, Any] = client.post("/data/upload", files={"file": case(beginning)}).raise_for_status().json()
    return answer


def train(client: httpx.Client, beginning: str, **fields: Any) -> dict[str, Any]:
    """Train a model of a case under its own name."""
    uploaded = upload(client, beginning)
    body = {"model_type": "ridge", "target_column": "y", "model_name": beginning, "file_id": uploaded["file_id"]}
    answer: dict[str, Any] = client.post("/model/train", json={**body, **fields}).raise_for_status().json()
    return answer


def predicted(client: httpx.Client, model_name: str, content: bytes) -> dict[str, list[float]]:
    """Return the predictions of a file by two roads: as a body, and stored."""
    stored = client.post("/data/upload", files={"file": ("rows.csv", content)}).raise_for_status().json()["file_id"]
    answers = {
        "body": client.post("/predict/batch", params={"model_name": model_name}, content=content, headers=CSV),
        "stored": client.post("/predict/batch", json={"model_name": model_name, "file_id": stored}),
    }
    return {road: answer.raise_for_status().json()["predictions"] for road, answer in answers.items()}


def test_every_case_is_here() -> None:
    known = [*COLUMNS, *ELSEWHERE]
    assert [path.name for path in CASES.iterdir() if not path.name.startswith(tuple(known))] == []


@pytest.mark.parametrize("beginning", COLUMNS)
def test_the_columns_are_what_their_author_means(client: httpx.Client, beginning: str) -> None:
    uploaded = upload(client, beginning)
    preview = client.get("/data/preview", params={"file_id": uploaded["file_id"]}).json()
    for name, (kind, values, unit) in COLUMNS[beginning].items():
        at = preview["columns"].index(name)
        assert [row[at] for row in preview["rows"][: len(values)]] == values, name
        assert (uploaded["column_types"][name], uploaded.get("units", {}).get(name)) == (kind, unit), name
    if beginning.startswith(("A5", "C4")):
        assert set(uploaded["missing"].values()) == {0}
    if beginning.startswith("C7"):
        assert any("'x'" in warning and "as missing" in warning for warning in uploaded["warnings"])


def test_a_dot_divides_thousands_where_commas_divide_fractions(client: httpx.Client) -> None:
    scores = [train(client, name, target_column="Umsatz")["metrics"]["r2"] for name in ("A1_german", "A1_control")]
    assert scores[0] == scores[1] > 0.99


def test_dates_are_read_in_the_order_of_the_model(client: httpx.Client) -> None:
    train(client, "A2_train", model_type="decision_tree")
    one = predicted(client, "A2_train", case("A2_score_one")[1])
    record = {"model_name": "A2_train", "data": {"day": "05-11-2023", "k": 1}}
    assert one["body"] == one["stored"] == [client.post("/predict", json=record).json()["prediction"]]
    assert one["body"] == [pytest.approx(130 + 308, abs=15)]  # 5 November
    many = predicted(client, "A2_train", case("A2_score_day_first")[1])
    assert many["body"] == many["stored"]
    assert many["body"][:3] == [pytest.approx(130 + day, abs=20) for day in (273, 304, 334)]


def test_numbers_are_read_with_the_decimal_mark_of_the_model(client: httpx.Client) -> None:
    train(client, "A3_train")
    found = predicted(client, "A3_train", case("A3_score")[1])
    assert found["body"] == found["stored"]
    assert found["body"][:4] == pytest.approx([123.4, 250.0, 312.5, 925.0], abs=5)


def test_levels_are_texts_as_they_were_written(client: httpx.Client) -> None:
    train(client, "A4_train", model_type="decision_tree")
    found = predicted(client, "A4_train", case("A4_score")[1])
    assert found["body"] == found["stored"]
    assert found["body"][:4] == pytest.approx([11, 31, 61, 91], abs=3)


def test_the_stray_word_is_named_and_no_amount_is(client: httpx.Client) -> None:
    uploaded = upload(client, "B4")
    (warning,) = [warning for warning in uploaded["warnings"] if "'Price'" in warning and "text" in warning]
    assert "line" in warning
    assert "$" not in warning


@pytest.mark.parametrize("beginning", ["C1_csv_body_same_file_dollars", "C1_csv_body_same_file_two"])
def test_the_file_of_a_model_is_taken_as_a_body(client: httpx.Client, beginning: str) -> None:
    train(client, beginning)
    found = predicted(client, beginning, case(beginning)[1])
    assert found["body"] == found["stored"]


def test_rows_of_delimiters_are_counted_and_not_predicted(client: httpx.Client) -> None:
    uploaded = upload(client, "C2")
    assert uploaded["rows"] == 60
    assert any("40" in warning for warning in uploaded["warnings"])
    train(client, "C2", model_type="knn")
    assert {len(found) for found in predicted(client, "C2", case("C2")[1]).values()} == {60}


def test_a_value_far_from_all_others_may_stand_for_missing(client: httpx.Client) -> None:
    file_id = upload(client, "C3")["file_id"]
    findings = client.get("/data/profile", params={"file_id": file_id}).json()["findings"]
    sentences = [finding["finding"] for finding in findings]
    for value in ("-200", "9999"):
        assert any(value in each and "may stand for missing" in each for each in sentences)
    assert not [each for each in sentences if "long tail" in each or "outlier" in each or "capped" in each]


def test_identifiers_keep_every_digit(client: httpx.Client) -> None:
    uploaded = upload(client, "C6")
    exported = client.get("/data/download", params={"file_id": uploaded["file_id"], "format": "csv"}).text
    digits = [cell for cell in case("C6")[1].decode("utf-8-sig").replace("\t", "").split(",") if cell.isdecimal()]
    long = [cell for cell in digits if len(cell) >= 17]
    assert long
    assert not [cell for cell in long if cell not in exported]
