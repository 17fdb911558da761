"""What a model takes and what it answers, for whoever has to write a client: with a request that works."""

from typing import Any

from core.cell_values import write_date
from core.inference.input_batch import EXACT_INTEGER
from core.manifests import Feature, ModelManifest


def signature(manifest: ModelManifest, version: int | None = None) -> dict[str, Any]:
    """The features with their types, the output, and the `example`: a body for POST /predict, as it stands.

    With a `version` the example asks for it too, otherwise for the one that serves.
    """
    choice = {"model_name": manifest.model_name} | ({"version": version} if version else {})
    return {
        "model_name": manifest.model_name,
        "version": manifest.version,
        "model_type": manifest.model_type,
        "features": [_described(feature) for feature in manifest.features],
        "output": {
            "name": "prediction",
            "type": "number",
            "target_column": manifest.target_column,
            "interval": bool(manifest.interval_quantiles),
        },
        "example": {**choice, "data": example(manifest.features)},
    }


def example(features: list[Feature]) -> dict[str, Any]:
    """A usual row: of each feature the value that stands in for a missing one, as a caller would write it."""
    return {feature.name: _value(feature) for feature in features}


def _described(feature: Feature) -> dict[str, Any]:
    """`fill` replaces a missing value; `levels` are a category's known values; `format` is how dates were written."""
    described: dict[str, Any] = {"name": feature.name, "type": feature.type, "fill": feature.fill}
    if feature.type == "category":
        described["levels"] = feature.levels
    if feature.type == "date":
        described |= {"fill": write_date(float(feature.fill)), "format": feature.format}
    return described


def _value(feature: Feature) -> Any:
    if feature.type == "category":
        # Where gaps are a value of their own, nothing stands in for them.
        return feature.fill or next(iter(feature.levels), "")
    number = float(feature.fill)
    if feature.type == "boolean":
        return number >= 0.5
    if feature.type == "date":
        return write_date(number)
    return int(number) if number.is_integer() and abs(number) <= EXACT_INTEGER else number
