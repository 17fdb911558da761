"""Signed models: a manifest with a signature, which covers the digests of the model's files."""

import base64
import hashlib
import json
from dataclasses import dataclass

from core.errors import BadSignatureError
from core.model_manifest import ModelManifest, StoredFile
from core.storage.signing import is_signed, sign

# model_data: the length of the manifest, the manifest, the graph.
LENGTH_BYTES = 4


@dataclass(frozen=True)
class StoredModel:
    """A version's manifest and the bytes of its compiled graph."""

    manifest: ModelManifest
    graph: bytes


def sign_manifest(manifest: ModelManifest) -> ModelManifest:
    """Return the manifest with this deployment's signature over all other fields."""
    return manifest.model_copy(update={"signature": sign(_signed_part(manifest, as_read=False))})


def check_manifest(manifest: ModelManifest) -> None:
    """Raise `BadSignatureError` unless the manifest, as it was read, is signed by this deployment."""
    if not is_signed(manifest.signature, _signed_part(manifest, as_read=True)):
        raise BadSignatureError("The model was not signed by this deployment. Train it here, or use its model_name.")


def check_digest(expected: StoredFile, sha256: str) -> None:
    """Raise `BadSignatureError` unless `sha256`, in hexadecimal, is the digest that was signed."""
    if sha256 != expected.sha256:
        raise BadSignatureError("The model's bytes are not the ones that were signed. Train it again.")


def check_signature(manifest: ModelManifest, expected: StoredFile, body: bytes) -> None:
    """Raise `BadSignatureError` unless the manifest is signed by this deployment and `body` is its file `expected`."""
    check_manifest(manifest)
    check_digest(expected, hashlib.sha256(body).hexdigest())


def encode_model(model: StoredModel) -> str:
    """Encode a version as one Base64 text that a caller may keep and send back as `model_data`."""
    manifest = model.manifest.model_dump_json().encode()
    return base64.b64encode(len(manifest).to_bytes(LENGTH_BYTES, "big") + manifest + model.graph).decode()


def decode_model(model_data: str) -> StoredModel:
    """Decode a text of `encode_model`; raises `BadSignatureError` unless signature and digests are right."""
    try:
        body = base64.b64decode(model_data, validate=True)
        end = LENGTH_BYTES + int.from_bytes(body[:LENGTH_BYTES], "big")
        manifest = ModelManifest.model_validate_json(body[LENGTH_BYTES:end])
    except ValueError:
        raise BadSignatureError(
            "model_data is not what POST /model/train returned with return_model=true. Send it back unchanged."
        ) from None
    check_signature(manifest, manifest.graph, body[end:])
    return StoredModel(manifest, body[end:])


def _signed_part(manifest: ModelManifest, *, as_read: bool) -> bytes:
    """Return the signed fields: all of them when it is written, and those that were there when it is read.

    So a model that was signed before a field existed stays valid, and one that lost a field does not.
    """
    content = manifest.model_dump(exclude={"signature"}, exclude_unset=as_read)
    return json.dumps(content, sort_keys=True, ensure_ascii=False).encode()
