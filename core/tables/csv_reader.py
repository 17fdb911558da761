"""Read CSV text into a typed table, block by block, each column with the narrowest type that fits all its values."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from core.delimited.dialect import Dialect
from core.delimited.junk_copy import leave_out_junk
from core.delimited.names import unique_names
from core.manifests import Feature, Reading
from core.progress import ReportProgress, ignore_progress
from core.tables.expectations import expectations
from core.tables.reading_pass import JunkError, Progress, read_until_settled
from core.tables.table import Table
from core.tables.type_inference import TypeInference

INFERRED = Reading()


def read_table(
    dialect: Dialect,
    folder: Path,
    report_progress: ReportProgress = ignore_progress,
    reading: Reading = INFERRED,
    like: Sequence[Feature] = (),
) -> Table:
    """Parse and type a CSV into a Parquet file in `folder`; the stage is "reading".

    `reading` says how values are to be read where the caller knows it. A column with the name of a feature in `like` is
    first tried in the type, format and decimal mark of that feature, and only where a text does not fit it is inferred.
    A column that is said to be a category has its texts as written, and so has one like a category.

    Holds a few blocks in memory, however large the file is. Raises `NotACsvError` for too many ragged rows (with
    their lines), a header without rows, a row longer than 4 MiB, or a quote that never closes, `TooLargeError`
    for more than 50 million rows, and `InvalidInputError` for a reading that the texts contradict.
    """
    warnings: list[str] = []
    if dialect.has_junk:
        dialect, warnings = leave_out_junk(dialect, folder)
    try:
        return _read(dialect, folder, report_progress, warnings, reading, like)
    except JunkError:
        dialect, warnings = leave_out_junk(dialect, folder)
        return _read(dialect, folder, report_progress, warnings, reading, like)


def _read(
    dialect: Dialect,
    folder: Path,
    report_progress: ReportProgress,
    warnings: list[str],
    reading: Reading,
    like: Sequence[Feature],
) -> Table:
    """Parse and type a CSV; `warnings` has those about rows that were left out. Raises also `JunkError`."""
    headers = dialect.names if dialect.has_header else [""] * dialect.width
    names = unique_names(headers, warnings, warns=dialect.has_header)
    inferences = list(map(TypeInference, expectations(dialect, names, reading, like)))
    path = folder / "table.parquet"
    last_pass = read_until_settled(dialect, inferences, path, _rising(report_progress))
    warnings += last_pass.warnings()
    # Release the memory of the blocks.
    pa.default_memory_pool().release_unused()
    columns = [inference.column() for inference in inferences]
    coded = {inference.name: found for inference in inferences if (found := inference.coded())}
    return Table(path, columns, last_pass.rows, last_pass.memory_bytes, warnings, coded, last_pass.unlike())


def _rising(report_progress: ReportProgress) -> Progress:
    """Return a function that reports the share of a pass, or that of an earlier pass which came further."""
    reported = 0.0

    def advance(share: float) -> None:
        nonlocal reported
        reported = max(reported, share)
        report_progress("reading", reported)

    return advance
