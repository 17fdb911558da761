"""The effects of a model's columns: how its predictions change when one column alone changes (partial dependence)."""

from core.cell_values import parse_date
from core.model_manifest import ModelManifest
from core.reporting.curves import graph
from core.reporting.date_axis import date_ticks
from core.reporting.distributions import value_bars
from core.reporting.formatting import count, short_number
from core.reporting.html import Markup, element, folded
from core.reporting.names import names_of_bars
from core.reporting.scales import Scale
from core.reporting.svg import bar_between
from core.reporting.units import named, with_unit
from core.reporting.words import say
from core.types import Json

# Columns of little importance come last and are folded.
SHOWN = 6
MARGIN = 0.06


def effects_section(manifest: ModelManifest, stored: Json) -> Markup | None:
    """Draw a panel for each column, all to one scale; None where training stored no effects."""
    effects = [effect for effect in stored.get("effects") or [] if len(_points(effect)) > 1]
    if not effects:
        return None
    means = [mean for effect in effects for _, mean in _points(effect)]
    margin = MARGIN * (max(means) - min(means))
    scale = Scale(min(means) - margin, max(means) + margin)
    units = {feature.name: {"unit": feature.unit} if feature.unit else {} for feature in manifest.features}
    panels = [_panel(effect, scale, units.get(effect["feature"], {})) for effect in effects]
    note = say("effects.note", rows=count(stored["rows"]))
    rest = panels[SHOWN:]
    return element(
        "section",
        element("h2", say("sections.effects")),
        element("p", note, class_="note"),
        element("div", *panels[:SHOWN], class_="cards"),
        folded(say("effects.less", n=count(len(rest))), element("div", *rest, class_="cards"), class_="more")
        if rest
        else None,
        id="effects",
    )


def _panel(effect: Json, scale: Scale, statistics: Json) -> Markup:
    """Return the panel of one column."""
    name = effect["feature"]
    drawn = _curve(effect, scale, statistics) if effect["type"] in ("number", "date") else _levels(effect, scale)
    return element("article", element("h4", named(name, statistics)), drawn, class_="panel")


def _curve(effect: Json, scale: Scale, statistics: Json) -> Markup:
    """Draw the mean prediction along a number or a date."""
    points = [(_place(effect, value), mean) for value, mean in _points(effect)]
    along = Scale(points[0][0], points[-1][0])
    ticks = date_ticks(along.low, along.high) if effect["type"] == "date" else along.ticks()
    placed = [(along.share(value), text) for value, text in ticks]
    first, last = (short_number(points[position][1]) for position in (0, -1))
    label = say("effects.curve", name=effect["feature"], first=first, last=last)
    return graph(label, [(along.share(place), mean) for place, mean in points], scale, with_unit(placed, statistics))


def _levels(effect: Json, scale: Scale) -> Markup:
    """Draw a bar to the mean prediction of each level, from the middle of them all."""
    points = _points(effect)
    middle = sum(mean for _, mean in points) / len(points)
    names, alike = names_of_bars([_written(value) for value, _ in points])
    rows = (
        (name, bar_between(scale.share(middle), scale.share(mean)), short_number(mean), None)
        for name, (_, mean) in zip(names, points, strict=True)
    )
    return value_bars(rows, alike)


def _points(effect: Json) -> list[tuple[float | str | bool, float]]:
    """Return the values of a column with their mean predictions, without those that JSON could not hold."""
    return [(value, mean) for value, mean in zip(effect["values"], effect["mean"], strict=True) if mean is not None]


def _place(effect: Json, value: float | str | bool) -> float:
    """Return the place of a value along its axis, a date in seconds since 1970-01-01."""
    found = parse_date(str(value)) if effect["type"] == "date" else float(value)
    if found is None:
        raise ValueError(f"{value!r} is no date that training writes")
    return found


def _written(value: float | str | bool) -> str:
    """Return the level of a category, or a boolean as JSON has it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
