"""OIDC tokens: whose are taken, and what happens while the issuer is down."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from core.access.issuer_keys import AGAIN_SECONDS, FRESH_SECONDS, IssuerKeys, fetch_json
from core.access.roles import Role
from core.access.tokens import Tokens
from core.errors import ForbiddenError, UnavailableError
from core.settings import Settings
from tests.support.http_server import QuietHandler, running_server

ISSUER = "https://issuer.example"
RSA_KEY = rsa.generate_private_key(65537, 2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
ED_KEY = ed25519.Ed25519PrivateKey.generate()
PRIVATE = {"RS256": RSA_KEY, "ES256": EC_KEY, "EdDSA": ED_KEY}


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


@pytest.fixture
def issuer() -> Issuer:
    return Issuer(list(KEYS))


def tokens_of(issuer: Issuer, **options: Any) -> Tokens:
    chosen = Settings(auth="oidc", oidc_issuer=ISSUER, oidc_audience="regatta", **options)
    return Tokens(chosen, IssuerKeys(ISSUER, None, 900, issuer.fetch, lambda: issuer.now))


@pytest.fixture
def tokens(issuer: Issuer) -> Tokens:
    return tokens_of(issuer)


def claims(**others: Any) -> dict[str, Any]:
    now = time.time()
    usual = {"iss": ISSUER, "aud": "regatta", "sub": "ada", "iat": now, "exp": now + 3600, "workspace": "acme"}
    merged = {**usual, "roles": ["predict"], **others}
    return {name: value for name, value in merged.items() if value is not None}


def token(algorithm: str = "RS256", key: Any = None, headers: dict[str, Any] | None = None, **others: Any) -> str:
    headers = {"kid": algorithm.lower(), **(headers or {})}
    return jwt.encode(claims(**others), key or PRIVATE[algorithm], algorithm, headers)


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


OTHER_KEY = rsa.generate_private_key(65537, 2048)
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
        token(nbf=time.time() + HOUR),
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
    given = {"https://example.com/workspace": "other", "resource_access": {"regatta": {"roles": ["train"]}}}
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
    now[0] += 61
    assert tokens.recall(text) is None


def test_keys_are_read_once_and_again_after_ten_minutes(issuer: Issuer, tokens: Tokens) -> None:
    for _ in range(10):
        assert tokens.check(token()) is not None
    assert issuer.asked == [f"{ISSUER}/.well-known/openid-configuration", f"{ISSUER}/keys"]
    issuer.now += FRESH_SECONDS
    assert tokens.check(token()) is not None
    assert len(issuer.asked) == 4


def test_an_unknown_key_id_asks_the_issuer_once_in_a_while(issuer: Issuer, tokens: Tokens) -> None:
    assert tokens.check(token()) is not None
    issuer.now += AGAIN_SECONDS
    before = len(issuer.asked)
    for number in range(20):
        assert tokens.check(token(headers={"kid": f"made up {number}"})) is None
    assert len(issuer.asked) == before + 2
    issuer.keys = [jwk("RS256", OTHER_KEY, "new")]
    issuer.now += AGAIN_SECONDS
    assert tokens.check(token(key=OTHER_KEY, headers={"kid": "new"})) is not None
    assert tokens.check(token()) is None


def test_known_keys_outlive_the_issuer_for_a_while(issuer: Issuer, tokens: Tokens) -> None:
    assert tokens.check(token()) is not None
    issuer.is_down = True
    issuer.now += 899
    assert tokens.check(token()) is not None
    issuer.now += 2
    with pytest.raises(UnavailableError) as caught:
        tokens.check(token())
    assert caught.value.retry_after is not None
    issuer.is_down = False
    issuer.now += AGAIN_SECONDS
    assert tokens.check(token()) is not None


def test_without_any_key_a_token_is_unavailable_and_not_refused(issuer: Issuer, tokens: Tokens) -> None:
    issuer.is_down = True
    for _ in range(5):
        with pytest.raises(UnavailableError):
            tokens.check(token())
    assert len(issuer.asked) == 1


def test_the_discovery_document_of_another_issuer_is_not_taken() -> None:
    keys = IssuerKeys("https://other.example", None, 900, Issuer(KEYS).fetch)
    with pytest.raises(UnavailableError):
        keys.find("rs256", "RS256")


@pytest.mark.parametrize("address", ["file:///etc/passwd", "ftp://a/b", "http://issuer.example/keys", "gopher://x"])
def test_keys_are_read_over_https_alone(address: str) -> None:
    with pytest.raises(ValueError):
        fetch_json(address)


@pytest.fixture(params=["large", "moved", "no json", "packed"])
def bad_address(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of an answer that is none."""

    class Handler(QuietHandler):
        def do_GET(self) -> None:
            body = b"[" + b" " * (300 << 10) if request.param == "large" else b"no json"
            self.send_response(302 if request.param == "moved" else 200)
            self.send_header("Location", "http://127.0.0.1:1/")
            self.send_header("Content-Length", str(len(body)))
            if request.param == "packed":
                self.send_header("Content-Encoding", "gzip")
            self.end_headers()
            self.wfile.write(body)

    with running_server(Handler) as address:
        yield address


def test_what_is_no_set_of_keys_is_not_read(bad_address: str) -> None:
    with pytest.raises(ValueError):
        fetch_json(bad_address)
