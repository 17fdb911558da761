"""The Go client against the embedded stack: the whole job, everything that goes wrong, its example, and its page.

So does a client that OpenAPI Generator made of the document in 3.0.3. The issue names oapi-codegen and ogen, which only
the Go module proxy has. OpenAPI Generator comes as a wheel, so that its version is pinned and its bytes are checked
where those of Go, Node.js and schemathesis are.
"""

import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from openpyxl import load_workbook

from core import __version__
from tests.clients.go.building import CLIENT, Go, run_program, run_text
from tests.clients.toolchain import ROOT
from tests.support.http_server import QuietHandler, running_server
from tests.support.odd_model import predicted, train_odd_model, write_program
from tests.support.stack import Stack, free_ports
from tests.support.tables import first_rows
from tests.support.workflow import csv_cells, excel_cells, gbk_csv

NAME, GENERATED_NAME = "Go 房价", "generated 房价"
PARTS_BYTES = 17 << 20


def test_the_client_and_its_examples_are_formatted_and_pass_vet(go: Go) -> None:
    assert go.gofmt(CLIENT, Path(__file__).parent) == ""
    assert go.run("vet", "./...", directory=CLIENT) == ""


def test_the_clients_own_tests_pass(go: Go) -> None:
    assert "ok" in go.run("test", "-vet=off", "-count=1", "./...", directory=CLIENT)


def test_the_client_has_the_version_of_the_service() -> None:
    assert f'const Version = "{__version__}"\n' in (CLIENT / "client.go").read_text(encoding="utf-8")


def test_every_type_of_problem_has_a_name_in_go() -> None:
    documented = (ROOT / "docs/errors.md").read_text(encoding="utf-8")
    named = (CLIENT / "problems.go").read_text(encoding="utf-8")
    missing = [kind for kind in re.findall(r"^\| `([a-z-]+)` \|", documented, re.M) if f'"{kind}"' not in named]
    assert not missing, f"clients/go/problems.go lacks {missing}"


@pytest.fixture(scope="module")
def client(stack: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.base_url, timeout=300) as client:
        yield client


