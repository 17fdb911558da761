"""Who signed a request to the emulated AWS, what for, and until when that holds."""

import datetime
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import botocore.auth
import botocore.signers
import pytest
from botocore.client import BaseClient
from botocore.config import Config

from infra.local.credentials import Credentials
from infra.local.emulator_signatures import EXPIRED, MISMATCH, UNKNOWN_KEY, UNSIGNED, Verifier

HOME = Credentials("AKIAHOME", "the secret of this home")
ADDRESS = "http://127.0.0.1:4566"
MINUTE = 60


@pytest.fixture
def verifier() -> Verifier:
    return Verifier(HOME)


@pytest.fixture
def s3() -> Iterator[BaseClient]:
    yield from client(HOME)


def client(credentials: Credentials) -> Iterator[BaseClient]:
    made = boto3.client(
        "s3",
        endpoint_url=ADDRESS,
        region_name="us-east-1",
        aws_access_key_id=credentials.access_key_id,
        aws_secret_access_key=credentials.secret_access_key,
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
    )
    yield made
    made.close()


@pytest.fixture
def signed_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Let what is signed next be signed so many seconds from now."""

    def shift(seconds: float) -> None:
        then = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=seconds)
        monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda **_: then.replace(tzinfo=None))

    return shift


def url_failure(verifier: Verifier, url: str, method: str = "GET") -> Any:
    parts = urlsplit(url)
    return verifier.request_failure(method, parts.path, parse_qs(parts.query), {"host": parts.netloc})


def header_failure(verifier: Verifier, s3: BaseClient, key: str = "k") -> Any:
    """Send a request nowhere; return what the verifier says of it."""
    found: list[Any] = []

    def look(request: Any, **_: Any) -> Any:
        parts = urlsplit(request.url)
        headers = {
            name.lower(): value.decode() if isinstance(value, bytes) else value
            for name, value in request.headers.items()
        }
        found.append(verifier.request_failure(request.method, parts.path, {}, {"host": parts.netloc, **headers}))
        raise InterruptedError

    s3.meta.events.register("before-send.s3.HeadObject", look)
    with pytest.raises(InterruptedError):
        s3.head_object(Bucket="bucket", Key=key)
    return found[0]


def test_a_request_of_this_home_passes(verifier: Verifier, s3: BaseClient) -> None:
    assert header_failure(verifier, s3) is None


@pytest.mark.parametrize("seconds", [-16 * MINUTE, -60 * MINUTE, 16 * MINUTE, 60 * MINUTE])
def test_a_request_is_not_repeated_after_a_quarter_of_an_hour(
    verifier: Verifier, s3: BaseClient, signed_at: Callable[[float], None], seconds: float
) -> None:
    signed_at(seconds)
    code, _ = header_failure(verifier, s3)
    assert code == "RequestTimeTooSkewed"


def test_a_url_ends_when_it_says(verifier: Verifier, s3: BaseClient, signed_at: Callable[[float], None]) -> None:
    def url(expires: int) -> str:
        return str(s3.generate_presigned_url("get_object", Params={"Bucket": "b", "Key": "k"}, ExpiresIn=expires))

    signed_at(-10 * MINUTE)
    assert url_failure(verifier, url(11 * MINUTE)) is None
    assert url_failure(verifier, url(9 * MINUTE)) == EXPIRED
    longer = url(9 * MINUTE).replace("X-Amz-Expires=540", "X-Amz-Expires=5400")
    assert url_failure(verifier, longer) == MISMATCH
    for nonsense in ("-1", "1e9", "9" * 400, ""):
        assert url_failure(verifier, url(540).replace("X-Amz-Expires=540", f"X-Amz-Expires={nonsense}")) is not None


def test_a_url_is_good_for_its_method_and_key_alone(verifier: Verifier, s3: BaseClient) -> None:
    url = s3.generate_presigned_url("get_object", Params={"Bucket": "bucket", "Key": "mine"})
    assert url_failure(verifier, url) is None
    assert url_failure(verifier, url, "PUT") == MISMATCH
    assert url_failure(verifier, url.replace("/mine", "/theirs")) == MISMATCH
    assert url_failure(verifier, url.replace("/bucket/", "/other/")) == MISMATCH


def test_the_credentials_of_another_home_open_nothing(verifier: Verifier) -> None:
    for other in (Credentials("AKIAOTHER", HOME.secret_access_key), Credentials(HOME.access_key_id, "another secret")):
        for theirs in client(other):
            assert header_failure(verifier, theirs) in (UNKNOWN_KEY, MISMATCH)
            form = theirs.generate_presigned_post("bucket", "key")["fields"]
            assert verifier.form_failure(form) in (UNKNOWN_KEY, MISMATCH)


@pytest.mark.parametrize("change", [{}, {"policy": "e30="}, {"x-amz-signature": "0" * 64}, {"x-amz-signature": ""}])
def test_a_form_is_good_with_its_own_policy_alone(verifier: Verifier, s3: BaseClient, change: dict[str, str]) -> None:
    fields = s3.generate_presigned_post("bucket", "key")["fields"]
    assert verifier.form_failure({**fields, **change}) == (MISMATCH if change else None)


@pytest.mark.parametrize("fields", [{}, {"x-amz-algorithm": "AWS4-HMAC-SHA256"}, {"x-amz-credential": "a/b/c/d/e"}])
def test_a_form_without_a_signature_is_unsigned(verifier: Verifier, fields: dict[str, str]) -> None:
    assert verifier.form_failure(fields) == UNSIGNED
