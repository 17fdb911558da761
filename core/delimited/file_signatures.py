"""File signatures: refuse files of other formats, known by their first bytes, and name the way out."""

import codecs
import re

from core.errors import NotACsvError

AS_CSV = "Save it as CSV UTF-8 and send that."
UNPACK = "Unpack it and send the CSV, as it is or as gzip."
EXPORT = "Export its table as CSV in UTF-8 and send that."
# The format by the first bytes, and the way out.
BINARY_FILES = (
    (rb"PK\x03\x04.{26}(?s:.*)(?:xl/|\[Content_Types\]\.xml)", "an Excel workbook", AS_CSV),
    (rb"PK\x03\x04.{26}mimetypeapplication/vnd\.oasis\.opendocument", "an OpenDocument file", AS_CSV),
    (rb"PK\x03\x04|PK\x05\x06", "a zip archive", UNPACK),
    (rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook or another Office file", AS_CSV),
    (rb"BZh[1-9]1AY&SY|\xfd7zXZ\0|\x28\xb5\x2f\xfd|7z\xbc\xaf\x27\x1c|Rar!\x1a", "an archive", UNPACK),
    (rb"PAR1[\x00-\x1f]", "a Parquet file", EXPORT),
    (rb"ARROW1\0|FEA1\0", "an Arrow file", EXPORT),
    (rb"SQLite format 3\0", "an SQLite database", EXPORT),
    (rb"\x89HDF\r\n|\x93NUMPY|\x80[\x02-\x05]", "a file of another program", EXPORT),
    (rb"\x89PNG\r\n|\xff\xd8\xff|GIF8[79]a|II\*\0|MM\0\*|RIFF....WEBP", "an image", "Send the numbers as CSV."),
    (rb"%PDF-", "a PDF", EXPORT),
    (rb"\{\\rtf", "a text document", AS_CSV),
)
# The same for formats that are UTF-8 text.
OTHER_FORMATS = (
    (rb"\s*(?:\{\s*(?:\"(?:[^\"\\]|\\.)*\"\s*:|\})|\[\s*[\[{\]])", "JSON", EXPORT),
    (rb"(?i)\s*<(?:!doctype|!--|html|table)", "HTML", EXPORT),
    (rb"\s*<\?xml", "XML", EXPORT),
)


def refuse_binary_file(head: bytes) -> None:
    """Raise `NotACsvError` for the first bytes of a binary file."""
    _refuse(head, BINARY_FILES)


def refuse_other_format(head: bytes) -> None:
    """Raise `NotACsvError` for the beginning of a UTF-8 text of another format, such as JSON or HTML."""
    _refuse(head.removeprefix(codecs.BOM_UTF8), OTHER_FORMATS)


def _refuse(head: bytes, signatures: tuple[tuple[bytes, str, str], ...]) -> None:
    """Raise `NotACsvError` where one of the signatures matches the first bytes."""
    for pattern, format_name, way_out in signatures:
        if re.match(pattern, head, re.DOTALL):
            raise NotACsvError(f"This is {format_name}, not a CSV. {way_out}")
