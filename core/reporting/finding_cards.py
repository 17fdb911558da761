"""Finding cards: the findings, the worst first, and the warnings of reading the file."""

from collections.abc import Iterable, Mapping, Sequence

from core.reporting.formatting import count, counted
from core.reporting.html import Markup, element, folded, isolated
from core.reporting.names import short_names
from core.reporting.sentences import sentence
from core.reporting.words import listing, say
from core.severity import grouped
from core.types import Json

# The shapes differ as well as the words and the colours: an octagon, a triangle, a disc.
SHAPES = {
    "error": "M5 1h6l4 4v6l-4 4H5l-4-4V5z",
    "warning": "M8 1.2 15.4 14.6H.6z",
    "info": "M8 1.5a6.5 6.5 0 1 1 0 13a6.5 6.5 0 1 1 0-13z",
}
# These kinds count distinct values; all others count rows.
COUNTING_VALUES = frozenset({"identifier", "free-text", "high-cardinality", "ordered-in-time", "target-few-values"})
# The subject of these sentences is a value of the column, and not the column.
NAMING_A_VALUE = frozenset({"sentinel", "zeros"})
# Of more than `MOST_VISIBLE` only so many are visible at once.
MOST_VISIBLE, VISIBLE = 12, 8
# Of one kind so many columns are named, each of these in so many characters, and so many are on the page at all.
NAMED, NAME_CHARACTERS, LISTED_LIMIT = 5, 28, 100


def findings_section(findings: list[Json], anchors: Mapping[str, str]) -> Markup:
    """Return each finding with severity, column, sentence, count, example rows and suggestion, in the given order.

    Many of one kind are one item, that of the first, behind which the others are folded.
    """
    groups = grouped(findings)
    items = [_item(group, anchors) for group in groups]
    return element(
        "section",
        element("h2", say("sections.findings"), element("small", _summary([first for first, *_ in groups]))),
        element("ul", *items[: VISIBLE if len(items) > MOST_VISIBLE else None], class_="findings")
        if items
        else _none(),
        _others(items[VISIBLE:]) if len(items) > MOST_VISIBLE else None,
        element("p", say("findings.views"), class_="note") if items else None,
        id="findings",
    )


def warnings_section(warnings: list[str]) -> Markup | None:
    """Return the warnings of reading the file: what was inferred, repaired or skipped."""
    if not warnings:
        return None
    items = (element("li", sentence(warning)) for warning in warnings)
    heading = element("h2", say("reading.title"))
    return element("section", heading, element("ul", *items, class_="warnings"), id="reading")


def _summary(findings: list[Json]) -> str:
    """Return how many findings there are of each severity."""
    severities = [finding["severity"] for finding in findings]
    counts = {severity: severities.count(severity) for severity in SHAPES}
    return say("comma").join(
        say(f"findings.counts.{severity}", number, n=count(number)) for severity, number in counts.items() if number
    )


def _none() -> Markup:
    """Return the note that there are no findings."""
    return element("p", say("findings.none"), class_="note")


def _others(items: Sequence[Markup]) -> Markup:
    """Return the findings that a reader unfolds."""
    return folded(say("more", n=count(len(items))), element("ul", *items, class_="findings"), class_="more")


def _item(group: Sequence[Json], anchors: Mapping[str, str]) -> Markup:
    """Return findings of one kind as one list item: the first of them, and the others that a reader unfolds."""
    first, *others = group
    severity = first["severity"]
    sign = element("svg", element("path", d=SHAPES[severity]), viewBox="0 0 16 16", aria_hidden="true")
    return element(
        "li",
        element("span", sign, say(f"findings.severity.{severity}"), class_="severity"),
        element(
            "div",
            element("p", _statement(first, anchors)),
            element("p", sentence(first["suggestion"]), class_="suggestion"),
            _likewise(first, others, anchors) if others else None,
        ),
        element("p", _where(first), class_="where"),
        class_=severity,
    )


def _likewise(first: Json, findings: Sequence[Json], anchors: Mapping[str, str]) -> Markup:
    """Return the first few columns that findings are about, behind which each finding is folded.

    Where all of them say the same as the `first`, only the names of all columns are.
    """
    names = short_names([finding["column"] for finding in findings[:NAMED]], NAME_CHARACTERS)
    more = say("andMore", n=count(len(findings) - NAMED)) if len(findings) > NAMED else None
    listed = findings[:LISTED_LIMIT]
    are_same = all((one["finding"], one["rows"]) == (first["finding"], first["rows"]) for one in findings)
    items = (
        element("li", element("p", _statement(finding, anchors)), element("p", _where(finding), class_="where"))
        for finding in listed
    )
    beyond = say("findings.all", n=count(1 + len(findings))) if len(findings) > LISTED_LIMIT else None
    likewise = say("findings.likewise")
    # On paper there is no summary that says so.
    all_names = element("p", element("span", likewise), listing(_name(one, anchors) for one in listed))
    return folded(
        [likewise, listing(names), more],
        all_names if are_same else element("ul", *items),
        element("p", beyond, class_="note") if beyond else None,
        class_="likewise",
    )


def _statement(finding: Json, anchors: Mapping[str, str]) -> Iterable[Markup | str | None]:
    """Return the sentence of a finding, behind the name of its column."""
    named = _name(finding, anchors)
    between = (say("colon") if finding["kind"] in NAMING_A_VALUE else " ") if named else None
    return named, between, sentence(finding["finding"], after_name=named is not None)


def _name(finding: Json, anchors: Mapping[str, str]) -> Markup | None:
    """Return the name of the column, as a link to its card; None for a finding about the table."""
    column = finding["column"]
    return element("a", isolated(column), href=f"#{anchors[column]}") if column in anchors else None


def _where(finding: Json) -> Iterable[Markup]:
    """Return how many rows are concerned, and a few examples."""
    rows = finding["rows"]
    if finding["count"]:
        yield element("b", counted(finding["count"], "value" if finding["kind"] in COUNTING_VALUES else "row"))
    if rows:
        yield element("span", f"{say('comma').join(map(str, rows))}{'…' if finding['count'] > len(rows) else ''}")
