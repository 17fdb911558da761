"""Infer the type of a column while its blocks pass: the narrowest one that has fitted all of them so far."""

from collections import Counter
from collections.abc import Callable, Iterator

import pyarrow as pa
import pyarrow.compute as pc

from core.cell_values import ANSWERS, MISSING, UNUSUAL_MISSING
from core.date_formats import CLOCK_FORMAT
from core.delimited.names import quoted
from core.manifests import Column
from core.tables.amount_columns import MarkCheck, amount_reading, other_reading
from core.tables.coded_columns import CodedColumn, Coder, NumberCoder, TextCoder
from core.tables.column_types import TypeCandidate, try_type
from core.tables.date_readings import DateReadings, has_year_first, prefer
from core.tables.numbers_as_dates import has_reason, is_number_format, number_date_candidates
from core.tables.reading_warnings import Example
from core.tables.stray_values import StrayValues

# Without a currency, a spreadsheet's accounting format writes zero so, and others a missing value.
PADDED_DASH = r"^\s*-\s\s+$"
MISSING_WORDS = pa.array(sorted(MISSING))
UNUSUAL_WORDS = pa.array(sorted(UNUSUAL_MISSING))
ANSWER_WORDS = pa.array(sorted(ANSWERS))
# Texts that Arrow leaves as they are, though they may be missing values.
DOUBTFUL_WORDS = pa.array(sorted({*ANSWERS, *UNUSUAL_MISSING}))
SPELLINGS_SHOWN = 5


class TypeInference:
    """The inferred type of one column: the first of the candidates that has fitted every block so far."""

    def __init__(self, name: str, type_candidates: list[TypeCandidate]) -> None:
        self.name = name
        # A word for a missing value that is an answer in this column, and the value beside it.
        self.pair: tuple[str, str] | None = None
        self.candidates = [*number_date_candidates(name), *type_candidates]
        self.begin()

    def begin(self) -> None:
        """Start a pass over the file; the inferred type is kept."""
        self.missing = 0
        self.infinite = 0
        # How often each unusual spelling of a missing value occurs.
        self.unusual: Counter[str] = Counter()
        self.example: Example | None = None
        self.dates: DateReadings | None = None
        self.padded_dashes = 0
        self.strays = StrayValues()
        # Why the column is text, as `warnings` found out.
        self.text_because: str | None = None
        self.coder: Coder | None = None
        for candidate in self.candidates:
            if candidate.amounts is not None:
                candidate.amounts.begin()
        self.marks = MarkCheck()

    @property
    def inferred(self) -> TypeCandidate:
        """Return the inferred type."""
        return self.candidates[0]

    def convert(self, cells: pa.Array, row: int) -> pa.Array:
        """Convert a block that begins at the table's row `row`; discard types that do not fit it.

        `cells` are texts, or values that Arrow parsed already.
        """
        while not row and is_number_format(self.inferred) and not has_reason(self.inferred, cells):
            self.candidates.pop(0)
        texts = cells
        values = try_type(self.inferred, cells) if pa.types.is_string(cells.type) else cells
        if values is None or _needs_trimming(values):
            texts = self._trimmed(cells.cast(pa.string()), row)
            while (values := try_type(self.inferred, texts)) is None:
                self.candidates.pop(0)
                self.example = self.coder = self.dates = None
        if not row and has_year_first(self.inferred.format, texts, values):
            prefer(self.candidates, "y/M/D")
            values = try_type(self.inferred, texts)
        if self.inferred.type == "date" and self.inferred.needs_warning:
            self.dates = self.dates or DateReadings.of(self.inferred.format or "")
            self.dates.add(texts, values)
        elif self.inferred.needs_warning:
            self._keep_example(texts, values)
        if self.inferred.amounts is not None:
            self.inferred.amounts.count()
        if self.inferred.type == "category":
            self.strays.add(values, row)
        values = self._finite(values)
        self.missing += values.null_count
        self._code(values, row)
        return values

    def _trimmed(self, texts: pa.Array, row: int) -> pa.Array:
        """Trim the texts, and replace every word for a missing value by null; count the unusual ones."""
        trimmed = pc.utf8_trim_whitespace(texts)
        missing = pc.is_in(trimmed, MISSING_WORDS)
        self.padded_dashes += pc.sum(pc.match_substring_regex(texts, PADDED_DASH)).as_py() or 0
        if not row:
            self.pair = self.pair or _pair(trimmed, missing)
        if self.pair:
            missing = pc.and_(missing, pc.invert(pc.fill_null(pc.equal(trimmed, self.pair[0]), False)))
        if unusual := trimmed.filter(pc.is_in(trimmed, UNUSUAL_WORDS)):
            self.unusual.update(unusual.to_pylist())
        return pc.if_else(missing, pa.scalar(None, pa.string()), trimmed)

    def _keep_example(self, texts: pa.Array, values: pa.Array) -> None:
        """Keep a text that is read as something that it is not literally: if there is one, a text of two readings."""
        if self.inferred.amounts is not None or self.inferred.is_unsure:
            position = self.marks.check(texts)
            if position is not None:
                self.example = Example(texts[position].as_py(), str(values[position].as_py()))
                return
        if self.example is None and not self.inferred.is_unsure:
            self.example = Example.among(texts, values)

    def _code(self, values: pa.Array, row: int) -> None:
        """Encode a block, unless the column has dates; drop the coder at the first value that it cannot encode."""
        if not row and self.inferred.type != "date":
            self.coder = TextCoder() if self.inferred.type == "category" else NumberCoder()
        if self.coder and not self.coder.add(values):
            self.coder = None

    def _finite(self, values: pa.Array) -> pa.Array:
        """Replace infinite and undefined numbers by null, and count them."""
        if not pa.types.is_floating(values.type):
            return values
        infinite = pc.invert(pc.is_finite(values))
        count = pc.sum(infinite).as_py() or 0
        self.infinite += count
        return pc.if_else(infinite, pa.scalar(None, pa.float64()), values) if count else values

    def coded(self) -> CodedColumn | None:
        """Return the whole column as codes, if all its values could be encoded, and release them here."""
        coder, self.coder = self.coder, None
        return coder.coded() if coder else None

    def column(self) -> Column:
        """Return the column for the manifest; the profile counts its distinct values."""
        return Column(
            name=self.name,
            type=self.inferred.type,
            missing=self.missing,
            format=self.inferred.format,
            unit=self.inferred.amounts.unit if self.inferred.amounts else None,
            decimal=self.inferred.decimal,
            text_because=self.text_because,
        )

    def warnings(self, locate: Callable[[int], str]) -> Iterator[str]:
        """Yield the warnings; `locate` returns where a row of the table is in the file."""
        if self.infinite:
            yield f"column {self.name!r} has {self.infinite:,} infinite or undefined numbers; they count as missing"
        if self.pair:
            word, other = map(quoted, self.pair)
            yield f"column {self.name!r}: {word} is an answer beside {other}, not missing"
        if self.unusual:
            yield f"column {self.name!r}: {_counted(self.unusual)} as missing"
        yield from self._reading_warnings()
        if self.dates is not None and self.dates.text is not None:
            yield self.dates.warning(self.name)
        if self.inferred.type == "category":
            self.text_because = self.strays.reason(locate)
            if self.text_because is not None:
                yield f"column {self.name!r} is text{self.text_because}"

    def _reading_warnings(self) -> Iterator[str]:
        """Yield the warnings of a column whose values are not what its texts literally are."""
        amounts = self.inferred.amounts
        if self.example is not None and not (self.inferred.is_unsure and self.marks.is_settled):
            text, value = self.example.text, self.example.value
            how = amount_reading(amounts) if amounts else ""
            how += " seconds since midnight" if self.inferred.format == CLOCK_FORMAT else ""
            doubt = (
                ""
                if self.marks.is_settled or not self.marks.has_ambiguous
                else other_reading(text, amounts.decimal if amounts else ".")
            )
            yield f"column {self.name!r}: {quoted(text)} is read as {value}{how}{doubt}"
        if amounts and self.padded_dashes:
            yield (
                f"column {self.name!r}: {self.padded_dashes:,} of its values are a dash between blanks and count as "
                "missing; if they are the zeros of an accounting format, write 0"
            )
        if amounts and amounts.unit and amounts.without_unit:
            yield (
                f"column {self.name!r}: {amounts.without_unit:,} of its numbers have no unit and are taken for "
                f"{amounts.unit}"
            )


