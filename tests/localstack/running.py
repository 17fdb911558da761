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

from infra.deploy import ROOT
from tests.stack import free_ports

VENV = ROOT / ".venv-localstack"
PLUGIN = Path(__file__).parent / "plugin"
READY_SECONDS = 120
SERVICES = "apigateway,cloudformation,cloudwatch,events,iam,lambda,logs,s3,scheduler,secretsmanager,sqs,sts"


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
        deadline = time.monotonic() + READY_SECONDS
        while not (state := self._init_state()).get("completed"):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise AssertionError(f"LocalStack did not come up:\n{self.log.read_text()[-4000:]}")
            time.sleep(0.1)
        scripts = state["scripts"]
        if [script["state"] for script in scripts] != ["SUCCESSFUL"]:
            self.stop()
            raise AssertionError(f"The init hook failed: {scripts}\n{self.log.read_text()[-4000:]}")
        return self

    def stop(self) -> None:
        """End it and everything it started."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def _environment(self) -> dict[str, str]:
        kept = {n: v for n, v in os.environ.items() if not n.startswith(("REGATTA_", "AWS_", "LAMBDA_"))}
        return kept | {
            "GATEWAY_LISTEN": self.address,
            "LOCALSTACK_HOST": self.address,
            "FILESYSTEM_ROOT": str(self.home),
            "TMPDIR": str(self.home / "tmp"),
            "XDG_CACHE_HOME": str(self.home / "cache"),
            "SERVICES": SERVICES,
            # Its guess whether it is in a container differs from one machine to another; where its files are depends on it.
            "OVERRIDE_IN_DOCKER": "false",
            # Nothing of the outside: no certificate, no usage report, no name server.
            "SKIP_SSL_CERT_DOWNLOAD": "1",
            "DISABLE_EVENTS": "1",
            "DNS_ADDRESS": "0",
            # Functions as processes of this interpreter, with this project's packages.
            "PYTHONPATH": str(PLUGIN),
            "LAMBDA_RUNTIME_EXECUTOR": "process",
            "LAMBDA_RUNTIME_ENVIRONMENT_TIMEOUT": "90",
            "FUNCTION_PYTHON": sys.executable,
            # What localstack.yml gives its hook.
            "DEPLOY_FROM": str(ROOT),
            "DEPLOY_REDIS_URL": self.redis_url,
            "DEPLOY_S3_ENDPOINT": self.url,
        }

    def _init_state(self) -> dict[str, Any]:
        try:
            with urlopen(f"{self.url}/_localstack/init/ready", timeout=5) as answer:
                state: dict[str, Any] = json.load(answer)
                return state
        except (URLError, OSError, ValueError):
            return {}
