"""The versions of all models by the time of their training, the newest first: of all, of a type, of a type and a file.

{workspace}/models/.newest/all/{entry}
{workspace}/models/.newest/type/{model_type}/{entry}
{workspace}/models/.newest/file/{model_type}/{file_id}/{entry}
"""

import re
from collections.abc import Iterable, Iterator
from heapq import nsmallest

from core.model_manifest import ModelManifest, VersionId
from core.storage.lists.ordered_entries import OrderedEntries, newest_first
from core.storage.lists.reports import EntriesReport
from core.storage.s3.object_store import ObjectStore

# So many of the newest versions get entries of all and of their type, where those of earlier Regattas get theirs.
NEWEST_KEPT = 1000
HIGHEST_NUMBER = 10**7
# Anything else was put there by somebody else.
ENTRY = re.compile(r"[0-9]+-(?P<number>[0-9]{7})-(?P<name>.+)")


class NewestOrder:
    """The entries of the versions of one workspace."""

    def __init__(self, workspace: str, objects: ObjectStore) -> None:
        self.entries = OrderedEntries(objects, f"{workspace}/models/.newest/")

    def add(self, manifests: Iterable[ModelManifest]) -> None:
        """Add versions that are about to be created."""
        self.entries.add(entry for manifest in manifests for entry in _entries(manifest))

    def remove(self, manifests: Iterable[ModelManifest], there: ModelManifest | None = None) -> None:
        """Remove versions that were deleted or never created; what leads to `there`, which exists, stays."""
        kept = _entries(there) if there is not None else []
        self.entries.remove(entry for manifest in manifests for entry in _entries(manifest) if entry not in kept)

    def versions(self, model_type: str | None = None, file_id: str | None = None) -> Iterator[VersionId]:
        """Yield the versions, the newest first: of all, of a type, or of a type and a file. Some may be gone."""
        for entry in self.entries.after(_folder(model_type, file_id)):
            if found := ENTRY.fullmatch(entry):
                yield VersionId(found["name"], HIGHEST_NUMBER - int(found["number"]))

    def fill(self, manifests: Iterable[list[ModelManifest]]) -> None:
        """Add all versions, a list of some at a time. Of all and of a type only the newest 1,000 are added."""
        for entries in _wanted(manifests):
            self.entries.add(entries)
        self.entries.mark_complete()

    def compare(self, manifests: Iterable[list[ModelManifest]]) -> EntriesReport:
        """Compare the entries with all versions."""
        wanted = {entry for entries in _wanted(manifests) for entry in entries}
        return self.entries.compare(wanted, sum(entry.startswith("file/") for entry in wanted))

    def remove_unwanted(self, manifests: Iterable[list[ModelManifest]], before: float) -> None:
        """Remove entries that lead to none of these versions and were written before this time."""
        self.entries.remove_unwanted({e for some in manifests for one in some for e in _entries(one)}, before)


def _wanted(manifests: Iterable[list[ModelManifest]]) -> Iterator[list[str]]:
    """Yield the entries that all versions should have, a list of some at a time."""
    newest: dict[str, list[str]] = {}
    for some in manifests:
        yield [_entry_of_file(manifest) for manifest in some]
        for manifest in some:
            for folder in (_folder(), _folder(manifest.model_type)):
                newest.setdefault(folder, []).append(folder + _entry(manifest))
        newest = {folder: nsmallest(NEWEST_KEPT, entries) for folder, entries in newest.items()}
    yield from newest.values()


def _entries(manifest: ModelManifest) -> list[str]:
    entry = _entry(manifest)
    return [_folder() + entry, _folder(manifest.model_type) + entry, _entry_of_file(manifest)]


def _entry_of_file(manifest: ModelManifest) -> str:
    return _folder(manifest.model_type, manifest.dataset.file_id) + _entry(manifest)


def _entry(manifest: ModelManifest) -> str:
    made = newest_first(manifest.created_at, manifest.created_us or 0)
    return f"{made}-{HIGHEST_NUMBER - manifest.version:07d}-{manifest.model_name}"


def _folder(model_type: str | None = None, file_id: str | None = None) -> str:
    if model_type is None:
        return "all/"
    return f"type/{model_type}/" if file_id is None else f"file/{model_type}/{file_id}/"
