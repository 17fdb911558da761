"""Versions of models, published for a test and read back as another process reads them."""

import json
from collections.abc import Iterator
from typing import Any

from core.storage.artifacts import GRAPH, PICKLE
from core.storage.s3.object_store import ObjectStore
from tests.support.former_signatures import sign_before
from tests.support.object_stores import CutOffStore
from tests.support.storage import GRAPH_BYTES, PICKLE_BYTES, WORKSPACE, Repositories, model_draft


def graphs_by_version(repositories: Repositories, name: str = "boat") -> dict[int, bytes]:
    """Return the graph of each version by its number; loading checks the signatures."""
    listed = [manifest for manifest, _ in repositories.models.page(100, None, name).models]
    assert all(manifest.model_name == name for manifest in listed)
    return {m.version: repositories.models.load(name, m.version).graph for m in listed}


def serving_version(repositories: Repositories, name: str) -> int | None:
    """Return the champion's number as a fresh process reads it."""
    return Repositories(repositories.objects).models.serving(name)


def publish_versions(repositories: Repositories, count: int, name: str = "boat") -> dict[int, bytes]:
    """Publish `count` versions, each with a graph of its own, and return the graphs by number."""
    graphs = {number: b"%s %d" % (name.encode(), number) for number in range(1, count + 1)}
    for graph in graphs.values():
        publish(repositories, name, graph)
    return graphs


def each_interruption(bucket: ObjectStore) -> Iterator[tuple[int, Repositories]]:
    """Yield an emptied bucket and repositories that are cut off from it after 0 writes, after 1, and so on."""
    for writes in range(100):
        bucket.delete([item.key for item in bucket.list("")])
        yield writes, Repositories(CutOffStore(bucket, writes))
    raise AssertionError("It never came to an end.")


def publish(repositories: Repositories, name: str = "boat", body: bytes = GRAPH_BYTES, **changes: Any) -> int:
    """Store a model as the next version of its name, let it serve, and return its number."""
    files = {GRAPH: body, PICKLE: PICKLE_BYTES}
    return repositories.models.publish(model_draft(body, PICKLE_BYTES, name, **changes), files).version


def publish_beside_manifest(repositories: Repositories, version: int = 1, name: str = "boat") -> None:
    """Store a model as the first versions of Regatta did: its files beside a manifest with fewer fields."""
    draft = model_draft(GRAPH_BYTES, PICKLE_BYTES, name, version=version)
    content = draft.model_dump(exclude={"signature", "artifacts", "job_id"})
    signature = sign_before(json.dumps(content, sort_keys=True, ensure_ascii=False).encode())
    folder = f"{WORKSPACE}/models/{name}"
    repositories.objects.put(f"{folder}/{version}/{GRAPH}", GRAPH_BYTES)
    repositories.objects.put(f"{folder}/{version}/{PICKLE}", PICKLE_BYTES)
    repositories.objects.put(
        f"{folder}/{version}/manifest.json", json.dumps({**content, "signature": signature}).encode()
    )
    repositories.objects.put(f"{folder}/champion.json", json.dumps({"version": version}).encode())
