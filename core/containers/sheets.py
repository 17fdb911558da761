"""Choose a sheet of a workbook and write it as a canonical text. Runs in a process of its own."""

import zipfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from xml.parsers.expat import ExpatError

from core.containers.archive import DAMAGED, encrypted
from core.containers.canonical import CanonicalWriter
from core.containers.listing import listed
from core.containers.ods_scan import scan_ods
from core.containers.xlsx_scan import SheetFacts, scan_sheet, sheet_part
from core.errors import InvalidInputError, UnreadableContainerError
from core.types import Json

# Of more sheets with cells, one has to be named.
MAX_UNNAMED_SHEETS = 10
MERGED_KEPT = 1_000
# A sheet with so many rows of so many cells has a table; one with fewer may be a title page.
TABLE_ROWS, TABLE_CELLS = 2, 2


@dataclass(frozen=True)
class Choice:
    """The sheet that is read, and all others by name: "empty", "hidden" or nothing."""

    name: str
    others: dict[str, str] = field(default_factory=dict)


def write_sheet(source: str, target: str, kind: str, wanted: str | None, decimal: str, max_bytes: int) -> Json:
    """Write one sheet of a workbook to `target`; without `wanted`, the first visible one with a table.

    Return the choice, the kinds of its cells, and what needs warnings. Raises `InvalidInputError`, `TooLargeError`,
    `UnreadableContainerError`.
    """
    import python_calamine as calamine

    try:
        with calamine.CalamineWorkbook.from_path(source) as workbook:
            choice, sheet = _named(workbook, wanted) if wanted is not None else _first_with_table(workbook)
            writer = CanonicalWriter(Path(target), max_bytes, decimal)
            writer.write(sheet.iter_rows())
            merged = _merged(sheet.merged_cell_ranges or ())
        facts = _facts(source, kind, choice.name)
    except calamine.PasswordError:
        raise encrypted() from None
    except (calamine.CalamineError, ExpatError, KeyError, *DAMAGED) as error:
        raise UnreadableContainerError(
            f"The workbook is damaged and cannot be read ({str(error)[:200]}). Save it again, or as CSV, and send that."
        ) from None
    below = [sorted(kinds) for kinds in writer.kinds.below]
    return {**asdict(choice), "head": writer.kinds.head, "below": below, "merged": merged, "facts": asdict(facts)}


def _visibility(workbook: Any) -> dict[str, bool]:
    """Return by name whether each worksheet is visible; charts and dialogs are left out."""
    from python_calamine import SheetTypeEnum, SheetVisibleEnum

    sheets = [sheet for sheet in workbook.sheets_metadata if sheet.typ == SheetTypeEnum.WorkSheet]
    return {sheet.name: sheet.visible == SheetVisibleEnum.Visible for sheet in sheets}


def _named(workbook: Any, wanted: str) -> tuple[Choice, Any]:
    """Return the sheet of this name, or else of this number from 1."""
    visible = _visibility(workbook)
    names = list(visible)
    found = wanted if wanted in visible else None
    with suppress(ValueError):
        if found is None and 1 <= int(wanted) <= len(names):
            found = names[int(wanted) - 1]
    if found is None:
        raise InvalidInputError(
            f"The workbook has no sheet {wanted!r}. Its sheets are {listed(names)}.",
            [{"field": "sheet", "message": f"no such sheet; there are {listed(names)}"}],
        )
    others = {name: "" if is_shown else "hidden" for name, is_shown in visible.items() if name != found}
    sheet = workbook.get_sheet_by_name(found)
    if sheet.start is None:
        more = f" Other sheets are {listed([*others])}." if others else ""
        raise UnreadableContainerError(f"The sheet {found!r} has no cells.{more} Send one with a header and rows.")
    return Choice(found, others), sheet


def _first_with_table(workbook: Any) -> tuple[Choice, Any]:
    """Return the first visible sheet with a table; raises where so many have cells that it is not clear which."""
    visible = _visibility(workbook)
    chosen, has_table, filled = None, False, []
    for name in [name for name, is_shown in visible.items() if is_shown] or [*visible]:
        sheet = workbook.get_sheet_by_name(name)
        if sheet.start is None:
            continue
        filled.append(name)
        if not has_table:
            has_table = _has_table(sheet)
            chosen = sheet if chosen is None or has_table else chosen
    if len(filled) > MAX_UNNAMED_SHEETS:
        raise UnreadableContainerError(
            f"The workbook has {len(filled)} sheets with cells, and more than {MAX_UNNAMED_SHEETS} are not chosen "
            f"from: {listed(filled)}. Give the name of one, or its number from 1, in the field `sheet`.",
            [{"field": "sheet", "message": f"name one of {listed(filled)}"}],
        )
    if chosen is None:
        raise UnreadableContainerError("The workbook has no cells. Send one with a header and at least one row.")
    others = {name: "" if name in filled else "empty" if is_shown else "hidden" for name, is_shown in visible.items()}
    return Choice(chosen.name, {name: why for name, why in others.items() if name != chosen.name}), chosen


def _has_table(sheet: Any) -> bool:
    full = (row for row in sheet.iter_rows() if sum(cell != "" for cell in row) >= TABLE_CELLS)
    return sum(1 for _ in zip(full, range(TABLE_ROWS), strict=False)) == TABLE_ROWS


def _merged(ranges: Sequence[tuple[tuple[int, int], tuple[int, int]]]) -> list[tuple[int, int, str]]:
    """Return the first and last row (from 0) of the first ranges, and their references such as A1:B2."""
    return [
        (top, bottom, f"{_reference(top, left)}:{_reference(bottom, right)}")
        for (top, left), (bottom, right) in ranges[:MERGED_KEPT]
    ]


def _reference(row: int, column: int) -> str:
    """Return how spreadsheets call a cell: B3 is in the row 2 and the column 1, from 0."""
    letters, left = "", column + 1
    while left:
        left, letter = divmod(left - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return f"{letters}{row + 1}"


def _facts(source: str, kind: str, sheet: str) -> SheetFacts:
    """Return what the reader of values does not show, as far as the format allows."""
    if kind == "xls":
        return SheetFacts()
    with zipfile.ZipFile(source) as archive:
        if kind == "ods":
            return scan_ods(archive, sheet)
        part = sheet_part(archive, sheet)
        return scan_sheet(archive, part) if part else SheetFacts()
