"""The cells of one file that a model's features cannot take, and what all cells of a column together settle.

In a file a cell that cannot be read counts as missing, and a warning names it. In JSON records it is an error at once.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.amounts import DecimalMark
from core.cell_values import read_date
from core.date_formats import FIRST_PART, SWAPPED
from core.decimal_marks import count_decimal_marks
from core.errors import InvalidRecordsError
from core.inference.input_warnings import ERRORS_SHOWN, share_warning, shortened
from core.manifests import Feature

CELLS_SHOWN = 5
MARK_NAMES: dict[DecimalMark, str] = {",": "commas", ".": "points"}
# How the caller can have a file read that does not fit the model.
CORRECT_IT = "Correct the file, or choose a model that was trained on one like it."


@dataclass
class _Column:
    """The cells of one column: those that have a value, and the first ones that cannot be read as `accepted`."""

    present: int = 0
    unreadable: int = 0
    accepted: str = ""
    # Row and text.
    cells: list[tuple[int, Any]] = field(default_factory=list)
    # Numbers by the decimal mark that they have for certain, and the marks by which numbers were read.
    marks: Counter[DecimalMark] = field(default_factory=Counter)
    read_by: set[DecimalMark] = field(default_factory=set)
    # A text whose mark may divide thousands or a fraction, and the number that it was read as.
    ambiguous: tuple[str, float] | None = None
    # A number without the unit of a column in per cent, which may be a share of 1.
    share: str | float | None = None
    # The formats with an order of day and month that fit every date which the model's format does not.
    ordered: set[str] | None = None


class FileCells:
    """Collects the cells of a file that cannot be read, batch by batch, and which decimal mark its numbers have.

    With `strict`, a cell that cannot be read is an error. `way_out` ends the refusal of a column.
    """

    def __init__(self, *, strict: bool = False, way_out: str = CORRECT_IT) -> None:
        self._strict = strict
        self._way_out = way_out
        self._features: dict[str, Feature] = {}
        self._columns: dict[str, _Column] = {}
        # By column the mark and the format that the file has for certain, where they are not the model's.
        self._settled: dict[str, DecimalMark] = {}
        self._formats: dict[str, str] = {}
        self._first_row = 0

    def begin_batch(self, first_row: int) -> None:
        """Start the batch whose first row has this number in the file."""
        self._first_row = first_row

    def add_unreadable(self, feature: Feature, accepted: str, value: Any, row: int) -> None:
        """Count a cell, in `row` of the batch, that is no value of the feature: `accepted` says what would be."""
        column = self._column(feature)
        column.unreadable += 1
        column.accepted = accepted
        if len(column.cells) < ERRORS_SHOWN:
            column.cells.append((self._first_row + row, value))

    def add_present(self, feature: Feature, count: int) -> None:
        """Count the values of a column that are not missing."""
        self._column(feature).present += count

    def decimal_mark(self, feature: Feature, texts: Sequence[str]) -> DecimalMark:
        """Return the mark of some numbers of a model with decimal commas, unless this file has certain points."""
        column = self._column(feature)
        if feature.name in self._settled:
            return self._settled[feature.name]
        commas, points = count_decimal_marks(texts)
        column.marks.update({",": commas, ".": points})
        mark = _mark(column, ",")
        if any("," in text or "." in text for text in texts):
            column.read_by.add(mark)
        return mark

    def settled_mark(self, feature: Feature) -> DecimalMark | None:
        """Return the decimal mark that an earlier reading of the file has settled, or None."""
        return self._settled.get(feature.name)

    def add_marks(self, feature: Feature, texts: Sequence[str]) -> None:
        """Count the marks of numbers that were read with decimal points, as the model has them."""
        column = self._column(feature)
        if feature.name not in self._settled:
            # Without a number that cannot be read, no mark is in doubt.
            commas, points = count_decimal_marks(texts) if column.unreadable else (0, sum("." in one for one in texts))
            column.marks.update({",": commas, ".": points})
            column.read_by.add(".")

    def date_format(self, feature: Feature) -> str | None:
        """Return the format that dates are read in: the model's, or the one that this file has for certain."""
        return self._formats.get(feature.name, feature.format)

    def add_dates(self, feature: Feature, texts: Iterable[str]) -> None:
        """Find out which order of day and month fits dates of a model whose own dates do not show one."""
        column, own = self._column(feature), feature.format
        if not column.unreadable or own in FIRST_PART or feature.name in self._formats:
            return
        for text in {text.strip() for text in texts}:
            fits = {name for name in FIRST_PART if read_date(text, name) is not None}
            if fits:
                column.ordered = fits if column.ordered is None else column.ordered & fits

    def add_ambiguous(self, feature: Feature, text: str, number: float) -> None:
        """Keep the first text whose mark may divide thousands or a fraction."""
        column = self._column(feature)
        column.ambiguous = column.ambiguous or (text, number)

    def add_share(self, feature: Feature, value: str | float) -> None:
        """Keep the first number that may be a share of 1 in a column in per cent."""
        column = self._column(feature)
        column.share = value if column.share is None else column.share

    def raise_if_strict(self) -> None:
        """Raise `InvalidRecordsError` in strict mode if a cell could not be read."""
        if self._strict:
            self.raise_if_any()

    def raise_if_any(self) -> None:
        """Raise `InvalidRecordsError` if a cell could not be read."""
        named = [name for name, column in self._columns.items() if column.unreadable]
        if named:
            raise InvalidRecordsError(
                f"Correct {', '.join(map(shortened, named))} and send again.", self._errors(named)
            )

    def must_read_again(self) -> bool:
        """Return whether the file as a whole showed another decimal mark or order of dates than it was read by.

        Then everything that was collected is forgotten, and these are known beforehand.
        """
        marks = {name: _mark(column, self._features[name].decimal or ".") for name, column in self._columns.items()}
        changed = {name: column for name, column in self._columns.items() if column.read_by - {marks[name]}}
        dated = {
            name: next(iter(column.ordered))
            for name, column in self._columns.items()
            if name not in self._formats and column.unreadable and len(column.ordered or ()) == 1 and column.ordered
        }
        self._settled |= {name: marks[name] for name in changed}
        self._formats |= dated
        if changed or dated:
            self._columns = {name: _Column(marks=column.marks) for name, column in changed.items()}
        return bool(changed or dated)

    def finish(self) -> list[str]:
        """Return the warnings about the whole file.

        Raises `InvalidRecordsError` for a column of whose values half or more cannot be read.
        """
        lost = [name for name, column in self._columns.items() if 0 < column.present <= 2 * column.unreadable]
        if lost:
            column = self._columns[lost[0]]
            counts = f"{column.unreadable:,} of its {column.present:,} values are"
            if column.present == 1:
                counts = "its only value is"
            raise InvalidRecordsError(
                f"Column {shortened(lost[0])} of this file cannot mean what it means to the model: {counts} not "
                f"{column.accepted}{self._swapped(lost[0])}. {self._way_out}",
                self._errors(lost),
            )
        return [warning for name, column in self._columns.items() for warning in self._warnings(name, column)]

    def _warnings(self, name: str, column: _Column) -> list[str]:
        """Return the warnings about one column."""
        warnings = []
        if column.unreadable:
            one = column.unreadable == 1
            shown = ", ".join(f"{shortened(value)} in row {row}" for row, value in column.cells[:CELLS_SHOWN])
            more = f" and {column.unreadable - CELLS_SHOWN:,} more" if column.unreadable > CELLS_SHOWN else ""
            warnings.append(
                f"{name!r} has {'1 value' if one else f'{column.unreadable:,} values'} that "
                f"{'is' if one else 'are'} not {column.accepted}, and {'counts' if one else 'count'} as missing: "
                f"{shown}{more}{self._swapped(name)}"
            )
        own = self._features[name].decimal or "."
        mark = self._settled.get(name, _mark(column, own))
        if name in self._formats:
            used = self._formats[name]
            warnings.append(
                f"{name!r} is read with the {FIRST_PART[used]} first ({used}), which its dates show for certain; the "
                f"model's file has {self._features[name].format}"
            )
        if mark != own and column.marks.total():
            warnings.append(
                f"{name!r} is read with decimal {MARK_NAMES[mark]}, which its numbers have for certain; the model's "
                f"file has {MARK_NAMES[own]}"
            )
        elif column.ambiguous and not column.marks.total():
            text, number = column.ambiguous
            warnings.append(f"{name!r}: {shortened(text)} is read as {number:g}, as in the file of the model")
        if column.share is not None:
            warnings.append(share_warning(name, column.share))
        return warnings

    def _swapped(self, name: str) -> str:
        """Return that day and month seem to be in the other order, as the end of a sentence; "" where they do not."""
        feature, cells = self._features[name], self._columns[name].cells
        own = feature.format or ""
        if feature.type != "date" or own not in FIRST_PART:
            return ""
        for other in SWAPPED.get(own, ()):
            if cells and all(isinstance(text, str) and read_date(text.strip(), other) is not None for _, text in cells):
                return f"; they would be dates with the {FIRST_PART[other]} first, and the model's have the " + (
                    f"{FIRST_PART[own]} first"
                )
        return ""

    def _errors(self, names: Sequence[str]) -> list[dict[str, Any]]:
        """Return an error for each of the first cells of these columns."""
        found = [
            {"row": row, "field": name, "message": f"must be {self._columns[name].accepted}, not {shortened(value)}"}
            for name in names
            for row, value in self._columns[name].cells
        ]
        return found[:ERRORS_SHOWN]

    def _column(self, feature: Feature) -> _Column:
        """Return what is known of a feature's column."""
        self._features.setdefault(feature.name, feature)
        return self._columns.setdefault(feature.name, _Column())


def _mark(column: _Column, own: DecimalMark) -> DecimalMark:
    """Return the decimal mark of a column: the model's own, unless more numbers have the other one for certain."""
    other: DecimalMark = "." if own == "," else ","
    return other if column.marks[other] > column.marks[own] else own
