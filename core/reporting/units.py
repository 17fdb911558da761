"""Show the unit of a column beside its name and on its axis."""

from collections.abc import Callable, Iterable

from core.reporting.formatting import SPACE, shortened
from core.reporting.html import Content, Markup, element, isolated
from core.reporting.scales import Ticks
from core.types import Json

# A longer unit is cut beside a name, and left out of an axis, where it would touch the next label.
UNIT_CHARACTERS, LABEL_CHARACTERS = 20, 6
# Here and not in the style sheet, so that pages without units stay the same to the byte.
LIGHT = "font-weight:400"


def named(
    name: str, statistics: Json, characters: int | None = None, write: Callable[[str], Markup] = isolated
) -> Content:
    """Return the name of a column, cut where it is longer than `characters`, and its unit in brackets.

    `write` makes markup of the name.
    """
    shown = write(name if characters is None else shortened(name, characters))
    unit = statistics.get("unit")
    if unit is None:
        return shown
    bracketed = ("(", isolated(shortened(unit, UNIT_CHARACTERS)), ")")
    return [shown, " ", element("span", *bracketed, class_="kind", style=LIGHT)]


def spoken(name: str, statistics: Json) -> str:
    """Return the name of a column and its unit as plain text."""
    return f"{name} ({statistics['unit']})" if "unit" in statistics else name


def with_unit(ticks: Iterable[tuple[float, str]], statistics: Json) -> Ticks:
    """Return the labels of an axis, the largest one with the unit: `30 kg`."""
    labelled, unit = list(ticks), statistics.get("unit")
    if not labelled or unit is None or len(unit) > LABEL_CHARACTERS:
        return labelled
    largest = max(range(len(labelled)), key=lambda position: labelled[position][0])
    share, text = labelled[largest]
    labelled[largest] = share, f"{text}{'' if unit == '%' else SPACE}{unit}"
    return labelled
