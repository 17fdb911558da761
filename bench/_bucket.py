"""An emulated S3 for the length of a benchmark, and the environment variables that point at it."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from bench._load import end, free_port
from core.settings import load
from infra.local import embedded_redis, processes
from infra.local.serving import check
from infra.local.signing_key import create_signing_key

START_SECONDS = 60


@contextmanager
def bucket(*, redis: bool = False) -> Iterator[Path]:
    """Run MiniStack with its data in a new folder; yield the folder, which is deleted afterwards.

    Without `redis` every read goes to the bucket, which is the harder case for Regatta, and one process less runs. The
    variables are set in `os.environ` for this process and its children, so no setting may have been read before.
    """
    with TemporaryDirectory(prefix="regatta-bench-") as folder:
        home = Path(folder)
        for name in ("tmp", "logs", "redis", "aws/s3", "aws/state"):
            (home / name).mkdir(parents=True)
        create_signing_key(home / "signing.key")
        before = dict(os.environ)
        for name in [name for name in os.environ if name.startswith(("REGATTA_", "AWS_"))]:
            del os.environ[name]
        settings = load(home=home, aws_port=free_port())
        socket = embedded_redis.socket_path(home) if redis else None
        servers = [processes.ministack(settings, home), *([embedded_redis.redis(home, socket)] if socket else [])]
        variables = processes.stack_variables(settings, home, embedded_redis.url(socket))
        try:
            for server in servers:
                server.start()
            for server in servers:
                _wait(server)
            # Nobody has made the queue that the variables name.
            os.environ.update(variables | {"REGATTA_RUN_JOBS": "false"})
            check(load())
            yield home
        finally:
            for server in servers:
                if server.process:
                    end(server.process)
            os.environ.clear()
            os.environ.update(before)


def _wait(server: processes.Child) -> None:
    """Wait until a server is ready; raises `RuntimeError` where it ends or takes too long."""
    deadline = time.monotonic() + START_SECONDS
    while not server.ready():
        if server.exit_status() is not None or time.monotonic() > deadline:
            raise RuntimeError(server.describe_end())
        time.sleep(0.05)
