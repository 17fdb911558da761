"""A sensible event for each function of the template."""

import json
from typing import Any

import httpx

from tests.support.workflow import gbk_csv

Json = dict[str, Any]
FLAT = {"面积": 88.5, "城市": "上海", "房龄": None}


def requests() -> dict[str, httpx.Request]:
    """A sensible request to each function that answers the gateway."""
    model = {"model_name": "flats"}
    excel = {**model, "format": "excel", "data": [FLAT]}
    train = {"model_type": "ridge", "target_column": "价格", "model_name": "invoked"}
    file = {"file": ("房价.csv", gbk_csv())}
    asked = {
        "SystemFunction": ("GET", "/system/status", {}),
        "DataFunction": ("GET", "/data/info", {}),
        "ModelsFunction": ("GET", "/model/trained", {}),
        "PredictFunction": ("POST", "/predict", {"json": {**model, "data": FLAT}}),
        "InferenceFunction": ("GET", "/v2/models/flats", {}),
        "ExportFunction": ("POST", "/predict/export", {"json": excel}),
        "UploadFunction": ("POST", "/data/upload", {"files": file}),
        "ProcessFunction": ("GET", "/data/outliers", {}),
        "JobsFunction": ("GET", "/jobs", {}),
        "SeriesFunction": ("GET", "/series", {}),
        "TrainFunction": ("POST", "/model/train", {"json": train}),
    }
    return {name: httpx.Request(method, f"http://lambda{path}", **more) for name, (method, path, more) in asked.items()}


def message(body: Json) -> Json:
    """An event of a queue with one message."""
    return {"Records": [{"messageId": "m1", "receiptHandle": "none", "body": json.dumps(body), "attributes": {}}]}


# What S3 says when a queue is named to it, and a job that is not there any more: nothing is to be done.
MESSAGES = {
    "IngestFunction": message({"Event": "s3:TestEvent"}),
    "RetrainFunction": message({"Event": "s3:TestEvent"}),
    "WorkerFunction": message({"workspace": "default", "job_id": "00000000"}),
}
# What the schedules send.
SCHEDULED = {"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}
SCHEDULES = {"JanitorFunction": SCHEDULED, "ReconcileFunction": SCHEDULED}
