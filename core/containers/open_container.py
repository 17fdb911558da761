"""Open whatever a table is packed in: find its format by its bytes, and write its table as a text."""

import re
import zipfile
from pathlib import Path

from core.containers.archive import UNPACK, extract, open_zip
from core.containers.formats import find_format
from core.containers.listing import listed
from core.containers.unpacked import Unpacked
from core.delimited.decoding import unpack_gzip
from core.delimited.exact import is_exact
from core.errors import InvalidInputError, UnreadableContainerError
from core.manifests import FileContainer, Reading

# Entries of an archive that systems add by themselves.
SYSTEM_FILES = re.compile(r"(?:.*/)?(?:__MACOSX/.*|\.[^/]*|Thumbs\.db|desktop\.ini)", re.IGNORECASE)
# Entries that have a table for sure, if others do not look like it.
TABLE_FILES = re.compile(r".+\.(?:csv|tsv|tab|xlsx|xls|ods|parquet|jsonl|ndjson|json)", re.IGNORECASE)
WORKBOOKS = ("xlsx", "xls", "ods")


def open_container(source: Path, folder: Path, reading: Reading, max_bytes: int) -> Unpacked:
    """Return the table of a container, which `find_format` recognised, as a text in `folder`.

    `reading.sheet` and `reading.member` choose the sheet of a workbook and the file of an archive. Unpacked, at most
    `max_bytes` are taken. Raises `InvalidInputError` for fields of `reading` that the file contradicts,
    `UnreadableContainerError`, `TooLargeError`; then nothing is kept.
    """
    found = find_format(source)
    if found == "gzip":
        inner = unpack_gzip(source, folder / "unpacked", max_bytes, _damaged_gzip)
        unpacked = _open(inner, folder, reading, max_bytes, depth=1).inside(packed_in="gzip")
    else:
        unpacked = _open(source, folder, reading, max_bytes, depth=0)
    _check_reading(reading, unpacked.container)
    return unpacked


def _open(source: Path, folder: Path, reading: Reading, max_bytes: int, *, depth: int) -> Unpacked:
    """Open a file by its format; `depth` is the number of archives around it."""
    found, decimal = find_format(source), reading.decimal or "."
    if found == "gzip" or (found == "zip" and depth and not _is_workbook(source, max_bytes)):
        raise UnreadableContainerError(f"The file is an archive inside an archive. {UNPACK}")
    if found == "zip":
        return _open_zip(source, folder, reading, max_bytes, depth)
    if found == "ole":
        from core.containers.workbook import check_ole, read_workbook

        check_ole(source)
        return read_workbook(source, folder, "xls", reading.sheet, decimal=decimal, max_bytes=max_bytes)
    if found == "parquet":
        from core.containers.parquet import read_parquet

        return read_parquet(source, folder, decimal=decimal, max_bytes=max_bytes)
    if found == "json":
        from core.containers.json_rows import read_json

        return read_json(source, folder, decimal=decimal, max_bytes=max_bytes)
    return Unpacked(source, FileContainer(format="csv"))


def _open_zip(source: Path, folder: Path, reading: Reading, max_bytes: int, depth: int) -> Unpacked:
    """Open a workbook that is a zip, or the file with the table in an archive."""
    from core.containers.workbook import read_workbook, workbook_format

    with open_zip(source, max_bytes) as archive:
        kind = workbook_format(archive)
        if kind is not None:
            decimal = reading.decimal or "."
            return read_workbook(source, folder, kind, reading.sheet, decimal=decimal, max_bytes=max_bytes)
        member, warnings = _choose_member(archive, reading.member)
        inner = extract(archive, member, folder / "member")
    unpacked = _open(inner, folder, reading, max_bytes, depth=depth + 1)
    unpacked.warnings.extend(warnings)
    return unpacked.inside(packed_in="zip", member=member)


def _is_workbook(source: Path, max_bytes: int) -> bool:
    from core.containers.workbook import workbook_format

    with open_zip(source, max_bytes) as archive:
        return workbook_format(archive) is not None


def _choose_member(archive: zipfile.ZipFile, wanted: str | None) -> tuple[str, list[str]]:
    """Return the name of the entry with the table, and a warning about the others if there are any."""
    names = [e.filename for e in archive.infolist() if not e.is_dir() and not SYSTEM_FILES.fullmatch(e.filename)]
    if wanted is not None:
        if wanted not in names:
            shown = listed(names)
            raise InvalidInputError(
                f"The zip archive has no file {wanted!r}. Its files are {shown}.",
                [{"field": "member", "message": f"no such file; there are {shown}"}],
            )
        return wanted, []
    if not names:
        raise UnreadableContainerError("The zip archive has no file. Send one with a table, or the table itself.")
    tables = [name for name in names if TABLE_FILES.fullmatch(name)] if len(names) > 1 else names
    if len(tables) != 1:
        raise UnreadableContainerError(
            f"The zip archive has several files: {listed(tables or names)}. Name the one with the table in the field "
            "`member`.",
            [{"field": "member", "message": f"name one of {listed(tables or names)}"}],
        )
    others = [name for name in names if name != tables[0]]
    warnings = (
        [f"of the zip archive, the file {tables[0]!r} is read and no other: not {listed(others)}"] if others else []
    )
    return tables[0], warnings


def _damaged_gzip(reason: Exception) -> UnreadableContainerError:
    return UnreadableContainerError(
        f"The gzip is damaged or cut off ({reason}). Compress the file again, or send it as it is."
    )


def _check_reading(reading: Reading, container: FileContainer) -> None:
    """Raise `InvalidInputError` for fields that say how to read a file of another format."""
    is_text = container.format == "csv"
    contradicted = {
        "sheet": container.format not in WORKBOOKS and reading.sheet is not None and "the file is no workbook",
        "member": container.packed_in != "zip" and reading.member is not None and "the file is no zip archive",
        "encoding": not is_text and reading.encoding is not None and "the file is no plain text",
        "delimiter": not is_text and reading.delimiter is not None and "the file is no plain text",
        "has_header": is_exact(container) and reading.has_header is False and "the file names its columns",
    }
    errors = [{"field": name, "message": f"{why}; leave this field out"} for name, why in contradicted.items() if why]
    if errors:
        named = " and ".join(f"`{error['field']}`" for error in errors)
        raise InvalidInputError(f"The file cannot be read as asked for by {named}.", errors)
