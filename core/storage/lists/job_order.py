"""The jobs of a workspace, the newest first: of all, and of a series those without a decision.

{workspace}/jobs/order/all/{entry}
{workspace}/jobs/order/series/{name}/{entry}
"""

from collections.abc import Iterable, Iterator
from typing import Protocol

from core.storage.lists.ordered_entries import OrderedEntries, backwards, newest_first
from core.storage.s3.object_store import ObjectStore
from core.types import Json


class OrderedJob(Protocol):
    """What the order needs of a job."""

    @property
    def job_id(self) -> str:
        """Return its id."""

    @property
    def kind(self) -> str:
        """Return the kind of its command."""

    @property
    def order(self) -> Json:
        """Return its command."""

    @property
    def status(self) -> str:
        """Return whether it waits, runs or is over."""

    @property
    def created_at(self) -> str:
        """Return when it was submitted (ISO 8601)."""


class JobOrder:
    """The entries of the jobs of one workspace."""

    def __init__(self, workspace: str, objects: ObjectStore) -> None:
        self.entries = OrderedEntries(objects, f"{workspace}/jobs/order/")

    def add(self, jobs: Iterable[OrderedJob]) -> None:
        """Add jobs that are about to be stored, or are stored already."""
        self.entries.add([entry for job in jobs for entry in self.wanted(job)])

    def wanted(self, job: OrderedJob) -> list[str]:
        """Return the entries that a job should have."""
        return _entries(job)[: 1 if job.status == "succeeded" else 2]

    def remove(self, job: OrderedJob) -> None:
        """Remove a job that was deleted."""
        self.entries.remove(_entries(job))

    def settle(self, job: OrderedJob) -> None:
        """Take a job that has succeeded out of those of its series without a decision."""
        self.entries.remove(_entries(job)[1:])

    def job_ids(self, after: str = "") -> Iterator[tuple[str, str]]:
        """Yield the id of each job after that of an entry, with its entry. The entry may have been removed."""
        return self._of("all/", after)

    def undecided(self, series: str) -> Iterator[tuple[str, str]]:
        """Yield the id of each job of a series that has not succeeded, with its entry."""
        return self._of(f"series/{series}/")

    def is_same(self, one: OrderedJob, other: OrderedJob) -> bool:
        """Return whether two jobs have the same entries."""
        return _entries(one) == _entries(other)

    def is_of(self, job: OrderedJob, series: str) -> bool:
        """Return whether a job decides about a file of a series."""
        return _series(job) == series

    def _of(self, folder: str, after: str = "") -> Iterator[tuple[str, str]]:
        for entry in self.entries.after(folder, after):
            yield backwards(entry.partition("-")[2].rstrip("~")), entry


def entry_of(job: OrderedJob) -> str:
    """Return the entry of a job among all. That of an earlier job with the same id is another."""
    # The tilde sorts a shorter id after a longer one that begins with it.
    return f"{newest_first(job.created_at)}-{backwards(job.job_id)}~"


def _entries(job: OrderedJob) -> list[str]:
    series = _series(job)
    return [f"all/{entry_of(job)}", *([f"series/{series}/{entry_of(job)}"] if series else [])]


def _series(job: OrderedJob) -> str | None:
    series: str | None = job.order.get("series") if job.kind == "retrain" else None
    return series
