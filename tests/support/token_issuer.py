"""An issuer of OIDC tokens: the keys that it publishes, and tokens that it signs."""

import json
import time
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from core.access.issuer_keys import IssuerKeys
from core.access.tokens import Tokens
from core.settings import Settings

ISSUER = "https://issuer.example"
RSA_KEY = rsa.generate_private_key(65537, 2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
ED_KEY = ed25519.Ed25519PrivateKey.generate()
OTHER_KEY = rsa.generate_private_key(65537, 2048)
PRIVATE: dict[str, Any] = {"RS256": RSA_KEY, "ES256": EC_KEY, "EdDSA": ED_KEY}


def jwk(algorithm: str, key: Any, key_id: str) -> dict[str, Any]:
    made = jwt.get_algorithm_by_name(algorithm).to_jwk(key.public_key(), as_dict=True)
    return {**made, "kid": key_id, "use": "sig"}


KEYS = [jwk(algorithm, key, algorithm.lower()) for algorithm, key in PRIVATE.items()]


class Issuer:
    """An issuer that publishes these keys, and counts who asks."""

    def __init__(self, keys: list[dict[str, Any]]) -> None:
        self.keys = keys
        self.is_down = False
        self.asked: list[str] = []
        self.now = 1000.0

    def fetch(self, address: str) -> Any:
        self.asked.append(address)
        if self.is_down:
            raise OSError("down")
        if address.endswith("openid-configuration"):
            return {"issuer": ISSUER, "jwks_uri": "https://issuer.example/keys"}
        return {"keys": self.keys}


def tokens_of(issuer: Issuer, **options: Any) -> Tokens:
    chosen = Settings(auth="oidc", oidc_issuer=ISSUER, oidc_audience="regatta", **options)
    return Tokens(chosen, IssuerKeys(ISSUER, None, 900, issuer.fetch, lambda: issuer.now))


def claims(**others: Any) -> dict[str, Any]:
    now = time.time()
    usual = {"iss": ISSUER, "aud": "regatta", "sub": "ada", "iat": now, "exp": now + 3600, "workspace": "acme"}
    merged = {**usual, "roles": ["predict"], **others}
    return {name: value for name, value in merged.items() if value is not None}


def token(algorithm: str = "RS256", key: Any = None, headers: dict[str, Any] | None = None, **others: Any) -> str:
    headers = {"kid": algorithm.lower(), **(headers or {})}
    # As the library signs texts: it signs no claims of wrong types.
    return jwt.PyJWS().encode(json.dumps(claims(**others)).encode(), key or PRIVATE[algorithm], algorithm, headers)
