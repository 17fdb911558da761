"""The keys of an issuer of tokens: when they are read, which are taken, and what happens while it is down."""

from collections.abc import Iterator
from threading import Event
from typing import Any

import pytest

from core.access.issuer_keys import AGAIN_SECONDS, FRESH_SECONDS, IssuerKeys, fetch_json
from core.access.tokens import Tokens
from core.errors import UnavailableError
from tests.support.http_server import QuietHandler, running_server
from tests.support.token_issuer import ISSUER, KEYS, OTHER_KEY, Issuer, jwk, token, tokens_of
from tests.support.waiting import wait_for


@pytest.fixture
def issuer() -> Issuer:
    return Issuer(list(KEYS))


@pytest.fixture
def tokens(issuer: Issuer) -> Tokens:
    return tokens_of(issuer)


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


def test_an_issuer_that_hangs_is_given_up_and_asked_once(issuer: Issuer) -> None:
    answers = Event()

    def fetch(address: str) -> Any:
        issuer.asked.append(address)
        answers.wait()
        return {"keys": KEYS}

    keys = IssuerKeys(ISSUER, f"{ISSUER}/keys", 900, fetch, lambda: issuer.now, fetch_seconds=0.01)
    for _ in range(3):
        with pytest.raises(UnavailableError):
            keys.find("rs256", "RS256")
        issuer.now += AGAIN_SECONDS
    assert len(issuer.asked) == 1
    answers.set()
    wait_for(lambda: found_later(keys, issuer))


def found_later(keys: IssuerKeys, issuer: Issuer) -> bool:
    issuer.now += AGAIN_SECONDS
    try:
        return keys.find("rs256", "RS256") is not None
    except UnavailableError:
        return False


@pytest.mark.parametrize("published", [None, [], 7, {}, {"keys": "abc"}, {"keys": {"a": 1}}])
def test_what_is_no_list_of_keys_takes_none_away(issuer: Issuer, tokens: Tokens, published: Any) -> None:
    assert tokens.check(token()) is not None
    issuer.fetch = lambda address: published  # type: ignore[method-assign]
    issuer.now += FRESH_SECONDS
    assert tokens.check(token()) is not None


@pytest.mark.parametrize(
    "change",
    [
        {"use": "enc"},
        {"use": ["sig"]},
        {"key_ops": ["encrypt"]},
        {"key_ops": 7},
        {"alg": "RS512"},
        {"alg": {}},
        {"kty": ["RSA"]},
        {"kty": "oct", "k": "YQ"},
        {"n": 7},
        {"e": "AQ"},
    ],
)
def test_a_published_key_that_does_not_verify_is_none(change: dict[str, Any]) -> None:
    assert tokens_of(Issuer([{**KEYS[0], **change}])).check(token()) is None


def test_of_two_keys_with_one_id_none_is_guessed() -> None:
    twice = Issuer([KEYS[0], jwk("RS256", OTHER_KEY, "rs256")])
    assert tokens_of(twice).check(token()) is None


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
