"""Column cards: a card with plot and statistics for each of the first columns, a table row for the rest."""

from collections.abc import Mapping, Sequence

from core.reporting.distributions import plot
from core.reporting.figures import SPACE, count, counted, date, duration, figure, share, shortened
from core.reporting.html import Markup, Named, element, figure_list, isolated, scrolled
from core.types import Json

# A page of more cards is neither readable nor fast; a long name is cut where it is on one line.
CARDS = 200
NAME_CHARACTERS = 60
# With so many columns, an index helps to find one.
INDEXED = 9
PLURALS = {"integer": "integers", "number": "numbers", "boolean": "booleans", "date": "dates", "category": "categories"}


def columns_section(columns: Mapping[str, Json], rows: int, anchors: Mapping[str, str]) -> Markup:
    """Return a card for each of the first 200 columns, and a table of the others. `anchors` are ids by name."""
    named = list(columns.items())
    cards = [column_card(name, figures, rows, anchors[name]) for name, figures in named[:CARDS]]
    others = named[CARDS:]
    return element(
        "section",
        element("h2", "Columns", element("small", count_types(columns))),
        _index(columns, anchors) if len(named) >= INDEXED else None,
        element("div", *cards, class_="cards"),
        _table(others, rows, anchors) if others else None,
        id="columns",
    )


def count_types(columns: Mapping[str, Json]) -> str:
    """Return how many columns there are of each type, in words."""
    kinds = [figures["type"] for figures in columns.values()]
    return ", ".join(counted(kinds.count(kind), kind, plural) for kind, plural in PLURALS.items() if kind in kinds)


def _index(columns: Mapping[str, Json], anchors: Mapping[str, str]) -> Markup:
    """Return links to the cards, which a reader unfolds."""
    links = (
        element("a", isolated(shortened(name, NAME_CHARACTERS)), href=f"#{anchors[name]}")
        for name in list(columns)[:CARDS]
    )
    return element("details", element("summary", "Find a column"), element("p", *links, class_="index"), class_="more")


def column_card(name: str, figures: Json, rows: int, anchor: str | None = None) -> Markup:
    """Return the card of a column: type, plot and statistics; the share of missing values is of `rows`."""
    heading = element("h3", isolated(name), title=name if len(name) > NAME_CHARACTERS else None)
    kind = element("span", figures["type"], class_="kind")
    return element(
        "article",
        element("header", heading, kind),
        plot(name, figures),
        _figures(figures, rows),
        class_="card",
        id=anchor,
    )


def _figures(figures: Json, rows: int) -> Markup:
    """Return the statistics of a column by its type."""
    missing: Named = ("Missing", share(figures["missing"], rows))
    distinct: Named = ("Distinct", figure(figures["distinct"]))
    if figures["type"] in ("integer", "number"):
        return _of_numbers(figures, distinct, missing)
    if figures["type"] == "date":
        ends = figure_list([("First", date(figures["min"])), ("Last", date(figures["max"]))])
        days = figures["range_days"]
        left = [("Span", duration(days if days is None else days * 86_400)), distinct]
        right = [("Usual gap", duration(figures["median_gap_seconds"])), missing]
        return element("div", ends, _halves(left, right))
    if figures["type"] == "category":
        length = figures["mean_length"]
        left = [distinct, missing]
        right = [("Entropy", f"{figure(figures['entropy'], 3)}{SPACE}bit"), ("Length", figure(length, 3))]
        return _halves(left, right)
    return _halves([("Values", figure(figures["count"]))], [missing])


def _of_numbers(figures: Json, distinct: Named, missing: Named) -> Markup:
    """Return the statistics of a column of numbers in two lists."""
    left = [
        (element("span", "Mean", class_="key mean"), figure(figures["mean"])),
        (element("span", "Median", class_="key median"), figure(figures["median"])),
        ("Std. dev.", figure(figures["std"])),
        ("Min", figure(figures["min"])),
        ("25%", figure(figures["q25"])),
        ("75%", figure(figures["q75"])),
        ("Max", figure(figures["max"])),
    ]
    right = [
        distinct,
        missing,
        ("Zeros", share(figures["zeros"], figures["count"])),
        ("Negative", share(figures["negatives"], figures["count"])),
        ("Outliers", figure(figures["outliers"])),
        ("Skew", figure(figures["skew"], 3)),
        ("Kurtosis", figure(figures["kurtosis"], 3)),
    ]
    return _halves(left, right)


def _halves(left: Sequence[Named], right: Sequence[Named]) -> Markup:
    """Return two lists side by side."""
    return element("div", figure_list(left), figure_list(right), class_="halves")


def _table(others: list[tuple[str, Json]], rows: int, anchors: Mapping[str, str]) -> Markup:
    """Return a table row for each column without a card."""
    headings = ("Column", "Type", "Missing", "Distinct", "Mean", "Minimum", "Median", "Maximum")
    lines = (
        element(
            "tr",
            element("th", isolated(shortened(name, NAME_CHARACTERS)), scope="row", id=anchors[name]),
            element("td", figures["type"]),
            (element("td", text, class_="number") for text in _line(figures, rows)),
        )
        for name, figures in others
    )
    note = (
        f"The first {CARDS} columns have a card each. The other {count(len(others))} are in this table; "
        "GET /data/profile has all that is known of them."
    )
    numbers = (
        element("th", head, scope="col", class_="number" if position > 1 else None)
        for position, head in enumerate(headings)
    )
    table = element("table", element("thead", element("tr", *numbers)), element("tbody", *lines))
    return element("div", element("p", note, class_="note"), scrolled("The other columns", table))


def _line(figures: Json, rows: int) -> list[str]:
    """Return the cells of a column in the table."""
    numbers = [figures.get(name) for name in ("mean", "min", "median", "max")]
    texts = [date(value) if isinstance(value, str) else figure(value) for value in numbers]
    return [share(figures["missing"], rows), count(figures["distinct"]), *texts]
