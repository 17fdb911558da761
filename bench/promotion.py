"""The time from a CSV in the bucket until its champion predicts, on the embedded stack, without the training."""

import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import httpx

from bench._load import free_port
from bench._report import Figure, at_most, run
from core.settings import load
from infra.emulator_clients import s3_client
from infra.local.credentials import credentials_of
from infra.local.stack import Stack

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

SERIES = "flats"
ROW = {"area": 0.5, "age": 0.25}
# The target of the 95th percentile: notification, queue, functions and caches.
MOST_SECONDS = 2.0
# Random pauses, so that polls and caches are met at every phase.
PAUSE_SECONDS = (0.4, 1.6)


def measure(quick: bool) -> Iterator[Figure]:
    """Yield one figure, the 95th percentile."""
    ports = {name: free_port() for name in ("port", "aws_port")}
    with TemporaryDirectory(prefix="regatta-bench-") as folder:
        stack = Stack(load(home=Path(folder), **ports), report=lambda line: print(line, file=sys.stderr))
        try:
            running = stack.start()
            if running is None:
                raise RuntimeError("The stack did not start.")
            s3 = s3_client(running.aws_endpoint, credentials_of(stack.home).arguments)
            yield _measure_promotions(running.url, s3, 12 if quick else 40)
        finally:
            stack.stop()


def _measure_promotions(url: str, s3: "S3Client", count: int) -> Figure:
    generator = random.Random(7)
    with httpx.Client(base_url=url, timeout=60) as http:
        series_settings = {"target_column": "price", "time_limit": 1, "tolerance": 1}
        http.put(f"/series/{SERIES}", json=series_settings).raise_for_status()
        promotions = []
        for number in range(count + 2):  # the first two start the functions' processes
            s3.put_object(Bucket="regatta", Key=f"incoming/default/{SERIES}/{number}.csv", Body=_flats(generator))
            promotions.append(_wait_for_promotion(http, number + 1))
            time.sleep(generator.uniform(*PAUSE_SECONDS))
    whole = [promotion["serving"] - promotion["training"] for promotion in promotions[2:]]
    parts = {
        part: median(promotion[part] for promotion in promotions[2:])
        for part in ("begun", "decided", "serving", "training")
    }
    detail = (
        f"median {median(whole):.2f} s: job begun after {parts['begun']:.2f}, decided after {parts['decided']:.2f} "
        f"({parts['training']:.2f} of it training), served by the web apps after {parts['serving']:.2f}; {count} files"
    )
    return at_most("object created to new champion serving, p95 (s)", quantiles(whole, n=20)[-1], MOST_SECONDS, detail)


def _wait_for_promotion(http: httpx.Client, version: int) -> dict[str, float]:
    """Return the seconds from now until the job begins, is decided, and another process predicts with the version.

    `training` are the seconds of the training among them.
    """
    start = time.perf_counter()
    seen: dict[str, float] = {}
    deadline = start + 60
    while "serving" not in seen and time.perf_counter() < deadline:
        if "decided" not in seen:
            job = http.get("/jobs", params={"limit": 1}).json()["jobs"][0:1]
            newest = http.get(f"/series/{SERIES}").json()
            if job and job[0]["status"] == "running":
                seen.setdefault("begun", time.perf_counter() - start)
            if newest["newest"] and newest["newest"]["version"] == version:
                seen["decided"] = time.perf_counter() - start
        answer: dict[str, Any] = http.post("/predict", json={"model_name": SERIES, "data": ROW}).json()
        if answer.get("version") == version:
            seen["serving"] = time.perf_counter() - start
        time.sleep(0.01)
    seen.setdefault("begun", seen.get("decided", seen["serving"]))
    seen.setdefault("decided", seen["serving"])
    info = http.get("/model/info", params={"model_name": SERIES, "version": version}).json()
    return {**seen, "training": info["training_seconds"]}


def _flats(generator: random.Random, rows: int = 500) -> bytes:
    """Return a CSV of flats, whose price is linear in area and age."""
    pairs = [(generator.random(), generator.random()) for _ in range(rows)]
    lines = (f"{area:.4f},{age:.4f},{area - 2 * age + generator.gauss(0, 0.05):.4f}" for area, age in pairs)
    return "\n".join(["area,age,price", *lines, ""]).encode()


if __name__ == "__main__":
    sys.exit(run("A file in the bucket becomes the champion that serves, minus its training", measure))
