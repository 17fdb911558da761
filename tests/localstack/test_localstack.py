"""The template in a real LocalStack: its gateway, its events, its functions one by one, and how it is deployed."""

import hashlib
import io
import json
import re
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tritonclient.http import InferenceServerClient

from infra.deploy import emulated, sam
from infra.deploy.deployment import DeployError
from infra.emulator_account import CREDENTIALS, REGION
from infra.paths import ROOT
from infra.sam_template import parse_template
from tests.api.test_open_inference import ROWS, rows
from tests.localstack.events import FLAT, MESSAGES, SCHEDULES, requests
from tests.localstack.running import COMPOSE, LocalStack
from tests.localstack.toys import Invoke, toy_function
from tests.support.arrivals import TARGET, linear_table
from tests.support.fake_programs import make_fake_programs
from tests.support.gateway import HandlerTransport, proxy_event
from tests.support.process_state import process_environment
from tests.support.redis_process import running_redis
from tests.support.stack import CLI
from tests.support.waiting import wait_for
from tests.support.workflow import gbk_csv, run_workflow

TEMPLATE = (ROOT / "template.yaml").read_text()


@pytest.fixture(scope="module")
def localstack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """LocalStack with the template deployed, and a Redis of its own."""
    home = tmp_path_factory.mktemp("localstack")
    with running_redis(home) as (_, port):
        running = LocalStack(home, f"redis://127.0.0.1:{port}/0").start()
        yield running
        running.stop()


@pytest.fixture
def http(localstack: LocalStack) -> Iterator[httpx.Client]:
    """A client of the gateway."""
    with localstack.http() as client:
        yield client


@pytest.fixture(scope="module")
def flats(localstack: LocalStack) -> str:
    """The file of a model called `flats`, the current one."""
    with localstack.http() as client:
        uploaded = client.post("/data/upload", files={"file": ("房价.csv", gbk_csv())}).raise_for_status().json()
        process = {"handle_missing": "mean", "target_column": "价格"}
        client.post("/data/process", json=process).raise_for_status()
        client.post("/model/train", json={"model_type": "ridge", "model_name": "flats"}).raise_for_status()
    return str(uploaded["file_id"])


def test_the_whole_workflow_gives_the_answers_of_the_handlers(localstack: LocalStack, http: httpx.Client) -> None:
    localstack.client("s3").create_bucket(Bucket="handlers")
    apart = {
        "REGATTA_S3_ENDPOINT": localstack.url,
        "REGATTA_BUCKET": "handlers",
        "REGATTA_REDIS_URL": localstack.redis_url.removesuffix("0") + "1",
        "REGATTA_SIGNING_KEY": "of the handlers alone",
        "AWS_ACCESS_KEY_ID": CREDENTIALS["aws_access_key_id"],
        "AWS_SECRET_ACCESS_KEY": CREDENTIALS["aws_secret_access_key"],
        "AWS_DEFAULT_REGION": REGION,
    }
    with process_environment(apart), httpx.Client(transport=HandlerTransport(), base_url="http://handlers") as handlers:
        expected = run_workflow(handlers, "handlers")
    found = run_workflow(http, "localstack")
    assert found["upload"]["sha256"] == hashlib.sha256(gbk_csv()).hexdigest()
    for step, answer in expected.items():
        assert found[step] == answer, step


def test_bytes_go_through_the_gateway_as_they_are(localstack: LocalStack, http: httpx.Client, flats: str) -> None:
    payload = {"file_id": flats, "model_name": "flats", "format": "excel"}
    workbook = http.post("/predict/export", json=payload)
    assert zipfile.is_zipfile(io.BytesIO(workbook.content))
    artifact = http.get("/model/artifact/flats", params={"format": "onnx"})
    version = http.get("/model/info", params={"model_name": "flats"}).json()
    assert hashlib.sha256(artifact.content).hexdigest() in json.dumps(version)


def test_triton_speaks_its_binary_protocol_through_the_gateway(
    localstack: LocalStack, http: httpx.Client, flats: str
) -> None:
    expected = http.post("/predict/batch", json={"model_name": "flats", "data": ROWS}).json()["predictions"]
    client = InferenceServerClient(localstack.api_url.removeprefix("http://"))
    answer = client.infer("flats", rows(), headers={"Accept": "application/octet-stream"})
    client.close()
    assert answer.as_numpy("prediction").ravel().tolist() == expected


def test_an_error_is_a_problem_for_every_client(localstack: LocalStack) -> None:
    answer = httpx.get(f"{localstack.api_url}/model/info", params={"model_name": "nobody"}, timeout=300)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert answer.json()["type"] == "urn:regatta:problem:no-such-model"


def test_links_lead_to_the_address_of_the_emulator(localstack: LocalStack) -> None:
    with httpx.Client(timeout=300) as client:
        links = client.get(f"{localstack.api_url}/").json()["links"]
        for name in ("status", "files", "jobs", "series"):
            assert client.get(f"{localstack.url}{links[name]}").status_code == 200, links[name]
        # A browser takes gzip; here it gets the text, because LocalStack would send Base64.
        script = client.get(f"{localstack.url}{links['docs']}/start.js")
        assert script.text.startswith("// Starts Swagger UI")
        assert client.get(f"{localstack.url}{links['openapi']}").json()["openapi"].startswith("3.1")


