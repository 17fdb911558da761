"""The process of a reader ends by its limits alone, and its errors come through."""

import io
import json
import sys
from pathlib import Path

import pytest

from core.containers import limited_process, reader_process
from core.containers.limited_process import run_limited
from core.containers.reader_process import main
from core.errors import TooLargeError, UnreadableContainerError
from tests.support.containers import workbook

REQUEST = {"target": "/nowhere", "kind": "xlsx", "wanted": None, "decimal": ".", "max_bytes": 1000}


def test_a_function_on_aws_keeps_memory_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    assert limited_process._memory_bytes() == limited_process.MEMORY_BYTES
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1769")
    assert limited_process._memory_bytes() < 1100 << 20


def test_an_error_of_the_reader_is_raised_here() -> None:
    with pytest.raises(UnreadableContainerError, match="damaged"):
        run_limited("sheet", {**REQUEST, "source": "/nowhere.xlsx"}, 0)


def test_a_process_that_ends_early_is_an_error_with_a_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limited_process, "MEMORY_BYTES", 1 << 20)
    with pytest.raises(TooLargeError, match=r"time or memory.*Send the table as CSV"):
        run_limited("sheet", {**REQUEST, "source": "/nowhere.xlsx"}, 0)
    monkeypatch.undo()
    monkeypatch.setattr(limited_process, "SECONDS", 0.001)
    with pytest.raises(TooLargeError, match="time or memory"):
        run_limited("sheet", {**REQUEST, "source": "/nowhere.xlsx"}, 0)


def test_a_request_is_answered_with_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(reader_process, "_limit", lambda *_: None)
    source = tmp_path / "a.xlsx"
    source.write_bytes(workbook([["a", "b"], [1, "x"]]))
    request = {**REQUEST, "source": str(source), "target": str(tmp_path / "a.csv")}
    answers = []
    for wanted in (None, "Prices"):
        limited = {"reader": "sheet", "request": {**request, "wanted": wanted}, "memory_bytes": 0, "seconds": 0}
        monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(limited)))
        main()
        answers.append(json.loads(capsys.readouterr().out))
    assert (answers[0]["name"], answers[0]["head"]) == ("Sheet1", [["text", "text"], ["integer", "text"]])
    assert answers[1]["error"]["name"] == "InvalidInputError"
