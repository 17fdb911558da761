"""The newest model of a type, or of all: what a request means that names a model type, or no model, as its model."""

import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from core.errors import BadSignatureError, NoSuchModelError, UnavailableError
from core.model_manifest import ModelManifest, VersionId
from core.storage.champions import CHAMPION_SECONDS, Champions
from core.storage.lists.model_list import ModelList
from core.storage.lists.newest_order import NEWEST_KEPT, NewestOrder
from core.storage.lists.reports import EntriesReport, ReportRows, report_nothing
from core.storage.lists.upkeep import Upkeep
from core.storage.versions import Versions
from core.stored_document import DamagedDocumentError

# So many versions of earlier Regattas get their entries at once, more of them after the answer.
FEW = 500


class NewestModels:
    """The names of the newest models of a workspace; that of a model type may be about a second old.

    Where storage does not answer, the name that was found last is used.
    """

    def __init__(
        self,
        versions: Versions,
        champions: Champions,
        current_file: Callable[[], str | None],
        order: NewestOrder,
        listed: ModelList,
        upkeep: Upkeep,
    ) -> None:
        """`current_file` returns the id of the workspace's current file, or None."""
        self._versions = versions
        self._champions = champions
        self._current_file = current_file
        self._order = order
        self._listed = listed
        self._upkeep = upkeep
        # By model type the name, and when it was found.
        self._known: dict[str, tuple[str, float]] = {}

    def name(self, model_type: str | None = None) -> str | None:
        """Return the name of the model that was trained last, of one type or of all; None where there is none.

        Only models with a version that serves count. Those of the current file come first where a type is asked for.
        """
        if model_type is None:
            return next(self._names(None), None)
        known = self._known.get(model_type)
        if known is not None and time.monotonic() - known[1] < CHAMPION_SECONDS:
            return known[0]
        try:
            found = next(self._names(model_type), None)
        except UnavailableError:
            if known is None:
                raise
            return known[0]
        if found is not None:
            self._known[model_type] = found, time.monotonic()
        return found

    def is_known(self, model_type: str) -> bool:
        """Return whether the newest model of a type was found before, so that it can be used in an outage."""
        return model_type in self._known

    def forget(self) -> None:
        """Forget all names, because a version was published, deleted or renamed."""
        self._known.clear()

    def _names(self, model_type: str | None) -> Iterator[str]:
        """Yield the names of models, the newest first; those of the current file before all others of a type."""
        if not self.prepare():
            yield from self._names_of(self._every_version(model_type))
            return
        current = None if model_type is None else self._current_file()
        if current is not None:
            yield from self._names_of(self._order.versions(model_type, current))
        tried = 0
        for version in self._order.versions(model_type):
            tried += 1
            yield from self._names_of([version])
        if tried >= NEWEST_KEPT:  # older ones may have no entries
            yield from self._names_of(self._every_version(model_type))

    def _names_of(self, versions: Iterable[VersionId]) -> Iterator[str]:
        """Yield the names of those versions that exist, of models that serve."""
        for version in versions:
            try:
                state = self._champions.serving_state(version.name)
            except DamagedDocumentError:
                continue  # a request that names the model gets the error
            if state.version is not None and version.number not in state.deleted and self._exists(version):
                yield version.name

    def _exists(self, version: VersionId) -> bool:
        try:
            self._versions.read(version.name, version.number)
        except (NoSuchModelError, BadSignatureError):
            return False
        return True

    def _every_version(self, model_type: str | None) -> list[VersionId]:
        """Return the versions in their order as their manifests say it: all of them are read."""
        current = None if model_type is None else self._current_file()

        def rank(manifest: ModelManifest) -> tuple[bool, str, int, int]:
            of_current = manifest.dataset.file_id == current
            return of_current, manifest.created_at, manifest.created_us or 0, manifest.version

        manifests = self._versions.manifests(self._versions.listed())
        chosen = [manifest for manifest in manifests if model_type in (None, manifest.model_type)]
        ranked = sorted(chosen, key=rank, reverse=True)
        return [VersionId(manifest.model_name, manifest.version) for manifest in ranked]

    def prepare(self) -> bool:
        """Return whether every version has its entries; see to it where an earlier Regatta wrote some."""
        if self._order.entries.is_complete():
            return True
        keys = [one.key for one in islice(self._listed.scan(), FEW + 1)]
        if len(keys) > FEW:
            self._upkeep.soon(self.fill)
            return False
        return self._order.entries.complete(lambda: self._order.fill([self._versions.parsed(keys)]))

    def fill(self, report_rows: ReportRows = report_nothing) -> None:
        """Give every version its entries. Raises `ConflictError` while another worker does it."""
        with self._upkeep.leased() as renew:

            def report_and_renew(rows: int) -> None:
                report_rows(rows)
                renew()

            self._order.fill(self._some_at_a_time(report_and_renew))

    def rebuild(self, before: float, report_rows: ReportRows = report_nothing) -> None:
        """Do what `fill` does, and remove entries that lead nowhere and were written before this time."""
        self.fill(report_rows)
        self._order.remove_unwanted(self._some_at_a_time(report_nothing), before)

    def verify(self, report_rows: ReportRows = report_nothing) -> EntriesReport:
        """Compare the entries with the versions; changes nothing."""
        return self._order.compare(self._some_at_a_time(report_rows))

    def _some_at_a_time(self, report_rows: ReportRows) -> Iterator[list[ModelManifest]]:
        listed = self._listed.scan()
        while keys := [one.key for one in islice(listed, FEW)]:
            yield self._versions.parsed(keys)
            report_rows(len(keys))
