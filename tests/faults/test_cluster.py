"""A Redis that is a cluster, as ElastiCache Serverless is: no command may need keys of two places."""

import logging
from pathlib import Path

import httpx
import pytest
from redis import Redis
from redis.exceptions import ClusterCrossSlotError

from tests.support.gateway import HandlerTransport
from tests.support.process_state import process_environment
from tests.support.redis_process import running_redis
from tests.support.stack import Stack
from tests.support.waiting import wait_for
from tests.support.workflow import run_workflow

SLOTS = 16384


@pytest.mark.usefixtures("patient_with_redis")
def test_the_whole_workflow_runs_on_a_cluster(stack: Stack, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with running_redis(tmp_path, "--cluster-enabled", "yes") as (_, port):
        with Redis(port=port) as cluster:
            cluster.execute_command("CLUSTER", "ADDSLOTS", *range(SLOTS))
            wait_for(lambda: cluster.execute_command("CLUSTER INFO")["cluster_state"] == "ok")
            with pytest.raises(ClusterCrossSlotError):
                cluster.delete("one", "another")
        with (
            caplog.at_level(logging.WARNING, "regatta"),
            process_environment({**stack.env, "REGATTA_REDIS_URL": f"redis://127.0.0.1:{port}/0"}),
            httpx.Client(transport=HandlerTransport(), base_url="http://handlers") as client,
        ):
            run_workflow(client, "clustered")
            assert client.get("/system/status").json()["redis"]["status"] == "up"
        assert "Redis did not answer" not in caplog.text
        assert "Redis refused" not in caplog.text
        with Redis(port=port) as cluster:
            assert cluster.dbsize() > 0
