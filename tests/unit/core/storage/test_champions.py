"""The champion of a model: chosen by a person, succeeded by a challenger, and never a version that is not there."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from core.errors import BadSignatureError, NoSuchModelError, UnavailableError
from core.model_manifest import VersionId
from core.settings import Settings
from core.storage import champions
from core.storage.artifacts import GRAPH, PICKLE
from core.storage.champions import ServingState
from core.storage.documents import ReadDocument
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


@pytest.fixture
def outage(repositories: Repositories, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[bool], None]]:
    """Let every state be read anew; calling it lets storage fail to read documents, or answer again."""
    monkeypatch.setattr(champions, "CHAMPION_SECONDS", 0.0)
    read = repositories.documents.read_with_age

    def fail(key: str, *, fresh: bool = False) -> ReadDocument:
        raise UnavailableError("down")

    def switch(failing: bool) -> None:
        monkeypatch.setattr(repositories.documents, "read_with_age", fail if failing else read)

    yield switch


def test_the_champion_that_is_known_serves_while_storage_is_down(
    repositories: Repositories, outage: Callable[[bool], None]
) -> None:
    models = repositories.models
    publish_versions(repositories, 2)
    assert (models.resolve("boat", None), models.stale_seconds("boat")) == (2, None)
    outage(True)
    assert (models.resolve("boat", None), models.resolve("boat", 1)) == (2, 1)
    assert (models.stale_seconds("boat") or 0) > 0
    with pytest.raises(UnavailableError):
        models.resolve("ship", None)
    with pytest.raises(UnavailableError):
        models.serving("boat", fresh=True)
    outage(False)
    assert (models.resolve("boat", None), models.stale_seconds("boat")) == (2, None)


def test_a_champion_serves_in_an_outage_only_as_long_as_the_setting_says(
    repositories: Repositories, outage: Callable[[bool], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(repositories)
    monkeypatch.setattr(champions, "settings", lambda: Settings(stale_seconds=0))
    outage(True)
    with pytest.raises(UnavailableError):
        repositories.models.resolve("boat", None)


def test_one_caller_reads_the_state_again_and_the_others_go_on(
    repositories: Repositories, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(repositories)
    monkeypatch.setattr(champions, "CHAMPION_SECONDS", 0.0)
    assert repositories.models.known("boat") is None
    asked, answering = Event(), Event()
    read = repositories.documents.read_with_age

    def read_slowly(key: str, *, fresh: bool = False) -> ReadDocument:
        asked.set()
        answering.wait(60)
        return read(key, fresh=fresh)

    monkeypatch.setattr(repositories.documents, "read_with_age", read_slowly)
    monkeypatch.setattr(champions, "REFRESH_SECONDS", 60.0)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(repositories.models.resolve, "boat", None)
        assert asked.wait(60)
        assert repositories.models.known("boat") == VersionId("boat", 1)
        assert repositories.models.resolve("boat", None) == 1
        answering.set()
        assert first.result() == 1


def test_a_promotion_by_another_process_for_this_one_is_known_at_once(repositories: Repositories) -> None:
    publish(repositories, body=b"one")
    assert repositories.models.serving("boat") == 1
    publish(Repositories(repositories.objects), body=b"two")
    repositories.models.forget_states()
    assert repositories.models.serving("boat") == 2
