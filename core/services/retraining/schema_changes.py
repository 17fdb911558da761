"""Compare the columns of a new file with those that the champion takes."""

from typing import Any

from core.inference.stored_columns import TYPE_NAMES
from core.manifests import Column
from core.model_manifest import ModelManifest
from core.services.retraining.contradictions import contradiction_of
from core.services.training.read_as import ReadFile
from core.types import Json

NAMES_SHOWN, LEVELS_SHOWN = 8, 5


def compare_schema(file: ReadFile, model: ModelManifest) -> Json:
    """Return the model's columns that a file lacks, the columns it has besides, and those of another type or meaning.

    `missing` and `new` are names; `retyped` has `name`, `was`, `is` and whether it is `usable` nevertheless: numbers
    where there were texts are, texts where there were numbers are not, unless the model reads these as numbers.
    `contradictions` are columns whose texts can only be read in another way than the model's, with the first of them.
    """
    found = {column.name: column for column in file.dataset.columns}
    wanted = {feature.name: feature.type for feature in model.features} | {model.target_column: "number"}
    divided = model.validation.column
    missing = [name for name in {**wanted, **({divided: ""} if divided else {})} if name not in found]
    new = [name for name in found if name not in wanted and name not in {divided, *model.recipe.leave_out}]
    other = {name: kind for name, kind in wanted.items() if name in found and _kind(found[name]) != kind}
    return {
        "missing": missing,
        "new": new,
        "retyped": [
            _retyped(file, found[name], kind, is_target=name == model.target_column) for name, kind in other.items()
        ],
        "contradictions": [one for unread in file.unread.values() if (one := contradiction_of(file, unread))],
        "unseen": [],
    }


def refusals(schema: Json) -> list[str]:
    """Return why a file with these differences cannot be trained on, as sentences; empty where it can."""
    reasons = []
    if schema["missing"]:
        reasons.append(f"it lacks {_named(schema['missing'])}, which the model needs")
    for one in schema["retyped"]:
        if not one["usable"]:
            found, wanted = TYPE_NAMES[one["is"]], TYPE_NAMES[one["was"]]
            example = f" ({one['example']})" if "example" in one else ""
            reasons.append(f"{one['name']!r} is {found}, and the model takes {wanted} there{example}")
    return reasons


def unseen_levels(frame: Any, model: ModelManifest) -> list[Json]:
    """Return the levels that the model was not trained on: by column `name`, a few `levels`, and their `rows`."""
    found = []
    for feature in model.features:
        if feature.type != "category":
            continue
        values = frame[feature.name].dropna()
        strange = values[~values.isin(feature.levels)]
        if len(strange):
            levels = [str(level) for level in strange.value_counts().index[:LEVELS_SHOWN]]
            found.append({"name": feature.name, "levels": levels, "rows": len(strange)})
    return found


def _retyped(file: ReadFile, column: Column, was: str, *, is_target: bool) -> Json:
    """Describe a column of another type than the model's; one without values fits any type."""
    retyped: Json = {"name": column.name, "was": _shown(was), "is": column.type}
    if unread := file.unread.get(column.name):
        return {**retyped, "usable": False, "example": unread.first}
    if is_target and column.name not in file.again:
        return {**retyped, "usable": column.type in ("boolean", "integer")}
    feature = next(feature for feature in file.wanted if feature.name == column.name)
    return {**retyped, "usable": column.name in file.again or file.fits(feature)}


def _kind(column: Column) -> str:
    """Return the type of a feature of this column."""
    return "number" if column.type == "integer" else column.type


def _shown(kind: str) -> str:
    return kind if kind in TYPE_NAMES else "number"


def _named(names: list[str]) -> str:
    more = f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else ""
    return ", ".join(map(repr, names[:NAMES_SHOWN])) + more
