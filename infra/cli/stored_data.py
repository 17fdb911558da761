"""Which dataset an argument means: a file of this machine, which is uploaded first, or one that is stored."""

from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from infra.cli.pages import all_items
from infra.cli.service import CommandError

if TYPE_CHECKING:
    from infra.cli.output import Output
    from regatta import Regatta


def is_file(data: str | None) -> bool:
    """Return whether an argument is a file of this machine."""
    return data is not None and Path(data).is_file()


def file_id_of(client: "Regatta", data: str | None, output: "Output") -> str | None:
    """Return the file_id that an argument means; None for the current file, which the service knows.

    A file of this machine is uploaded. Otherwise the argument is a file_id, or the name of an uploaded file, of which
    the newest counts. Raises `CommandError` where there is no such file.
    """
    if data is None:
        return None
    if is_file(data):
        return _upload_file(client, Path(data), output)
    return find_stored(client, data)


def _upload_file(client: "Regatta", path: Path, output: "Output") -> str:
    """Upload a file, say so on stderr, and return its file_id."""
    from infra.cli.uploading import upload_with_progress

    dataset = upload_with_progress(client, path, {}, output)
    output.note(f"Uploaded {path.name} as {dataset['file_id']}.")
    for warning in dataset["warnings"]:
        output.warn(warning)
    return str(dataset["file_id"])


def find_stored(client: "Regatta", data: str) -> str:
    """Return the file_id of a stored file by its file_id or name; raises `CommandError` where there is none."""
    files = all_items(client, "/data/files", "files")
    for file in reversed(files):
        if data in (file["file_id"], file["filename"]):
            return str(file["file_id"])
    near = get_close_matches(data, [file["filename"] for file in files], 3)
    hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
    raise CommandError(
        f"{data!r} is neither a file here nor one that was uploaded.{hint} `regatta files` lists those that were."
    )
