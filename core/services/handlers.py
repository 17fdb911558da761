"""The tables of what carries out each command, and of what divides it into tasks.

An entry is loaded when it is asked for: a process that predicts chunks does without what trainings load, which is half
of its start and 100 MB.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from core.jobs.commands import (
    Command,
    CompareCommand,
    ExportTableCommand,
    IngestCommand,
    PredictTableCommand,
    ReadAgainCommand,
    RetrainCommand,
    TrainCommand,
)
from core.jobs.division import Divided
from core.jobs.worker import JobHandler

V = TypeVar("V")


@dataclass(frozen=True)
class LazyTable(Mapping[type[Command], V]):
    """A table by type of command whose values are what these functions load and return."""

    loaders: dict[type[Command], Callable[[], V]]

    def __getitem__(self, kind: type[Command]) -> V:
        return self.loaders[kind]()

    def __iter__(self) -> Iterator[type[Command]]:
        return iter(self.loaders)

    def __len__(self) -> int:
        return len(self.loaders)


def _train() -> JobHandler[TrainCommand]:
    from core.services.training.commands import train

    return train


def _compare() -> JobHandler[CompareCommand]:
    from core.services.training.compare import compare_models

    return compare_models


def _predict() -> JobHandler[PredictTableCommand]:
    from core.services.table_prediction.predict_table import predict_stored_table

    return predict_stored_table


def _export() -> JobHandler[ExportTableCommand]:
    from core.services.table_prediction.export_table import export_table

    return export_table


def _retrain() -> JobHandler[RetrainCommand]:
    from core.services.retraining.retrain import retrain

    return retrain


def _ingest() -> JobHandler[IngestCommand]:
    from core.services.processing.ingest_upload import ingest_upload

    return ingest_upload


def _read_again() -> JobHandler[ReadAgainCommand]:
    from core.services.processing.read_again import read_again

    return read_again


def _divided_race() -> Divided[CompareCommand]:
    from core.services.training.divided_race import DividedRace

    return DividedRace()


def _divided_prediction() -> Divided[PredictTableCommand]:
    from core.services.table_prediction.divided import DividedPrediction

    return DividedPrediction()


def _divided_export() -> Divided[ExportTableCommand]:
    from core.services.table_prediction.divided import DividedExport

    return DividedExport()


HANDLERS: LazyTable[JobHandler[Any]] = LazyTable(
    {
        TrainCommand: _train,
        CompareCommand: _compare,
        PredictTableCommand: _predict,
        ExportTableCommand: _export,
        RetrainCommand: _retrain,
        IngestCommand: _ingest,
        ReadAgainCommand: _read_again,
    }
)
DIVIDED: LazyTable[Divided[Any]] = LazyTable(
    {
        CompareCommand: _divided_race,
        PredictTableCommand: _divided_prediction,
        ExportTableCommand: _divided_export,
    }
)
