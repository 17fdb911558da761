"""Relation panels: the mean target along a number or a date, or for each value of a category."""

from collections.abc import Iterable

from core.reporting.distributions import value_bars
from core.reporting.formatting import brief, date, short_number, width
from core.reporting.html import Markup, element
from core.reporting.names import breakable, names_of_bars
from core.reporting.scales import Scale, Ticks
from core.reporting.svg import axis, bar_between, horizontal_line, rounded, stretched
from core.reporting.units import named, with_unit
from core.reporting.words import say, say_with
from core.types import Json

LEVELS_SHOWN = 8
# How many labels have room below a curve on a phone.
VALUES_LABELLED, LONG_VALUES_LABELLED, DATES_LABELLED = 5, 3, 2
# Values are long from so many characters on, all labels together.
MOST_CHARACTERS = 20
# The margin above and below the curves, as a fraction of their extent.
MARGIN = 0.06


def mean_scale(relations: list[Json], mean: float) -> Scale:
    """Return one scale for the mean targets of all panels, so that a steep curve is a strong relation."""
    means = [point["mean"] for relation in relations for point in relation.get("curve") or relation.get("levels") or []]
    low, high = min([*means, mean]), max([*means, mean])
    margin = MARGIN * (high / 2 - low / 2) * 2
    return Scale(low - margin, high + margin)


def panel(name: str, statistics: Json, relation: Json, means: Scale, mean: float) -> Markup:
    """Return the panel of one column with these statistics; the target's overall mean is `mean`."""
    kind = statistics["type"]
    if kind == "boolean":
        words = {0.0: say("false"), 1.0: say("true")}
        levels = [{**point, "value": words[float(point["from"])]} for point in relation["curve"]]
        drawn = _levels(levels, means, mean)
    elif kind == "category":
        drawn = _levels(relation["levels"][:LEVELS_SHOWN], means, mean)
    else:
        drawn = _curve(name, relation["curve"], means, mean, statistics)
    return element("article", element("h4", named(name, statistics, write=breakable)), drawn, class_="panel")


def _curve(name: str, curve: list[Json], means: Scale, mean: float, statistics: Json) -> Markup:
    """Draw bins of equal width side by side, since they hold about equally many rows; label their edges."""
    points = [((position + 0.5) / len(curve), point["mean"]) for position, point in enumerate(curve)]
    first, last = (short_number(curve[position]["mean"]) for position in (0, -1))
    label = say("target.curve", name=name, first=first, last=last)
    return graph(label, points, means, with_unit(_ticks(curve, dates=statistics["type"] == "date"), statistics), mean)


def graph(
    label: str, points: Iterable[tuple[float, float]], heights: Scale, ticks: Ticks, dashed: float | None = None
) -> Markup:
    """Draw a curve through points, `(share of the width, value)`, between the labels of its two axes.

    `dashed` is a value at which a line is drawn across the picture.
    """
    places = [(rounded(100 * share), rounded(100 - 100 * heights.share(value))) for share, value in points]
    texts = [(100 - 100 * heights.share(value), text) for value, text in heights.ticks()]
    drawing = stretched(
        label,
        (horizontal_line(height, "grid") for height, _ in texts),
        None if dashed is None else horizontal_line(100 - 100 * heights.share(dashed), "mean"),
        element("path", d="M" + "L".join(f"{x} {y}" for x, y in places), class_="curve"),
        element("path", d="".join(f"M{x} {y}h0" for x, y in places), class_="dots"),
        class_="graph",
    )
    beside = (element("span", text, style=f"top:{rounded(height)}%") for height, text in texts)
    return element(
        "div", element("div", *beside, class_="heights", aria_hidden="true"), drawing, axis(ticks), class_="axes"
    )


def _ticks(curve: list[Json], *, dates: bool) -> list[tuple[float, str]]:
    """Return the positions of the column's values along the bins."""
    edges = [*(point["from"] for point in curve), curve[-1]["to"]]
    last = len(curve)
    offset = 0.0
    if curve[0]["from"] == curve[0]["to"]:
        # Single values are labelled in the middle of their bins.
        edges.pop()
        offset, last = 0.5, last - 1
    texts = [date(edge[:10]) if dates else brief(edge) for edge in edges]
    chosen = _spread(last, DATES_LABELLED if dates else VALUES_LABELLED)
    if not dates and sum(width(texts[position]) for position in chosen) > MOST_CHARACTERS:
        chosen = _spread(last, LONG_VALUES_LABELLED)
    return [((position + offset) / len(curve), texts[position]) for position in chosen]


def _spread(last: int, labels: int) -> list[int]:
    """Return at most so many positions from 0 to `last`, both among them, at even distances."""
    return sorted({round(position * last / (labels - 1)) for position in range(labels)})


def _levels(levels: list[Json], means: Scale, mean: float) -> Markup:
    """Draw a bar from the overall mean to the mean of each value."""
    names, alike = names_of_bars([point["value"] for point in levels])
    rows = (
        (
            name,
            bar_between(means.share(mean), means.share(point["mean"])),
            short_number(point["mean"]),
            None,
        )
        for name, point in zip(names, levels, strict=True)
    )
    return value_bars(rows, alike)


def legend(target: str, statistics: Json, mean: float) -> Markup:
    """Return the legend of the panels."""
    words = say_with("target.legend", target=named(target, statistics), mean=short_number(mean))
    return element("p", *words, class_="note")
