"""The meaning of a column of a dataset as a feature: how texts of later files are read in the same way."""

from core.manifests import Column, Feature, Reading


def feature_of(column: Column, reading: Reading | None = None) -> Feature:
    """Return a column as a feature without levels; `reading` is how the caller said that its file is to be read."""
    return Feature(
        name=column.name,
        type="number" if column.type == "integer" else column.type,
        fill="" if column.type == "category" else 0.0,
        format=column.format,
        unit=column.unit,
        decimal=column.decimal,
        words=column.words,
        missing=reading.missing if reading else [],
        keep=reading.keep if reading else [],
    )
