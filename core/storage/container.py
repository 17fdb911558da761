"""The one place that wires the storage parts together from the settings, lazily, once a process."""

from dataclasses import dataclass
from functools import cache

from core.settings import settings
from core.storage.cache import Counters, WarmObjects
from core.storage.dataset_repository import DatasetStore
from core.storage.documents import Documents
from core.storage.export_repository import ExportStore
from core.storage.job_queue import BucketQueue, SqsQueue, make_queue
from core.storage.job_repository import JobProgress, JobStore
from core.storage.manifest_index import ManifestIndex
from core.storage.model_repository import ModelStore
from core.storage.redis.redis_client import SharedState
from core.storage.s3.object_store import ObjectStore
from core.storage.series_repository import SeriesStore
from core.storage.upload_repository import UploadStore


@dataclass(frozen=True)
class Storage:
    """Everything a function keeps things with."""

    objects: ObjectStore
    shared: SharedState
    counters: Counters
    datasets: DatasetStore
    models: ModelStore
    exports: ExportStore
    uploads: UploadStore
    series: SeriesStore
    jobs: JobStore
    queue: SqsQueue | BucketQueue
    index: dict[str, ManifestIndex]


@cache
def storage() -> Storage:
    """The process's storage. Nothing is connected yet: boto3 and redis are loaded when first needed."""
    chosen = settings()
    objects = ObjectStore(chosen.bucket, chosen.s3_endpoint)
    shared = SharedState(chosen.redis_url)
    counters = Counters(shared)
    documents = Documents(objects, shared)
    progress = JobProgress(shared)
    warm = WarmObjects(
        objects,
        shared,
        counters,
        entry_bytes=chosen.cache_redis_entry_bytes,
        ttl_seconds=chosen.cache_ttl_seconds,
    )
    index = {kind: ManifestIndex(objects, shared, kind) for kind in ("datasets", "models")}
    index["jobs"] = ManifestIndex(objects, shared, "jobs", ".json")
    return Storage(
        objects=objects,
        shared=shared,
        counters=counters,
        datasets=DatasetStore(objects, documents, warm, index["datasets"]),
        models=ModelStore(objects, documents, warm, index["models"]),
        exports=ExportStore(objects),
        uploads=UploadStore(objects, documents, progress),
        series=SeriesStore(objects, documents),
        jobs=JobStore(documents, progress, index["jobs"]),
        queue=make_queue(chosen.jobs_queue_url, objects),
        index=index,
    )
