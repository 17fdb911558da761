"""Find what a killed worker left behind: files that no manifest names, which nobody has written for a day."""

import re
from collections.abc import Iterator
from itertools import groupby

from core.access.workspace_names import is_workspace_name
from core.services.upkeep.audits import NamedArtifacts
from core.services.upkeep.cleanup import DAY, Finding, folders, idle, needed_if_unreadable, removal, size
from core.storage.container import Container
from core.storage.manifest_index import MANIFEST
from core.storage.open_jobs import FOLDER, OPEN_JOB_KEY
from core.storage.workspace import Workspace

VERSION_FOLDER = re.compile(r"[^/]+/models/[^/]+/\d+")


def artifacts(workspace: Workspace, named: NamedArtifacts, now: float) -> Iterator[Finding]:
    """Find folders of model files that no manifest names.

    A manifest that cannot be read may name any of them, so one such manifest keeps them all.
    """
    if not named.are_known:
        return
    for folder, items in folders(workspace.objects, f"{workspace.name}/artifacts/"):
        if folder not in named and idle(items, DAY, now):
            prefix = f"{workspace.name}/artifacts/{folder}/"
            deed = removal(workspace.objects, prefix, items, named.are_named_by_now, folder)
            yield Finding(prefix, "no model names these files", size(items), deed)


def datasets(workspace: Workspace, now: float) -> Iterator[Finding]:
    """Find folders of datasets that were never committed, or not deleted to the end."""

    @needed_if_unreadable
    def may_be_one(file_id: str) -> bool:
        # An upload may still become one.
        return workspace.uploads.ticket(file_id, fresh=True) is not None or workspace.datasets.exists(file_id)

    for file_id, items in folders(workspace.objects, f"{workspace.name}/datasets/"):
        prefix = f"{workspace.name}/datasets/{file_id}/"
        committed = any(item.key == prefix + MANIFEST for item in items)
        if not committed and idle(items, DAY, now) and not may_be_one(file_id):
            yield Finding(
                prefix,
                "the dataset has no manifest",
                size(items),
                removal(workspace.objects, prefix, items, may_be_one, file_id),
            )


def beside_versions(workspace: Workspace, now: float) -> Iterator[Finding]:
    """Find files of versions whose manifest is missing or empty; an empty manifest reserves the number."""

    def exists(manifest: str) -> bool:
        return any(item.size for item in workspace.objects.list(manifest))

    below = workspace.objects.list(f"{workspace.name}/models/")
    for folder, group in groupby(below, key=lambda item: item.key.rpartition("/")[0]):
        items, manifest = list(group), f"{folder}/{MANIFEST}"
        left = [item for item in items if item.key != manifest]
        if not VERSION_FOLDER.fullmatch(folder) or any(item.size for item in items if item.key == manifest):
            continue
        if left and idle(left, DAY, now):
            deed = removal(workspace.objects, f"{folder}/", left, exists, manifest)
            yield Finding(f"{folder}/", "the version has no manifest", size(left), deed)


def waiting_jobs(storage: Container, now: float) -> Iterator[Finding]:
    """Find entries of the bucket's own queue whose jobs are gone or over."""

    @needed_if_unreadable
    def goes_on(job: tuple[str, str]) -> bool:
        workspace, job_id = job
        if not is_workspace_name(workspace):
            return False
        found = storage.workspace(workspace).jobs.read(job_id, fresh=True)
        return found is not None and not found.is_over

    for item in storage.objects.list(FOLDER):
        match = OPEN_JOB_KEY.fullmatch(item.key)
        if match is None or not idle([item], DAY, now):
            continue
        job = (match["workspace"], match["job_id"])
        if not goes_on(job):
            yield Finding(
                item.key, "its job is over", item.size, removal(storage.objects, item.key, [item], goes_on, job)
            )
