"""A workspace: everything that belongs to one caller, as repositories that reach nothing else."""

from dataclasses import dataclass

from core.storage.batch_jobs import BatchJobs
from core.storage.cache import Counters
from core.storage.dataset_repository import DatasetRepository
from core.storage.export_repository import ExportRepository
from core.storage.job_queue import JobQueue
from core.storage.job_repository import JobRepository
from core.storage.manifest_index import ManifestIndex
from core.storage.model_repository import ModelRepository
from core.storage.quota_repository import KnownQuotas
from core.storage.s3.object_store import ObjectStore
from core.storage.series_repository import SeriesRepository
from core.storage.state_machine import StateMachine
from core.storage.task_repository import TaskRepository
from core.storage.upload_repository import UploadRepository
from core.storage.usage import UsageRepository


@dataclass(frozen=True)
class Workspace:
    """The repositories of one workspace. Only `core.storage.container.Container.workspace` makes one.

    `objects`, `queue`, `batch` and `quotas` are shared by all workspaces: their keys and messages name the workspace.
    `index` has the manifest index of `datasets`, `models` and `jobs`. `batch` is None where there is no AWS Batch.
    """

    name: str
    datasets: DatasetRepository
    models: ModelRepository
    jobs: JobRepository
    tasks: TaskRepository
    series: SeriesRepository
    uploads: UploadRepository
    exports: ExportRepository
    usage: UsageRepository
    index: dict[str, ManifestIndex]
    objects: ObjectStore
    queue: JobQueue
    batch: BatchJobs | None
    state_machine: StateMachine | None
    counters: Counters
    quotas: KnownQuotas
