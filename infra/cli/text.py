"""Text from users, files and services, as a terminal shows it: no control characters, and the columns that it takes."""

import unicodedata

from core.telemetry import visible_text

visible = visible_text.visible
ELLIPSIS = "…"
ZERO_WIDTH = ("Mn", "Me", "Cf")


def width(text: str) -> int:
    """Return how many columns of a terminal a visible text takes: Chinese characters take two, accents none."""
    return len(text) if text.isascii() else sum(map(_character_width, text))


def _character_width(character: str) -> int:
    if unicodedata.category(character) in ZERO_WIDTH:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def cut(text: str, columns: int) -> str:
    """Return a text in at most so many columns; from a longer one the middle is left out."""
    if width(text) <= columns:
        return text
    if columns <= 1:
        return ELLIPSIS[:columns]
    tail = (columns - 1) // 2
    return _head(text, columns - 1 - tail) + ELLIPSIS + _tail(text, tail)


def _head(text: str, columns: int) -> str:
    """Return the longest beginning that fits."""
    used = 0
    for position, character in enumerate(text):
        used += _character_width(character)
        if used > columns:
            return text[:position]
    return text


def _tail(text: str, columns: int) -> str:
    """Return the longest end that fits."""
    used = 0
    for position in range(len(text), 0, -1):
        used += _character_width(text[position - 1])
        if used > columns:
            return text[position:]
    return text


def pad(text: str, columns: int, *, right: bool = False) -> str:
    """Return a text with blanks behind it, or before it with `right`, so that it takes so many columns."""
    blanks = " " * (columns - width(text))
    return blanks + text if right else text + blanks
