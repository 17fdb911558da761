"""The files of models. Each training writes a folder of its own, which its manifest names and nobody else writes to."""

import hashlib
import secrets
from collections.abc import Mapping
from contextlib import suppress

from core.context_threads import run_in_threads
from core.errors import NoSuchModelError, UnavailableError
from core.model_manifest import ModelManifest, StoredFile
from core.storage.cache import CachedObjects
from core.storage.manifest_index import MANIFEST
from core.storage.s3.object_store import MissingObjectError, ObjectStore
from core.storage.signed_models import check_digest, is_file

GRAPH = "model.onnx"
PICKLE = "model.pkl"
EVALUATION = "evaluation.json"

URL_SECONDS = 3600


class Artifacts:
    """Folders below `{workspace}/artifacts/`. A folder that no manifest names was left by a killed training."""

    def __init__(self, workspace: str, objects: ObjectStore, cached_objects: CachedObjects) -> None:
        self._workspace = workspace
        self._objects = objects
        self._cached_objects = cached_objects

    def send(self, job_id: str | None, files: Mapping[str, bytes]) -> str:
        """Put the files into a new folder and return its name; when that fails, nothing of them stays behind."""
        unique = secrets.token_hex(16)
        folder = unique if job_id is None else f"{job_id}-{unique}"
        keys = [f"{self._workspace}/artifacts/{folder}/{file}" for file in files]
        try:
            run_in_threads(lambda file: self._objects.put(*file), zip(keys, files.values(), strict=True), len(keys))
        except BaseException:
            # If this fails as well, no manifest names the files that are left.
            with suppress(UnavailableError):
                self._objects.delete(keys)
            raise
        return folder

    def has_files_of(self, job_id: str) -> bool:
        """Return whether a job has ever stored files."""
        return any(True for _ in self._objects.list(f"{self._workspace}/artifacts/{job_id}-"))

    def read(self, manifest: ModelManifest, file: str) -> bytes:
        """Return the bytes of GRAPH or PICKLE of a version with a valid signature, verified against their digest.

        Raises `BadSignatureError` when the bytes were changed, `NoSuchModelError` when the version was deleted.
        """
        key, expected = _folder(self._workspace, manifest) + file, file_record(manifest, file)
        try:
            # Only the graph is read often enough to cache it.
            body = self._read_cached(key, expected) if file == GRAPH else self._objects.get(key)
        except MissingObjectError as error:
            raise _gone(manifest) from error
        check_digest(expected, hashlib.sha256(body).hexdigest())
        return body

    def presign(self, manifest: ModelManifest, file: str, filename: str) -> str:
        """Verify GRAPH or PICKLE and return a URL that downloads it during the next hour; raises what `read` does."""
        key = _folder(self._workspace, manifest) + file
        try:
            check_digest(file_record(manifest, file), self._objects.sha256(key))
        except MissingObjectError as error:
            raise _gone(manifest) from error
        return self._objects.presign(key, filename, URL_SECONDS)

    def evaluation(self, manifest: ModelManifest) -> bytes | None:
        """Return EVALUATION of a version as JSON, or None where training did not write one.

        Raises `BadSignatureError` when it was changed; those of versions before 0.3 have no digest.
        """
        key, expected = _folder(self._workspace, manifest) + EVALUATION, manifest.evaluation
        try:
            body = self._read_cached(key, expected)
        except MissingObjectError:
            return None
        if expected is not None:
            check_digest(expected, hashlib.sha256(body).hexdigest())
        return body

    def _read_cached(self, key: str, expected: StoredFile | None) -> bytes:
        """Return a file from Redis or from the bucket; what Redis has wrongly is read from the bucket and replaced."""
        body = self._cached_objects.read(key)
        if expected is None or is_file(expected, body):
            return body
        self._cached_objects.forget([key])
        return self._cached_objects.read(key)

    def with_own_folder(self, manifest: ModelManifest) -> ModelManifest:
        """Return the manifest with a folder of its own files.

        Old versions have their files beside the manifest: those are copied into such a folder.
        """
        if manifest.artifacts is not None:
            return manifest
        # Made of the signature, which is the same each time, so that a second call copies to the same folder.
        folder = hashlib.sha256(manifest.signature.encode()).hexdigest()[:32]
        for file in (GRAPH, PICKLE):
            self._objects.copy(
                _folder(self._workspace, manifest) + file, f"{self._workspace}/artifacts/{folder}/{file}"
            )
        return manifest.model_copy(update={"artifacts": folder})

    def discard(self, folder: str) -> None:
        """Delete a folder that no manifest names any more."""
        self._clear(f"{self._workspace}/artifacts/{folder}/")

    def discard_beside(self, name: str, version: int) -> None:
        """Delete the files beside a manifest, where old versions have them."""
        self._clear(f"{self._workspace}/models/{name}/{version}/")

    def _clear(self, prefix: str) -> None:
        keys = [item.key for item in self._objects.list(prefix) if not item.key.endswith(f"/{MANIFEST}")]
        self._objects.delete(keys)
        self._cached_objects.forget(keys)


def file_record(manifest: ModelManifest, file: str) -> StoredFile:
    """Return size and digest of GRAPH or PICKLE, as the manifest has them."""
    return manifest.graph if file == GRAPH else manifest.pickle


def _folder(workspace: str, manifest: ModelManifest) -> str:
    if manifest.artifacts is None:
        return f"{workspace}/models/{manifest.model_name}/{manifest.version}/"
    return f"{workspace}/artifacts/{manifest.artifacts}/"


def _gone(manifest: ModelManifest) -> NoSuchModelError:
    return NoSuchModelError(f"Version {manifest.version} of model {manifest.model_name!r} was deleted.")
