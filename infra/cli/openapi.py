"""`regatta openapi`."""

from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli.options import AsJson, Out, Quiet
from infra.cli.output import Output
from infra.cli.service import ask, connect, exit_with_code

if TYPE_CHECKING:
    from core.types import Json

PATHS = {"3.1": "/openapi.json", "3.0": "/openapi-3.0.json"}


def openapi(
    version: Annotated[str, typer.Option(help="Of OpenAPI: 3.1, or 3.0 for generators that need it.")] = "3.1",
    out: Out = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    url: Annotated[
        str | None, typer.Option(help="Ask this service for its own.", show_default="that of this version, without one")
    ] = None,
) -> None:
    """Print the OpenAPI document; no service need run. It is JSON with and without --json."""
    import json

    chosen = ".".join(version.split(".")[:2])
    if chosen not in PATHS:
        raise typer.BadParameter(f"{version!r} is neither 3.1 nor 3.0.", param_hint="--version")
    if url is not None:
        with connect(url) as client:
            document = ask(client, "GET", PATHS[chosen])
    else:
        with exit_with_code():
            document = _own_document(chosen)
    text = json.dumps(document, ensure_ascii=False, indent=1)
    if out is None or str(out) == "-":
        typer.echo(text)
        return
    with exit_with_code():
        out.write_text(f"{text}\n", encoding="utf-8")
    Output(as_json, quiet).note(f"OpenAPI {chosen} is in {out}.")


def _own_document(version: str) -> "Json":
    from functions.contract.openapi_3_0 import render_3_0
    from infra.local import server

    document = server.openapi()
    return document if version == "3.1" else render_3_0(document)
