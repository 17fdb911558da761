"""The pages in English and Chinese: every word is in both files, and a Chinese page has no English but names."""

import ast
import json
import re
from collections.abc import Callable
from datetime import datetime
from string import Formatter
from typing import get_args

import pytest

from core.automl.ensemble_selection import ENSEMBLE
from core.catalogue import CATALOGUE
from core.languages.tags import LANGUAGES, Language
from core.model_manifest import TrialRecord
from core.reporting import formatting
from core.reporting.date_axis import date_ticks, seconds
from core.reporting.decision_page import retraining_page
from core.reporting.leaderboard_section import Standing
from core.reporting.model_report import ModelFacts, model_report
from core.reporting.report import report
from core.reporting.words import say, words_of, written_in
from core.storage.series_repository import State
from infra.paths import ROOT
from tests.support.model_reports import EVALUATION, manifest_of
from tests.support.reports import Page, joined_profile
from tests.support.storage import dataset_manifest
from tests.support.tables import csv, read

# What is the same in both languages: names of people, measures, units, and what the models here have.
SAME = re.compile(
    r"Regatta|Pearson|Spearman|Yeo-Johnson|PSI|KS|SHA-256|UTC|UTF-8|GBK|kB|MB|kg"
    r"|ridge|alpha|max_iter|positive|solver|tol|python|boat|weight|day|prices|script|alert|amp|0198c0ffee0"
    r"|\bk[0-9a-f]{31}"
)
# Names and values of the data, which a page isolates, and digests.
OF_DATA = {"bdi", "code", "style"}
BUCKETS = ROOT / "tests/data/buckets"


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


def test_every_state_of_a_decision_and_every_model_type_has_words() -> None:
    assert {f"decision.state.{state}" for state in get_args(State)} <= words_of("zh").keys()
    assert {f"regressors.{name}" for name in (*CATALOGUE, ENSEMBLE)} <= words_of("zh").keys()


class Loose(Page):
    """A page that keeps the texts which are no data, and the labels for screen readers."""

    def __init__(self, html: str) -> None:
        self.texts: set[str] = set()
        super().__init__(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        super().handle_starttag(tag, attrs)
        self.texts.add(dict(attrs).get("aria-label") or "")

    def handle_data(self, data: str) -> None:
        if not {element.tag for element in self._open} & OF_DATA:
            self.texts.add(data)


def data_page(language: Language) -> str:
    rows = range(400)
    columns: dict[str, list[object]] = {
        "价格": [3.5 * row + row % 7 for row in rows],
        "面积": ["" if row % 9 == 0 else row % 50 for row in rows],
        "城市": ["上海北京广州"[2 * (row % 3) :][:2] for row in rows],
        "有电梯": ["true" if row % 4 else "false" for row in rows],
        "日期": [f"20{row % 20:02}-{1 + row % 12:02}-01" for row in rows],
        **{f"列{number}": [(row * number) % 101 for row in rows] for number in range(2, 32)},
    }
    table = read(csv(**columns))
    return report(dataset_manifest(filename="房价", warnings=table.warnings), joined_profile(table, "价格"), language)


def model_page(language: Language) -> str:
    rivals = [Standing(name, 1, "ridge", 0.5, 2.0, 9000) for name in ("甲", "乙")]
    trials = [TrialRecord(parameters={"alpha": k}, rows=80, folds=8, mean=0.5, std=0.1, seconds=1.5) for k in range(40)]
    manifest = manifest_of(trials=trials)
    return model_report(manifest, ModelFacts(is_champion=True, evaluation=EVALUATION, rivals=rivals), language)


def decision_page(language: Language) -> str:
    stored = sorted((BUCKETS / "0.1/objects/default/series/prices/reports").glob("*.json"))
    return "".join(retraining_page(json.loads(path.read_text("utf-8")), language) for path in stored)


@pytest.mark.parametrize("page", [data_page, model_page, decision_page])
def test_a_page_in_chinese_has_no_english_but_names(page: Callable[[Language], str]) -> None:
    words, english = ({SAME.sub("", text) for text in Loose(page(language)).texts} for language in ("zh", "en"))
    assert {text for text in words if re.search("[A-Za-z]{2}", text)} == set()
    assert len([text for text in english if re.search("[A-Za-z]{2}", text)]) > 10


def test_numbers_and_dates_are_written_as_chinese_are() -> None:
    with written_in("zh"):
        numbers = [formatting.short_number(value) for value in (12_345_678, 999_999_999, 7.1e13, 206_855.8)]
        assert numbers == ["1235万", "10亿", "71万亿", "206,856"]
        assert [formatting.brief(value) for value in (45_000, 12_345_678)] == ["4.5万", "1230万"]
        assert formatting.stepped([0, 100_000, 200_000], 100_000) == ["0", "10万", "20万"]
        assert formatting.date("2026-03-04T15:00") == "2026年3月4日 15:00"
        assert formatting.duration(86_400) == "1\u00a0天"
        months = date_ticks(seconds(datetime(2025, 11, 1)), seconds(datetime(2026, 3, 1)))
        assert [text for _, text in months][:3] == ["2025年11月", "12月", "2026年"]
    assert say("yes") == "yes"
