"""The pages in English and Chinese: every word is in both files, and a Chinese page has no English but names."""

import ast
import re
from string import Formatter
from typing import get_args

from core.languages.tags import LANGUAGES
from core.reporting.words import words_of
from core.storage.series_repository import State
from infra.paths import ROOT

# What is the same in both languages: names of libraries, measures and people, units and abbreviations.
SAME = re.compile(r"Regatta|Pearson|Spearman|Yeo-Johnson|R²|PSI|KS|SHA-256|UTC|GBK|kB|MB|GB|µs|BCP 47")
# Texts of the data and of the API: names and values, which the page isolates, digests and parameters.
OF_DATA = {"bdi", "code", "title", "style"}


def forms(words: str | dict[str, str]) -> list[str]:
    return [words] if isinstance(words, str) else list(words.values())


def fields(words: str | dict[str, str]) -> set[str]:
    return {name for form in forms(words) for _, name, *_ in Formatter().parse(form) if name}


def test_every_word_is_there_in_each_language_with_the_same_values() -> None:
    english, chinese = (words_of(language) for language in LANGUAGES)
    assert english.keys() == chinese.keys()
    assert [key for key in english if fields(english[key]) != fields(chinese[key])] == []
    assert [key for key in english for words in (english, chinese) if not all(forms(words[key]))] == []


def test_every_word_is_used_and_every_key_is_there() -> None:
    known = set(words_of("en"))
    used: set[str] = set()
    for path in (ROOT / "core/reporting").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.Constant(value=str(text)) if text in known:
                    used.add(text)
                case ast.JoinedStr(values=[ast.Constant(value=str(prefix)), *_]) if "." in prefix:
                    used |= {key for key in known if key.startswith(prefix)}
                case ast.Call(func=ast.Name(id="say" | "say_with"), args=[ast.Constant(value=key), *_]):
                    assert key in known, path
    # The nouns are those that `counted` is given.
    assert {key for key in known - used if not key.startswith("nouns.")} == set()


def test_every_state_of_a_decision_has_words() -> None:
    assert {f"decision.state.{state}" for state in get_args(State)} <= words_of("zh").keys()
