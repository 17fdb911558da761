"""Changes of models that take several steps: promoting a new version, renaming, deleting.

Each has a step that decides, which is one conditional write of the serving state. Before it nothing has changed; after
it the rest is finished: by the same call, or by whoever finds its note.
"""

import logging
from bisect import bisect_left
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeVar

from core.context_threads import run_in_threads
from core.errors import (
    BadSignatureError,
    NameTakenError,
    NewerFormatError,
    NoSuchModelError,
    OutcomeUnknownError,
    UnavailableError,
)
from core.model_manifest import ModelManifest
from core.storage.artifacts import Artifacts
from core.storage.champions import Champions
from core.storage.unfinished import UnfinishedChanges
from core.storage.versions import MODEL_NAME, SENDERS, Versions
from core.types import Json

log = logging.getLogger("regatta")

T = TypeVar("T")
R = TypeVar("R")


class ModelChanges:
    """The changes of several steps of the models of a workspace."""

    def __init__(
        self, versions: Versions, artifacts: Artifacts, champions: Champions, unfinished: UnfinishedChanges
    ) -> None:
        self._versions = versions
        self._artifacts = artifacts
        self._champions = champions
        self._unfinished = unfinished

    def commit(self, draft: ModelManifest, number: int, *, promote: bool) -> ModelManifest:
        """Create a version from `number` on, and let it serve if `promote`; return its manifest.

        One of the same job that exists already is returned instead, and promoted.
        """
        if not promote:
            return self._versions.commit(draft, number, once_a_job=True)
        with self._unfinished.noted("promote", name=draft.model_name, artifacts=draft.artifacts or ""):
            manifest = self._versions.commit(draft, number, once_a_job=True)
            self._champions.promote(draft.model_name, manifest.version)
            return manifest

    def delete(self, name: str, version: int | None) -> list[int]:
        """Delete a version, or all of them; return their numbers. Raises as `ModelRepository.delete` does."""
        existing = [n.number for n in self._versions.listed(name)] if MODEL_NAME.fullmatch(name) else []
        doomed = [number for number in existing if version in (None, number)]
        if not doomed:
            what = f"model {name!r}" if version is None else f"version {version} of model {name!r}"
            raise NoSuchModelError(f"There is no {what}. GET /model/trained lists what there is.")
        try:
            with self._unfinished.noted("delete", name=name):
                self._champions.withdraw(name, doomed, serving_too=version is None)
                self._erase(name, doomed)
        except UnavailableError as error:
            if not set(doomed) <= self._withdrawn(name, error):
                raise
            # Nobody finds them any more, so they are deleted.
            log.warning("Files of deleted versions of %r are left for the next cleanup: %s", name, error.detail)
        return doomed

    def _withdrawn(self, name: str, error: UnavailableError) -> set[int]:
        """Return which versions are marked as deleted; raises `error` where nobody knows."""
        try:
            return set(self._champions.serving_state(name, fresh=True).deleted)
        except UnavailableError:
            raise error from None

    def rename(self, old: str, new: str) -> list[int]:
        """Give a model another name; return the versions' numbers. Raises as `ModelRepository.rename` does."""
        moving = self._movable(old)
        if self._champions.serving_state(new, fresh=True).arriving_from != old:
            if not moving:
                raise NoSuchModelError(f"There is no model {old!r}. GET /model/trained lists what there is.")
            if self._existing(new):
                raise NameTakenError(f"There is a model {new!r} already. Choose another name, or delete that one.")
        with self._unfinished.noted("rename", old=old, new=new):
            self._champions.claim(old, new)
            try:
                self._carry_out(old, new, moving)
            except UnavailableError as error:
                raise OutcomeUnknownError(
                    f"{error.detail} Model {old!r} is on its way to the name {new!r}. That is finished within a "
                    "minute, by itself or by the same call."
                ) from error
        return self._existing(new)

    def _carry_out(self, old: str, new: str, moving: list[ModelManifest]) -> None:
        """Move the versions of a name that is claimed for another one, then the champion; clear the old name."""
        moved = self._move(old, new, moving)
        self._champions.settle(old, new, moved)
        gone = self._champions.serving_state(old, fresh=True).deleted
        left = [n.number for n in self._versions.listed(old) if n.number in gone]
        self._erase(old, left, with_files=False)
        self._champions.release(old, new)

    def finish(self, facts: Json) -> bool:
        """Finish the change that a note is about; return whether there was anything to finish."""
        match facts:
            case {"kind": "promote", "name": str(name), "artifacts": str(artifacts)}:
                return self._finish_promotion(name, artifacts)
            case {"kind": "delete", "name": str(name)}:
                deleted = self._champions.serving_state(name, fresh=True).deleted
                left = [n.number for n in self._versions.listed(name) if n.number in deleted]
                self._erase(name, left)
                return bool(left)
            case {"kind": "rename", "old": str(old), "new": str(new)}:
                return self._finish_rename(old, new)
        log.error("A note is about no change of models that this version knows: %s", facts)
        return False

    def _finish_promotion(self, name: str, artifacts: str) -> bool:
        manifests = self._versions.manifests(self._versions.listed(name))
        version = next((one.version for one in manifests if one.artifacts == artifacts), None)
        if version is None or version <= self._champions.serving_state(name, fresh=True).newest:
            return False
        self._champions.promote(name, version)
        return True

    def _finish_rename(self, old: str, new: str) -> bool:
        arriving = self._champions.serving_state(new, fresh=True).arriving_from == old
        leaving = self._champions.serving_state(old, fresh=True).leaving_for == new
        if arriving:
            moving = self._movable(old)
            self._champions.claim(old, new)
            self._carry_out(old, new, moving)
        elif leaving:
            self._champions.release(old)  # the new name has been released already
        return arriving or leaving

    def _movable(self, name: str) -> list[ModelManifest]:
        """Return the manifest of every version that is not deleted, read from the bucket.

        Raises `BadSignatureError` unless all are signed.
        """
        if not MODEL_NAME.fullmatch(name):
            return []
        return map_together(lambda number: self._versions.read(name, number, fresh=True), self._existing(name))

    def _existing(self, name: str) -> list[int]:
        """Return the numbers of the versions that are not deleted, read from the bucket."""
        deleted = self._champions.serving_state(name, fresh=True).deleted
        return [n.number for n in self._versions.listed(name) if n.number not in deleted]

    def _move(self, old: str, new: str, moving: list[ModelManifest]) -> dict[int, int]:
        """Publish these versions of `old` as versions of `new`, of the same files.

        Return the new number of each old one.
        """
        # Read again: until both names were claimed, versions could be deleted.
        deleted = self._champions.serving_state(old, fresh=True).deleted
        left = [manifest for manifest in moving if manifest.version not in deleted]
        manifests = {manifest.version: manifest for manifest in map_together(self._artifacts.with_own_folder, left)}
        # The numbers first: a version that another process moves in between is then among those that have arrived.
        taken = self._versions.taken(new)
        there = self._versions.manifests(self._versions.listed(new))
        arrived = {manifest.artifacts: manifest.version for manifest in there}
        gone = [number for number in self._versions.taken(old) if number not in manifests and number not in taken]
        drafts = _numbered(
            new, [one for one in manifests.values() if one.artifacts not in arrived], max(taken, default=0)
        )
        self._versions.announce(drafts.values())
        # One after another: where this is cut off, every number below the last one is taken.
        for number, draft in drafts.items():
            place = bisect_left(gone, number)
            self._reserve(new, gone[:place])
            gone = gone[place:]
            arrived[draft.artifacts] = self._versions.commit(draft, draft.version, announced=True).version
        self._reserve(new, gone)
        return {number: arrived[manifest.artifacts] for number, manifest in manifests.items()}

    def _reserve(self, name: str, numbers: Sequence[int]) -> None:
        map_together(lambda number: self._versions.reserve(name, number), numbers)

    def _erase(self, name: str, numbers: Sequence[int], *, with_files: bool = True) -> None:
        """Erase versions that are marked as deleted: manifests last, by which they are found where this is cut off."""

        def discard_files(number: int) -> ModelManifest | None:
            manifest = None
            # One that is damaged or not signed may name a folder that is not its own, so such a folder stays.
            with suppress(NoSuchModelError, BadSignatureError, NewerFormatError):
                manifest = self._versions.read(name, number, fresh=True)
            if manifest is None or manifest.artifacts is None:
                self._artifacts.discard_beside(name, number)
            elif with_files:
                self._artifacts.discard(manifest.artifacts)
            return manifest

        self._versions.erase(name, dict(zip(numbers, map_together(discard_files, numbers), strict=True)))


def _numbered(name: str, moving: Sequence[ModelManifest], last: int) -> dict[int, ModelManifest]:
    """Return versions under another name whose last number is `last`, by their old numbers, which they keep if free."""
    drafts: dict[int, ModelManifest] = {}
    for manifest in moving:
        last = max(manifest.version, last + 1)
        drafts[manifest.version] = manifest.model_copy(update={"model_name": name, "version": last})
    return drafts


def map_together(call: Callable[[T], R], arguments: Sequence[T]) -> list[R]:
    """Return the result of `call` for each argument; several calls run at a time."""
    return run_in_threads(call, arguments, SENDERS)
