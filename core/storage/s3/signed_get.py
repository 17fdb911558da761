"""Read objects without boto3, which takes 0.1 s to load: a fresh process has read its first objects by then."""

import hashlib
import hmac
import os
import threading
import time
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection, IncompleteRead
from urllib.parse import SplitResult, quote, urlsplit

from core.deadlines import check_deadline
from core.errors import DeadlineError
from core.storage.aws_calls import PIECE_BYTES, seconds_of_attempt
from core.telemetry.calls import note_call

# How long the store may be silent.
TIMEOUT_SECONDS = 2
NOTHING = hashlib.sha256(b"").hexdigest()
# Where one of these is set, only boto3 can make the connection.
SPECIAL = ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "AWS_CA_BUNDLE", "AWS_ENDPOINT_URL_S3")


class SignedGet:
    """Signed GETs of one bucket over one kept connection, with the credentials of the environment."""

    def __init__(self, bucket: str, endpoint: str | None) -> None:
        """Connect to nothing yet; `endpoint` is None for AWS, or for the endpoint in AWS_ENDPOINT_URL."""
        self._bucket = bucket
        self._endpoint = endpoint
        self._connection: HTTPConnection | None = None
        # Held by the read that uses the connection.
        self._lock = threading.Lock()
        self._is_retired = False

    def get(self, key: str) -> bytes | None:
        """Return the object's bytes; None for a missing key, without an answer or without permission.

        Then the caller asks boto3, which retries and raises. Raises `DeadlineError` once nothing is left.
        """
        access_key, secret = os.environ.get("AWS_ACCESS_KEY_ID"), os.environ.get("AWS_SECRET_ACCESS_KEY")
        region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
        if not (access_key and secret and region) or any(name in os.environ for name in SPECIAL):
            return None
        endpoint = self._endpoint or os.environ.get("AWS_ENDPOINT_URL")
        url = urlsplit(endpoint or f"https://s3.{region}.amazonaws.com")
        path = quote(f"{url.path.rstrip('/')}/{self._bucket}/{key}")
        headers = sigv4_headers(url.netloc, path, access_key, secret, region, os.environ.get("AWS_SESSION_TOKEN"))
        seconds = seconds_of_attempt(TIMEOUT_SECONDS)
        if not self._lock.acquire(timeout=seconds):
            return None
        try:
            return None if self._is_retired else self._exchange(url, path, headers, seconds)
        except (OSError, HTTPException):
            self._close()
            return None
        except DeadlineError:
            self._close()
            raise
        finally:
            if self._is_retired:
                self._close()
            self._lock.release()

    def _exchange(self, url: SplitResult, path: str, headers: dict[str, str], seconds: float) -> bytes | None:
        """Send the request, and read the answer, which may be silent for so many seconds."""
        start = time.perf_counter()
        if self._connection is None:
            kind = HTTPSConnection if url.scheme == "https" else HTTPConnection
            self._connection = kind(url.netloc)
        self._connection.timeout = seconds
        if self._connection.sock is not None:
            self._connection.sock.settimeout(seconds)
        self._connection.request("GET", path, headers=headers)
        response = self._connection.getresponse()
        pieces = []
        while piece := response.read1(PIECE_BYTES):
            pieces.append(piece)
            check_deadline()
        if response.length:
            raise IncompleteRead(b"", response.length)
        response.close()  # which lets the connection be used again
        note_call("storage", "GetObject", start)
        # A page of a proxy has no ETag.
        return b"".join(pieces) if response.status == 200 and response.headers["ETag"] else None

    def retire(self) -> None:
        """Read nothing from now on. A read that goes on ends as usual and closes the connection."""
        self._is_retired = True
        if self._lock.acquire(blocking=False):
            self._close()
            self._lock.release()

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def __del__(self) -> None:
        self._close()


def sigv4_headers(
    host: str,
    path: str,
    access_key: str,
    secret: str,
    region: str,
    token: str | None,
    now: datetime | None = None,
) -> dict[str, str]:
    """Return the headers of a GET of `path` (URL-encoded, without query), signed by AWS Signature Version 4.

    https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
    """
    stamp = (now or datetime.now(UTC)).strftime("%Y%m%dT%H%M%SZ")
    headers = {"host": host, "x-amz-content-sha256": NOTHING, "x-amz-date": stamp}
    if token:
        headers["x-amz-security-token"] = token
    names = ";".join(headers)
    lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
    request = f"GET\n{path}\n\n{lines}\n{names}\n{NOTHING}"
    scope = f"{stamp[:8]}/{region}/s3/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.new(key, text.encode(), "sha256").hexdigest()
    credential = f"Credential={access_key}/{scope}"
    return {
        **headers,
        "authorization": f"AWS4-HMAC-SHA256 {credential}, SignedHeaders={names}, Signature={signature}",
    }
