"""Store the recipe of a dataset after checking it on the whole table, and return its effect."""

from typing import Any

from core.cell_values import format_date
from core.manifests import Recipe
from core.preprocessing.cleaning import CleanColumn, CleanTable, clean
from core.profiling.target_relations import target_relations
from core.services.datasets.profiles import store_target, stored_target
from core.services.processing.open_table import open_table
from core.services.processing.recipe_check import check_recipe
from core.storage.workspace import Workspace


def process(workspace: Workspace, file_id: str | None, recipe: Recipe) -> dict[str, Any]:
    """Store the recipe of a dataset and return its effect.

    The data stays as it is. The returned values are of the whole table: training fits its own inside the
    training part. Raises `UnknownColumnError`, `InvalidInputError`, `TargetError`, `NoSuchFileError`.
    """
    with open_table(workspace, file_id) as (manifest, table):
        check_recipe(manifest.columns, recipe)
        effect = _effect(clean(table, recipe))
        target = recipe.target_column
        if target is not None and stored_target(workspace, manifest, target) is None:
            store_target(workspace, manifest, target_relations(table, target))
    stored = workspace.datasets.set_recipe(manifest.file_id, recipe)
    return {"file_id": stored.file_id, **effect, "recipe": stored.recipe.model_dump()}


def _effect(done: CleanTable) -> dict[str, Any]:
    """Return counts before and after, why rows are dropped, imputed values, and the columns of categories and dates."""
    columns = done.table.columns
    kept = {column.column.name for column in done.columns}
    absent = [c.name for c in columns if c.name not in kept and c.name != done.recipe.target_column]
    return {
        "before": {
            "rows": done.table.rows,
            "columns": len(columns),
            "missing_values": sum(column.missing for column in columns),
        },
        "after": {
            "rows": int(done.kept.sum()),
            "columns": sum(len(column.names) for column in done.columns),
            "missing_values": 0,
        },
        "dropped_rows": done.dropped,
        "imputed": {c.column.name: _shown_fill(c) for c in done.columns if c.fill is not None},
        "encoded": {
            c.column.name: len(c.names) for c in done.columns if c.column.type == "category" and not c.is_indicator
        },
        "derived": _derived(done),
        "left_out": absent,
        "notes": done.notes,
    }


def _derived(done: CleanTable) -> dict[str, list[str]]:
    """Return by column its derived columns: the parts of a date, an indicator of missing values."""
    derived: dict[str, list[str]] = {}
    for cleaned in done.columns:
        if cleaned.is_indicator or cleaned.column.type == "date":
            derived.setdefault(cleaned.column.name, []).extend(cleaned.names)
    return derived


def _shown_fill(cleaned: CleanColumn) -> float | str | bool | None:
    """Return the imputed value of a column as the column shows its values.

    A date as ISO text, a boolean as true or false.
    """
    if cleaned.column.type == "date":
        return format_date(float(cleaned.fill or 0))
    if cleaned.column.type == "boolean" and cleaned.fill in (0, 1):
        return bool(cleaned.fill)
    return cleaned.fill
