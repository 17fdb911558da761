"""Many files in a few seconds, whose events come twice and in any order, while workers are killed.

Each file has one decision. What takes long is left out: files are not read, and every challenger is as good as the
champion. Jobs, leases, decisions and promotions are the real ones.
"""

import json
import random
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends

from core.errors import NotACsvError
from core.manifests import DatasetManifest
from core.services.retraining import ingest_arrival, retrain
from core.services.retraining.decision import ArrivalCase
from core.services.series.arrivals import unquoted_etag
from core.storage.container import container
from core.storage.model_repository import ModelRepository
from core.storage.series_repository import Arrival, SeriesRepository, SeriesSettings
from core.storage.workspace import Workspace
from core.types import Json
from functions.retrain.handler import handler
from infra.local.runner import Runner
from tests.support.arrivals import SERIES, TARGET, put_file, serving_version, version_numbers
from tests.support.lambda_context import LambdaContext
from tests.support.storage import BUCKET, GRAPH_BYTES, PICKLE_BYTES, add_dataset, dataset_manifest, home, model_draft

FILES, SECONDS, WORKERS = 50, 5, 6
OVERWRITTEN, DELETED, POISON = range(3, 45, 9), range(5, 45, 9), 20
BEGUN = datetime(2026, 1, 1, tzinfo=UTC)
# Where a worker is killed, and how to tell from the arguments of the call whose job it is.
MOMENTS: tuple[tuple[type, str, Callable[..., str]], ...] = (
    (ModelRepository, "publish", lambda _, draft, *__: draft.job_id),
    (SeriesRepository, "write_report", lambda _, __, job_id, *___: job_id),
    (ArrivalCase, "_promote", lambda case, *_: case.job_id),
    (ArrivalCase, "_keep", lambda case, *_: case.job_id),
)

Content = tuple[str, str]


def store(workspace: Workspace, filename: str, source: Path, *_: Any, file_id: str, **__: Any) -> DatasetManifest:
    """Stand in for `ingest`: store the file without reading it, unless it is poison."""
    body = source.read_bytes()
    if body.startswith(b"\0"):
        raise NotACsvError("The file is no table.")
    with suppress(FileExistsError):
        add_dataset(workspace.datasets, dataset_manifest(file_id, filename=filename, sha256=f"{crc32(body):064}"))
    return workspace.datasets.manifest(file_id, fresh=True)


def decide(case: ArrivalCase, dataset: DatasetManifest, before: int, target: str) -> Json | None:
    """Stand in for `decide_next`: publish a challenger that is as good as the champion."""
    if case.series().is_old(case.written):
        return case.end("old", "a later file was learned from", learned=True, champion=before)
    version = publish(promote=False, job_id=case.job_id)
    return case.end("accepted", "no worse", learned=True, version=version, champion=before, promoted=True)


def publish(*, promote: bool, **fields: Any) -> int:
    files = {"model.onnx": GRAPH_BYTES, "model.pkl": PICKLE_BYTES}
    draft = model_draft(*files.values(), SERIES, target_column=TARGET, **fields)
    return home().models.publish(draft, files, promote=promote).version


