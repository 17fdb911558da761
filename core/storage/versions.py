"""The numbered manifests of each model: created once, in order, never changed, and emptied when they are deleted."""

import logging
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import islice
from typing import Any

from pydantic import ValidationError

from core.context_threads import run_in_threads
from core.errors import BadSignatureError, NoSuchModelError
from core.model_manifest import ModelManifest, VersionId
from core.storage.cache import CachedObjects
from core.storage.lists.newest_order import NewestOrder
from core.storage.manifest_index import MANIFEST, ManifestIndex
from core.storage.s3.object_store import MissingObjectError, ObjectStore
from core.storage.signed_models import (
    NOT_SIGNED,
    check_manifest,
    dump_manifest,
    is_signed_before,
    sign_anew,
    sign_manifest,
)
from core.storage.signing import may_sign_anew

log = logging.getLogger("regatta")

MODEL_NAME = re.compile(r"\w[\w.\- ]{0,99}")
# How many requests to the bucket run at a time where a call needs many.
SENDERS = 8
# A listing has 1,000 keys; the versions of one name that has more are found by their numbers.
ONE_LISTING = 900
VERSION_KEY = re.compile(rf"[^/]+/models/([^/]+)/(\d+)/{re.escape(MANIFEST)}")


class Versions:
    """The versions of the models of a workspace.

    A version exists from the moment its manifest does, so nobody sees half of one. The number of a deleted version
    is never used again: its manifest stays, empty. So numbers have no gaps, and of two writers that create the same
    number at the same time, one finds the manifest of the other.
    """

    def __init__(
        self,
        workspace: str,
        objects: ObjectStore,
        cached_objects: CachedObjects,
        index: ManifestIndex,
        newest: NewestOrder,
    ) -> None:
        self._workspace = workspace
        self._objects = objects
        self._cached_objects = cached_objects
        self._index = index
        self._newest = newest

    def taken(self, name: str) -> list[int]:
        """Return every number that was ever used, in ascending order."""
        return sorted(self._numbers(name))

    def last_taken(self, name: str) -> int:
        """Return the last number that was ever used, 0 where none was; the reads do not grow with the versions."""
        listed = list(islice(self._numbers(name), ONE_LISTING + 1))
        last = max(listed, default=0)
        if len(listed) <= ONE_LISTING:
            return last
        while (found := last_taken(self._objects, self._workspace, name, last, 2 * last)) == 2 * last:
            last = found
        return found

    def _numbers(self, name: str) -> Iterator[int]:
        """Yield every number that was ever used, in the order of the bucket."""
        found = (VERSION_KEY.fullmatch(item.key) for item in self._objects.list(f"{self._workspace}/models/{name}/"))
        return (int(match[2]) for match in found if match)

    def listed(self, name: str | None = None) -> dict[VersionId, tuple[str, str]]:
        """Return key and ETag of the manifest of every version, of one model or of all, in order."""
        listed = self._index.listed("" if name is None else f"{name}/")
        found = {
            VersionId(match[1], int(match[2])): (key, etag)
            for key, etag in listed.items()
            if (match := VERSION_KEY.fullmatch(key))
        }
        return dict(sorted(found.items()))

    def manifests(self, listed: dict[VersionId, tuple[str, str]]) -> list[ModelManifest]:
        """Return the manifests of listed versions, from Redis where it has them; a damaged one is left out."""
        read = self._index.read(dict(listed.values()))
        parsed = ((numbered, _parsed(read.get(key))) for numbered, (key, _) in listed.items())
        return [
            manifest
            for numbered, manifest in parsed
            if manifest is not None and numbered == VersionId(manifest.model_name, manifest.version)
        ]

    def parsed(self, keys: Iterable[str]) -> list[ModelManifest]:
        """Return the manifests with these keys, from the bucket; a damaged one is left out."""
        fetched = self._index.fetch(keys).values()
        return [manifest for entry in fetched if (manifest := _parsed(entry["manifest"])) is not None]

    def read(self, name: str, number: int, *, fresh: bool = False) -> ModelManifest:
        """Return one manifest with a valid signature; `fresh` reads the bucket itself.

        Raises `NoSuchModelError`, and `BadSignatureError` when it is damaged or belongs elsewhere.
        """
        key = manifest_key(self._workspace, name, number)
        read = self._objects.get if fresh else self._cached_objects.read
        try:
            return self._verified(self._body(name, number, read), name, number)
        except BadSignatureError:
            if fresh:
                raise
        # Redis may have what was never stored under this key; the bucket knows.
        self._cached_objects.forget([key])
        return self._verified(self._body(name, number, read), name, number)

    def _body(self, name: str, number: int, read: Callable[[str], bytes]) -> bytes:
        body = b""
        if MODEL_NAME.fullmatch(name):
            with suppress(MissingObjectError):
                body = read(manifest_key(self._workspace, name, number))
        if not body:
            raise NoSuchModelError(f"Model {name!r} has no version {number}. GET /model/trained lists what there is.")
        return body

    def _verified(self, body: bytes, name: str, number: int) -> ModelManifest:
        """Return the manifest of these bytes if it was signed for this place; raises `BadSignatureError`."""
        manifest = _parsed(body)
        if manifest is None:
            raise BadSignatureError(
                f"The manifest of version {number} of model {name!r} is damaged. Train it again, and delete this one "
                f"with DELETE /model/trained/{name}?version={number}."
            )
        if (manifest.model_name, manifest.version) != (name, number):
            log.error("a manifest of another model lies in the place of %s %d in %s", name, number, self._workspace)
            raise BadSignatureError(NOT_SIGNED)
        if is_signed_before(manifest):
            return self.sign_anew(name, number)
        try:
            check_manifest(manifest, self._workspace)
        except BadSignatureError:
            log.error("the manifest of %s %d in %s has no valid signature", name, number, self._workspace)
            raise
        return manifest

    def sign_anew(self, name: str, number: int) -> ModelManifest:
        """Sign a version anew that was signed by a version of Regatta before 0.3, and return its manifest.

        Its key has to be among those of this process: see `core.storage.keyring`. Raises `BadSignatureError`.
        """
        key = manifest_key(self._workspace, name, number)
        try:
            body, etag = self._objects.get_with_etag(key)
        except MissingObjectError as error:
            raise NoSuchModelError(f"Version {number} of model {name!r} was deleted.") from error
        before = _parsed(body)
        if before is None or (before.model_name, before.version) != (name, number):
            raise BadSignatureError(NOT_SIGNED)
        if not is_signed_before(before):  # another process was faster
            check_manifest(before, self._workspace)
            return before
        if not may_sign_anew():
            raise BadSignatureError(
                f"Version {number} of model {name!r} was signed by a version of Regatta before 0.3. "
                "`regatta registry resign` signs it anew, where the signing key is."
            )
        after = sign_anew(before, self._workspace)
        if new_etag := self._objects.replace(key, dump_manifest(after), etag):
            log.info("signed version %d of model %s in %s anew", number, name, self._workspace)
            self._index.add(key, new_etag, after.model_dump())
            self._cached_objects.forget([key])
        return after

    def announce(self, drafts: Iterable[ModelManifest]) -> None:
        """Add the entries by time of versions that are created next, in as few steps as the bucket takes."""
        self._newest.add(drafts)

    def commit(
        self, draft: ModelManifest, number: int, *, once_a_job: bool = False, announced: bool = False
    ) -> ModelManifest:
        """Create the draft as the first free version from `number` on; return its signed manifest.

        A version of the same files, or with `once_a_job` of the same job, that has one of these numbers is returned
        instead: an earlier or a parallel attempt published it. The files of the draft are in the bucket already.
        `announced` says that version `number` is.
        """
        while True:
            manifest = sign_manifest(draft.model_copy(update={"version": number}), self._workspace)
            key = manifest_key(self._workspace, draft.model_name, number)
            if not announced:
                self._newest.add([manifest])
            if etag := self._objects.create(key, manifest.model_dump_json().encode()):
                self._index.add(key, etag, manifest.model_dump())
                return manifest
            announced = False
            try:
                holder = _parsed(self._objects.get(key))
            except MissingObjectError:
                continue  # S3 refuses both when two create the same key at once and neither has done so yet
            # Where two finish one renaming, both create the same version, with the same entries.
            self._newest.remove([manifest], there=holder)
            if holder is not None:
                same_job = once_a_job and draft.job_id is not None and holder.job_id == draft.job_id
                if same_job or holder.artifacts == draft.artifacts:
                    return holder
            number += 1

    def reserve(self, name: str, number: int) -> None:
        """Reserve a number so that no version ever gets it, unless one has it."""
        self._objects.create(manifest_key(self._workspace, name, number), b"")

    def erase(self, name: str, versions: Mapping[int, ModelManifest | None]) -> None:
        """Delete manifests, which stay reserved: by number each as it was read, None for one that is damaged."""

        def empty(number: int) -> None:
            key = manifest_key(self._workspace, name, number)
            self._objects.put(key, b"")
            self._index.drop(key)
            self._cached_objects.forget([key])

        run_in_threads(empty, versions, SENDERS)
        self._newest.remove(manifest for manifest in versions.values() if manifest is not None)


def _parsed(stored: bytes | dict[str, Any] | None) -> ModelManifest | None:
    """Parse a manifest from the bucket or from the index; return None where it is damaged."""
    try:
        if isinstance(stored, bytes):
            return ModelManifest.model_validate_json(stored)
        return ModelManifest.model_validate(stored)
    except ValidationError:
        return None


def last_taken(objects: ObjectStore, workspace: str, name: str, low: int, high: int) -> int:
    """Return the last number that was used, of those from `low`, which was, to `high`: numbers have no gaps."""

    def is_taken(number: int) -> bool:
        try:
            objects.head(manifest_key(workspace, name, number))
        except MissingObjectError:
            return False
        return True

    if is_taken(high):
        return high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if is_taken(middle) else (low, middle)
    return low


def manifest_key(workspace: str, name: str, number: int) -> str:
    """Return the key of the manifest of a version."""
    return f"{workspace}/models/{name}/{number}/{MANIFEST}"
