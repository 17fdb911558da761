"""The newest model of a type, or of all: what a request means that names a model type, or no model, as its model."""

import time
from collections.abc import Callable, Iterator

from core.errors import UnavailableError
from core.model_manifest import ModelManifest
from core.storage.champions import CHAMPION_SECONDS, Champions
from core.storage.versions import Versions


class NewestModels:
    """The names of the newest models of a workspace; that of a model type may be about a second old.

    Where storage does not answer, the name that was found last is used.
    """

    def __init__(self, versions: Versions, champions: Champions, current_file: Callable[[], str | None]) -> None:
        """`current_file` returns the id of the workspace's current file, or None."""
        self._versions = versions
        self._champions = champions
        self._current_file = current_file
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
        current = None if model_type is None else self._current_file()

        def rank(manifest: ModelManifest) -> tuple[bool, str, int, int]:
            of_current = manifest.dataset.file_id == current
            return of_current, manifest.created_at, manifest.created_us or 0, manifest.version

        manifests = self._versions.manifests(self._versions.listed())
        chosen = [manifest for manifest in manifests if model_type in (None, manifest.model_type)]
        for manifest in sorted(chosen, key=rank, reverse=True):
            if self._champions.serving_state(manifest.model_name).version is not None:
                yield manifest.model_name
