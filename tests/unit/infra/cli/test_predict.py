"""`regatta predict` against a service in this process: chunks, encodings, errors and warnings."""

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from infra.cli import app
from infra.cli.exit_codes import ExitCode
from tests.support.fake_service import FakeService, fake_service, predicting

FEATURES = [{"name": "面积", "type": "number"}, {"name": "city", "type": "category", "levels": ["北京", "Köln"]}]
SCHEMA = {"model_name": "mix", "version": 1, "features": FEATURES, "output": {}, "example": {}}


@pytest.fixture
def service() -> Iterator[FakeService]:
    answers = {
        "GET /model/schema/mix": SCHEMA,
        "POST /predict/batch": predicting(lambda row: float(str(row["面积"]).replace(",", ".")) / 2),
    }
    with fake_service(**answers) as running:
        yield running


def run(service: FakeService, *options: str, stdin: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
    done = CliRunner().invoke(app, ["predict", "mix", "--url", service.url, *options], input=stdin, prog_name="regatta")
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return subprocess.CompletedProcess(options, done.exit_code, done.stdout_bytes, done.stderr_bytes)


def bodies(service: FakeService) -> list[bytes]:
    return [body for call, _, body in service.requests if call == "POST /predict/batch"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_rows_stay_as_they_are_in_any_encoding(service: FakeService, encoding: str, end: str) -> None:
    lines = ["面积,city", "3,北京", '5,"北京, ""西""', '海淀"', "7,天津"]
    written = end.join(lines) + end
    expected = end.join(["面积,city,prediction", "3,北京,1.5", '5,"北京, ""西""', '海淀",2.5', "7,天津,3.5"]) + end
    content = ("\ufeff" if encoding == "utf-16-le" else "") + written
    done = run(service, *(["--encoding", "gb18030"] if encoding == "gb18030" else []), stdin=content.encode(encoding))
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode(encoding).removeprefix("\ufeff") == expected
    assert done.stdout.startswith(content[:1].encode(encoding)) or encoding != "utf-8-sig"


def test_a_large_file_goes_in_chunks_over_one_connection_and_keeps_its_order(
    service: FakeService, tmp_path: Path
) -> None:
    file = tmp_path / "rows.csv"
    rows = [f'{at},"a\n{at}"' if at % 1000 == 0 else f"{at},x" for at in range(25_000)]
    file.write_text("面积,city\n" + "\n".join(rows) + "\n", encoding="utf-8")
    out = tmp_path / "out.csv"
    done = run(service, str(file), "--out", str(out))
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    expected = ["面积,city,prediction", *(f"{row},{at / 2}" for at, row in enumerate(rows))]
    assert out.read_text(encoding="utf-8").split("\n") == "\n".join([*expected, ""]).split("\n")
    assert len(bodies(service)) == 3
    assert len(service.connections) == 1
    queries = [query for call, query, _ in service.requests if call == "POST /predict/batch"]
    assert {(query["delimiter"], query["has_header"], query["encoding"]) for query in queries} == {
        (",", "true", "utf-8")
    }


def test_a_file_that_is_ascii_at_first_is_in_the_encoding_that_its_first_other_text_has(
    service: FakeService, tmp_path: Path
) -> None:
    service.answers["GET /model/schema/mix"] = {**SCHEMA, "features": [{"name": "size", "type": "number"}]}
    service.answers["POST /predict/batch"] = predicting(lambda row: float(row["size"]))
    ascii_rows = "".join(f"{at},{'x' * 20}\n" for at in range(20_000))
    chinese = "".join(f"{at},北京市海淀区\n" for at in range(50))
    done = run(service, stdin=("size,city\n" + ascii_rows + chinese).encode("gbk"))
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode("gbk").splitlines()[-1] == "49,北京市海淀区,49.0"


def test_gzip_is_unpacked_and_blank_lines_and_a_missing_end_are_no_rows(service: FakeService) -> None:
    done = run(service, stdin=gzip.compress("面积;city\n3,5;a\n\n4,5;b".encode()))
    assert done.returncode == 0, done.stderr
    assert done.stdout.decode() == "面积;city;prediction\n3,5;a;1.75\n4,5;b;2.25\n"


def test_titles_above_the_header_are_left_out_and_a_prediction_gets_a_name_of_its_own(service: FakeService) -> None:
    done = run(service, stdin="sep=,\n面积,prediction\n3,1\n4,2\n".encode())
    assert done.stdout.decode() == "面积,prediction,prediction_2\n3,1,1.5\n4,2,2.0\n"


def test_bounds_stand_behind_the_prediction(service: FakeService) -> None:
    answer: dict[str, Any] = {"predictions": [1.5], "count": 1, "model_name": "mix", "version": 1, "warnings": []}
    service.answers["POST /predict/batch"] = {**answer, "lower": [1.0], "upper": [2.0]}
    done = run(service, "--interval", "0.9", "--version", "3", "--strict", stdin="面积,city\n3,a\n".encode())
    assert done.stdout.decode() == "面积,city,prediction,prediction_lower,prediction_upper\n3,a,1.5,1.0,2.0\n"
    (query,) = [query for call, query, _ in service.requests if call == "POST /predict/batch"]
    assert (query["interval"], query["version"], query["strict"]) == ("0.9", "3", "true")
    assert ("GET /model/schema/mix", {"version": "3"}) in [request[:2] for request in service.requests]


def test_lines_that_the_service_reads_as_no_rows_are_left_out(service: FakeService) -> None:
    # Eleven rows with a total below them: the service predicts eleven.
    rows = "".join(f"{at},a\n" for at in range(1, 12))
    answer = {"predictions": [float(at) for at in range(1, 12)], "count": 11, "model_name": "mix", "version": 1}
    warning = "line 13 is a total and was left out: 'Total,'"
    service.answers["POST /predict/batch"] = {**answer, "warnings": [warning]}
    done = run(service, stdin=f"city,面积\n{rows}Total,66\n".encode())
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.decode().splitlines()) == 12
    assert warning in done.stderr.decode()


def test_a_refused_row_is_named_by_its_line_in_the_file_and_the_rows_before_are_there(
    service: FakeService, tmp_path: Path
) -> None:
    predict = service.answers["POST /predict/batch"]

    def refuse(query: dict[str, str], body: bytes) -> Any:
        rows = body.decode().splitlines()
        if "bad,x" not in rows:
            return predict(query, body)
        # The service counts rows, and a cell with a line end stands before this one.
        row = rows.index("bad,x")
        errors = [{"row": row, "field": "面积", "message": "must be a number, not 'bad' (see row 2)"}]
        return 422, {"type": "urn:regatta:problem:invalid-records", "detail": "Correct '面积'.", "errors": errors}

    service.answers["POST /predict/batch"] = refuse
    rows = [f"{at},x" for at in range(12_000)]
    rows[10_050] = '7,"a\nb"'
    rows[10_300] = "bad,x"
    done = run(service, stdin=("面积,city\n" + "\n".join(rows) + "\n").encode())
    assert done.returncode == ExitCode.FAILED
    # The header is line 1, and one row before it has two lines.
    assert "line 10303, field 面积: must be a number" in done.stderr.decode()
    lines = done.stdout.decode().splitlines()
    assert f"The output has the {len(lines) - 1:,} rows before." in done.stderr.decode()
    assert lines[-1] == f"{len(lines) - 2},x,{(len(lines) - 2) / 2}"


def test_a_chunk_that_is_too_large_is_sent_in_halves(service: FakeService) -> None:
    predict = service.answers["POST /predict/batch"]

    def limited(query: dict[str, str], body: bytes) -> Any:
        if len(body.splitlines()) > 30:
            return 413, {"type": "urn:regatta:problem:too-large", "detail": "At most 30 rows.", "status": 413}
        return predict(query, body)

    service.answers["POST /predict/batch"] = limited
    done = run(service, stdin=("面积,city\n" + "".join(f"{at},x\n" for at in range(100))).encode())
    assert done.returncode == 0, done.stderr
    assert done.stdout.decode().splitlines()[1:] == [f"{at},x,{at / 2}" for at in range(100)]


def test_warnings_of_all_chunks_come_once_with_their_counts(service: FakeService) -> None:
    predict = service.answers["POST /predict/batch"]

    def warn(query: dict[str, str], body: bytes) -> Any:
        return {**predict(query, body), "warnings": ["'city' has 1 missing value, imputed with 'Köln'"]}

    service.answers["POST /predict/batch"] = warn
    rows = ("面积,city\n" + "".join(f"{at},x\n" for at in range(25_000))).encode()
    done = run(service, stdin=rows)
    assert done.stderr.decode() == "warning: 'city' has 3 missing values, imputed with 'Köln'\n"
    assert run(service, "--quiet", stdin=rows).stderr == b""


def test_json_is_one_document_for_all_chunks(service: FakeService) -> None:
    done = run(service, "--json", stdin=("面积,city\n" + "".join(f"{at},x\n" for at in range(25_000))).encode())
    document = json.loads(done.stdout)
    assert (document["count"], document["model_name"]) == (25_000, "mix")
    assert document["predictions"] == [at / 2 for at in range(25_000)]


@pytest.mark.parametrize(
    ("stdin", "said"),
    [
        (b"", "empty"),
        ("面积,city\n".encode(), "no rows"),
        (b"\x7fELF\x00\x01\x02" * 50, "binary"),
        (b"PK\x03\x04" + b"\x14\x00" * 50, "regatta upload"),
        ('面积,city\n3,"a\n'.encode() + b"4,b\n" * 2_000_000, "quote"),
    ],
)
def test_what_is_no_csv_is_refused_with_the_way_out(service: FakeService, stdin: bytes, said: str) -> None:
    done = run(service, stdin=stdin)
    assert (done.returncode, b"Traceback" in done.stderr) == (ExitCode.FAILED, False), done.stderr
    assert said in done.stderr.decode()


def test_bytes_that_fit_no_longer_are_named_with_their_line(service: FakeService) -> None:
    rows = "面积,city\n".encode() + b"1,x\n" * 100_000 + b"2,\xff\xfe\xff\n"
    done = run(service, stdin=rows)
    assert done.returncode == ExitCode.FAILED
    assert "Line 100,002 is not in utf-8" in done.stderr.decode()


def test_a_reader_that_goes_away_ends_it_quietly(service: FakeService) -> None:
    command = [sys.executable, "-m", "infra.cli", "predict", "mix", "--url", service.url]
    rows = ("面积,city\n" + "".join(f"{at},x\n" for at in range(60_000))).encode()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdin and process.stdout and process.stderr
        process.stdout.close()
        with suppress(BrokenPipeError):
            process.stdin.write(rows)
            process.stdin.close()
        assert process.stderr.read() == b""
        assert process.wait(300) == ExitCode.PIPE_CLOSED


def test_the_output_begins_before_the_input_ends(service: FakeService) -> None:
    command = [sys.executable, "-m", "infra.cli", "predict", "mix", "--url", service.url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin and process.stdout
        process.stdin.write("面积,city\n".encode() + b"3,x\n" * 70_000)
        process.stdin.flush()
        assert process.stdout.readline().decode() == "面积,city,prediction\n"
        process.stdin.close()
        rest = process.stdout.read()
        assert rest.count(b"\n") == 70_000
        assert process.wait(300) == 0


def test_the_file_is_not_overwritten_while_it_is_read(service: FakeService, tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("面积,city\n3,a\n", encoding="utf-8")
    done = run(service, str(file), "--out", str(file))
    assert (done.returncode, file.read_text(encoding="utf-8")) == (ExitCode.USAGE, "面积,city\n3,a\n")


def test_a_terminal_as_input_is_asked_for_a_file(service: FakeService) -> None:
    controller, terminal = os.openpty()
    command = [sys.executable, "-m", "infra.cli", "predict", "mix", "--url", service.url]
    done = subprocess.run(command, stdin=terminal, capture_output=True, check=False)
    os.close(controller)
    os.close(terminal)
    assert (done.returncode, b"regatta predict MODEL < rows.csv" in done.stderr) == (ExitCode.USAGE, True)


def of_objects(service: FakeService) -> None:
    """Let the service predict objects as jobs that are over."""
    job = {"job_id": "j1", "kind": "export", "status": "succeeded", "stage": "", "progress": 1.0}
    answer = {"predictions": [1.5], "count": 1, "model_name": "mix", "version": 1, "warnings": []}
    service.answers |= {
        "POST /predict/export": (202, {**job, "status": "queued"}),
        "POST /predict/batch": (202, {**job, "job_id": "j2", "status": "queued"}),
        "GET /jobs/j1": {**job, "result": {"url": f"{service.url}/rows.csv"}},
        "GET /jobs/j2": {**job, "job_id": "j2", "result": {"url": f"{service.url}/answer.json"}},
        "GET /rows.csv": b"size,prediction\n3,1.5\n",
        "GET /answer.json": answer,
    }


def test_objects_of_the_bucket_are_predicted_in_place_of_a_file(service: FakeService) -> None:
    of_objects(service)
    done = run(service, "--prefix", "march/part-", "--interval", "0.9")
    assert (done.returncode, done.stdout) == (0, b"size,prediction\n3,1.5\n")
    (body,) = (json.loads(body) for call, _, body in service.requests if call == "POST /predict/export")
    expected = {
        "model_name": "mix",
        "prefix": "march/part-",
        "interval": 0.9,
        "format": "csv",
        "raw": True,
        "bom": False,
    }
    assert body == expected
    document = run(service, "--prefix", "march/part-", "--json")
    assert json.loads(document.stdout)["predictions"] == [1.5]
    assert json.loads(bodies(service)[0]) == {"model_name": "mix", "prefix": "march/part-"}


def test_objects_and_a_file_or_its_reading_do_not_go_together(service: FakeService, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("size\n3\n")
    for options in ([str(tmp_path / "rows.csv")], ["--encoding", "gbk"], ["--no-header"]):
        done = run(service, "--prefix", "march/part-", *options)
        assert (done.returncode, service.requests) == (ExitCode.USAGE, [])
        assert b"--prefix" in done.stderr


def export(service: FakeService, *options: str) -> "subprocess.CompletedProcess[bytes]":
    done = CliRunner().invoke(app, ["export", "mix", "--url", service.url, *options], prog_name="regatta")
    return subprocess.CompletedProcess(options, done.exit_code, done.stdout_bytes, done.stderr_bytes)


def test_a_large_export_as_parquet_is_a_folder_of_files(service: FakeService, tmp_path: Path) -> None:
    of_objects(service)
    parts = [{"url": f"{service.url}/{n}", "filename": f"mix-{n}.parquet"} for n in range(2)]
    result = {"url": f"{service.url}/manifest", "parts": 2}
    service.answers["GET /jobs/j1"] = {**service.answers["GET /jobs/j1"], "result": result}
    service.answers |= {"GET /manifest": {"parts": parts}, "GET /0": b"first", "GET /1": b"second"}
    service.answers["GET /data/info"] = {"file_id": "f1"}
    out = tmp_path / "mix.parquet"
    done = export(service, "--out", str(out), "--json")
    assert json.loads(done.stdout)["path"] == str(out)
    files = {file.name: file.read_bytes() for file in out.iterdir() if file.name.startswith("mix")}
    assert files == {"mix-0.parquet": b"first", "mix-1.parquet": b"second"}
    # It is not replaced, nor does anything come into it; and a stream is no folder.
    assert export(service, "--out", str(out)).returncode == ExitCode.USAGE
    piped = export(service, "--format", "parquet")
    assert (piped.returncode, piped.stdout) == (ExitCode.FAILED, b"")
    assert b"--out" in piped.stderr


def test_objects_are_exported_in_the_format_that_is_asked_for(service: FakeService, tmp_path: Path) -> None:
    of_objects(service)
    out = tmp_path / "rows.jsonl"
    assert export(service, "--prefix", "march/part-", "--out", str(out)).returncode == 0
    (body,) = (json.loads(body) for call, _, body in service.requests if call == "POST /predict/export")
    assert (body["prefix"], body["format"], "file_id" in body) == ("march/part-", "jsonl", False)
    assert out.read_bytes() == b"size,prediction\n3,1.5\n"
