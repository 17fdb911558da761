"""A machine at its limits is told of, with the limit and the way out."""

import errno
import json
import os
import subprocess
import sys
import tempfile

import httpx
import pytest
from fastapi import APIRouter

from core.machine_limits import machine_error
from functions.http import create_app
from tests.support.coroutines import run

ERRORS = {
    "full": (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/data/tmp/table"), ("/data/tmp", "Make room")),
    "quota": (OSError(errno.EDQUOT, os.strerror(errno.EDQUOT)), ("full", "TMPDIR")),
    "read only": (OSError(errno.EROFS, os.strerror(errno.EROFS), "/data/tmp/table"), ("/data/tmp", "TMPDIR")),
    "no folder": (FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']"), ("TMPDIR",)),
    "descriptors": (OSError(errno.EMFILE, os.strerror(errno.EMFILE)), ("ulimit -n",)),
    "memory": (MemoryError(), ("fewer rows",)),
    "memory of a library": (RuntimeError("Non-zero status code: std::bad_alloc"), ("fewer rows",)),
    "threads": (RuntimeError("can't start new thread"), ("ulimit -v",)),
    "large file": (OSError(errno.EFBIG, os.strerror(errno.EFBIG), "/data/tmp/table"), ("/data/tmp", "ulimit -f")),
}
# Prints the answers of a small machine to requests that need little, that need more than it has, and that need little.
SMALL_MACHINE = """
import asyncio, json, resource, sys, tempfile
import httpx
from fastapi import APIRouter
from functions.http import create_app

router = APIRouter()

@router.get("/memory/{count}")
def hold(count: int) -> int:
    return len(bytearray(count))

@router.get("/file/{count}")
def write(count: int) -> int:
    with tempfile.NamedTemporaryFile() as file:
        return file.write(bytes(count))

async def ask(paths):
    async with httpx.AsyncClient(transport=httpx.ASGITransport(create_app(router)), base_url="http://here") as client:
        return [await client.get(path) for path in paths]

limit, most, *paths = sys.argv[1:]
resource.setrlimit(getattr(resource, limit), (int(most), int(most)))
for answer in asyncio.run(ask(paths)):
    print(json.dumps([answer.status_code, answer.headers.get("retry-after"), answer.json()]))
"""


@pytest.mark.parametrize(
    ("limit", "most", "resource", "words"),
    [
        ("RLIMIT_AS", 1_500_000_000, "memory", "not enough memory"),
        ("RLIMIT_FSIZE", 1_000_000, "file", "ulimit -f"),
    ],
)
def test_a_request_that_does_not_fit_is_refused_and_the_next_one_served(
    limit: str, most: int, resource: str, words: str
) -> None:
    paths = [f"/{resource}/{count}" for count in (1000, 2 * most, 1000)]
    done = subprocess.run(
        [sys.executable, "-c", SMALL_MACHINE, limit, str(most), *paths], capture_output=True, text=True, check=False
    )
    before, refused, after = (json.loads(line) for line in done.stdout.splitlines() if line.startswith("["))
    assert before == after == [200, None, 1000]
    assert (refused[0], refused[1] is None) == (503, False)
    assert words in refused[2]["detail"]


@pytest.mark.parametrize("name", ERRORS)
def test_each_limit_is_a_503_that_names_it(name: str) -> None:
    error, words = ERRORS[name]
    router = APIRouter()

    @router.get("/limited")
    def fail() -> None:
        raise error

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(create_app(router))
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
            return await client.get("/limited")

    answer = run(ask())
    assert answer.status_code == 503
    assert "retry-after" in answer.headers
    for word in words:
        assert word in answer.json()["detail"]


def test_the_error_that_another_one_came_from_counts() -> None:
    try:
        try:
            raise OSError(errno.ENOSPC, "No space left on device", "/data/a")
        except OSError as error:
            raise ValueError("the table cannot be written") from error
    except ValueError as error:
        found = machine_error(error)
    assert found is not None
    assert "/data" in found.detail


def test_a_folder_of_temporary_files_without_a_right_to_write_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/data/tmp")
    found = machine_error(PermissionError(errno.EACCES, "Permission denied", "/data/tmp/regatta-1"))
    assert found is not None
    assert "/data/tmp" in found.detail
    assert machine_error(PermissionError(errno.EACCES, "Permission denied", "/data/signing.key")) is None


def test_any_other_error_of_the_system_is_a_bug() -> None:
    assert machine_error(FileNotFoundError(errno.ENOENT, "No such file", "/x")) is None
    assert machine_error(KeyError("x")) is None
