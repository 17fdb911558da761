"""Pages of lists: how many items a command shows, from where on, and how to get more of them."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.cli.service import ask

if TYPE_CHECKING:
    from core.types import Json
    from infra.cli.output import Output
    from regatta import Regatta

Limit = Annotated[int | None, typer.Option(min=1, max=1000, help="How many to show at most.", show_default="one page")]
Cursor = Annotated[str | None, typer.Option(help="Show the page that an earlier one named.", show_default="the first")]

# The longest page of files and of versions.
LONGEST = 1000


def page(client: "Regatta", path: str, limit: int | None, cursor: str | None, **params: Any) -> "Json":
    """Return one page of a list."""
    return ask(client, "GET", path, params={**params, "limit": limit, "cursor": cursor})


def listing(
    client: "Regatta", path: str, name: str, output: "Output", *, limit: int | None, cursor: str | None
) -> "Json":
    """Return one page of a list with the items `name`; with --quiet all items, unless a limit or a cursor is given.

    A program reads what --quiet prints, and would not notice that there is more.
    """
    if output.quiet and limit is None and cursor is None:
        return {name: all_items(client, path, name), "next": None}
    return page(client, path, limit, cursor)


def all_items(client: "Regatta", path: str, name: str, **params: Any) -> "list[Json]":
    """Return the items `name` of all pages of a list."""
    items: list[Any] = []
    cursor = None
    while True:
        listed = page(client, path, LONGEST, cursor, **params)
        items += listed[name]
        cursor = listed.get("next")
        if cursor is None:
            return items


def hint(output: "Output", command: str, listed: "Json") -> None:
    """Say how to get the next page, if there is one."""
    if listed.get("next") is not None:
        output.note(f"There are more: `regatta {command} --cursor {listed['next']}` shows the next page.")
