"""Find in the XML of a worksheet formulas without values, errors and hidden rows, which no reader of values shows.

The XML is searched by patterns while it is unpacked, a few hundred megabytes a second.
"""

import re
import zipfile
from dataclasses import dataclass, field
from xml.etree import ElementTree

from core.errors import UnreadableContainerError

PIECE_BYTES = 1 << 20
# No cell or row tag is longer than this, and the text of a cell has 32,767 characters at most.
OVERLAP_BYTES = 64 << 10
MAX_PART_BYTES = 16 << 20
WORKBOOK, RELATIONS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"

P = rb"(?:\w+:)?"
# A cell with a formula and no value, or an empty one.
NO_VALUE = re.compile(
    rb"<" + P + rb"c\b([^>]*)>\s*<" + P + rb"f\b(?:[^>]*/>|[^>]*>[^<]*</" + P + rb"f>)\s*"
    rb"(?:<" + P + rb"v\s*/>|<" + P + rb"v>\s*</" + P + rb"v>)?\s*</" + P + rb"c>"
)
ERROR = re.compile(rb"<" + P + rb"c\b[^>]*\bt=[\"']e[\"'][^>]*>")
HIDDEN_ROW = re.compile(rb"<" + P + rb"row\b[^>]*\bhidden=[\"'](?:1|true)[\"'][^>]*>")
REFERENCE = re.compile(rb"\br=[\"']([A-Z]+\d+)[\"']")


@dataclass
class SheetFacts:
    """How many cells and rows of a sheet need a warning, and the first reference of each kind."""

    formulas_without_value: int = 0
    first_formula: str = ""
    errors: int = 0
    first_error: str = ""
    hidden_rows: int = 0
    # Only where the reader of values does not list them.
    merged: int = 0


@dataclass
class _Search:
    """The matches of one pattern in pieces of text that overlap."""

    pattern: re.Pattern[bytes]
    mark: bytes
    count: int = 0
    first: str = ""
    # Where the last match ended, in the whole text.
    end: int = field(default=0)

    def add(self, text: bytes, offset: int) -> None:
        """Count the matches that end beyond those that were counted."""
        if self.mark not in text:
            return
        for match in self.pattern.finditer(text, max(0, self.end - offset)):
            self.count += 1
            self.end = offset + match.end()
            if not self.first and (reference := REFERENCE.search(match[0])):
                self.first = reference[1].decode()


def scan_sheet(archive: zipfile.ZipFile, part: str) -> SheetFacts:
    """Search the part of a worksheet, in memory for one piece at a time."""
    formulas, errors, hidden = _Search(NO_VALUE, b"f"), _Search(ERROR, b"="), _Search(HIDDEN_ROW, b"hidden")
    offset, rest = 0, b""
    with archive.open(part) as file:
        while piece := file.read(PIECE_BYTES):
            text = rest + piece
            for search in (formulas, errors, hidden):
                search.add(text, offset)
            rest = text[-OVERLAP_BYTES:]
            offset += len(text) - len(rest)
    return SheetFacts(formulas.count, formulas.first, errors.count, errors.first, hidden.count)


def sheet_part(archive: zipfile.ZipFile, name: str) -> str | None:
    """Return the name of the part with the worksheet `name`, or None where the workbook does not say it."""
    try:
        workbook, relations = _xml(archive, WORKBOOK), _xml(archive, RELATIONS)
    except (KeyError, ElementTree.ParseError):
        return None
    targets = {relation.get("Id"): relation.get("Target", "") for relation in relations}
    for sheet in workbook.iter():
        if sheet.tag.rpartition("}")[2] == "sheet" and sheet.get("name") == name:
            identifier = next((value for key, value in sheet.items() if key.endswith("}id")), None)
            target = targets.get(identifier, "")
            part = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
            return part if part in archive.namelist() else None
    return None


def _xml(archive: zipfile.ZipFile, part: str) -> ElementTree.Element:
    """Parse a small part; raises `UnreadableContainerError` for one with a document type, which could be a bomb."""
    with archive.open(part) as file:
        text = file.read(MAX_PART_BYTES)
    if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
        raise UnreadableContainerError("The workbook has XML entities, as none does. Save it again and send that.")
    return ElementTree.fromstring(text)  # noqa: S314
