"""The encodings and delimiters that a caller may name for a CSV."""

import codecs
import re

from core.errors import InvalidInputError

BLANKS = " "
DELIMITER_WORDS = {"comma": ",", "semicolon": ";", "tab": "\t", "\\t": "\t", "pipe": "|", "space": BLANKS}
# The widest encoding of each family: it reads everything that the narrower ones do.
READ_AS = {
    **dict.fromkeys(("gbk", "gb2312"), "gb18030"),
    "big5": "cp950",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
}
USUAL_ENCODINGS = "utf-8, utf-16, gbk, big5, shift_jis, euc_jp, euc_kr, cp1252, cp1251, latin-1"
# Python calls these text encodings, but they spell Python's or the DNS's strings.
NOT_FOR_FILES = {"idna", "punycode", "raw-unicode-escape", "unicode-escape", "undefined"}


def find_codec(name: str) -> str:
    """Return the name of the codec that reads this encoding; raises `InvalidInputError` unless it is one of texts."""
    try:
        codec = codecs.lookup(name)
    except (LookupError, ValueError):
        codec = None
    if codec is None or not codec._is_text_encoding or codec.name in NOT_FOR_FILES:
        raise InvalidInputError(
            f"There is no encoding {name[:40]!r}. Usual ones are {USUAL_ENCODINGS}; leave the field out to have it "
            "found out.",
            [{"field": "encoding", "message": f"no text encoding; usual ones are {USUAL_ENCODINGS}"}],
        )
    return READ_AS.get(codec.name, codec.name)


def find_delimiter(name: str) -> str:
    """Return the character that `name` stands for: itself, or a word such as "tab"; raises `InvalidInputError`."""
    found = DELIMITER_WORDS.get(name.lower(), name)
    if len(found) != 1 or not found.isascii() or found.isalnum() or found in '"\r\n\0':
        words = ", ".join(word for word in DELIMITER_WORDS if word.isalpha())
        raise InvalidInputError(
            f"{name[:40]!r} cannot be a delimiter. Give one ASCII character that is no letter, digit or quote, or "
            f"one of the words {words}; leave the field out to have it found out.",
            [{"field": "delimiter", "message": f"not one character, nor one of {words}"}],
        )
    return found


def with_tabs(line: str) -> str:
    """Return the line with one tab for each run of blanks outside quotes, none at its ends."""
    if '"' not in line:
        return re.sub(r"[ \t]+", "\t", line.strip(" \t\r\n"))
    return "\t".join(re.findall(r'"(?:[^"]|"")*"|[^ \t\r\n]+', line))
