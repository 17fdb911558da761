"""The stored profile of a dataset, with the relations of its columns to the target."""

import json

from core.errors import NoSuchFileError
from core.manifests import DatasetManifest
from core.severity import worst_first
from core.storage.dataset_repository import PROFILE
from core.storage.workspace import Workspace
from core.types import Json

# What the profile advises on a column, and nobody does with a target: leave it out, fill its gaps, use it as time. The
# findings about the target itself say what to do with its gaps and its tail.
NOT_OF_A_TARGET = ("identifier", "redundant", "constant", "nearly-constant", "missing", "skew", "ordered-in-time")


def stored_profile(workspace: Workspace, manifest: DatasetManifest) -> Json:
    """Return the stored profile, with the relations to the target as `target`, None without one.

    The findings of both are in one list, the worst first. Raises `NoSuchFileError` where the dataset was deleted.
    """
    profile = _profile(workspace, manifest)
    chosen = manifest.recipe.target_column
    return joined(profile, stored_target(workspace, manifest, chosen) if chosen is not None else None)


def joined(profile: Json, target: Json | None) -> Json:
    """Return the profile with the relations to the target and the findings of both.

    No finding of the profile says what nobody does with a target, or in other words that a column gives it away.
    """
    if target is None:
        return {**profile, "target": None}
    leaks = {finding["column"] for finding in target["findings"] if finding["kind"] == "leakage"}
    left_out = {*((kind, target["target"]) for kind in NOT_OF_A_TARGET), *(("redundant", name) for name in leaks)}
    kept = [finding for finding in profile["findings"] if (finding["kind"], finding["column"]) not in left_out]
    return {**profile, "findings": worst_first([*kept, *target["findings"]]), "target": target}


def stored_preview(workspace: Workspace, manifest: DatasetManifest) -> Json:
    """Return the first rows alone: `columns` and `rows`. Raises `NoSuchFileError` where the dataset was deleted."""
    preview: Json = _profile(workspace, manifest)["preview"]
    return preview


def _profile(workspace: Workspace, manifest: DatasetManifest) -> Json:
    profile: Json = json.loads(workspace.datasets.read(manifest.file_id, PROFILE))
    return profile


def store_target(workspace: Workspace, manifest: DatasetManifest, relations: Json) -> None:
    """Store the relations of the columns to a target beside the dataset."""
    body = json.dumps(relations, ensure_ascii=False).encode()
    workspace.datasets.attach(manifest.file_id, target_file(manifest, relations["target"]), body)


def stored_target(workspace: Workspace, manifest: DatasetManifest, target: str) -> Json | None:
    """Return the stored relations to this target, or None where it never was the target."""
    try:
        relations: Json = json.loads(workspace.datasets.read(manifest.file_id, target_file(manifest, target)))
    except NoSuchFileError:
        return None
    return relations


def target_file(manifest: DatasetManifest, target: str) -> str:
    """Return the name of the file with the relations to this target."""
    # By position: a column may have a name that no file can have.
    return f"target-{[column.name for column in manifest.columns].index(target)}.json"
