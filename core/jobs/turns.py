"""Whose job is next: the workspaces take turns, so that the many jobs of one delay those of no other. Light.

A worker begins the job that has waited longest of the workspace whose turn was longest ago. So the first job of a
workspace waits for one job of each other workspace at most, however many those have submitted before.
"""

from collections.abc import Iterable

# Workspace and id of a job.
JobName = tuple[str, str]


class Turns:
    """The turns of one worker."""

    def __init__(self) -> None:
        # The workspaces that had a turn, the one whose turn was longest ago first.
        self._order: dict[str, None] = {}

    def choose(self, waiting: Iterable[JobName]) -> JobName | None:
        """Return which job is next of those that wait, the one that has waited longest first; None where none does."""
        first: dict[str, JobName] = {}
        for job in waiting:
            first.setdefault(job[0], job)
        new = next((workspace for workspace in first if workspace not in self._order), None)
        chosen = next((workspace for workspace in self._order if workspace in first), None) if new is None else new
        return None if chosen is None else first[chosen]

    def took(self, workspace: str) -> None:
        """Note that a workspace has had its turn."""
        self._order.pop(workspace, None)
        self._order[workspace] = None
