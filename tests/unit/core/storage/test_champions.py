"""The champion of a model: chosen by a person, succeeded by a challenger, and never a version that is not there."""

import pytest

from core.errors import BadSignatureError, NoSuchModelError
from core.storage.artifacts import GRAPH, PICKLE
from core.storage.champions import ServingState
from tests.support.model_versions import publish, publish_beside_manifest, publish_versions, serving_version
from tests.support.storage import WORKSPACE, Repositories, model_draft


def test_an_older_version_serves_again_and_training_goes_on_counting(repositories: Repositories) -> None:
    publish_versions(repositories, 3)
    assert repositories.models.choose("boat", 1) == 3
    assert repositories.models.resolve("boat", None) == 1
    assert repositories.models.choose("boat", 1) == 1
    assert publish(repositories) == 4
    assert repositories.models.resolve("boat", None) == 4


def test_a_version_succeeds_only_the_one_that_it_was_judged_beside(repositories: Repositories) -> None:
    publish(repositories, body=b"one")
    repositories.models.publish(model_draft(b"two", b""), {GRAPH: b"two", PICKLE: b""}, promote=False)
    publish(repositories, body=b"three")
    assert not repositories.models.replace_champion("boat", 2, 1)
    assert repositories.models.serving("boat", fresh=True) == 3
    assert repositories.models.replace_champion("boat", 2, 3)
    assert repositories.models.replace_champion("boat", 2, 3)
    assert repositories.models.serving("boat") == 2
    repositories.models.delete("boat", 1)
    assert not repositories.models.replace_champion("boat", 1, 2)
    assert not repositories.models.replace_champion("ship", 1, 2)


def test_what_serves_must_exist_and_be_ours(repositories: Repositories) -> None:
    publish_versions(repositories, 2)
    for name, version in (("boat", 3), ("ship", 1), ("../boat", 1)):
        with pytest.raises(NoSuchModelError):
            repositories.models.choose(name, version)
    key = f"{WORKSPACE}/models/boat/1/manifest.json"
    repositories.objects.put(key, repositories.objects.get(key).replace(b"ridge", b"lasso"))
    with pytest.raises(BadSignatureError):
        repositories.models.choose("boat", 1)
    assert serving_version(repositories, "boat") == 2
    assert serving_version(repositories, "ship") is None


def test_a_pointer_from_before_rollbacks_is_understood(repositories: Repositories) -> None:
    publish_beside_manifest(repositories, 5)
    assert repositories.models._champions.serving_state("boat") == ServingState(version=5, newest=5)
    publish(repositories)
    assert repositories.models.choose("boat", 5) == 6
