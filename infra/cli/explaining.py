"""`regatta explain` and `regatta effects`: which columns a model looks at, and how its predictions change with them."""

from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli.figures import number
from infra.cli.options import AsJson, Model, Quiet, Url, Version
from infra.cli.output import Output
from infra.cli.service import CommandError, ask, connect
from infra.cli.tables import Cell, Column, Table
from regatta.choice import segment

if TYPE_CHECKING:
    from core.types import Json

BAR_COLUMNS = 24
HEIGHTS = "▁▂▃▄▅▆▇█"


def explain(
    name: Model, version: Version = None, as_json: AsJson = False, quiet: Quiet = False, url: Url = None
) -> None:
    """Show how much the predictions of MODEL depend on each column: permutation importance.

    The figure is how much R2 falls when the column is shuffled. --quiet prints the columns alone, the first one first.
    """
    output = Output(as_json, quiet)
    with connect(url) as client:
        found = ask(client, "GET", f"/model/importance/{segment(name)}", params={"version": version})
    if as_json:
        output.document(found)
    elif quiet:
        for row in found["importance"]:
            output.result(row["feature"])
    else:
        _print_importance(found, output)


def effects(
    name: Model,
    column: Annotated[
        str | None, typer.Argument(metavar="[COLUMN]", help="Show the values of this column alone.")
    ] = None,
    version: Version = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    url: Url = None,
) -> None:
    """Show how the predictions of MODEL change with each column while the others stay: partial dependence.

    The curve of a column goes over its values in their order; all curves have one scale, so the tallest matters most.
    With COLUMN it shows the mean prediction at each value. --quiet prints the columns, or the values of COLUMN, alone.
    """
    output = Output(as_json, quiet)
    with connect(url) as client:
        found = ask(client, "GET", f"/model/effects/{segment(name)}", params={"version": version})
        shown = found["effects"] if column is None else [_effect_of(found, column)]
    if as_json:
        output.document(found | {"effects": shown})
    elif quiet:
        for text in [effect["feature"] for effect in shown] if column is None else shown[0]["values"]:
            output.result(text)
    elif column is None:
        _print_effects(found, output)
    else:
        _print_effect(found, shown[0], output)


def _effect_of(found: "Json", column: str) -> "Json":
    """Return the effect of one column; raise CommandError if the model has none of it."""
    effect: Json | None = next((effect for effect in found["effects"] if effect["feature"] == column), None)
    if effect is not None:
        return effect
    if column in found["left_out"]:
        raise CommandError(f"The effects of {column} were not worked out: it matters less than the columns shown.")
    names = ", ".join(effect["feature"] for effect in found["effects"])
    raise CommandError(f"{found['model_name']} has no column {column}; it has {names}.")


def _print_importance(found: "Json", output: Output) -> None:
    table = Table([Column("column"), *(Column(name, is_figure=True) for name in ("importance", "±")), Column("")])
    longest = max((row["mean"] for row in found["importance"]), default=0.0)
    for row in found["importance"]:
        table.add(
            row["feature"], f"{row['mean']:.4f}", f"{row['std']:.4f}", Cell(_bar(row["mean"], longest) or " ", "cyan")
        )
    output.line(f"{found['model_name']} version {found['version']}: how much R2 falls without a column", "bold")
    output.table(table, "The model has no columns.")


def _print_effects(found: "Json", output: Output) -> None:
    """Print a row for each column: the lowest and highest mean prediction, and its curve."""
    table = Table([Column("column"), *(Column(name, is_figure=True) for name in ("lowest", "highest")), Column("")])
    means = [mean for effect in found["effects"] for mean in effect["mean"] if mean is not None]
    for effect in found["effects"]:
        known = [mean for mean in effect["mean"] if mean is not None]
        lowest, highest = (number(extreme(known, default=None)) for extreme in (min, max))
        table.add(effect["feature"], lowest, highest, Cell(_curve(effect["mean"], means), "cyan"))
    output.line(f"{found['model_name']} version {found['version']}: the mean prediction by column", "bold")
    output.table(table, "The model has no columns.")
    if found["left_out"]:
        output.note(f"Not worked out, since they matter less: {', '.join(found['left_out'])}.")


def _print_effect(found: "Json", effect: "Json", output: Output) -> None:
    """Print a row for each value of one column: the mean prediction, and a bar from the lowest to it."""
    is_number = effect["type"] == "number"
    table = Table([Column(effect["feature"], is_figure=is_number), Column("mean", is_figure=True), Column("")])
    known = [mean for mean in effect["mean"] if mean is not None]
    lowest, span = min(known, default=0.0), max(known, default=0.0) - min(known, default=0.0)
    for value, mean in zip(effect["values"], effect["mean"], strict=True):
        bar = "" if mean is None else _bar(mean - lowest, span)
        shown = number(value) if is_number else value
        table.add(shown, number(mean), Cell(bar or " ", "cyan"))
    output.line(f"{found['model_name']} version {found['version']}: the mean prediction by {effect['feature']}", "bold")
    output.table(table, "The column had no value in training.")


def _bar(length: float, longest: float) -> str:
    return "█" * round(BAR_COLUMNS * max(0.0, length) / longest) if longest > 0 else ""


def _curve(mean: "list[float | None]", all_means: list[float]) -> str:
    """Return a character for each value, as high as its mean among the means of all columns; a space for None."""
    lowest, highest = min(all_means, default=0.0), max(all_means, default=0.0)
    step = (highest - lowest) / (len(HEIGHTS) - 1) or 1.0
    return "".join(" " if value is None else HEIGHTS[round((value - lowest) / step)] for value in mean)
