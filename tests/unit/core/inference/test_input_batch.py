"""JSON records as raw columns: accepted values, errors and warnings."""

from typing import Any

import numpy as np
import pytest

from core.cell_values import MISSING
from core.errors import InvalidRecordsError
from core.inference.input_batch import raw_columns_of_clean_row
from core.inference.input_warnings import ERRORS_SHOWN
from core.manifests import Feature
from tests.support.raw_columns import raw_columns_of_records

AGE = Feature(name="age", type="number", fill=30.5)
CITY = Feature(name="city", type="category", fill="Paris", levels=["Oslo", "Paris", "上海"])
FEATURES = [AGE, CITY]
LEVELS = {"age": None, "city": frozenset(CITY.levels)}


def refused(*records: dict[str, Any]) -> list[dict[str, Any]]:
    with pytest.raises(InvalidRecordsError) as caught:
        raw_columns_of_records(records, FEATURES)
    return caught.value.errors


def age(value: Any) -> float:
    return float(raw_columns_of_records([{"age": value, "city": "Oslo"}], FEATURES)[0]["age"][0])


def city(value: Any) -> str:
    return str(raw_columns_of_records([{"age": 1, "city": value}], FEATURES)[0]["city"][0])


@pytest.mark.parametrize("record", [None, 1, "text", [1, "Oslo"], True])
def test_what_is_no_object_is_no_clean_row(record: Any) -> None:
    assert raw_columns_of_clean_row(record, LEVELS) is None


def test_plain_records_become_columns_in_order() -> None:
    columns, warnings = raw_columns_of_records([{"age": 1, "city": "Oslo"}, {"city": "上海", "age": 2.5}], FEATURES)
    assert list(columns) == ["age", "city"]
    assert columns["age"].dtype == np.float64
    assert columns["age"].tolist() == [1.0, 2.5]
    assert columns["city"].dtype == object
    assert columns["city"].tolist() == ["Oslo", "上海"]
    assert warnings == []


@pytest.mark.parametrize(
    ("sent", "taken"), [("7", 7.0), (" -1.5e3 ", -1500.0), ("+2", 2.0), (2**60, 2.0**60), (10**30, 1e30), (-0.0, 0.0)]
)
def test_numbers_may_come_as_texts_and_of_any_size(sent: Any, taken: float) -> None:
    assert age(sent) == taken


@pytest.mark.parametrize("gap", [None, *sorted(MISSING), " NA "])
def test_null_and_missing_words_are_gaps_and_said_to_be_imputed(gap: Any) -> None:
    columns, warnings = raw_columns_of_records([{"age": gap, "city": gap}], FEATURES)
    assert np.isnan(columns["age"][0])
    assert columns["city"][0] == ""
    assert warnings == [
        "'age' has 1 missing value, imputed with 30.5",
        "'city' has 1 missing value, imputed with 'Paris'",
    ]


def test_several_gaps_are_one_warning() -> None:
    _, warnings = raw_columns_of_records([{"age": None, "city": "Oslo"}] * 3, FEATURES)
    assert warnings == ["'age' has 3 missing values, imputed with 30.5"]


@pytest.mark.parametrize(
    "value", ["old", "1_000", True, [1], {"a": 1}, float("nan"), float("inf"), -float("inf"), "1e999", 10**400]
)
def test_what_is_no_finite_number_is_refused(value: Any) -> None:
    (error,) = refused({"age": value, "city": "Oslo"})
    assert error["field"] == "age"
    assert error["message"].startswith("must be a finite number, not ")


@pytest.mark.parametrize("value", [["Oslo"], {"name": "Oslo"}, float("nan"), float("inf"), "\ud800"])
def test_what_is_no_text_is_refused(value: Any) -> None:
    (error,) = refused({"age": 1, "city": value})
    assert error["field"] == "city"
    assert error["message"].startswith("must be a text, not ")


def test_a_number_or_truth_value_may_stand_for_a_category() -> None:
    assert (city(3), city(1.5), city(True), city(" Oslo ")) == ("3", "1.5", "True", "Oslo")


