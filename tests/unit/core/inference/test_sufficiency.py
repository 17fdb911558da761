"""A stored column stands for its texts only where the model would certainly read these in the same way."""

import pytest

from core.inference.sufficiency import as_written, features_to_read_again, is_sufficient
from core.manifests import Column, Feature, Reading
from tests.support.storage import dataset_manifest

DAY_FIRST = Feature(name="a", type="date", fill=0.0, format="D/M/Y")
POINTS = Feature(name="a", type="number", fill=0.0)
COMMAS = POINTS.model_copy(update={"decimal": ","})
DOLLARS = POINTS.model_copy(update={"unit": "$"})
PERCENT = POINTS.model_copy(update={"unit": "%", "fill": 31.0})
LEVELS = Feature(name="a", type="category", fill="", levels=["1.50", "open"])


def column(kind: str, **fields: object) -> Column:
    return Column.model_validate({"name": "a", "type": kind, "missing": 0, **fields})


@pytest.mark.parametrize(
    ("feature", "stored", "expected"),
    [
        (DAY_FIRST, column("date", format="D/M/Y"), True),
        (DAY_FIRST, column("date", format="Y-M-D"), True),
        (DAY_FIRST, column("date", format="M/D/Y"), False),
        (DAY_FIRST, column("date", format="D.M.Y"), False),
        (DAY_FIRST, column("category"), False),
        (POINTS, column("number", is_literal=True), True),
        (POINTS, column("number", is_literal=False), True),
        (POINTS, column("number", is_literal=False, decimal=","), False),
        # An earlier version, which does not say how the numbers are written.
        (POINTS, column("number"), False),
        (POINTS, column("integer"), True),
        (POINTS, column("integer", unit="€"), False),
        (POINTS, column("integer", format="h:m"), False),
        (POINTS, column("boolean"), False),
        (COMMAS, column("integer"), False),
        (COMMAS, column("integer", is_literal=True), True),
        (COMMAS, column("number", is_literal=True), False),
        (COMMAS, column("number", is_literal=False, decimal=","), True),
        (DOLLARS, column("number", is_literal=False, unit="USD"), True),
        (DOLLARS, column("number", is_literal=False, unit="€"), False),
        # Its numbers may be shares of 1.
        (PERCENT, column("number", is_literal=True), False),
        (PERCENT, column("number", is_value=True), False),
        (PERCENT, column("number", is_literal=False, unit="%"), True),
        (LEVELS, column("category"), True),
        (LEVELS, column("number", is_literal=True), False),
        (LEVELS.model_copy(update={"levels": ["无", "有"]}), column("category", missing=1), False),
        # No text of it was taken for a missing value.
        (LEVELS.model_copy(update={"levels": ["无", "有"]}), column("category"), True),
        (Feature(name="a", type="boolean", fill=0.0), column("boolean"), True),
        (Feature(name="a", type="boolean", fill=0.0), column("integer"), False),
    ],
)
def test_a_column_is_sufficient_if_its_texts_mean_the_same(feature: Feature, stored: Column, expected: bool) -> None:
    assert is_sufficient(stored, feature) is expected


def test_a_file_with_other_missing_values_is_read_again() -> None:
    feature = POINTS.model_copy(update={"missing": ["-999"]})
    stored = column("integer", is_literal=True)
    assert not is_sufficient(stored, feature)
    assert is_sufficient(stored, feature, Reading(missing=["-999"]))
    assert not is_sufficient(stored, POINTS, Reading(keep=["-"]))


def test_only_columns_that_may_mean_something_else_are_read_again() -> None:
    stored = [
        Column(name="number", type="integer", missing=0, is_literal=True),
        Column(name="day", type="date", missing=0, format="M/D/Y", is_literal=False),
        Column(name="level", type="category", missing=1, is_literal=True),
        Column(name="empty", type="category", missing=4, is_literal=True),
    ]
    features = [
        Feature(name="number", type="number", fill=0.0, missing=["-999"]),
        Feature(name="day", type="date", fill=0.0, format="D/M/Y"),
        Feature(name="level", type="category", fill="", levels=["无", "有"]),
        Feature(name="empty", type="number", fill=0.0),
        Feature(name="absent", type="number", fill=0.0),
    ]

    def read_again(reading: Reading | None) -> dict[str, Feature]:
        dataset = dataset_manifest(rows=4, columns=stored, reading=reading)
        return {feature.name: feature for feature in features_to_read_again(dataset, features)}

    assert [*read_again(None)] == ["day", "level"]
    # What the caller said of the file goes before what the model has.
    assert [*read_again(Reading(types={"day": "date"}))] == ["level"]
    told = read_again(Reading(dates="mdy", missing=["x"]))
    assert [*told] == ["level"]
    assert told["level"].missing == ["x"]


@pytest.mark.parametrize(
    ("feature", "reading", "expected"),
    [
        (DAY_FIRST, Reading(dates="mdy"), {"format": "M/D/Y"}),
        (DAY_FIRST, Reading(dates="dmy"), {"format": "D/M/Y"}),
        (COMMAS, Reading(decimal="."), {"decimal": None}),
        (POINTS, Reading(thousands="."), {"decimal": ","}),
        (POINTS, Reading(missing=["x"], keep=["-"]), {"missing": ["x"], "keep": ["-"]}),
        (POINTS, None, {"missing": []}),
    ],
)
def test_texts_are_read_as_the_caller_says_that_the_file_writes_them(
    feature: Feature, reading: Reading | None, expected: dict[str, object]
) -> None:
    assert as_written(feature, column("date", format="M/D/Y"), reading) == feature.model_copy(update=expected)
