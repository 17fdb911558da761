"""Pages of lists over many manifests: what they show, how many requests they cost, and how their index mends itself."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest

from core.errors import ConflictError
from core.model_manifest import VersionId
from core.storage.dataset_repository import DatasetRepository
from core.storage.documents import Documents
from core.storage.lists.segments import SEGMENT_ROWS
from core.storage.model_repository import ModelRepository
from core.storage.redis.redis_client import RedisClient
from tests.support.memory_store import MemoryStore
from tests.support.storage import GRAPH_BYTES, PICKLE_BYTES, Repositories, dataset_manifest, model_draft

MANY = 2 * SEGMENT_ROWS + 300


def dataset_objects(count: int) -> dict[str, bytes]:
    """The objects of so many datasets."""
    objects = {}
    for number in range(count):
        file_id = f"{number:021d}"
        body = dataset_manifest(file_id, filename=f"{number}.csv").model_dump_json().encode()
        objects |= {f"default/datasets/{file_id}/{name}": b"x" for name in ("source.csv", "table.parquet")}
        objects[f"default/datasets/{file_id}/manifest.json"] = body
    return objects


def version_objects(versions: dict[str, int]) -> dict[str, bytes]:
    """The manifests of so many versions by name."""
    return {
        f"default/models/{name}/{number}/manifest.json": model_draft(GRAPH_BYTES, PICKLE_BYTES, name, version=number)
        .model_dump_json()
        .encode()
        for name, count in versions.items()
        for number in range(1, count + 1)
    }


def datasets(store: MemoryStore, later: Callable[[Callable[[], None]], None] | None = None) -> DatasetRepository:
    """The datasets as a fresh process sees them, without Redis."""
    fresh = Repositories(store)
    index = fresh.index["datasets"]
    return DatasetRepository("default", store, fresh.documents, fresh.cached_objects, index, later)


def models(store: MemoryStore) -> ModelRepository:
    """The models as a fresh process sees them, without Redis."""
    return Repositories(store).models


def all_files(repository: DatasetRepository, limit: int) -> list[str]:
    """The ids of all datasets, page by page."""
    found, after = [], None
    while True:
        page, after = repository.page(limit, after)
        found += [row["file_id"] for row in page]
        if after is None:
            return found


def cost(store: MemoryStore, call: Callable[[], Any]) -> dict[str, int]:
    """The requests of a call, by kind."""
    store.requests.clear()
    call()
    return dict(store.requests)


def test_a_list_of_many_comes_page_by_page_without_an_index() -> None:
    store = MemoryStore(dataset_objects(250))
    assert all_files(datasets(store), 100) == [f"{number:021d}" for number in range(250)]


def test_a_page_with_many_rows_without_a_segment_writes_the_index_after_the_answer() -> None:
    store, calls = MemoryStore(dataset_objects(MANY)), []
    repository = datasets(store, calls.append)
    assert len(repository.page(100)[0]) == 100
    repository.page(100, f"{500:021d}")
    assert len(calls) == 1  # one at a time
    calls[0]()
    assert cost(store, lambda: datasets(store).page(100)) == {"list": 1, "get": 2}
    assert cost(store, lambda: datasets(store).page(100, f"{1500:021d}")) == {"list": 1, "get": 2}
    assert all_files(datasets(store), 1000) == [f"{number:021d}" for number in range(MANY)]


def test_a_warm_page_costs_one_listing() -> None:
    store = MemoryStore(dataset_objects(MANY))
    repository = datasets(store)
    repository.list_index.refresh()
    repository.page(100)
    assert cost(store, lambda: repository.page(100)) == {"list": 1}


def test_what_is_written_changed_or_deleted_shows_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    store = MemoryStore(dataset_objects(MANY))
    repository = datasets(store)
    repository.list_index.refresh()
    repository.page(1000)
    changed, gone, new = (f"default/datasets/{number:021d}/manifest.json" for number in (7, 8, MANY))
    store.put(changed, dataset_manifest(f"{7:021d}", rows=999).model_dump_json().encode())
    store.delete([gone])
    store.put(new, dataset_manifest(f"{MANY:021d}").model_dump_json().encode())
    for seen in (repository, datasets(store)):
        rows = {row["file_id"]: row for row in seen.page(1000)[0]}
        assert rows[f"{7:021d}"]["rows"] == 999
        assert f"{8:021d}" not in rows
        assert all_files(seen, 1000)[-1] == f"{MANY:021d}"


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'"x"', b'{"format": 2}', b'{"segments": 7}', b"\xff"])
@pytest.mark.parametrize("part", ["directory.json", "segments/"])
def test_a_damaged_index_shows_nowhere_and_is_written_anew(damage: bytes, part: str) -> None:
    store = MemoryStore(dataset_objects(300))
    datasets(store).list_index.refresh()
    for item in list(store.list(f"default/index/datasets/{part}")):
        store.put(item.key, damage)
    assert all_files(datasets(store), 100) == [f"{number:021d}" for number in range(300)]
    if damage == b'{"format": 2}' and part == "directory.json":
        return  # of a newer version, whose it stays
    datasets(store).list_index.rebuild(before=0)
    assert cost(store, lambda: datasets(store).page(100)) == {"list": 1, "get": 2}
    assert datasets(store).list_index.verify().missing == 0


def test_a_segment_that_was_forged_is_not_believed() -> None:
    store = MemoryStore(dataset_objects(300))
    datasets(store).list_index.refresh()
    (segment,) = store.list("default/index/datasets/segments/")
    rows = json.loads(store.get(segment.key))
    rows[0][3]["rows"] = 999_999
    store.put(segment.key, json.dumps(rows).encode())
    assert datasets(store).page(1)[0][0]["rows"] == 2
    assert "999999" not in json.dumps(datasets(store).page(300))


def test_a_refresh_reads_only_what_has_changed_and_leaves_the_other_segments() -> None:
    store = MemoryStore(dataset_objects(MANY))
    repository = datasets(store)
    repository.list_index.refresh()
    before = {item.key for item in store.list("default/index/datasets/segments/")}
    store.put(
        f"default/datasets/{1500:021d}/manifest.json",
        dataset_manifest(f"{1500:021d}", rows=9).model_dump_json().encode(),
    )
    place = f"default/datasets/{1500:021d}/manifest.json"
    store.requests.clear()
    repository.list_index.refresh(place, place)
    assert store.requests["get"] < 20
    after = {item.key for item in store.list("default/index/datasets/segments/")}
    assert len(before & after) == len(before) - 1
    report = repository.list_index.verify()
    assert (report.manifests, report.missing, report.outdated, report.gone, report.different) == (MANY, 0, 0, 0, 0)


def test_verifying_counts_how_rows_differ_from_manifests() -> None:
    store = MemoryStore(dataset_objects(300))
    repository = datasets(store)
    repository.list_index.refresh()
    store.delete([f"default/datasets/{1:021d}/manifest.json"])
    store.put(
        f"default/datasets/{2:021d}/manifest.json", dataset_manifest(f"{2:021d}", rows=9).model_dump_json().encode()
    )
    store.put(f"default/datasets/{999:021d}/manifest.json", dataset_manifest(f"{999:021d}").model_dump_json().encode())
    store.put(f"default/datasets/{998:021d}/manifest.json", b"{")
    report = repository.list_index.verify()
    assert (report.gone, report.outdated, report.missing, report.damaged, report.is_right) == (1, 1, 1, 1, True)


def test_one_worker_writes_the_index_at_a_time() -> None:
    store = MemoryStore(dataset_objects(100))
    one, other = datasets(store), datasets(store)
    refused: list[bool] = []

    def second_worker(_: int) -> None:
        with pytest.raises(ConflictError):
            other.list_index.refresh()
        refused.append(True)

    one.list_index.refresh(report_rows=second_worker)
    assert refused
    other.list_index.refresh()


def test_a_worker_that_was_killed_leaves_what_it_has_published(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.storage.lists.list_index.SEGMENT_ROWS", 10)
    monkeypatch.setattr("core.storage.lists.list_index.SEGMENTS_A_DIRECTORY", 2)
    store = MemoryStore(dataset_objects(100))

    class KilledError(Exception):
        pass

    done: list[int] = []

    def kill(rows: int) -> None:
        done.append(rows)
        if len(done) == 5:
            raise KilledError

    with pytest.raises(KilledError):
        datasets(store).list_index.refresh(report_rows=kill)
    assert datasets(store).list_index.verify().missing == 60
    datasets(store).list_index.refresh(f"default/datasets/{40:021d}")
    assert datasets(store).list_index.verify().missing == 0


def test_versions_come_by_name_and_number_however_many_a_name_has() -> None:
    counts = {"a": 3, "large": 1500, "z": 2}
    store = MemoryStore(version_objects(counts))
    repository = models(store)
    found, after = [], None
    while True:
        page = repository.page(400, after)
        found += [(row.model_name, row.version) for row, _ in page.models]
        after = page.last
        if after is None:
            break
    assert found == [(name, number) for name, count in counts.items() for number in range(1, count + 1)]
    only = repository.page(10, VersionId("large", 1495), "large")
    assert [row.version for row, _ in only.models] == [1496, 1497, 1498, 1499, 1500]


def test_a_page_of_a_large_name_costs_as_much_at_its_end_as_at_its_beginning() -> None:
    store = MemoryStore(version_objects({"large": 3000}))
    models(store).list_index.refresh()
    for after in (0, 900, 2500):
        repository = models(store)
        asked = cost(store, lambda: repository.page(100, VersionId("large", after), "large"))  # noqa: B023
        assert asked["list"] == 1
        assert asked["get"] < 10


@pytest.mark.parametrize("damaged", [b'{"leased_until": "soon"}', b"[]", b"\xff", b""])
def test_documents_of_a_lease_that_are_damaged_stop_nobody(damaged: bytes) -> None:
    store = MemoryStore(dataset_objects(10))
    store.put("default/index/datasets/lease.json", damaged)
    datasets(store).list_index.refresh()
    assert Documents(store, RedisClient(None)).read("default/index/datasets/lease.json")["owner"] is None


@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b"{}", b"no json", b"[[1, 2, 3, 4]]", b"[[]]", b'[["a","b","c",[]]]', b"7"]
)
def test_a_segment_that_somebody_else_has_written_counts_as_missing(body: bytes) -> None:
    objects = dataset_objects(20)
    digest = hashlib.sha256(body).hexdigest()
    directory = {"format": 1, "segments": [{"digest": digest, "first": "", "last": "~", "rows": 1}]}
    objects[f"default/index/datasets/segments/{digest}.json"] = body
    objects["default/index/datasets/directory.json"] = json.dumps(directory).encode()
    assert len(all_files(datasets(MemoryStore(objects)), 100)) == 20
