"""Warnings of reading a CSV, with lines of the file: stray values, unusual spellings."""

import re
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from core.date_formats import CLOCK, DATE_FORMATS
from core.tables.column_types import FIRST_LOOK
from core.tables.text_matching import first, matches

# A text column where all but this share are numbers or dates deserves a warning.
STRAY_SHARE = 0.05

_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_DATES = (re.sub(r"\?P<\w+>", "", pattern) for pattern in (*DATE_FORMATS.values(), CLOCK))
NUMBER = f"^{_NUMBER}$"
NUMBER_OR_DATE = f"^(?:{'|'.join([_NUMBER, *_DATES])})$"


@dataclass(frozen=True)
class Example:
    """A text of the file and the value that it is read as."""

    text: str
    value: str

    @classmethod
    def among(cls, texts: pa.Array, values: pa.Array) -> "Example | None":
        """Return the first text whose value differs from its literal reading."""
        if texts.null_count:
            present = pc.is_valid(texts)
            texts, values = texts.filter(present), values.filter(present)
        for some in (texts[:FIRST_LOOK], texts):
            position = first(~matches(some, NUMBER))
            if position >= 0:
                return cls(texts[position].as_py(), str(values[position].as_py()))
        return None
