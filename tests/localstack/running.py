"""A real LocalStack for tests: the release that localstack.yml names, from PyPI, without Docker."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import boto3
import httpx
import yaml

from infra.deploy.cloudformation import find_api
from infra.emulator_account import CREDENTIALS, REGION, STACK_NAME
from infra.emulator_clients import CONFIG
from infra.paths import ROOT
from tests.support.stack import free_ports
from tests.support.waiting import SAFETY_NET

VENV = ROOT / ".venv-localstack"
PLUGIN = Path(__file__).parent / "plugin"
COMPOSE = yaml.safe_load((ROOT / "localstack.yml").read_text())


class LocalStack:
    """One LocalStack with all its files below `home`; its init hook deploys the template as localstack.yml has it."""

    def __init__(self, home: Path, redis_url: str) -> None:
        if not (VENV / ".ready").exists():
            raise AssertionError(f"LocalStack is not set up in {VENV}. `make test-localstack` does it.")
        (port,) = free_ports(1)
        self.address = f"127.0.0.1:{port}"
        self.url = f"http://{self.address}"
        self.home = home
        self.log = home / "localstack.log"
        self.redis_url = redis_url
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> "LocalStack":
        """Start it and wait until its init hook has deployed the template."""
        hooks = self.home / "etc/localstack/init"
        hooks.mkdir(parents=True)
        (hooks / "ready.d").symlink_to(ROOT / "infra/localstack/ready.d")
        (self.home / "tmp").mkdir()
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [VENV / "bin/python", "-m", "localstack.runtime.main"],
                env=self._environment(),
                cwd=self.home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + SAFETY_NET
        while not (state := self._init_state()).get("completed") and self._process.poll() is None:
            if time.monotonic() > deadline:
                break
            time.sleep(0.1)
        if [script["state"] for script in state.get("scripts", [])] != ["SUCCESSFUL"]:
            self.stop()
            raise AssertionError(f"LocalStack or its init hook failed: {state}\n{self.log.read_text()[-4000:]}")
        return self

    def stop(self) -> None:
        """Kill it and the functions."""
        if self._process is None:
            return
        # Its own way to stop takes seconds, and nothing of it is kept. The functions are in the same process group.
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def invoke(self, logical_id: str, event: Any) -> Any:
        """`aws lambda invoke`: what a function of the template answers."""
        answer = self.client("lambda").invoke(FunctionName=self.function(logical_id), Payload=json.dumps(event))
        payload = answer["Payload"].read()
        assert "FunctionError" not in answer, payload
        return json.loads(payload)

    def _environment(self) -> dict[str, str]:
        return (
            self.shell
            | COMPOSE["services"]["localstack"]["environment"]
            | {
                "GATEWAY_LISTEN": self.address,
                "LOCALSTACK_HOST": self.address,
                "DEPLOY_FROM": str(ROOT),
                "DEPLOY_REDIS_URL": self.redis_url,
                "DEPLOY_S3_ENDPOINT": self.url,
                "FILESYSTEM_ROOT": str(self.home),
                "TMPDIR": str(self.home / "tmp"),
                "XDG_CACHE_HOME": str(self.home / "cache"),
                # Where it looks for its files depends on whether it thinks it is in a container, and it errs.
                "OVERRIDE_IN_DOCKER": "false",
                # Nothing of the outside: no certificate, no name server.
                "SKIP_SSL_CERT_DOWNLOAD": "1",
                "DNS_ADDRESS": "0",
                # Functions as processes of this interpreter, with this project's packages.
                "PYTHONPATH": str(PLUGIN),
                "LAMBDA_RUNTIME_EXECUTOR": "process",
                "FUNCTION_PYTHON": sys.executable,
            }
        )

    @property
    def api_url(self) -> str:
        """The emulated API Gateway's address of the deployed template."""
        return find_api(self.client("cloudformation"), self.url)

    @property
    def shell(self) -> dict[str, str]:
        """The environment of a shell that knows of nothing."""
        return {n: v for n, v in os.environ.items() if not n.startswith(("REGATTA_", "AWS_", "LAMBDA_"))}

    def http(self) -> httpx.Client:
        """A client of the gateway; this one decodes bytes only for who says that bytes are welcome."""
        return httpx.Client(base_url=self.api_url, timeout=300, headers={"Accept": "application/octet-stream"})

    def client(self, service: str) -> Any:
        """A boto3 client, as a user of this LocalStack would make it."""
        return boto3.client(service, endpoint_url=self.url, region_name=REGION, config=CONFIG, **CREDENTIALS)

    def function(self, logical_id: str) -> str:
        """The name of a function of the template."""
        found = self.client("cloudformation").describe_stack_resource(
            StackName=STACK_NAME, LogicalResourceId=logical_id
        )
        return str(found["StackResourceDetail"]["PhysicalResourceId"])

    def _init_state(self) -> dict[str, Any]:
        try:
            with urlopen(f"{self.url}/_localstack/init/ready", timeout=5) as answer:
                state: dict[str, Any] = json.load(answer)
                return state
        except (URLError, OSError, ValueError):
            return {}
