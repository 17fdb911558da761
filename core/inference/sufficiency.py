"""Whether a stored column certainly has the values that a model would read in its texts."""

from core.amounts import same_unit
from core.cell_values import MISSING
from core.date_formats import CLOCK_FORMAT, LITERAL
from core.manifests import Column, Feature, Reading


def is_sufficient(column: Column, feature: Feature, reading: Reading | None = None) -> bool:
    """Return whether a stored column was certainly read as the feature would be; else its texts have to be read again.

    `reading` is how the caller said that the column's file is to be read. Columns of earlier versions do not say
    whether they are literal; then only their type and format count.
    """
    if not _has_same_spellings(feature, reading):
        return False
    if feature.type == "category":
        return column.type == "category" and MISSING.isdisjoint(feature.levels)
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
    if column.unit and not (feature.unit and same_unit(column.unit, feature.unit)):
        return False
    if column.type == "integer" and not column.unit and column.is_literal is not False:
        # Digits alone are the same number with either mark; an earlier version may have read 1,234 as one.
        return bool(column.is_literal) or feature.decimal != ","
    if column.is_literal and feature.decimal != ",":
        return True
    return column.is_literal is not None and (column.decimal or ".") == (feature.decimal or ".")


def _has_same_spellings(feature: Feature, reading: Reading | None) -> bool:
    """Return whether a file was read with the missing values and answers that a feature has."""
    missing, keep = (reading.missing, reading.keep) if reading else ([], [])
    return set(feature.missing) == set(missing) and set(feature.keep) == set(keep)
