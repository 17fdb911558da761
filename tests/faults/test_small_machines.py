"""A server that may open few files says so, serves fewer at once, and breaks nothing off."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from core.context_threads import run_in_threads
from tests.faults.conftest import variables
from tests.support.fault_proxy import fault_proxy
from tests.support.memory_s3 import MemoryS3
from tests.support.stack import CLI, free_ports
from tests.support.waiting import wait_for

CSV = b"x,y\n" + b"".join(b"%d,%d\n" % (row, 3 * row + row % 5) for row in range(60))
# More than are served at once, and so few that no limit is met by chance.
CLIENTS = 10


@contextmanager
def limited_server(folder: Path, descriptors: int) -> Iterator[tuple[str, Path]]:
    """Run `regatta serve`, which may open so many files, over a bucket in this process; yield its URL and its log."""
    (port,) = free_ports(1)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("REGATTA_", "AWS_"))}
    own = {"REGATTA_HOME": str(folder), "REGATTA_PORT": str(port), "TMPDIR": str(folder / "tmp")}
    (folder / "tmp").mkdir()
    with fault_proxy(MemoryS3().answer) as proxy, (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            ["sh", "-c", f'ulimit -n {descriptors} && exec "$@"', "sh", *CLI, "serve", "--workers", "1"],
            env={**kept, **variables(proxy.url), **own},
            stdout=log,
            stderr=log,
        )
        try:
            wait_for(lambda: process.poll() is not None or _is_up(f"http://127.0.0.1:{port}"))
            assert process.poll() is None, (folder / "log").read_text()
            yield f"http://127.0.0.1:{port}", folder / "log"
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()


def _is_up(url: str) -> bool:
    try:
        return httpx.get(url, timeout=300).status_code == 200
    except httpx.TransportError:
        return False


def test_with_64_descriptors_a_server_refuses_what_is_too_much_and_breaks_nothing_off(tmp_path: Path) -> None:
    with limited_server(tmp_path, 64) as (url, log):

        def use(_: int) -> list[httpx.Response]:
            """Send requests of each kind over a connection of its own, which the server may close with its answer."""
            with httpx.Client(base_url=url, timeout=300) as client:
                return [
                    client.post("/data/upload", files={"file": ("a.csv", CSV)}),
                    client.get("/data/files"),
                    client.post("/predict", json={"model_name": "few", "data": {"x": 3}}),
                    client.get("/system/status"),
                ]

        with httpx.Client(base_url=url, timeout=300) as client:
            client.post("/data/upload", files={"file": ("a.csv", CSV)}).raise_for_status()
            order = {"target_column": "y", "model_type": "ridge", "model_name": "few"}
            client.post("/model/train", json=order).raise_for_status()
        answers = [answer for answers in run_in_threads(use, range(CLIENTS), CLIENTS) for answer in answers]
        refused = [answer for answer in answers if answer.status_code != 200]
        assert {answer.status_code for answer in refused} <= {503}
        assert all("retry-after" in answer.headers and answer.json()["detail"] for answer in refused)
        with httpx.Client(base_url=url, timeout=300) as client:
            acknowledged = sum(one.status_code == 200 and one.request.url.path == "/data/upload" for one in answers)
            listed = wait_for(lambda: client.get("/data/files"), lambda answer: answer.is_success)
            assert len(listed.json()["files"]) == 1 + acknowledged
        assert "only 64 files may be open" in log.read_text()
        assert "Traceback" not in log.read_text()
    assert list((tmp_path / "tmp").iterdir()) == []
