"""A CSV body is read as the same file is read by an upload, whatever stands around its table."""

from math import isnan
from typing import Any

import pytest

from core.errors import NotACsvError
from core.inference.csv_input import FIRST_ROW, batches_from_csv
from core.inference.input_batch import raw_columns_of_batch
from core.inference.input_warnings import InputWarnings
from core.manifests import Feature
from core.tables.table import Table
from tests.support.tables import CASES, cells, read

ROWS = [f"{i},t{i % 3},{i * 1.5}" for i in range(30)]
HEADER = "n,t,y"
CASE_NAMES = [
    "C2_rows_of_delimiters_are_predicted.csv",
    "C4_blanks_and_one_tab_two_columns.data",
    "C4_single_quotes_shift_columns.csv",
    "C5_title_of_two_cells_taken_for_header.csv",
    "C7_missing_excel_div0.csv",
    "C7_missing_worldbank_dots.csv",
]
LAYOUTS = {
    "empty rows": [HEADER, ",,", *ROWS[:10], " , ,", *ROWS[10:], ",,"],
    "a row of gaps in words": [HEADER, *ROWS, "NA,-,"],
    "repeated headers": [HEADER, *ROWS[:10], HEADER, *ROWS[10:], HEADER],
    "units": [HEADER, "m,,kg", *ROWS],
    "dashes": [HEADER, "--,---,---", *ROWS],
    "a title": ["Report,3/13/2015,", HEADER, *ROWS],
    "titles": ["Report", "", "by,Li,2015", HEADER, *ROWS],
    "a total": [HEADER, *ROWS, "Total,,652.5"],
    "a Chinese total": [HEADER, *ROWS, "合计,,652.5", ",,", "数据来源：统计局,,"],
    "rows affected": [HEADER, *ROWS, "", "(30 rows affected)"],
    "a footer": [HEADER, *ROWS, "Source: a, b and c, d, e"],
    "sep": ["sep=;", *[line.replace(",", ";") for line in [HEADER, *ROWS]]],
    "blanks": [line.replace(",", "   ") for line in [HEADER, *ROWS]],
    "blanks and a tab": [line.replace(",", "  ", 1).replace(",", "\t") for line in [HEADER, *ROWS]],
    "double tabs": [line.replace(",", "\t\t") for line in [HEADER, *ROWS]],
    "single quotes": [HEADER, *[f"{i},'a, {i % 3}',{i / 4}" for i in range(30)]],
    "escaped quotes": [HEADER, *[rf'{i},"say \"hi\", {i % 3}",{i / 4}' for i in range(30)]],
    "backslashes": [HEADER, *[rf'{i},"say \"hi\", C:\new{i % 3}",{i / 4}' for i in range(30)], r"31,\N,2"],
    "a total that is a row": ["t,n,y", *[f"t{i % 3},{i},{i * 1.5}" for i in range(30)], "All,3,7.5"],
    "a first row of stray values": [HEADER, "unknown,t1,unknown", *ROWS],
    "sep with blanks": ["sep=; ", *[line.replace(",", ";") for line in [HEADER, *ROWS]]],
    "a header short by one": ["n,t,y", *[f"r{i},{row}" for i, row in enumerate(ROWS)]],
    "names twice": ["n,n,,y", *[f"{i},{i % 3},{i % 5},{i * 1.5}" for i in range(30)]],
    "no header": [f"{i},t{i % 3},{i * 1.5}" for i in range(30)],
    "a ragged row": [HEADER, *ROWS, "1,2", *ROWS],
    "a pair": ["t,lift,y", *[f"t{i},{('有', '无')[i % 2]},{i}" for i in range(30)]],
    "unusual gaps": [HEADER, *ROWS, "..,#N/A,1", ":,<NA>,2", "#DIV/0!,n.a.,3", "1,t1,4"],
}


def features_of(table: Table) -> list[Feature]:
    return [
        Feature(name=column.name, type="category", fill="", levels=sorted(set(cells(table, column.name)) - {None}))
        if column.type == "category"
        else Feature(name=column.name, type="number", fill=0.0)
        for column in table.columns
    ]


def read_body(body: bytes, features: list[Feature], batch_size: int = 7) -> tuple[dict[str, list[Any]], list[str]]:
    """The values, None for missing, and the warnings about the layout."""
    columns: dict[str, list[Any]] = {feature.name: [] for feature in features}
    warnings: list[str] = []
    input_warnings = InputWarnings(features, first_row=FIRST_ROW)
    for batch in batches_from_csv(body, "utf-8", features, batch_size, warnings):
        for name, values in raw_columns_of_batch(batch, features, input_warnings).items():
            columns[name] += [None if value == "" or str(value) == "nan" else value for value in values.tolist()]
    return columns, warnings


def left_out(warnings: list[str]) -> list[str]:
    return [warning for warning in warnings if "left out" in warning]


def check(content: bytes) -> None:
    table = read(content)
    columns, warnings = read_body(content, features_of(table))
    assert columns == {column.name: cells(table, column.name) for column in table.columns}
    assert left_out(warnings) == left_out(table.warnings)
    # All others of an upload are about values, which the model decides upon.
    assert [found for found in table.warnings if found in warnings or "skipped" in found] == warnings


@pytest.mark.parametrize("name", CASE_NAMES)
def test_a_file_is_the_same_table_as_a_body(name: str) -> None:
    check((CASES / name).read_bytes())


@pytest.mark.parametrize("lines", LAYOUTS.values(), ids=LAYOUTS.keys())
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_layout_is_the_same_in_a_body(lines: list[str], end: str) -> None:
    check((end.join(lines) + end).encode())


def test_the_last_level_of_a_model_is_no_total() -> None:
    features = [Feature(name="region", type="category", fill="", levels=["North", "Total"])]
    columns, warnings = read_body(b"region,n\nNorth,1\nNorth,2\nNorth,3\nTotal,4\n", features)
    assert (columns["region"], warnings) == (["North"] * 3 + ["Total"], [])


def test_columns_without_a_name_are_called_by_their_positions() -> None:
    features = [Feature(name="y", type="number", fill=0.0), Feature(name="column_3", type="number", fill=0.0)]
    assert read_body(b"a;y;;\n1;2;3;\n", features)[0] == {"y": [2.0], "column_3": [3.0]}


def test_a_row_that_was_cut_off_is_no_footer() -> None:
    with pytest.raises(NotACsvError, match=r"1 row has another number .*: line 5 \(1\)"):
        read_body(b"n,t\n1,a\n2,b\n3,c\n4\n", [Feature(name="n", type="number", fill=0.0)])


def test_gaps_are_gaps() -> None:
    features = [Feature(name="n", type="number", fill=0.0)]
    batch = next(batches_from_csv(b"n,m\n..,1\n", "utf-8", features, 5))
    assert isnan(raw_columns_of_batch(batch, features, InputWarnings(features))["n"][0])


def test_single_quotes_of_a_level_stay_in_a_row_of_its_own() -> None:
    feature = Feature(name="x", type="category", fill="", levels=["'abc, d'", "'def'"])
    for body in ("k,x\n1,'def'\n", "k,x\n1,\"'def'\"\n"):
        (batch,) = batches_from_csv(body.encode(), "utf-8", [feature], 10)
        assert raw_columns_of_batch(batch, [feature], InputWarnings([feature]))["x"].tolist() == ["'def'"]
