"""Choosing how a dataset is cleaned: the recipe is checked on the whole table, shown, and stored with it."""

from typing import Any

import pandas as pd

from core.learning.pipeline import feature_frame, preprocessor
from core.learning.training import check_target
from core.manifests import Column, DatasetManifest, Recipe
from core.modelling import load_frame
from core.scoring.compile import encoded_widths
from core.storage.wiring import storage


def process(workspace: str, file_id: str | None, recipe: Recipe) -> dict[str, Any]:
    """Store the recipe of a dataset and say what it does to it.

    The data itself stays as it is, and the values shown are of the whole table: training fits its own inside the
    training part. Raises `UnknownColumnError`, `TargetError`, `NoSuchFileError`.
    """
    manifest, frame = load_frame(workspace, file_id)
    if recipe.target_column is not None:
        check_target(manifest.columns, recipe.target_column)
    features = [column for column in manifest.columns if column.name != recipe.target_column]
    effect = _effect(manifest, frame, features, recipe)
    stored = storage().datasets.set_recipe(workspace, manifest.file_id, recipe)
    return {"file_id": stored.file_id, **effect, "recipe": stored.recipe.model_dump()}


def _effect(manifest: DatasetManifest, frame: pd.DataFrame, features: list[Column], recipe: Recipe) -> dict[str, Any]:
    """Counts before and after, what is imputed by which value, and how many columns a category becomes."""
    names = [column.name for column in features]
    kept = frame
    if recipe.target_column is not None:
        kept = kept[kept[recipe.target_column].notna()]
    if recipe.handle_missing == "drop":
        kept = kept.dropna(subset=names)
    usable = [column for column in features if kept[column.name].notna().any()]
    imputed: dict[str, Any] = {}
    encoded: dict[str, int] = {}
    width = 0
    if usable:
        fitted = preprocessor(usable, recipe, scaled=False).fit(feature_frame(kept, usable))
        width = len(fitted.get_feature_names_out())
        for branch, pipeline, columns in fitted.transformers_:
            fills = zip(columns, pipeline.named_steps["impute"].statistics_.tolist(), strict=True)
            imputed |= {name: fill for name, fill in fills if kept[name].isna().any()}
            if branch == "categories":
                encoded = dict(zip(columns, encoded_widths(pipeline.named_steps["encode"]), strict=True))
    return {
        "before": _counts(len(frame), len(manifest.columns), frame),
        "after": {"rows": len(kept), "columns": width, "missing_values": 0},
        "imputed": imputed,
        "encoded": encoded,
    }


def _counts(rows: int, columns: int, frame: pd.DataFrame) -> dict[str, int]:
    return {"rows": rows, "columns": columns, "missing_values": int(frame.isna().sum().sum())}
