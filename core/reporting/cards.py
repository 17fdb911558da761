"""Column cards: a card with plot and statistics for each of the first columns, a table row for the others."""

from collections.abc import Iterator, Mapping, Sequence

from core.reporting.distributions import plot
from core.reporting.explanations import explanations, leaning, tails, variety
from core.reporting.formatting import count, counted, date, duration, short_number
from core.reporting.html import Markup, Named, definition_list, element, folded, scrolled
from core.reporting.names import breakable, short_names
from core.reporting.units import named
from core.reporting.words import say
from core.shares import share
from core.types import Json

# A page of more cards is neither readable nor fast; a long name is cut where it is on one line.
CARDS = 200
NAME_CHARACTERS, INDEX_CHARACTERS = 60, 32
# Of more columns than `MOST_OPEN` only so many have an open card: all of them are too much to look through.
MOST_OPEN, OPEN_CARDS = 24, 6
# With so many columns, an index helps to find one.
INDEXED = 9
TYPES = ("integer", "number", "boolean", "date", "category")


def columns_section(
    columns: Mapping[str, Json], rows: int, anchors: Mapping[str, str], ranking: Sequence[str] = ()
) -> Markup:
    """Return a card for each of the first 200 columns, and a table of the others. `anchors` are ids by name.

    Of more than 24 columns the cards of the first six in `ranking` are open, the others are folded by type.
    """
    every = list(columns.items())
    carded, others = dict(every[:CARDS]), every[CARDS:]
    first = list(carded) if len(carded) <= MOST_OPEN else [name for name in ranking if name in carded][:OPEN_CARDS]
    return element(
        "section",
        element("h2", say("sections.columns"), element("small", count_types(columns))),
        element("p", say("columns.note"), class_="note") if len(first) < len(carded) else None,
        _index(columns, anchors) if len(every) >= INDEXED else None,
        explanations(),
        _cards({name: carded[name] for name in first}, rows, anchors),
        _others({name: carded[name] for name in carded if name not in set(first)}, rows, anchors),
        _table(others, rows, anchors) if others else None,
        id="columns",
    )


def _cards(columns: Mapping[str, Json], rows: int, anchors: Mapping[str, str]) -> Markup:
    """Return the cards of some columns."""
    cards = (column_card(name, statistics, rows, anchors[name]) for name, statistics in columns.items())
    return element("div", *cards, class_="cards")


def _others(columns: Mapping[str, Json], rows: int, anchors: Mapping[str, str]) -> Iterator[Markup]:
    """Yield the cards of the other columns of each type, which a reader unfolds."""
    for type_ in TYPES:
        group = {name: statistics for name, statistics in columns.items() if statistics["type"] == type_}
        if group:
            yield folded(counted(len(group), f"more_{type_}"), _cards(group, rows, anchors), class_="group")


def count_types(columns: Mapping[str, Json]) -> str:
    """Return how many columns there are of each type, in words."""
    types = [statistics["type"] for statistics in columns.values()]
    return say("comma").join(counted(types.count(type_), type_) for type_ in TYPES if type_ in types)


def _index(columns: Mapping[str, Json], anchors: Mapping[str, str]) -> Markup:
    """Return links to the columns by name, which a reader unfolds."""
    names = list(columns)[:CARDS]
    shown = dict(zip(names, short_names(names, INDEX_CHARACTERS), strict=True))
    links = (element("a", shown[name], href=f"#{anchors[name]}") for name in sorted(names, key=str.casefold))
    return folded(say("columns.find"), element("p", *links, class_="index"), class_="more")


def column_card(name: str, statistics: Json, rows: int, anchor: str | None = None) -> Markup:
    """Return the card of a column: type, plot and statistics; the share of missing values is of `rows`."""
    heading = element(
        "h3", named(name, statistics, write=breakable), title=name if len(name) > NAME_CHARACTERS else None
    )
    kind = element("span", say(f"types.{statistics['type']}"), class_="kind")
    return element(
        "article",
        element("header", heading, kind),
        plot(name, statistics),
        _statistics(statistics, rows),
        class_="card",
        id=anchor,
    )


