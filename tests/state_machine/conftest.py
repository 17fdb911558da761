"""MiniStack with the state machine of tasks and its function, and the settings of a worker that uses them."""

import io
import json
import os
import secrets
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest

from infra.deploy.tasks_definition import tasks_definition
from infra.emulator_account import ACCOUNT, REGION
from tests.support.process_state import process_environment
from tests.support.stack import free_ports
from tests.support.storage import BUCKET
from tests.support.waiting import wait_for

ROOT = Path(__file__).parents[2]
ROLE = f"arn:aws:iam::{ACCOUNT}:role/tasks"
ENTRY = """
from tests.support.tasks_function import handler, let_exports_be_killed
let_exports_be_killed()
"""
# Calls of the function that go on at the same time: each has a process, which the emulator keeps for the next one.
CALLS = 2
LEASE_SECONDS = 2
# 700,000 rows are more than 20 of these chunks, each of which is read in two slices: one can be killed in between.
CHUNK_ROWS = 32_768


class Machine:
    """An emulated AWS in which the state machine is deployed."""

    def __init__(self, url: str, variables: dict[str, str]) -> None:
        self.url = url
        self.variables = variables
        self.arn = ""

    def client(self, service: str) -> Any:
        """Return a boto3 client for the emulator."""
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.url,
            aws_access_key_id=ACCOUNT,
            aws_secret_access_key="test",
        )

    def deploy(self) -> None:
        """Create the bucket, the function and the state machine, as template.yaml does."""
        self.client("s3").create_bucket(Bucket=BUCKET)
        package = io.BytesIO()
        with zipfile.ZipFile(package, "w") as file:
            file.writestr("entry.py", ENTRY)
        function = self.client("lambda").create_function(
            FunctionName="tasks",
            Runtime="python3.13",
            Role=ROLE,
            Handler="entry.handler",
            Timeout=900,
            Code={"ZipFile": package.getvalue()},
            Environment={"Variables": {**self.variables, "PYTHONPATH": str(ROOT)}},
        )
        values = {"Partition": "aws", "Function": function["FunctionArn"], "MaxConcurrency": str(CALLS)}
        machine = self.client("stepfunctions").create_state_machine(
            name="tasks", roleArn=ROLE, definition=json.dumps(tasks_definition(values))
        )
        self.arn = machine["stateMachineArn"]

    def invoke(self, event: dict[str, Any]) -> dict[str, Any]:
        """Call the function itself, and return its answer."""
        answer = self.client("lambda").invoke(FunctionName="tasks", Payload=json.dumps(event))
        found: dict[str, Any] = json.loads(answer["Payload"].read())
        return found

    def execution(self, job_id: str, number: int = 1) -> str:
        """Return the ARN of an execution of a job."""
        return f"{self.arn.replace(':stateMachine:', ':execution:')}:{job_id}-{number}"

    def executions(self, job_id: str) -> list[str]:
        """Return the names of the executions of a job."""
        found = self.client("stepfunctions").list_executions(stateMachineArn=self.arn)["executions"]
        return sorted(one["name"] for one in found if one["name"].startswith(job_id))

    def status(self, job_id: str, number: int = 1) -> str:
        """Return the status of an execution of a job."""
        found = self.client("stepfunctions").describe_execution(executionArn=self.execution(job_id, number))
        return str(found["status"])

    def wait(self, job_id: str, number: int = 1) -> str:
        """Wait until an execution is over, and return its status."""
        wait_for(lambda: self.status(job_id, number) != "RUNNING")
        return self.status(job_id, number)


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """MiniStack as a process of its own, with the state machine in it."""
    folder = tmp_path_factory.mktemp("ministack")
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    key = folder / "signing.key"
    key.write_text(secrets.token_hex(32))
    environment = {
        **os.environ,
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "SERVICES": "s3,lambda,stepfunctions,iam,sts,logs",
        "LAMBDA_EXECUTOR": "local",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "DOCKER_HOST": f"unix://{folder / 'no-docker'}",
        "STATE_DIR": str(folder),
        "TMPDIR": str(folder),
    }
    variables = {
        "REGATTA_BUCKET": BUCKET,
        "REGATTA_S3_ENDPOINT": url,
        "REGATTA_SIGNING_KEY_FILE": str(key),
        "REGATTA_INTERNAL_KEY": secrets.token_hex(32),
        "REGATTA_JOB_LEASE_SECONDS": str(LEASE_SECONDS),
        "REGATTA_AUTH": "none-i-know",
        "AWS_ENDPOINT_URL": url,
        "REGATTA_LOG_LEVEL": "WARNING",
    }
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-m", "ministack"], env=environment, stdout=log, stderr=log)
    try:
        wait_for(lambda: _answers(f"{url}/_ministack/health"))
        machine = Machine(url, variables)
        machine.deploy()
        yield machine
    finally:
        process.terminate()
        process.wait(60)


@pytest.fixture
def machine(deployed: Machine) -> Iterator[Machine]:
    """The same, with this process set up as a worker that gives its tasks to the state machine."""
    own = {
        "REGATTA_STATE_MACHINE": deployed.arn,
        "REGATTA_CHUNK_ROWS": str(CHUNK_ROWS),
        "AWS_ACCESS_KEY_ID": ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
    }
    with process_environment({**deployed.variables, **own}):
        yield deployed


def _answers(url: str) -> bool:
    try:
        return httpx.get(url).is_success
    except httpx.TransportError:
        return False
