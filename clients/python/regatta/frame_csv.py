"""A DataFrame as the CSV of an upload, from which the service reads the same values."""

import csv
from io import TextIOWrapper
from typing import IO, Any

from regatta.frames import Column, Frame

ROWS_AT_A_TIME = 20_000


def write_csv(frame: Frame, file: IO[bytes]) -> dict[str, Any]:
    """Write all rows as UTF-8; return how the service is to read them: fields of an upload.

    Floats have all their digits, and a float32 those of the same float64. Dates are ISO 8601 in UTC. Categoricals stay
    texts, and so do texts that look like numbers, such as "007". Raises `ValueError` for a frame without columns, or
    with a name twice.
    """
    frame.check_names()
    if not frame.names or not frame.rows:
        raise ValueError("The DataFrame has no rows or no columns.")
    text = TextIOWrapper(file, encoding="utf-8", errors="surrogatepass", newline="", write_through=True)
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(frame.names)
    spelled: dict[str, set[bool]] = {name: set() for name in frame.names}
    for start in range(0, frame.rows, ROWS_AT_A_TIME):
        part = frame.slice(start, start + ROWS_AT_A_TIME)
        columns = [cells(column) for column in part.columns]
        writer.writerows(zip(*columns, strict=True))
        for column in part.columns:
            spelled[column.name] |= spells_numbers(column)
    text.flush()
    text.detach()
    texts = [column.name for column in frame.columns if column.kind == "category" or spelled[column.name] == {True}]
    reading: dict[str, Any] = {"encoding": "utf-8", "delimiter": "comma", "has_header": True}
    return {**reading, "types": dict.fromkeys(texts, "category")} if texts else reading


def cells(column: Column) -> list[str]:
    """Return the values of a column as cells."""
    return column.dates() if column.kind == "date" else column.texts()


def spells_numbers(column: Column) -> set[bool]:
    """Return whether the texts of a column are numbers: true, false, both, or nothing where there are none.

    A column of Python values has false for each that is no text.
    """
    if column.kind != "mixed":
        return set()
    return {isinstance(value, str) and _is_number(value) for value in column.values() if value is not None}


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
