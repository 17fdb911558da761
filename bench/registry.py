"""Pages of lists over 100,000 datasets and 100,000 model versions, and the time to build their index.

The bucket is one in this process whose every request waits 10 ms, as in a region's bucket: measured are the requests
that a page costs and the work of this process, not a store. There is no Redis. A warm page is one that the process has
answered before, which costs one listing; a cold one is answered by a fresh process, with the index in the bucket alone.
"""

import time
from collections.abc import Callable, Iterator

import psutil

from bench._report import Figure, at_most, p50, run
from core.model_manifest import VersionId
from core.storage.cache import CachedObjects, Counters
from core.storage.dataset_repository import DatasetRepository
from core.storage.documents import Documents
from core.storage.lists.list_index import ListIndex
from core.storage.manifest_index import ManifestIndex
from core.storage.model_repository import ModelRepository
from core.storage.redis.redis_client import RedisClient
from tests.support.memory_store import MemoryStore
from tests.support.storage import GRAPH_BYTES, PICKLE_BYTES, dataset_manifest, model_draft

MANY, FEW = 100_000, 1_000
VERSIONS_OF_A_MODEL = 100
REQUEST_SECONDS = 0.01
PAGE = 100
WARM_MS, COLD_MS, BUILD_SECONDS, BUILD_MB = 50.0, 500.0, 300.0, 200.0
WORKSPACE = "default"


class DistantStore(MemoryStore):
    """A bucket that takes a while to answer."""

    def _ask(self, kind: str) -> None:
        super()._ask(kind)
        time.sleep(REQUEST_SECONDS)


def measure(quick: bool) -> Iterator[Figure]:
    """Yield the figures of datasets, then those of models."""
    many = MANY // 10 if quick else MANY
    yield from _measure("datasets", many, _dataset_objects, _dataset_pages)
    yield from _measure("versions", many, _version_objects, _model_pages)


Pages = tuple[ListIndex, Callable[[], object], Callable[[], object]]


def _measure(
    what: str, many: int, objects: Callable[[int], dict[str, bytes]], pages: Callable[[MemoryStore, int], Pages]
) -> Iterator[Figure]:
    """Yield the figures of one list: the building of its index, and pages of it."""
    small, store = DistantStore(objects(FEW)), DistantStore(objects(many))
    pages(small, FEW)[0].refresh()
    memory, start = _resident_mb(), time.perf_counter()
    most = memory

    def look(_: int) -> None:
        nonlocal most
        most = max(most, _resident_mb())

    pages(store, many)[0].refresh(report_rows=look)
    seconds = time.perf_counter() - start
    requests = f"{sum(store.requests.values()):,} requests of {1000 * REQUEST_SECONDS:.0f} ms"
    yield at_most(f"{many:,} {what}: seconds to build the index", seconds, BUILD_SECONDS, requests)
    yield at_most(f"{many:,} {what}: MB that building it takes", most - memory, BUILD_MB, "resident, at the most")
    _, first, middle = pages(store, many)
    for name, page in (("first", first), ("middle", middle)):
        warm = 1000 * p50(page, 20)()
        yield at_most(f"{many:,} {what}: ms of the {name} page, warm", warm, WARM_MS, _requests(store, page))
    cold, asked = _cold(pages, store, many)
    yield at_most(f"{many:,} {what}: ms of a page in a fresh process", cold, COLD_MS, asked)
    of_few, _ = _cold(pages, small, FEW)
    detail = f"{cold:.0f} ms, of {FEW:,} {of_few:.0f} ms"
    yield at_most(f"{many:,} {what}: a page against one of {FEW:,}", cold / of_few, 2.0, detail)


def _cold(pages: Callable[[MemoryStore, int], Pages], store: MemoryStore, many: int) -> tuple[float, str]:
    """Return the milliseconds of a middle page in a process that has answered nothing before, and its requests."""

    def page() -> None:
        _, _, middle = pages(store, many)
        middle()

    return 1000 * p50(page, 5)(), _requests(store, page)


def _requests(store: MemoryStore, page: Callable[[], object]) -> str:
    store.requests.clear()
    page()
    return ", ".join(f"{count} {kind}" for kind, count in sorted(store.requests.items()))


def _resident_mb() -> float:
    return float(psutil.Process().memory_info().rss) / 1e6


def _dataset_pages(store: MemoryStore, many: int) -> Pages:
    """Return the index of a fresh process, and its first and a middle page of datasets."""
    documents, cached_objects, index = _fresh(store, "datasets")
    datasets = DatasetRepository(WORKSPACE, store, documents, cached_objects, index)
    middle = _file_id(many // 2)
    return datasets.list_index, lambda: datasets.page(PAGE), lambda: datasets.page(PAGE, middle)


def _model_pages(store: MemoryStore, many: int) -> Pages:
    documents, cached_objects, index = _fresh(store, "models")
    models = ModelRepository(WORKSPACE, store, documents, cached_objects, index)
    middle = VersionId(_model_name(many // VERSIONS_OF_A_MODEL // 2), VERSIONS_OF_A_MODEL // 2)
    return models.list_index, lambda: models.page(PAGE), lambda: models.page(PAGE, middle)


def _fresh(store: MemoryStore, kind: str) -> tuple[Documents, CachedObjects, ManifestIndex]:
    redis = RedisClient(None)
    cached_objects = CachedObjects(store, redis, Counters(redis), entry_bytes=1 << 20, ttl_seconds=60)
    return Documents(store, redis), cached_objects, ManifestIndex(WORKSPACE, store, redis, kind)


def _dataset_objects(count: int) -> dict[str, bytes]:
    """Return the objects of so many datasets: a manifest and four files each."""
    text = dataset_manifest(_file_id(0)).model_dump_json()
    objects: dict[str, bytes] = {}
    for number in range(count):
        folder = f"{WORKSPACE}/datasets/{_file_id(number)}/"
        objects |= {folder + name: b"x" for name in ("source.csv", "table.parquet", "columns.npz", "profile.json")}
        objects[folder + "manifest.json"] = text.replace(_file_id(0), _file_id(number)).encode()
    return objects


def _version_objects(count: int) -> dict[str, bytes]:
    """Return the manifests of so many versions, 100 of each model, and who serves."""
    text = model_draft(GRAPH_BYTES, PICKLE_BYTES, "NAME", version=1).model_dump_json()
    objects = {}
    for number in range(count):
        name, version = _model_name(number // VERSIONS_OF_A_MODEL), number % VERSIONS_OF_A_MODEL + 1
        body = text.replace('"NAME"', f'"{name}"').replace('"version":1', f'"version":{version}')
        objects[f"{WORKSPACE}/models/{name}/{version}/manifest.json"] = body.encode()
        objects[f"{WORKSPACE}/models/{name}/champion.json"] = b'{"version": 1, "newest": 1}'
    return objects


def _file_id(number: int) -> str:
    return f"{number:021d}"


def _model_name(number: int) -> str:
    return f"model {number:05d}"


if __name__ == "__main__":
    raise SystemExit(run("Pages of long lists", measure))
