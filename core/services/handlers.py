"""The table of what carries out each command. Heavy: it loads all that any of them needs."""

from core.jobs.commands import (
    CompareCommand,
    ExportTableCommand,
    IngestCommand,
    PredictTableCommand,
    ReadAgainCommand,
    RetrainCommand,
    TrainCommand,
)
from core.jobs.worker import Handlers
from core.services.processing.ingest_upload import ingest_upload
from core.services.processing.read_again import read_again
from core.services.retraining.retrain import retrain
from core.services.table_prediction.export_table import export_table
from core.services.table_prediction.predict_table import predict_stored_table
from core.services.training.commands import train
from core.services.training.compare import compare_models

HANDLERS: Handlers = {
    TrainCommand: train,
    CompareCommand: compare_models,
    PredictTableCommand: predict_stored_table,
    ExportTableCommand: export_table,
    RetrainCommand: retrain,
    IngestCommand: ingest_upload,
    ReadAgainCommand: read_again,
}
