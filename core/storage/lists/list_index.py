"""The rows of one list: from memory, from segments in the bucket, or made of the manifests themselves."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice, takewhile
from threading import Lock
from typing import Protocol

from core.errors import ConflictError
from core.storage.cache import CachedObjects
from core.storage.documents import Documents
from core.storage.lists.reports import ListReport, ReportRows, report_nothing
from core.storage.lists.segments import SEGMENT_ROWS, IndexedRow, ListedManifest, Segment, Segments
from core.storage.lists.upkeep import Later, Upkeep
from core.storage.manifest_index import ManifestIndex
from core.storage.s3.object_store import ObjectStore
from core.types import Json

# From so many rows on, a process looks for segments that have them.
WORTH_A_SEGMENT = 8
# From so many rows of one page on that no segment has, new segments are worth their writing.
WORTH_A_REFRESH = 64
# How many rows, of about a kilobyte each, a process keeps in memory.
ROWS_KEPT = 10_000
# The directory is published after so many new segments, so that a worker that is killed has not worked in vain.
SEGMENTS_A_DIRECTORY = 20


class ListSource(Protocol):
    """What is listed: the manifests in the bucket, in the order of the list, and the row of each."""

    def scan(self, after: str = "") -> Iterator[ListedManifest]:
        """Yield every manifest whose place comes after `after`."""

    def row(self, manifest: Json) -> Json | None:
        """Return the row of a manifest, None where it is damaged; raises `NewerFormatError`."""


class ListIndex:
    """The rows of the manifests of one list. A listing of the bucket says which manifests there are.

    So what is in memory, in Redis or in a segment only saves reading manifests, and is used for the ETag that it was
    made of. Segments are written by whoever finds many rows without one, and by one worker at a time.
    """

    def __init__(self, segments: Segments, manifests: ManifestIndex, source: ListSource, upkeep: Upkeep) -> None:
        self.source = source
        self._segments = segments
        self._manifests = manifests
        self._upkeep = upkeep
        self._memory = _RowMemory()

    def rows(self, listed: Sequence[ListedManifest]) -> dict[str, Json]:
        """Return the rows of these manifests by key, without those of manifests that are gone or damaged."""
        remembered = self._memory.find(listed)
        missing = [one for one in listed if one.key not in remembered]
        found = self._segments.find(missing) if len(missing) >= WORTH_A_SEGMENT else {}
        alone = [one for one in missing if one.key not in found]
        found |= self._made(self._manifests.read({one.key: one.etag for one in alone}))
        self._memory.keep(missing, found)
        if len(alone) >= WORTH_A_REFRESH:
            self._upkeep.soon(lambda: self.refresh(alone[0].place, alone[-1].place))
        return remembered | found

    def refresh(
        self, low: str = "", high: str | None = None, *, anew: bool = False, report_rows: ReportRows = report_nothing
    ) -> None:
        """Write segments of the manifests from the place `low` to `high`, of all where there are no segments yet.

        `anew` reads manifests that have not changed as well. Raises `ConflictError` while another worker does it.
        """
        with self._upkeep.leased() as renew:
            directory, etag = self._segments.directory()
            before, replaced, after = _split(directory.segments, low, high)
            listed = self.source.scan(before[-1].last if before else "")
            if after:
                stop = after[0].first
                listed = takewhile(lambda one: one.place < stop, listed)
            known = _InOrder(row for segment in replaced if not anew for row in self._segments.read(segment))
            written: list[Segment] = []
            while chunk := list(islice(listed, SEGMENT_ROWS)):
                rows = self._pack(chunk, known.until(chunk[-1].place))
                written += [self._segments.store(rows)] if rows else []
                report_rows(len(chunk))
                renew()
                if written and len(written) % SEGMENTS_A_DIRECTORY == 0:
                    left = [segment for segment in replaced if segment.first > chunk[-1].place]
                    etag = self._publish([*before, *written, *left, *after], etag)
            self._publish([*before, *written, *after], etag)
        kept = {segment.digest for segment in written}
        self._segments.discard(segment for segment in replaced if segment.digest not in kept)

    def verify(self, report_rows: ReportRows = report_nothing) -> ListReport:
        """Compare every row of the segments with its manifest in the bucket; changes nothing."""
        directory, _ = self._segments.directory()
        known = _InOrder(row for segment in directory.segments for row in self._segments.read(segment))
        report, listed = ListReport(), self.source.scan()
        while chunk := list(islice(listed, SEGMENT_ROWS)):
            found = self._manifests.fetch(one.key for one in chunk)
            rows = self._made({key: entry["manifest"] for key, entry in found.items()})
            report.compare(chunk, known.until(chunk[-1].place), rows)
            report_rows(len(chunk))
        report.gone += sum(1 for _ in known.rest())
        return report

    def rebuild(self, before: float, report_rows: ReportRows = report_nothing) -> None:
        """Write all segments anew, and delete those that were stored before this time and never published.

        Raises `ConflictError` while another worker does it.
        """
        self.refresh(anew=True, report_rows=report_rows)
        directory, _ = self._segments.directory()
        self._segments.delete(self._segments.unnamed(directory, before))

    def _pack(self, chunk: Sequence[ListedManifest], known: Mapping[str, IndexedRow]) -> list[IndexedRow]:
        """Return the rows of a chunk: the known ones where the ETag is the same, else made of the manifests."""
        kept = {one.key: known[one.key] for one in chunk if one.key in known and known[one.key].etag == one.etag}
        fetched = self._manifests.fetch(one.key for one in chunk if one.key not in kept)
        made = self._made({key: entry["manifest"] for key, entry in fetched.items()})
        for one in chunk:
            if one.key in made:
                kept[one.key] = IndexedRow(one.place, one.key, fetched[one.key]["etag"], made[one.key])
        return [kept[one.key] for one in chunk if one.key in kept]

    def _made(self, manifests: Mapping[str, Json]) -> dict[str, Json]:
        made = ((key, self.source.row(manifest)) for key, manifest in manifests.items())
        return {key: row for key, row in made if row is not None}

    def _publish(self, segments: Sequence[Segment], etag: str) -> str:
        published = self._segments.publish(segments, etag)
        if published is None:
            raise ConflictError("Another worker has written the index meanwhile.")
        return published


def create_list_index(
    workspace: str,
    kind: str,
    objects: ObjectStore,
    documents: Documents,
    cached_objects: CachedObjects,
    manifests: ManifestIndex,
    source: ListSource,
    later: Later | None,
) -> ListIndex:
    """Return the index of the `kind` of manifests that `source` lists; `later` is as for `Upkeep`."""
    segments = Segments(workspace, kind, objects, cached_objects)
    return ListIndex(segments, manifests, source, Upkeep(documents, f"{workspace}/index/{kind}/lease.json", later))


class _RowMemory:
    """The rows that this process has used last."""

    def __init__(self) -> None:
        self._rows: OrderedDict[str, tuple[str | None, Json]] = OrderedDict()
        self._lock = Lock()

    def find(self, listed: Iterable[ListedManifest]) -> dict[str, Json]:
        found = {}
        with self._lock:
            for one in listed:
                kept = self._rows.get(one.key)
                if kept is not None and one.etag in (None, kept[0]):
                    self._rows.move_to_end(one.key)
                    found[one.key] = kept[1]
        return found

    def keep(self, listed: Iterable[ListedManifest], rows: Mapping[str, Json]) -> None:
        with self._lock:
            for one in listed:
                if one.key in rows:
                    self._rows[one.key] = one.etag, rows[one.key]
            while len(self._rows) > ROWS_KEPT:
                self._rows.popitem(last=False)


class _InOrder:
    """Rows in the order of their places, taken a piece at a time."""

    def __init__(self, rows: Iterable[IndexedRow]) -> None:
        self._rows = iter(rows)
        self._head = next(self._rows, None)

    def until(self, place: str) -> dict[str, IndexedRow]:
        """Take the rows up to a place; return them by key."""
        taken = {}
        while self._head is not None and self._head.place <= place:
            taken[self._head.key] = self._head
            self._head = next(self._rows, None)
        return taken

    def rest(self) -> Iterator[IndexedRow]:
        """Take all that is left."""
        if self._head is not None:
            yield self._head
        yield from self._rows


def _split(
    segments: Sequence[Segment], low: str, high: str | None
) -> tuple[list[Segment], list[Segment], list[Segment]]:
    """Return the segments before the places from `low` to `high`, those among them, and those after them.

    Half-empty neighbours count as among them, so that segments that were written for a few rows are joined.
    """
    before = [segment for segment in segments if segment.last < low]
    after = [segment for segment in segments if high is not None and segment.first > high]
    while before and before[-1].rows < SEGMENT_ROWS // 2:
        before.pop()
    while after and after[0].rows < SEGMENT_ROWS // 2:
        after.pop(0)
    return before, list(segments[len(before) : len(segments) - len(after)]), after
