"""Repositories without a container, and the manifests, models and datasets that tests keep in them."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from core.manifests import DatasetManifest, Feature, Recipe
from core.model_manifest import CrossValidation, ModelManifest, StoredFile, TrainedOn
from core.storage.cache import CachedObjects, Counters
from core.storage.container import container
from core.storage.dataset_repository import DatasetRepository
from core.storage.documents import Documents
from core.storage.job_repository import JobProgress, JobRepository
from core.storage.lists.upkeep import Later
from core.storage.manifest_index import ManifestIndex
from core.storage.model_repository import ModelRepository
from core.storage.redis.redis_client import RedisClient
from core.storage.s3.object_store import ObjectStore
from core.storage.workspace import Workspace

GRAPH_BYTES, PICKLE_BYTES = b"graph" * 100, b"pickle"

BUCKET = "regatta-tests"
WORKSPACE = "default"


def home() -> Workspace:
    """Return the workspace of the tests, by the settings of the process."""
    return container().workspace(WORKSPACE)


def stored_at(objects: ObjectStore, url: str) -> bytes:
    """Return the object that is downloaded from a presigned URL."""
    return objects.get(unquote(urlsplit(url).path).removeprefix(f"/{objects.bucket}/"))


class Repositories:
    """The repositories of one workspace over a given object store and Redis."""

    def __init__(self, objects: ObjectStore, redis: RedisClient | None = None, workspace: str = WORKSPACE) -> None:
        self.objects = objects
        self.workspace = workspace
        self.redis = redis or RedisClient(None)
        self.documents = Documents(objects, self.redis)
        counters = Counters(self.redis)
        self.cached_objects = CachedObjects(objects, self.redis, counters, entry_bytes=1 << 20, ttl_seconds=60)
        self.index = {kind: ManifestIndex(workspace, objects, self.redis, kind) for kind in ("datasets", "models")}
        self.datasets = DatasetRepository(
            workspace, objects, self.documents, self.cached_objects, self.index["datasets"]
        )
        self.models = ModelRepository(workspace, objects, self.documents, self.cached_objects, self.index["models"])

    def jobs(self, later: Later | None = None) -> JobRepository:
        """Return the jobs of the workspace."""
        index = ManifestIndex(self.workspace, self.objects, self.redis, "jobs", ".json")
        progress = JobProgress(self.workspace, self.redis)
        return JobRepository(self.workspace, self.documents, progress, index, self.objects, later)

    def keys(self) -> list[str]:
        """Return every key in the bucket."""
        return [item.key for item in self.objects.list("")]


def add_dataset(
    datasets: DatasetRepository, manifest: DatasetManifest, files: Mapping[str, bytes | Path] | None = None
) -> None:
    """Store a dataset with these files."""
    with datasets.draft(manifest.file_id) as draft:
        for name, body in (files or {}).items():
            draft.send(name, body)
        draft.commit(manifest)


def stored_file(body: bytes) -> StoredFile:
    """Return the size and the digest of a file, as a manifest names them."""
    return StoredFile(size_bytes=len(body), sha256=hashlib.sha256(body).hexdigest())


def model_draft(graph: bytes, pickle: bytes, name: str = "boat", **changes: Any) -> ModelManifest:
    """Return a manifest as training gives it to `publish`."""
    values = {
        "model_name": name,
        "version": 0,
        "model_type": "ridge",
        "created_at": "2026-01-01T00:00:00+00:00",
        "target_column": "y",
        "features": [Feature(name="城", type="category", fill="a", levels=["a", "b"])],
        "metrics": {"mse": 0.1, "r2": 1 / 3},
        "cross_validation": CrossValidation(scores=[0.1, 0.2], mean=0.15, std=0.05),
        "parameters": {"alpha": 1.0, "solver": "auto", "positive": False, "tol": 1e-4, "max_iter": None},
        "recipe": Recipe(target_column="y"),
        "test_size": 0.2,
        "training_seconds": 0.5,
        "dataset": TrainedOn(file_id="0" * 21, filename="船.csv", sha256="0" * 64, rows_train=80, rows_test=20),
        "notes": ["a note"],
        "libraries": {"python": "3.11"},
        "graph": stored_file(graph),
        "pickle": stored_file(pickle),
    }
    return ModelManifest(**{**values, **changes})


def dataset_manifest(file_id: str = "0198c0ffee0", **changes: Any) -> DatasetManifest:
    """Return a manifest as ingestion writes it."""
    values = {
        "file_id": file_id,
        "filename": "船.csv",
        "created_at": "2026-01-01T00:00:00+00:00",
        "size_bytes": 10,
        "sha256": "0" * 64,
        "encoding": "gbk",
        "delimiter": ",",
        "rows": 2,
        "memory_bytes": 32,
        "columns": [{"name": "a", "type": "integer", "missing": 0, "distinct": 2}],
        "duplicate_rows": 0,
        "warnings": [],
    }
    return DatasetManifest(**{**values, **changes})
