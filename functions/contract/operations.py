"""The operations of the API: the name of each, what it answers, and which errors it can give."""

from dataclasses import dataclass, replace

from pydantic import BaseModel

from core.storage.series_repository import Arrival
from functions.contract import data_answers as data
from functions.contract import job_answers as jobs
from functions.contract import model_answers as models
from functions.contract import predict_answers as predictions
from functions.contract import profile_answers as profiles
from functions.contract import series_answers as series
from functions.contract import system_answers as system
from functions.contract.answer import Deleted, FileSummary

JSON, HTML, BYTES, CSV = "application/json", "text/html", "application/octet-stream", "text/csv"
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PARQUET = "application/vnd.apache.parquet"
JSON_LINES = "application/x-ndjson"
# What a file may have been received as, besides.
RECEIVED = (
    "application/gzip",
    "application/zip",
    "application/vnd.ms-excel",
    "application/vnd.oasis.opendocument.spreadsheet",
)


@dataclass(frozen=True)
class Answers:
    """One way in which an operation succeeds: its status, the schema of its JSON, and its other media types."""

    status: int = 200
    schema: type[BaseModel] | None = None
    media: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    description: str = "Success"


@dataclass(frozen=True)
class Operation:
    """An operation. Any can answer 422, 500 and 503; `errors` are the others that it can give."""

    id: str
    answers: tuple[Answers, ...]
    errors: tuple[int, ...] = ()


ACCEPTED = Answers(
    202, jobs.JobAnswer, headers=("Location", "Preference-Applied", "Retry-After"), description="It goes on as a job"
)
ATTACHMENT = ("Content-Disposition",)
REPORT = Answers(media=(HTML,), headers=(*ATTACHMENT, "Content-Language"))
OF_GRAPH = ("ETag", "Regatta-Trained-With", "Repr-Digest")
ELSEWHERE = Answers(303, headers=("Location",), description="The file is at a URL that works for an hour")
CONSOLE = Answers(303, headers=("Location",), description="A browser, which asks for a page, is sent to the console")
UNCHANGED = Answers(304, headers=OF_GRAPH, description="The caller has these bytes")


def _json(
    answer: type[BaseModel], *others: Answers, status: int = 200, headers: tuple[str, ...] = ()
) -> tuple[Answers, ...]:
    return (Answers(status, answer, headers=headers), *others)


# What a body adds: it cannot be parsed, is too large, or is packed in a way that is not known.
BODY = (400, 408, 413, 415)
ABSENT = (404,)
LONG = (*BODY, 404, 504)

CHANGED_JOB = _json(jobs.JobAnswer, status=202, headers=("Location", "Retry-After"))
INFERRED = (Answers(schema=predictions.InferAnswer, media=(BYTES,), headers=("Inference-Header-Content-Length",)),)

