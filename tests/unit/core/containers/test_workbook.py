"""Old workbooks and OpenDocument spreadsheets, by the same reader as .xlsx."""

from pathlib import Path

import pytest

from core.errors import UnreadableContainerError
from tests.support.containers import archive, read

XLS = (Path(__file__).parents[3] / "data" / "workbooks" / "prices.xls").read_bytes()

CELL = "<table:table-cell {}><text:p>{}</text:p></table:table-cell>"
SPACES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
)


def text(value: str) -> str:
    return CELL.format('office:value-type="string"', value)


def ods(rows: str, **parts: bytes) -> bytes:
    """Return a spreadsheet with one sheet of these rows, and an empty one."""
    content = (
        f'<?xml version="1.0"?><office:document-content {SPACES}><office:body><office:spreadsheet>'
        f'<table:table table:name="Prices">{rows}</table:table><table:table table:name="Notes"/>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    mimetype = b"application/vnd.oasis.opendocument.spreadsheet"
    manifest = b"<manifest:manifest/>"
    files = {"mimetype": mimetype, "content.xml": content.encode(), "META-INF/manifest.xml": manifest}
    return archive({**files, **{name.replace("__", "/"): body for name, body in parts.items()}})


def row(*cells: str, attributes: str = "") -> str:
    return f"<table:table-row {attributes}>{''.join(cells)}</table:table-row>"


ROWS = row(*map(text, ("code", "price", "sold", "flag"))) + "".join(
    row(
        text(f"00{n}"),
        CELL.format(f'office:value-type="float" office:value="{n}.5"', f"{n},50"),
        CELL.format(f'office:value-type="date" office:date-value="2024-01-0{n}"', f"0{n}.01.24"),
        CELL.format(f'office:value-type="boolean" office:boolean-value="{"true" if n % 2 else "false"}"', "x"),
    )
    for n in (1, 2, 3)
)


def test_an_old_workbook() -> None:
    table = read(XLS)
    assert table.types == {
        **{"code": "category", "price": "number", "sold": "date", "moment": "date"},
        **{"flag": "boolean", "share": "number"},
    }
    assert table.values == {
        "code": ["001", "002", "003", None, None],
        "price": [1.5, 2.5, 3.5, 9.0, 10.0],
        "sold": ["2024-01-01", "2024-01-02", "2024-01-03", None, None],
        "moment": ["2024-01-01 05:06:07", "2024-01-02 05:06:07", "2024-01-03 05:06:07", None, None],
        "flag": [False, True, False, None, None],
        "share": [0.01, 0.02, 0.03, None, None],
    }
    assert any("merged cells (A5:A6)" in warning for warning in table.warnings)
    assert any("'Prices' is read and no other: not 'Notes'" in warning for warning in table.warnings)
    assert table.container is not None and table.container.format == "xls"


def test_a_damaged_old_workbook() -> None:
    with pytest.raises(UnreadableContainerError, match="damaged"):
        read(XLS[:512] + b"\xff" * 1500 + XLS[2012:])


def test_an_open_document_spreadsheet() -> None:
    table = read(ods(ROWS))
    assert table.types == {"code": "category", "price": "number", "sold": "date", "flag": "boolean"}
    assert table.values == {
        "code": ["001", "002", "003"],
        "price": [1.5, 2.5, 3.5],
        "sold": ["2024-01-01", "2024-01-02", "2024-01-03"],
        "flag": [True, False, True],
    }
    assert table.container is not None and (table.container.format, table.container.sheet) == ("ods", "Prices")


def test_what_a_spreadsheet_shows_otherwise_is_in_warnings() -> None:
    formula = '<table:table-cell table:formula="of:=[.A1]"/>'
    merged = CELL.format('office:value-type="string" table:number-rows-spanned="2"', "x")
    rows = ROWS + row(merged, formula, attributes='table:visibility="filter"')
    warnings = "\n".join(read(ods(rows)).warnings)
    assert "1 cell has a formula and no stored value" in warnings
    assert "1 row is hidden" in warnings
    assert "1 cell is merged" in warnings


def test_the_usual_empty_end_of_a_sheet_costs_nothing() -> None:
    empty = '<table:table-cell table:number-columns-repeated="16000"/>'
    rows = ROWS + row(empty, attributes='table:number-rows-repeated="1048000"')
    assert read(ods(rows)).values["price"] == [1.5, 2.5, 3.5]


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (ods(ROWS, Basic__Standard__Module1_xml=b"x"), "has macros"),
        (ods(ROWS, **{"META-INF__manifest.xml": b"<manifest:encryption-data/>"}), "encrypted"),
        (ods(ROWS + "<oops"), "damaged"),
        (ods(""), "no cells"),
    ],
)
def test_a_spreadsheet_that_is_refused(body: bytes, detail: str) -> None:
    with pytest.raises(UnreadableContainerError, match=detail):
        read(body)


def test_a_repeated_cell_that_would_fill_memory_is_refused() -> None:
    cell = '<table:table-cell office:value-type="float" office:value="1" table:number-columns-repeated="16000"/>'
    with pytest.raises(Exception, match=r"time or memory|at most|damaged"):
        read(ods(row(cell, attributes='table:number-rows-repeated="1048000"')))
