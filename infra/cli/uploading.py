"""Uploads a file and shows how far that is."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.cli.progress import progress_bar

if TYPE_CHECKING:
    from core.types import Json
    from infra.cli.output import Output
    from regatta import Regatta


def upload_with_progress(client: "Regatta", path: Path, reading: dict[str, Any], output: "Output") -> "Json":
    """Upload a file in the way that suits its size, going on where an earlier run broke off; return the dataset.

    Says on stdout how many parts of an earlier upload are there. Raises the errors of the client.
    """
    from contextlib import contextmanager

    from infra.client.service import connect
    from infra.client.upload import Upload, UploadDisplay, UploadRecord

    with progress_bar(output, "sending") as report_progress:

        class Display(UploadDisplay):
            def show_resumed(self, file_id: str, arrived: int, parts: int) -> None:
                output.line(f"Going on with {file_id}: {arrived} of {parts} parts are there.")

            @contextmanager
            def sending(self, size_bytes: int) -> Any:
                sent = 0

                def report(count: int) -> None:
                    nonlocal sent
                    sent += count
                    report_progress("sending", sent / size_bytes)

                yield report

            @contextmanager
            def ingesting(self) -> Any:
                yield report_progress

        with connect(client.url) as service:
            record = UploadRecord(client.url, path, reading)
            return Upload(service, path, reading, record).run(Display())
