"""The public keys of an issuer of tokens: fetched over HTTPS, bounded in time and size, and kept.

They are read again after ten minutes, and for a key id that is not among them, at most every half minute. Where the
issuer does not answer, the keys that are known stay valid for a while.
"""

import json
import logging
import time
from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock
from typing import Any

import jwt
import urllib3

from core.context_threads import begin_in_context
from core.errors import UnavailableError
from core.setting_forms import SAFE_WEB_ADDRESS

log = logging.getLogger("regatta")

DISCOVERY = "/.well-known/openid-configuration"
FRESH_SECONDS = 600.0
# The least time between two reads, and between two tries while no key is known at all.
AGAIN_SECONDS, FIRST_SECONDS = 30.0, 3.0
FETCH_SECONDS = 3.0
MOST_BYTES = 256 << 10
MOST_KEYS = 100
LEAST_RSA_BITS = 2048
# By algorithm the type and the curve of its keys.
KINDS = {"RS256": ("RSA", None), "ES256": ("EC", "P-256"), "EdDSA": ("OKP", "Ed25519")}

Fetch = Callable[[str], Any]


class IssuerKeys:
    """The keys of one issuer, by key id."""

    def __init__(
        self,
        issuer: str,
        address: str | None,
        stale_seconds: float,
        fetch: Fetch | None = None,
        clock: Callable[[], float] = time.monotonic,
        fetch_seconds: float = FETCH_SECONDS,
    ) -> None:
        """Fetch nothing yet. `address` is that of the keys; None means that the issuer's discovery document has it."""
        self._issuer = issuer
        self._address = address
        self._stale_seconds = stale_seconds
        self._fetch = fetch or fetch_json
        self._clock = clock
        self._fetch_seconds = fetch_seconds
        # The last read. One that hangs goes on in a thread of its own, and no other one begins meanwhile.
        self._reading: Future[list[dict[str, Any]]] | None = None
        self._keys: list[dict[str, Any]] = []
        self._fetched_at = self._tried_at = float("-inf")
        self._lock = Lock()

    def find(self, key_id: str | None, algorithm: str) -> jwt.PyJWK | None:
        """Return the key of a token; None where the issuer has none such.

        Raises `UnavailableError` where no keys are known and the issuer does not answer.
        """
        with self._lock:
            if self._clock() - self._fetched_at >= FRESH_SECONDS:
                self._read()
            found = self._known(key_id, algorithm)
            if found is None and self._read():
                found = self._known(key_id, algorithm)
            if self._clock() - self._fetched_at >= max(FRESH_SECONDS, self._stale_seconds):
                wait = max(1.0, self._tried_at + self._pause - self._clock())
                raise UnavailableError(
                    "The issuer of tokens does not answer, so none can be checked now. API keys are taken meanwhile, "
                    "where this service takes them.",
                    retry_after=wait,
                )
        return found

    @property
    def _pause(self) -> float:
        return AGAIN_SECONDS if self._keys else FIRST_SECONDS

    def _known(self, key_id: str | None, algorithm: str) -> jwt.PyJWK | None:
        """Return the one key of this id that is of the type that the algorithm takes."""
        kind, curve = KINDS[algorithm]
        fitting = [
            key
            for key in self._keys
            if key.get("kty") == kind
            and (curve is None or key.get("crv") == curve)
            and _verifies(key)
            and key.get("alg", algorithm) in (algorithm, curve)
            and (key_id is None or key.get("kid") == key_id)
        ]
        if len(fitting) != 1:
            return None
        try:
            made = jwt.PyJWK(fitting[0], algorithm=algorithm)
        except (jwt.PyJWTError, ValueError, TypeError, KeyError):
            return None
        return made if kind != "RSA" or made.key.key_size >= LEAST_RSA_BITS else None

    def _read(self) -> bool:
        """Read the keys, unless that was tried a moment ago; return whether they were read."""
        begun = self._clock()
        if begun - self._tried_at < self._pause or (self._reading is not None and not self._reading.done()):
            return False
        self._tried_at = begun
        self._reading = begin_in_context(self._published)
        try:
            self._keys = self._reading.result(self._fetch_seconds)
        except (OSError, ValueError, TypeError, KeyError, urllib3.exceptions.HTTPError) as error:
            log.warning("the keys of the issuer of tokens cannot be read: %s", type(error).__name__)
            return False
        self._fetched_at = begun
        return True

    def _published(self) -> list[dict[str, Any]]:
        """Return the keys that the issuer publishes now."""
        found = self._fetch(self._address or self._discovered())
        if not isinstance(found["keys"], list):
            raise TypeError("no list of keys")
        return [key for key in found["keys"][:MOST_KEYS] if isinstance(key, dict)]

    def _discovered(self) -> str:
        """Return the address of the keys, as the issuer's discovery document has it."""
        found = self._fetch(self._issuer.rstrip("/") + DISCOVERY)
        if found["issuer"] != self._issuer:
            raise ValueError("the discovery document is that of another issuer")
        address: str = SAFE_WEB_ADDRESS.read(found["jwks_uri"])
        return address


def _verifies(key: dict[str, Any]) -> bool:
    """Return whether a key is published for verifying signatures (RFC 7517, sections 4.2 and 4.3)."""
    operations = key.get("key_ops", ["verify"])
    return key.get("use", "sig") == "sig" and isinstance(operations, list) and "verify" in operations


def fetch_json(address: str) -> Any:
    """Return the JSON at an address, without following redirects.

    Raises `OSError`, `ValueError` or `urllib3.exceptions.HTTPError` where it is not read within three seconds, is
    larger than 256 KiB, or is no JSON.
    """
    SAFE_WEB_ADDRESS.read(address)
    ends = time.monotonic() + FETCH_SECONDS
    headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
    with urllib3.PoolManager(timeout=urllib3.Timeout(total=FETCH_SECONDS), retries=False) as pool:
        answer = pool.request(
            "GET", address, headers=headers, redirect=False, preload_content=False, decode_content=False
        )
        try:
            if answer.status != 200:
                raise ValueError(f"status {answer.status}")
            body = bytearray()
            # What is there, so that a body that trickles in ends in time.
            while piece := answer.read1(MOST_BYTES):
                body += piece
                if len(body) > MOST_BYTES or time.monotonic() > ends:
                    raise ValueError("too large or too slow")
            return json.loads(body)
        finally:
            answer.close()