@pytest.mark.parametrize("name", requests())
def test_a_function_answers_when_it_is_invoked(localstack: LocalStack, flats: str, name: str) -> None:
    request = requests()[name]
    answer = localstack.invoke(name, proxy_event(request, request.url.path))
    assert answer["statusCode"] == 200, answer
    assert answer["body"]


@pytest.mark.parametrize("name", MESSAGES)
def test_a_function_takes_a_message_when_it_is_invoked(localstack: LocalStack, name: str) -> None:
    assert localstack.invoke(name, MESSAGES[name]) == {"batchItemFailures": []}


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_function_does_its_daily_work_when_it_is_invoked(localstack: LocalStack, name: str) -> None:
    assert "failed" not in localstack.invoke(name, SCHEDULES[name])


def test_every_function_of_the_template_is_invoked() -> None:
    resources = parse_template(TEMPLATE)["Resources"]
    functions = {name for name, resource in resources.items() if resource["Type"] == "AWS::Serverless::Function"}
    # No emulator asks the authorizer, nor for the public half of the signing key, and none has the state machine.
    assert functions - {"AuthorizeFunction", "VerifyingFunction", "TasksFunction"} == {
        *requests(),
        *MESSAGES,
        *SCHEDULES,
    }


def test_an_upload_that_lands_in_the_bucket_becomes_a_dataset(http: httpx.Client) -> None:
    body = gbk_csv()
    way_in = http.post("/data/uploads", json={"filename": "房价 a b+c%.csv", "size_bytes": len(body)}).json()
    httpx.post(way_in["url"], data=way_in["fields"], files={"file": body}).raise_for_status()
    state = wait_for(
        lambda: http.get(f"/data/files/{way_in['file_id']}").json(), lambda s: s["status"] in ("ready", "failed")
    )
    assert (state["status"], state["filename"], state["rows"]) == ("ready", "房价 a b+c%.csv", 120)
    info = http.get("/data/info", params={"file_id": way_in["file_id"]}).json()
    assert info["sha256"] == hashlib.sha256(body).hexdigest()


def test_a_job_goes_through_the_queue_to_the_worker(http: httpx.Client, flats: str) -> None:
    payload = {"model_type": "ridge", "target_column": "价格", "model_name": "queued", "file_id": flats}
    accepted = http.post("/model/train", json=payload, headers={"Prefer": "respond-async"})
    assert accepted.status_code == 202, accepted.text
    job = wait_for(
        lambda: http.get(http.base_url.join(accepted.headers["location"])).json(),
        lambda j: j["status"] not in ("queued", "running"),
    )
    assert (job["status"], job["result"]["model_name"]) == ("succeeded", "queued")
    predictions = [
        http.post("/predict", json={"model_name": name, "data": FLAT}).json()["prediction"]
        for name in ("flats", "queued")
    ]
    assert predictions[0] == predictions[1]


def test_a_csv_in_the_bucket_retrains_and_poison_ends_as_a_dead_letter(
    localstack: LocalStack, http: httpx.Client
) -> None:
    first = linear_table(0, 300).to_csv(index=False).encode()
    file_id = http.post("/data/upload", files={"file": ("first.csv", first)}).raise_for_status().json()["file_id"]
    payload = {"model_type": "ridge", "target_column": TARGET, "model_name": "prices", "file_id": file_id}
    http.post("/model/train", json=payload).raise_for_status()
    wanted = {"target_column": TARGET, "tolerance": 0.5}
    http.put("/series/prices", json=wanted).raise_for_status()
    s3 = localstack.client("s3")
    fresh = linear_table(1).to_csv(index=False).encode()
    s3.put_object(Bucket="regatta", Key="incoming/default/prices/三月 a b+c%.csv", Body=fresh)
    look = "/series/prices/history"
    (decided,) = wait_for(lambda: http.get(look).json(), lambda found: bool(found.get("history")))["history"]
    assert (decided["state"], decided["promoted"], decided["champion"]) == ("accepted", True, 2), decided
    assert http.get("/model/info", params={"model_name": "prices"}).json()["version"] == 2

    s3.put_object(Bucket="regatta", Key="incoming/default/prices/poison.csv", Body=b"\x7fELF" + bytes(range(256)) * 9)
    refused = wait_for(lambda: http.get(look).json()["history"][0], lambda newest: newest["state"] == "refused")
    assert refused["champion"] == 2
    wait_for(lambda: http.get("/system/status").json()["queue"], lambda queue: queue["dead_letters"] == 1)


def regatta_deploy(localstack: LocalStack, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*CLI, "deploy", "--endpoint-url", localstack.url, *options],
        env=localstack.shell,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_health_check_of_the_compose_file_holds(localstack: LocalStack) -> None:
    kind, command = COMPOSE["services"]["localstack"]["healthcheck"]["test"]
    assert kind == "CMD-SHELL"
    subprocess.run(command.replace("localhost:4566", localstack.address), shell=True, check=True)


