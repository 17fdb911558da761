"""Fixtures for every test."""

import os
from collections.abc import Generator, Iterator

import httpx
import pytest

from core.storage.redis import redis_client
from tests.support.stack import READY_SECONDS, Stack
from tests.support.tables import table_folder

# Without a word on it httpx waits for five seconds, which is no bound for a busy machine.
vars(httpx._config.DEFAULT_TIMEOUT_CONFIG).update(dict.fromkeys(("connect", "read", "write", "pool"), READY_SECONDS))


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The embedded stack all tests share; a test that stops or kills one makes its own."""
    shared = Stack(tmp_path_factory.mktemp("stack") / "home").start()
    yield shared
    shared.kill_all()


@pytest.fixture
def patient_with_redis(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for Redis however slow the machine is, where a test is about what Redis has afterwards."""
    for name in ("CONNECT_SECONDS", "COMMAND_SECONDS", "SLOW_SECONDS"):
        monkeypatch.setattr(redis_client, name, 60.0)


def pytest_xdist_auto_num_workers() -> int:
    """Return one process more than there are cores, because tests that start a stack mostly wait for it."""
    return (os.cpu_count() or 1) + 1


def pytest_sessionfinish() -> None:
    """Delete the tables of this process: the workers of a parallel run end without their exit handlers."""
    if table_folder.cache_info().currsize:
        table_folder().cleanup()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let a worker report a test that logs half of a character, which UTF-8 cannot hold."""
    report = yield
    report.sections = [(name, text.encode("utf-8", "backslashreplace").decode()) for name, text in report.sections]
    return report
