"""The target section: its distribution, the columns ranked by their relation to it, and relation panels."""

from collections.abc import Iterable, Mapping

from core.reporting.cards import NAME_CHARACTERS, column_card
from core.reporting.curves import legend, mean_scale, panel
from core.reporting.explanations import strength
from core.reporting.formatting import coefficient, count
from core.reporting.html import Markup, element, folded
from core.reporting.names import short_names
from core.reporting.svg import bar, signed_bar
from core.reporting.units import named
from core.reporting.words import say
from core.types import Json

# The strongest relations; of more than `MOST_OPEN` only so many are not folded.
RELATIONS_SHOWN, MOST_OPEN, RELATIONS_OPEN = 20, 12, 8
PANELS_SHOWN = 6
# Columns with less than this share of the first one's mutual information have no panel: it would be a flat line.
LEAST_INFORMATION = 0.02


def target_section(target: Json, columns: Mapping[str, Json], rows: int, anchors: Mapping[str, str]) -> Markup:
    """Return the target's distribution, the columns ranked by mutual information, and panels of the strongest."""
    name = target["target"]
    relations: list[tuple[str, Json]] = sorted(
        target["relations"].items(), key=lambda item: _rank(item[1]), reverse=True
    )
    return element(
        "section",
        element("h2", say("sections.target"), element("small", named(name, columns[name]))),
        element(
            "div",
            column_card(name, columns[name], rows),
            _ranking(relations, anchors) if relations else None,
            class_="beside",
        ),
        _panels(name, relations, columns),
        id="target",
    )


def _ranking(relations: list[tuple[str, Json]], anchors: Mapping[str, str]) -> Markup:
    """Return a table of the columns by their relation to the target."""
    names = dict(zip(anchors, short_names(list(anchors), NAME_CHARACTERS), strict=True))
    lines = [
        element(
            "tr",
            element("th", element("a", names[name], href=f"#{anchors[name]}"), scope="row"),
            _strength_cell(relation["mutual_information"]),
            (
                _measured(signed_bar(relation[coefficient_name]), relation[coefficient_name])
                for coefficient_name in ("pearson", "spearman")
            ),
        )
        for name, relation in relations[:RELATIONS_SHOWN]
    ]
    first = RELATIONS_OPEN if len(lines) > MOST_OPEN else len(lines)
    rest = lines[first:]
    more = len(relations) - RELATIONS_SHOWN
    return element(
        "article",
        element("h3", say("target.title")),
        element("p", say("target.note"), class_="caption"),
        _ranked(lines[:first]),
        folded(say("more", n=count(len(rest))), _ranked(rest)) if rest else None,
        element("p", say("target.less", n=count(more)), class_="note") if more > 0 else None,
        class_="card",
    )


def _ranked(lines: Iterable[Markup]) -> Markup:
    """Return the table of these lines."""
    headings = (say("target.column"), say("target.strength"), "Pearson", "Spearman")
    head = element("thead", element("tr", *(element("th", name, scope="col") for name in headings)))
    return element("table", head, element("tbody", *lines), class_="ranking")


def _panels(target: str, relations: list[tuple[str, Json]], columns: Mapping[str, Json]) -> Markup | None:
    """Return panels of the columns with the strongest relations; None where there are none."""
    threshold = LEAST_INFORMATION * max((_information(relation) for _, relation in relations), default=0.0)
    drawn = [
        (name, relation)
        for name, relation in relations
        if (relation.get("curve") or relation.get("levels")) and _information(relation) >= threshold
    ]
    mean = _mean(columns[target])
    if not drawn or mean is None:
        return None
    drawn = drawn[:PANELS_SHOWN]
    means = mean_scale([relation for _, relation in drawn], mean)
    panels = (panel(name, columns[name], relation, means, mean) for name, relation in drawn)
    return element(
        "div",
        element("h3", say("target.follows")),
        legend(target, columns[target], mean),
        element("div", *panels, class_="cards"),
    )


def strongest_relations(target: Json) -> dict[str, float]:
    """Return for each column how much it tells of the target: its mutual information in nats."""
    return {name: _information(relation) for name, relation in target["relations"].items()}


def _rank(relation: Json) -> tuple[float, float]:
    """Return the key that relations are sorted by."""
    correlations = [
        abs(relation[coefficient_name])
        for coefficient_name in ("pearson", "spearman")
        if relation[coefficient_name] is not None
    ]
    return _information(relation), max(correlations, default=0.0)


def _information(relation: Json) -> float:
    """Return the mutual information in nats, 0 where it is undefined."""
    return max(relation["mutual_information"] or 0.0, 0.0)


def _measured(drawn: Markup | None, value: float | None) -> Markup:
    """Return a table cell with a bar and its number."""
    return element("td", element("div", drawn or element("span"), element("span", coefficient(value))))


def _strength_cell(information: float | None) -> Markup:
    """Return a table cell with the strength of a relation; a dash where it is undefined."""
    known = None if information is None else strength(max(information, 0.0))
    return _measured(bar(known or 0.0), known)


def _mean(statistics: Json) -> float | None:
    """Return the mean of a target, for a boolean its share of true; None without values."""
    if statistics["type"] == "boolean":
        return statistics["true"] / statistics["count"] if statistics["count"] else None
    mean: float | None = statistics["mean"]
    return mean
