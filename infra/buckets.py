"""Whether a bucket exists, asked before one is created."""

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client


def bucket_exists(s3: "S3Client", bucket: str) -> bool:
    """Return whether the bucket exists; raises `ClientError` where that is not known or it may not be used."""
    try:
        s3.head_bucket(Bucket=bucket)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
            return False
        raise
    return True
