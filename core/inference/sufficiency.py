"""Whether a stored column certainly has the values that a model would read in its texts."""

from collections.abc import Iterable

from core.amounts import LETTERS, MAGNITUDES, DecimalMark, same_unit
from core.cell_values import MISSING
from core.date_formats import CLOCK_FORMAT, FIRST_PART, LITERAL, SWAPPED
from core.inference.value_readers import takes_percent
from core.manifests import Column, DatasetManifest, DateOrder, Feature, Reading

FIRST_PARTS: dict[DateOrder, str] = {"dmy": "day", "mdy": "month", "ymd": "year"}
# The decimal mark that goes with a mark of thousands.
DECIMALS: dict[str | None, DecimalMark] = {".": ",", ",": "."}


def features_to_read_again(dataset: DatasetManifest, features: Iterable[Feature]) -> list[Feature]:
    """Return the features whose stored columns are not sufficient, each as its texts are to be read in this file.

    Features without a column are left out.
    """
    columns = {column.name: column for column in dataset.columns}
    present = [(columns[feature.name], feature) for feature in features if feature.name in columns]
    return [
        as_written(feature, column, dataset.reading)
        for column, feature in present
        if not _is_empty(column, dataset.rows, feature) and not _is_enough(column, feature, dataset.reading)
    ]


def _is_enough(column: Column, feature: Feature, reading: Reading | None) -> bool:
    """Return whether the values of a stored column are enough, if those that are missing to the model are taken out."""
    missing, keep = (reading.missing, reading.keep) if reading else ([], [])
    spelled_alike = feature.model_copy(update={"missing": missing, "keep": keep})
    has_lost = feature.type == "category" and column.missing > 0 and _has_answers(feature)
    return not has_lost and is_sufficient(column, spelled_alike, reading)


def as_written(feature: Feature, column: Column, reading: Reading | None) -> Feature:
    """Return the feature as the caller said that a file writes it: its marks, dates, missing values and answers."""
    if reading is None:
        return feature
    found: dict[str, object] = {
        "missing": [*dict.fromkeys([*feature.missing, *reading.missing])],
        "keep": [*dict.fromkeys([*feature.keep, *reading.keep])],
    }
    if feature.type == "number" and (decimal := reading.decimal or DECIMALS.get(reading.thousands)):
        found["decimal"] = "," if decimal == "," else None
    own = feature.format or ""
    if feature.type == "date" and reading.types.get(feature.name) == column.type == "date":
        found["format"] = column.format
    elif feature.type == "date" and reading.dates and own in FIRST_PART:
        first = FIRST_PARTS[reading.dates]
        others = [name for name in SWAPPED.get(own, ()) if FIRST_PART[name] == first]
        found["format"] = others[0] if others and FIRST_PART[own] != first else own
    return feature.model_copy(update=found)


def _is_empty(column: Column, rows: int, feature: Feature) -> bool:
    """Return whether a column has no value, whatever it is read as."""
    return column.missing == rows and (feature.type != "category" or not _has_answers(feature))


def _has_answers(feature: Feature) -> bool:
    """Return whether a word for a missing value is an answer in a category."""
    return bool(feature.keep) or not MISSING.isdisjoint(feature.levels)


def is_sufficient(column: Column, feature: Feature, reading: Reading | None = None) -> bool:
    """Return whether a stored column was certainly read as the feature would be; else its texts have to be read again.

    `reading` is how the caller said that the column's file is to be read. Columns of earlier versions do not say
    whether they are literal; then only their type and format count.
    """
    # Numbers without the unit of a column in per cent may be shares of 1, which a warning has to say.
    if not _has_same_spellings(feature, reading) or (takes_percent(feature) and column.unit is None):
        return False
    feature = as_written(feature, column, reading)
    if column.is_value and feature.type != "category":
        # The cells of a workbook are numbers and dates, and no texts.
        return feature.type == ("number" if column.type == "integer" else column.type)
    if feature.type == "category":
        return column.type == "category" and (column.missing == 0 or not _has_answers(feature))
    if feature.type == "date":
        return column.type == "date" and (column.format == feature.format or column.format in LITERAL)
    if feature.type == "boolean":
        return column.type == "boolean"
    return _is_same_number(column, feature)


def _is_same_number(column: Column, feature: Feature) -> bool:
    """Return whether a number column was certainly read as a number feature is."""
    if column.type not in ("integer", "number"):
        return False
    if CLOCK_FORMAT in (column.format, feature.format):
        return column.format == feature.format
    if not _has_same_unit(column, feature):
        return False
    if column.type == "integer" and not column.unit and column.is_literal is not False:
        # Digits alone are the same number with either mark; an earlier version may have read 1,234 as one.
        return bool(column.is_literal) or feature.decimal != ","
    if column.is_literal and feature.decimal != ",":
        return True
    return column.is_literal is not None and (column.decimal or ".") == (feature.decimal or ".")


def _has_same_unit(column: Column, feature: Feature) -> bool:
    """Return whether what stands beside the numbers means the same: the unit of the feature, or none."""
    if column.unit:
        return feature.unit is not None and same_unit(column.unit, feature.unit)
    # In a column without a unit the letter of one, such as m, was read as a power of ten.
    is_letter = feature.unit is not None and (feature.unit.lower() in LETTERS or feature.unit in MAGNITUDES)
    return bool(column.is_literal) or not is_letter


def _has_same_spellings(feature: Feature, reading: Reading | None) -> bool:
    """Return whether a file was read with the missing values and answers that a feature has."""
    missing, keep = (reading.missing, reading.keep) if reading else ([], [])
    return set(feature.missing) == set(missing) and set(feature.keep) == set(keep)
