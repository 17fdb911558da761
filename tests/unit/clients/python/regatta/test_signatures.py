"""No line of httpx has the signature of a presigned URL, at any level."""

import logging

import httpx
import pytest

import regatta.protocol  # noqa: F401 - a client loads it
from regatta.signatures import SignatureFilter, hide_signatures

URL = (
    "https://bucket.example/key?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIA%2F20261127&X-Amz-Signature=5ec4e7"
    "&X-Amz-Security-Token=t0ken"
)


def test_a_request_is_logged_without_what_makes_its_url_valid(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200))) as client:
        client.get(URL)
    assert "X-Amz-Signature=..." in caplog.text
    assert "https://bucket.example/key?X-Amz-Algorithm=AWS4-HMAC-SHA256" in caplog.text
    for secret in ("5ec4e7", "AKIA", "t0ken"):
        assert secret not in caplog.text


def test_nor_is_the_location_of_an_answer(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    old = b"https://b.example/k?AWSAccessKeyId=AKIA&Signature=5ec4e7&Expires=1"
    logging.getLogger("httpcore.http11").debug("receive_response_headers.complete %r", [(b"location", old)])
    assert "5ec4e7" not in caplog.text
    assert "AKIA" not in caplog.text
    assert "Expires=1" in caplog.text


def test_a_second_client_adds_no_second_filter() -> None:
    hide_signatures()
    found = [one for one in logging.getLogger("httpx").filters if isinstance(one, SignatureFilter)]
    assert len(found) == 1
