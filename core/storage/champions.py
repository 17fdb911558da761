"""Which version of each model serves and which are gone: one small document a name, changed by conditional writes."""

import time
from collections.abc import Callable, Iterable

from pydantic import Field

from core.errors import ConflictError, ModelServesError, NameTakenError, NoSuchModelError
from core.manifests import Document
from core.storage.documents import Documents
from core.types import Json

CHAMPION = "champion.json"

# How long a process trusts what it knows of a name: a promotion or a deletion is known everywhere in about this time.
CHAMPION_SECONDS = 1.0


class Standing(Document):
    """What is decided about the versions of one name."""

    # The one that serves.
    version: int | None = None
    # The highest that ever served: a training that ends late, or is published twice, does not undo a rollback.
    newest: int = 0
    deleted: list[int] = Field(default_factory=list)
    # While a model gets another name: the other name, on either side.
    arriving_from: str | None = None
    leaving_for: str | None = None


class Champions:
    """The serving state of every name of a workspace."""

    def __init__(self, workspace: str, documents: Documents) -> None:
        self._workspace = workspace
        self._documents = documents
        self._known: dict[str, tuple[Standing, float]] = {}

    def standing(self, name: str, *, fresh: bool = False) -> Standing:
        """What was decided, as of at most about a second ago; `fresh` asks the bucket itself."""
        key = _key(self._workspace, name)
        known = self._known.get(key)
        if not fresh and known is not None and time.monotonic() - known[1] < CHAMPION_SECONDS:
            return known[0]
        return self._remember(key, _standing(self._documents.read(key, fresh=fresh)))

    def promote(self, name: str, version: int) -> None:
        """Let a version that was just trained serve, unless a later one did already."""

        def edit(standing: Standing) -> Standing | None:
            if version <= standing.newest or version in standing.deleted:
                return None
            return _serving(standing, version)

        self._change(name, edit)

    def succeed(self, name: str, version: int, before: int | None) -> bool:
        """Let a version serve if `before` still does (None: if none does); returns whether it serves afterwards.

        For whoever has judged it by the one before: once another one serves, that says nothing any more.
        """

        def edit(standing: Standing) -> Standing | None:
            if standing.version != before or version in standing.deleted:
                return None
            return _serving(standing, version)

        return self._change(name, edit).version == version

    def choose(self, name: str, version: int) -> int | None:
        """Let a version serve because somebody wants it to; returns what served before.

        Raises `NoSuchModelError` when the version was deleted, `ConflictError`.
        """
        before: list[int | None] = []

        def edit(standing: Standing) -> Standing:
            if version in standing.deleted:
                raise NoSuchModelError(f"Version {version} of model {name!r} was deleted.")
            before.append(standing.version)
            return _serving(standing, version)

        self._change(name, edit)
        return before[-1]

    def withdraw(self, name: str, versions: Iterable[int], *, serving_too: bool) -> None:
        """Let nobody use these versions any more, because they are deleted.

        Raises `ModelServesError` when one serves and may not go, `ConflictError` while the model gets another name.
        """

        def edit(standing: Standing) -> Standing:
            if other := standing.leaving_for or standing.arriving_from:
                old, new = (name, other) if standing.leaving_for else (other, name)
                raise ConflictError(
                    f"Model {old!r} is on its way to the name {new!r}. Try again, or send POST /model/rename/{old} "
                    "once more where that was interrupted."
                )
            if standing.version in doomed and not serving_too:
                raise ModelServesError(
                    f"Version {standing.version} of model {name!r} serves. Let another one serve first with POST "
                    f"/model/champion/{name}, or delete the whole model by leaving out version."
                )
            return _without(standing, doomed)

        doomed = set(versions)
        self._change(name, edit)

    def claim(self, old: str, new: str) -> None:
        """Mark both names for a move from one to the other; doing it again, after an interruption, changes nothing.

        Raises `NameTakenError` when the new name has a model, `ConflictError` when another move is going on.
        """

        def arrive(standing: Standing) -> Standing | None:
            if standing.arriving_from == old:
                return None
            if standing.version is not None or standing.arriving_from or standing.leaving_for:
                raise NameTakenError(f"There is a model {new!r} already. Choose another name, or delete that one.")
            return standing.model_copy(update={"arriving_from": old})

        def leave(standing: Standing) -> Standing:
            if standing.arriving_from or standing.leaving_for not in (None, new):
                raise ConflictError(f"Model {old!r} is getting another name already. Finish that with the same call.")
            return standing.model_copy(update={"leaving_for": new})

        leave(self.standing(old, fresh=True))
        self._change(new, arrive)
        self._change(old, leave)

    def settle(self, old: str, new: str, moved: dict[int, int]) -> None:
        """Let the new name serve what the old one did, and the old one nothing; `moved`: new numbers by old ones."""
        serving = self.standing(old, fresh=True).version

        def arrived(standing: Standing) -> Standing | None:
            if serving is None or serving not in moved or standing.version is not None:
                return None
            return _serving(standing, moved[serving])

        self._change(new, arrived)
        self._change(old, lambda standing: _without(standing, set(moved)))

    def release(self, *names: str) -> None:
        """These names are like any other again."""
        for name in names:
            self._change(
                name,
                lambda standing: standing.model_copy(update={"arriving_from": None, "leaving_for": None}),
            )

    def _change(self, name: str, edit: Callable[[Standing], Standing | None]) -> Standing:
        def edited(document: Json | None) -> Json | None:
            after = edit(_standing(document))
            return None if after is None else after.model_dump()

        key = _key(self._workspace, name)
        return self._remember(key, _standing(self._documents.change(key, edited)))

    def _remember(self, key: str, standing: Standing) -> Standing:
        # What serves nothing is not remembered: whoever trains it in another process may ask here right afterwards.
        if standing.version is None:
            self._known.pop(key, None)
        else:
            self._known[key] = (standing, time.monotonic())
        return standing


def _standing(document: Json | None) -> Standing:
    if document is None:
        return Standing()
    # Before there were rollbacks, the one that served was always the newest.
    return Standing.model_validate({"newest": document["version"], **document})


def _serving(standing: Standing, version: int) -> Standing:
    return standing.model_copy(update={"version": version, "newest": max(version, standing.newest)})


def _without(standing: Standing, versions: set[int]) -> Standing:
    serves = None if standing.version in versions else standing.version
    return standing.model_copy(update={"version": serves, "deleted": sorted(versions.union(standing.deleted))})


def _key(workspace: str, name: str) -> str:
    return f"{workspace}/models/{name}/{CHAMPION}"