def test_an_absent_feature_is_imputed_and_named() -> None:
    columns, warnings = raw_columns_of_records([{"city": "Oslo"}, {"city": "Paris"}], FEATURES)
    assert np.isnan(columns["age"]).all()
    assert warnings == ["'age' is absent, imputed with 30.5"]


def test_of_very_many_gaps_the_first_are_named_and_the_others_counted() -> None:
    features = [Feature(name=f"f{number}", type="number", fill=1.0) for number in range(30)]
    _, warnings = raw_columns_of_records([{"f0": None, "f29": 2}], features)
    assert warnings[:2] == ["'f0' has 1 missing value, imputed with 1.0", "'f1' is absent, imputed with 1.0"]
    assert warnings[20:] == ["'f20' is absent, imputed with 1.0", "8 more columns are absent and imputed"]
    _, warnings = raw_columns_of_records([{feature.name: None for feature in features}], features)
    assert len(warnings) == 21
    assert warnings[-1] == "10 more columns have missing values, which are imputed"


def test_a_feature_that_some_rows_lack_is_null_there() -> None:
    columns, warnings = raw_columns_of_records([{"city": "Oslo", "age": 1}, {"age": 2}, {"city": "Oslo"}], FEATURES)
    assert columns["city"].tolist() == ["Oslo", "", "Oslo"]
    assert warnings == [
        "'age' has 1 missing value, imputed with 30.5",
        "'city' has 1 missing value, imputed with 'Paris'",
    ]


def test_a_gap_that_the_model_knows_is_not_said_to_be_imputed() -> None:
    zone = Feature(name="zone", type="category", fill="", levels=["Astoria"])
    assert raw_columns_of_records([{"zone": None}], [zone])[1] == [
        "'zone' has 1 missing value, a value of its own to the model"
    ]


@pytest.mark.parametrize("records", [[{}], [{"Age": 1, "City": "Oslo"}] * 3])
def test_rows_without_any_feature_are_no_rows_of_this_model(records: list[dict[str, Any]]) -> None:
    assert [error["field"] for error in refused(*records)] == ["age", "city"]


@pytest.mark.parametrize(
    ("record", "field", "message"),
    [
        ({"age": None, "city": "Oslo"}, "age", "is missing"),
        ({"age": 1, "city": "NA"}, "city", "is missing"),
        ({"city": "Oslo"}, "age", "is absent"),
        ({"age": 1, "city": "Rome"}, "city", "has a value that training never saw: 'Rome'"),
        ({"age": 1, "city": "Oslo", "ship": 1}, "ship", "is not a feature of the model"),
    ],
)
def test_strictly_nothing_is_guessed_and_nothing_ignored(record: dict[str, Any], field: str, message: str) -> None:
    raw_columns_of_records([{"age": 1, "city": "Oslo"}], FEATURES, strict=True)
    raw_columns_of_records([record], FEATURES)
    with pytest.raises(InvalidRecordsError, match=field) as caught:
        raw_columns_of_records([record], FEATURES, strict=True)
    assert caught.value.errors == [{"field": field, "message": message}]


def test_strictly_the_rows_are_named() -> None:
    rows = [{"age": 1, "city": "Oslo"}, {"age": None, "city": "Rome"}]
    with pytest.raises(InvalidRecordsError) as caught:
        raw_columns_of_records(rows, FEATURES, strict=True)
    assert [(error["row"], error["field"]) for error in caught.value.errors] == [(1, "age"), (1, "city")]


def test_every_error_of_every_row_is_named_with_its_row() -> None:
    errors = refused({"age": 1, "city": "Oslo"}, {"age": "x", "city": []}, {"age": True}, {"age": 4, "city": "Oslo"})
    assert sorted((error["row"], error["field"]) for error in errors) == [(1, "age"), (1, "city"), (2, "age")]


def test_a_single_record_needs_no_row_number() -> None:
    assert "row" not in refused({"age": "x", "city": "Oslo"})[0]


