"""Small pieces of HTML: an element escapes its text, unless that is markup already."""

import re
from collections.abc import Iterable
from html import escape
from typing import TypeAlias

# Characters that HTML cannot hold: controls, and lone surrogates.
UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
# Elements that close themselves when they are empty.
EMPTY = frozenset({"br", "meta", "link", "rect", "path", "line", "wbr"})


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


Content: TypeAlias = "str | Iterable[Content] | None"
Named = tuple[Content, Content]


def element(name: str, /, *content: Content, **attributes: str | float | None) -> Markup:
    """Return an element. `class_="a"` becomes `class`, `aria_label` becomes `aria-label`; None omits an attribute."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_escaped(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in EMPTY and not content:
        return Markup(f"<{name}{written}/>")
    return Markup(f"<{name}{written}>{joined(content)}</{name}>")


def joined(content: Content) -> Markup:
    """Join pieces of content; text that is not markup is escaped."""
    if content is None:
        return Markup("")
    if isinstance(content, Markup):
        return content
    if isinstance(content, str):
        return Markup(_escaped(content))
    return Markup("".join(map(joined, content)))


def isolated(text: str) -> Markup:
    """Return text of the data, isolated so that right-to-left text does not affect the text around it."""
    return element("bdi", text)


def definition_list(rows: Iterable[Named]) -> Markup:
    """Return a list of names and values, one pair in each line."""
    lines = (element("div", element("dt", name), element("dd", value)) for name, value in rows)
    return element("dl", *lines, class_="figures")


def folded(summary: Content, *content: Content, class_: str | None = None) -> Markup:
    """Return content that a reader unfolds, behind a summary; on paper it is open."""
    return element("details", element("summary", summary), *content, class_=class_)


def scrolled(label: str, *content: Content, class_: str = "") -> Markup:
    """Wrap content that may be wider than the page in a box that scrolls, with the keyboard too."""
    return element("div", *content, class_=f"scroll {class_}".rstrip(), role="region", aria_label=label, tabindex=0)


def _escaped(text: str) -> str:
    """Escape a text, and replace characters that HTML cannot hold."""
    return escape(UNWRITABLE.sub("\ufffd", text))
