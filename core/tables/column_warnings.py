"""The warnings about one column that was read: what was taken for missing or for an answer, and how it was read."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from core.date_formats import CLOCK_FORMAT
from core.delimited.names import quoted
from core.tables.amount_columns import amount_reading, other_reading
from core.tables.missing_words import NA, answers_warning, may_be_level
from core.tables.type_inference import TypeInference

SPELLINGS_SHOWN = 5
# Of more columns with warnings that differ in numbers alone, as many are named, and the others counted.
ALIKE_SHOWN = 10
NUMBERS = re.compile(r"\d[\d,.]*")


def all_column_warnings(columns: Iterable[TypeInference], locate: Callable[[int], str]) -> list[str]:
    """Return the warnings about all columns; of many alike the first ones, and how many more there are."""
    warnings: list[str] = []
    # By what a warning says of any column: the first column of which it does, and of how many it does.
    first: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for column in columns:
        for warning in column_warnings(column, locate):
            about = NUMBERS.sub("", warning.replace(f"column {column.name!r}", "", 1))
            first.setdefault(about, column.name)
            counts[about] += 1
            if counts[about] <= ALIKE_SHOWN:
                warnings.append(warning)
    for about, count in counts.items():
        if count > ALIKE_SHOWN:
            warnings.append(f"{count - ALIKE_SHOWN:,} more columns have a warning like that of {quoted(first[about])}")
    return warnings


def column_warnings(column: TypeInference, locate: Callable[[int], str]) -> Iterator[str]:
    """Yield the warnings; `locate` returns where a row of the table is in the file."""
    if column.infinite:
        yield f"column {column.name!r} has {column.infinite:,} infinite or undefined numbers; they count as missing"
    answers = (column.answers & column.words.keys()) - column.expectation.keep
    if answers:
        yield answers_warning(column.name, answers, column.levels.levels)
    if column.has_na and NA not in column.answers and may_be_level(column.inferred.type, column.levels, column.answers):
        yield f"column {column.name!r}: {NA!r} counts as missing; if it is an answer, send it in keep"
    if column.unusual:
        yield f"column {column.name!r}: {_counted(column.unusual)} as missing"
    yield from _reading_warnings(column)
    if column.dates is not None and column.dates.text is not None:
        yield column.dates.warning(column.name)
    if column.inferred.type == "category" and (totals := column.totals.warning(column.name, locate)):
        yield totals
    if column.inferred.type == "category" and not (column.expectation.forced or column.inferred.is_like):
        column.text_because = column.strays.reason(locate, column.find_odd_cell)
        if column.text_because is not None:
            yield f"column {column.name!r} is text{column.text_because}"


def _reading_warnings(column: TypeInference) -> Iterator[str]:
    """Yield the warnings of a column whose values are not what its texts literally are."""
    amounts = column.inferred.amounts
    if column.example is not None and not (column.inferred.is_unsure and column.marks.is_settled):
        text, value = column.example.text, column.example.value
        how = amount_reading(amounts) if amounts else ""
        how += " seconds since midnight" if column.inferred.format == CLOCK_FORMAT else ""
        doubt = ""
        if column.marks.has_ambiguous and not column.marks.is_settled:
            is_open = column.expectation.marks_are_open
            doubt = other_reading(text, amounts.decimal if amounts else ".", is_open=is_open)
        yield f"column {column.name!r}: {quoted(text)} is read as {value}{how}{doubt}"
    if amounts and column.padded_dashes:
        yield (
            f"column {column.name!r}: {column.padded_dashes:,} of its values are a dash between blanks and count as "
            "missing; if they are the zeros of an accounting format, write 0"
        )
    if amounts and amounts.unit and amounts.without_unit:
        yield (
            f"column {column.name!r}: {amounts.without_unit:,} of its numbers have no unit and are taken for "
            f"{amounts.unit}"
        )


def _counted(spellings: Counter[str]) -> str:
    """Describe how often each spelling occurs, as the subject of a sentence with its verb."""
    shown = spellings.most_common(SPELLINGS_SHOWN)
    counts = ", ".join(f"{quoted(text)} in {count:,} row{'s' * (count > 1)}" for text, count in shown)
    others = len(spellings) - len(shown)
    rest = f" and {others} other spelling{'s' * (others > 1)}" if others else ""
    return f"{counts}{rest} {'counts' if len(spellings) == 1 else 'count'}"
