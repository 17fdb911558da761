"""A stored column stands for its texts only where the model would certainly read these in the same way."""

import pytest

from core.inference.sufficiency import is_sufficient
from core.manifests import Column, Feature, Reading

DAY_FIRST = Feature(name="a", type="date", fill=0.0, format="D/M/Y")
POINTS = Feature(name="a", type="number", fill=0.0)
COMMAS = POINTS.model_copy(update={"decimal": ","})
DOLLARS = POINTS.model_copy(update={"unit": "$"})
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
