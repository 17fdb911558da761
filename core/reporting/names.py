"""Names and values in little room: cut so that different ones stay different."""

from collections import Counter
from collections.abc import Sequence

from core.reporting.formatting import ELLIPSIS, first_characters, last_characters, shortened, width
from core.reporting.html import Markup, element, joined
from core.reporting.words import say

# Of a text that is cut in its middle so much is its beginning.
HEAD_SHARE = 0.35
# So much of a name stands beside a bar on a card.
BESIDE_A_BAR = 16
# So much of it where it has lines of its own.
OWN_LINES = 80
# A line may break after one of these, rather than within a word.
BREAKS = frozenset("_-./:;,)")
FEWEST_BETWEEN_BREAKS = 3


def regressor(model_type: str) -> str:
    """Return the name of a model type in the language of the page."""
    return say(f"regressors.{model_type}")


def told_apart(texts: Sequence[str], characters: int) -> list[str]:
    """Return the texts, cut where they are longer; of those that begin alike a part is cut out where they are equal.

    Full-width characters count twice, as in `shortened`.
    """
    cut = {text: shortened(text, characters) for text in texts}
    groups: dict[str, list[str]] = {}
    for text, short in cut.items():
        groups.setdefault(short, []).append(text)
    for group in groups.values():
        if len(group) > 1:
            cut |= _cut_inside(group, characters)
    apart = _numbered(cut, characters)
    return [apart[text] for text in texts]


def short_names(texts: Sequence[str], characters: int) -> list[Markup]:
    """Return texts of the data as `told_apart` cuts them, isolated; what was cut is shown in full on hovering."""
    return [
        breakable(short, text if short != text else None)
        for text, short in zip(texts, told_apart(texts, characters), strict=True)
    ]


def names_of_bars(texts: Sequence[str]) -> tuple[list[Markup], str | None]:
    """Return the names beside bars, and the class `alike` where they begin alike and so need lines of their own."""
    if len({shortened(text, BESIDE_A_BAR) for text in texts}) == len(set(texts)):
        return [element("bdi", text, title=text if width(text) > BESIDE_A_BAR else None) for text in texts], None
    return short_names(texts, OWN_LINES), "alike"


def breakable(text: str, title: str | None = None) -> Markup:
    """Return a text of the data, isolated, that may break into lines after underscores, hyphens and the like.

    `title` is shown on hovering.
    """
    pieces: list[str] = []
    start = 0
    for position, character in enumerate(text, 1):
        if character in BREAKS and position - start >= FEWEST_BETWEEN_BREAKS and position < len(text):
            pieces += [text[start:position], element("wbr")]
            start = position
    return element("bdi", joined([*pieces, text[start:]]), title=title)


def _cut_inside(group: list[str], characters: int) -> dict[str, str]:
    """Cut texts with the same beginning: before the place where they begin to differ, before their ends, or both."""
    head = first_characters(group[0], int(HEAD_SHARE * characters)).rstrip()
    room = characters - width(head) - width(ELLIPSIS)
    letters = zip(*group, strict=False)
    equal = next((position for position, letter in enumerate(letters) if len(set(letter)) > 1), 0)
    from_difference = {text: f"{head}{ELLIPSIS}{shortened(text[equal:], room)}" for text in group}
    ends = {text: f"{head}{ELLIPSIS}{last_characters(text, room).lstrip()}" for text in group}
    short_head, middle = first_characters(group[0], characters // 5).rstrip(), characters // 3
    end = characters - width(short_head) - middle - 2 * width(ELLIPSIS)
    both = {
        text: ELLIPSIS.join((short_head, first_characters(text[equal:], middle), last_characters(text, end).lstrip()))
        for text in group
    }
    return max(ends, from_difference, both, key=lambda cut: len(set(cut.values())))


def _numbered(cut: dict[str, str], characters: int) -> dict[str, str]:
    """Return the cut texts, a number at the end of each that is the same as an earlier one, as of a's and more a's."""
    uses: Counter[str] = Counter()
    numbered = {}
    for text, short in cut.items():
        uses[short] += 1
        mark = f"{ELLIPSIS}{uses[short]}" if uses[short] > 1 else ""
        numbered[text] = f"{first_characters(short, characters - width(mark))}{mark}"
    return numbered
