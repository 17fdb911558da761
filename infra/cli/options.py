"""Options that several commands have."""

from typing import Annotated

import typer

Url = Annotated[str | None, typer.Option(help="The service.", show_default="the one on this machine")]
