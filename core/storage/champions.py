"""Which version of each model serves and which are deleted.

One small document a name, changed by conditional writes.
"""

import logging
import time
from collections.abc import Callable, Iterable
from math import inf

from pydantic import Field

from core.deadlines import deadline
from core.errors import ConflictError, ModelServesError, NameTakenError, NoSuchModelError, UnavailableError
from core.settings import settings
from core.storage.documents import Documents
from core.storage.leases import parse_document
from core.stored_document import DamagedDocumentError, Document, no_items
from core.types import Json

CHAMPION = "champion.json"

# How old the state may be that a process remembers: every process knows of a promotion within this time.
CHAMPION_SECONDS = 1.0
# How long a request waits until the state is read again, where there is one to go on with.
REFRESH_SECONDS = 2.0

log = logging.getLogger("regatta")


class ServingState(Document):
    """Which version of one name serves, and which are deleted."""

    # The version that serves.
    version: int | None = None
    # The highest that ever served: a version up to it is not promoted by its training, which would undo a rollback.
    newest: int = 0
    deleted: list[int] = Field(default_factory=no_items)
    # While a model is renamed: the other name, on both sides.
    arriving_from: str | None = None
    leaving_for: str | None = None


class Champions:
    """The serving state of every name of a workspace."""

    def __init__(self, workspace: str, documents: Documents) -> None:
        self._workspace = workspace
        self._documents = documents
        # By key the state, when it was read or written, and since when it may be out of date.
        self._known: dict[str, tuple[ServingState, float, float]] = {}
        # By key until when what is known is used although it is old: it is being read again, or could not be.
        self._used_until: dict[str, float] = {}
        # The keys that could not be read again.
        self._stale: set[str] = set()
        # What was read before is not known any more: another process has written since.
        self._forgotten_at = -inf

    def serving_state(self, name: str, *, fresh: bool = False) -> ServingState:
        """Return the state of a name, at most about a second old; `fresh` reads the bucket itself.

        Where storage does not answer, a state that was read within REGATTA_STALE_SECONDS is returned: `stale_seconds`.
        """
        known = None if fresh else self.known_state(name)
        if known is not None:
            return known
        key, begun = _key(self._workspace, name), time.monotonic()
        usable = None if fresh else self._usable(key, begun)
        if usable is None:
            return self._read(key, begun, fresh=fresh)
        self._used_until[key] = begun + REFRESH_SECONDS
        try:
            with deadline(REFRESH_SECONDS):
                return self._read(key, begun, fresh=False)
        except UnavailableError as error:
            log.warning("the champion of %s could not be read again: %s", name, error.detail)
            self._stale.add(key)
            self._used_until[key] = time.monotonic() + CHAMPION_SECONDS
            return usable

    def readable_state(self, name: str) -> ServingState | None:
        """Return the state of a name, None where its document is damaged: it hides no other name."""
        try:
            return self.serving_state(name)
        except DamagedDocumentError as error:
            log.error("nobody knows which version of a model serves: %s", error.detail)
            return None

    def known_state(self, name: str) -> ServingState | None:
        """Return the state of a name where nothing has to be read for it, else None."""
        key, now = _key(self._workspace, name), time.monotonic()
        known = self._known.get(key)
        if known is None or known[1] < self._forgotten_at:
            return None
        if now - known[2] < CHAMPION_SECONDS:
            return known[0]
        return self._usable(key, now) if now < self._used_until.get(key, -inf) else None

    def stale_seconds(self, name: str) -> float | None:
        """Return how old the state of a name is that could not be read again; None where it could."""
        key = _key(self._workspace, name)
        return time.monotonic() - self._known[key][2] if key in self._stale else None

    def _usable(self, key: str, now: float) -> ServingState | None:
        """Return what is known, if a model serves by it and it was read lately enough to be used in an outage."""
        known = self._known.get(key)
        return known[0] if known is not None and now - known[2] < settings().stale_seconds else None

    def _read(self, key: str, begun: float, *, fresh: bool) -> ServingState:
        found = self._documents.read_with_age(key, fresh=fresh)
        return self._remember(key, _parse_state(key, found.document), begun, time.monotonic() - found.age)

    def forget(self) -> None:
        """Read every state anew, also where a read of before is still under way."""
        self._forgotten_at = time.monotonic()

    def promote(self, name: str, version: int) -> None:
        """Let a newly trained version serve, unless a later one has served already."""

        def edit(state: ServingState) -> ServingState | None:
            if version <= state.newest or version in state.deleted:
                return None
            return _serving(state, version)

        self._change(name, edit)

    def replace_champion(self, name: str, version: int, before: int | None) -> bool:
        """Let a version serve if `before` still does (None: if none does); return whether it serves afterwards.

        A caller that has compared the version with `before` uses this: the comparison says nothing about another one.
        """

        def edit(state: ServingState) -> ServingState | None:
            if state.version != before or version in state.deleted:
                return None
            return _serving(state, version)

        return self._change(name, edit).version == version

    def choose(self, name: str, version: int, newest: int) -> int | None:
        """Let a version serve on request; return the version that served before.

        No training promotes a version up to `newest` any more, not even one whose promotion was cut off. A damaged
        state is replaced. Raises `NoSuchModelError` when the version was deleted, `ConflictError`.
        """
        before: list[int | None] = []

        def edit(state: ServingState) -> ServingState:
            if version in state.deleted:
                raise NoSuchModelError(f"Version {version} of model {name!r} was deleted.")
            before.append(state.version)
            return _serving(state.model_copy(update={"newest": max(newest, state.newest)}), version)

        self._change(name, edit, replace_damaged=True)
        return before[-1]

    def withdraw(self, name: str, versions: Iterable[int], *, serving_too: bool) -> None:
        """Mark these versions as deleted, so that nobody uses them any more.

        Raises `ModelServesError` when one serves and may not go, `ConflictError` while the model gets another name.
        """

        def edit(state: ServingState) -> ServingState:
            if other := state.leaving_for or state.arriving_from:
                old, new = (name, other) if state.leaving_for else (other, name)
                raise ConflictError(
                    f"Model {old!r} is on its way to the name {new!r}. Try again, or send POST /model/rename/{old} "
                    "once more where that was interrupted."
                )
            if state.version in doomed and not serving_too:
                raise ModelServesError(
                    f"Version {state.version} of model {name!r} serves. Let another one serve first with POST "
                    f"/model/champion/{name}, or delete the whole model by leaving out version."
                )
            return _without(state, doomed)

        doomed = set(versions)
        self._change(name, edit)

    def claim(self, old: str, new: str) -> None:
        """Mark both names for a move from one to the other; a second call, after an interruption, changes nothing.

        Raises `NameTakenError` when the new name has a model, `ConflictError` when another move is going on.
        """

        def arrive(state: ServingState) -> ServingState | None:
            if state.arriving_from == old:
                return None
            if state.version is not None or state.arriving_from or state.leaving_for:
                raise NameTakenError(f"There is a model {new!r} already. Choose another name, or delete that one.")
            return state.model_copy(update={"arriving_from": old})

        def leave(state: ServingState) -> ServingState:
            if state.arriving_from or state.leaving_for not in (None, new):
                raise ConflictError(f"Model {old!r} is getting another name already. Finish that with the same call.")
            return state.model_copy(update={"leaving_for": new})

        leave(self.serving_state(old, fresh=True))
        self._change(new, arrive)
        try:
            self._change(old, leave)
        except ConflictError:
            self.release(new)
            raise

    def settle(self, old: str, new: str, moved: dict[int, int]) -> None:
        """Make the old name's champion the champion of the new name, and leave the old name without one.

        `moved` has the new number of each version by its old one.
        """
        serving = self.serving_state(old, fresh=True).version

        def arrived(state: ServingState) -> ServingState | None:
            if serving is None or serving not in moved or state.version is not None:
                return None
            return _serving(state, moved[serving])

        self._change(new, arrived)
        self._change(old, lambda state: _without(state, set(moved)))

    def release(self, *names: str) -> None:
        """End the move: clear the marks of these names."""
        for name in names:
            self._change(
                name,
                lambda state: state.model_copy(update={"arriving_from": None, "leaving_for": None}),
            )

    def _change(
        self, name: str, edit: Callable[[ServingState], ServingState | None], *, replace_damaged: bool = False
    ) -> ServingState:
        def edited(document: Json | None) -> Json | None:
            try:
                before = _parse_state(key, document)
            except DamagedDocumentError:
                if not replace_damaged:
                    raise
                before = ServingState()
            after = edit(before)
            return None if after is None else after.model_dump()

        key, begun = _key(self._workspace, name), time.monotonic()
        state = _parse_state(key, self._documents.change(key, edited, replace_damaged=replace_damaged))
        return self._remember(key, state, time.monotonic(), begun)

    def _remember(self, key: str, state: ServingState, order: float, since: float) -> ServingState:
        self._stale.discard(key)
        self._used_until.pop(key, None)
        known = self._known.get(key)
        if known is not None and known[1] > order:
            return known[0]  # another thread has changed it since this one began to read
        # A name without a champion is not believed again: another process may publish its first version at any moment.
        self._known[key] = (state, order, since if state.version is not None else -inf)
        return state


def _parse_state(key: str, document: Json | None) -> ServingState:
    if document is None:
        return ServingState()
    # Before there were rollbacks, the version that served was always the newest.
    return parse_document(key, ServingState, {"newest": document.get("version"), **document})


def _serving(state: ServingState, version: int) -> ServingState:
    return state.model_copy(update={"version": version, "newest": max(version, state.newest)})


def _without(state: ServingState, versions: set[int]) -> ServingState:
    serves = None if state.version in versions else state.version
    return state.model_copy(update={"version": serves, "deleted": sorted(versions.union(state.deleted))})


def _key(workspace: str, name: str) -> str:
    return f"{workspace}/models/{name}/{CHAMPION}"
