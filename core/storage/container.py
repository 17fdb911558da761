"""The one place that makes the storage of a process from its settings, lazily."""

from functools import cache

from core.access.workspace_names import check_workspace_name
from core.context_threads import in_a_thread
from core.settings import Settings, settings
from core.storage.aws_session import AwsSession
from core.storage.batch_jobs import BatchJobs
from core.storage.cache import CachedObjects, Counters
from core.storage.dataset_repository import DatasetRepository
from core.storage.documents import Documents
from core.storage.export_repository import ExportRepository
from core.storage.job_queue import JobQueue, create_queue
from core.storage.job_repository import JobProgress, JobRepository
from core.storage.manifest_index import MANIFEST, ManifestIndex
from core.storage.model_repository import ModelRepository
from core.storage.quota_repository import KnownQuotas
from core.storage.redis.redis_client import RedisClient
from core.storage.s3.object_store import ObjectStore
from core.storage.series_repository import SeriesRepository
from core.storage.state_machine import StateMachine
from core.storage.task_repository import TaskRepository
from core.storage.upload_repository import UploadRepository
from core.storage.usage import UsageRepository
from core.storage.workspace import Workspace


class Container:
    """The storage that all workspaces share, and the workspaces.

    Nothing is connected before it is needed: boto3 and redis are loaded on first use.
    """

    def __init__(
        self,
        objects: ObjectStore,
        redis: RedisClient,
        counters: Counters,
        cached_objects: CachedObjects,
        queue: JobQueue,
        quotas: KnownQuotas,
        batch: BatchJobs | None = None,
        state_machine: StateMachine | None = None,
    ) -> None:
        self.objects = objects
        self.redis = redis
        self.counters = counters
        self.queue = queue
        self.batch = batch
        self.state_machine = state_machine
        self._cached_objects = cached_objects
        self.documents = Documents(objects, redis)
        self.quotas = quotas
        self._workspaces: dict[str, Workspace] = {}

    def workspace(self, name: str) -> Workspace:
        """Return the workspace of this name; the same object each time, since it remembers which versions serve.

        Raises `InvalidInputError` for a text that is no name of a workspace, wherever it comes from: an argument, a
        key of the bucket, or a message.
        """
        found = self._workspaces.get(name)
        # Two threads may both make one the first time; `setdefault` lets one of them win.
        return found or self._workspaces.setdefault(name, self._new_workspace(check_workspace_name(name)))

    def expect_changes(self) -> None:
        """Read documents from the bucket for a moment, because another process has written for this one."""
        self.documents.distrust()

    def _new_workspace(self, name: str) -> Workspace:
        objects, documents = self.objects, self.documents
        progress = JobProgress(name, self.redis)

        def most_bytes() -> int | None:
            return self.quotas.recall(name).redis_bytes

        endings = {"datasets": f"/{MANIFEST}", "models": f"/{MANIFEST}", "jobs": ".json"}
        index = {
            kind: ManifestIndex(name, objects, self.redis, kind, ending, most_bytes) for kind, ending in endings.items()
        }
        datasets = DatasetRepository(name, objects, documents, self._cached_objects, index["datasets"], in_a_thread)
        return Workspace(
            name=name,
            datasets=datasets,
            models=ModelRepository(
                name,
                objects,
                documents,
                self._cached_objects,
                index["models"],
                current_file=datasets.current,
                later=in_a_thread,
            ),
            jobs=JobRepository(name, documents, progress, index["jobs"], objects, in_a_thread),
            tasks=TaskRepository(name, objects, documents),
            series=SeriesRepository(name, objects, documents),
            uploads=UploadRepository(name, objects, documents, progress),
            exports=ExportRepository(name, objects),
            usage=UsageRepository(name, documents),
            index=index,
            objects=objects,
            queue=self.queue,
            batch=self.batch,
            state_machine=self.state_machine,
            counters=self.counters,
            quotas=self.quotas,
        )


@cache
def container() -> Container:
    """Return the container of this process. Only entry points call this: functions, commands and tests."""
    chosen = settings()
    objects = ObjectStore(chosen.bucket, chosen.s3_endpoint)
    redis = RedisClient(chosen.redis_url)
    counters, quotas = Counters(redis), KnownQuotas(objects)
    cached_objects = CachedObjects(
        objects,
        redis,
        counters,
        entry_bytes=chosen.cache_redis_entry_bytes,
        ttl_seconds=chosen.cache_ttl_seconds,
        quotas=quotas,
    )
    queue = create_queue(chosen.jobs_queue_url, objects, redis)
    machine = StateMachine(chosen.state_machine, objects) if chosen.state_machine else None
    return Container(objects, redis, counters, cached_objects, queue, quotas, _batch(chosen, objects.session), machine)


def _batch(chosen: Settings, session: AwsSession) -> BatchJobs | None:
    """Return the job queue of AWS Batch, if the settings name one and a job definition."""
    if chosen.batch_queue is None or chosen.batch_job_definition is None:
        return None
    return BatchJobs(
        chosen.batch_queue,
        chosen.batch_job_definition,
        session,
        seconds=chosen.batch_seconds,
        most_bytes=chosen.batch_memory_bytes,
    )
