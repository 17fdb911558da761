"""The columns of a model: which it takes, and what training does with them."""

from collections.abc import Sequence

from core.manifests import Feature
from core.model_manifest import ModelManifest
from core.reporting.formatting import count, counted, short_number
from core.reporting.html import Content, Markup, element, folded, isolated, scrolled
from core.reporting.names import breakable
from core.reporting.words import listing, say

LEVELS_SHOWN = 5
# The other columns are folded.
OPEN = 12
HEADS = ("column", "type", "written", "handling")


def columns_section(manifest: ModelManifest) -> Markup:
    """Return a line for each column that the model takes, and what was left out."""
    first, others = manifest.features[:OPEN], manifest.features[OPEN:]
    return element(
        "section",
        element("h2", say("sections.columns"), element("small", counted(len(manifest.features), "column"))),
        element("p", say("features.note"), class_="note"),
        scrolled(say("sections.columns"), _table(manifest, first)),
        folded(counted(len(others), "more_column"), scrolled(say("sections.columns"), _table(manifest, others)))
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
            element("td", say(f"types.{feature.type}")),
            element("td", _written(feature), class_="wraps"),
            element("td", _handling(manifest, feature), class_="wraps"),
        )
        for feature in features
    )
    head = element("tr", *(element("th", say(f"features.{head}"), scope="col") for head in HEADS))
    return element("table", element("thead", head), element("tbody", *lines))


def _left_out(names: list[str]) -> Markup | None:
    """Return the columns that the recipe left out."""
    if not names:
        return None
    return element("p", say("features.leftOut"), *listing(map(isolated, names)), say("stop"), class_="caption")


def _written(feature: Feature) -> Content:
    """Return how a column is written: its levels, the format of its dates, its unit, its decimal mark."""
    if feature.type == "category":
        more = len(feature.levels) - LEVELS_SHOWN
        shown = listing(map(isolated, feature.levels[:LEVELS_SHOWN]))
        return [*shown, say("andMore", n=count(more)) if more > 0 else None]
    said = [
        say("features.format", format=feature.format) if feature.format else None,
        say("features.unit", unit=feature.unit) if feature.unit else None,
        say("features.decimal") if feature.decimal == "," else None,
        say("features.or").join(feature.words) if feature.words else None,
    ]
    return isolated(say("comma").join(filter(None, said)))


def _handling(manifest: ModelManifest, feature: Feature) -> Content:
    """Return what replaces a missing value."""
    words = say(f"features.filled.{manifest.recipe.handling(feature.name)}")
    if feature.type in ("boolean", "date"):
        return words
    fill = short_number(feature.fill) if isinstance(feature.fill, float) else feature.fill
    return [words, say("colon"), isolated(fill)]
