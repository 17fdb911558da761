"""Read the rows of a CSV in a request, one batch at a time, as an upload of it is read.

The columns of the model decide only where the file can be read in several ways.
"""

from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from pathlib import Path

from core.delimited.copies import temporary_source
from core.delimited.decoding import DecodedText, read_text
from core.delimited.dialect import find_dialect
from core.delimited.expected import Expected
from core.delimited.rows import TableRows
from core.errors import UnprocessableError
from core.inference.input_batch import InputBatch, batch_from_rows
from core.manifests import Feature
from core.settings import settings

# The number of the first row of data in a spreadsheet.
FIRST_ROW = 2


def batches_from_csv(
    body: bytes,
    charset: str | None,
    features: Sequence[Feature],
    batch_size: int,
    warnings: list[str] | None = None,
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    has_header: bool | None = None,
) -> Iterator[InputBatch]:
    """Yield the rows of a CSV in batches of at most `batch_size`, with only one batch in memory.

    What is None is found out; `charset` is that of the Content-Type, which `encoding` overrules. `warnings` gets those
    of an upload when all was read. Raises `InvalidInputError` for an unknown encoding or delimiter, and `NotACsvError`
    for bytes that are no text or no table, or that have no rows.
    """
    expected = Expected(
        frozenset(feature.name for feature in features), {feature.name: feature.levels for feature in features}
    )
    with temporary_source(body) as (source, folder):
        text = _decode(source, folder, encoding, charset, expected.names)
        table = TableRows(find_dialect(text, folder, delimiter, has_header, expected))
        rows = iter(table)
        while batch := [cells for _, cells in islice(rows, batch_size)]:
            yield batch_from_rows(table.names, batch, features)
        if warnings is not None:
            warnings += [*text.warnings, *table.dialect.warnings, *table.warnings]


def _decode(
    source: Path, folder: Path, encoding: str | None, charset: str | None, names: Collection[str]
) -> DecodedText:
    """Return the text of a body; errors about its encoding name the charset."""
    # A client that names ASCII does not know better; a text in it is one in UTF-8.
    named = "utf-8" if charset is not None and charset.lower() in ("us-ascii", "ascii") else charset
    try:
        return read_text(source, folder, encoding or named, max_bytes=settings().max_body_bytes, known=names)
    except UnprocessableError as error:
        if encoding or charset is None or not any(finding.get("field") == "encoding" for finding in error.errors):
            raise
        errors = [{**finding, "field": "charset"} for finding in error.errors]
        way_out = "Leave the charset out to have it found out, or name it: Content-Type: text/csv; charset=gbk."
        raise type(error)(f"{error.detail} The charset is said to be {charset!r:.60}. {way_out}", errors) from None
