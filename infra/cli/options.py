"""Options that several commands have."""

from pathlib import Path
from typing import Annotated

import typer

Url = Annotated[str | None, typer.Option(help="The service.", show_default="REGATTA_URL, else the one on this machine")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the service's own JSON, and nothing else.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print the result alone, in a form for scripts.")]

Data = Annotated[
    str | None,
    typer.Argument(
        metavar="[FILE]",
        help="A file, which is uploaded first; or the file_id or name of an uploaded one.",
        show_default="the current file",
    ),
]
Model = Annotated[str, typer.Argument(metavar="MODEL", help="The name of a model, or a model type such as ridge.")]
Version = Annotated[int | None, typer.Option(min=1, help="Of the model.", show_default="the one that serves")]
Interval = Annotated[
    float | None, typer.Option(min=0.01, max=0.999, help="Add bounds that contain this share of true values.")
]
Strict = Annotated[bool, typer.Option("--strict", help="Refuse values that are missing, unreadable or never seen.")]
Prefix = Annotated[
    str | None,
    typer.Option(help="In place of FILE: objects of the bucket below {workspace}/parts/ whose keys go on like this."),
]
Out = Annotated[Path | None, typer.Option("--out", "-o", help="The file to write.")]
