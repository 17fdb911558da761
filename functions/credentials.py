"""The key or the token of a request: in two headers, and nowhere else."""

import re
from urllib.parse import unquote_to_bytes

from starlette.types import Scope

from core.access.caller import KEY_PREFIX
from core.errors import UnauthorizedError

AUTHORIZATION, API_KEY = b"authorization", b"x-api-key"
BEARER = b"bearer "
# A token with many claims is long; a server takes about 64 KB of headers.
MOST_CHARACTERS = 16_384
# What a key or a token is written in. Anything else is not looked at.
TEXT = re.compile(rb"[!-~]+")

WHERE = (
    "Send an API key, or a token where this service takes them, as `Authorization: Bearer ...`; a key also as "
    "`X-Api-Key`. It is read nowhere else."
)
MISSING = f"The request has no key. {WHERE}"
# How often a query may have been percent-encoded on its way, by programs that pass addresses on.
ENCODINGS = 3
# The same for every reason, so that nobody learns which keys there are.
INVALID = f"The key or token is not valid: mistyped, expired, revoked, or of another service. {WHERE}"
MISPLACED = (
    "There is a key in the address, which proxies and browsers keep in their logs: revoke it, and take a new one. "
    f"{WHERE}"
)


def credentials_of(scope: Scope) -> str:
    """Return the key or the token of a request.

    Raises `UnauthorizedError` where there is none, more than one, or a key in the address.
    """
    if _has_key(scope["query_string"]):
        raise UnauthorizedError(MISPLACED)
    found, api_keys = set(), set()
    for name, value in scope["headers"]:
        if name == API_KEY:
            api_keys.add(value.strip())
        # Another scheme is for a proxy in front of the service.
        elif name == AUTHORIZATION and value[: len(BEARER)].lower() == BEARER:
            found.add(value[len(BEARER) :].strip())
    # Beside another header it may be the key of API Gateway's own that a usage plan asks for.
    found |= {key for key in api_keys if key.startswith(KEY_PREFIX.encode())} if found else api_keys
    if not found:
        raise UnauthorizedError(MISSING)
    sent = found.pop()
    if found or len(sent) > MOST_CHARACTERS or TEXT.fullmatch(sent) is None:
        raise UnauthorizedError(INVALID, was_sent=True)
    text: str = sent.decode("ascii")
    return text


def _has_key(query: bytes) -> bool:
    """Return whether there is a key in the query of an address, percent-encoded or not."""
    for _ in range(ENCODINGS):
        if b"%" not in query:
            break
        query = unquote_to_bytes(query)
    return KEY_PREFIX.encode() in query
