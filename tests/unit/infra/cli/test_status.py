"""`regatta status`: what it says and its exit status, without a stack and of a service elsewhere."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from core import __version__
from core.settings import settings
from infra.cli import app
from infra.cli.exit_codes import ExitCode
from tests.support.http_server import QuietHandler, running_server
from tests.support.stack import free_ports

UP = {"status": "up", "latency_ms": 1.5}
REPORT = {"status": "degraded", "storage": UP, "redis": {"status": "down"}, "queue": UP, "cache": {}, "index": {}}
DOWN = {
    "type": "urn:regatta:problem:unavailable",
    "title": "Storage",
    "status": 503,
    "detail": "The object store does not answer.",
    "storage": {"status": "down"},
}

UNAUTHORIZED = {"type": "urn:regatta:problem:unauthorized", "title": "Who", "status": 401, "detail": "Not valid."}


class Service(QuietHandler):
    """Answers GET /system/status as a service does."""

    status, document, version = 200, REPORT, __version__

    def do_GET(self) -> None:
        body = json.dumps(self.document).encode()
        self.send_response(self.status)
        self.send_header("Content-Type", "application/json" if self.status == 200 else "application/problem+json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Regatta-Version", self.version)
        self.end_headers()
        self.wfile.write(body)


class BrokenService(Service):
    """A service whose storage is down."""

    status, document = 503, DOWN


class AskingService(Service):
    """A service that asks for keys."""

    status, document = 401, UNAUTHORIZED


class NewerService(Service):
    """A service of another release."""

    version = "9.0.0"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("REGATTA_HOME", str(tmp_path / "home"))
    settings.cache_clear()
    yield tmp_path / "home"
    settings.cache_clear()


def _run(*options: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["status", *options])
    return result.exit_code, result.stdout, result.stderr


def test_without_a_stack_it_says_so_and_makes_nothing(home: Path) -> None:
    assert _run() == (1, f"No stack runs in {home}.\n", "")
    code, output, _ = _run("--json")
    assert (code, json.loads(output)) == (1, {"state": "stopped", "home": str(home)})
    assert not home.exists()


def test_without_a_key_it_says_how_to_give_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REGATTA_API_KEY", raising=False)
    with running_server(AskingService) as url:
        code, _, errors = _run("--url", url)
        assert code == ExitCode.UNAUTHORISED
        assert "no key was given" in errors
        assert "`regatta keys create --workspace NAME --role read`" in errors
        monkeypatch.setenv("REGATTA_API_KEY", "rgt_x")
        assert _run("--url", url)[2].endswith("Not valid. Send the right key in REGATTA_API_KEY.\n")


def test_what_another_version_left_is_no_stack(home: Path) -> None:
    home.mkdir()
    for text in ("", "{", "[]", '{"pid": 1, "colour": "red"}'):
        (home / "stack.json").write_text(text)
        (home / "lock").write_text("1")
        assert _run()[:2] == (1, f"No stack runs in {home}.\n")


def test_a_service_elsewhere_says_how_it_is() -> None:
    with running_server(Service) as url:
        code, output, errors = _run("--url", url)
        assert (code, output) == (0, f"The service at {url} is degraded: storage up, redis down, queue up.\n")
        assert errors == ""
        document = json.loads(_run("--url", url, "--json")[1])
    parts = {"storage": "up", "redis": "down", "queue": "up"}
    assert document == {"url": url, "status": "degraded", "version": __version__, **parts}


def test_a_service_without_its_storage_is_down() -> None:
    with running_server(BrokenService) as url:
        code, output, errors = _run("--url", url)
    assert (code, output) == (1, f"The service at {url} is down: storage down.\n")
    assert "The object store does not answer." in errors


def test_a_service_of_another_release_is_named_with_its_version() -> None:
    with running_server(NewerService) as url:
        code, output, errors = _run("--url", url)
    assert (code, output) == (3, "")
    assert "9.0.0" in errors


def test_nothing_there_is_another_status_than_a_url_that_is_none() -> None:
    code, output, errors = _run("--url", f"http://127.0.0.1:{free_ports(1)[0]}")
    assert (code, output) == (3, "")
    assert "does not answer" in errors
    assert "--url" in errors
    code, output, errors = _run("--url", "regatta.example.com")
    assert (code, output) == (2, "")
    assert "http://" in errors


def test_the_variable_of_the_client_names_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    with running_server(Service) as url:
        monkeypatch.setenv("REGATTA_URL", url)
        assert _run()[0] == 0
