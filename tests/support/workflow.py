"""The whole workflow of a caller, from the upload to the exports; every road must return the same answers."""

import csv
import io
import random
from typing import Any

import httpx
from openpyxl import load_workbook

CITIES = ("北京", "上海", "广州", "深圳")


def gbk_csv(rows: int = 120) -> bytes:
    """Return a CSV of flats as a Chinese ERP exports them: in GBK, with Chinese headers and some missing values."""
    chance = random.Random(7)
    lines = ["城市,面积,房龄,价格"]
    for row in range(rows):
        city = chance.randrange(4)
        area = round(chance.uniform(30, 160), 1)
        age = "" if row % 17 == 5 else str(chance.randrange(40))
        price = 3 * area + 40 * city - int(age or 20) + chance.gauss(0, 5)
        lines.append(f"{CITIES[city]},{area},{age},{price:.2f}")
    return "\r\n".join(lines).encode("gbk")


def run_workflow(client: httpx.Client, name: str) -> dict[str, Any]:
    """Upload, process, train, predict and export; return all answers without `VARYING` fields."""

    def call(method: str, path: str, **kwargs: Any) -> Any:
        response = client.request(method, path, **kwargs)
        assert response.status_code == 200, response.text
        return response

    source = gbk_csv()
    uploaded = call("POST", "/data/upload", files={"file": ("房价.csv", source, "text/csv")}).json()
    file_id = uploaded.pop("file_id")
    answers: dict[str, Any] = {
        "upload": uploaded,
        "info": call("GET", "/data/info").json(),
        "preview": call("GET", "/data/preview", params={"rows": 3, "file_id": file_id}).json(),
        "process": call("POST", "/data/process", json={"handle_missing": "mean", "target_column": "价格"}).json(),
        "files": [f for f in call("GET", "/data/files").json()["files"] if f["file_id"] == file_id],
        "switch": call("POST", f"/data/switch/{file_id}").json(),
    }
    row = {"面积": "88.5", "城市": "上海", "房龄": None}
    for model_type in ("linear_regression", "ridge", "random_forest"):
        training = {"model_type": model_type, "model_name": f"{name}-{model_type}", "return_model": True}
        if model_type == "random_forest":
            training["params"] = {"n_estimators": 10}
        trained = call("POST", "/model/train", json=training).json()
        chosen = {"model_name": trained["model_name"], "version": trained["version"]}
        brought = {"model_data": trained.pop("model_data")}
        answers[model_type] = {
            "train": trained,
            "metrics": call("GET", f"/model/metrics/{chosen['model_name']}").json(),
            "info": call("GET", "/model/info", params=chosen).json(),
            "predict": call("POST", "/predict", json={"data": row, **chosen}).json(),
            "brought": call("POST", "/predict", json={"data": row, **brought}).json(),
            "batch": call("POST", "/predict/batch", json={"data": [row, {**row, "城市": "成都"}], **chosen}).json(),
            "stored": call("POST", "/predict/batch", json={"file_id": file_id, "batch_size": 50, **chosen}).json(),
        }
    source_choice = {"file_id": file_id, "model_name": f"{name}-ridge"}
    exports = {
        format: call("POST", "/predict/export", json={**source_choice, "format": format}).content
        for format in ("csv", "json", "excel")
    }
    answers["exports"] = {**exports, "excel": excel_cells(exports["excel"])}
    answers["available"] = call("GET", "/model/available").json()
    answers["deleted"] = call("DELETE", f"/data/files/{file_id}").json()
    return without_varying_fields(answers, name)


def csv_cells(body: bytes) -> list[list[str]]:
    """Return the rows of a CSV export as texts."""
    return list(csv.reader(io.StringIO(body.decode("utf-8-sig"))))


def excel_cells(body: bytes) -> list[tuple[Any, ...]]:
    """Return the rows of a workbook's first sheet as values."""
    book = load_workbook(io.BytesIO(body), read_only=True)
    cells = [row for row in book.worksheets[0].iter_rows(values_only=True)]
    book.close()
    return cells


# What differs from run to run. A function trains as a job, in case it takes longer than an answer may.
VARYING = {
    *("job_id", "file_id", "deleted", "version", "created_at", "created_us", "training_seconds", "latency_us"),
    *("signature", "artifacts", "pickle", "libraries"),
}


def without_varying_fields(answer: Any, name: str) -> Any:
    """Return the answer without identifiers, versions and times, and without the prefix of model names."""
    if isinstance(answer, dict):
        return {key: without_varying_fields(value, name) for key, value in answer.items() if key not in VARYING}
    if isinstance(answer, list):
        return [without_varying_fields(value, name) for value in answer]
    return answer.removeprefix(f"{name}-") if isinstance(answer, str) else answer
