"""A caller gets the language of a tag of BCP 47, or the one that the browser prefers."""

import pytest

from core.languages.tags import MOST_RANGES, find_language, preferred_language


@pytest.mark.parametrize(
    ("tag", "language"),
    [("en", "en"), ("zh", "zh"), ("zh-CN", "zh"), ("ZH-hans-cn", "zh"), ("en-GB", "en"), ("fr", None), ("", None)],
)
def test_a_tag_is_shortened_until_a_language_is_found(tag: str, language: str | None) -> None:
    assert find_language(tag) == language


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en-US,en;q=0.9,zh;q=0.8", "en"),
        ("fr, zh;q=0.1", "zh"),
        ("en;q=0.2, zh;q=0.7", "zh"),
        ("zh;q=0, en", "en"),
        ("zh;q=nonsense", "en"),
        ("zh;level=1", "en"),
        ("*", "en"),
        ("", "en"),
        ("fr," * MOST_RANGES + "zh", "en"),
    ],
)
def test_the_heaviest_language_of_a_header_wins_and_english_where_there_is_none(header: str, language: str) -> None:
    assert preferred_language(header) == language
