"""The janitor: find in the whole bucket what nobody needs any more, remove it, and mend the index in Redis.

It may be killed at any point, and two may run at once: each thing is checked again before it is removed, and one that
is gone already does not matter.
"""

import logging
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from core.access.workspace_names import is_workspace_name
from core.errors import RegattaError
from core.model_manifest import ModelManifest
from core.services.upkeep import expiry, orphans
from core.services.upkeep.cleanup import CleanupAction, Finding, all_readable, parsed
from core.storage.container import Container
from core.storage.job_repository import Job
from core.storage.manifest_index import Audit
from core.storage.workspace import Workspace

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
    audits = {kind: index.audit() for kind, index in workspace.index.items()}
    for kind, audit in audits.items():
        for key in audit.damaged:
            log.error("%s is damaged; what may depend on it stays", key)
        if audit.wrong:
            counts = ", ".join(f"{count} {what}" for what, count in sorted(Counter(audit.wrong.values()).items()))
            yield Finding(
                f"{workspace.name}/{kind} in Redis", f"entries are wrong: {counts}", 0, _mend(workspace, kind, audit)
            )
    jobs, manifests = parsed(Job, audits["jobs"].manifests), parsed(ModelManifest, audits["models"].manifests)
    unfinished = [job for job in jobs if not job.is_over] if all_readable(audits["jobs"], jobs) else None
    yield from expiry.versions(workspace, manifests, unfinished, now)
    yield from expiry.jobs(workspace, [job for job in jobs if job.is_over], now)
    yield from orphans.artifacts(workspace, audits["models"], manifests, now)
    yield from orphans.beside_versions(workspace, now)
    yield from orphans.datasets(workspace, now)


def _mend(workspace: Workspace, kind: str, audit: Audit) -> CleanupAction:
    def mend() -> bool:
        workspace.index[kind].mend(audit.wrong)
        return True

    return mend
