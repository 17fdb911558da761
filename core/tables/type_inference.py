"""Infer the type of a column while its blocks pass: the narrowest one that has fitted all of them so far."""

import re
from collections import Counter
from collections.abc import Set
from functools import cache

import pyarrow as pa
import pyarrow.compute as pc

from core.cell_values import MISSING, UNUSUAL_MISSING
from core.manifests import Column
from core.tables.amount_columns import MARKED, MarkCheck
from core.tables.coded_columns import CodedColumn, Coder, NumberCoder, TextCoder
from core.tables.column_types import TypeCandidate, try_type
from core.tables.contradictions import ContradictionError, Misfit
from core.tables.date_readings import DateReadings, has_year_first, prefer
from core.tables.expectations import Expectation
from core.tables.missing_words import (
    DASH,
    NA,
    POSSIBLE_ANSWERS,
    LevelCount,
    answers_among,
)
from core.tables.numbers_as_dates import has_reason, is_number_format
from core.tables.odd_cells import OddCell
from core.tables.reading_warnings import Example
from core.tables.stray_values import StrayValues
from core.tables.total_rows import TotalRows

# Without a currency, a spreadsheet's accounting format writes zero so, and others a missing value.
PADDED_DASH = r"^(?:\s+-\s*|-\s+)$"


@cache
def _sorted_words(words: frozenset[str]) -> pa.Array:
    """Return words as Arrow has them; most columns share theirs."""
    return pa.array(sorted(words), pa.string())


