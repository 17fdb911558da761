"""Write a small bucket with the code of a version, and what that code answers about it.

`tests/data/buckets/0.1/` was written by this script at commit 0759512, the last one of version 0.1. It is kept to be
read, and as the start of the script for the next layout; no test runs it. It needs the modules of its own version.
"""

import base64
import json
import os
import sys
from contextlib import suppress
from pathlib import Path

import httpx
import numpy as np
import pandas as pd
from moto import mock_aws

HERE = Path(__file__).parent
BUCKET = "regatta-tests"
KEY = "the signing key of the buckets in tests/data"
os.environ |= {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "REGATTA_BUCKET": BUCKET,
    "REGATTA_SIGNING_KEY": KEY,
}
ASYNC = {"Prefer": "respond-async"}


def orders(rows: int = 90) -> bytes:
    """Write a Chinese table in GBK: a date, two categories with gaps, a decimal and the price."""
    random = np.random.default_rng(7)
    city = random.choice(["北京", "上海", "广州", ""], rows, p=[0.4, 0.3, 0.2, 0.1])
    size = random.choice(["大", "中", "小"], rows)
    weight = np.round(random.gamma(3.0, 2.0, rows), 2)
    date = pd.Timestamp("2025-01-01") + pd.to_timedelta(random.integers(0, 300, rows), unit="D")
    price = 12 + 3.5 * weight + 6 * (size == "大") + 4 * (city == "上海") + random.normal(0, 0.5, rows)
    table = pd.DataFrame(
        {"日期": date.strftime("%d/%m/%Y"), "城市": city, "规格": size, "重量": weight, "价格": np.round(price, 2)}
    )
    return table.to_csv(index=False).encode("gbk")


def mixes() -> bytes:
    """Write the first rows of the concrete table, with gaps."""
    table = pd.read_csv(Path("examples/concrete.csv")).iloc[::9].head(100).reset_index(drop=True)
    table.loc[::11, "ash"] = np.nan
    return table.to_csv(index=False).encode()


def month(seed: int, scale: float = 1.0) -> bytes:
    """Write a month of the series: y depends on x and the colour."""
    random = np.random.default_rng(seed)
    x, colour = random.normal(size=120), random.choice(["red", "green", "blue"], 120)
    y = 3 * x + 2 * (colour == "red") + random.normal(scale=0.3, size=120)
    return pd.DataFrame({"x": x, "colour": colour, "y": scale * y}).to_csv(index=False).encode()


