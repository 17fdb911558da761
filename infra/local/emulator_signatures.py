"""The signatures of requests to the emulated AWS: only who has the credentials of its home can make one.

All three kinds are verified: headers, presigned URLs and the policies of forms (AWS Signature Version 4). MiniStack
verifies presigned URLs alone, and its own check of all (AUTH) brings the policies of IAM along, which it evaluates
otherwise than AWS. Bodies that are signed in chunks are verified by `infra.local.signed_chunks`.
"""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from ministack.core import sigv4
from ministack.services import s3

from infra.emulator_account import ACCOUNT
from infra.local.credentials import Credentials
from infra.local.signed_chunks import SIGNED, SIGNED_WITH_TRAILER, SignedChunks

ALGORITHM = "AWS4-HMAC-SHA256"
WAY_OUT = 'This emulated AWS takes the credentials of its own home alone: eval "$(regatta env)" sets them in a shell.'
UNKNOWN_KEY = ("InvalidAccessKeyId", f"Nobody has this access key. {WAY_OUT}")
UNSIGNED = ("AccessDenied", f"The request has no AWS Signature of Version 4. {WAY_OUT}")
EXPIRED = ("AccessDenied", "Request has expired. Ask for a new URL.")
UNSIGNED_HEADERS = ("AccessDenied", "There were headers present in the request which were not signed.")
MISMATCH = ("SignatureDoesNotMatch", f"{sigv4.SIGNATURE_MISMATCH} {WAY_OUT}")

# The code of an error as AWS has it, and its message.
Failure = tuple[str, str]


class Verifier:
    """Verifies requests and forms with the credentials of one home."""

    def __init__(self, credentials: Credentials) -> None:
        # MiniStack gives the functions the number of the account in place of an access key.
        self._secrets = {one: credentials.secret_access_key for one in (credentials.access_key_id, ACCOUNT)}

    def request_failure(
        self,
        method: str,
        raw_path: str,
        query: Mapping[str, Any],
        headers: Mapping[str, str],
        body: bytes | None = None,
    ) -> Failure | None:
        """Return why a request is refused; None for one that is signed with these credentials.

        `body` has to be given where the headers have no digest of it: see `declared_digest`.
        """
        is_presigned = "X-Amz-Signature" in query
        if is_presigned == ("authorization" in headers):
            return UNSIGNED  # or signed twice, so that two readers may take different callers from it
        signature = sigv4.parse_query_signature(query) if is_presigned else _header_signature(headers)
        if isinstance(signature, tuple):
            return signature
        secret = self._secrets.get(signature.access_key_id)
        if secret is None or signature.region_set is not None:
            return UNKNOWN_KEY
        failure = _presigned_failure(query, headers, signature) if is_presigned else _time_failure(signature)
        if failure is not None:
            return failure
        if body is not None:
            headers = {**headers, "x-amz-content-sha256": hashlib.sha256(body).hexdigest()}
        _, text = sigv4.header_signing_documents(
            signature, method, raw_path, query, headers, b"", presigned=is_presigned
        )
        expected = sigv4.calculate_signature(secret, signature.date_stamp, signature.region, signature.service, text)
        return None if sigv4.signatures_match(expected, signature.signature) else MISMATCH

    def signed_chunks(self, headers: Mapping[str, str]) -> SignedChunks:
        """Return what verifies the body of a request whose head was verified, and which is signed in chunks."""
        signature = sigv4.parse_header_signature(headers)
        has_trailer = headers["x-amz-content-sha256"] == SIGNED_WITH_TRAILER
        return SignedChunks(signature, self._secrets[signature.access_key_id], has_trailer=has_trailer)

    def form_failure(self, fields: Mapping[str, str]) -> Failure | None:
        """Return why a form is refused; None for one whose policy is signed with these credentials."""
        scope = fields.get("x-amz-credential", "").split("/")
        if len(scope) != 5 or fields.get("x-amz-algorithm") != ALGORITHM:
            return UNSIGNED
        access_key, date, region, service, _ = scope
        secret = self._secrets.get(access_key)
        if secret is None:
            return UNKNOWN_KEY
        expected = sigv4.calculate_signature(secret, date, region, service, fields.get("policy", ""))
        given = fields.get("x-amz-signature", "")
        return None if given.isascii() and sigv4.signatures_match(expected, given) else MISMATCH

    def install(self) -> None:
        """Let MiniStack store what a form brings only if its policy is signed with these credentials."""
        s3._enforce_signed_post_policy = self._requiring_signature(s3._enforce_signed_post_policy)
        s3._enforce_post_policy_size = lambda *_: s3._error(*UNSIGNED, 403)

    def _requiring_signature(self, enforce: Callable[..., Any]) -> Callable[..., Any]:
        """Return MiniStack's check of a form, with that of the signature before it."""

        def check(fields: dict[str, str], *arguments: Any) -> Any:
            failure = self.form_failure(fields)
            return enforce(fields, *arguments) if failure is None else s3._error(*failure, 403)

        return check


def declared_digest(headers: Mapping[str, str], query: Mapping[str, Any]) -> str | None:
    """Return what the signature covers of the body: its SHA-256, or a word; None where the body itself is needed."""
    if "X-Amz-Signature" in query:
        return str(sigv4.UNSIGNED_PAYLOAD)
    return headers.get("x-amz-content-sha256")


def is_signed_in_chunks(digest: str) -> bool:
    """Return whether a declared digest says that each chunk of the body has a signature."""
    return digest in (SIGNED, SIGNED_WITH_TRAILER)


def _header_signature(headers: Mapping[str, str]) -> "sigv4.HeaderSignature | Failure":
    if not headers["authorization"].startswith(f"{ALGORITHM} "):
        return UNSIGNED
    return sigv4.parse_header_signature(headers)


def _time_failure(signature: sigv4.HeaderSignature) -> Failure | None:
    if signature.date_stamp != signature.amz_date[:8] or sigv4._amz_datetime(signature.amz_date) is None:
        return MISMATCH
    failure: Failure | None = sigv4.request_time_failure(signature)
    return failure


def _presigned_failure(
    query: Mapping[str, Any], headers: Mapping[str, str], signature: sigv4.HeaderSignature
) -> Failure | None:
    """Return why a presigned URL is refused before its signature is looked at.

    Whoever has the URL may add no header of AWS to it: `x-amz-copy-source` would make a copy of an upload.
    """
    try:
        if sigv4.presigned_request_is_expired(signature.amz_date, query["X-Amz-Expires"][0]):
            return EXPIRED
    except (KeyError, ValueError, OverflowError):
        return MISMATCH
    signed = signature.signed_headers.split(";")
    added = [name for name in headers if name.startswith("x-amz-") and name not in signed]
    if [name for name in added if (name, headers[name]) != ("x-amz-content-sha256", sigv4.UNSIGNED_PAYLOAD)]:
        return UNSIGNED_HEADERS
    return None