def test_a_long_list_of_errors_is_cut_and_counted() -> None:
    with pytest.raises(InvalidRecordsError, match="first 20 of 50") as caught:
        raw_columns_of_records([{"age": "x", "city": "Oslo"}] * 50, FEATURES)
    assert len(caught.value.errors) == ERRORS_SHOWN


def test_a_huge_value_is_not_repeated_back_whole() -> None:
    assert len(refused({"age": "9" * 5000 + "x", "city": "Oslo"})[0]["message"]) < 100


def test_unknown_columns_are_ignored_and_said_so_once() -> None:
    _, warnings = raw_columns_of_records(
        [{"age": 1, "city": "Oslo", "ship": 1}] * 3 + [{"age": 1, "city": "Oslo", "sea": []}], FEATURES
    )
    assert warnings == ["the model does not use 'ship'; it was ignored", "the model does not use 'sea'; it was ignored"]


def test_unseen_levels_are_warned_of_and_kept() -> None:
    columns, warnings = raw_columns_of_records(
        [{"age": 1, "city": c} for c in ["Rome", "Oslo", "Rome", "Bern"]], FEATURES
    )
    assert columns["city"].tolist() == ["Rome", "Oslo", "Rome", "Bern"]
    assert warnings == ["'city' has values that training never saw: 'Bern', 'Rome'"]


def test_many_unseen_levels_are_counted_and_not_listed() -> None:
    _, warnings = raw_columns_of_records([{"age": 1, "city": f"c{i}"} for i in range(9)], FEATURES)
    assert warnings[0].endswith("'c0', 'c1', 'c2', 'c3', 'c4' and 4 more")


def test_case_matters_in_levels() -> None:
    assert raw_columns_of_records([{"age": 1, "city": "oslo"}], FEATURES)[1] != []


def test_no_records_are_empty_columns() -> None:
    columns, warnings = raw_columns_of_records([], FEATURES)
    assert ({name: len(values) for name, values in columns.items()}, warnings) == ({"age": 0, "city": 0}, [])


@pytest.mark.parametrize(
    "record", [{"age": 1, "city": "Oslo"}, {"city": "上海", "age": -2.5}, {"age": 2**53, "city": "Paris"}]
)
def test_the_short_way_gives_the_same_columns(record: dict[str, Any]) -> None:
    short, (full, warnings) = raw_columns_of_clean_row(record, LEVELS), raw_columns_of_records([record], FEATURES)
    assert warnings == []
    assert short is not None
    assert {n: v.tolist() for n, v in short.items()} == {n: v.tolist() for n, v in full.items()}
    assert {n: v.dtype for n, v in short.items()} == {n: v.dtype for n, v in full.items()}


@pytest.mark.parametrize("value", [None, "1", True, float("nan"), float("inf"), 2**53 + 1, 10**400, [], {}])
def test_the_short_way_leaves_odd_numbers_to_the_long_one(value: Any) -> None:
    assert raw_columns_of_clean_row({"age": value, "city": "Oslo"}, LEVELS) is None


@pytest.mark.parametrize("value", [None, "NA", "Rome", " Oslo", 1, ["Oslo"], {}])
def test_the_short_way_leaves_odd_categories_to_the_long_one(value: Any) -> None:
    assert raw_columns_of_clean_row({"age": 1, "city": value}, LEVELS) is None


@pytest.mark.parametrize("record", [{}, {"age": 1}, {"age": 1, "town": "Oslo"}, {"age": 1, "city": "Oslo", "x": 1}])
def test_the_short_way_leaves_other_fields_to_the_long_one(record: dict[str, Any]) -> None:
    assert raw_columns_of_clean_row(record, LEVELS) is None


def test_a_word_for_missing_that_is_a_level_of_the_model_is_an_answer() -> None:
    features = [Feature(name="lift", type="category", fill="", levels=["无", "有"])]
    columns, _ = raw_columns_of_records([{"lift": "无"}, {"lift": "有"}, {"lift": "NA"}, {"lift": None}], features)
    assert columns["lift"].tolist() == ["无", "有", "", ""]
