"""The drift section: how far each column is from the champion's training data, ranked and drawn side by side."""

from core.reporting.distributions import value_bars
from core.reporting.formatting import brief, coefficient, count, counted, shortened
from core.reporting.html import Content, Markup, element, isolated, scrolled
from core.reporting.names import names_of_bars
from core.reporting.svg import axis, bar, columns, stretched
from core.reporting.words import say
from core.shares import share
from core.types import Json

# How many columns are in the table, and how many are drawn.
LISTED, DRAWN = 40, 9
NAME_CHARACTERS = 60
# A bar is full at this index.
FULL_PSI = 0.5
# The gap between two bins, and the width of the reference's bar within a bin, in percent.
GAP, BAR_WIDTH = 12, 50
LABELS = 3
# The words of the heads of the table; a None makes an empty cell.
HEADS = ("drift.column", "PSI", None, None, "KS", "drift.chance")


def drift_section(drift: Json) -> Markup:
    """Return a table of all columns, the largest drift first, and the distributions of those that drifted most."""
    listed, drawn = drift["columns"][:LISTED], drift["columns"][:DRAWN]
    rows = say("drift.rows", rows=counted(drift["rows"], "row"), reference=count(drift["reference_rows"]))
    more = len(drift["columns"]) - len(listed)
    return element(
        "section",
        element("h2", say("sections.drift"), element("small", rows)),
        element("p", say("drift.note"), class_="note"),
        element("div", *(_card(column) for column in drawn), class_="cards"),
        element("div", scrolled(say("drift.table"), _table(listed))),
        element("p", say("drift.less", n=count(more)), class_="note") if more > 0 else None,
        id="drift",
    )


def _table(listed: list[Json]) -> Markup:
    """Return a table of the drift of each column."""
    lines = (
        element(
            "tr",
            element("th", isolated(shortened(column["name"], NAME_CHARACTERS)), _role(column), scope="row"),
            element("td", coefficient(column["psi"]), class_="number"),
            element("td", bar(min(column["psi"] / FULL_PSI, 1.0)), class_="measure"),
            element("td", say(f"drift.levels.{column['level']}")),
            element("td", coefficient(column["ks"]), class_="number"),
            element("td", coefficient(column["ks_critical"]), class_="number"),
        )
        for column in listed
    )
    return element(
        "table",
        element("thead", element("tr", *map(_head, HEADS))),
        element("tbody", *lines),
    )


def _head(head: str | None) -> Markup:
    """Return the heading of a column of the table."""
    if head is None:
        return element("td")
    kind = None if head == "drift.column" else "number"
    return element("th", say(head) if "." in head else head, scope="col", class_=kind)


def _role(column: Json) -> Content:
    """Mark the target."""
    return element("small", say("drift.target")) if column["role"] == "target" else None


def _card(column: Json) -> Markup:
    """Return the card of a column with its distributions before and now."""
    name = column["name"]
    heading = element("h3", isolated(name), title=name if len(name) > NAME_CHARACTERS else None)
    level, psi = say(f"drift.levels.{column['level']}"), coefficient(column["psi"])
    kind = element("span", say("drift.kind", level=level, psi=psi), class_="kind")
    drawn = _levels(column) if "levels" in column["bins"] else _numbers(column)
    return element("article", element("header", heading, kind), element("div", drawn, class_="plot"), class_="card")


def _numbers(column: Json) -> Content:
    """Draw bins of equal width side by side: each is a tenth of the reference, unless values repeat."""
    reference, current = column["shares"]["reference"], column["shares"]["current"]
    width, most = 100 / len(reference), max(*reference, *current) or 1.0
    pairs = {"reference": (0.0, reference), "current": (BAR_WIDTH, current)}
    bars = {
        kind: columns(
            (
                (
                    position * width + width * (GAP / 2 + offset * (100 - GAP) / 100) / 100,
                    position * width + width * (GAP / 2 + (offset + BAR_WIDTH) * (100 - GAP) / 100) / 100,
                    100 * value / most,
                )
                for position, value in enumerate(shares)
            ),
            kind,
        )
        for kind, (offset, shares) in pairs.items()
    }
    edges, known = column["bins"]["edges"], len(reference) - column["bins"]["missing"]
    chosen = sorted({round(number * (len(edges) - 1) / (LABELS - 1)) for number in range(LABELS)}) if edges else []
    ticks = [
        (position * known / max(len(edges) - 1, 1) / len(reference), brief(edges[position])) for position in chosen
    ]
    if column["bins"]["missing"]:
        ticks = [*ticks[:-1], (1.0, say("drift.missing"))]
    label = say("drift.label", name=column["name"], n=len(reference))
    return stretched(label, *bars.values(), class_="histogram"), axis(ticks)


def _levels(column: Json) -> Markup:
    """Draw two bars for each level, before and now."""
    reference, current = column["shares"]["reference"], column["shares"]["current"]
    most = max(*reference, *current) or 1.0
    names, alike = names_of_bars(column["bins"]["levels"])
    lines: list[tuple[Content, Content, str, str | None]] = []
    for name, before, after in zip(names, reference, current, strict=True):
        lines.append((name, bar(before / most, "reference"), share(before, 1), "rest"))
        lines.append(("", bar(after / most), share(after, 1), None))
    return value_bars(lines, alike)
