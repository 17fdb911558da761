"""Verify and rebuild what lists are read from: the index of datasets and models, and the orders of jobs and models."""

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any, Protocol

from core.storage.lists.reports import EntriesReport, ListReport, ReportRows
from core.storage.workspace import Workspace

# Segments and entries that lead nowhere stay for this long: who writes them may not have written the rest yet.
SPARED_SECONDS = 3600.0

# Takes the part that is worked on, and how many manifests or documents of it are done.
ReportPart = Callable[[str, int], None]


def count(workspace: Workspace) -> dict[str, int]:
    """Return how many manifests and documents each part has, by listing the bucket."""
    return {name: sum(1 for _ in scan()) for name, scan in _scans(workspace).items()}


def verify(workspace: Workspace, report_part: ReportPart = lambda *_: None) -> dict[str, dict[str, Any]]:
    """Compare every row and entry with its manifest or document; return by part the counts, and `is_right`.

    Nothing is changed.
    """
    found: dict[str, dict[str, Any]] = {}
    for name, part in _parts(workspace).items():
        report = part.verify(_reporter(name, report_part))
        found[name] = {**asdict(report), "is_right": report.is_right}
    return found


def rebuild(
    workspace: Workspace, report_part: ReportPart = lambda *_: None, now: float | None = None
) -> dict[str, dict[str, Any]]:
    """Write every row and entry anew from the manifests and documents; return by part how many there are.

    Raises `ConflictError` while another worker does it.
    """
    counts: dict[str, int] = {}

    def report(name: str, done: int) -> None:
        counts[name] = counts.get(name, 0) + done
        report_part(name, done)

    before = (time.time() if now is None else now) - SPARED_SECONDS
    for name, part in _parts(workspace).items():
        report(name, 0)
        part.rebuild(before, _reporter(name, report))
    return {name: {"manifests": done} for name, done in counts.items()}


def _reporter(name: str, report_part: ReportPart) -> ReportRows:
    return lambda done: report_part(name, done)


class _Part(Protocol):
    def verify(self, report_rows: ReportRows) -> ListReport | EntriesReport: ...

    def rebuild(self, before: float, report_rows: ReportRows) -> None: ...


def _parts(workspace: Workspace) -> dict[str, _Part]:
    return {
        "datasets": workspace.datasets.list_index,
        "models": workspace.models.list_index,
        "newest models": workspace.models.newest,
        "jobs": workspace.jobs.listed,
    }


def _scans(workspace: Workspace) -> dict[str, Callable[[], Iterator[object]]]:
    models = workspace.models.list_index.source.scan
    return {
        "datasets": workspace.datasets.list_index.source.scan,
        "models": models,
        "newest models": models,
        "jobs": workspace.jobs.listed.keys,
    }
