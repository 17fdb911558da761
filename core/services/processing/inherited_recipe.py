"""The recipe that a dataset inherits from its parent, the dataset of the same bytes that was read otherwise before."""

from collections.abc import Iterator

from core.errors import RegattaError
from core.manifests import Column, DatasetManifest, Recipe
from core.services.processing.recipe_check import check_recipe
from core.types import Json


def inherit(manifest: DatasetManifest, parent: DatasetManifest) -> DatasetManifest:
    """Return the manifest with its parent and the parent's recipe; a warning names each part that no longer fits."""
    recipe, warnings = _fitting_recipe(parent.recipe, manifest.columns)
    update = {"parent": parent.file_id, "recipe": recipe, "warnings": [*manifest.warnings, *warnings]}
    return manifest.model_copy(update=update)


def _fitting_recipe(recipe: Recipe, columns: list[Column]) -> tuple[Recipe, list[str]]:
    """Return the recipe without the parts that these columns do not allow, and a warning about each of those."""
    fitting, warnings = Recipe(handle_missing=recipe.handle_missing), []
    for part, update in _parts(recipe):
        extended = fitting.model_copy(
            update={
                "target_column": update.get("target_column", fitting.target_column),
                "columns": {**fitting.columns, **update.get("columns", {})},
                "leave_out": [*fitting.leave_out, *update.get("leave_out", [])],
            }
        )
        try:
            check_recipe(columns, extended)
        except RegattaError as error:
            warnings.append(f"the recipe is taken over without {part}: {error.errors[-1]['message']}")
        else:
            fitting = extended
    return fitting, warnings


def _parts(recipe: Recipe) -> Iterator[tuple[str, Json]]:
    """Yield each part of a recipe by its name, as fields; the target first, because it decides what else may be."""
    if recipe.target_column is not None:
        yield f"the target {recipe.target_column!r}", {"target_column": recipe.target_column}
    for name, handling in recipe.columns.items():
        yield f"{handling!r} for column {name!r}", {"columns": {name: handling}}
    for name in recipe.leave_out:
        yield f"leaving out column {name!r}", {"leave_out": [name]}
