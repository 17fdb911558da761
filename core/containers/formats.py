"""Recognise by its bytes, never by its name, the format of a file that is no plain text. Light."""

import codecs
import gzip
import re
import zlib
from pathlib import Path
from typing import Literal

Format = Literal["zip", "ole", "parquet", "json", "gzip"]

HEAD_BYTES = 64 << 10
GZIP = b"\x1f\x8b"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# The second one is that of a Parquet file whose footer is encrypted.
PARQUET = (b"PAR1", b"PARE")
# An empty zip has the second one alone.
ZIP = (b"PK\x03\x04", b"PK\x05\x06")
# An object with a first name, or an array of objects, arrays or nothing. No CSV begins so.
JSON = re.compile(rb"\s*(?:\{\s*(?:\"(?:[^\"\\]|\\.)*\"\s*:|\})|\[\s*[\[{\]])")


def find_format(source: Path) -> Format | None:
    """Return the format of a file that has to be unpacked, or None for a plain text and for whatever is unknown.

    A gzip is one of these formats only if its content is: a CSV in gzip is read as a CSV.
    """
    with source.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if head.startswith(GZIP):
        return "gzip" if _format_of(_head_of_gzip(source)) else None
    return _format_of(head)


def _format_of(head: bytes) -> Format | None:
    if head.startswith(ZIP):
        return "zip"
    if head.startswith(OLE):
        return "ole"
    # Both marks are letters, so a CSV may begin with them: the file goes on with the binary part of a page's header.
    if head.startswith(PARQUET) and re.search(rb"[\x00-\x08\x0e-\x1f]", head[4:64]):
        return "parquet"
    return "json" if JSON.match(_without_mark(head)) else None


def _without_mark(head: bytes) -> bytes:
    """Return the first bytes of a text without its byte order mark, as UTF-8 where they are UTF-16."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return head.decode("utf-16", "ignore").encode("utf-8", "ignore")
    return head.removeprefix(codecs.BOM_UTF8)


def _head_of_gzip(source: Path) -> bytes:
    """Return the first bytes of the content; none of a damaged gzip, which is refused where it is read."""
    try:
        with gzip.open(source) as packed:
            return packed.read(HEAD_BYTES)
    except (EOFError, OSError, zlib.error):
        return b""
