"""Make the boto3 client of an S3 endpoint."""

from typing import TYPE_CHECKING

from core.storage.s3.listing import parse_listings_fast

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client


def create_client(endpoint: str | None) -> "S3Client":
    """Return a client of the endpoint, or of AWS where that is None.

    It has short time-outs, one retry and keepalive, because the sockets of a function are dead after it was frozen.
    """
    import boto3
    from botocore.config import Config

    config = Config(
        connect_timeout=2,
        read_timeout=20,
        retries={"total_max_attempts": 2, "mode": "standard"},
        tcp_keepalive=True,
        max_pool_connections=32,
        signature_version="s3v4",  # the older one, still the default for URLs, signs no Content-Length
        s3={"addressing_style": "path"},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    client: S3Client = boto3.session.Session().client("s3", endpoint_url=endpoint, config=config)
    parse_listings_fast(client)
    return client
