"""See to it that every job has its place in the order, those that an earlier version of Regatta stored too."""

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice

from pydantic import ValidationError

from core.errors import NewerFormatError, UnavailableError
from core.storage.lists.job_order import JobOrder, OrderedJob
from core.storage.lists.reports import ReportRows, report_nothing
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
        keys = list(islice(self._keys(), FEW + 1))
        if len(keys) > FEW:
            self._upkeep.soon(self.fill)
            return False
        with suppress(UnavailableError):  # who may not write leaves it to others
            self._add(keys)
            self._order.entries.mark_complete()
            return True
        return False

    def fill(self, report_rows: ReportRows = report_nothing) -> None:
        """Give every job its entry. Raises `ConflictError` while another worker does it."""
        with self._upkeep.leased() as renew:
            listed = self._keys()
            while keys := list(islice(listed, FEW)):
                self._add(keys)
                report_rows(len(keys))
                renew()
            self._order.entries.mark_complete()

    def _keys(self) -> Iterator[str]:
        document = re.compile(re.escape(self._folder) + r"[0-9a-z]+\.json")
        return (item.key for item in self._objects.list(self._folder) if document.fullmatch(item.key))

    def _add(self, keys: Iterable[str]) -> None:
        stored = (entry["manifest"] for entry in self._manifests.fetch(keys).values())
        self._order.add([job for document in stored if (job := _parsed(document)) is not None])


def _parsed(document: Json) -> OrderedJob | None:
    try:
        return _Job.model_validate(document)
    except (ValidationError, NewerFormatError):
        return None
