"""Texts of others as one line shows them: no control characters, no ends of lines, no marks of direction."""

import re
import unicodedata

# Categories of characters that are no glyphs: controls, halves of surrogate pairs, ends of lines and of paragraphs.
HIDDEN = ("Cc", "Cs", "Zl", "Zp")
# Marks of the direction of writing. Within another text they can make it read as something else.
DIRECTIONS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# The same characters, as JSON may have them: it escapes those below the blank itself.
IN_JSON = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff" + "".join(sorted(DIRECTIONS)) + "]")


def visible(value: object, *, lines: bool = False) -> str:
    r"""Return a text with its control characters escaped, such as `\x1b`; with `lines` line ends stay."""
    text = str(value)
    if text.isascii() and text.isprintable():
        return text
    return "".join(_visible(character, lines) for character in text)


def visible_json(text: str) -> str:
    r"""Return a JSON text of the same value without characters that end a line or move a cursor, as `\u009b`."""
    if text.isascii() and "\x7f" not in text:
        return text
    return IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _visible(character: str, lines: bool) -> str:
    if lines and character == "\n":
        return character
    if unicodedata.category(character) in HIDDEN or character in DIRECTIONS:
        return character.encode("unicode_escape").decode()
    return character