def _statistics(statistics: Json, rows: int) -> Markup:
    """Return the statistics of a column by its type."""
    missing: Named = (say("figures.missing"), share(statistics["missing"], rows))
    distinct: Named = (say("figures.distinct"), count(statistics["distinct"]))
    if statistics["type"] in ("integer", "number"):
        return _of_numbers(statistics, distinct, missing)
    if statistics["type"] == "date":
        ends = definition_list(
            [(say("figures.first"), date(statistics["min"])), (say("figures.last"), date(statistics["max"]))]
        )
        days = statistics["range_days"]
        left = [(say("figures.span"), duration(days if days is None else days * 86_400)), distinct]
        right = [(say("figures.gap"), duration(statistics["median_gap_seconds"])), missing]
        return element("div", ends, _halves(left, right))
    if statistics["type"] == "category":
        length = statistics["mean_length"]
        left = [distinct, missing]
        right = [
            (say("figures.variety"), variety(statistics["entropy"])),
            (say("figures.length"), short_number(length, 3)),
        ]
        return _halves(left, right)
    return _halves([(say("figures.values"), count(statistics["count"]))], [missing])


def _of_numbers(statistics: Json, distinct: Named, missing: Named) -> Markup:
    """Return the statistics of a column of numbers in two lists."""
    left = [
        (element("span", say("figures.mean"), class_="key mean"), short_number(statistics["mean"])),
        (element("span", say("figures.median"), class_="key median"), short_number(statistics["median"])),
        (say("figures.std"), short_number(statistics["std"])),
        (say("figures.min"), short_number(statistics["min"])),
        ("25%", short_number(statistics["q25"])),
        ("75%", short_number(statistics["q75"])),
        (say("figures.max"), short_number(statistics["max"])),
    ]
    right = [
        distinct,
        missing,
        (say("figures.zeros"), share(statistics["zeros"], statistics["count"])),
        (say("figures.negative"), share(statistics["negatives"], statistics["count"])),
        (say("figures.outliers"), count(statistics["outliers"])),
        (say("figures.skew"), leaning(statistics["skew"])),
        (say("figures.tails"), tails(statistics["kurtosis"])),
    ]
    return _halves(left, right)


def _halves(left: Sequence[Named], right: Sequence[Named]) -> Markup:
    """Return two lists side by side."""
    return element("div", definition_list(left), definition_list(right), class_="halves")


def _table(others: list[tuple[str, Json]], rows: int, anchors: Mapping[str, str]) -> Markup:
    """Return a table row for each column without a card."""
    figures = ("missing", "distinct", "mean", "minimum", "median", "maximum")
    headings = (say("columns.column"), say("columns.type"), *(say(f"figures.{name}") for name in figures))
    lines = (
        element(
            "tr",
            element("th", named(name, statistics, NAME_CHARACTERS), scope="row", id=anchors[name]),
            element("td", say(f"types.{statistics['type']}")),
            (element("td", text, class_="number") for text in _line(statistics, rows)),
        )
        for name, statistics in others
    )
    note = say("columns.table", cards=CARDS, others=count(len(others)))
    numbers = (
        element("th", head, scope="col", class_="number" if position > 1 else None)
        for position, head in enumerate(headings)
    )
    table = element("table", element("thead", element("tr", *numbers)), element("tbody", *lines))
    return element("div", element("p", note, class_="note"), scrolled(say("columns.others"), table))


def _line(statistics: Json, rows: int) -> list[str]:
    """Return the cells of a column in the table."""
    numbers = [statistics.get(name) for name in ("mean", "min", "median", "max")]
    texts = [date(value) if isinstance(value, str) else short_number(value) for value in numbers]
    return [share(statistics["missing"], rows), count(statistics["distinct"]), *texts]