def announced(client: httpx.Client, folder: Path) -> str:
    """Write a file of two parts, announce it, send the first part, and return its identifier."""
    line = b"x" * 8000 + b",1\n"
    content = b"note,value\n" + line * (PARTS_BYTES // len(line))
    (folder / "parts.csv").write_bytes(content)
    start = {"filename": "parts.csv", "size_bytes": len(content), "method": "multipart"}
    started = client.post("/data/uploads", json=start).raise_for_status().json()
    part = started["parts"][0]
    httpx.put(part["url"], content=content[: started["part_size"]], timeout=300).raise_for_status()
    identifier: str = started["file_id"]
    return identifier


def test_the_whole_job(programs: Path, stack: Stack, client: httpx.Client, table: Path, tmp_path: Path) -> None:
    variables = {"REGATTA_URL": stack.base_url, "REGATTA_TEST_ANNOUNCED": announced(client, tmp_path)}
    found = run_program(programs / "job", table, NAME, tmp_path, variables=variables)

    assert (found["status"], found["version"]) == ("ok", __version__)
    dataset = found["dataset"]
    assert (dataset["filename"], dataset["encoding"], dataset["rows"]) == ("房价.csv", "gbk", 120)
    assert found["preview"] == ["城市", "面积", "房龄", "价格"] and found["target"] == "价格"
    assert 60 < found["mean area"] < 130 and found["cities"] == 4 and found["outliers"] == 3 and found["report"]
    assert found["trained"] == 1 and found["r2"] > 0.9 and found["same r2"]
    assert found["stages"][-1] == "succeeded" and found["compared"] >= 10 and found["best"]
    assert found["features"] == 3
    assert found["one"] == found["many"][0] > found["lower"][0] and len(found["stored"]) == 120
    assert found["streamed"] == 200_000 and found["same streamed"]
    assert found["graph"] and found["large"] == 2500 and found["parts"] > 2000
    assert (found["decision"], found["learned"], found["reported"]) == ("accepted", True, True)
    assert found["jobs"] >= 3 and found["deleted"] == [1]

    rows = csv_cells((tmp_path / "export.csv").read_bytes())
    assert rows[0] == ["城市", "面积", "房龄", "价格", "prediction"]
    assert [float(row[-1]) for row in rows[1:]] == found["stored"]
    # A workbook has 16 digits of a number.
    workbook = excel_cells((tmp_path / "export.xlsx").read_bytes())[1:]
    assert [row[-1] for row in workbook] == pytest.approx(found["stored"], rel=1e-15)
    assert (tmp_path / "source.csv").read_bytes() == gbk_csv()


def answering(status: int, **headers: str) -> type[QuietHandler]:
    """Return a server's handler that answers every GET so; `_` stands for `-` in the names of headers."""

    class Handler(QuietHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content_Length": "0"}.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()

    return Handler


def test_everything_that_goes_wrong_is_an_error_with_the_way_out(
    programs: Path, stack: Stack, client: httpx.Client, table: Path
) -> None:
    name = f"{NAME} wrong"
    file_id = (
        client.post("/data/upload", files={"file": (table.name, table.read_bytes())})
        .raise_for_status()
        .json()["file_id"]
    )
    training = {"model_type": "ridge", "target_column": "价格", "model_name": name, "file_id": file_id}
    client.post("/model/train", json=training).raise_for_status()
    closed = f"http://127.0.0.1:{free_ports(1)[0]}"

    redirect = answering(303, Regatta_Version=__version__, Location=f"{closed}/bucket/file")
    with (
        running_server(answering(200, Content_Type="text/html; charset=utf-8")) as html,
        running_server(answering(403, Content_Type="application/json")) as unauthorized,
        running_server(answering(200, Regatta_Version="7.0.0")) as other,
        running_server(redirect) as redirecting,
    ):
        variables = {
            "REGATTA_URL": stack.base_url,
            "REGATTA_TEST_HTML": html,
            "REGATTA_TEST_UNAUTHORIZED": unauthorized,
            "REGATTA_TEST_OTHER_VERSION": other,
            "REGATTA_TEST_REDIRECT": redirecting,
            "REGATTA_TEST_UNREACHABLE": closed,
        }
        found = run_program(programs / "failures", file_id, name, variables=variables)

    wanted = {
        "unknown model": ("no-such-model", "nobody's"),
        "unknown column": ("unknown-column", "nowhere"),
        "unknown model type": ("unknown-model-type", "magic"),
        "unusable row": ("invalid-records", "面积: "),
        "unknown file": ("no-such-file", "nothing"),
        "unknown job": ("no-such-job", "nothing"),
        "unknown series": ("no-such-series", "nothing"),
        "HTML": ("not-regatta", "answered 200 with text/html"),
        "UNAUTHORIZED": ("unauthorized", "REGATTA_API_KEY"),
        "OTHER_VERSION": ("incompatible-server", "Use the client of the service's version"),
        "UNREACHABLE": ("unreachable", "Check that it runs"),
        "REDIRECT": ("redirect-target", closed.removeprefix("http://")),
    }
    assert {name: kind for name, (kind, _) in found.items()} == {name: kind for name, (kind, _) in wanted.items()}
    for name, (_, part) in wanted.items():
        assert part in found[name][1], found[name]
    client.delete(f"/data/files/{file_id}").raise_for_status()


def test_the_example_asks_four_things_at_once(programs: Path, stack: Stack, client: httpx.Client, table: Path) -> None:
    name = f"{NAME} example"
    file_id = (
        client.post("/data/upload", files={"file": (table.name, table.read_bytes())})
        .raise_for_status()
        .json()["file_id"]
    )
    training = {"model_type": "ridge", "target_column": "价格", "model_name": name, "file_id": file_id}
    trained = client.post("/model/train", json=training).raise_for_status().json()
    row = {"城市": "上海", "面积": 88.5, "房龄": 3}
    command = [str(programs / "overview"), "-address", "127.0.0.1:0"]
    environment = {"REGATTA_URL": stack.base_url}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as service:
        try:
            assert service.stdout
            address = service.stdout.readline().strip()
            shown = httpx.post(f"{address}/overview", json={"model": name, "row": row}, timeout=300)
            missing = httpx.post(f"{address}/overview", json={"model": "none", "row": row}, timeout=300)
        finally:
            service.send_signal(signal.SIGINT)
    predicted = client.post("/predict", json={"model_name": name, "data": row}).raise_for_status().json()
    assert shown.json() == {
        "model": name,
        "version": trained["version"],
        "model_type": "ridge",
        "target": "价格",
        "r2": trained["metrics"]["r2"],
        "features": ["面积", "房龄", "城市"],
        "prediction": predicted["prediction"],
        "warnings": [],
    }
    assert (missing.status_code, missing.json()["type"]) == (404, "no-such-model")
    client.delete(f"/data/files/{file_id}").raise_for_status()


def test_the_programs_of_the_page_do_what_it_says(programs: Path, stack: Stack, tmp_path: Path) -> None:
    concrete = first_rows("concrete", 150)
    (tmp_path / "examples").mkdir()
    (tmp_path / "examples/concrete.csv").write_bytes(concrete)
    variables = {"REGATTA_URL": stack.base_url}
    shown = run_text(programs / "doc1", directory=tmp_path, variables=variables)
    assert shown.startswith("150 rows, 9 columns, ")
    assert re.search(r"^100% \w+\nR2 0\.\d{3}, cross-validated 0\.\d{3}\n[\d.]+ MPa, [\d.]+ to [\d.]+\n$", shown, re.M)
    book = load_workbook(tmp_path / "predicted.xlsx", read_only=True)
    assert book.worksheets[0].max_row == 151
    book.close()

    predicted = run_text(programs / "doc2", variables=variables, source=concrete).split()
    with httpx.Client(base_url=stack.base_url, timeout=300) as client:
        answer = client.post(
            "/predict/batch",
            params={"model_name": "concrete-go"},
            content=concrete,
            headers={"Content-Type": "text/csv"},
        )
    assert [float(each) for each in predicted] == answer.raise_for_status().json()["predictions"]

    assert run_text(programs / "doc3", variables=variables).startswith("train it first: regatta: ")


def test_the_request_that_the_console_shows_is_run_as_it_stands(go: Go, stack: Stack, tmp_path: Path) -> None:
    train_odd_model(stack)
    text = go.toolchain.run("node", write_program(tmp_path, stack, "go"), directory=tmp_path)
    (tmp_path / "main.go").write_text(text, encoding="utf-8")
    (tmp_path / "go.mod").write_text(f"module shown\n\nrequire regatta v0.0.0\n\nreplace regatta => {CLIENT}\n")
    assert repr(predicted(stack)) in go.run("run", "-ldflags=-s -w", ".", directory=tmp_path)


def test_a_generated_client_does_the_whole_job(programs: Path, stack: Stack, table: Path) -> None:
    found = run_program(programs / "generatedjob", table, GENERATED_NAME, variables={"REGATTA_URL": stack.base_url})

    assert found["dataset"]["filename"] == "房价.csv" and found["target"] == "价格"
    assert found["statistics"].keys() == {"城市", "面积", "房龄", "价格"}
    assert found["profile"]["columns"]["面积"]["type"] == "number"
    assert found["trained"]["metrics"] == found["metrics"]["metrics"] == found["model"]["metrics"]
    assert found["problem"] == "urn:regatta:problem:no-such-model"
    assert found["deleted"] == found["dataset"]["file_id"] and found["jobs"] >= 0

    rows = csv_cells(found["export"].encode())
    # Every digit: a client that took numbers for 32 bits would lose half of them.
    assert [float(row[-1]) for row in rows[1:]] == found["many"] and len(found["many"]) == 120
    assert found["one"] != round(found["one"], 6)
