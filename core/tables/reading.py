"""From CSV text to a typed Arrow table: unique headers, numbers where they are numbers, categories elsewhere."""

import csv as stdlib_csv
import io
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from core.errors import NotACsvError
from core.manifests import Column
from core.tables.columns import Category, Columns, Floats
from core.tables.text import Text
from core.values import MISSING

RAGGED_SHOWN = 5
# Rows are counted as a spreadsheet shows them: the header is row 1.
FIRST_ROW = 2
# A column is a number when every value is; this many strays in an otherwise numeric one are worth a warning.
STRAYS_SHOWN = 3
STRAY_SHARE = 0.05
NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"


@dataclass(frozen=True)
class Table:
    """A CSV understood: an Arrow table (int64, float64 or dictionary of strings), its columns and what was noticed."""

    data: pa.Table
    columns: list[Column]
    warnings: list[str]

    @property
    def rows(self) -> int:
        """How many rows it has."""
        return int(self.data.num_rows)

    def values(self, name: str) -> Floats | Category:
        """One column in numpy's form."""
        return _to_numpy(self.data.column(name))

    def packed(self) -> Columns:
        """The same table as numpy columns."""
        return Columns(
            {column.name: self.values(column.name) for column in self.columns},
            {column.name: column.type for column in self.columns},
        )


def read_table(text: Text) -> Table:
    """Parse and type a CSV.

    Raises `NotACsvError` for ragged rows (with their numbers), a header without rows, or a quote that never closes.
    """
    warnings: list[str] = []
    raw = _parse(text)
    if raw.num_rows == 0:
        raise NotACsvError("The file has a header but no rows. Send at least one row of data below it.")
    names = _unique_names(raw.column_names, warnings)
    typed = [_typed(raw.column(i).combine_chunks(), name, warnings) for i, name in enumerate(names)]
    columns = [
        Column(
            name=name,
            type=_type_name(values),
            missing=values.null_count,
            distinct=_distinct(values),
        )
        for name, values in zip(names, typed, strict=True)
    ]
    return Table(pa.table(typed, names=names), columns, warnings)


def _parse(text: Text) -> pa.Table:
    """All cells as strings, null where the text is one of `MISSING`."""
    ragged: list[csv.InvalidRow] = []

    def note(row: csv.InvalidRow) -> str:
        ragged.append(row)
        return "skip"

    body = text.content.encode()
    header = _header(text)
    try:
        table = csv.read_csv(
            io.BytesIO(body),
            read_options=csv.ReadOptions(
                use_threads=False,
                block_size=max(len(body) + 1, 1 << 20),
                column_names=[str(i) for i in range(len(header))],
                skip_rows_after_names=1,
            ),
            parse_options=csv.ParseOptions(
                delimiter=text.delimiter,
                newlines_in_values=True,
                invalid_row_handler=note,
            ),
            convert_options=csv.ConvertOptions(
                column_types={str(i): pa.string() for i in range(len(header))},
                null_values=list(MISSING),
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
            ),
        )
    except pa.ArrowInvalid as error:
        raise NotACsvError(f"The file cannot be read as a CSV: {error}. Check its quotes and line ends.") from None
    if ragged:
        raise _ragged(ragged)
    last = table.column(len(header) - 1)[-1].as_py() if table.num_rows else None
    if last is not None and "\n" in last and text.content.count('"') % 2:
        raise NotACsvError(f"A quote is never closed: it swallows the file from row {table.num_rows + 1} on. Close it.")
    return table.rename_columns(header)


def _ragged(rows: list[csv.InvalidRow]) -> NotACsvError:
    first, others = rows[0], len(rows) - 1
    more = f", and {others} more rows are wrong too" if others else ""
    return NotACsvError(
        f"Row {first.number} has {first.actual_columns} columns where the header has {first.expected_columns}{more}. "
        "Correct the rows, check that every quote is closed, and send it again.",
        [
            {"row": row.number, "message": f"{row.actual_columns} columns instead of {row.expected_columns}"}
            for row in rows[:RAGGED_SHOWN]
        ],
    )


