"""A boto3 client without what it does for S3 and no S3 of these tests looks at."""

from datetime import datetime
from email.utils import parsedate_to_datetime

from botocore.awsrequest import AWSRequest
from botocore.client import BaseClient

# moto looks whether there is one.
SIGNATURE = "AWS4-HMAC-SHA256 Credential=testing/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"


def hasten(client: BaseClient) -> None:
    """Let a client of S3 neither compute signatures nor describe its machine, and read times by their format.

    That is two fifths of what a request costs it.
    """

    def sign(request: AWSRequest, **_: object) -> None:
        request.headers["Authorization"] = SIGNATURE

    events = client.meta.events
    events.unregister("request-created.s3", client._request_signer.handler)
    events.register("request-created.s3", sign)
    client._user_agent_creator.to_string = lambda: "tests"
    client._endpoint._response_parser_factory.set_parser_defaults(timestamp_parser=_time)


def _time(text: str) -> datetime:
    """Read a time as headers and documents of S3 have it; botocore tries every format that there is."""
    return datetime.fromisoformat(text) if text[10:11] == "T" else parsedate_to_datetime(text)
