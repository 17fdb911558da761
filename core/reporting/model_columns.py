"""The columns of a model: which it takes, and what training does with them."""

from collections.abc import Sequence

from core.manifests import Feature
from core.model_manifest import ModelManifest
from core.reporting.formatting import count, counted, short_number
from core.reporting.html import Content, Markup, element, isolated, scrolled
from core.reporting.names import breakable

LEVELS_SHOWN = 5
# The other columns are folded.
OPEN = 24
HEADS = ("Column", "Type", "Written", "Where a value is missing")
FILLED = {
    "median": "filled by the median",
    "mean": "filled by the mean",
    "mode": "filled by the most frequent value",
    "drop": "rows without a value are dropped",
}


def columns_section(manifest: ModelManifest) -> Markup:
    """Return a line for each column that the model takes, and what was left out."""
    first, others = manifest.features[:OPEN], manifest.features[OPEN:]
    note = (
        "What a row has to have, as it stands in a file: dates are divided into their parts, categories encoded and "
        "gaps filled by the model itself, which learned how from its train rows alone."
    )
    return element(
        "section",
        element("h2", "Columns", element("small", counted(len(manifest.features), "column"))),
        element("p", note, class_="note"),
        scrolled("Columns", _table(manifest, first)),
        element(
            "details",
            element("summary", counted(len(others), "more column")),
            scrolled("Columns", _table(manifest, others)),
        )
        if others
        else None,
        _left_out(manifest.recipe.leave_out),
        id="columns",
    )


def _table(manifest: ModelManifest, features: Sequence[Feature]) -> Markup:
    """Return a line for each feature."""
    lines = (
        element(
            "tr",
            element("th", breakable(feature.name), scope="row"),
            element("td", feature.type),
            element("td", _written(feature), class_="wraps"),
            element("td", _handling(manifest, feature), class_="wraps"),
        )
        for feature in features
    )
    head = element("tr", *(element("th", head, scope="col") for head in HEADS))
    return element("table", element("thead", head), element("tbody", *lines))


def _left_out(names: list[str]) -> Markup | None:
    """Return the columns that the recipe left out."""
    if not names:
        return None
    pieces = [[", " if at else "", isolated(name)] for at, name in enumerate(names)]
    return element("p", "Left out by the recipe: ", *pieces, ".", class_="caption")


def _written(feature: Feature) -> Content:
    """Return how a column is written: its levels, the format of its dates, its unit, its decimal mark."""
    if feature.type == "category":
        shown = [[", " if at else "", isolated(level)] for at, level in enumerate(feature.levels[:LEVELS_SHOWN])]
        more = len(feature.levels) - LEVELS_SHOWN
        return [*shown, f" and {count(more)} more" if more > 0 else None]
    said = [
        f"as {feature.format}" if feature.format else None,
        f"in {feature.unit}" if feature.unit else None,
        "with a decimal comma" if feature.decimal == "," else None,
        " or ".join(feature.words) if feature.words else None,
    ]
    return isolated(", ".join(filter(None, said)))


def _handling(manifest: ModelManifest, feature: Feature) -> Content:
    """Return what replaces a missing value."""
    words = FILLED.get(manifest.recipe.handling(feature.name), "")
    if feature.type in ("boolean", "date"):
        return words
    fill = short_number(feature.fill) if isinstance(feature.fill, float) else feature.fill
    return [words, ": ", isolated(fill)]
