"""The Python client on the running stack, at its web apps and behind the emulated gateway."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from infra.paths import ROOT
from regatta import Regatta
from regatta._sync import parts
from tests.support.stack import Stack

CONCRETE = pd.read_csv(ROOT / "examples/concrete.csv")
PART_BYTES = 16 << 20


@pytest.fixture(params=["server", "gateway"])
def client(request: pytest.FixtureRequest, stack: Stack) -> Iterator[Regatta]:
    """A client of the web apps, and of the gateway below the path of its stage."""
    with Regatta(stack.base_url if request.param == "server" else stack.api_url) as client:
        yield client


def test_the_whole_job_runs(client: Regatta, tmp_path: Path) -> None:
    dataset = client.data.upload(CONCRETE, filename="concrete.csv")
    seen: list[str] = []
    model = client.models.train(
        "ridge", "strength", model_name="client", on_progress=lambda stage, _: seen.append(stage)
    )
    assert (model.metrics["r2"] > 0.5, seen[-1]) == (True, "succeeded")
    predictions = client.predict(CONCRETE, model, interval=0.9)
    by_dicts = client.predict(CONCRETE.head(3).to_dict("records"), model)
    assert ([*predictions[:3]], len(predictions.to_frame())) == ([*by_dicts], 1030)
    exported = client.predict.export(tmp_path / "p.csv", model, file_id=dataset.file_id)
    assert pd.read_csv(exported)["prediction"].tolist() == [*predictions]
    assert client.models.download(model, tmp_path / "model.onnx").stat().st_size > 500
    assert client.jobs.list(1)[0].status == "succeeded"
    assert client.status().status == "ok"


def test_an_upload_that_broke_off_goes_on_where_it_was(
    stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    header, _, body = (ROOT / "examples/california_housing.csv").read_bytes().partition(b"\n")
    large = tmp_path / "large.csv"
    large.write_bytes(header + b"\n" + body * (PART_BYTES // len(body) + 1))
    first_part = PART_BYTES / large.stat().st_size
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(parts, "PARTS_AT_A_TIME", 1)

    def break_off(stage: str, fraction: float) -> None:
        if fraction > first_part:
            raise KeyboardInterrupt

    with Regatta(stack.base_url) as client:
        with pytest.raises(KeyboardInterrupt):
            client.data.upload(large, on_progress=break_off)
        seen: list[tuple[str, float]] = []
        dataset = client.data.upload(large, on_progress=lambda *progress: seen.append(progress))
        assert seen[:2] == [("resuming: 1 of 2 parts are there", 0.5), ("uploading", pytest.approx(first_part))]
        assert (seen[-1], dataset.size_bytes) == (("ready", 1.0), large.stat().st_size)
        client.data.delete(dataset.file_id)
