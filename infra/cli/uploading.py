"""Uploads a file and shows how far that is."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.cli.progress import progress_bar

if TYPE_CHECKING:
    from core.types import Json
    from infra.cli.output import Output
    from regatta import Regatta

# How the client begins the stage of an upload that was interrupted before.
RESUMED = "resuming"


def upload_with_progress(client: "Regatta", path: Path, reading: dict[str, Any], output: "Output") -> "Json":
    """Upload a file in the way that suits its size, going on where an earlier run broke off; return the dataset.

    Says on stdout how many parts of an earlier upload are there. Raises the errors of the client.
    """
    with progress_bar(output, "uploading") as report_progress:

        def report(stage: str, done: float) -> None:
            if stage.startswith(RESUMED):
                output.line(f"{stage[:1].upper()}{stage[1:]}.")
            report_progress(stage, done)

        dataset = client.data.upload(path, on_progress=report, **reading)
    return dict(dataset.raw)
