"""`regatta quotas`: what it shows, stores and refuses."""

import json

import pytest
from typer.testing import CliRunner, Result

from core.storage.container import container
from core.storage.quota_repository import LIMITS, read_quota
from core.storage.s3.object_store import ObjectStore
from infra.cli import app
from infra.cli import quotas as command

OPTIONS = {
    "requests": "--requests",
    "jobs": "--jobs",
    "training_seconds": "--training-seconds",
    "stored_bytes": "--bytes",
    "redis_bytes": "--redis-bytes",
    "cached_models": "--models",
}


@pytest.fixture(autouse=True)
def _own_bucket(bucket: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bucket of the test in place of that of a running stack."""
    monkeypatch.setattr(command, "use_running_stack", lambda **_: None)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["quotas", *arguments])


def test_every_limit_has_an_option_and_is_stored_and_shown(bucket: ObjectStore) -> None:
    assert set(OPTIONS) == set(LIMITS)
    chosen = {name: place for place, name in enumerate(LIMITS, start=7)}
    options = [word for name, limit in chosen.items() for word in (OPTIONS[name], str(limit))]
    answer = run("set", "--workspace", "acme", *options, "--json")
    assert answer.exit_code == 0, answer.output
    document = json.loads(answer.stdout)
    assert (document["workspace"], document["limits"]) == ("acme", chosen)
    assert document["used"]["jobs"] == 0
    assert document["used"]["stored_bytes"] > 0
    assert read_quota(bucket, "acme").model_dump() == chosen
    assert json.loads(run("show", "--workspace", "acme", "--json").stdout) == document
    assert json.loads(run("show", "--json").stdout)["limits"] == dict.fromkeys(LIMITS)


def test_what_is_left_out_has_no_limit_and_what_is_used_is_beside_it() -> None:
    container().workspace("acme").usage.add_trained(1234.4)
    run("set", "--workspace", "acme", "--training-seconds", "3600", "--jobs", "2")
    lines = run("show", "--workspace", "acme").stdout.splitlines()
    assert "training_seconds: 1,234 of 3,600" in lines
    assert "jobs: 0 of 2" in lines
    assert "requests: up to any number" in lines
    lines = run("set", "--workspace", "acme", "--requests", "1000").stdout.splitlines()
    assert "requests: up to 1,000" in lines
    assert "jobs: 0 of any number" in lines


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("show", "--workspace", "../x"), 1, "No workspace can have this name"),
        (("set", "--workspace", "queue", "--jobs", "1"), 1, "No workspace can have this name"),
        (("set", "--jobs", "-1"), 2, "--jobs"),
        (("set", "--requests", "0"), 2, "--requests"),
        (("set", "--bytes", "much"), 2, "--bytes"),
        (("forget",), 2, "forget"),
    ],
)
def test_a_refusal_names_what_is_wrong(arguments: tuple[str, ...], status: int, said: str) -> None:
    answer = run(*arguments)
    assert (answer.exit_code, answer.stdout) == (status, "")
    assert said in answer.stderr


def test_a_damaged_quota_says_the_way_out(bucket: ObjectStore) -> None:
    bucket.put("access/quotas/acme.json", b"{")
    answer = run("show", "--workspace", "acme")
    assert answer.exit_code == 1
    assert "Set the quota again" in answer.stderr
