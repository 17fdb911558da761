"""A Redis that is silent, slow or gone is asked seldom, and found again."""

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from core.storage.dependency import FIRST_PAUSE_SECONDS, MOST_PAUSE_SECONDS
from core.storage.documents import Documents
from core.storage.redis.redis_client import (
    COMMAND_SECONDS,
    CONNECT_SECONDS,
    SLOW_COMMANDS,
    SLOW_SECONDS,
    RedisClient,
)
from tests.support.redis_documents import KEY, Clock, MemoryStore
from tests.support.redis_process import running_redis


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_a_silent_redis_is_asked_once_and_found_again_when_it_answers(
    tmp_path: Path, store: MemoryStore, clock: Clock
) -> None:
    with running_redis(tmp_path) as (server, port):
        client = RedisClient(f"redis://127.0.0.1:{port}/0", clock)
        documents, asked = Documents(store, client, clock), 0
        documents.write(KEY, {"version": 1})

        def ask(redis: Redis) -> Any:
            nonlocal asked
            asked += 1
            return redis.ping()

        with stopped(server.pid):
            for pause in (FIRST_PAUSE_SECONDS, 2 * FIRST_PAUSE_SECONDS, 4 * FIRST_PAUSE_SECONDS, MOST_PAUSE_SECONDS):
                assert [client.run(ask, None) for _ in range(5)] == [None] * 5
                clock.now += pause
            assert asked == 4
            documents.write(KEY, {"version": 2})
            assert documents.read(KEY) == {"version": 2}
        clock.now += MOST_PAUSE_SECONDS
        assert client.run(ask, None)
        assert client.run(ask, None)


def test_a_pause_ends_for_one_caller_while_the_others_go_on_without_redis(clock: Clock) -> None:
    client = RedisClient("redis://127.0.0.1:9/0", clock)
    client.run(lambda redis: redis.ping(), None)
    clock.now += FIRST_PAUSE_SECONDS
    others: list[Any] = []

    def ask(redis: Redis) -> str:
        others.append(client.run(lambda redis: "asked", "without"))
        return "asked"

    assert client.run(ask, None) == "asked"
    assert others == ["without"]
    assert client.run(lambda redis: "asked", "without") == "asked"


def test_a_redis_that_answers_slowly_is_left_alone(clock: Clock) -> None:
    client = RedisClient("redis://127.0.0.1:9/0", clock)

    def answer_slowly(redis: Redis) -> str:
        clock.now += 2 * SLOW_SECONDS
        return "slow"

    assert [client.run(answer_slowly, None) for _ in range(SLOW_COMMANDS + 1)] == ["slow"] * SLOW_COMMANDS + [None]
    clock.now += FIRST_PAUSE_SECONDS
    assert client.run(lambda redis: "quick", None) == "quick"
    assert client.run(answer_slowly, None) == "slow"


def test_a_silent_redis_costs_one_time_out_even_on_a_new_connection() -> None:
    # An address that takes connections and never answers.
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = RedisClient(f"redis://127.0.0.1:{silent.getsockname()[1]}/0")
        options = client._connection().connection_pool.connection_kwargs
        waits = (options["socket_connect_timeout"], options["socket_timeout"])
        assert waits == (CONNECT_SECONDS, COMMAND_SECONDS)
        assert client.run(lambda redis: redis.get("a"), None) is None
        asked, _ = silent.accept()
        silent.setblocking(False)
        with asked:
            with pytest.raises(BlockingIOError):
                silent.accept()  # it was not tried again
            assert asked.recv(1_000).count(b"*") == 1  # nor was anything asked before
