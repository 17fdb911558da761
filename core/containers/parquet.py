"""Read a Parquet file as a canonical text, in a process of its own."""

from pathlib import Path

from core.containers.canonical import ColumnKinds
from core.containers.limited_process import run_limited
from core.containers.unpacked import Unpacked
from core.errors import UnreadableContainerError
from core.manifests import FileContainer

ENCRYPTED = b"PARE"


def read_parquet(source: Path, folder: Path, *, decimal: str, max_bytes: int) -> Unpacked:
    """Write the columns to `folder` as a canonical text, with the types that the file states.

    Raises `UnreadableContainerError` for a damaged or encrypted file, nested columns or a name that two columns have,
    and `TooLargeError`.
    """
    with source.open("rb") as start:
        if start.read(4) == ENCRYPTED:
            raise UnreadableContainerError("The Parquet file is encrypted. Write it without encryption and send that.")
    target = folder / "rows.csv"
    request = {"source": str(source), "target": str(target), "decimal": decimal, "max_bytes": max_bytes}
    # A page of few bytes may stand for many rows; the time is that of a file which shrank as much as an archive may.
    answer = run_limited("parquet", request, max_bytes)
    return Unpacked(
        target,
        FileContainer(format="parquet"),
        ColumnKinds(answer["head"], [set(kinds) for kinds in answer["below"]]),
        stated={int(position): type_ for position, type_ in answer["stated"].items()},
        warnings=answer["warnings"],
    )
