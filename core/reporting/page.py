"""A complete page: head with style sheet, title, navigation, sections and footer."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from core.languages.tags import Language
from core.reporting.html import Content, Markup, element, isolated
from core.reporting.words import language, say

# The page runs and loads nothing, so a browser does not follow whatever a hostile cell holds.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
)


# What `lang` of the page says; the Chinese is the simplified one of mainland China.
TAGS: dict[Language, str] = {"en": "en", "zh": "zh-CN"}


def page(title: str, kind: str, sections: Mapping[str, Markup | None], footer: str, subtitle: Content = None) -> str:
    """Return a whole page; each section is given by its id, and None sections are left out.

    `kind` is the kind of page: `data`, `model` or `decision`; `subtitle` is shown below the title.
    """
    present = {name: section for name, section in sections.items() if section is not None}
    eyebrow = element("p", say(f"kinds.{kind}.eyebrow"), class_="eyebrow")
    body = element(
        "body",
        element("header", eyebrow, element("h1", isolated(title)), subtitle),
        _navigation(list(present)),
        element("main", *present.values()),
        element("footer", footer),
    )
    head = _head(say(f"kinds.{kind}.title", name=title))
    return f"<!doctype html>\n{element('html', head, body, lang=TAGS[language()])}\n"


def tile(name: str, number: Content, words: Content) -> Markup:
    """Return a tile: one large number with its name and a note, for a list of class `tiles`."""
    return element("li", element("span", name), element("b", number), element("small", words))


@cache
def style() -> str:
    """Return the style sheets, which are part of the page: the tokens shared with the console, and the report's own."""
    return "".join((files("core.reporting") / name).read_text("utf-8") for name in ("tokens.css", "style.css"))


def _head(title: str) -> Markup:
    """Return the head of the page."""
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=CONTENT_SECURITY_POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", title),
        element("link", rel="icon", href="data:,"),
        element("style", Markup(style())),
    )


def _navigation(names: list[str]) -> Markup:
    """Return links to the sections."""
    links = (element("a", say(f"sections.{name}"), href=f"#{name}") for name in names)
    return element("nav", *links, aria_label=say("onThisPage"))
