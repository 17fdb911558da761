"""The words of the pages, in en.json and zh.json, and the language that a page is written in."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib.resources import files
from string import Formatter
from typing import Any

from core.languages.tags import DEFAULT, Language
from core.reporting.html import Content

# The words of a key, or their plural forms.
Words = str | dict[str, str]

_language: ContextVar[Language] = ContextVar("language of the page", default=DEFAULT)


@contextmanager
def written_in(language: Language) -> Iterator[None]:
    """Write in a language from here on; a page is finished before this ends, since its sections may be lazy."""
    token = _language.set(language)
    try:
        yield
    finally:
        _language.reset(token)


def language() -> Language:
    """Return the language that the page is written in."""
    return _language.get()


def say(key: str, number: int | None = None, /, **values: str | int) -> str:
    """Return the words of a key, its `{names}` replaced; `number` decides between plural forms."""
    return _template(key, number).format(**values)


def say_with(key: str, /, **values: Content) -> list[Content]:
    """Return the words of a key around pieces of the page, such as names that are isolated."""
    pieces: list[Content] = []
    for text, name, *_ in Formatter().parse(_template(key, None)):
        pieces += [text, values[name]] if name else [text]
    return pieces


def listing(pieces: Iterable[Content]) -> list[Content]:
    """Return pieces of the page with commas between them."""
    return [[say("comma") if position else "", piece] for position, piece in enumerate(pieces)]


@cache
def words_of(language: Language) -> dict[str, Words]:
    """Return all words of a language by their keys, `overview.rows` and so on."""
    tree = json.loads((files("core.reporting.words") / f"{language}.json").read_text("utf-8"))
    return dict(_flat(tree, ""))


def _template(key: str, number: int | None) -> str:
    words = words_of(language())[key]
    if isinstance(words, str):
        return words
    return words["one"] if number == 1 else words["other"]


def _flat(tree: dict[str, Any], prefix: str) -> Iterator[tuple[str, Words]]:
    """Yield the leaves of a tree; an object with `one` and `other` has the plural forms of one key."""
    for name, value in tree.items():
        if isinstance(value, str) or value.keys() == {"one", "other"}:
            yield prefix + name, value
        else:
            yield from _flat(value, f"{prefix}{name}.")
