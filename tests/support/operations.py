"""Every operation that changes something, as a request, and what callers see of the bucket before and after it."""

import json
import re
from collections.abc import Callable
from typing import Any

import httpx

from core.storage.container import container
from core.storage.series_repository import Arrival, Series
from tests.support.storage import WORKSPACE

ROWS = 60
CSV = "\n".join(["x,z,y", *(f"{n},{n * n % 7},{2 * n + n % 3}" for n in range(ROWS))]).encode()
ARRIVAL_JOB = "k0000000000000000"
MANIFEST_KEY = re.compile(rf"{WORKSPACE}/models/([^/]+)/(\d+)/manifest\.json")

Send = Callable[[httpx.Client, dict[str, str]], httpx.Response]


def train(client: httpx.Client, name: str, **headers: str) -> httpx.Response:
    """Train a small model of this name on the current file."""
    body = {"model_type": "ridge", "target_column": "y", "model_name": name}
    return client.post("/model/train", json=body, headers=headers)


def upload(client: httpx.Client, filename: str) -> httpx.Response:
    """Upload a small table."""
    return client.post("/data/upload", files={"file": (filename, CSV)})


def prepare(client: httpx.Client) -> dict[str, str]:
    """Store two files, two models, three jobs and a series in an empty bucket; return the identifiers by name."""
    first = upload(client, "first.csv").json()["file_id"]
    upload(client, "second.csv")
    for name in ("boat", "boat", "raft"):
        assert train(client, name).status_code == 200
    jobs = [train(client, "later", Prefer="respond-async").json()["job_id"] for _ in range(2)]
    assert client.post(f"/jobs/{jobs[1]}/cancel").status_code == 202
    arrival = Arrival(
        job_id=ARRIVAL_JOB, file_id=first, key="k", etag="e", filename="first.csv", size_bytes=1,
        last_modified="2026-01-01T00:00:00.000000+00:00", state="accepted", learned=True, reason="It is usual.",
    )  # fmt: skip
    repository = container().workspace(WORKSPACE).series
    repository.change("tide", lambda series: Series(name=series.name, arrivals=[arrival]))
    view(client)  # the first list of jobs stores their order
    return {"file": first, "waiting": jobs[0], "cancelled": jobs[1]}


# By name each operation, with the identifiers of `prepare`.
OPERATIONS: dict[str, Send] = {
    "upload": lambda client, ids: upload(client, "third.csv"),
    "start a large upload": lambda client, ids: client.post(
        "/data/uploads", json={"filename": "large.csv", "size_bytes": 1000}
    ),
    "process": lambda client, ids: client.post(
        "/data/process", json={"file_id": ids["file"], "handle_missing": "mean", "target_column": "y"}
    ),
    "switch": lambda client, ids: client.post(f"/data/switch/{ids['file']}"),
    "train": lambda client, ids: train(client, "boat"),
    "promote": lambda client, ids: client.post("/model/champion/boat", json={"version": 1}),
    "rename": lambda client, ids: client.post("/model/rename/boat", json={"new_name": "ship"}),
    "delete a file": lambda client, ids: client.delete(f"/data/files/{ids['file']}"),
    "delete a version": lambda client, ids: client.delete("/model/trained/boat", params={"version": 1}),
    "delete a model": lambda client, ids: client.delete("/model/trained/boat"),
    "configure a series": lambda client, ids: client.put("/series/tide", json={"window": 3}),
    "overrule a decision": lambda client, ids: client.patch(
        f"/series/tide/arrivals/{ARRIVAL_JOB}", json={"learned": False}
    ),
    "submit a job": lambda client, ids: train(client, "later", Prefer="respond-async"),
    "cancel a job": lambda client, ids: client.post(f"/jobs/{ids['waiting']}/cancel"),
    "retry a job": lambda client, ids: client.post(f"/jobs/{ids['cancelled']}/retry"),
    "export": lambda client, ids: client.post(
        "/predict/export", json={"model_name": "boat", "data": [{"x": 1.0, "z": 2.0}], "format": "csv"}
    ),
}


def view(client: httpx.Client) -> dict[str, Any]:
    """Return what callers see, without what differs by chance: identifiers and times."""
    files, models = client.get("/data/files").json(), client.get("/model/trained").json()["models"]
    names = {file["file_id"]: file["filename"] for file in files["files"]}
    recipes = [client.get("/data/info", params={"file_id": file_id}).json()["recipe"] for file_id in names]
    series = container().workspace(WORKSPACE).series.get("tide", fresh=True)
    jobs = client.get("/jobs").json()["jobs"]
    stored = [item.key for item in container().objects.list("uploads/")]
    return {
        "files": sorted(names.values()),
        "current": names.get(files["current"]),
        "recipes": sorted(json.dumps(recipe) for recipe in recipes),
        "models": sorted((model["model_name"], model["version"], model["serves"]) for model in models),
        "jobs": sorted((job["kind"], job["status"]) for job in jobs),
        "series": (series.settings.window, [arrival.learned for arrival in series.arrivals]),
        "uploads": len(stored),
    }


def check_consistent(client: httpx.Client) -> None:
    """Assert what holds at any time after a change was finished: numbers without gaps, one champion, one name."""
    numbers: dict[str, list[int]] = {}
    for item in container().objects.list(f"{WORKSPACE}/models/"):
        if match := MANIFEST_KEY.fullmatch(item.key):
            numbers.setdefault(match[1], []).append(int(match[2]))
    for name, taken in numbers.items():
        assert sorted(taken) == list(range(1, len(taken) + 1)), (name, taken)
    models = client.get("/model/trained").json()["models"]
    for name in {model["model_name"] for model in models}:
        assert [model["serves"] for model in models if model["model_name"] == name].count(True) == 1, models
        assert client.post("/predict", json={"model_name": name, "data": {"x": 1.0, "z": 2.0}}).status_code == 200
    assert not {"boat", "ship"} <= {model["model_name"] for model in models}, models
