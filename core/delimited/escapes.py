"""Quotes that a backslash escapes: only these lose their backslash, and every other one is a character."""

import csv
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from core.delimited.copies import copy_path

if TYPE_CHECKING:
    from core.delimited.quoting import Quoting

# Stands for an escaped quote while rows are read: decoding refuses a text that has it.
STAND_IN = "\0"


def with_stand_ins(lines: Iterable[str], quote: str) -> Iterator[str]:
    """Yield the lines with a stand-in for each escaped quote; a backslash before another one escapes nothing."""
    mark = re.compile(rf"\\([\\{quote}])")
    for line in lines:
        yield mark.sub(_stand_in, line) if "\\" in line else line


def _stand_in(match: re.Match[str]) -> str:
    return match[0] if match[1] == "\\" else STAND_IN


def copy_unescaped(source: Path, folder: Path, delimiter: str, quoting: "Quoting", skip_lines: int) -> Path:
    """Write a copy to `folder` in which quotes inside of cells are doubled; each row stays in its lines."""
    path = copy_path(folder, "unescaped.csv")
    with (
        source.open(encoding="utf-8-sig", newline="") as file,
        path.open("w", encoding="utf-8", newline="") as copy,
    ):
        for _ in range(skip_lines):
            copy.write(file.readline())
        # With this end of lines every cell that has one of its own is quoted.
        csv.writer(copy, delimiter=delimiter, quotechar=quoting.quote, lineterminator="\r\n").writerows(
            quoting.rows(file, delimiter)
        )
    return path
