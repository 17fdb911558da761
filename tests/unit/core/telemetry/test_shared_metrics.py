"""Metrics of several processes add up, also after one was killed, and on a full disk."""

import errno
import os
import signal
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from core.telemetry import shared_metrics
from core.telemetry.exposition import exposition
from core.telemetry.metrics import METRICS
from core.telemetry.shared_metrics import FILE_BYTES, SUM, SharedMetrics

REQUESTS, SECONDS, AGE = METRICS["requests"], METRICS["request_seconds"], METRICS["model_age_seconds"]
KEY = ("requests", "predict_row", "200")
# Counts what it was told to, says that it has, and waits to be killed.
WORKER = """
import sys
from pathlib import Path
from core.telemetry.metrics import METRICS
from core.telemetry.shared_metrics import SharedMetrics
metrics = SharedMetrics(Path(sys.argv[1]))
metrics.set(METRICS["model_age_seconds"], (), 900.0)
for _ in range(int(sys.argv[2])):
    metrics.add(METRICS["requests"], ("predict_row", "200"), 1.0)
print("counted", flush=True)
sys.stdin.read()
"""


def start_worker(folder: Path, requests: int) -> subprocess.Popen[str]:
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER, str(folder), str(requests)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert worker.stdout is not None
    assert worker.stdout.readline() == "counted\n"
    return worker


def kill(worker: subprocess.Popen[str]) -> None:
    worker.send_signal(signal.SIGKILL)
    worker.communicate()


def test_workers_add_up_and_a_killed_one_loses_nothing(tmp_path: Path) -> None:
    workers = [start_worker(tmp_path, requests) for requests in (1000, 234)]
    own = SharedMetrics(tmp_path)
    own.add(REQUESTS, ("predict_row", "200"), 1.0)
    assert own.totals()[KEY] == 1235
    assert own.totals()["model_age_seconds",] == 900
    for worker in workers:
        kill(worker)
        assert own.totals()[KEY] == 1235
    assert ("model_age_seconds",) not in own.totals(), "nobody living has said so"
    another = start_worker(tmp_path, 5)
    assert own.totals()[KEY] == 1240
    kill(another)
    assert own.totals()[KEY] == 1240
    assert len(list(tmp_path.glob("*.metrics"))) == 2, "its own, and that of those that have ended"
    own.close()


def test_a_merge_that_was_killed_counts_nothing_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kill(start_worker(tmp_path, 10))
    own = SharedMetrics(None)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Path, "unlink", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        shared_metrics._merge_ended(tmp_path)
    own = SharedMetrics(tmp_path)
    assert own.totals()[KEY] == 10
    own.close()


@pytest.mark.parametrize("name", ["1-dead.metrics", "ended.metrics"])
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff" * 300,
        struct.pack("qq", 64, -16) + bytes(48),
        struct.pack("qq", 32, 8) + b"\xff" * 8 + struct.pack("d", 1.0),
        struct.pack("qq", 32, 8) + b"merged\0\0" + struct.pack("d", 1.0),
        struct.pack("qq", 32, 8) + b"requests" + struct.pack("d", 1.0),  # without its labels
        struct.pack("qq", 32, 8) + b"unknown\0" + struct.pack("d", 1.0),
    ],
)
def test_a_damaged_file_is_no_harm(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    (tmp_path / "2-dead.metrics").write_bytes(b"")
    own = SharedMetrics(tmp_path)
    own.add(REQUESTS, KEY[1:], 2.0)
    assert own.totals() == {KEY: 2.0}
    assert {file.name for file in tmp_path.glob("*-dead.metrics")} == set()
    own.close()


def test_on_a_full_disk_a_process_counts_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", full)
    own = SharedMetrics(tmp_path)
    own.add(REQUESTS, ("predict_row", "200"), 2.0)
    assert own.totals()[KEY] == 2
    assert not list(tmp_path.glob("*.metrics*"))


def test_more_values_than_fit_are_left_out() -> None:
    own = SharedMetrics(None)
    for number in range(FILE_BYTES // 16):
        own.add(REQUESTS, (f"operation_{number}", "200"), 1.0)
    own.add(REQUESTS, ("operation_0", "200"), 1.0)
    assert own.totals()["requests", "operation_0", "200"] == 2


def test_a_histogram_has_cumulative_buckets_and_a_sum() -> None:
    own = SharedMetrics(None)
    for seconds in (0.0005, 0.001, 0.3, 100.0):
        own.observe(SECONDS, ("predict_row",), seconds)
    text = exposition(own.totals())
    assert 'regatta_request_seconds_bucket{operation="predict_row",le="0.001"} 2' in text
    assert 'regatta_request_seconds_bucket{operation="predict_row",le="0.5"} 3' in text
    assert 'regatta_request_seconds_bucket{operation="predict_row",le="+Inf"} 4' in text
    assert 'regatta_request_seconds_count{operation="predict_row"} 4' in text
    assert own.totals()["request_seconds", "predict_row", SUM] == pytest.approx(100.3015)


def test_a_label_cannot_break_its_line() -> None:
    own = SharedMetrics(None)
    own.add(REQUESTS, ('a"b\\c\nd', "200"), 1.0)
    assert 'operation="a\\"b\\\\c\\nd"' in exposition(own.totals())


def test_every_metric_is_described_once() -> None:
    text = exposition({})
    for metric in METRICS.values():
        assert text.count(f"# TYPE {metric.prometheus_name} {metric.kind}\n") == 1


def test_a_fork_counts_in_a_file_of_its_own(tmp_path: Path) -> None:
    own = SharedMetrics(tmp_path)
    own.add(REQUESTS, ("predict_row", "200"), 1.0)
    child = os.fork()
    if child == 0:
        own.add(REQUESTS, ("predict_row", "200"), 10.0)
        os._exit(0)
    os.waitpid(child, 0)
    assert own.totals()[KEY] == 11
    own.close()
