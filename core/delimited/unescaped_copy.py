"""Copy a CSV whose quotes are escaped by backslashes to one that any reader reads."""

import csv
from pathlib import Path

from core.delimited.copies import copy_path
from core.delimited.quoting import Quoting, long_cells_refused


def copy_unescaped(source: Path, folder: Path, delimiter: str, quoting: Quoting, skip_lines: int) -> Path:
    """Write a copy to `folder` in which quotes inside of cells are doubled; each row stays in its lines."""
    path = copy_path(folder, "unescaped.csv")
    with (
        source.open(encoding="utf-8-sig", newline="") as file,
        path.open("w", encoding="utf-8", newline="") as copy,
        long_cells_refused(),
    ):
        for _ in range(skip_lines):
            copy.write(file.readline())
        # With this end of lines every cell that has one of its own is quoted.
        csv.writer(copy, delimiter=delimiter, quotechar=quoting.quote, lineterminator="\r\n").writerows(
            quoting.rows(file, delimiter)
        )
    return path
