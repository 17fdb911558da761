"""The janitor: find in the whole bucket what nobody needs any more, remove it, and mend the index in Redis.

It may be killed at any point, and two may run at once: each thing is checked again before it is removed, and one that
is gone already does not matter.
"""

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from core.access.workspace_names import is_workspace_name
from core.errors import RegattaError
from core.model_manifest import ModelManifest
from core.services.upkeep import expiry, orphans
from core.services.upkeep.audits import Audit, NamedArtifacts
from core.services.upkeep.cleanup import Finding
from core.storage.container import Container
from core.storage.job_repository import Job
from core.storage.workspace import Workspace
from core.stored_document import Document

log = logging.getLogger("regatta")


@dataclass(frozen=True)
class CleanupResult:
    """The outcome for one thing: `found` in a dry run, `kept` where it is needed after all."""

    what: str
    reason: str
    size_bytes: int
    outcome: Literal["found", "done", "kept", "failed"]


def clean_up(storage: Container, *, dry_run: bool = False, now: float | None = None) -> Iterator[CleanupResult]:
    """Clean up the whole bucket. Each thing is removed as the iterator comes to it, in a dry run none.

    Ages are counted at `now` (seconds since 1970; default: the current time).
    A failed removal is logged and does not stop the rest. Raises `UnavailableError` where the bucket cannot be
    read.
    """
    for finding in _findings(storage, time.time() if now is None else now):
        outcome = "found" if dry_run else _do(finding)
        yield CleanupResult(finding.what, finding.reason, finding.size_bytes, outcome)


def _do(finding: Finding) -> Literal["done", "kept", "failed"]:
    try:
        return "done" if finding.do() else "kept"
    except RegattaError as error:
        log.error("%s (%s) stays: %s", finding.what, finding.reason, error.detail)
        return "failed"


def _findings(storage: Container, now: float) -> Iterator[Finding]:
    yield from expiry.uploads(storage, now)
    yield from expiry.multiparts(storage, now)
    yield from expiry.exports(storage, now)
    yield from orphans.waiting_jobs(storage, now)
    for workspace in workspaces(storage):
        yield from _of_workspace(workspace, now)


def workspaces(storage: Container) -> list[Workspace]:
    """Return every workspace of the bucket. A folder of another name is none, and nothing in it is touched."""
    return [storage.workspace(name) for name in storage.objects.folders("") if is_workspace_name(name)]


def _of_workspace(workspace: Workspace, now: float) -> Iterator[Finding]:
    """Find what nobody needs in a workspace, of which no more than a page of manifests is in memory at a time."""
    jobs, models = Audit(workspace, "jobs", Job), Audit(workspace, "models", ModelManifest)
    datasets = Audit(workspace, "datasets", Document)
    in_use: set[expiry.NamedVersion] = set()
    for page in jobs.pages():
        in_use |= {expiry.version_of(job) for job in page if not job.is_over}
        yield from expiry.jobs(workspace, [job for job in page if job.is_over], now)
    yield from expiry.tasks(workspace, now)
    named = NamedArtifacts(workspace, models)
    yield from expiry.versions(workspace, named.noting(), in_use if jobs.all_readable else None, now)
    for _ in datasets.pages():
        pass
    for audit in (jobs, models, datasets):
        yield from audit.findings()
    yield from orphans.artifacts(workspace, named, now)
    yield from orphans.beside_versions(workspace, now)
    yield from orphans.datasets(workspace, now)
