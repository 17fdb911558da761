"""At DEBUG each command of Redis has a line with its name, and none of what it is about."""

import logging

import pytest
from redis import Redis
from redis.client import Pipeline

from core.storage.redis.watched_redis import WatchedRedis
from core.telemetry.log import line_of


def test_commands_are_named_and_neither_keys_nor_values_are(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(Redis, "execute_command", lambda *_, **__: b"secret")
    monkeypatch.setattr(Pipeline, "execute", lambda *_: [])
    with caplog.at_level(logging.DEBUG, "regatta"):
        client = WatchedRedis()
        client.get("secret")
        client.hset("secret", mapping={"secret": "secret"})
        client.eval("return 1", 1, "secret", "secret")
        with client.pipeline() as pipeline:
            pipeline.getrange("secret", 0, 9)
            pipeline.expire("secret", 9)
            pipeline.execute()
    lines = [line_of(record) for record in caplog.records]
    assert [(line["dependency"], line["operation"]) for line in lines] == [
        ("redis", name) for name in ("GET", "HSET", "EVAL", "GETRANGE+EXPIRE")
    ]
    assert "secret" not in str(lines)


def test_a_command_that_fails_says_why(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    def time_out(*_: object, **__: object) -> None:
        raise TimeoutError("secret")

    monkeypatch.setattr(Redis, "execute_command", time_out)
    with caplog.at_level(logging.DEBUG, "regatta"), pytest.raises(TimeoutError):
        WatchedRedis().get("secret")
    (line,) = [line_of(record) for record in caplog.records]
    assert (line["operation"], line["cause"]) == ("GET", "TimeoutError")
