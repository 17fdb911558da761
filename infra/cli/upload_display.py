"""Shows an upload in the terminal."""

from contextlib import AbstractContextManager

from rich.filesize import decimal

from infra.cli.display import progress_bar, transfer_bar
from infra.cli.terminal import console
from infra.client.part_upload import ReportBytes
from infra.client.service import ReportProgress
from infra.client.upload import UploadDisplay


class TerminalUploadDisplay(UploadDisplay):
    """Shows an upload as lines and progress bars in the terminal."""

    def show_resumed(self, file_id: str, arrived: int, parts: int) -> None:
        """Print how many parts of an earlier upload are in the bucket."""
        console.print(f"Going on with {file_id}: {arrived} of {parts} parts are there.")

    def sending(self, size_bytes: int) -> AbstractContextManager[ReportBytes]:
        """Show a bar of the bytes that are sent."""
        return transfer_bar(size_bytes)

    def show_sent(self, size_bytes: int, seconds: float) -> None:
        """Print how much was sent, and how long it took."""
        console.print(f"Sent {decimal(size_bytes)} in {seconds:.1f} s.")

    def ingesting(self) -> AbstractContextManager[ReportProgress]:
        """Show a bar of the ingestion's stage and progress."""
        return progress_bar("queued")
