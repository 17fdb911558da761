"""The fields that say how a file is to be read: which values they take, and which exclude each other."""

from typing import Any

import pytest
from pydantic import ValidationError

from core.errors import InvalidInputError
from core.manifests import Reading
from core.reading_fields import ReadingFields, changed_reading, check_reading


def test_all_fields_become_a_reading() -> None:
    sent = {
        "encoding": "gbk",
        "delimiter": "tab",
        "has_header": False,
        "dates": "dmy",
        "decimal": "comma",
        "thousands": "space",
        "types": {"zip": "category"},
        "missing": [" -999 ", "unknown", "-999"],
        "keep": ["None"],
        "sheet": 2,
        "member": "data/a.csv",
    }
    reading = ReadingFields.model_validate(sent).reading
    assert reading.asked == {
        **sent,
        "decimal": ",",
        "thousands": " ",
        "missing": ["-999", "unknown"],
        "sheet": "2",
    }
    assert set(reading.asked) == set(Reading.model_fields) == set(ReadingFields.model_fields)


@pytest.mark.parametrize(
    ("sent", "field", "allowed"),
    [
        ({"dates": "german"}, "dates", "'dmy', 'mdy' or 'ymd'"),
        ({"decimal": ";"}, "decimal", "'.' or ','"),
        ({"thousands": "_"}, "thousands", "'.', ','"),
        ({"types": {"a": "text"}}, "types.a", "'integer', 'number', 'boolean', 'date' or 'category'"),
        ({"missing": "unknown"}, "missing", "list"),
        ({"missing": ["x", "  "]}, "missing", "always missing"),
        ({"missing": [-999]}, "missing.0", "string"),
        ({"missing": ["x" * 201]}, "missing.0", "200"),
        ({"keep": [str(number) for number in range(101)]}, "keep", "100"),
        ({"decimal": ",", "thousands": ","}, "thousands", "decimal mark"),
        ({"missing": ["None"], "keep": ["None"]}, "keep", "'None' is in missing as well"),
    ],
)
def test_what_no_file_can_be_read_by_is_named_with_what_is_allowed(
    sent: dict[str, Any], field: str, allowed: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        ReadingFields.model_validate(sent)
    (error,) = refused.value.errors()
    assert ".".join(map(str, error["loc"])) == field
    assert allowed in error["msg"]


@pytest.mark.parametrize(("field", "name"), [("encoding", "klingon"), ("delimiter", "ab")])
def test_encodings_and_delimiters_are_checked_as_an_upload_checks_them(field: str, name: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        check_reading(Reading.model_validate({field: name}))
    assert refused.value.errors[0]["field"] == field


def test_only_sent_fields_are_changes_and_null_clears_one() -> None:
    before = Reading(dates="dmy", decimal=",", missing=["x"])
    sent = ReadingFields.model_validate({"dates": None, "missing": None, "thousands": "."})
    assert sent.changes == {"dates": None, "missing": [], "thousands": "."}
    assert changed_reading(before, sent.changes).asked == {"decimal": ",", "thousands": "."}
    assert changed_reading(None, {}).asked == {}
    assert changed_reading(before, {}) == before


def test_a_change_that_excludes_what_stays_is_named() -> None:
    with pytest.raises(InvalidInputError) as refused:
        changed_reading(Reading(decimal=","), {"thousands": ","})
    assert refused.value.errors[0]["field"] == "thousands"
    assert "thousands" in refused.value.detail
