"""Models in the bucket: numbered versions that never change, and one pointer a name to the version that serves."""

import base64
import hashlib
import json
import re
import time
from contextlib import suppress
from dataclasses import dataclass

from core.errors import BadSignatureError, NoSuchModelError, UnavailableError
from core.manifests import ModelManifest
from core.storage.cache import WarmObjects
from core.storage.documents import Documents, JsonObject
from core.storage.index import MANIFEST, ManifestIndex
from core.storage.objects import MissingObjectError, ObjectStore
from core.storage.signing import is_signed, sign

GRAPH = "model.onnx"
PICKLE = "model.pkl"
CHAMPION = "champion.json"
MODEL_NAME = re.compile(r"\w[\w.\- ]{0,99}")

# model_data: the length of the manifest, the manifest, the graph.
LENGTH_BYTES = 4

# How long a process trusts what it knows of a champion: a promotion is live everywhere in about this time.
CHAMPION_SECONDS = 1.0


@dataclass(frozen=True)
class StoredModel:
    """A version's manifest and the bytes of its compiled graph."""

    manifest: ModelManifest
    graph: bytes


class ModelStore:
    """The models of every workspace. A version exists from the moment its manifest does."""

    def __init__(self, objects: ObjectStore, documents: Documents, warm: WarmObjects, index: ManifestIndex) -> None:
        self._objects = objects
        self._documents = documents
        self._warm = warm
        self._index = index
        self._champions: dict[str, tuple[int, float]] = {}

    def publish(self, workspace: str, draft: ModelManifest, graph: bytes, pickle: bytes) -> ModelManifest:
        """Store a model as the next version of its name and let it serve; returns the signed manifest.

        The number is claimed by creating the graph's object conditionally, so two trainings at the same moment get
        two versions. When storing fails the claim is taken back; when only promoting fails, the version is there and
        the one before it goes on serving.
        """
        name = draft.model_name
        version = max(self.versions(workspace, name), default=0) + 1
        while not self._objects.create(_key(workspace, name, version, GRAPH), graph):
            version += 1
        manifest = draft.model_copy(update={"version": version})
        manifest = manifest.model_copy(update={"signature": sign(_signed_part(manifest, as_read=False))})
        keys = [_key(workspace, name, version, file) for file in (GRAPH, PICKLE, MANIFEST)]
        try:
            self._objects.put(keys[1], pickle)
            etag = self._objects.put(keys[2], manifest.model_dump_json().encode(), "application/json")
        except BaseException:
            with suppress(UnavailableError):
                self._objects.delete(keys)
            raise
        self._promote(workspace, name, version)
        self._index.add(workspace, keys[2], etag, manifest.model_dump())
        return manifest

    def _promote(self, workspace: str, name: str, version: int) -> None:
        """Let `version` serve, unless a later one already does."""

        def edit(document: JsonObject | None) -> JsonObject | None:
            return {"version": version} if document is None or document["version"] < version else None

        serving = self._documents.change(_champion_key(workspace, name), edit)
        if serving is not None:
            self._champions[_champion_key(workspace, name)] = (serving["version"], time.monotonic())

    def champion(self, workspace: str, name: str) -> int:
        """The version that serves; raises `NoSuchModelError`."""
        key = _champion_key(workspace, name)
        known = self._champions.get(key)
        if known is not None and time.monotonic() - known[1] < CHAMPION_SECONDS:
            return known[0]
        document = self._documents.read(key) if MODEL_NAME.fullmatch(name) else None
        if document is None:
            raise NoSuchModelError(f"There is no model {name!r}. GET /model/trained lists what there is.")
        version = int(document["version"])
        self._champions[key] = (version, time.monotonic())
        return version

    def manifest(self, workspace: str, name: str, version: int | None = None) -> ModelManifest:
        """The manifest of a version, the serving one without `version`; raises `NoSuchModelError`."""
        chosen = version or self.champion(workspace, name)
        if not MODEL_NAME.fullmatch(name):
            raise NoSuchModelError(f"There is no model {name!r}. GET /model/trained lists what there is.")
        try:
            return ModelManifest.model_validate_json(self._warm.read(_key(workspace, name, chosen, MANIFEST)))
        except MissingObjectError as error:
            raise NoSuchModelError(
                f"Model {name!r} has no version {chosen}. GET /model/trained lists what there is."
            ) from error

    def load(self, workspace: str, name: str, version: int) -> StoredModel:
        """A version with its graph; raises `NoSuchModelError`, and `BadSignatureError` when its bytes were changed."""
        manifest = self.manifest(workspace, name, version)
        try:
            graph = self._warm.read(_key(workspace, name, version, GRAPH))
        except MissingObjectError as error:
            raise NoSuchModelError(f"Version {version} of model {name!r} was deleted.") from error
        check_signature(manifest, graph)
        return StoredModel(manifest, graph)

    def versions(self, workspace: str, name: str) -> list[int]:
        """The numbers of the versions that exist, in no particular order."""
        prefix = f"{workspace}/models/{name}/"
        keys = [item.key for item in self._objects.list(prefix) if item.key.endswith(f"/{MANIFEST}")]
        return [int(key.removeprefix(prefix).split("/")[0]) for key in keys]

    def list(self, workspace: str) -> list[ModelManifest]:
        """Every version of every model of the workspace."""
        return [ModelManifest.model_validate(manifest) for manifest in self._index.manifests(workspace)]


def check_signature(manifest: ModelManifest, graph: bytes) -> None:
    """Raise `BadSignatureError` unless the manifest is signed by this deployment and names exactly these bytes."""
    if not is_signed(manifest.signature, _signed_part(manifest, as_read=True)):
        raise BadSignatureError("The model was not signed by this deployment. Train it here, or use its model_name.")
    if hashlib.sha256(graph).hexdigest() != manifest.graph.sha256:
        raise BadSignatureError("The model's bytes are not the ones that were signed. Train it again.")


def seal(model: StoredModel) -> str:
    """A version as one Base64 text that a caller may keep and send back as `model_data`; the manifest is signed."""
    manifest = model.manifest.model_dump_json().encode()
    return base64.b64encode(len(manifest).to_bytes(LENGTH_BYTES, "big") + manifest + model.graph).decode()


def unseal(model_data: str) -> StoredModel:
    """The model in a `seal`ed text; raises `BadSignatureError` unless this deployment made it and nobody changed it."""
    try:
        body = base64.b64decode(model_data, validate=True)
        end = LENGTH_BYTES + int.from_bytes(body[:LENGTH_BYTES], "big")
        manifest = ModelManifest.model_validate_json(body[LENGTH_BYTES:end])
    except ValueError:
        raise BadSignatureError(
            "model_data is not what POST /model/train returned with return_model=true. Send it back unchanged."
        ) from None
    check_signature(manifest, body[end:])
    return StoredModel(manifest, body[end:])


def _signed_part(manifest: ModelManifest, *, as_read: bool) -> bytes:
    """The manifest without its signature: every field when it is written, those that were there when it was read.

    So a model that was signed before a field existed stays valid, and a field that vanished does not pass.
    """
    content = manifest.model_dump(exclude={"signature"}, exclude_unset=as_read)
    return json.dumps(content, sort_keys=True, ensure_ascii=False).encode()


def _key(workspace: str, name: str, version: int, file: str) -> str:
    return f"{workspace}/models/{name}/{version}/{file}"


def _champion_key(workspace: str, name: str) -> str:
    return f"{workspace}/models/{name}/{CHAMPION}"
