"""What a killed process left half done is finished, wherever it was cut off."""

import json
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from unittest.mock import Mock

import pytest

from core.errors import ModelServesError, UnavailableError
from core.services.upkeep import unfinished
from core.services.upkeep.unfinished import (
    READER_SECONDS,
    finish_for_readers,
    finish_interrupted,
    finish_within_the_minute,
)
from core.storage.container import container
from core.storage.s3.object_metadata import ObjectSummary
from core.storage.s3.object_store import ObjectStore
from core.storage.unfinished import FOLDER
from tests.support.model_versions import (
    each_interruption,
    graphs_by_version,
    publish,
    publish_versions,
    serving_version,
)
from tests.support.object_stores import CutOffStore
from tests.support.process_state import connect_container
from tests.support.storage import WORKSPACE, Repositories

# As time.time() has it: when the process of a change that was just cut off should have finished it.
LATER = 60.0


def finish(bucket: ObjectStore) -> int:
    """Finish what was cut off, as a fresh process a minute later."""
    connect_container(bucket)
    finished = finish_interrupted(container(), now=time.time() + LATER)
    assert notes(bucket) == []
    assert finish_interrupted(container(), now=time.time() + LATER) == 0
    return finished


def notes(bucket: ObjectStore) -> list[str]:
    return [item.key for item in bucket.list(FOLDER)]


def was_cut_off(change: Callable[[], object]) -> bool:
    try:
        change()
    except UnavailableError:
        return True
    return False


def test_a_renaming_is_finished_or_never_began(bucket: ObjectStore) -> None:
    outcomes = set()
    for _, cut_off in each_interruption(bucket):
        graphs = publish_versions(Repositories(bucket), 2)
        if not was_cut_off(lambda: cut_off.models.rename("boat", "ship")):  # noqa: B023 - called at once
            break
        finished = finish(bucket)
        fresh = Repositories(bucket)
        found = [name for name in ("boat", "ship") if graphs_by_version(fresh, name)]
        assert len(found) == 1
        assert graphs_by_version(fresh, found[0]) == graphs
        assert [serving_version(fresh, name) for name in ("boat", "ship")].count(2) == 1
        assert finished == (found == ["ship"])
        outcomes.add(found[0])
        assert fresh.models.rename(found[0], "raft") == [1, 2]
    assert outcomes == {"boat", "ship"}


def test_a_deletion_is_finished_or_never_began(bucket: ObjectStore) -> None:
    outcomes = []
    for writes in range(30):
        bucket.delete([item.key for item in bucket.list("")])
        graphs = publish_versions(Repositories(bucket), 2)
        failed = was_cut_off(lambda: Repositories(CutOffStore(bucket, writes)).models.delete("boat"))  # noqa: B023
        assert graphs_by_version(Repositories(bucket)) == (graphs if failed else {})
        was_left = bool(list(bucket.list(f"{WORKSPACE}/artifacts/")))
        if not was_left and not notes(bucket):
            break
        finish(bucket)
        assert bool(list(bucket.list(f"{WORKSPACE}/artifacts/"))) is failed
        outcomes.append(failed)
        assert publish(Repositories(bucket)) == 3
    assert set(outcomes) == {True, False}


def test_a_promotion_is_finished_or_the_version_never_was(bucket: ObjectStore) -> None:
    outcomes = set()
    for _, cut_off in each_interruption(bucket):
        publish(Repositories(bucket))
        if not was_cut_off(lambda: publish(cut_off, body=b"second")):  # noqa: B023
            break
        finish(bucket)
        fresh = Repositories(bucket)
        there = max(graphs_by_version(fresh))
        assert serving_version(fresh, "boat") == there
        outcomes.add(there)
    assert outcomes == {1, 2}


def test_a_choice_since_then_is_not_overruled(bucket: ObjectStore) -> None:
    publish_versions(Repositories(bucket), 2)
    # Two files, the note, three entries by time and the manifest, but not the promotion.
    assert was_cut_off(lambda: publish(Repositories(CutOffStore(bucket, 7)), body=b"third"))
    assert Repositories(bucket).models.choose("boat", 1) == 2
    assert finish(bucket) == 0
    assert serving_version(Repositories(bucket), "boat") == 1


