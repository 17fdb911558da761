"""Signed models: a manifest with a signature, which covers the digests of the model's files.

The signature also covers the workspace, the name and the version, so a manifest holds in its own place alone.
"""

import base64
import hashlib
import json
from dataclasses import dataclass

from core.errors import BadSignatureError
from core.model_manifest import ModelManifest, StoredFile
from core.storage.signing import SCHEME, Subject, is_signed, is_signed_by_hmac, sign

# model_data: the length of the manifest, the manifest, the graph.
LENGTH_BYTES = 4
# Versions before 0.3 signed by HMAC-SHA256, in hexadecimal.
HMAC_DIGITS = 64

NOT_SIGNED = "The model was not signed by this deployment. Train it here, or use its model_name."


@dataclass(frozen=True)
class StoredModel:
    """A version's manifest and the bytes of its compiled graph."""

    manifest: ModelManifest
    graph: bytes


def sign_manifest(manifest: ModelManifest, workspace: str) -> ModelManifest:
    """Return the manifest with this deployment's signature over the workspace and all other fields."""
    content = _signed_part(manifest, as_read=False)
    return manifest.model_copy(update={"signature": sign(_subject(manifest, workspace), content)})


def sign_anew(manifest: ModelManifest, workspace: str) -> ModelManifest:
    """Return a manifest that a version before 0.3 signed, as it was read, with a signature of today.

    Raises `BadSignatureError` unless its signature is right and the key of that version still counts.
    """
    content = _signed_part(manifest, as_read=True)
    if not is_signed_by_hmac(manifest.signature, content):
        raise BadSignatureError(NOT_SIGNED)
    return manifest.model_copy(update={"signature": sign(_subject(manifest, workspace), content)})


def dump_manifest(manifest: ModelManifest) -> bytes:
    """Return a manifest as it is stored: the fields that its signature covers, and the signature."""
    return manifest.model_dump_json(exclude_unset=True).encode()


def is_signed_before(manifest: ModelManifest) -> bool:
    """Return whether a version before 0.3 signed the manifest, or claims to have."""
    return len(manifest.signature) == HMAC_DIGITS and not manifest.signature.startswith(SCHEME)


def check_manifest(manifest: ModelManifest, workspace: str) -> None:
    """Raise `BadSignatureError` unless the manifest, as it was read, is signed by this deployment for the workspace."""
    content = _signed_part(manifest, as_read=True)
    if not is_signed(manifest.signature, _subject(manifest, workspace), content):
        raise BadSignatureError(NOT_SIGNED)


def check_digest(expected: StoredFile, sha256: str) -> None:
    """Raise `BadSignatureError` unless `sha256`, in hexadecimal, is the digest that was signed."""
    if sha256 != expected.sha256:
        raise BadSignatureError("The model's bytes are not the ones that were signed. Train it again.")


def is_file(expected: StoredFile, body: bytes) -> bool:
    """Return whether `body` is the file whose digest was signed."""
    return len(body) == expected.size_bytes and hashlib.sha256(body).hexdigest() == expected.sha256


def encode_model(model: StoredModel) -> str:
    """Encode a version as one Base64 text that a caller may keep and send back as `model_data`."""
    manifest = model.manifest.model_dump_json().encode()
    return base64.b64encode(len(manifest).to_bytes(LENGTH_BYTES, "big") + manifest + model.graph).decode()


def decode_model(model_data: str, workspace: str) -> StoredModel:
    """Decode a text of `encode_model`; raises `BadSignatureError` unless signature and digests are right."""
    try:
        body = base64.b64decode(model_data, validate=True)
        end = LENGTH_BYTES + int.from_bytes(body[:LENGTH_BYTES], "big")
        manifest = ModelManifest.model_validate_json(body[LENGTH_BYTES:end])
    except ValueError:
        raise BadSignatureError(
            "model_data is not what POST /model/train returned with return_model=true. Send it back unchanged."
        ) from None
    # Nobody can sign anew what callers keep, so what they kept of an earlier version is used while its key counts.
    kept_before = is_signed_before(manifest) and is_signed_by_hmac(
        manifest.signature, _signed_part(manifest, as_read=True)
    )
    if not kept_before:
        check_manifest(manifest, workspace)
    check_digest(manifest.graph, hashlib.sha256(body[end:]).hexdigest())
    return StoredModel(manifest, body[end:])


def _subject(manifest: ModelManifest, workspace: str) -> Subject:
    return Subject("model", workspace, manifest.model_name, manifest.version)


def _signed_part(manifest: ModelManifest, *, as_read: bool) -> bytes:
    """Return the signed fields: all of them when it is written, and those that were there when it is read.

    So a model that was signed before a field existed stays valid, and one that lost a field does not.
    """
    content = manifest.model_dump(exclude={"signature"}, exclude_unset=as_read)
    return json.dumps(content, sort_keys=True, ensure_ascii=False).encode()
