"""Models in the bucket: what was trained, the names it has, and which version of each serves."""

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from core.errors import BadSignatureError, InvalidInputError, NameTakenError, NoSuchModelError
from core.manifests import ModelManifest
from core.storage.artifacts import GRAPH, Artifacts
from core.storage.cache import WarmObjects
from core.storage.champions import Champions, Standing
from core.storage.documents import Documents
from core.storage.manifest_index import ManifestIndex
from core.storage.s3.object_store import ObjectStore
from core.storage.signed_models import StoredModel, check_manifest
from core.storage.versions import MODEL_NAME, Numbered, Versions

T = TypeVar("T")
R = TypeVar("R")

# How many requests to the bucket are on their way at a time where a call needs many.
SENDERS = 8


@dataclass(frozen=True)
class Page:
    """Versions in the order of their names and numbers, whether each serves, and where the next page begins."""

    models: list[tuple[ModelManifest, bool]]
    last: Numbered | None


class ModelRepository:
    """The models of a workspace.

    Files go first, then the manifest that makes a version exist, then the pointer that lets it serve.
    """

    def __init__(
        self, workspace: str, objects: ObjectStore, documents: Documents, warm: WarmObjects, index: ManifestIndex
    ) -> None:
        self._versions = Versions(workspace, objects, warm, index)
        self._artifacts = Artifacts(workspace, objects, warm)
        self._champions = Champions(workspace, documents)

    def publish(self, draft: ModelManifest, files: Mapping[str, bytes], *, promote: bool = True) -> ModelManifest:
        """Store a model of these files (GRAPH, PICKLE, EVALUATION) as the next version; returns its signed manifest.

        It serves from now on if `promote`, unless a later version did already. A job that published before gets what
        it published then. When only promoting fails, the version is there and the one before it goes on serving.
        """
        name, job_id = draft.model_name, draft.job_id
        # In this order: what the same job publishes from now on is met by `commit`, on one of the next numbers.
        number = max(self._versions.taken(name), default=0) + 1
        manifest = self.published_by(name, job_id) if job_id is not None else None
        if manifest is None:
            folder = self._artifacts.send(job_id, files)
            placed = draft.model_copy(update={"artifacts": folder})
            manifest = self._versions.commit(placed, number, once_a_job=True)
            if manifest.artifacts != folder:
                self._artifacts.discard(folder)
        if promote:
            self._champions.promote(name, manifest.version)
        return manifest

    def published_by(self, name: str, job_id: str) -> ModelManifest | None:
        """The version of this name that a job has published, or None."""
        if not self._artifacts.begun_by(job_id):
            return None
        manifests = self._versions.manifests(self._versions.listed(name))
        return next((manifest for manifest in manifests if manifest.job_id == job_id), None)

    def serving(self, name: str, *, fresh: bool = False) -> int | None:
        """The version that serves, or None. From memory, and about a second old at most; `fresh` asks the bucket."""
        return self._champions.standing(name, fresh=fresh).version

    def succeed(self, name: str, version: int, before: int | None) -> bool:
        """Let a version serve if `before` still does; returns whether it serves afterwards. Raises `ConflictError`."""
        return self._champions.succeed(name, version, before)

    def standing(self, name: str) -> Standing:
        """What is decided about the versions of a name, as the bucket has it: for acting on, not for showing."""
        return self._champions.standing(name, fresh=True)

    def resolve(self, name: str, version: int | None) -> int:
        """The version that is meant: this one, or the one that serves. From memory, and about a second old at most.

        Raises `NoSuchModelError` when none serves, or this one was deleted; it need not exist otherwise.
        """
        if MODEL_NAME.fullmatch(name):
            standing = self._champions.standing(name)
            if version is None and standing.version is not None:
                return standing.version
            if version is not None and version not in standing.deleted:
                return version
        which = f"model {name!r} serves" if version is None else f"version {version} of model {name!r} exists"
        raise NoSuchModelError(f"No {which}. GET /model/trained lists what there is.")

    def manifest(self, name: str, version: int | None = None) -> ModelManifest:
        """The manifest of a version, the serving one without `version`.

        Raises `NoSuchModelError`, and `BadSignatureError` when it is damaged.
        """
        return self._versions.read(name, self.resolve(name, version))

    def load(self, name: str, version: int) -> StoredModel:
        """A version with its graph; raises `NoSuchModelError`, and `BadSignatureError` when its bytes were changed."""
        manifest = self.manifest(name, version)
        return StoredModel(manifest, self.file(manifest, GRAPH))

    def file(self, manifest: ModelManifest, file: str) -> bytes:
        """GRAPH or PICKLE of a version, signature and digest checked; raises what `load` does."""
        return self._artifacts.read(manifest, file)

    def offer(self, manifest: ModelManifest, file: str, filename: str) -> str:
        """A URL that downloads GRAPH or PICKLE as `filename` during the next hour; checked as `file` does."""
        return self._artifacts.offer(manifest, file, filename)

    def evaluation(self, name: str, version: int | None = None) -> dict[str, Any] | None:
        """How a version was judged, beyond its manifest; None for one trained before this was kept."""
        body = self._artifacts.evaluation(self.manifest(name, version))
        return None if body is None else json.loads(body)

    def page(self, limit: int, after: Numbered | None = None, name: str | None = None) -> Page:
        """Up to `limit` versions after one of an earlier page, of one model or of all; damaged ones are left out."""
        listed = self._versions.listed(name)
        rest = [numbered for numbered in listed if after is None or numbered > after]
        chosen = {numbered: listed[numbered] for numbered in rest[:limit]}
        names = list(dict.fromkeys(numbered.name for numbered in chosen))
        standings = dict(zip(names, _each(self._champions.standing, names), strict=True))
        models = [
            (manifest, standings[manifest.model_name].version == manifest.version)
            for manifest in self._versions.manifests(chosen)
            if manifest.version not in standings[manifest.model_name].deleted
        ]
        return Page(models, list(chosen)[-1] if len(rest) > limit else None)

    def choose(self, name: str, version: int) -> int | None:
        """Let a version serve, an older one too; returns what served before. Raises `NoSuchModelError`."""
        self._believed(name, version)
        return self._champions.choose(name, version)

    def delete(self, name: str, version: int | None = None) -> list[int]:
        """Delete a version, or the whole model; returns the numbers, which no version ever has again.

        Raises `NoSuchModelError`, `ModelServesError` for the version that serves. What was interrupted is finished by
        the same call; until then nobody finds what it took away.
        """
        existing = [n.number for n in self._versions.listed(name)] if MODEL_NAME.fullmatch(name) else []
        doomed = [number for number in existing if version in (None, number)]
        if not doomed:
            what = f"model {name!r}" if version is None else f"version {version} of model {name!r}"
            raise NoSuchModelError(f"There is no {what}. GET /model/trained lists what there is.")
        self._champions.withdraw(name, doomed, serving_too=version is None)
        _each(lambda number: self._delete(name, number), doomed)
        return doomed

    def rename(self, old: str, new: str) -> list[int]:
        """Give a model another name: every version moves, and so does the champion; returns the versions' numbers.

        They keep their numbers, unless the name had some before. Until all have arrived the old name serves; what was
        interrupted is finished by the same call. Raises `InvalidInputError` for what cannot be a name,
        `NoSuchModelError`, `NameTakenError`, `BadSignatureError` when a version was changed, `ConflictError`.
        """
        check_name(new, "new_name")
        moving = self._movable(old)
        if self._champions.standing(new, fresh=True).arriving_from != old:
            if not moving:
                raise NoSuchModelError(f"There is no model {old!r}. GET /model/trained lists what there is.")
            if self._versions.listed(new):
                raise NameTakenError(f"There is a model {new!r} already. Choose another name, or delete that one.")
        self._champions.claim(old, new)
        moved = self._move(old, new, moving)
        self._champions.settle(old, new, moved)
        gone = self._champions.standing(old, fresh=True).deleted
        left = [n.number for n in self._versions.listed(old) if n.number in gone]
        _each(lambda number: self._erase(old, number), left)
        self._champions.release(old, new)
        return [numbered.number for numbered in self._versions.listed(new)]

    def _movable(self, name: str) -> list[ModelManifest]:
        """Every version that was not deleted, as the bucket has it; raises `BadSignatureError` unless all are ours."""
        if not MODEL_NAME.fullmatch(name):
            return []
        deleted = self._champions.standing(name, fresh=True).deleted
        numbers = [n.number for n in self._versions.listed(name) if n.number not in deleted]
        return _each(lambda number: self._believed(name, number), numbers)

    def _move(self, old: str, new: str, moving: list[ModelManifest]) -> dict[int, int]:
        """Publish these versions of `old` as versions of `new`, of the same files; the new numbers by the old ones."""
        # Read again: until both names were claimed, versions could be deleted.
        deleted = self._champions.standing(old, fresh=True).deleted
        manifests = {manifest.version: manifest for manifest in moving if manifest.version not in deleted}
        there = self._versions.manifests(self._versions.listed(new))
        arrived = {manifest.artifacts: manifest.version for manifest in there}
        last = max(self._versions.taken(new), default=0)
        moved: dict[int, int] = {}
        for number in self._versions.taken(old):
            if number not in manifests:
                self._versions.skip(new, number)
                continue
            manifest = self._artifacts.adopt(manifests[number])
            if manifest.artifacts not in arrived:
                draft = manifest.model_copy(update={"model_name": new})
                last = self._versions.commit(draft, max(number, last + 1)).version
                arrived[manifest.artifacts] = last
            moved[number] = arrived[manifest.artifacts]
        return moved

    def _believed(self, name: str, version: int) -> ModelManifest:
        """A manifest of ours as the bucket has it now; raises `NoSuchModelError`, `BadSignatureError`."""
        manifest = self._versions.read(name, version, fresh=True)
        check_manifest(manifest)
        return manifest

    def _delete(self, name: str, number: int) -> None:
        folder = None
        # A manifest that is damaged, or not ours, may name what is not its own: such a folder stays.
        with suppress(NoSuchModelError, BadSignatureError):
            folder = self._believed(name, number).artifacts
        self._erase(name, number)
        if folder is not None:
            self._artifacts.discard(folder)

    def _erase(self, name: str, number: int) -> None:
        self._versions.erase(name, number)
        self._artifacts.discard_beside(name, number)


def _each(call: Callable[[T], R], things: Sequence[T]) -> list[R]:
    """What `call` returns for each, a few at a time."""
    with ThreadPoolExecutor(SENDERS) as callers:
        return list(callers.map(call, things))


def check_name(name: str, field: str) -> None:
    """Raise `InvalidInputError` about this field of the request unless a model can have this name."""
    if not MODEL_NAME.fullmatch(name):
        raise InvalidInputError(
            f"{field} starts with a letter or digit and has up to 100 letters, digits, blanks, '.', '-' or '_'.",
            [{"field": field, "message": "has characters that a name cannot have"}],
        )
