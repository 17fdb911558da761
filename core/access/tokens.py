"""OIDC tokens: who signed one, for whom, until when, and what its claims say of the caller.

A token is taken only with a signature of RS256, ES256 or EdDSA by a key that the issuer publishes, of the type that the
algorithm takes: `none`, and HS256 with a public key as its secret, are refused before any key is looked for.
"""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import jwt

from core.access.caller import Caller
from core.access.issuer_keys import IssuerKeys
from core.access.roles import ROLE_NAMES, Role
from core.access.workspace_names import is_workspace_name
from core.errors import ForbiddenError
from core.settings import Settings, settings

ALGORITHMS = ("RS256", "ES256", "EdDSA")
# How far the clocks of issuer and service may be apart.
LEEWAY_SECONDS = 30
REQUIRED = ["exp", "iat", "iss", "aud", "sub"]
TIMES = ("exp", "iat", "nbf")
# How long a token that was checked is taken as it is. By then a key that the issuer withdrew counts no more.
CHECKED_SECONDS = 60.0
MOST_CHECKED = 1_000


class Tokens:
    """Checks tokens of one issuer for one audience."""

    def __init__(self, chosen: Settings, keys: IssuerKeys, clock: Callable[[], float] = time.time) -> None:
        self._chosen = chosen
        self._keys = keys
        self._clock = clock
        # By the digest of a token who calls, and until when that holds, in seconds since 1970.
        self._checked: OrderedDict[bytes, tuple[Caller, float]] = OrderedDict()

    def recall(self, text: str) -> Caller | None:
        """Return who calls with a token that was checked a moment ago; None for any other one."""
        caller, ends = self._checked.get(_digest(text), (None, 0.0))
        now = self._clock()
        return caller if ends - CHECKED_SECONDS <= now < ends else None

    def check(self, text: str) -> Caller | None:
        """Return who calls with a token; None for one that is not valid.

        Raises `ForbiddenError` for a valid one without a role, and `UnavailableError` where the issuer's keys are not
        known and cannot be read.
        """
        claims = self._claims(text)
        workspace = None if claims is None else _only(_claim(claims, self._chosen.oidc_workspace_claim))
        if claims is None or not isinstance(workspace, str) or not is_workspace_name(workspace):
            return None
        subject = hashlib.sha256(f"{claims['iss']}\0{claims['sub']}".encode()).hexdigest()[:12]
        role = _role(_claim(claims, self._chosen.oidc_roles_claim))
        caller = Caller(workspace, role, f"oidc-{subject}")
        now = self._clock()
        self._checked[_digest(text)] = (caller, min(now + CHECKED_SECONDS, claims["exp"] + LEEWAY_SECONDS))
        if len(self._checked) > MOST_CHECKED:
            self._checked.popitem(last=False)
        return caller

    def _claims(self, text: str) -> dict[str, Any] | None:
        """Return the claims of a token whose signature, issuer, audience and times are right."""
        try:
            header = jwt.get_unverified_header(text)
            algorithm, key_id = header.get("alg"), header.get("kid")
            if algorithm not in ALGORITHMS or "crit" in header or not isinstance(key_id, str | None):
                return None
            key = self._keys.find(key_id, algorithm)
            if key is None:
                return None
            claims: dict[str, Any] = jwt.decode(
                text,
                key,
                algorithms=[algorithm],
                audience=self._chosen.oidc_audience,
                issuer=self._chosen.oidc_issuer,
                leeway=LEEWAY_SECONDS,
                options={"require": REQUIRED},
            )
            claims["sub"].encode()
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError):  # half a character is a ValueError
            return None
        # The library takes a text with digits as a time; RFC 7519 does not.
        times = [claims[name] for name in TIMES if name in claims]
        return claims if all(isinstance(value, int | float) for value in times) else None


def _claim(claims: Mapping[str, Any], name: str) -> Any:
    """Return a claim; one of a name with dots that there is not is looked for in nested claims."""
    if name in claims:
        return claims[name]
    found: Any = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def _only(value: Any) -> Any:
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def _role(value: Any) -> Role:
    """Return the highest role of a list or of a text with blanks; raises `ForbiddenError` where there is none."""
    names = value.split() if isinstance(value, str) else value if isinstance(value, list) else ()
    roles = [Role.named(name) for name in names if name in ROLE_NAMES]
    if not roles:
        raise ForbiddenError(
            f"The token has none of the roles {', '.join(ROLE_NAMES)}. Ask its issuer for one.", "read"
        )
    return max(roles)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


@cache
def tokens() -> Tokens:
    """Return what checks the tokens of this process."""
    chosen = settings()
    return Tokens(chosen, IssuerKeys(chosen.oidc_issuer or "", chosen.oidc_jwks_url, chosen.auth_stale_seconds))
