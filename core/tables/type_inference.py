"""What a column is believed to be while its blocks pass: the narrowest kind that has fitted all of them so far."""

from collections.abc import Callable, Iterator

import pyarrow as pa
import pyarrow.compute as pc

from core.cell_values import MISSING
from core.manifests import Column
from core.tables.coded_columns import Coded, Coder, NumberCoder, TextCoder
from core.tables.column_types import Kind, fits
from core.tables.reading_warnings import Example, Strays, shown

MISSING_WORDS = pa.array(sorted(MISSING))


class Belief:
    """What one column is believed to be: the first of `kinds` that has fitted everything so far."""

    def __init__(self, name: str, kinds: list[Kind]) -> None:
        self.name = name
        self.kinds = kinds
        self.begin()

    def begin(self) -> None:
        """Start counting at the top of the file."""
        self.missing = 0
        self.infinite = 0
        self.example: Example | None = None
        self.strays = Strays()
        self.coder: Coder | None = None

    @property
    def kind(self) -> Kind:
        """The belief."""
        return self.kinds[0]

    def convert(self, cells: pa.Array, row: int) -> pa.Array:
        """The values of a block that begins at the table's row `row`; gives up beliefs that do not fit it.

        `cells` are texts, or what Arrow made of them by `kind.parsed`.
        """
        texts = cells
        values = fits(self.kind, cells) if pa.types.is_string(cells.type) else cells
        if values is None or _has_blanks(values):
            texts = _present(cells.cast(pa.string()))
            while (values := fits(self.kind, texts)) is None:
                self.kinds.pop(0)
                self.example = self.coder = None
        if self.kind.told and self.example is None:
            self.example = Example.among(texts, values)
        if self.kind.type == "category":
            self.strays.look(values, row)
        values = self._finite(values)
        self.missing += values.null_count
        self._code(values, row)
        return values

    def _code(self, values: pa.Array, row: int) -> None:
        """Keep the codes of a block, as long as there are codes for all its values."""
        if not row and self.kind.type != "date":
            self.coder = TextCoder() if self.kind.type == "category" else NumberCoder()
        if self.coder and not self.coder.add(values):
            self.coder = None

    def _finite(self, values: pa.Array) -> pa.Array:
        if not pa.types.is_floating(values.type):
            return values
        infinite = pc.invert(pc.is_finite(values))
        count = pc.sum(infinite).as_py() or 0
        self.infinite += count
        return pc.if_else(infinite, pa.scalar(None, pa.float64()), values) if count else values

    def coded(self) -> Coded | None:
        """The whole column as codes, if there are codes for all its values. They are given away."""
        coder, self.coder = self.coder, None
        return coder.coded() if coder else None

    def column(self) -> Column:
        """What the manifest says of it; its distinct values are counted by the profile."""
        return Column(name=self.name, type=self.kind.type, missing=self.missing, format=self.kind.format)

    def warnings(self, place: Callable[[int], str]) -> Iterator[str]:
        """What a person should know; `place` says where a row of the table is in the file."""
        if self.infinite:
            yield f"column {self.name!r} has {self.infinite:,} infinite or undefined numbers; they count as missing"
        if self.example is not None:
            yield f"column {self.name!r}: {shown(self.example.text)} is read as {self.example.value}"
        if self.kind.type == "category":
            yield from self.strays.warnings(self.name, place)


def _has_blanks(values: pa.Array) -> bool:
    """Whether texts that were taken as they are should have been trimmed; nothing else is read with blanks around."""
    if not pa.types.is_dictionary(values.type):
        return False
    levels = values.dictionary
    return not bool(pc.utf8_trim_whitespace(levels).equals(levels))


def _present(texts: pa.Array) -> pa.Array:
    """Without blanks around, and null for every word that means no value."""
    trimmed = pc.utf8_trim_whitespace(texts)
    return pc.if_else(pc.is_in(trimmed, MISSING_WORDS), pa.scalar(None, pa.string()), trimmed)
