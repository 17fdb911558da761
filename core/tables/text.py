"""From bytes to text: which encoding, which delimiter, and whether this is a CSV at all."""

import codecs
import csv
from dataclasses import dataclass

from core.errors import NotACsvError

BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# UTF-8 first: almost no text of another encoding is valid UTF-8, while GB18030 accepts most UTF-8 and garbles it.
ENCODINGS = ("utf-8", "gb18030", "cp1252")
# What GB18030 is called in the answer: the name that the people who send it use.
SHOWN_AS = {"gb18030": "gbk"}

DELIMITERS = (",", ";", "\t", "|")
BINARY = "The file is binary (it has NUL bytes). Export it as CSV text in UTF-8 and send that."
SAMPLE_LINES = 50
SAMPLE_CHARACTERS = 64 * 1024


@dataclass(frozen=True)
class Text:
    """A CSV as text, with what was decided on the way."""

    content: str
    encoding: str
    delimiter: str


def read_text(source: bytes) -> Text:
    """Decode a CSV and find its delimiter; raises `NotACsvError` for what is no text or no table."""
    if not source.strip():
        raise NotACsvError("The file is empty. Send a CSV with a header line and at least one row.")
    content, encoding = _decode(source)
    content = content.lstrip("\r\n")
    return Text(content, encoding, _delimiter(content))


def _decode(source: bytes) -> tuple[str, str]:
    for bom, encoding in BOMS:
        if source.startswith(bom):
            try:
                content = source.decode(encoding)
            except UnicodeDecodeError as error:
                raise NotACsvError(
                    f"The file starts like {encoding} but byte {error.start} is not. Save it again as UTF-8."
                ) from None
            if "\0" in content:
                raise NotACsvError(BINARY)
            return content, encoding
    if b"\0" in source:
        raise NotACsvError(BINARY)
    for encoding in ENCODINGS:
        try:
            return source.decode(encoding), SHOWN_AS.get(encoding, encoding)
        except UnicodeDecodeError:
            continue
    raise NotACsvError("The file is not text in UTF-8, GBK or Windows-1252. Save it as UTF-8 and send it again.")


def _delimiter(content: str) -> str:
    """The delimiter that cuts the header into the most columns, and most of the first lines into as many."""
    sample = content[:SAMPLE_CHARACTERS].splitlines()[:SAMPLE_LINES]
    if len(content) > SAMPLE_CHARACTERS and len(sample) > 1:
        sample.pop()  # it may be cut in the middle
    best, best_width = "", 1
    for delimiter in DELIMITERS:
        widths = [len(row) for row in csv.reader(sample, delimiter=delimiter) if row]
        if widths and widths[0] > best_width and widths.count(widths[0]) * 2 >= len(widths):
            best, best_width = delimiter, widths[0]
    if not best:
        raise NotACsvError(
            "No delimiter (comma, semicolon, tab or |) cuts these lines into the same number of columns. "
            "Send a CSV with a header, a target column and at least one more."
        )
    return best
