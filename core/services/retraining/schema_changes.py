"""Compare the columns of a new file with those that the champion takes."""

from collections.abc import Mapping
from typing import Any

from core.inference.stored_columns import TYPE_NAMES, fits_feature
from core.manifests import Column, DatasetManifest, ModelManifest
from core.packed_columns import Category
from core.services.processing.open_table import open_table
from core.storage.workspace import Workspace
from core.types import Json

NAMES_SHOWN, LEVELS_SHOWN = 8, 5


def compare_schema(workspace: Workspace, dataset: DatasetManifest, model: ModelManifest) -> Json:
    """Return the model's columns that a file lacks, the columns it has besides, and those of another type.

    `missing` and `new` are names; `retyped` has `name`, `was`, `is` and whether it is `usable` nevertheless: numbers
    where there were texts are, texts where there were numbers are not.
    """
    found = {column.name: column for column in dataset.columns}
    wanted = {feature.name: feature.type for feature in model.features} | {model.target_column: "number"}
    divided = model.validation.column
    missing = [name for name in {**wanted, **({divided: ""} if divided else {})} if name not in found]
    new = [name for name in found if name not in wanted and name not in {divided, *model.recipe.leave_out}]
    other = {name: kind for name, kind in wanted.items() if name in found and _kind(found[name]) != kind}
    return {"missing": missing, "new": new, "retyped": _retyped(workspace, dataset, model, other), "unseen": []}


def refusals(schema: Json) -> list[str]:
    """Return why a file with these differences cannot be trained on, as sentences; empty where it can."""
    reasons = []
    if schema["missing"]:
        reasons.append(f"it lacks {_named(schema['missing'])}, which the model needs")
    for one in schema["retyped"]:
        if not one["usable"]:
            reasons.append(
                f"{one['name']!r} is {TYPE_NAMES[one['is']]}, and the model takes {TYPE_NAMES[one['was']]} there"
            )
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


def _retyped(
    workspace: Workspace, dataset: DatasetManifest, model: ModelManifest, other: Mapping[str, str]
) -> list[Json]:
    """Return the columns of another type; one without values fits any type."""
    if not other:
        return []
    types = {column.name: column.type for column in dataset.columns}
    formats = {column.name: column.format for column in dataset.columns}
    features = {feature.name: feature for feature in model.features}
    retyped = []
    with open_table(workspace, dataset.file_id) as (_, table):
        for name, was in other.items():
            values = table.values(name)
            if name in features:
                usable = fits_feature(values, types[name], features[name], formats[name])
            else:
                usable = types[name] in ("boolean", "integer") and not isinstance(values, Category)
            retyped.append({"name": name, "was": _shown(was), "is": types[name], "usable": usable})
    return retyped


def _kind(column: Column) -> str:
    """Return the type of a feature of this column."""
    return "number" if column.type == "integer" else column.type


def _shown(kind: str) -> str:
    return kind if kind in TYPE_NAMES else "number"


def _named(names: list[str]) -> str:
    more = f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else ""
    return ", ".join(map(repr, names[:NAMES_SHOWN])) + more
