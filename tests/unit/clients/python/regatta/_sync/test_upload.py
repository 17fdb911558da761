"""An upload in parts, against a service by script: what it asks, in which order, and when it ends."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from regatta import errors
from regatta._sync import upload
from regatta._sync.upload import PartUpload
from regatta.answers import Dataset
from regatta.sources import open_source
from regatta.upload_record import UploadRecord
from tests.support.client_service import URL, answer, regatta

READY = {"file_id": "0198c0ffee1", "status": "ready", "rows": 1, "columns": 2, "filename": "x.csv", "warnings": []}
PROBLEM = {
    "type": "urn:regatta:problem:not-a-csv",
    "detail": "1 row is ragged.",
    "status": 422,
    "errors": [{"row": 3, "message": "1 column instead of 2"}],
}


class Script:
    """Answers each call with the next line of its own; the last one stays."""

    def __init__(self, **lines: list[Any]) -> None:
        self.lines = lines
        self.calls: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        name = {"/data/files": "look", "/data/uploads": "resume"}.get(request.url.path.rpartition("/")[0], "complete")
        if request.url.path == "/data/uploads":
            name = "announce"
        self.calls.append(name)
        lines = self.lines[name]
        line = lines.pop(0) if len(lines) > 1 else lines[0]
        return answer({"detail": "gone"}, line) if isinstance(line, int) else answer(line)


def state(status: str, stage: str = "queued", **more: Any) -> dict[str, Any]:
    return {"file_id": READY["file_id"], "status": status, "stage": stage, "progress": 0.0, "parts": [], **more}


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that an earlier run has announced."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(upload, "sleep", lambda seconds: None)
    file = tmp_path / "x.csv"
    file.write_text("a,b\n1,2\n")
    record(file).write(str(READY["file_id"]))
    return file


def record(path: Path) -> UploadRecord:
    with open_source(path, None) as source:
        return UploadRecord(URL, source, {})


def run(path: Path, script: Any, seen: list[tuple[str, float]] | None = None) -> Dataset:
    def report(stage: str, fraction: float) -> None:
        if seen is not None:
            seen.append((stage, fraction))

    with open_source(path, None) as source:
        return PartUpload(regatta(script).data._connection, source, {}, report).run()


def test_what_was_interrupted_is_said_again_once(path: Path) -> None:
    interrupted = state("ingesting", "interrupted")
    script = Script(look=[interrupted] * 4 + [state("ingesting", "reading"), READY], complete=[interrupted])
    assert run(path, script).file_id == READY["file_id"]
    assert script.calls.count("complete") == 1
    assert record(path).read() is None


def test_a_file_that_became_a_dataset_while_nobody_looked_is_not_sent_again(path: Path) -> None:
    script = Script(look=[READY])
    assert run(path, script).raw == READY
    assert set(script.calls) == {"look"}


@pytest.mark.parametrize("found", [404, state("failed", error=PROBLEM)])
def test_what_is_gone_or_was_refused_begins_anew(path: Path, found: Any) -> None:
    script = Script(
        look=[found, READY], announce=[state("waiting", part_size=8)], resume=[state("waiting")], complete=[{}]
    )
    assert run(path, script).raw == READY
    assert script.calls == ["look", "announce", "complete", "look"]


def test_a_refused_file_ends_with_the_rows_of_its_problem_and_is_forgotten(path: Path) -> None:
    script = Script(look=[state("ingesting"), state("failed", error=PROBLEM)])
    with pytest.raises(errors.NotACsv, match=r"1 row is ragged\.\n  row 3: 1 column instead of 2"):
        run(path, script)
    assert record(path).read() is None


def test_a_file_that_nobody_ingests_is_given_up_and_can_be_gone_on_with(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upload, "SILENCE_SECONDS", 0.0)
    with pytest.raises(errors.UploadInterrupted, match="nobody ingests it") as raised:
        run(path, Script(look=[state("ingesting")]))
    assert raised.value.file_id == record(path).read() == READY["file_id"]


def test_a_file_that_changes_while_it_is_sent_is_given_up(path: Path) -> None:
    script = Script(look=[404, READY], announce=[state("waiting", part_size=8)], resume=[{}])

    def changing(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/data/uploads":
            path.write_text("a,b\n1,2\n3,4\n")
        return script(request)

    with pytest.raises(errors.UploadInterrupted, match="was changed while it was sent"):
        run(path, changing)
    assert script.calls == ["look", "announce", "resume"]  # the last one is its DELETE


def test_progress_is_said_when_it_changes(path: Path) -> None:
    reading = state("ingesting", "reading", progress=0.5)
    seen: list[tuple[str, float]] = []
    run(path, Script(look=[reading, reading, reading, READY]), seen)
    assert seen == [("reading", 0.5), ("ready", 1.0)]
