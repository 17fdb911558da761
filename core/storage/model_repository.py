"""Models in the bucket: their files, names and versions, and which version serves."""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from core.errors import InvalidInputError, NoSuchModelError, UnavailableError
from core.model_manifest import ModelManifest, VersionId
from core.storage.artifacts import GRAPH, Artifacts
from core.storage.cache import CachedObjects
from core.storage.champions import Champions, ServingState
from core.storage.documents import Documents
from core.storage.lists.list_index import create_list_index
from core.storage.lists.model_list import ModelList
from core.storage.lists.newest_order import NewestOrder
from core.storage.lists.upkeep import Later, Upkeep
from core.storage.manifest_index import ManifestIndex
from core.storage.model_changes import ModelChanges
from core.storage.model_pages import ModelPage, ModelPages
from core.storage.newest_models import NewestModels
from core.storage.s3.object_store import ObjectStore
from core.storage.signed_models import StoredModel, is_signed_before
from core.storage.unfinished import UnfinishedChanges
from core.storage.versions import MODEL_NAME, Versions
from core.types import Json


class ModelRepository:
    """The models of a workspace.

    Files go first, then the manifest that makes a version exist, then the pointer that lets it serve.
    """

    def __init__(
        self,
        workspace: str,
        objects: ObjectStore,
        documents: Documents,
        cached_objects: CachedObjects,
        index: ManifestIndex,
        current_file: Callable[[], str | None] = lambda: None,
        later: Later | None = None,
    ) -> None:
        """`current_file` returns the id of the workspace's current file, or None; `later` is as for `Upkeep`."""
        newest = NewestOrder(workspace, objects)
        self._versions = Versions(workspace, objects, cached_objects, index, newest)
        self._artifacts = Artifacts(workspace, objects, cached_objects)
        self._champions = Champions(workspace, documents)
        self._changes = ModelChanges(
            self._versions, self._artifacts, self._champions, UnfinishedChanges(workspace, objects)
        )
        self._listed = ModelList(
            workspace, objects, lambda name: (self._champions.readable_state(name) or ServingState()).deleted
        )
        self.list_index = create_list_index(
            workspace, "models", objects, documents, cached_objects, index, self._listed, later
        )
        self._pages = ModelPages(self._listed, self.list_index, self._champions)
        upkeep = Upkeep(documents, f"{workspace}/index/newest/lease.json", later)
        self.newest = NewestModels(self._versions, self._champions, current_file, newest, self._listed, upkeep)

    def forget_states(self) -> None:
        """Read anew which versions serve, because another process has written for this one."""
        self._champions.forget()
        self.newest.forget()

    def publish(self, draft: ModelManifest, files: Mapping[str, bytes], *, promote: bool = True) -> ModelManifest:
        """Store a model of these files (GRAPH, PICKLE, EVALUATION) as the next version; return its signed manifest.

        With `promote` it becomes the champion, unless a later version was one. If the job has published a version
        before, that one is returned. If only the promotion fails, the version exists and the champion stays.
        """
        name, job_id = draft.model_name, draft.job_id
        # The number comes first: a version that another attempt of the job publishes after it has one of the next
        # numbers, where `commit` finds it.
        number = self._versions.last_taken(name) + 1
        manifest = self.published_by(name, job_id) if job_id is not None else None
        if manifest is None:
            folder = self._artifacts.send(job_id, files)
            placed = draft.model_copy(update={"artifacts": folder})
            manifest = self._changes.commit(placed, number, promote=promote)
            if manifest.artifacts != folder:
                with suppress(UnavailableError):  # no manifest names the files that are left
                    self._artifacts.discard(folder)
        elif promote:
            self._champions.promote(name, manifest.version)
        self.newest.prepare()
        self.newest.forget()
        return manifest

    def published_by(self, name: str, job_id: str) -> ModelManifest | None:
        """Return the version of this name that a job has published, or None."""
        if not self._artifacts.has_files_of(job_id):
            return None
        manifests = self._versions.manifests(self._versions.listed(name))
        return next((manifest for manifest in manifests if manifest.job_id == job_id), None)

    def serving(self, name: str, *, fresh: bool = False) -> int | None:
        """Return the version that serves, or None: from memory, at most about a second old.

        `fresh` reads the bucket.
        """
        return self._champions.serving_state(name, fresh=fresh).version

    def replace_champion(self, name: str, version: int, before: int | None) -> bool:
        """Let a version serve if `before` still does; return whether it serves afterwards. Raises `ConflictError`."""
        return self._champions.replace_champion(name, version, before)

    def serving_state(self, name: str) -> ServingState:
        """Return which version of a name serves and which are deleted, read from the bucket."""
        return self._champions.serving_state(name, fresh=True)

    def resolve(self, name: str, version: int | None) -> int:
        """Return the version that a caller means: `version`, or the one that serves, which may be a second old.

        Raises `NoSuchModelError` when none serves or `version` was deleted. Whether `version` exists is not checked.
        """
        if MODEL_NAME.fullmatch(name):
            state = self._champions.serving_state(name)
            if version is None and state.version is not None:
                return state.version
            if version is not None and version not in state.deleted:
                return version
        which = f"model {name!r} serves" if version is None else f"version {version} of model {name!r} exists"
        raise NoSuchModelError(f"No {which}. GET /model/trained lists what there is.")

    def find(self, name: str | None, version: int | None = None) -> VersionId:
        """Return the version that a caller means, as `resolve` does.

        A model type that is no model's name means the newest model of that type, of the current file if that has one;
        None means the model that was trained last. Raises `NoSuchModelError`.
        """
        if name is not None and not self._is_unused_type(name):
            return VersionId(name, self.resolve(name, version))
        newest = self.newest.name(name)
        if newest is None:
            what = "model" if name is None else f"model {name!r}, nor one of this model type,"
            raise NoSuchModelError(f"There is no {what} yet. POST /model/train trains one.")
        return VersionId(newest, self.resolve(newest, version))

    def known(self, name: str, version: int | None = None) -> VersionId | None:
        """Return what `find` would return, where nothing has to be read for it and `name` is a model's, else None."""
        state = self._champions.known_state(name)
        if state is None or state.version is None or version in state.deleted:
            return None
        return VersionId(name, version or state.version)

    def stale_seconds(self, name: str) -> float | None:
        """Return how many seconds ago storage last said which version of a name serves; None: lately, as always."""
        return self._champions.stale_seconds(name)

    def _is_unused_type(self, name: str) -> bool:
        """Return whether a name is a model type, and no model has it."""
        if not MODEL_NAME.fullmatch(name):
            return False
        try:
            if self._champions.serving_state(name).version is not None:
                return False
        except UnavailableError:
            if not self.newest.is_known(name):
                raise
            return True
        from core.catalogue import CATALOGUE  # a request for a model that there is does not need it

        return name in CATALOGUE and not self._versions.listed(name)

    def manifest(self, name: str | None, version: int | None = None) -> ModelManifest:
        """Return the manifest of a version, found as by `find`: of the serving one without `version`.

        Raises `NoSuchModelError`, and `BadSignatureError` when it is damaged.
        """
        found = self.find(name, version)
        return self._versions.read(found.name, found.number)

    def load(self, name: str, version: int) -> StoredModel:
        """Return a version with its graph.

        Raises `NoSuchModelError`, and `BadSignatureError` when bytes were changed.
        """
        manifest = self._versions.read(name, self.resolve(name, version))
        return StoredModel(manifest, self.file(manifest, GRAPH))

    def file(self, manifest: ModelManifest, file: str) -> bytes:
        """Return GRAPH or PICKLE of a version after verifying signature and digest; raises what `load` does."""
        return self._artifacts.read(manifest, file)

    def presign(self, manifest: ModelManifest, file: str, filename: str) -> str:
        """Return a URL that downloads GRAPH or PICKLE as `filename` during the next hour; raises what `file` does."""
        return self._artifacts.presign(manifest, file, filename)

    def evaluation(self, name: str, version: int | None = None) -> dict[str, Any] | None:
        """Return the evaluation of a version beyond its manifest; None for one trained before this was stored."""
        body = self._artifacts.evaluation(self.manifest(name, version))
        return None if body is None else json.loads(body)

    def page(self, limit: int, after: VersionId | None = None, name: str | None = None) -> ModelPage:
        """Return up to `limit` versions after `after`, of one model, named as for `find`, or of all.

        Damaged ones are left out, and of an unknown model there are none.
        """
        if name is not None and self._is_unused_type(name):
            # The newest model of the type may be another one by now; the pages are those of the one that began them.
            name = after.name if after is not None else self.newest.name(name) or name
        return self._pages.page(limit, after, name)

    def choose(self, name: str, version: int) -> int | None:
        """Let a version serve, an older one too; return the version that served before. Raises `NoSuchModelError`.

        It replaces a damaged document of which version serves.
        """
        self._versions.read(name, version, fresh=True)
        self.newest.forget()
        return self._champions.choose(name, version, newest=self._versions.last_taken(name))

    def delete(self, name: str, version: int | None = None) -> list[int]:
        """Delete a version, or the whole model; return the deleted numbers, which are never used again.

        Raises `NoSuchModelError`, `ModelServesError` for the version that serves. An interrupted deletion is finished
        by the same call; until then nobody finds the versions that it marked.
        """
        deleted = self._changes.delete(name, version)
        self.newest.forget()
        return deleted

    def rename(self, old: str, new: str) -> list[int]:
        """Give a model another name: every version moves, and so does the champion; return the versions' numbers.

        They keep their numbers, unless the name had some before. Until all have moved the old name serves; a move that
        was interrupted is finished by the same call. Raises `InvalidInputError` for what cannot be a name,
        `NoSuchModelError`, `NameTakenError`, `BadSignatureError` when a version was changed, `ConflictError`.
        """
        check_name(new, "new_name")
        moved = self._changes.rename(old, new)
        self.newest.forget()
        return moved

    def signed_before(self) -> list[VersionId]:
        """Return the versions that a version of Regatta before 0.3 signed, or claims to have."""
        manifests = self._versions.manifests(self._versions.listed())
        return [VersionId(one.model_name, one.version) for one in manifests if is_signed_before(one)]

    def sign_anew(self, version: VersionId) -> ModelManifest:
        """Sign one of those anew. Raises `NoSuchModelError`, `BadSignatureError` when its signature is wrong."""
        return self._versions.sign_anew(version.name, version.number)

    def finish(self, facts: Json) -> bool:
        """Finish the change that a note is about, if it was cut off; return whether there was anything to finish."""
        finished = self._changes.finish(facts)
        if finished:
            self.newest.forget()
        return finished


def check_name(name: str, field: str) -> None:
    """Raise `InvalidInputError` about this field of the request unless a model can have this name."""
    if not MODEL_NAME.fullmatch(name):
        raise InvalidInputError(
            f"{field} starts with a letter or digit and has up to 100 letters, digits, blanks, '.', '-' or '_'.",
            [{"field": field, "message": "has characters that a name cannot have"}],
        )
