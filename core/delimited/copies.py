"""Copies of a text that is read: they are made where they are needed only, in a folder of the caller."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import rmtree
from tempfile import NamedTemporaryFile


def copy_path(folder: Path, name: str) -> Path:
    """Return the path of a copy in `folder`, which is made unless it exists."""
    folder.mkdir(exist_ok=True)
    return folder / name


@contextmanager
def temporary_source(content: bytes) -> Iterator[tuple[Path, Path]]:
    """Give the path of a file with this content, and that of a folder for copies, which does not exist yet.

    Making and removing a folder takes several times as long as the file, and most contents need no copy.
    """
    with NamedTemporaryFile(prefix="regatta-", suffix=".csv") as file:
        file.write(content)
        file.flush()
        folder = Path(f"{file.name}.copies")
        try:
            yield Path(file.name), folder
        finally:
            with suppress(FileNotFoundError):
                rmtree(folder)
