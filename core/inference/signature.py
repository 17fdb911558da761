"""Describe the input and output of a model for the author of a client, with an example that works."""

from typing import Any

from core.amounts import EXACT_INTEGER
from core.cell_values import format_date
from core.manifests import Feature
from core.model_manifest import ModelManifest


def signature(manifest: ModelManifest, version: int | None = None) -> dict[str, Any]:
    """Return the features with their types, the output, and an `example`: a complete body for POST /predict.

    The example asks for the `version`, or without one for the version that serves.
    """
    model = {"model_name": manifest.model_name} | ({"version": version} if version else {})
    return {
        "model_name": manifest.model_name,
        "version": manifest.version,
        "model_type": manifest.model_type,
        "features": [describe_feature(feature) for feature in manifest.features],
        "output": {
            "name": "prediction",
            "type": "number",
            "target_column": manifest.target_column,
            "interval": bool(manifest.interval_quantiles),
            **({"interval_method": "adaptive"} if manifest.spread_quantiles else {}),
            **(_notation(manifest.target) if manifest.target else {}),
        },
        "example": {**model, "data": example(manifest.features)},
    }


def example(features: list[Feature]) -> dict[str, Any]:
    """Return a typical row as a caller would write it: of each feature the value that replaces a missing one."""
    return {feature.name: _typical_value(feature) for feature in features}


def describe_feature(feature: Feature) -> dict[str, Any]:
    """Describe a feature.

    `fill` replaces a missing value, `levels` are known categories, `format` is that of dates and times of day; the
    others are as `_notation` has them.
    """
    description: dict[str, Any] = {"name": feature.name, "type": feature.type, "fill": feature.fill}
    if feature.type == "category":
        description["levels"] = feature.levels
    description |= _notation(feature)
    if feature.type == "date":
        description |= {"fill": format_date(float(feature.fill)), "format": feature.format}
    elif feature.format:
        description["format"] = feature.format
    return description


def _notation(feature: Feature) -> dict[str, Any]:
    """Return how the values of a feature are written: each field only where there is something to say.

    `unit` stands beside numbers, `decimal` is a comma; `words` stand for true and false; `missing` and `keep` are texts
    that are missing values, and that are answers although they look like missing values.
    """
    fields = {
        "unit": feature.unit,
        "decimal": feature.decimal,
        "words": feature.words,
        "missing": feature.missing,
        "keep": feature.keep,
    }
    return {name: value for name, value in fields.items() if value}


def _typical_value(feature: Feature) -> Any:
    """Return a typical value of a feature as a caller would write it."""
    if feature.type == "category":
        # Where a missing value is a level of its own, it has no fill.
        return feature.fill or next(iter(feature.levels), "")
    number = float(feature.fill)
    if feature.type == "boolean":
        return number >= 0.5
    if feature.type == "date":
        return format_date(number)
    return int(number) if number.is_integer() and abs(number) <= EXACT_INTEGER else number
