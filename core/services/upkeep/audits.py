"""Audits of the manifests of a workspace, which are read page by page: there may be more of them than memory."""

import logging
from collections import Counter
from collections.abc import Iterator
from typing import Generic, TypeVar

from core.model_manifest import ModelManifest
from core.services.upkeep.cleanup import Finding, parsed
from core.storage.workspace import Workspace
from core.stored_document import Document

D = TypeVar("D", bound=Document)

log = logging.getLogger("regatta")

# A manifest that was written during an audit has a time no older than the newest of it, less so much: the bucket's
# clock may have been set back by an hour.
CLOCK_SECONDS = 2 * 3600.0


class Audit(Generic[D]):
    """An audit of one kind. What it says of all manifests is known once its pages have been read."""

    def __init__(self, workspace: Workspace, kind: str, document: type[D]) -> None:
        """Audit the manifests of this kind (`datasets`, `models` or `jobs`), which are such documents."""
        self._workspace = workspace
        self._kind = kind
        self._document = document
        self._wrong: Counter[str] = Counter()
        # Whether every manifest could be read: none is damaged or of a newer format.
        self.all_readable = True
        # When the newest manifest was written, by the bucket's clock (seconds since 1970).
        self.newest = 0.0

    def pages(self) -> Iterator[list[D]]:
        """Yield the manifests that can be read, in key order; log the others."""
        for page in self._workspace.index[self._kind].audit():
            for key in page.damaged:
                log.error("%s is damaged; what may depend on it stays", key)
            self._wrong.update(page.wrong.values())
            self.newest = max(self.newest, page.newest)
            documents = parsed(self._document, page.manifests)
            self.all_readable &= not page.damaged and len(documents) == len(page.manifests)
            yield documents

    def findings(self) -> Iterator[Finding]:
        """Find that entries of Redis differ from the manifests."""

        def mend() -> bool:
            self._workspace.index[self._kind].mend()
            return True

        if self._wrong:
            counts = ", ".join(f"{count} {what}" for what, count in sorted(self._wrong.items()))
            yield Finding(f"{self._workspace.name}/{self._kind} in Redis", f"entries are wrong: {counts}", 0, mend)


class NamedArtifacts:
    """The folders of model files that the manifests of a workspace name."""

    def __init__(self, workspace: Workspace, models: Audit[ModelManifest]) -> None:
        """Note what the pages of `models` name, as they are read by `noting`."""
        self._workspace = workspace
        self._models = models
        self._names: set[str] = set()

    def noting(self) -> Iterator[list[ModelManifest]]:
        """Yield the pages, and note the folders that they name."""
        for page in self._models.pages():
            self._names.update(manifest.artifacts for manifest in page if manifest.artifacts is not None)
            yield page

    @property
    def are_known(self) -> bool:
        """Return whether every manifest could be read: one that cannot be may name any folder."""
        return self._models.all_readable

    def __contains__(self, folder: object) -> bool:
        """Return whether a manifest named the folder when it was read."""
        return folder in self._names

    def are_named_by_now(self, folder: str) -> bool:
        """Return whether a manifest names the folder that was written since: a model that is renamed is in two places.

        One that cannot be read may name it.
        """
        for page in self._workspace.index["models"].audit(self._models.newest - CLOCK_SECONDS):
            manifests = parsed(ModelManifest, page.manifests)
            if page.damaged or len(manifests) < len(page.manifests):
                return True
            if any(manifest.artifacts == folder for manifest in manifests):
                return True
        return False