OPERATIONS: dict[tuple[str, str], Operation] = {
    ("GET", "/"): Operation("get_index", _json(system.Index, CONSOLE)),
    ("GET", "/system/status"): Operation("get_status", _json(system.SystemStatus)),
    ("GET", "/healthz"): Operation("check_health", _json(system.Health)),
    ("GET", "/readyz"): Operation("check_readiness", _json(system.Readiness)),
    ("POST", "/data/upload"): Operation("upload_file", _json(data.Upload), BODY),
    ("GET", "/data/info"): Operation("get_dataset", _json(data.DatasetInfo), ABSENT),
    ("GET", "/data/preview"): Operation("preview_dataset", _json(data.Preview), ABSENT),
    ("GET", "/data/rows"): Operation("read_rows", _json(data.DatasetRows), ABSENT),
    ("GET", "/data/profile"): Operation("profile_dataset", _json(profiles.Profile), ABSENT),
    ("GET", "/data/report"): Operation("report_dataset", (REPORT,), ABSENT),
    ("GET", "/data/outliers"): Operation("find_outliers", _json(profiles.Outliers), ABSENT),
    ("POST", "/data/process"): Operation("process_dataset", _json(data.ProcessEffect), (*BODY, 404)),
    ("GET", "/data/download"): Operation(
        "download_dataset",
        (Answers(media=(CSV, EXCEL, JSON, JSON_LINES, PARQUET, *RECEIVED), headers=ATTACHMENT), ELSEWHERE),
        (404, 413),
    ),
    ("GET", "/data/files"): Operation("list_files", _json(data.Files)),
    ("GET", "/data/files/{file_id}"): Operation(
        "get_file_status", (Answers(schema=data.FileReady), Answers(schema=data.UploadTicket)), ABSENT
    ),
    ("PATCH", "/data/files/{file_id}"): Operation("rename_file", _json(FileSummary), (*BODY, 404)),
    ("DELETE", "/data/files/{file_id}"): Operation("delete_file", _json(data.FileDeleted), ABSENT),
    ("PATCH", "/data/files/{file_id}/reading"): Operation(
        "change_reading", _json(data.Upload, ACCEPTED, status=201, headers=("Location",)), LONG
    ),
    ("POST", "/data/switch/{file_id}"): Operation("switch_file", _json(FileSummary), ABSENT),
    ("POST", "/data/uploads"): Operation("start_upload", _json(data.UploadStarted, status=201), BODY),
    ("GET", "/data/uploads/{file_id}"): Operation("resume_upload", _json(data.UploadStarted), ABSENT),
    ("DELETE", "/data/uploads/{file_id}"): Operation("abort_upload", _json(Deleted), ABSENT),
    ("POST", "/data/uploads/{file_id}/complete"): Operation(
        "complete_upload", _json(data.UploadTicket, status=202, headers=("Location", "Retry-After")), ABSENT
    ),
    ("GET", "/model/available"): Operation("list_regressors", _json(models.Regressors)),
    ("POST", "/model/train"): Operation("train_model", _json(models.Trained, ACCEPTED), LONG),
    ("POST", "/model/compare"): Operation("compare_models", _json(models.Comparison, ACCEPTED), LONG),
    ("GET", "/model/trained"): Operation("list_models", _json(models.TrainedModels)),
    ("DELETE", "/model/trained/{model_name}"): Operation("delete_model", _json(models.VersionsDeleted), ABSENT),
    ("GET", "/model/info"): Operation("get_model", _json(models.ModelInformation), (400, 404)),
    ("GET", "/model/metrics/{model_name}"): Operation("get_metrics", _json(models.ModelMetrics), (400, 404)),
    ("GET", "/model/importance/{model_name}"): Operation("get_importance", _json(models.ModelImportance), (400, 404)),
    ("GET", "/model/effects/{model_name}"): Operation("get_effects", _json(models.ModelEffects), (400, 404)),
    ("GET", "/model/schema/{model_name}"): Operation("get_schema", _json(models.ModelSchema), (400, 404)),
    ("GET", "/model/report/{model_name}"): Operation("report_model", (REPORT,), (400, 404)),
    ("GET", "/model/artifact/{model_name}"): Operation(
        "download_model",
        (
            Answers(media=(BYTES,), headers=(*OF_GRAPH, *ATTACHMENT)),
            replace(ELSEWHERE, headers=("Location", *OF_GRAPH)),
            UNCHANGED,
        ),
        (400, 404),
    ),
    ("POST", "/model/champion/{model_name}"): Operation("choose_champion", _json(models.ChampionChosen), (*BODY, 404)),
    ("POST", "/model/rename/{model_name}"): Operation("rename_model", _json(models.ModelRenamed), (*BODY, 404)),
    ("POST", "/predict"): Operation("predict_row", _json(predictions.Prediction), (*BODY, 404)),
    ("POST", "/predict/batch"): Operation(
        "predict_rows", _json(predictions.BatchPredictions, ACCEPTED, ELSEWHERE), (*BODY, 404)
    ),
    ("POST", "/predict/export"): Operation(
        "export_predictions",
        (
            Answers(media=(CSV, EXCEL, JSON, JSON_LINES), headers=(*ATTACHMENT, "Regatta-Stale-Seconds")),
            ACCEPTED,
            ELSEWHERE,
        ),
        (*BODY, 404),
    ),
    ("GET", "/v2"): Operation("get_server_metadata", _json(predictions.ServerMetadata)),
    ("GET", "/v2/health/live"): Operation("get_liveness", _json(predictions.Live)),
    ("GET", "/v2/health/ready"): Operation("get_readiness", _json(predictions.Ready)),
    ("GET", "/v2/models/{model_name}"): Operation("get_model_metadata", _json(predictions.ModelMetadata), (400, 404)),
    ("GET", "/v2/models/{model_name}/versions/{version}"): Operation(
        "get_version_metadata", _json(predictions.ModelMetadata), (400, 404)
    ),
    ("GET", "/v2/models/{model_name}/ready"): Operation(
        "get_model_readiness", _json(predictions.ModelReady), (400, 404)
    ),
    ("GET", "/v2/models/{model_name}/versions/{version}/ready"): Operation(
        "get_version_readiness", _json(predictions.ModelReady), (400, 404)
    ),
    ("POST", "/v2/models/{model_name}/infer"): Operation("infer", INFERRED, (*BODY, 404)),
    ("POST", "/v2/models/{model_name}/versions/{version}/infer"): Operation(
        "infer_with_version", INFERRED, (*BODY, 404)
    ),
    ("GET", "/jobs"): Operation("list_jobs", _json(jobs.JobPage), ABSENT),
    ("GET", "/jobs/{job_id}"): Operation("get_job", _json(jobs.JobAnswer), ABSENT),
    ("POST", "/jobs/{job_id}/cancel"): Operation("cancel_job", CHANGED_JOB, ABSENT),
    ("POST", "/jobs/{job_id}/retry"): Operation("retry_job", CHANGED_JOB, ABSENT),
    ("GET", "/series"): Operation("list_series", _json(series.SeriesList)),
    ("PUT", "/series/{name}"): Operation("configure_series", _json(series.SeriesConfigured), BODY),
    ("GET", "/series/{name}"): Operation("get_series", _json(series.SeriesStatus), ABSENT),
    ("GET", "/series/{name}/history"): Operation("list_decisions", _json(series.SeriesHistory), ABSENT),
    ("GET", "/series/{name}/reports/{job_id}"): Operation(
        "report_decision",
        (Answers(schema=series.DecisionReport), Answers(media=(HTML,), headers=("Content-Language",))),
        ABSENT,
    ),
    ("PATCH", "/series/{name}/arrivals/{job_id}"): Operation("overrule_decision", _json(Arrival), (*BODY, 404)),
    ("POST", "/series/{name}/uploads"): Operation(
        "presign_series_upload", _json(series.SeriesUpload, status=201), BODY
    ),
}
