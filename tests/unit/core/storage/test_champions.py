"""The champion of a model: chosen by a person, succeeded by a challenger, and never a version that is not there."""

import pytest

from core.errors import BadSignatureError, NoSuchModelError
from core.storage.artifacts import GRAPH, PICKLE
from core.storage.champions import ServingState
from tests.support.model_versions import publish, publish_beside_manifest, publish_versions, serving_version
from tests.support.storage import WORKSPACE, Parts, model_draft


def test_an_older_version_serves_again_and_training_goes_on_counting(parts: Parts) -> None:
    publish_versions(parts, 3)
    assert parts.models.choose("boat", 1) == 3
    assert parts.models.resolve("boat", None) == 1
    assert parts.models.choose("boat", 1) == 1
    assert publish(parts) == 4
    assert parts.models.resolve("boat", None) == 4


def test_a_version_succeeds_only_the_one_that_it_was_judged_beside(parts: Parts) -> None:
    publish(parts, body=b"one")
    parts.models.publish(model_draft(b"two", b""), {GRAPH: b"two", PICKLE: b""}, promote=False)
    publish(parts, body=b"three")
    assert not parts.models.replace_champion("boat", 2, 1)
    assert parts.models.serving("boat", fresh=True) == 3
    assert parts.models.replace_champion("boat", 2, 3)
    assert parts.models.replace_champion("boat", 2, 3)
    assert parts.models.serving("boat") == 2
    parts.models.delete("boat", 1)
    assert not parts.models.replace_champion("boat", 1, 2)
    assert not parts.models.replace_champion("ship", 1, 2)


def test_what_serves_must_exist_and_be_ours(parts: Parts) -> None:
    publish_versions(parts, 2)
    for name, version in (("boat", 3), ("ship", 1), ("../boat", 1)):
        with pytest.raises(NoSuchModelError):
            parts.models.choose(name, version)
    key = f"{WORKSPACE}/models/boat/1/manifest.json"
    parts.objects.put(key, parts.objects.get(key).replace(b"ridge", b"lasso"))
    with pytest.raises(BadSignatureError):
        parts.models.choose("boat", 1)
    assert serving_version(parts, "boat") == 2
    assert serving_version(parts, "ship") is None


def test_a_pointer_from_before_rollbacks_is_understood(parts: Parts) -> None:
    publish_beside_manifest(parts, 5)
    assert parts.models._champions.serving_state("boat") == ServingState(version=5, newest=5)
    publish(parts)
    assert parts.models.choose("boat", 5) == 6
