"""How an index in the bucket differs from the manifests."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from core.storage.lists.segments import IndexedRow, ListedManifest
from core.types import Json

# Takes how many manifests were dealt with since the last call.
ReportRows = Callable[[int], None]


def report_nothing(_: int) -> None:
    """Report to nobody."""


@dataclass
class ListReport:
    """Counts of manifests and of their rows in an index.

    Rows that are missing, outdated or gone never show, because readers compare ETags. Rows that are `different` do.
    """

    manifests: int = 0
    # Manifests that no segment has a row of, or one of an earlier ETag.
    missing: int = 0
    outdated: int = 0
    # Rows without a manifest, and rows that differ from the manifest of the same ETag.
    gone: int = 0
    different: int = 0
    # Manifests that cannot be read.
    damaged: int = 0

    @property
    def is_right(self) -> bool:
        """Return whether no list shows anything else than the manifests say."""
        return not self.different

    def compare(
        self, listed: Sequence[ListedManifest], indexed: Mapping[str, IndexedRow], made: Mapping[str, Json]
    ) -> None:
        """Count manifests, and the rows `indexed` between them, whose rows should be as they are `made` now."""
        keys = {one.key for one in listed}
        self.manifests += len(listed)
        self.gone += sum(1 for key in indexed if key not in keys)
        for one in listed:
            row = indexed.get(one.key)
            if one.key not in made:
                self.damaged += 1
            elif row is None:
                self.missing += 1
            elif row.etag != one.etag:
                self.outdated += 1
            elif row.row != made[one.key]:
                self.different += 1


@dataclass
class EntriesReport:
    """Counts of documents and of the entries that lead to them.

    Readers pass over entries that are gone. A document whose entry is missing is in no list.
    """

    documents: int = 0
    # Entries that some document should have, and entries without a document.
    missing: int = 0
    gone: int = 0

    @property
    def is_right(self) -> bool:
        """Return whether lists show every document."""
        return not self.missing
