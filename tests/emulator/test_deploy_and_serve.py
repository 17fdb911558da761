"""`regatta deploy` into an emulated AWS, and `regatta serve` against storage that is already there."""

import io
import subprocess
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from infra.deploy.emulator_template import emulator_template
from infra.deploy.package import package
from infra.paths import ROOT
from tests.support.forked_server import start_module
from tests.support.stack import CLI, Stack, free_ports
from tests.support.tables import first_rows
from tests.support.waiting import wait_for

FUNCTION = "AWS::Serverless::Function"


def test_the_package_is_the_same_bytes_every_time_and_holds_code_only() -> None:
    code = package()
    assert code == package()
    names = zipfile.ZipFile(io.BytesIO(code)).namelist()
    assert "functions/system/handler.py" in names
    assert {name.split("/")[0] for name in names} == {"core", "functions"}
    assert not any("__pycache__" in name for name in names)


def test_image_functions_become_zip_functions_with_the_handler_of_their_command() -> None:
    template = emulator_template((ROOT / "template.yaml").read_text(), "bucket", "key.zip")
    functions = [r for r in template["Resources"].values() if r["Type"] == FUNCTION]
    handlers = {function["Properties"]["Handler"] for function in functions}
    # Only Step Functions calls the function of tasks, and the emulator leaves the state machine out.
    assert handlers == {f"functions.{path.parent.name}.handler.handler" for path in handler_files()} - {
        "functions.tasks.handler.handler"
    }
    for function in functions:
        assert "Metadata" not in function
        assert function["Properties"]["Runtime"] == "python3.13"
        assert function["Properties"]["CodeUri"] == {"Bucket": "bucket", "Key": "key.zip"}
        assert not {"PackageType", "ImageConfig"} & set(function["Properties"])


def test_an_api_with_another_route_is_another_api() -> None:
    text = (ROOT / "template.yaml").read_text()
    route = "Path: /system/status"
    assert route in text
    changed = [text, text.replace("Timeout: 29", "Timeout: 28"), text.replace(route, "Path: /status")]
    names = [
        [
            name
            for name, resource in emulator_template(each, "bucket", "key")["Resources"].items()
            if resource["Type"] == "AWS::Serverless::Api"
        ]
        for each in changed
    ]
    assert names[0] == names[1] != names[2]
    outputs = emulator_template(text, "bucket", "key")["Outputs"]
    (_, _, address) = outputs["ApiUrl"]["Value"]["Fn::If"]  # without a domain of one's own
    assert names[0][0] in address["Fn::Sub"]


def handler_files() -> list[Path]:
    return sorted((ROOT / "functions").glob("*/handler.py"))


def test_deploying_again_keeps_the_address(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stack, "settings", {**stack.settings, **stack.env})
    answer = stack.call("deploy", "--endpoint-url", stack.aws_url)
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.strip() == stack.api_url
    assert httpx.get(f"{stack.api_url}/", timeout=300).status_code == 200


def test_deploying_where_nothing_listens_says_so(mine: Stack) -> None:
    answer = mine.call("deploy", "--endpoint-url", mine.aws_url)
    assert answer.returncode == 1
    assert f"Nothing answers at {mine.aws_url}" in answer.stderr
    assert "localstack.yml" in answer.stderr
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "--endpoint-url"),
        (("--aws", "--endpoint-url", "http://127.0.0.1:9"), "--endpoint-url"),
        (("--endpoint-url", "not a url"), "not a url"),
        (("--endpoint-url", "http://127.0.0.1:9", "--parameter", "LogLevel"), "NAME=VALUE"),
    ],
)
def test_deploying_nowhere_in_particular_is_explained(mine: Stack, options: tuple[str, ...], message: str) -> None:
    answer = mine.call("deploy", *options)
    assert (answer.returncode, message in answer.stderr, "Traceback" in answer.stderr) == (1, True, False), (
        answer.stderr
    )


def test_what_answers_there_has_to_be_an_aws(stack: Stack) -> None:
    answer = stack.call("deploy", "--endpoint-url", stack.base_url)
    assert (answer.returncode, stack.base_url in answer.stderr, "Traceback" in answer.stderr) == (1, True, False)


def test_serve_creates_a_missing_bucket_and_does_jobs_itself_without_a_queue(stack: Stack, tmp_path: Path) -> None:
    port = free_ports(1)[0]
    url = f"http://127.0.0.1:{port}"
    environment = {**stack.shell, **stack.env, "REGATTA_PORT": str(port), "REGATTA_BUCKET": "made-by-serve"}
    del environment["REGATTA_JOBS_QUEUE_URL"]
    with served(environment, tmp_path / "log", "infra.cli", "serve", "--workers", "2"):
        assert wait_until_up(f"{url}/system/status")["status"] == "ok"
        with httpx.Client(base_url=url, timeout=300) as client:
            client.post("/data/upload", files={"file": ("mpg.csv", first_rows("mpg", 80))}).raise_for_status()
            order = {"model_type": "ridge", "target_column": "mpg", "model_name": "by-a-server"}
            accepted = client.post("/model/train", json=order, headers={"Prefer": "respond-async"})
            assert accepted.status_code == 202, accepted.text
            job = wait_for(
                lambda: client.get(f"/jobs/{accepted.json()['job_id']}").json(),
                lambda job: job["status"] not in ("queued", "running"),
            )
            assert job["status"] == "succeeded", job
            models = client.get("/model/trained").json()["models"]
            assert [(model["model_name"], model["version"]) for model in models] == [("by-a-server", 1)]


def test_gunicorn_serves_the_same_app(stack: Stack, tmp_path: Path) -> None:
    address = f"127.0.0.1:{free_ports(1)[0]}"
    arguments = ("-k", "asgi", "-w", "1", "-b", address, "infra.local.server:app")
    with served({**stack.shell, **stack.env}, tmp_path / "log", "gunicorn", *arguments):
        # Not the status of all: a job that another test left on the stack may be stuck.
        assert wait_until_up(f"http://{address}/system/status")["storage"]["status"] == "up"


@contextmanager
def served(environment: dict[str, str], log: Path, module: str, *arguments: str) -> Iterator[None]:
    process = start_module(environment, log, module, *arguments)
    try:
        yield
    finally:
        process.terminate()
        process.join(300)
        is_gone = process.exitcode is not None
        process.kill()
        assert is_gone


def wait_until_up(url: str) -> dict[str, object]:
    def read() -> dict[str, object] | None:
        with suppress(httpx.TransportError):
            answer = httpx.get(url, timeout=300)
            return answer.json() if answer.is_success else None
        return None

    return wait_for(read)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"REGATTA_S3_ENDPOINT": "http://127.0.0.1:9"}, "REGATTA_S3_ENDPOINT"),
        ({"REGATTA_BUCKET": "Not_A_Bucket"}, "REGATTA_BUCKET"),
    ],
)
def test_serve_names_the_setting_that_is_wrong(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, change: dict[str, str], named: str
) -> None:
    port = {"REGATTA_PORT": str(free_ports(1)[0])}
    monkeypatch.setattr(stack, "settings", {**stack.settings, **stack.env, **port, **change})
    answer = stack.call("serve")
    assert answer.returncode == 1
    assert named in answer.stderr


def test_serve_names_a_taken_port(stack: Stack) -> None:
    environment = {**stack.shell, **stack.env}
    answer = subprocess.run([*CLI, "serve"], env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert answer.returncode == 1
    assert "REGATTA_PORT=" in answer.stderr
