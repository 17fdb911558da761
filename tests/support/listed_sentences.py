"""What `parts/service_words.js` of the console makes of a sentence of the service, by the forms that are listed."""

import json
import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import Any

from functions.system.console.assets import assets
from tests.support.service_sentences import HOLE

NAME = re.compile(r"\{(\w+)\}")
BREAK = re.compile(rf"(?<=[.!?]) (?=[A-Z`{HOLE}])")
SEMICOLON = "; "
DEPTH = 6
VALUES = {
    "n": rf"([\d.,{HOLE}]+)",
    "value": "([^;]+?)",
    "what": "([^;]+?)",
    "plain": "([^;,]+?)",
    "format": "([^;()]+?)",
}


@dataclass(frozen=True)
class Form:
    """A listed sentence or part: what recognises it, the names of its values, and its letters."""

    pattern: re.Pattern[str]
    names: list[str]
    letters: int
    is_several: bool
    is_divided: bool


@cache
def listed(language: str = "zh") -> dict[str, dict[str, str]]:
    """Return the words of a language by their English form, of `sentences` and of their `parts`.

    Raises `ValueError` where a form is listed twice: two people may have translated it, each in other words.
    """
    body = assets()[f"words/service.{language}.json"].body
    found: dict[str, dict[str, str]] = json.loads(body, object_pairs_hook=_each_once)
    return found


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    twice = [name for name, count in Counter(name for name, _ in pairs).items() if count > 1]
    if twice:
        raise ValueError(f"listed twice: {twice}")
    return dict(pairs)


def unlisted(text: str, depth: int = DEPTH) -> list[str]:
    """Return what stays English of a form; a hole has no words and stays as it is."""
    if not re.search("[A-Za-z]", text):
        return []
    if depth == 0:
        return [text]
    known = [*_forms("sentences"), *(_forms("parts") if depth < DEPTH else [])]
    if len(pieces := BREAK.split(text)) > 1:
        several = _by_form(text, [form for form in known if form.is_several], depth)
        each = [words for piece in pieces for words in unlisted(piece, depth)]
        return each if several and each else []
    if len(pieces := text.split(SEMICOLON)) > 1:
        divided = _by_form(text, [form for form in known if form.is_divided], depth)
        if not divided or not any(unlisted(piece, depth) for piece in pieces):
            return []
    return _by_form(text, known, depth)


def _by_form(text: str, known: list[Form], depth: int) -> list[str]:
    for form in known:
        if found := form.pattern.fullmatch(text):
            inner = [value for name, value in zip(form.names, found.groups(), strict=True) if name[0].isupper()]
            if not any(unlisted(value, depth - 1) for value in inner):
                return []
    return [text]


@cache
def _forms(kind: str) -> list[Form]:
    found = [_form(english) for english in listed()[kind]]
    return sorted(found, key=lambda form: -form.letters)


def _form(english: str) -> Form:
    names, literals = NAME.findall(english), NAME.split(english)[::2]
    holes = [VALUES.get(name, "(.+?)") for name in names]
    pattern = "".join(re.escape(text) + hole for text, hole in zip(literals, [*holes, ""], strict=True))
    is_several, is_divided = bool(BREAK.search(NAME.sub(HOLE, english))), SEMICOLON in english
    return Form(re.compile(pattern, re.DOTALL), names, sum(map(len, literals)), is_several, is_divided)
