"""Find in the XML of an OpenDocument spreadsheet what a reader of its values does not show."""

import zipfile
from typing import Any
from xml.parsers import expat

from core.containers.xlsx_scan import SheetFacts
from core.errors import UnreadableContainerError

CONTENT = "content.xml"
PIECE_BYTES = 1 << 20


class _Scan:
    """Counts within one table while its elements pass."""

    def __init__(self, sheet: str) -> None:
        self.facts = SheetFacts()
        self._sheet = sheet
        self._is_inside = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Count an element."""
        if tag == "table:table":
            self._is_inside = attributes.get("table:name") == self._sheet
        elif not self._is_inside:
            return
        elif tag == "table:table-row":
            if attributes.get("table:visibility", "visible") != "visible":
                self.facts.hidden_rows += int(attributes.get("table:number-rows-repeated", 1))
        elif tag == "table:table-cell":
            if "table:formula" in attributes and "office:value-type" not in attributes:
                self.facts.formulas_without_value += 1
            merged = (attributes.get(f"table:number-{what}-spanned", "1") for what in ("columns", "rows"))
            self.facts.merged += any(span != "1" for span in merged)


def scan_ods(archive: zipfile.ZipFile, sheet: str) -> SheetFacts:
    """Scan the sheet of this name, in memory for one piece at a time."""
    scan, parser = _Scan(sheet), expat.ParserCreate()
    parser.StartElementHandler = scan.start
    parser.StartDoctypeDeclHandler = _refuse
    with archive.open(CONTENT) as file:
        while piece := file.read(PIECE_BYTES):
            parser.Parse(piece, False)
    return scan.facts


def _refuse(*_: Any) -> None:
    """Raise for a document type, which could define entities that unpack to any size."""
    raise UnreadableContainerError("The workbook has XML entities, as none does. Save it again and send that.")
