"""Who sends a key or a token: what servers and the authorizer of the API have in common."""

from typing import Any

from core.access.caller import KEY_PREFIX, Caller
from core.access.keys import id_of
from core.errors import UnauthorizedError
from core.settings import settings
from core.storage.container import container
from core.storage.key_repository import KeyRepository
from core.storage.known_keys import KnownKeys
from functions.credentials import INVALID


class Callers:
    """Finds the caller of a key or a token, of the kinds that REGATTA_AUTH names."""

    def __init__(self, auth: str, keys: KnownKeys) -> None:
        kinds = [kind.strip() for kind in auth.split(",")]
        self._takes_keys, self._takes_tokens = "keys" in kinds, "oidc" in kinds
        self._keys = keys

    def recall(self, text: str) -> Caller | None:
        """Return who calls, as this process knows it already; None where somebody has to be asked. Asks nobody."""
        if text.startswith(KEY_PREFIX):
            key_id = id_of(text) if self._takes_keys else None
            known = self._keys.recall(key_id) if key_id is not None else None
            return None if known is None else self._keys.caller(text, known)
        if not self._takes_tokens:
            return None
        from core.access.tokens import tokens  # takes long to load, and most services have no tokens

        return tokens().recall(text)

    def ask(self, text: str) -> Caller:
        """Return who calls, as the bucket or the keys of the tokens' issuer say.

        Raises `UnauthorizedError`, `ForbiddenError` for a token without a role, and `UnavailableError` where nobody
        answers.
        """
        found = None
        if text.startswith(KEY_PREFIX):
            if self._takes_keys and (key_id := id_of(text)) is not None:
                found = self._keys.caller(text, self._keys.ask(key_id))
        elif self._takes_tokens:
            from core.access.tokens import tokens

            found = tokens().check(text)
        if found is None:
            raise UnauthorizedError(INVALID, was_sent=True)
        return found


def make_callers(**options: Any) -> Callers:
    """Return what finds the callers of this process; `options` are those of `KnownKeys`."""
    chosen = settings()
    return Callers(chosen.auth, KnownKeys(KeyRepository(container().objects), chosen.auth_stale_seconds, **options))
