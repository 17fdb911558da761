"""Read one sheet of a workbook (.xlsx, .xls, .ods) as a canonical text, in a process of its own."""

import zipfile
from pathlib import Path
from typing import Literal

from core.containers.archive import encrypted
from core.containers.canonical import ColumnKinds
from core.containers.limited_process import run_limited
from core.containers.listing import listed_as_they_are
from core.containers.unpacked import Unpacked
from core.errors import UnreadableContainerError
from core.manifests import FileContainer
from core.types import Json

WorkbookFormat = Literal["xlsx", "xls", "ods"]

# By count the fact that has the reference of its first cell.
FIRST = {"formulas_without_value": "first_formula", "errors": "first_error"}

AS_XLSX = "Save it as .xlsx or CSV and send that."
WITHOUT_MACROS = "Save it as .xlsx without macros and send that."
# By a part that only this format has: its name, and the way out.
OTHER_PACKAGES = {
    "xl/workbook.bin": ("an Excel binary workbook (.xlsb)", AS_XLSX),
    "word/document.xml": ("a text document", "Send its table as .xlsx or CSV."),
    "ppt/presentation.xml": ("a presentation", "Send its table as .xlsx or CSV."),
    "Index/Document.iwa": ("a document of Apple's iWork", "Export it as .xlsx or CSV and send that."),
}
ODS_TYPE = b"application/vnd.oasis.opendocument.spreadsheet"
# Names of streams in an OLE file, in UTF-16.
ENCRYPTED_PACKAGE, MACROS, WORKBOOK, BOOK = (
    name.encode("utf-16-le") for name in ("EncryptedPackage", "_VBA_PROJECT_CUR", "Workbook", "Book")
)
OLE_PIECE = 1 << 20
# A sheet is in memory whole, with about 32 bytes for each cell between its corners, and 40 for each that has a value.
# A cell with a value has 15 bytes of XML at least. What is far away from all others may take the first number.
LEAST_MEMORY_BYTES, MEMORY_PER_BYTE = 512 << 20, 16


def workbook_format(archive: zipfile.ZipFile) -> WorkbookFormat | None:
    """Return the format of a workbook that is a zip, or None for a zip of other files.

    Raises `UnreadableContainerError` for one with macros, and for packages of other programs.
    """
    names = set(archive.namelist())
    for part, (what, way_out) in OTHER_PACKAGES.items():
        if part in names:
            raise UnreadableContainerError(f"This is {what}, which is not read. {way_out}")
    if "xl/workbook.xml" in names:
        _refuse_macros(any(name.endswith("vbaProject.bin") or name.startswith("xl/macrosheets/") for name in names))
        return "xlsx"
    if "mimetype" in names and "content.xml" in names:
        with archive.open("mimetype") as file:
            kind = file.read(100).strip()
        if not kind.startswith(ODS_TYPE):
            raise UnreadableContainerError("This is an OpenDocument file, but no spreadsheet. Send its table as CSV.")
        _refuse_macros(any(name.startswith(("Basic/", "Scripts/")) for name in names))
        with (
            archive.open("META-INF/manifest.xml") if "META-INF/manifest.xml" in names else archive.open("mimetype") as f
        ):
            if b"encryption-data" in f.read(1 << 20):
                raise encrypted()
        return "ods"
    return None


def check_ole(source: Path) -> None:
    """Raise `UnreadableContainerError` unless an OLE file is a workbook without macros that needs no password."""
    found = _marks_in(source, (ENCRYPTED_PACKAGE, MACROS, WORKBOOK, BOOK))
    if ENCRYPTED_PACKAGE in found:
        raise encrypted()
    if not found & {WORKBOOK, BOOK}:
        raise UnreadableContainerError(f"This is an Office file, but no workbook. {AS_XLSX}")
    _refuse_macros(MACROS in found)


def _refuse_macros(has_macros: bool) -> None:
    if has_macros:
        raise UnreadableContainerError(f"The workbook has macros, which are not taken. {WITHOUT_MACROS}")


def _marks_in(source: Path, marks: tuple[bytes, ...]) -> set[bytes]:
    """Return those of the marks that are in the file."""
    found: set[bytes] = set()
    rest = b""
    with source.open("rb") as file:
        while piece := file.read(OLE_PIECE):
            text = rest + piece
            found |= {mark for mark in marks if mark in text}
            rest = text[-100:]
    return found


def read_workbook(
    source: Path, folder: Path, kind: WorkbookFormat, sheet: str | None, *, decimal: str, max_bytes: int
) -> Unpacked:
    """Write a sheet to `folder` as a canonical text: the one called `sheet`, or of this number from 1.

    Without `sheet` it is the first visible one with a table, and a warning names the others. Raises `InvalidInputError`
    for a sheet that is not there, `TooLargeError`, and `UnreadableContainerError` for a workbook that is damaged,
    protected or empty, or has too many sheets to choose from.
    """
    target = folder / "sheet.csv"
    request = {"source": str(source), "target": str(target), "kind": kind, "wanted": sheet}
    unpacked_bytes = _unpacked_bytes(source, kind)
    answer = run_limited(
        "sheet",
        {**request, "decimal": decimal, "max_bytes": max_bytes},
        unpacked_bytes,
        LEAST_MEMORY_BYTES + MEMORY_PER_BYTE * unpacked_bytes,
    )
    return Unpacked(
        path=target,
        container=FileContainer(format=kind, sheet=answer["name"]),
        kinds=ColumnKinds(answer["head"], [set(kinds) for kinds in answer["below"]]),
        warnings=[*_sheet_warnings(answer, is_named=sheet is not None), *_fact_warnings(answer["facts"])],
        merged=answer["merged"],
    )


def _unpacked_bytes(source: Path, kind: WorkbookFormat) -> int:
    if kind == "xls":
        return source.stat().st_size
    with zipfile.ZipFile(source) as archive:
        return sum(entry.file_size for entry in archive.infolist())


def _sheet_warnings(answer: Json, *, is_named: bool) -> list[str]:
    others = answer["others"]
    if not others:
        return []
    shown = listed_as_they_are([f"{name!r}" + (f" ({why})" if why else "") for name, why in others.items()])
    is_chosen = not is_named and not all(others.values())
    way_out = "; for another one send the file again with its name in the field `sheet`" if is_chosen else ""
    return [f"of the workbook, the sheet {answer['name']!r} is read and no other: not {shown}{way_out}"]


def _fact_warnings(facts: Json) -> list[str]:
    """Return the warnings about formulas, errors, hidden rows and merged cells, as far as there are any."""
    texts = {
        "formulas_without_value": "{has} a formula and no stored value{at}; they count as missing. A spreadsheet "
        "program stores the values when it saves the workbook",
        "errors": "{has} an error such as #DIV/0!{at}; they count as missing",
        "hidden_rows": "{is} hidden in the sheet, and read like the others",
        "merged": "{is} merged with others, which count as missing",
    }
    warnings = []
    for name, text in texts.items():
        if count := facts[name]:
            first = facts.get(FIRST.get(name, ""), "")
            said = {"has": "have" if count > 1 else "has", "is": "are" if count > 1 else "is"}
            what = ("row" if name == "hidden_rows" else "cell") + "s" * (count > 1)
            warnings.append(f"{count:,} {what} " + text.format(**said, at=f", the first in {first}" if first else ""))
    return warnings
