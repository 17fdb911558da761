"""`regatta models` and `regatta schema`: what was trained, and what it takes."""

from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli.options import AsJson, Model, Quiet, Url, Version
from infra.cli.output import Output
from infra.cli.pages import Cursor, Limit, all_items, hint, listing
from infra.cli.service import ask, connect
from regatta.choice import segment

if TYPE_CHECKING:
    from core.types import Json
    from regatta import Regatta


def models(
    name: Annotated[str | None, typer.Argument(metavar="[MODEL]", help="All about this one.")] = None,
    version: Version = None,
    available: Annotated[bool, typer.Option("--available", help="List the regressors that can be trained.")] = False,
    promote: Annotated[int | None, typer.Option(metavar="VERSION", help="Let this version serve.")] = None,
    rename: Annotated[str | None, typer.Option(metavar="NAME", help="Give MODEL another name.")] = None,
    delete: Annotated[
        bool, typer.Option("--delete", help="Delete MODEL, or with --version that version of it.")
    ] = False,
    limit: Limit = None,
    cursor: Cursor = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    url: Url = None,
) -> None:
    """List the models; or show one with its versions, promote a version, rename it, or delete it.

    --quiet lists all names, and nothing else.
    """
    output = Output(as_json, quiet)
    if sum((available, promote is not None, rename is not None, delete)) > 1:
        raise typer.BadParameter("Give one of --available, --promote, --rename and --delete.")
    if name is None and (promote is not None or rename is not None or delete):
        raise typer.BadParameter("Name the MODEL.")
    with connect(url) as client:
        if available:
            _print_available(ask(client, "GET", "/model/available"), output)
        elif name is None:
            listed = listing(client, "/model/trained", "models", output, limit=limit, cursor=cursor)
            if as_json:
                output.document(listed)
            else:
                _print_models(_by_name(client, listed, is_first=cursor is None), output)
                _name_damaged(listed, output)
            hint(output, "models", listed)
        elif promote is not None:
            found = ask(client, "POST", f"/model/champion/{segment(name)}", json={"version": promote})
            output.answer(found, found["version"], f"Version {found['version']} of {name} serves now.")
        elif rename is not None:
            found = ask(client, "POST", f"/model/rename/{segment(name)}", json={"new_name": rename})
            output.answer(found, found["model_name"], f"{name} is called {found['model_name']} now.")
        elif delete:
            found = ask(client, "DELETE", f"/model/trained/{segment(name)}", params={"version": version})
            output.answer(found, name, f"{name}{f' version {version}' if version else ''} is deleted.")
        else:
            found = ask(client, "GET", "/model/info", params={"model_name": name, "version": version})
            _print_model(client, found, output)


def schema(
    name: Model, version: Version = None, as_json: AsJson = False, quiet: Quiet = False, url: Url = None
) -> None:
    """Show the columns that MODEL takes, and a request for it. --quiet prints the names of the columns alone."""
    output = Output(as_json, quiet)
    with connect(url) as client:
        found = ask(client, "GET", f"/model/schema/{segment(name)}", params={"version": version})
    if as_json:
        output.document(found)
    elif quiet:
        for feature in found["features"]:
            output.result(feature["name"])
    else:
        _print_schema(found, output)


def _by_name(client: "Regatta", listed: "Json", *, is_first: bool) -> "dict[str, list[Json]]":
    """Return the versions of each model of a page, those on other pages as well."""
    by_name: dict[str, list[Json]] = {}
    for model in listed["models"]:
        by_name.setdefault(model["model_name"], []).append(model)
    names = list(by_name)
    cut = {*([] if is_first else names[:1]), *([] if listed["next"] is None else names[-1:])}
    return by_name | {name: all_items(client, "/model/trained", "models", model_name=name) for name in cut}


def _print_models(by_name: "dict[str, list[Json]]", output: Output) -> None:
    """Print a row for each model: the version that serves, or the newest one."""
    from infra.cli.figures import age, score, size
    from infra.cli.tables import Column, Table

    if output.quiet:
        for name in by_name:
            output.result(name)
        return
    figures = ("versions", "serves", "R2", "size", "age")
    table = Table(
        [Column("model"), Column("type"), Column("target"), *(Column(name, is_figure=True) for name in figures)]
    )
    for name, versions in by_name.items():
        serving = next((model for model in versions if model["serves"]), None)
        shown = serving or versions[-1]
        table.add(
            name,
            shown["model_type"],
            shown["target_column"],
            len(versions),
            serving and serving["version"],
            score(shown["metrics"]["r2"]),
            size(shown["size_bytes"]),
            age(shown["created_at"]),
        )
    output.table(table, "There are no models. `regatta train FILE --target COLUMN` trains one.")


def _name_damaged(listed: "Json", output: Output) -> None:
    """Name the models of a page of which nobody can read which version serves."""
    if names := listed.get("damaged"):
        output.note(
            f"Nobody can read which version of these serves: {', '.join(names)}. "
            "`regatta models MODEL --promote VERSION` chooses one."
        )


def _print_model(client: "Regatta", model: "Json", output: Output) -> None:
    """Print one version of a model, and the table of all its versions."""
    from infra.cli.figures import age, number, score, size
    from infra.cli.tables import Cell, Column, Table
    from infra.cli.training import scores

    if output.as_json:
        output.document(model)
        return
    if output.quiet:
        output.result(model["model_name"])
        return
    metrics = model["metrics"]
    output.line(f"{model['model_name']} version {model['version']}: {model['model_type']}", "bold")
    output.line(f"  predicts {model['target_column']} from {', '.join(f['name'] for f in model['features'])}")
    output.line(f"  {scores(model)}")
    output.line(f"  off by {number(metrics['mae'])} on average (RMSE {number(metrics['rmse'])})")
    output.line("")
    table = Table(
        [
            *(Column(name, is_figure=True) for name in ("version", "R2", "size", "age")),
            Column("type"),
            Column("serves"),
        ]
    )
    for row in all_items(client, "/model/trained", "models", model_name=model["model_name"]):
        figures = (row["version"], score(row["metrics"]["r2"]), size(row["size_bytes"]), age(row["created_at"]))
        table.add(*figures, row["model_type"], Cell("serves", "green") if row["serves"] else "no")
    output.table(table, "It has no versions.")


def _print_available(listed: "Json", output: Output) -> None:
    from infra.cli.tables import Column, Table

    if output.as_json:
        output.document(listed)
        return
    table = Table([Column("model_type"), Column("what it is"), Column("compared"), Column("parameters")])
    for model in listed["models"]:
        if output.quiet:
            output.result(model["model_type"])
            continue
        parameters = ", ".join(f"{name}={value}" for name, value in model["parameters"].items())
        table.add(model["model_type"], model["title"], "if asked for" if model["extra"] else "always", parameters)
    if not output.quiet:
        output.table(table, "There are no regressors.")


def _print_schema(found: "Json", output: Output) -> None:
    import json

    from infra.cli.tables import Column, Table

    output.line(f"{found['model_name']} version {found['version']} predicts {found['output']['target_column']}", "bold")
    table = Table([Column("column"), Column("type"), Column("if missing"), Column("values")])
    for feature in found["features"]:
        levels = feature.get("levels") or feature.get("words") or []
        values = feature.get("format") or feature.get("unit") or ", ".join(map(str, levels))
        table.add(feature["name"], feature["type"], feature.get("fill"), values)
    output.table(table, "It takes no columns.")
    output.line("")
    output.line("A request for POST /predict:")
    output.line(json.dumps(found["example"], ensure_ascii=False))
