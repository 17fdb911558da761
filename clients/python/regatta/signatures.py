"""Keep signatures out of the log: httpx writes the URL of each request, and a presigned URL is as good as a key.

httpcore writes the headers of answers at DEBUG, a `Location` among them.
"""

import logging
import re

LOGGERS = ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.http2", "httpcore.proxy")
# The parameters of a presigned URL that make it valid, in both versions of S3's signature.
SECRET = re.compile(
    r"\b(X-Amz-Signature|X-Amz-Credential|X-Amz-Security-Token|Signature|AWSAccessKeyId)=[^&\s'\"<>)]+", re.IGNORECASE
)


class SignatureFilter(logging.Filter):
    """Replaces signatures in lines; everything else of them stays."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Return True: every line is written."""
        text = record.getMessage()
        redacted = SECRET.sub(r"\1=...", text)
        if redacted != text:
            record.msg, record.args = redacted, ()
        return True


def hide_signatures() -> None:
    """Let the lines of httpx have no signature, whoever else uses it in this process."""
    for name in LOGGERS:
        logger = logging.getLogger(name)
        if not any(isinstance(one, SignatureFilter) for one in logger.filters):
            logger.addFilter(SignatureFilter())
