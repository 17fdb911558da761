"""The tables of what carries out each command, and of what divides it. Heavy: they load all that any of them needs."""

from core.jobs.commands import (
    CompareCommand,
    ExportTableCommand,
    IngestCommand,
    PredictTableCommand,
    ReadAgainCommand,
    RetrainCommand,
    TrainCommand,
)
from core.jobs.division import DividedCommands
from core.jobs.worker import Handlers
from core.services.processing.ingest_upload import ingest_upload
from core.services.processing.read_again import read_again
from core.services.retraining.retrain import retrain
from core.services.table_prediction.divided import DividedExport, DividedPrediction
from core.services.table_prediction.export_table import export_table
from core.services.table_prediction.predict_table import predict_stored_table
from core.services.training.commands import train
from core.services.training.compare import compare_models
from core.services.training.divided_race import DividedRace

HANDLERS: Handlers = {
    TrainCommand: train,
    CompareCommand: compare_models,
    PredictTableCommand: predict_stored_table,
    ExportTableCommand: export_table,
    RetrainCommand: retrain,
    IngestCommand: ingest_upload,
    ReadAgainCommand: read_again,
}

# By type of command how its jobs are divided into tasks, where they are large enough.
DIVIDED: DividedCommands = {
    CompareCommand: DividedRace(),
    PredictTableCommand: DividedPrediction(),
    ExportTableCommand: DividedExport(),
}
