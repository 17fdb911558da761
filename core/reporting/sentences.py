"""Sentences of the service on a page: findings, warnings, notes and reasons, in the language of the page."""

from core.languages.service_sentences import translated
from core.reporting.html import Markup, element, isolated
from core.reporting.words import language

ENDS = (".", "}", "!", "?")
CHINESE_ENDS = ("。", "！", "？", "：")


def sentence(text: str, *, after_name: bool = False) -> Markup:
    """Return a sentence with a capital letter and an end; `after_name` without the capital.

    A sentence whose Chinese is not listed stays English, and says so to a screen reader.
    """
    found = translated(text, language())
    if language() == "en":
        return isolated(_english(found or text, after_name=after_name))
    if found is None:
        return element("bdi", _english(text, after_name=after_name), lang="en")
    return isolated(found if found.endswith(CHINESE_ENDS) else f"{found}。")


def phrase(text: str) -> Markup:
    """Return a part of a sentence as it stands within one."""
    return isolated(translated(text, language()) or text)


def _english(text: str, *, after_name: bool) -> str:
    begun = text if after_name else text[:1].upper() + text[1:]
    return begun if begun.endswith(ENDS) else f"{begun}."
