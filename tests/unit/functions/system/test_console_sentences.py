"""The sentences of the service in the console's Chinese: every one that it can answer is listed, with its values."""

import json
import re

import pytest

from core.automl.trial_names import TELLING
from core.languages.service_sentences import translated
from functions.system.console.assets import assets
from tests.support.listed_sentences import DEPTH, NAME, listed, unlisted
from tests.support.service_sentences import HOLE, Sentence, sentences

# Where sentences are made, and how many there are at least: less would say that they are not found any more.
MADE = {"core/": 400, "core/profiling/": 25, "core/tables/": 25, "core/inference/": 30, "functions/": 60}

REQUEST = re.compile(r"\b(GET|POST|PUT|PATCH|DELETE)\b|\{keep\}")


def stays_english(sentence: Sentence) -> list[str]:
    """Return what is not listed of a sentence; what begins with no capital may be a part of one."""
    form = sentence.form
    if form[0].isupper():
        return unlisted(form)
    forms = (form, form.lstrip(" ;,:").rstrip(" ,"))
    return min((unlisted(each, depth) for each in forms for depth in (DEPTH, DEPTH - 1)), key=len)


@pytest.mark.parametrize(("package", "least"), MADE.items())
def test_the_sentences_of_the_service_are_found(package: str, least: int) -> None:
    assert len([each for each in sentences() if each.module.startswith(package)]) >= least


def test_a_sentence_that_is_not_listed_is_named() -> None:
    assert unlisted("Nobody translates this. Try again in a moment.") == ["Nobody translates this."]
    assert unlisted(f"There is no file {HOLE}. GET /data/files lists what there is.") == []


def test_every_sentence_of_the_service_is_listed() -> None:
    missing = {f"{each.module}:{each.line}": words for each in sentences() if (words := stays_english(each))}
    assert missing == {}, "core/languages/service.zh.json lacks these; a hole stands for a value"


def test_the_words_lead_to_the_views_of_the_console_and_not_to_the_api() -> None:
    every = [other for language in ("zh", "en") for texts in listed(language).values() for other in texts.values()]
    assert [other for other in every if REQUEST.search(other)] == []


def test_in_english_too_no_sentence_names_a_request_to_a_person() -> None:
    naming = [each.form.replace(HOLE, "1") for each in sentences() if REQUEST.search(each.form)]
    assert len(naming) > 50
    assert [form for form in naming if REQUEST.search(translated(form, "en") or form)] == []


def test_a_sentence_that_the_console_says_otherwise_in_english_is_one_of_the_service() -> None:
    for name, texts in listed("en").items():
        assert texts.keys() <= listed()[name].keys()


def test_a_sentence_keeps_its_values() -> None:
    for texts in (*listed().values(), *listed("en").values()):
        for english, other in texts.items():
            assert other.strip(), english
            assert set(NAME.findall(other)) <= set(NAME.findall(english)), english
            assert "}{" not in english, "two values side by side cannot be told apart"


def test_trials_are_named_by_the_same_parameters_in_the_console_as_in_sentences() -> None:
    script = assets()["parts/regressors.js"].body.decode()
    assert f"const TELLING = {json.dumps(TELLING)};" in script
