"""Reading a workbook of 100,000 rows: python-calamine, which reads uploads, against openpyxl."""

import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import xlsxwriter

from bench._process_timer import ProcessTimer
from bench._report import Figure, at_least, at_most, paired, run

ROWS = 100_000

# The target of each ratio. Below the first, a second reader of workbooks would not be worth its 2 MB.
SPEED = 5
WHOLE_SPEED = 1.5
MEMORY = 3

CALAMINE = (
    "import python_calamine",
    "answer = sum(len(row) for row in python_calamine.CalamineWorkbook.from_path(sys.argv[1])"
    ".get_sheet_by_index(0).iter_rows())",
)
OPENPYXL = (
    "import openpyxl",
    "sheet = openpyxl.load_workbook(sys.argv[1], read_only=True, data_only=True).worksheets[0]\n"
    "answer = sum(len(row) for row in sheet.iter_rows(values_only=True))",
)
# As an upload does it: in a process of its own, with the canonical text, the kinds of all cells and the warnings.
WHOLE = (
    "from core.containers.open_container import open_container\nfrom core.manifests import Reading\n"
    "from tempfile import TemporaryDirectory",
    "with TemporaryDirectory() as folder:\n"
    "    text = open_container(Path(sys.argv[1]), Path(folder), Reading(), 1 << 30).path\n"
    f"    answer = {ROWS + 1} * 8 if text.stat().st_size > 1_000_000 else 0",
)


def measure(quick: bool) -> Iterator[Figure]:
    """Yield every figure."""
    with TemporaryDirectory() as folder:
        source = Path(folder) / "rows.xlsx"
        _write(source)
        theirs = ProcessTimer(*OPENPYXL, str(source))
        ours = ProcessTimer(*CALAMINE, str(source))
        rounds = 2 if quick else 5
        pair = paired(ours, theirs, rounds)
        detail = f"{pair.theirs:.2f} s / {pair.ours:.2f} s"
        yield at_least("values of a sheet: openpyxl / python-calamine, time", 1 / pair.ratio, SPEED, detail)
        detail = f"{ours.peak_mb:.0f} MB / {theirs.peak_mb:.0f} MB"
        yield at_most("the same: memory / openpyxl", ours.peak_mb / theirs.peak_mb, MEMORY, detail)
        pair = paired(ProcessTimer(*WHOLE, str(source)), theirs, rounds)
        detail = f"{pair.theirs:.2f} s / {pair.ours:.2f} s"
        yield at_least("openpyxl's values / our whole text, time", 1 / pair.ratio, WHOLE_SPEED, detail)


def _write(path: Path) -> None:
    """Write a workbook of numbers, texts, booleans and dates."""
    random = np.random.default_rng(0)
    numbers = random.normal(size=(ROWS, 3))
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        sheet, day = book.add_worksheet(), book.add_format({"num_format": "yyyy-mm-dd"})
        sheet.write_row(0, 0, ["id", "a", "b", "c", "city", "text", "flag", "day"])
        for row in range(ROWS):
            cells = [row, *numbers[row].tolist(), f"city {row % 50}", f"text {row}", row % 2 == 0]
            sheet.write_row(row + 1, 0, cells)
            sheet.write_datetime(row + 1, 7, datetime(2020, 1, 1) + timedelta(days=row % 900), day)


if __name__ == "__main__":
    sys.exit(run("Reading a workbook", measure))
