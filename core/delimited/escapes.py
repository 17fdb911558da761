"""Quotes that a backslash escapes: only these lose their backslash, and every other one is a character."""

import re
from collections.abc import Iterable, Iterator

# Stands for an escaped quote while rows are read: decoding refuses a text that has it.
STAND_IN = "\0"


def with_stand_ins(lines: Iterable[str], quote: str) -> Iterator[str]:
    """Yield the lines with a stand-in for each escaped quote; a backslash before another one escapes nothing."""
    mark = re.compile(rf"\\([\\{quote}])")
    for line in lines:
        yield mark.sub(_stand_in, line) if "\\" in line else line


def _stand_in(match: re.Match[str]) -> str:
    return match[0] if match[1] == "\\" else STAND_IN
