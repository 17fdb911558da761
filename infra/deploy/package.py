"""The code of all functions as one zip, for emulators."""

import hashlib
import io
import zipfile
from typing import TYPE_CHECKING

from infra.buckets import bucket_exists
from infra.paths import ROOT

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client


def package() -> bytes:
    """Return core/ and functions/ as a zip. The same files give the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(path for folder in ("core", "functions") for path in (ROOT / folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                entry = zipfile.ZipInfo(path.relative_to(ROOT).as_posix())  # dated 1980-01-01
                entry.external_attr = 0o644 << 16
                archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def upload_package(s3: "S3Client", bucket: str) -> str:
    """Put the package into the bucket, which is created if it does not exist; return the key."""
    code = package()
    key = f"{hashlib.sha256(code).hexdigest()[:16]}.zip"
    if not bucket_exists(s3, bucket):
        s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key=key, Body=code)
    return key