def test_deploying_again_keeps_everything(localstack: LocalStack) -> None:
    before = localstack.api_url
    again = regatta_deploy(localstack)
    assert (again.returncode, again.stdout.strip()) == (0, before), again.stderr
    configuration = localstack.client("lambda").get_function_configuration(
        FunctionName=localstack.function("SystemFunction")
    )
    assert configuration["Environment"]["Variables"]["REGATTA_REDIS_URL"] == localstack.redis_url


def test_a_route_that_is_new_is_deployed(
    localstack: LocalStack, flats: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    status = "        Status: { Type: Api, Properties: { RestApiId: !Ref Api, Method: GET, Path: /system/status } }\n"
    assert status in TEMPLATE
    second = status.replace("Status:", "Second:").replace("/system/status", "/second")
    (tmp_path / "template.yaml").write_text(TEMPLATE.replace(status, status + second))
    monkeypatch.setattr(emulated, "ROOT", tmp_path)
    changed = emulated.deploy(localstack.url, "regatta", {})
    # The function knows no such path and says so; the gateway would say that nobody is authorised.
    assert httpx.get(f"{changed.api_url}/second", timeout=300).json()["type"] == "urn:regatta:problem:no-such-route"
    files = httpx.get(f"{changed.api_url}/data/files", timeout=300).json()["files"]
    assert flats in {file["file_id"] for file in files}


@pytest.fixture
def sam_calls(localstack: LocalStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """LocalStack as AWS itself, and a `sam` that only records its arguments, in the file that is returned."""
    monkeypatch.setenv("PATH", f"{make_fake_programs(tmp_path, 'sam', 'docker')}:/usr/bin:/bin")
    for name, value in {"ENDPOINT_URL": localstack.url, "DEFAULT_REGION": REGION}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name.upper(), value)
    return tmp_path / "calls"


def test_sam_gets_the_parameters_of_the_stack(sam_calls: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deployment = sam.deploy("regatta", {"LogLevel": "DEBUG"})
    assert re.fullmatch(r"https://\w+\.execute-api\..+/prod", deployment.api_url)
    built, deployed = sam_calls.read_text().splitlines()
    assert built == "build"
    given = dict(pair.split("=") for pair in deployed.partition("--parameter-overrides ")[2].split())
    assert given == {"LogLevel": "DEBUG", "BucketName": "regatta", "CreateBucket": "true"}
    assert set(given) <= set(parse_template(TEMPLATE)["Parameters"])
    monkeypatch.setenv("FAILS", "deploy")
    with pytest.raises(DeployError, match="`sam deploy` ended with status 1"):
        sam.deploy("regatta", {})


@pytest.mark.parametrize(("bucket", "made"), [("regatta", "false"), ("not-there-yet", "true")])
def test_a_bucket_that_is_there_already_is_not_made_again(
    sam_calls: Path, monkeypatch: pytest.MonkeyPatch, bucket: str, made: str
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")  # where no stack is
    with pytest.raises(DeployError, match="does not exist"):  # and this sam makes none
        sam.deploy(bucket, {"Auth": "iam"})
    assert "Authorizer=AWS_IAM" in sam_calls.read_text()
    assert f"CreateBucket={made}" in sam_calls.read_text()


@pytest.fixture(scope="module")
def toy(localstack: LocalStack) -> Invoke:
    """The function in toy.py."""
    return toy_function(localstack, "toy", "toy.handler")


def test_an_environment_is_kept_until_it_fails(toy: Invoke) -> None:
    (first, log), (second, _) = toy("tell"), toy("tell")
    assert log
    assert first["pid"] == second["pid"]
    assert (first["variable"], first["memory"], first["bare"]) == ("42", "128", True)
    assert 0 < first["remaining"] <= 1000
    assert Path(first["code"]) != Path(__file__).parent
    assert toy("raise")[0]["errorType"] == "ValueError"
    assert toy("tell")[0]["pid"] == first["pid"]
    assert toy("crash")[0]["errorType"] == "Runtime.ExitError"
    assert toy("tell")[0]["pid"] != first["pid"]


@pytest.mark.parametrize(
    ("what", "error", "message"),
    [
        ("sleep", "Sandbox.Timedout", "Task timed out after 1.00 seconds"),
        ("return a set", "Runtime.MarshalError", "not JSON serializable"),
        ("return much", "Function.ResponseSizeTooLarge", "6291556"),
    ],
)
def test_what_lambda_refuses_is_refused(toy: Invoke, what: str, error: str, message: str) -> None:
    answer, _ = toy(what)
    assert answer["errorType"] == error
    assert message in answer["errorMessage"]


@pytest.mark.parametrize(
    ("handler", "error"),
    [("nowhere.handler", "Runtime.ImportModuleError"), ("toy.nothing", "Runtime.HandlerNotFound")],
)
def test_a_handler_that_is_not_there_is_named(localstack: LocalStack, handler: str, error: str) -> None:
    answer, _ = toy_function(localstack, handler.replace(".", "-"), handler)("tell")
    assert (answer["errorType"], handler.partition(".")[0] in answer["errorMessage"]) == (error, True), answer