def test_a_reader_finishes_it_and_does_not_look_all_the_time(
    bucket: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_versions(Repositories(bucket), 2)
    assert was_cut_off(lambda: Repositories(CutOffStore(bucket, 4)).models.rename("boat", "ship"))
    clock = [time.time() + LATER]
    monkeypatch.setattr(unfinished, "time", Mock(time=lambda: clock[0], monotonic=lambda: clock[0]))
    finish_for_readers(container())
    assert notes(bucket) == []
    assert serving_version(Repositories(bucket), "ship") == 2
    bucket.put(f"{FOLDER}{WORKSPACE}/later.json", b"{}")
    clock[0] += READER_SECONDS - 1
    finish_for_readers(container())
    assert notes(bucket)
    clock[0] += 2 * READER_SECONDS
    finish_for_readers(container())
    assert not notes(bucket)


def test_a_change_that_goes_on_is_left_to_its_process(bucket: ObjectStore) -> None:
    publish_versions(Repositories(bucket), 2)
    assert was_cut_off(lambda: Repositories(CutOffStore(bucket, 4)).models.rename("boat", "ship"))
    assert finish_interrupted(container()) == 0
    assert len(notes(bucket)) == 1


def test_a_refused_change_leaves_no_note(bucket: ObjectStore) -> None:
    publish_versions(Repositories(bucket), 2)
    with pytest.raises(ModelServesError):
        Repositories(bucket).models.delete("boat", 2)
    assert notes(bucket) == []


@pytest.mark.parametrize("note", [b"", b"not JSON", b"[]", b"{}", b'{"kind": "fly"}', b'{"kind": "rename", "old": 3}'])
def test_a_note_that_cannot_be_read_goes_and_stops_nothing(bucket: ObjectStore, note: bytes) -> None:
    publish_versions(Repositories(bucket), 2)
    assert was_cut_off(lambda: Repositories(CutOffStore(bucket, 4)).models.rename("boat", "ship"))
    bucket.put(f"{FOLDER}{WORKSPACE}/00000000000000000000000000000000.json", note)
    assert finish(bucket) == 1
    assert serving_version(Repositories(bucket), "ship") == 2


def test_a_note_of_what_is_gone_goes(bucket: ObjectStore) -> None:
    for facts in ({"kind": "rename", "old": "a", "new": "b"}, {"kind": "delete", "name": "a"}):
        bucket.put(f"{FOLDER}{WORKSPACE}/{facts['kind']}.json", json.dumps(facts).encode())
    assert finish(bucket) == 0


class MinuteByMinute:
    """A schedule that comes once a minute, on a clock that only its waits move, and one note."""

    def __init__(self, written: float) -> None:
        self.now = 0.0
        self.written = written
        self.finished: float | None = None
        models = SimpleNamespace(finish=lambda _: True)
        self.storage = SimpleNamespace(objects=self, workspace=lambda _: SimpleNamespace(models=models))

    def delete(self, keys: list[str]) -> None:
        self.finished = self.now

    def list(self, prefix: str) -> Iterator[ObjectSummary]:
        if self.written <= self.now and self.finished is None:
            yield ObjectSummary(f"{prefix}{WORKSPACE}/note.json", "", 2, self.written)

    def get(self, key: str) -> bytes:
        return b"{}"

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def run(self, monkeypatch: pytest.MonkeyPatch) -> float:
        """Run until the change is finished; return how long after it was cut off that is."""
        monkeypatch.setattr(unfinished, "sleep", self.sleep)
        for minute in range(4):
            self.now = max(self.now, 60.0 * minute)
            finish_interrupted(self.storage, self.now)
            finish_within_the_minute(self.storage, lambda: self.now)
            if self.finished is not None:
                return self.finished - self.written
        raise AssertionError("never finished")


def test_a_schedule_finishes_what_was_cut_off_at_any_second_within_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    ages = {second / 2: MinuteByMinute(second / 2).run(monkeypatch) for second in range(160)}
    assert max(ages.values()) < 60, ages


def test_a_bucket_whose_clock_is_ahead_does_not_keep_the_schedule_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    ahead = MinuteByMinute(0.0)
    monkeypatch.setattr(unfinished, "sleep", ahead.sleep)
    ahead.list = lambda prefix: iter([ObjectSummary(f"{prefix}{WORKSPACE}/note.json", "", 2, 3600.0)])  # type: ignore[method-assign]
    finish_within_the_minute(ahead.storage, lambda: ahead.now)
    assert ahead.now < 30


@pytest.mark.parametrize("jump", [3600.0, -3600.0])
def test_a_clock_that_jumps_delays_nothing(bucket: ObjectStore, monkeypatch: pytest.MonkeyPatch, jump: float) -> None:
    connect_container(bucket)
    bucket.put(f"{FOLDER}{WORKSPACE}/none.json", b"{}")
    written = next(bucket.list(FOLDER)).modified
    read = Mock(side_effect=UnavailableError("down"))
    monkeypatch.setattr(unfinished, "read_note", read)
    finish_interrupted(container(), now=written + 1)
    assert read.call_count == 0
    finish_interrupted(container(), now=written + jump)
    assert read.call_count == 1
