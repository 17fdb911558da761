"""An object store of our own for the length of a benchmark, and the settings that point at it."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from bench._load import end, free_port
from core.settings import Settings
from infra.local import processes
from infra.local.serving import check
from infra.local.stack import create_signing_key

START_SECONDS = 60


@contextmanager
def bucket(*, redis: bool = False) -> Iterator[Path]:
    """MiniStack's S3 in a folder of its own; yields the folder, which is gone afterwards.

    Without `redis` every read goes to the bucket: the harder case for us, and one process less to take a core.
    `os.environ` points this process and its children there, so no setting may have been read before.
    """
    with TemporaryDirectory(prefix="regatta-bench-") as folder:
        home = Path(folder)
        for part in ("tmp", "logs", "redis", "aws/s3", "aws/state"):
            (home / part).mkdir(parents=True)
        create_signing_key(home / "signing.key")
        before = dict(os.environ)
        for name in [name for name in os.environ if name.startswith(("REGATTA_", "AWS_"))]:
            del os.environ[name]
        chosen = Settings(home=home, aws_port=free_port(), redis_port=free_port())
        servers = [processes.ministack(chosen, home), *([processes.redis(chosen, home)] if redis else [])]
        variables = processes.stack_variables(chosen, home)
        if not redis:
            del variables["REGATTA_REDIS_URL"]
        try:
            for server in servers:
                server.start()
            for server in servers:
                _wait(server)
            os.environ.update(variables)
            check(Settings())
            yield home
        finally:
            for server in servers:
                if server.process:
                    end(server.process)
            os.environ.clear()
            os.environ.update(before)


def _wait(server: processes.Child) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not server.ready():
        if server.exit_status() is not None or time.monotonic() > deadline:
            raise RuntimeError(server.describe_end())
        time.sleep(0.05)
