"""What `regatta doctor` finds: each check with what is well, what is broken, and the way out."""

import json
import os
import shutil
import socket
from collections import namedtuple
from datetime import UTC, datetime, timedelta
from importlib import metadata
from pathlib import Path

import pytest
from typer.testing import CliRunner

from core.settings import load, settings
from core.storage.s3.object_store import ObjectStore
from infra.cli import app
from infra.cli.checks import machine, services
from infra.cli.checks.check import Check, Checks, State, run
from infra.local import embedded_redis
from tests.support.process_state import connect_container, forget_singletons
from tests.support.stack import free_ports

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
Usage = namedtuple("Usage", "total used free")


def _states(checks: Checks) -> dict[str, State]:
    return {check.name: check.state for check in checks}


def _only(checks: Checks) -> Check:
    (check,) = checks
    return check


def test_a_wrong_and_a_misspelt_variable_are_found(settled: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGATTA_WORKERS", "many")
    found = list(machine.check_settings({**os.environ, "REGATTA_PROT": "1"}))
    assert [check.state for check in found] == [State.WARNING, State.BROKEN]
    assert "Did you mean REGATTA_PORT?" in found[0].message
    assert "from 1 to 64" in found[1].message


def test_what_is_installed_here_is_in_its_ranges() -> None:
    assert _states(machine.check_versions()) == {"version": State.OK, "python": State.OK, "packages": State.OK}


@pytest.mark.parametrize("installed", ["0.1", None])
def test_a_package_outside_of_its_range_is_named(installed: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    real = metadata.version

    def version(name: str) -> str:
        if name != "boto3":
            return real(name)
        if installed is None:
            raise metadata.PackageNotFoundError(name)
        return installed

    monkeypatch.setattr(metadata, "version", version)
    found = {check.name: check for check in machine.check_versions()}
    assert found["package boto3"].state is State.BROKEN
    assert "is needed" in found["package boto3"].message
    assert "packages" not in found


@pytest.mark.parametrize(
    ("free", "state"), [(10 * machine.GIB, State.OK), (machine.GIB // 2, State.WARNING), (1000, State.BROKEN)]
)
def test_the_room_in_the_home_is_measured(
    free: int, state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(0, 0, free))
    assert _states(machine.check_disk(tmp_path / "not" / "yet")) == {"home": State.OK, "disk": state}
    assert list(tmp_path.iterdir()) == []


def test_a_home_that_is_a_file_or_closed_is_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    assert "is a file" in _only(machine.check_disk(tmp_path / "file" / "home")).message

    def refuse(**_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(machine, "TemporaryFile", refuse)
    assert _states(machine.check_disk(tmp_path))["home"] is State.BROKEN


def test_a_taken_port_is_named_with_its_holder() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        taken = holder.getsockname()[1]
        (free,) = free_ports(1)
        found = {check.name: check for check in machine.check_ports(load(port=free, aws_port=taken), None)}
    assert found[f"port {free}"].state is State.OK
    assert found[f"port {taken}"].state is State.BROKEN
    assert f"process {os.getpid()}" in found[f"port {taken}"].message
    assert "REGATTA_AWS_PORT=PORT" in found[f"port {taken}"].remedy


def test_a_machine_without_redis_is_warned(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _only(machine.check_redis_program()).state is State.OK
    monkeypatch.setattr(embedded_redis, "find_program", lambda: None)
    check = _only(machine.check_redis_program())
    assert (check.state, "apt-get install redis-server" in check.remedy) == (State.WARNING, True)


def test_a_redis_program_that_does_not_run_is_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "redis-server").write_text("no program")
    (tmp_path / "redis-server").chmod(0o755)
    monkeypatch.setattr(embedded_redis, "find_program", lambda: str(tmp_path / "redis-server"))
    assert _only(machine.check_redis_program()).state is State.BROKEN


def test_the_signing_key_has_to_be_long_and_the_owners(
    settled: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = tmp_path / "key"
    monkeypatch.setenv("REGATTA_SIGNING_KEY_FILE", str(key))
    strong = "7b1f0c94d2e86a35" * 2 + "f"
    broken = [(None, 0o600, State.BROKEN), ("short", 0o600, State.BROKEN), ("long" * 8, 0o600, State.BROKEN)]
    for text, mode, state in [*broken, (strong, 0o644, State.WARNING), (strong, 0o600, State.OK)]:
        if text is not None:
            key.write_text(text)
            key.chmod(mode)
        forget_singletons()
        assert _only(machine.check_signing_key(settings())).state is state


def test_no_key_is_broken_only_where_a_server_needs_one(settled: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REGATTA_SIGNING_KEY")
    assert _only(machine.check_signing_key(load())).state is State.SKIPPED
    assert _only(machine.check_signing_key(load(s3_endpoint="http://127.0.0.1:9"))).state is State.BROKEN


def test_the_storage_is_written_to_and_left_as_it_was(bucket: ObjectStore) -> None:
    (check, *_) = services.check_storage(load())
    assert (check.state, "written, read and deleted" in check.message) == (State.OK, True)
    assert list(bucket.list("")) == []


def test_a_storage_out_of_reach_is_broken(settled: None) -> None:
    connect_container(ObjectStore("models", f"http://127.0.0.1:{free_ports(1)[0]}"))
    (check,) = services.check_storage(load(s3_endpoint="http://127.0.0.1:9"))
    assert (check.state, check.remedy) == (State.BROKEN, services.CHECK_STORAGE)


def test_a_redis_that_does_not_answer_is_broken() -> None:
    url = f"redis://127.0.0.1:{free_ports(1)[0]}/0"
    assert _only(services.check_redis(load(redis_url=url))).state is State.BROKEN
    assert _only(services.check_redis(load(redis_url=None))).state is State.SKIPPED


@pytest.mark.parametrize(
    ("seconds", "state", "words"),
    [(3, State.OK, "agrees"), (90, State.WARNING, "90 s ahead of"), (-3600, State.BROKEN, "3,600 s behind")],
)
def test_the_clock_is_compared(seconds: int, state: State, words: str) -> None:
    check = _only(services.check_clock("the service", NOON, lambda: NOON + timedelta(seconds=seconds)))
    assert (check.state, words in check.message) == (state, True)


def test_a_service_out_of_reach_is_broken() -> None:
    check = _only(services.check_service(f"http://127.0.0.1:{free_ports(1)[0]}"))
    assert (check.state, "regatta up" in check.message) == (State.BROKEN, True)


def test_a_check_that_fails_itself_is_broken_and_no_traceback() -> None:
    def fail() -> Checks:
        raise KeyError("odd")
        yield

    assert _only(run("disk", fail)).state is State.BROKEN


def test_the_doctor_reports_as_text_and_as_json(settled: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    port, aws_port = map(str, free_ports(2))
    environment = {"REGATTA_HOME": str(tmp_path / "home"), "REGATTA_PORT": port, "REGATTA_AWS_PORT": aws_port}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("REGATTA_BUCKET")
    text = CliRunner().invoke(app, ["doctor"])
    assert (text.exit_code, text.stderr) == (0, "")
    assert text.stdout.endswith("All is well.\n")
    assert f"port {port}" in text.stdout
    document = json.loads(CliRunner().invoke(app, ["doctor", "--json"]).stdout)
    assert document["ok"] is True
    assert {"settings", "packages", "home", "disk", "storage"} <= {check["name"] for check in document["checks"]}
    assert list(tmp_path.iterdir()) == []


def test_the_exit_status_says_that_something_is_broken(settled: None) -> None:
    answer = CliRunner().invoke(app, ["doctor", "--url", f"http://127.0.0.1:{free_ports(1)[0]}"])
    assert (answer.exit_code, "1 broken, 0 to look at." in answer.stdout) == (1, True)


def test_wrong_settings_are_broken_and_no_traceback(settled: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGATTA_PORT", "eighty")
    answer = CliRunner().invoke(app, ["doctor"])
    assert (answer.exit_code, "REGATTA_PORT is not usable" in answer.stdout) == (1, True)
