"""Sentences of the service as pages say them: findings, warnings, notes and reasons, as service.*.json list them.

The Chinese file has all of them; the English one has those that name a request where a person has a view of the
console. A sentence is known by its form, `has no value in {Rows} ({share})`. What stands for a name with a capital
letter is a sentence or one of the `parts` of sentences, such as `44 rows`; any other value stays as it is, {n} is a
number. Of several sentences, and of several reasons with semicolons between them, each may be listed by itself. The
console reads the same files in the same way (`parts/service_words.js`).
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from importlib.resources import files

from core.languages.tags import DEFAULT, Language

# So many sentences may stand inside of each other.
DEPTH = 6
BREAK = re.compile(r"(?<=[.!?]) (?=[A-Z`])")
SEMICOLON = "; "
BETWEEN_SENTENCES: dict[Language, str] = {"en": " ", "zh": ""}
BETWEEN_REASONS: dict[Language, str] = {"en": SEMICOLON, "zh": "；"}
NAME = re.compile(r"\{(\w+)\}")
# Behind a semicolon a sentence goes on: no single value has one, and a plain one no comma.
VALUES = {"n": r"([\d.,]+)", "value": "([^;]+?)", "what": "([^;]+?)", "plain": "([^;,]+?)", "format": "([^;()]+?)"}
# The time of a match grows with the length of a text, which may be a name of somebody's column.
MOST_CHARACTERS = 1000
MOST_KEPT = 1000


def translated(text: str, language: Language) -> str | None:
    """Return a sentence of the service as a page says it; None for one that is not listed.

    In English a part that is not listed stays as it is.
    """
    return _translated(text, language, DEPTH) if len(text) <= MOST_CHARACTERS else None


def table(language: Language) -> bytes:
    """Return the file of a language, which the console sends to browsers."""
    return (files("core.languages") / f"service.{language}.json").read_bytes()


@dataclass(frozen=True)
class _Form:
    """A listed sentence or part: its form, and how pages say it."""

    english: str
    other: str

    @cached_property
    def literals(self) -> list[str]:
        """The texts around the values."""
        return NAME.split(self.english)[::2]

    @cached_property
    def names(self) -> list[str]:
        """The names of the values."""
        return NAME.findall(self.english)

    @cached_property
    def longest(self) -> str:
        """The longest text that a sentence of this form has."""
        return max(self.literals, key=len)

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """What recognises the sentence, and finds its values."""
        values = [*(VALUES.get(name, "(.+?)") for name in self.names), ""]
        pieces = (re.escape(text) + value for text, value in zip(self.literals, values, strict=True))
        return re.compile("".join(pieces), re.DOTALL)

    @cached_property
    def is_several(self) -> bool:
        """Whether these are several sentences."""
        return bool(BREAK.search(NAME.sub("A", self.english)))

    @cached_property
    def is_divided(self) -> bool:
        """Whether a semicolon divides it."""
        return SEMICOLON in self.english


@cache
def _forms(language: Language, kind: str) -> list[_Form]:
    """Return the `sentences` or the `parts`; those with more words of their own say more exactly what is meant."""
    listed: dict[str, str] = json.loads(table(language)).get(kind, {})
    return sorted((_Form(*texts) for texts in listed.items()), key=lambda form: -sum(map(len, form.literals)))


@lru_cache(MOST_KEPT)
def _translated(text: str, language: Language, depth: int) -> str | None:
    if not re.search("[A-Za-z]", text):
        return text
    if depth == 0:
        return None
    # Inside of a sentence the parts of sentences are known too.
    known = [*_forms(language, "sentences"), *(_forms(language, "parts") if depth < DEPTH else ())]
    if len(several := BREAK.split(text)) > 1:
        divided, between = [form for form in known if form.is_several], BETWEEN_SENTENCES[language]
    elif len(several := text.split(SEMICOLON)) > 1:
        divided, between = [form for form in known if form.is_divided], BETWEEN_REASONS[language]
    else:
        return _by_form(text, known, language, depth)
    found = _by_form(text, divided, language, depth)
    # In English there is something to say of every piece, also where a value was divided: so they come last.
    if found is None and language != DEFAULT:
        found = _each(several, between, language, depth)
    if found is None:
        found = _by_form(text, known, language, depth)
    return _each(several, between, language, depth) if found is None and language == DEFAULT else found


def _each(pieces: Iterable[str], between: str, language: Language, depth: int) -> str | None:
    """Return several sentences, each listed by itself; None where one is not."""
    found = [_piece(piece, language, depth) for piece in pieces]
    return None if None in found else between.join(filter(None, found))


def _piece(text: str, language: Language, depth: int) -> str | None:
    """Return a piece of a sentence. In English one that is not listed is right as it is."""
    found = _translated(text, language, depth)
    return text if found is None and language == DEFAULT else found


def _by_form(text: str, known: Iterable[_Form], language: Language, depth: int) -> str | None:
    """Return a text by the first form whose values are known."""
    for form in known:
        match = form.pattern.fullmatch(text) if form.longest in text else None
        if match is None:
            continue
        values = {
            name: _piece(value, language, depth - 1) if name[0].isupper() else value
            for name, value in zip(form.names, match.groups(), strict=True)
        }
        if None not in values.values():
            return _filled(form.other, values)
    return None


def _filled(words: str, values: Mapping[str, str | None]) -> str:
    """Return words with their names replaced; other braces stay."""
    return NAME.sub(lambda name: values[name[1]] or "", words)
