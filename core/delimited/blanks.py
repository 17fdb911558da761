"""Files whose columns are delimited by runs of blanks: make a copy with tabs, which other readers take."""

from pathlib import Path

from core.delimited.copies import copy_path
from core.delimited.options import with_tabs

# No row may be longer, since readers hold one in memory whole.
MAX_LINE = 4 << 20
PIECE_CHARACTERS = 1 << 20


def copy_with_tabs(source: Path, folder: Path) -> Path:
    """Write a copy to `folder` in which tabs delimit the columns, line by line."""
    path = copy_path(folder, "tabbed.csv")
    rest = ""
    with source.open(encoding="utf-8-sig") as file, path.open("w", encoding="utf-8", newline="") as copy:
        # Many lines at a time, because one by one takes ten times as long.
        while piece := file.read(PIECE_CHARACTERS):
            lines, end, rest = (rest + piece).rpartition("\n")
            copy.write(_tabbed_lines(lines) + end)
            if len(rest) > MAX_LINE:
                break  # no reader takes such a row, so it will be refused there
        copy.write(_tabbed_lines(rest))
    return path


def _tabbed_lines(text: str) -> str:
    """Return whole lines with tabs between their columns."""
    if '"' in text:
        return "\n".join(map(with_tabs, text.split("\n")))
    text = text.replace("\t", " ")
    while "  " in text:
        text = text.replace("  ", " ")
    return text.replace("\n ", "\n").replace(" \n", "\n").strip(" ").replace(" ", "\t")
