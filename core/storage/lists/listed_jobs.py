"""See to it that every job has its place in the order, those that an earlier version of Regatta stored too."""

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from operator import itemgetter

from pydantic import ValidationError

from core.errors import NewerFormatError
from core.storage.lists.job_order import JobOrder, OrderedJob, entry_of
from core.storage.lists.reports import EntriesReport, ReportRows, report_nothing
from core.storage.lists.upkeep import Upkeep
from core.storage.manifest_index import ManifestIndex
from core.storage.s3.object_store import ObjectStore
from core.stored_document import Document
from core.types import Json

# So many jobs of earlier Regattas get their entries at once, more of them after the answer.
FEW = 500


class _Job(Document):
    """What the order needs of a stored job."""

    job_id: str
    kind: str
    order: Json
    status: str
    created_at: str


class ListedJobs:
    """The entries of all jobs of a workspace."""

    def __init__(
        self, workspace: str, objects: ObjectStore, manifests: ManifestIndex, order: JobOrder, upkeep: Upkeep
    ) -> None:
        self._folder = f"{workspace}/jobs/"
        self._objects = objects
        self._manifests = manifests
        self._order = order
        self._upkeep = upkeep

    def prepare(self) -> bool:
        """Return whether every job has its entry; see to it where an earlier Regatta stored some."""
        if self._order.entries.is_complete():
            return True
        keys = list(islice(self.keys(), FEW + 1))
        if len(keys) > FEW:
            self._upkeep.soon(lambda: self._fill(report_nothing))
            return False

        def write() -> None:
            self._order.add(self._jobs(keys))
            self._order.entries.mark_complete()

        return self._order.entries.complete(write)

    def places(self) -> list[tuple[str, str]]:
        """Return id and entry of every job, the newest first: all of them are read."""
        jobs = [job for document in self._manifests.manifests() if (job := _parsed(document)) is not None]
        return sorted(((job.job_id, entry_of(job)) for job in jobs), key=itemgetter(1))

    def _fill(self, report_rows: ReportRows) -> set[str]:
        """Give every job its entries; return them. Raises `ConflictError` while another worker does it."""
        wanted: set[str] = set()
        with self._upkeep.leased() as renew:
            for jobs in self._some_at_a_time(report_rows):
                self._order.add(jobs)
                wanted.update(entry for job in jobs for entry in self._order.wanted(job))
                renew()
            self._order.entries.mark_complete()
        return wanted

    def rebuild(self, before: float, report_rows: ReportRows = report_nothing) -> None:
        """Give every job its entries, and remove those that lead nowhere and were written before this time.

        Raises `ConflictError` while another worker does it.
        """
        self._order.entries.remove_unwanted(self._fill(report_rows), before)

    def verify(self, report_rows: ReportRows = report_nothing) -> EntriesReport:
        """Compare the entries with the jobs; changes nothing."""
        wanted: set[str] = set()
        documents = 0
        for jobs in self._some_at_a_time(report_rows):
            wanted.update(entry for job in jobs for entry in self._order.wanted(job))
            documents += len(jobs)
        return self._order.entries.compare(wanted, documents)

    def keys(self) -> Iterator[str]:
        """Yield the keys of all jobs, in order."""
        document = re.compile(re.escape(self._folder) + r"[0-9a-z]+\.json")
        return (item.key for item in self._objects.list(self._folder) if document.fullmatch(item.key))

    def _some_at_a_time(self, report_rows: ReportRows) -> Iterator[list[OrderedJob]]:
        listed = self.keys()
        while keys := list(islice(listed, FEW)):
            yield self._jobs(keys)
            report_rows(len(keys))

    def _jobs(self, keys: Iterable[str]) -> list[OrderedJob]:
        """Return the jobs with these keys that can be read."""
        stored = (entry["manifest"] for entry in self._manifests.fetch(keys).values())
        return [job for document in stored if (job := _parsed(document)) is not None]


def _parsed(document: Json) -> OrderedJob | None:
    try:
        return _Job.model_validate(document)
    except (ValidationError, NewerFormatError):
        return None
