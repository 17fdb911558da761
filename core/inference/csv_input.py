"""Read the rows of a CSV in a request, one batch at a time. The model's features give the types of its columns."""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from core.errors import InvalidInputError, NotACsvError
from core.inference.input_batch import InputBatch, batch_from_rows
from core.manifests import Feature

# By the charset of a Content-Type the codec that decodes it. GB18030 is a superset of GBK.
ENCODINGS = {
    "utf-8": "utf-8-sig",
    "utf8": "utf-8-sig",
    "us-ascii": "utf-8-sig",
    "gbk": "gb18030",
    "gb2312": "gb18030",
    "gb18030": "gb18030",
}
DELIMITERS = ",;\t|"
# The delimiter is found in so many bytes.
SAMPLE_BYTES = 1 << 16
# The number of the first row of data in a spreadsheet.
FIRST_ROW = 2

Result = TypeVar("Result")


def batches_from_csv(body: bytes, charset: str, features: Sequence[Feature], batch_size: int) -> Iterator[InputBatch]:
    """Yield the rows below the header in batches of at most `batch_size`, with only one batch in memory.

    Blank lines are skipped. Raises `InvalidInputError` for an unknown charset, and `NotACsvError` for bytes that are no
    text or no table, or that have no rows.
    """
    encoding = ENCODINGS.get(charset.lower())
    if encoding is None:
        errors = [{"field": "charset", "message": f"must be one of {', '.join(ENCODINGS)}"}]
        raise InvalidInputError("Send the CSV as UTF-8, or as GBK with Content-Type: text/csv; charset=gbk.", errors)
    text = io.TextIOWrapper(io.BytesIO(body), encoding, newline="")
    rows = filter(None, csv.reader(text, delimiter=_delimiter(body, encoding, features), strict=True))
    names = [name.strip() for name in _read(lambda: next(rows, []), charset)]
    if len(set(names)) < len(names):
        repeated = next(name for name in names if names.count(name) > 1)
        raise NotACsvError(f"The header has {repeated!r:.80} twice, so its values would be anyone's guess. Rename one.")
    row = FIRST_ROW
    while batch := _read(lambda: list(islice(rows, batch_size)), charset):
        _check_width(batch, len(names), row)
        row += len(batch)
        yield batch_from_rows(names, batch, features)
    if row == FIRST_ROW:
        raise NotACsvError("The CSV has no rows below a header. Send the names of the columns and at least one row.")


def _delimiter(body: bytes, encoding: str, features: Sequence[Feature]) -> str:
    """Return the delimiter that finds most of the model's features in the header."""
    known = {feature.name for feature in features}
    lines = body[:SAMPLE_BYTES].decode(encoding, "ignore").splitlines(keepends=True)

    def names_found(delimiter: str) -> int:
        header = next(csv.reader(lines, delimiter=delimiter), [])
        return len(known & {name.strip() for name in header})

    return max(DELIMITERS, key=names_found)


def _read(read: Callable[[], Result], charset: str) -> Result:
    """Call `read`, and raise `NotACsvError` for bytes that are not in `charset` and for malformed CSV."""
    try:
        return read()
    except UnicodeDecodeError:
        raise NotACsvError(
            f"The bytes are not {charset}. Say what they are: Content-Type: text/csv; charset=gbk, or charset=utf-8."
        ) from None
    except csv.Error as error:
        raise NotACsvError(f"The body cannot be read as a CSV: {error}. Check its quotes.") from None


def _check_width(rows: Sequence[Sequence[str]], width: int, first_row: int) -> None:
    """Raise `NotACsvError` that names the first row whose number of cells differs from the header."""
    if set(map(len, rows)) <= {width}:
        return
    row, cells = next((row, cells) for row, cells in enumerate(rows, start=first_row) if len(cells) != width)
    errors = [{"row": row, "message": f"{len(cells)} columns instead of {width}"}]
    raise NotACsvError(f"Row {row} has {len(cells)} columns, and the header has {width}.", errors)
