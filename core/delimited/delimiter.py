"""Find the delimiter that divides the first lines of a CSV best, or refuse them."""

import re
from collections.abc import Sequence

from core.delimited.options import BLANKS
from core.delimited.sample import DelimitedSample, Sample, delimit
from core.errors import InvalidInputError, NotACsvError

# In the order of preference among equals.
DELIMITERS = (",", ";", "\t", "|")
CELLS_SHOWN, CHARACTERS_SHOWN = 5, 60


def best_delimited(sample: Sample, *, single_quotes: bool = True) -> DelimitedSample:
    """Return the sample delimited by the delimiter that fits best; raises `NotACsvError` where none fits."""
    candidates = [delimit(sample, delimiter, single_quotes=single_quotes) for delimiter in DELIMITERS]
    if _are_decimal_marks(sample) and any(other.fit for other in candidates[1:]):
        candidates = candidates[1:]
    best = max(candidates, key=lambda delimited: (delimited.fit, delimited.width))
    if best.fit == 0:
        blanks = delimit(sample, BLANKS)
        if blanks.fit > 1.2 and all(len(record.cells) == blanks.width for record in blanks.records):
            return blanks
        _refuse_open_quote(sample, candidates[0])
        raise NotACsvError(
            "No delimiter divides these lines into the same number of columns; comma, semicolon, tab, | and blanks "
            "were tried. Send a CSV with at least two columns, or name its delimiter in the field `delimiter`."
        )
    if best.delimiter == "\t" and _divided_by_blanks(best, blanks := delimit(sample, BLANKS)):
        return blanks
    _refuse_tie(candidates, best)
    if best.delimiter == "|" and any(all(set(cell) <= set(" :-") for cell in row.cells) for row in best.records[1:2]):
        raise NotACsvError("This is a Markdown table, not a CSV. Save it as CSV UTF-8 and send that.")
    _refuse_open_quote(sample, best)
    return best


def _are_decimal_marks(sample: Sample) -> bool:
    """Return whether all commas stand behind a digit and before one or a dash, as decimal commas do."""
    text = "".join(sample.lines)
    return "," in text and not re.search("(?<![0-9]),|,(?![0-9-])", text)


def _divided_by_blanks(tabs: DelimitedSample, blanks: DelimitedSample) -> bool:
    """Return whether blanks divide lines with a stray tab, or tabs come in runs."""
    if {len(record.cells) for record in blanks.records} != {blanks.width}:
        return False
    if blanks.width > tabs.width and blanks.numbers > tabs.numbers:
        return True
    if {len(record.cells) for record in tabs.records} != {tabs.width}:
        return all(sum(map(bool, map(str.strip, record.cells))) == blanks.width for record in tabs.records)
    # Between two columns of several tabs there is always an empty one.
    columns = list(zip(*(record.cells for record in tabs.records), strict=False))
    empty = sum(not any(map(str.strip, column)) for column in columns[:-1])
    return blanks.width + empty >= tabs.width > blanks.width and empty > 0 and blanks.width > 1


def _refuse_tie(candidates: Sequence[DelimitedSample], best: DelimitedSample) -> None:
    """Raise `NotACsvError` where another delimiter divides the lines as well as the best one."""
    for other in candidates:
        if other.delimiter != best.delimiter and other.fit == best.fit:
            readings = " and ".join(
                f"{found.delimiter!r} gives {' | '.join(map(_shortened, found.records[0].cells[:CELLS_SHOWN]))}"
                for found in (best, other)
            )
            raise NotACsvError(
                f"Two delimiters divide the lines equally well: {readings} in the first line. Name the right one in "
                "the field `delimiter`, and send the file again.",
                [{"field": "delimiter", "message": f"may be {best.delimiter!r} or {other.delimiter!r}"}],
            )


def _shortened(cell: str) -> str:
    """Return a cell in quotes, cut where it is long."""
    return repr(cell if len(cell) <= CHARACTERS_SHOWN else f"{cell[:CHARACTERS_SHOWN]}…")


def delimit_as_requested(sample: Sample, delimiter: str, *, single_quotes: bool = True) -> DelimitedSample:
    """Delimit the sample by the delimiter of the request; raises `InvalidInputError` where it divides nothing."""
    delimited = delimit(sample, delimiter, single_quotes=single_quotes)
    _refuse_open_quote(sample, delimited)
    if delimited.width < 2:
        quoted = "a blank" if delimiter == BLANKS else repr(delimiter)
        raise InvalidInputError(
            f"The delimiter {quoted} divides no columns: most lines have none. Leave the field `delimiter` out to "
            "have it found out, or name the right one; a table needs at least two columns.",
            [{"field": "delimiter", "message": "does not occur in most lines"}],
        )
    return delimited


def _refuse_open_quote(sample: Sample, delimited: DelimitedSample) -> None:
    """Raise `NotACsvError` where a quote of the sample is never closed."""
    if delimited.open_quote is not None and (sample.is_complete or not delimited.records):
        raise NotACsvError(
            f"A quote that opens in line {delimited.open_quote + 1} is never closed: everything below it would be one "
            'cell. Close it, or write a quote inside a cell twice ("").'
        )
