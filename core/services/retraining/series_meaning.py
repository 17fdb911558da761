"""What the columns of a series mean: as its champion was trained, unless the settings of the series say otherwise."""

from collections.abc import Sequence

from core.date_formats import FIRST_PART, SWAPPED
from core.manifests import DateOrder, Feature, Reading
from core.model_manifest import ModelManifest

# The part of a date that is first in each order.
FIRST_PARTS: dict[DateOrder, str] = {"dmy": "day", "mdy": "month", "ymd": "year"}


def as_series_reads(model: ModelManifest, reading: Reading) -> ModelManifest:
    """Return the champion's manifest with its columns as the settings of the series say that they are to be read.

    A champion that was trained on an ambiguous file may have taken the wrong one of two readings. What the settings
    leave open stays as it was at training.
    """
    return model.model_copy(
        update={
            "features": as_read(model.features, reading),
            "target": model.target and _as_read(model.target, reading),
            "divided_by": model.divided_by and _as_read(model.divided_by, reading),
        }
    )


def without_orders(reading: Reading) -> Reading:
    """Return a reading without what the columns of a champion say: a file that contradicts it is stored all the same.

    It is held then, and can be looked at.
    """
    return reading.model_copy(update={"dates": None, "decimal": None, "thousands": None, "types": {}})


def read_columns(model: ModelManifest) -> list[Feature]:
    """Return all columns that a model needs of a file, as far as it knows how they are written.

    A model of an earlier version does not know that of its target, and knows of its numbers neither unit nor decimal
    mark. Only its dates are certain.
    """
    if model.target is None:
        return [feature for feature in model.features if feature.type == "date"]
    besides = [feature for feature in (model.target, model.divided_by) if feature is not None]
    names = {feature.name for feature in model.features}
    return [*model.features, *(feature for feature in besides if feature.name not in names)]


def as_read(features: Sequence[Feature], reading: Reading) -> list[Feature]:
    """Return features as a reading wants them, where the reading says anything about their types."""
    return [_as_read(feature, reading) for feature in features]


def _as_read(feature: Feature, reading: Reading) -> Feature:
    update: dict[str, object] = {}
    if feature.type == "date" and feature.format and reading.dates:
        update["format"] = _in_order(feature.format, reading.dates)
    if feature.type == "number" and reading.decimal:
        update["decimal"] = "," if reading.decimal == "," else None
    if reading.missing:
        update["missing"] = reading.missing
    if reading.keep:
        update["keep"] = reading.keep
    return feature.model_copy(update=update)


def _in_order(name: str, dates: DateOrder) -> str:
    """Return the reading of an ambiguous date format in which the day, month or year is first; any other as it is."""
    readings = (name, *SWAPPED.get(name, ()))
    return next((one for one in readings if FIRST_PART.get(one) == FIRST_PARTS[dates]), name)
