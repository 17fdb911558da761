"""What a process could not give back in an outage is given back once."""

from collections.abc import Callable
from threading import Thread
from typing import Any

import pytest

from core.errors import UnavailableError
from core.storage import task_repository
from core.storage.documents import Documents
from core.storage.redis.redis_client import RedisClient
from core.storage.s3.object_store import ObjectStore
from core.storage.task_repository import TaskRepository
from tests.support.object_stores import FailingStore

# How long one thread has to do what it must not do; nothing waits so long that is as it should be but this one.
MOMENT_SECONDS = 0.3


def test_an_attempt_that_an_outage_ended_is_taken_off_once_by_threads_that_take_tasks_together(
    bucket: ObjectStore, monkeypatch: pytest.MonkeyPatch, advance_clock: Callable[..., None]
) -> None:
    store = FailingStore(bucket)
    tasks = TaskRepository("default", store, Documents(store, RedisClient(None)))
    change = task_repository.change_document
    tasks.take("job", 1, "killed", 60.0)
    advance_clock()
    lease = tasks.take("job", 1, "ours", 60.0)
    others, started = list[Thread](), list[Thread]()

    def change_meanwhile(documents: Documents, key: str, *arguments: Any) -> Any:
        if others and key.endswith("leases/000001.json"):
            other = others.pop()
            other.start()
            other.join(MOMENT_SECONDS)
            started.append(other)
        return change(documents, key, *arguments)

    monkeypatch.setattr(task_repository, "change_document", change_meanwhile)
    store.ending = "leases/000001.json"
    with pytest.raises(UnavailableError):
        tasks.give_back("job", 1, lease, blameless=True)
    store.ending = ""
    others += [Thread(target=tasks.take, args=("job", number, "ours", 60.0)) for number in (3, 4)]
    tasks.take("job", 2, "ours", 60.0)
    for thread in started:
        thread.join()
    assert len(others) == 1
    advance_clock()
    assert tasks.take("job", 1, "next", 60.0).attempts == 2
