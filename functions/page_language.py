"""The language of a page: that of `language`, and without it what the browser prefers."""

from typing import Annotated

from fastapi import Depends, Header, Query

from core.errors import InvalidInputError
from core.languages.tags import LANGUAGES, Language, find_language, preferred_language

Tag = Annotated[
    str | None, Query(description="a tag of BCP 47 such as `en` or `zh-CN`; default: as Accept-Language says")
]


def _page_language(language: Tag = None, accept_language: Annotated[str, Header()] = "") -> Language:
    """Return the language to write in; raises `InvalidInputError` for one that there are no pages in."""
    if language is None:
        return preferred_language(accept_language)
    found = find_language(language)
    if found is None:
        known = " or ".join(LANGUAGES)
        errors = [{"field": "language", "message": f"must be a tag of BCP 47 that begins with {known}"}]
        raise InvalidInputError(f"Pages are written in {known}. Send one of these as language.", errors)
    return found


PageLanguage = Annotated[Language, Depends(_page_language)]
