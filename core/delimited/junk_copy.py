"""Leave rows out of a CSV that are no rows of its table: make a copy in which their lines are blank."""

import re
from dataclasses import replace
from pathlib import Path

from core.delimited.classified import classified
from core.delimited.copies import copy_path
from core.delimited.dialect import Dialect
from core.delimited.left_out import LeftOut
from core.delimited.records import records_with_text


def leave_out_junk(dialect: Dialect, folder: Path) -> tuple[Dialect, list[str]]:
    """Write a copy without junk rows to `folder`; return the dialect of it, and warnings that name the rows.

    Where there are none, it is the dialect of the file itself, now known to have none. Every other line keeps its
    number.
    """
    path = copy_path(folder, "clean.csv")
    left_out = LeftOut()
    with (
        dialect.path.open(encoding="utf-8-sig", newline="") as source,
        path.open("w", encoding="utf-8", newline="") as copy,
    ):
        for _ in range(dialect.skip_lines):
            copy.write(source.readline())
        for record, stays in classified(records_with_text(source, dialect), dialect, left_out):
            copy.write(record.text if stays else _blank(record.text))
    if not left_out:
        return replace(dialect, is_clean=True), left_out.warnings()
    return replace(dialect, path=path, is_clean=True), left_out.warnings()


def _blank(text: str) -> str:
    """Return the line ends of a text alone."""
    line = text.rstrip("\r\n")
    if "\n" not in line and "\r" not in line:
        return text[len(line) :]
    return re.sub("[^\r\n]+", "", text)