class TypeInference:
    """The inferred type of one column: the first of the candidates that has fitted every block so far."""

    def __init__(self, expectation: Expectation) -> None:
        self.name = expectation.name
        self.expectation = expectation
        self.candidates = [*expectation.candidates]
        # Words for a missing value that are answers in this column, and whether that is decided for good.
        self.answers_are_settled = self.inferred.is_like and self.inferred.type == "category"
        self.answers: Set[str] = expectation.keep if self.answers_are_settled else frozenset()
        # Whether Arrow gives texts where it could parse values.
        self.reads_texts = bool(expectation.missing)
        self.missing_words = _sorted_words(MISSING | expectation.missing)
        # The first texts of a column that became text, and the odd one if that was further down.
        self.head: pa.Array | None = None
        self.odd: OddCell | None = None
        self.has_na = self.has_words = False
        # The text that the type of a model's feature does not fit, and the one that contradicts the reading.
        self.unlike: Misfit | None = None
        self.misfit: Misfit | None = None
        self.begin()

    def begin(self) -> None:
        """Start a pass over the file; the inferred type is kept."""
        self.present = 0
        self.missing = 0
        self.infinite = 0
        # How often each unusual spelling of a missing value occurs, and each word that may be an answer.
        self.unusual: Counter[str] = Counter()
        self.words: Counter[str] = Counter()
        self.levels = LevelCount()
        self.example: Example | None = None
        self.dates: DateReadings | None = None
        self.padded_dashes = 0
        self.strays = StrayValues()
        self.totals = TotalRows()
        # Why the column is text, as `core.tables.column_warnings` finds out.
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

        `cells` are texts, or values that Arrow parsed already. Raises `ContradictionError`.
        """
        texts, values = self._typed(cells, row)
        if self._keeps_answers(values, row):
            self.words.clear()
            self.unusual.clear()
            self.padded_dashes = 0
            texts, values = self._typed(cells, row)
        if self.inferred.type == "date" and self.inferred.needs_warning:
            self.dates = self.dates or self._date_readings()
            self.dates.add(texts, values)
        elif self.inferred.needs_warning:
            self._keep_example(texts, values)
        if self.inferred.amounts is not None:
            self.inferred.amounts.count()
        if self.inferred.type == "category":
            self.strays.add(values, row)
            self.totals.add(values, row)
        if self.inferred.type in ("category", "boolean"):
            self.levels.add(values)
        values = self._finite(values)
        self.missing += values.null_count
        self.present += len(values) - values.null_count
        self._code(values, row)
        return values

    def _typed(self, cells: pa.Array, row: int) -> tuple[pa.Array, pa.Array]:
        """Return the trimmed texts of a block, and their values in the first type that fits."""
        while (
            not row
            and is_number_format(self.inferred)
            and not (self.inferred.is_like or self.expectation.forced)
            and not has_reason(self.inferred, self._without_told_words(cells))
        ):
            self.candidates.pop(0)
        texts = cells
        is_text = pa.types.is_string(cells.type)
        values = cells if not is_text else None if self.expectation.missing else try_type(self.inferred, cells)
        if values is None or self._needs_trimming(values):
            texts = self._trimmed(cells.cast(pa.string()), row)
            values = self._first_fit(texts, row)
        if not row and not self._is_settled("dates") and has_year_first(self.inferred.format, texts, values):
            prefer(self.candidates, "y/M/D")
            values = try_type(self.inferred, texts)
        return texts, values

    def _without_told_words(self, texts: pa.Array) -> pa.Array:
        """Return the texts without those that the caller says are missing."""
        if not self.expectation.missing:
            return texts
        told = pc.is_in(pc.utf8_trim_whitespace(texts), pa.array(sorted(self.expectation.missing)))
        return pc.if_else(told, pa.scalar(None, pa.string()), texts)

    def _first_fit(self, texts: pa.Array, row: int) -> pa.Array:
        """Return the values in the first type that fits; raises `ContradictionError` if the column's own does not."""
        discarded: list[TypeCandidate] = []
        while (values := try_type(self.inferred, texts)) is None:
            discarded.append(self.candidates.pop(0))
            self.example = self.coder = self.dates = None
            if not self.candidates:
                raise ContradictionError.of_type(
                    self.name, self.expectation.forced or "category", Misfit.among(discarded, texts, row)
                )
        if discarded and self.inferred.type == "category":
            # The rows before fitted the first of the discarded types.
            self.odd = OddCell(discarded[0], Misfit.among(discarded, texts, row)) if row else None
            self.head = texts
        if any(one.is_like for one in discarded) and not self.inferred.is_like:
            self.unlike = Misfit.among([one for one in discarded if one.is_like], texts, row)
        if self.inferred.contradicts and discarded:
            right = [one for one in discarded if not one.contradicts and one.type == self.inferred.type]
            self.misfit = Misfit.among(right or discarded, texts, row)
        return values

    def _date_readings(self) -> DateReadings:
        """Return the readings of the column's dates before any is seen."""
        is_said = self.expectation.forced is not None or self.inferred.is_like
        return DateReadings.of(self.inferred.format or "", is_settled=self._is_settled("dates"), has_reason=not is_said)

    def find_odd_cell(self, unit: str | None) -> OddCell | None:
        """Return the cell that is of another kind than the others, if most of them are of one."""
        if self.odd is not None or self.head is None:
            return self.odd
        kinds = [one for one in self.expectation.candidates if one.type not in ("boolean", "category")]
        return OddCell.among(self.head, kinds, unit)

    def _is_settled(self, field: str) -> bool:
        """Return whether the caller or a model says how this column's dates, or its marks, are to be read."""
        return field in self.expectation.given or self.inferred.is_like

    def check(self) -> None:
        """Raise `ContradictionError` if the column, read in full, is not as the caller said."""
        field = self.inferred.contradicts
        if not field or self.misfit is None:
            return
        if field == "dates" or re.search(MARKED, self.misfit.text):
            raise ContradictionError.of_reading(self.name, field, self.misfit)

    def _needs_trimming(self, values: pa.Array) -> bool:
        """Return whether texts that were kept as they are have blanks around them or mean a missing value.

        Other types trim theirs anyway.
        """
        if not pa.types.is_dictionary(values.type):
            return False
        trimmed = pc.utf8_trim_whitespace(values.dictionary)
        return not trimmed.equals(values.dictionary) or bool(pc.any(pc.is_in(trimmed, self.missing_words)).as_py())

    def _trimmed(self, texts: pa.Array, row: int) -> pa.Array:
        """Trim the texts, and replace every word for a missing value by null; count the unusual ones."""
        trimmed = pc.utf8_trim_whitespace(texts)
        missing = pc.is_in(trimmed, self.missing_words)
        if not pc.any(missing).as_py():
            return trimmed
        found = Counter(trimmed.filter(missing).to_pylist())
        self.has_na = self.has_na or NA in found
        if DASH in found:
            self.padded_dashes += pc.sum(pc.match_substring_regex(texts, PADDED_DASH)).as_py() or 0
        possible, unusual = POSSIBLE_ANSWERS | self.expectation.keep, UNUSUAL_MISSING | self.expectation.missing
        self.words.update({word: count for word, count in found.items() if word in possible})
        self.has_words = self.has_words or bool(self.words)
        self.unusual.update(
            {word: count for word, count in found.items() if word in unusual and word not in self.answers}
        )
        if self.answers:
            missing = pc.and_(missing, pc.invert(pc.is_in(trimmed, pa.array(sorted(self.answers)))))
        return pc.if_else(missing, pa.scalar(None, pa.string()), trimmed)

    def _keeps_answers(self, values: pa.Array, row: int) -> bool:
        """Decide by the first block which words are answers; return whether there are any."""
        if row or self.answers_are_settled or self.answers or not self.words:
            return False
        levels = LevelCount()
        if self.inferred.type in ("category", "boolean"):
            levels.add(values)
        self.answers = self._answers(levels, len(values) - values.null_count)
        return bool(self.answers)

    def settles_answers(self) -> bool:
        """Decide by the whole column which words are answers; return whether the file is to be read again."""
        if self.answers_are_settled or not self.words:
            return False
        answers, before = self._answers(self.levels, self.present), self.answers
        if answers == before:
            return False
        self.answers, self.answers_are_settled = answers, True
        self.candidates = [*self.expectation.candidates]
        self.reads_texts = True
        return True

    def _answers(self, levels: LevelCount, present: int) -> Set[str]:
        """Return the words that are answers in a column with these levels and so many values."""
        kept = self.expectation.keep & self.words.keys()
        if self.inferred.type not in ("category", "boolean"):
            # A column without any value has the narrowest type.
            return frozenset() if present or self.expectation.forced else kept
        if self.inferred.type == "boolean" and (self.expectation.forced or self.inferred.is_like):
            return frozenset()
        return kept | (answers_among(self.words, levels, self.answers) - self.expectation.missing)

    def _keep_example(self, texts: pa.Array, values: pa.Array) -> None:
        """Keep a text that is read as something that it is not literally: if there is one, a text of two readings."""
        is_settled = any(map(self._is_settled, ("decimal", "thousands")))
        if not is_settled and (self.inferred.amounts is not None or self.inferred.is_unsure):
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
            words=list(self.inferred.words),
            text_because=self.text_because,
            is_literal=self._is_literal,
        )

    @property
    def _is_literal(self) -> bool:
        """Return whether every value is what its text is under every meaning of the type."""
        if self.infinite or self.unusual.keys() & self.expectation.missing:
            return False
        if self.inferred.type == "category":
            # What was missing may have been written.
            return not self.missing
        return self.inferred.is_literal
