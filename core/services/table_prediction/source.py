"""Where the rows of a divided job come from, a stored table or many objects of the bucket: one interface for both."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict

from core.errors import NoSuchModelError
from core.inference.read_again import ColumnsReadAgain
from core.jobs.commands import TableCommand
from core.model_manifest import ModelManifest
from core.progress import ReportProgress
from core.services.prediction.loaded_models import LoadedModel, find_model
from core.storage.task_repository import Division
from core.storage.workspace import Workspace
from core.tables.table import Table
from core.types import ColumnType, Json

# A multipart upload has at most 10,000 parts, and an answer of three lists has three for each task. Each task that
# ends lists the markers of all others, 1,000 in a request: 3,000 tasks are 4,500 requests more.
MOST_TASKS = 3_000


@dataclass(frozen=True)
class OpenRows:
    """The rows of one task on this machine's disk, and the columns that were read again from their text."""

    folder: Path
    model: LoadedModel
    table: Table
    rows: range
    read_again: ColumnsReadAgain
    # What the end of the job has to know of how the rows were read.
    facts: Json = field(default_factory=dict)


class Source(BaseModel, ABC):
    """The facts of a division: the version of the model, which is the same for all tasks, and where their rows are."""

    model_config = ConfigDict(frozen=True)

    version: int
    # When the version was trained: another model may have its name and number by now.
    trained_at: str

    @classmethod
    @abstractmethod
    def divide(
        cls, workspace: Workspace, command: TableCommand, report_progress: ReportProgress, job_id: str
    ) -> Division | None:
        """Return the division of the rows; None where one task is enough."""

    @abstractmethod
    def open(
        self,
        workspace: Workspace,
        command: TableCommand,
        number: int,
        report_progress: ReportProgress,
        job_id: str,
    ) -> AbstractContextManager[OpenRows]:
        """Give the rows of a task; raises for those that are gone, were changed or cannot be read."""

    @abstractmethod
    def in_order(self) -> Sequence[int]:
        """Return the numbers of the tasks in the order of their rows."""

    @abstractmethod
    def warnings(self, outputs: list[Json]) -> list[str]:
        """Return what was unusual about reading the rows, given the facts of all tasks; raises where these disagree."""

    def cast_tasks(self) -> int:
        """Return how many tasks there are to cast columns, where that may be needed."""
        return 0

    def casts(self, outputs: list[Json]) -> Mapping[int, Mapping[str, ColumnType]]:
        """Return by the number of a task the columns that it has stored with another type than the whole table has.

        With each of them is the type of the whole table.
        """
        return {}

    @classmethod
    def of(cls, division: Division) -> Self:
        """Return the facts of a division."""
        return cls.model_validate(division.facts)

    def manifest(self, workspace: Workspace, command: TableCommand) -> ModelManifest:
        """Return the manifest of the version that was fixed; raises `NoSuchModelError` where it is gone."""
        return self._checked(workspace.models.manifest(command.model_name, self.version))

    def model(self, workspace: Workspace, command: TableCommand) -> LoadedModel:
        """Return the version that was fixed, ready to predict; raises `NoSuchModelError` where it is gone."""
        model = find_model(workspace, command.model_name, self.version)
        self._checked(model.manifest)
        return model

    def _checked(self, manifest: ModelManifest) -> ModelManifest:
        if manifest.created_at != self.trained_at:
            raise NoSuchModelError(
                f"Version {self.version} of {manifest.model_name!r} was deleted while it predicted, and another model "
                "has its name now. Send the request again."
            )
        return manifest
