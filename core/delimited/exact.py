"""The dialect of a stored text, of which nothing is inferred where its container named the columns."""

from pathlib import Path

from core.delimited.decoding import DecodedText
from core.delimited.dialect import Dialect, find_dialect
from core.delimited.quoting import USUAL, long_cells_refused
from core.manifests import DatasetManifest, FileContainer


def is_exact(container: FileContainer | None) -> bool:
    """Return whether a table's text has the names of its columns in the first line, and nothing but rows below it."""
    return container is not None and container.format in ("parquet", "json")


def stored_dialect(text: DecodedText, folder: Path, manifest: DatasetManifest) -> Dialect:
    """Return the dialect of a stored dataset's text, as it was read when it was uploaded."""
    if is_exact(manifest.container):
        return exact_dialect(text.path)
    return find_dialect(text, folder, manifest.delimiter, manifest.has_header)


def exact_dialect(path: Path) -> Dialect:
    """Return the dialect of such a text."""
    with path.open(encoding="utf-8", newline="") as file, long_cells_refused("The header"):
        names = next(USUAL.rows(file, ","))
    return Dialect(
        path, ",", ",", has_header=True, names=names, width=len(names), has_decimal_points=True, is_clean=True
    )