@pytest.fixture
def killed(bucket: object, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """A series with a champion, and workers that half of all jobs kill at some moment; the jobs that did."""
    monkeypatch.setattr(ingest_arrival, "ingest", store)
    monkeypatch.setattr(retrain, "decide_next", decide)
    home().series.configure(SERIES, SeriesSettings(target_column=TARGET))
    publish(promote=True)
    killed: set[str] = set()

    def deadly(number: int, owner: type, name: str, job_of: Callable[..., str]) -> None:
        whole = getattr(owner, name)

        def call(*arguments: Any, **options: Any) -> Any:
            job_id = job_of(*arguments)
            if job_id is not None and job_id not in killed and crc32(job_id.encode()) % 8 == number:
                killed.add(job_id)
                raise SystemExit
            return whole(*arguments, **options)

        monkeypatch.setattr(owner, name, call)

    for number, moment in enumerate(MOMENTS):
        deadly(number, *moment)
    return killed


def put(number: int, body: bytes) -> Content:
    """Put a file as the `number`-th one; return its key and ETag. S3 counts in whole seconds."""
    key = put_file(f"{number:02}.csv", body)
    stored = s3_backends[DEFAULT_ACCOUNT_ID]["aws"].buckets[BUCKET].keys[key]
    stored.last_modified = BEGUN + timedelta(seconds=number * SECONDS // FILES)
    return key, unquoted_etag(container().objects.head(key).etag)


def announce(contents: Iterable[Content]) -> None:
    """Deliver the events of these contents, in messages of ten."""
    records = [{"s3": {"object": {"key": key, "eTag": etag}}} for key, etag in contents]
    batches = [{"Records": records[start : start + 10]} for start in range(0, len(records), 10)]
    messages = [{"messageId": str(number), "body": json.dumps(batch)} for number, batch in enumerate(batches)]
    with ThreadPoolExecutor(WORKERS) as functions:
        answers = functions.map(lambda one: handler({"Records": [one]}, LambdaContext()), messages)
        assert all(answer == {"batchItemFailures": []} for answer in answers)


def work(chance: random.Random) -> None:
    """Let several workers take the waiting jobs in any order, some twice; one that is killed is replaced."""
    waiting = container().queue.waiting()
    waiting += chance.sample(waiting, len(waiting) // 5)
    chance.shuffle(waiting)

    def take(job: tuple[str, str]) -> None:
        with suppress(SystemExit):
            Runner(container().queue)._run_one(*job)

    with ThreadPoolExecutor(WORKERS) as workers:
        list(workers.map(take, waiting))


def test_each_of_many_files_has_one_decision_whatever_happens(
    killed: set[str], advance_clock: Callable[..., None]
) -> None:
    chance = random.Random(20)
    contents = [put(number, b"\0poison" if number == POISON else b"%d" % number) for number in range(FILES)]
    gone = {contents[number] for number in (*OVERWRITTEN, *DELETED)}
    contents += [put(number, b"again %d" % number) for number in OVERWRITTEN]
    container().objects.delete([contents[number][0] for number in DELETED])
    events = contents + chance.sample(contents, FILES // 2)
    chance.shuffle(events)
    announce(events)
    rounds = 0
    while container().queue.waiting():
        rounds += 1
        assert rounds < 9, "jobs wait for ever"
        work(chance)
        advance_clock()
        announce(chance.sample(events, 10))

    decided = home().series.get(SERIES, fresh=True).arrivals
    assert sorted((one.key, one.etag) for one in decided) == sorted(contents)
    assert {(one.key, one.etag) for one in decided if one.state == "superseded"} == gone
    assert len(killed) > FILES / 5
    poisoned = [one for one in decided if (one.key, one.etag) == contents[POISON]]
    assert [(one.state, one.reason) for one in poisoned] == [("refused", "The file is no table.")]
    (letter,) = container().queue.dead_letters()
    assert json.loads(letter.body)["job_id"] == poisoned[0].job_id
    assert "The file is no table." in (letter.reason or "")
    check_promotions([one for one in decided if one not in poisoned and (one.key, one.etag) not in gone])


def check_promotions(decided: list[Arrival]) -> None:
    """Check that no file took the place of a later one, and that each was trained on once at most."""
    assert {one.state for one in decided} <= {"accepted", "old"}
    promoted = [one for one in decided if one.promoted]
    assert [one.last_modified for one in promoted] == sorted(one.last_modified for one in promoted)
    assert promoted[-1].last_modified == max(one.last_modified for one in decided)
    assert serving_version() == promoted[-1].version
    trained = [one.version for one in decided if one.version is not None]
    assert len(set(trained)) == len(trained)
    assert set(trained) <= set(version_numbers())