def _needs_trimming(values: pa.Array) -> bool:
    """Return whether texts that were kept as they are have blanks around them or mean a missing value.

    Other types trim theirs anyway.
    """
    if not pa.types.is_dictionary(values.type):
        return False
    trimmed = pc.utf8_trim_whitespace(values.dictionary)
    return not trimmed.equals(values.dictionary) or bool(pc.any(pc.is_in(trimmed, DOUBTFUL_WORDS)).as_py())


def _pair(texts: pa.Array, missing: pa.Array) -> tuple[str, str] | None:
    """Return the word for a missing value that is an answer among these texts, and the other value, or None."""
    words = pc.unique(texts.filter(pc.is_in(texts, ANSWER_WORDS)))
    if len(words) != 1:
        return None
    others = pc.unique(texts.filter(pc.and_(pc.is_valid(texts), pc.invert(missing))))
    word = words[0].as_py()
    if len(others) != 1 or others[0].as_py().lower() not in ANSWERS[word]:
        return None
    return word, others[0].as_py()


def _counted(spellings: Counter[str]) -> str:
    """Describe how often each spelling occurs, as the subject of a sentence with its verb."""
    shown = spellings.most_common(SPELLINGS_SHOWN)
    counts = ", ".join(f"{quoted(text)} in {count:,} row{'s' * (count > 1)}" for text, count in shown)
    others = len(spellings) - len(shown)
    rest = f" and {others} other spelling{'s' * (others > 1)}" if others else ""
    return f"{counts}{rest} {'counts' if len(spellings) == 1 else 'count'}"
