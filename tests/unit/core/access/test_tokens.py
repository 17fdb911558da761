"""OIDC tokens: whose are taken, and what they say of the caller."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from core.access.issuer_keys import IssuerKeys
from core.access.roles import Role
from core.access.tokens import Tokens
from core.errors import ForbiddenError
from core.settings import Settings
from tests.support.token_issuer import ISSUER, KEYS, OTHER_KEY, PRIVATE, RSA_KEY, Issuer, claims, jwk, token, tokens_of


@pytest.fixture
def issuer() -> Issuer:
    return Issuer(list(KEYS))


@pytest.fixture
def tokens(issuer: Issuer) -> Tokens:
    return tokens_of(issuer)


@pytest.mark.parametrize("algorithm", PRIVATE)
def test_a_token_of_the_issuer_says_workspace_and_role(tokens: Tokens, algorithm: str) -> None:
    caller = tokens.check(token(algorithm))
    assert caller is not None
    assert (caller.workspace, caller.role) == ("acme", Role.PREDICT)
    assert "ada" not in str(caller.key_id)


def unsigned(header: dict[str, Any], signature: bytes = b"") -> str:
    parts = (json.dumps(header).encode(), json.dumps(claims()).encode(), signature)
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


def signed_with_the_public_key(algorithm: str = "HS256") -> str:
    secret = RSA_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    body = unsigned({"alg": algorithm, "kid": "rs256"}).rpartition(".")[0]
    mac = hmac.new(secret, body.encode(), hashlib.sha256).digest()
    return f"{body}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


HOUR = 3600


@pytest.mark.parametrize(
    "text",
    [
        unsigned({"alg": "none"}),
        unsigned({"alg": "None", "kid": "rs256"}),
        unsigned({"alg": ["RS256"], "kid": "rs256"}),
        unsigned({"alg": "RS256", "kid": {"a": 1}}),
        signed_with_the_public_key(),
        signed_with_the_public_key("RS256"),
        token(key=OTHER_KEY),
        token(headers={"kid": "es256"}),
        token(headers={"kid": "unknown"}),
        token(headers={"crit": ["exp"]}),
        token(headers={"jwk": jwk("RS256", OTHER_KEY, "rs256")}, key=OTHER_KEY),
        token(iss="https://other.example"),
        token(aud="another"),
        token(aud=None),
        token(sub=None),
        token(exp=None),
        token(exp=str(int(time.time() + HOUR))),
        token(exp=time.time() - HOUR),
        token(exp=float("inf")),
        token(exp=float("nan")),
        token(exp=[time.time() + HOUR]),
        token(nbf=time.time() + HOUR),
        token(nbf=str(int(time.time()))),
        token(iat=str(int(time.time()))),
        token(iss=[ISSUER]),
        token(aud={"regatta": True}),
        token(aud=["regatta", 7]),
        token(sub="\ud800"),
        token(workspace=7),
        token(workspace={"acme": True}),
        token(workspace="acme\n"),
        token(headers={"kid": "../rs256"}),
        token(headers={"jku": "https://other.example/keys", "kid": "theirs"}, key=OTHER_KEY),
        token(headers={"b64": False}),
        token(iat=time.time() + HOUR),
        token(iat=None),
        token(workspace=None),
        token(workspace="../default"),
        token(workspace="incoming"),
        token(workspace=["acme", "other"]),
        "",
        "a.b.c",
        "." * 1000,
        "eyJhbGciOiJSUzI1NiJ9." + "[" * 5000,
    ],
)
def test_no_other_token_is_taken(tokens: Tokens, text: str) -> None:
    assert tokens.check(text) is None


def test_clocks_may_differ_a_little(tokens: Tokens) -> None:
    assert tokens.check(token(exp=time.time() - 10, iat=time.time() + 10, nbf=time.time() + 10)) is not None


def test_a_short_key_is_none() -> None:
    short = rsa.generate_private_key(65537, 1024)
    weak = tokens_of(Issuer([jwk("RS256", short, "rs256")]))
    with pytest.warns(jwt.warnings.InsecureKeyLengthWarning):
        text = token(key=short)
    assert weak.check(text) is None


@pytest.mark.parametrize(
    ("roles", "role"), [(["read", "train", "x"], Role.TRAIN), ("openid admin", Role.ADMIN), (["read"], Role.READ)]
)
def test_the_highest_role_counts(tokens: Tokens, roles: Any, role: Role) -> None:
    caller = tokens.check(token(roles=roles))
    assert caller is not None
    assert caller.role is role


@pytest.mark.parametrize("roles", [None, [], ["owner"], 7, {"admin": True}, [["admin"]]])
def test_a_token_without_a_role_may_nothing(tokens: Tokens, roles: Any) -> None:
    with pytest.raises(ForbiddenError):
        tokens.check(token(roles=roles))


def test_claims_may_be_nested_or_have_dots_in_their_names(issuer: Issuer) -> None:
    named = {
        "oidc_workspace_claim": "https://example.com/workspace",
        "oidc_roles_claim": "resource_access.regatta.roles",
    }
    given: dict[str, Any] = {
        "https://example.com/workspace": "other",
        "resource_access": {"regatta": {"roles": ["train"]}},
    }
    caller = tokens_of(issuer, **named).check(token(roles=None, **given))
    assert caller is not None
    assert (caller.workspace, caller.role) == ("other", Role.TRAIN)


def test_a_token_that_was_checked_is_recalled_for_a_minute(issuer: Issuer) -> None:
    now = [time.time()]
    chosen = Settings(auth="oidc", oidc_issuer=ISSUER, oidc_audience="regatta")
    tokens = Tokens(chosen, IssuerKeys(ISSUER, None, 900, issuer.fetch), lambda: now[0])
    text = token()
    assert tokens.recall(text) is None
    assert tokens.check(text) == tokens.recall(text) is not None
    for later in (61, -61):  # the clock may be set back
        now[0] += later
        assert tokens.recall(text) is None
        now[0] -= later
        assert tokens.recall(text) is not None
