"""Distribution plots, one for each type of column."""

from collections.abc import Callable, Iterable
from datetime import datetime

from core.reporting.date_axis import date_ticks, seconds
from core.reporting.formatting import count, counted, date, short_number
from core.reporting.html import Content, Markup, element
from core.reporting.names import names_of_bars
from core.reporting.scales import Scale
from core.reporting.svg import axis, bar, columns, rounded, stretched, vertical_line
from core.reporting.units import spoken, with_unit
from core.reporting.words import say
from core.shares import share
from core.types import Json

VALUES_SHOWN = 10
# Up to so many bars get more room.
FEW_VALUES = 5
# The gap between two bars as a fraction of a bin; wide bins have a larger one.
GAP = 0.1
# The least height of a bar, so that a small count is visible.
LEAST_HEIGHT = 1.5


def plot(name: str, statistics: Json) -> Markup:
    """Return the plot of a column by its type."""
    drawn = PLOTS[statistics["type"]](name, statistics) if statistics["count"] else _no_values(name)
    return element("div", drawn, class_="plot")


def _numbers(name: str, statistics: Json) -> Content:
    """Draw a histogram with mean and median, and below it the five numbers of a box plot."""
    edges, counts = statistics["histogram"]["edges"], statistics["histogram"]["counts"]
    scale = Scale(edges[0], edges[-1])
    # A bin of whole numbers ends below the next one: 3 is in the middle of [3, 4), as its bar is.
    is_integer = edges[-1] > statistics["max"]
    centre = 0.5 if is_integer else 0.0

    def position(value: float) -> float:
        return scale.share(value + centre)

    fullest = counts.index(max(counts))
    low, high = short_number(statistics["min"]), short_number(statistics["max"])
    between = {"from": short_number(edges[fullest]), "to": short_number(edges[fullest + 1])}
    most = count(counts[fullest])
    label = say("plots.histogram", name=spoken(name, statistics), low=low, high=high, most=most, **between)
    bars = columns(histogram_bars(edges, counts, scale), "bars")
    if statistics["distinct"] == 1:
        return stretched(label, bars, class_="histogram"), axis(
            with_unit([(0.5, short_number(statistics["min"]))], statistics)
        )
    marks = [
        vertical_line(100 * position(statistics[mark]), mark)
        for mark in ("mean", "median")
        if statistics[mark] is not None
    ]
    ticks = [
        (position(value), text)
        for value, text in scale.ticks(1.0 if is_integer else 0.0)
        if value + centre <= edges[-1]
    ]
    return (
        stretched(label, bars, marks, class_="histogram"),
        _box(name, statistics, position),
        axis(with_unit(ticks, statistics)),
    )


def _box(name: str, statistics: Json, position: Callable[[float], float]) -> Markup:
    """Draw a box plot of the five numbers, without outliers."""
    keys = ("min", "q25", "median", "q75", "max")
    low, q25, median, q75, high = (100 * position(statistics[key]) for key in keys)
    label = say("plots.box", name=name, **{key: short_number(statistics[key]) for key in keys})
    return stretched(
        label,
        element("line", x1=rounded(low), x2=rounded(high), y1=50, y2=50, class_="whisker"),
        element("rect", x=rounded(q25), width=rounded(max(q75 - q25, 0.5)), y=15, height=70, class_="box"),
        vertical_line(median, "median"),
        class_="strip",
    )


def _dates(name: str, statistics: Json) -> Content:
    """Draw a histogram of dates."""
    edges = [seconds(datetime.fromisoformat(edge)) for edge in statistics["histogram"]["edges"]]
    counts = statistics["histogram"]["counts"]
    scale = Scale(edges[0], edges[-1])
    label = say("plots.dates", name=name, low=date(statistics["min"]), high=date(statistics["max"]))
    drawn = stretched(label, columns(histogram_bars(edges, counts, scale), "bars"), class_="histogram")
    if statistics["distinct"] == 1:
        return drawn, axis([(0.5, date(statistics["min"]))])
    return drawn, axis((scale.share(date_seconds), text) for date_seconds, text in date_ticks(edges[0], edges[-1]))


def _booleans(name: str, statistics: Json) -> Content:
    """Draw the shares of true and false as one divided bar."""
    true, false = statistics["true"], statistics["false"]
    both = true + false
    label = say("plots.boolean", name=name, true=share(true, both), false=share(false, both))
    width = 100 * true / both
    split = stretched(
        label,
        element("rect", width=rounded(width), height=100, class_="yes"),
        element("rect", x=rounded(width), width=rounded(100 - width), height=100, class_="no"),
        class_="split",
    )
    sides = (
        element("span", element("b", say(word)), f" {share(number, both)}", element("small", count(number)))
        for word, number in (("true", true), ("false", false))
    )
    return split, element("div", *sides, class_="sides", aria_hidden="true")


def _categories(name: str, statistics: Json) -> Content:
    """Draw the most frequent values; the length of a bar is a share of all values, the longest one fills the width."""
    total = statistics["count"]
    top = statistics["top"][:VALUES_SHOWN]
    names, alike = names_of_bars([entry["value"] for entry in top])
    rows: list[tuple[Markup, int, str | None]] = [
        (name, entry["count"], None) for name, entry in zip(names, top, strict=True)
    ]
    others = statistics["distinct"] - len(top)
    if others > 0:
        rest = total - sum(entry["count"] for entry in top)
        rows.append((Markup(counted(others, "other")), rest, "rest"))
    widest = max(number for _, number, _ in rows)
    bars = ((text, bar(number / widest, kind), share(number, total), kind) for text, number, kind in rows)
    return value_bars(bars, alike or ("few" if len(rows) <= FEW_VALUES else None))


def value_bars(rows: Iterable[tuple[Content, Content, str, str | None]], class_: str | None = None) -> Markup:
    """Draw a line for each value: its name, its bar and its number."""
    lines = (
        element(
            "li", element("span", name, class_="name"), drawn, element("span", number, class_="number"), class_=kind
        )
        for name, drawn, number, kind in rows
    )
    return element("ul", *lines, class_=f"values {class_}" if class_ else "values")


def _no_values(name: str) -> Markup:
    """Draw an empty frame for a column without values."""
    words = element("text", say("plots.noValues"), x="50%", y="50%")
    frame = element("rect", width="100%", height="100%")
    return element("svg", frame, words, class_="blank", role="img", aria_label=say("plots.blank", name=name))


def histogram_bars(edges: list[float], counts: list[int], scale: Scale) -> list[tuple[float, float, float]]:
    """Return the bars of a histogram for `core.reporting.svg.columns`."""
    bars = []
    for left, right, number in zip(edges, edges[1:], counts, strict=False):
        start, end = 100 * scale.share(left), 100 * scale.share(right)
        gap = max(GAP, 1 / (1 + len(counts))) * (end - start) / 2
        if number:
            bars.append((start + gap, end - gap, max(100 * number / max(counts), LEAST_HEIGHT)))
    return bars


PLOTS: dict[str, Callable[[str, Json], Content]] = {
    "integer": _numbers,
    "number": _numbers,
    "date": _dates,
    "boolean": _booleans,
    "category": _categories,
}
