"""Whether a bucket is there, for whoever would create it otherwise."""

from botocore.client import BaseClient
from botocore.exceptions import ClientError


def bucket_exists(s3: BaseClient, bucket: str) -> bool:
    """Whether the bucket exists and may be used; raises `ClientError` for every answer but yes and no."""
    try:
        s3.head_bucket(Bucket=bucket)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
            return False
        raise
    return True
