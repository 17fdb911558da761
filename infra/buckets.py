"""Whether a bucket is there, for whoever would create it otherwise."""

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client


def bucket_exists(s3: "S3Client", bucket: str) -> bool:
    """Whether the bucket exists and may be used; raises `ClientError` for every answer but yes and no."""
    try:
        s3.head_bucket(Bucket=bucket)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
            return False
        raise
    return True