class Writer:
    """One bucket being written, over the handlers of this version."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client
        self.jobs: list[str] = []

    def post(self, path: str, **kwargs: object) -> dict:
        """Post, and return the JSON of a success."""
        answer = self.client.post(path, **kwargs)
        assert answer.is_success, (path, answer.text)
        return answer.json()

    def train(self, model_type: str, name: str, file_id: str, **fields: object) -> dict:
        """Train one version."""
        wanted = {"model_type": model_type, "model_name": name, "file_id": file_id, **fields}
        return self.post("/model/train", json=wanted)

    def job(self, path: str, run: bool = True, **kwargs: object) -> str:
        """Submit a job and, unless it is to wait, do it."""
        from core.work.working import GaveUpError, work

        job_id = self.post(path, headers=ASYNC, **kwargs)["job_id"]
        if run:
            with suppress(GaveUpError):
                work("default", job_id, seconds=600)
        self.jobs.append(job_id)
        return job_id

    def arrive(self, series: str, name: str, body: bytes) -> None:
        """Let a file arrive in a series and be decided about."""
        from core.retraining import arrivals
        from core.storage.wiring import storage
        from core.work.working import GaveUpError, work

        key = f"incoming/default/{series}/{name}"
        store = storage().objects
        store.client.put_object(Bucket=store.bucket, Key=key, Body=body)
        job = arrivals.announce(key)
        with suppress(GaveUpError):
            work("default", job.job_id, seconds=600)
        self.jobs.append(job.job_id)


def write(client: httpx.Client) -> list[dict]:
    """Fill the bucket; return the requests whose answers are kept."""
    from core.storage.wiring import storage

    to = Writer(client)
    prices = to.post("/data/upload", files={"file": ("订单.csv", orders())})["file_id"]
    concrete = to.post("/data/upload", files={"file": ("mixes.csv", mixes())})["file_id"]
    to.post("/data/process", json={"handle_missing": "median", "target_column": "strength"})
    to.post(f"/data/switch/{prices}")
    to.post("/data/process", json={"handle_missing": "mode", "target_column": "价格"})
    for test_size in (0.2, 0.3):
        to.train("ridge", "价格", prices, test_size=test_size)
        to.train(
            "gradient_boosting",
            "boosted",
            concrete,
            test_size=test_size,
            target_transform="trend",
            params={"n_estimators": 12, "max_depth": 2},
        )
        to.train(
            "random_forest",
            "forest",
            concrete,
            test_size=test_size,
            target_transform="log",
            params={"n_estimators": 5, "max_depth": 5},
        )
        to.train("svr", "kernel", prices, test_size=test_size)
    to.train("knn", "neighbours", prices)
    to.train("hist_gradient_boosting", "binned", prices, params={"max_iter": 8})
    to.train("elastic_net", "short", prices, target_transform="yeo_johnson")
    to.train("ridge", "short", prices)
    client.delete("/model/trained/short", params={"version": 1}).raise_for_status()
    to.post("/model/champion/forest", json={"version": 1})
    cars = to.post("/data/upload", files={"file": ("mpg.csv", Path("examples/mpg.csv").read_bytes())})["file_id"]
    to.post(f"/data/switch/{prices}")
    limits = {"time_limit": 5, "max_bytes": 200_000, "target_column": "mpg"}
    race = to.post("/model/compare", params={"file_id": cars, "ensemble": True, **limits})
    to.post(f"/model/rename/{race['best']['model_name']}", json={"new_name": "winner"})

    to.job("/model/train", json={"model_type": "lasso", "model_name": "by job", "file_id": prices})
    to.job(
        "/model/train", json={"model_type": "ridge", "model_name": "bad", "file_id": prices, "params": {"alpha": -1}}
    )
    to.job("/model/compare", params={"file_id": concrete, "ensemble": True, "time_limit": 4, "max_bytes": 60000})
    to.job("/predict/batch", json={"model_name": "价格", "file_id": prices, "interval": 0.9})
    to.job("/predict/export", json={"model_name": "boosted", "file_id": concrete, "format": "csv"})
    waiting = to.job("/model/train", run=False, json={"model_type": "ridge", "model_name": "waited", "file_id": prices})
    cancelled = to.job(
        "/model/train", run=False, json={"model_type": "lasso", "model_name": "never", "file_id": prices}
    )
    to.post(f"/jobs/{cancelled}/cancel")

    client.put("/series/prices", json={"target_column": "y", "time_limit": 2}).raise_for_status()
    first = to.post("/data/upload", files={"file": ("m0.csv", month(0))})["file_id"]
    to.train("ridge", "prices", first, target_column="y")
    to.post(f"/data/switch/{prices}")
    to.arrive("prices", "m1.csv", month(1))
    to.arrive("prices", "m2.csv", month(2))
    to.arrive("prices", "m3.csv", month(3, scale=100.0))
    to.arrive("prices", "m4.csv", b"x,colour\n1,red\n2,blue\n")

    announced = to.post("/data/uploads", json={"filename": "later.csv", "size_bytes": len(orders()), "encoding": "gbk"})
    received = to.post("/data/uploads", json={"filename": "received.csv", "size_bytes": len(mixes())})["file_id"]
    storage().objects.put(f"uploads/default/{received}.csv", mixes())

    models = client.get("/model/trained", params={"limit": 1000}).json()["models"]
    requests: list[dict] = [
        {"path": path}
        for path in (
            "/data/files",
            f"/data/info?file_id={prices}",
            f"/data/info?file_id={concrete}",
            "/data/preview",
            f"/data/profile?file_id={prices}",
            f"/data/profile?file_id={concrete}",
            f"/data/report?file_id={prices}",
            f"/data/files/{prices}",
            f"/data/files/{announced['file_id']}",
            f"/data/files/{received}",
            f"/data/outliers?file_id={concrete}",
            f"/data/download?file_id={concrete}&processed=true",
            "/model/trained?limit=1000",
            "/jobs?limit=100",
            "/series",
            "/series/prices",
            "/series/prices/history",
        )
    ]
    history = client.get("/series/prices/history").json()["history"]
    requests += [
        {"path": f"/series/prices/reports/{entry['job_id']}?format={form}"}
        for entry in history
        for form in ("json", "html")
    ]
    requests += [{"path": f"/jobs/{job_id}"} for job_id in to.jobs]
    for model in models:
        name, version = model["model_name"], model["version"]
        requests += [
            {"path": f"/model/{what}?version={version}"}
            for what in (f"metrics/{name}", f"importance/{name}", f"schema/{name}")
        ]
        requests.append({"path": f"/model/info?model_name={name}&version={version}"})
        file_id = client.get("/model/info", params={"model_name": name, "version": version}).json()["dataset"][
            "file_id"
        ]
        if client.get("/data/info", params={"file_id": file_id}).is_success:
            body = {"model_name": name, "version": version, "file_id": file_id, "interval": 0.8}
            requests.append({"method": "POST", "path": "/predict/batch", "json": body})
        example = client.get(f"/model/schema/{name}", params={"version": version}).json()["example"]
        requests.append(
            {"method": "POST", "path": "/predict", "json": {**example, "model_name": name, "version": version}}
        )
    (HERE / "0.1").mkdir(exist_ok=True)
    (HERE / "0.1" / "about.json").write_text(
        json.dumps(
            {"queued_job": waiting, "announced_upload": announced["file_id"], "received_upload": received}, indent=1
        )
        + "\n"
    )
    return requests


def main() -> None:
    """Write the bucket and the answers."""
    sys.path.insert(0, str(Path.cwd()))
    with mock_aws():
        from core.storage.wiring import storage
        from tests.process import forget
        from tests.proxy import HandlerTransport

        storage().objects.client.create_bucket(Bucket=BUCKET)
        with httpx.Client(transport=HandlerTransport(), base_url="http://handlers") as client:
            requests = write(client)
            s3, target = storage().objects.client, HERE / "0.1" / "objects"
            about = {}
            for item in storage().objects.list(""):
                answer = s3.get_object(Bucket=BUCKET, Key=item.key)
                path = target / item.key
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(answer["Body"].read())
                about[item.key] = {"ContentType": answer["ContentType"], "Metadata": answer["Metadata"]}
            (HERE / "0.1" / "objects.json").write_text(json.dumps(about, indent=1, ensure_ascii=False) + "\n")
            forget()
            storage()
            for request in requests:
                answer = client.request(request.get("method", "GET"), request["path"], json=request.get("json"))
                kind = answer.headers["content-type"]
                request["status"] = answer.status_code
                request["answer"] = (
                    answer.json()
                    if "json" in kind
                    else (answer.text if "html" in kind else base64.b64encode(answer.content).decode())
                )
            lines = ",\n".join(json.dumps(request, ensure_ascii=False) for request in requests)
            (HERE / "0.1" / "answers.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
