"""Pages of the list of models: versions by name and number, each with whether it serves."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby, islice

from core.model_manifest import VersionId
from core.storage.champions import Champions
from core.storage.lists.list_index import ListIndex
from core.storage.lists.model_list import ModelList, ModelRow, version_at
from core.storage.lists.segments import ListedManifest
from core.storage.model_changes import map_together


@dataclass(frozen=True)
class ModelPage:
    """One page of versions, by name and number: each with whether it serves, and the last one where more follow.

    `damaged` names the models of which nobody can read what serves.
    """

    models: list[tuple[ModelRow, bool]]
    last: VersionId | None
    damaged: list[str]


class ModelPages:
    """The list of the models of a workspace, a page at a time."""

    def __init__(self, listed: ModelList, index: ListIndex, champions: Champions) -> None:
        self._listed = listed
        self._index = index
        self._champions = champions

    def page(self, limit: int, after: VersionId | None, name: str | None) -> ModelPage:
        """Return up to `limit` versions after `after`, of one model or of all; damaged ones are left out."""
        chosen = list(islice(self._after(name, after), limit + 1))
        page, following = chosen[:limit], chosen[limit:]
        rows = self._index.rows([listed for _, listed in page])
        names = [name for name, _ in groupby(version.name for version, _ in page)]
        states = dict(zip(names, map_together(self._champions.readable_state, names), strict=True))
        models = []
        for version, listed in page:
            row, state = rows.get(listed.key), states[version.name]
            if row is None or (state is not None and version.number in state.deleted):
                continue
            # A manifest that names another version was put there by hand.
            if version == VersionId(row["model_name"], row["version"]):
                models.append((ModelRow.model_validate(row), state is not None and state.version == version.number))
        damaged = [name for name, state in states.items() if state is None]
        return ModelPage(models, page[-1][0] if following else None, damaged)

    def _after(self, name: str | None, after: VersionId | None) -> Iterator[tuple[VersionId, ListedManifest]]:
        """Yield the versions after one, of one name or of all, in the order of the list."""
        if name is not None and (after is None or after.name != name):
            after = VersionId(name, 0)
        for listed in self._listed.page_after(after):
            version = version_at(listed.place)
            if name is not None and version.name != name:
                return
            yield version, listed