def _header(text: Text) -> list[str]:
    """The cells of the first line; the standard reader, since Arrow would make the names unique its own way."""
    try:
        return next(stdlib_csv.reader(io.StringIO(text.content, newline=""), delimiter=text.delimiter))
    except stdlib_csv.Error as error:
        raise NotACsvError(f"The header line cannot be read: {error}.") from None


def _unique_names(headers: list[str], warnings: list[str]) -> list[str]:
    """Stripped headers, empty ones called `column_N` and repeated ones `name_2`; each change is a warning."""
    names: list[str] = []
    for position, header in enumerate(headers, start=1):
        stripped = header.strip()
        name = stripped or f"column_{position}"
        number = 2
        while name in names:
            name = f"{stripped or 'column'}_{number}"
            number += 1
        if name != stripped:
            warnings.append(f"column {position} has the header {header!r}; it is called {name!r}")
        names.append(name)
    return names


def _typed(texts: pa.Array, name: str, warnings: list[str]) -> pa.Array:
    """int64 when every value is a whole number, float64 when every value is a number, else dictionary of strings."""
    trimmed = pc.utf8_trim_whitespace(texts)
    trimmed = pc.if_else(pc.is_in(trimmed, pa.array(list(MISSING))), pa.scalar(None, pa.string()), trimmed)
    unsigned = trimmed
    if pc.any(pc.starts_with(trimmed, "+")).as_py():
        unsigned = pc.replace_substring_regex(trimmed, r"^\+([\d.])", r"\1")
    # Arrow would also take hexadecimal for a number.
    if not pc.any(pc.match_substring(trimmed, "x", ignore_case=True)).as_py():
        for number in (pa.int64(), pa.float64()):
            try:
                return _finite(unsigned.cast(number), name, warnings)
            except pa.ArrowInvalid:
                continue
    _warn_of_strays(trimmed, name, warnings)
    return trimmed.dictionary_encode()


def _finite(numbers: pa.Array, name: str, warnings: list[str]) -> pa.Array:
    strange = pc.invert(pc.is_finite(numbers))
    count = pc.sum(strange).as_py() or 0
    if not count:
        return numbers
    warnings.append(f"column {name!r} has {count} infinite or undefined numbers; they count as missing")
    return pc.if_else(strange, pa.scalar(None, pa.float64()), numbers)


def _warn_of_strays(texts: pa.Array, name: str, warnings: list[str]) -> None:
    """Say so when a few values alone keep a column from being a number."""
    numeric = pc.match_substring_regex(texts, NUMBER)
    strays = texts.filter(pc.invert(numeric)).drop_null()
    if len(strays) <= STRAY_SHARE * len(texts):
        row = pc.index(pc.fill_null(numeric, True), False).as_py() + FIRST_ROW
        examples = ", ".join(repr(value) for value in strays[:STRAYS_SHOWN].to_pylist())
        warnings.append(
            f"column {name!r} is text because {len(strays)} of its values are not numbers: {examples}; "
            f"the first is in row {row}"
        )


def _distinct(values: pa.Array) -> int:
    if pa.types.is_dictionary(values.type):
        return len(values.dictionary)
    return int(pc.count_distinct(values, mode="only_valid").as_py())


def _type_name(values: pa.Array) -> str:
    if pa.types.is_integer(values.type):
        return "integer"
    return "number" if pa.types.is_floating(values.type) else "category"


def _to_numpy(values: pa.ChunkedArray) -> Floats | Category:
    if pa.types.is_dictionary(values.type):
        encoded = values.combine_chunks()
        codes = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int32)
        return Category(codes, encoded.dictionary.to_pylist())
    return np.asarray(pc.cast(values, pa.float64(), safe=False), np.float64)
