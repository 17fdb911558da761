"""Which language a caller gets: by a tag of BCP 47, or by the header `Accept-Language`."""

from typing import Literal, get_args

Language = Literal["en", "zh"]
DEFAULT: Language = "en"
LANGUAGES: tuple[Language, ...] = get_args(Language)
# A header of more ranges than this is read to here.
MOST_RANGES = 50


def find_language(tag: str) -> Language | None:
    """Return the language of a tag such as `zh`, `zh-Hans-CN` or `EN-gb`; None for one that pages are not written in.

    The lookup of RFC 4647, section 3.4: subtags are left out from the end until a language is found.
    """
    primary = tag.strip().lower().partition("-")[0]
    return next((language for language in LANGUAGES if language == primary), None)


def preferred_language(accept_language: str) -> Language:
    """Return the language that the header prefers (RFC 9110, section 12.5.4); English where it names none of them."""
    best, weight = DEFAULT, 0.0
    for position, each in enumerate(accept_language.split(",")):
        tag, _, parameter = each.partition(";")
        found, given = find_language(tag), _weight(parameter)
        if position < MOST_RANGES and found is not None and given > weight:
            best, weight = found, given
    return best


def _weight(parameter: str) -> float:
    """Return the weight of `q=0.8`, 1 without any; 0 where it is not to be read."""
    name, _, value = parameter.strip().partition("=")
    if not name:
        return 1.0
    try:
        return min(float(value), 1.0) if name.strip().lower() == "q" else 0.0
    except ValueError:
        return 0.0
