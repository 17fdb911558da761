"""A page that stands alone: its head with the style sheet in it, a title, a way around, sections, and a last line."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from core.reporting.html import Content, Markup, element, own

# The page runs nothing and loads nothing: whatever a hostile cell may hold, a browser will not follow it.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
)


def page(title: str, kind: str, sections: Mapping[str, Markup | None], footer: str, under: Content = None) -> str:
    """A whole page; each section has an id that is its name in lower case, those that are None are left out.

    `kind` is what the page is, such as "Data report"; `under` stands below the title.
    """
    there = {name: section for name, section in sections.items() if section is not None}
    body = element(
        "body",
        element("header", element("p", kind, class_="eyebrow"), element("h1", own(title)), under),
        _navigation(list(there)),
        element("main", *there.values()),
        element("footer", footer),
    )
    return f"<!doctype html>\n{element('html', _head(f'{title}: {kind.lower()}'), body, lang='en')}\n"


def tile(name: str, number: Content, words: Content) -> Markup:
    """One large number with what it is and what is to be said of it, in a list of class `tiles`."""
    return element("li", element("span", name), element("b", number), element("small", words))


@cache
def style() -> str:
    """The style sheet, which stands in the page."""
    return (files("core.reporting") / "style.css").read_text("utf-8")


def _head(title: str) -> Markup:
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
    links = (element("a", name, href=f"#{name.lower()}") for name in names)
    return element("nav", *links, aria_label="On this page")
