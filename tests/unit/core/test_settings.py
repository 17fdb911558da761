"""The settings: read from the environment, and a wrong one named before anything starts."""

import re
from dataclasses import FrozenInstanceError, asdict
from pathlib import Path

import pytest

from core import machine_limits
from core.errors import InvalidSettingError
from core.settings import DESCRIPTIONS, load, unknown_variables

WRONG = [
    ("PORT", "0"),
    ("PORT", "65536"),
    ("PORT", "http"),
    ("BUCKET", "ab"),
    ("BUCKET", "b" * 64),
    ("WORKERS", "0"),
    ("MAX_UPLOAD_BYTES", "0"),
    ("MAX_UPLOAD_BYTES", "-1"),
    ("MAX_BATCH_ROWS", "many"),
    ("MODEL_MAX_BYTES", "1.5"),
    ("CACHE_REDIS_ENTRY_BYTES", "-1"),
    ("CACHE_TTL_SECONDS", "0"),
    ("TRAINING_THREADS", "-1"),
    ("LOG_LEVEL", "LOUD"),
]


NUMBER = "a whole number"
WEB = "an address that begins with http:// or https://"
# By variable a wrong value, and what the refusal says.
SENTENCES = [
    ("AUTH", "key", "none, keys, oidc, keys,oidc, iam or none-i-know"),
    ("AUTH_STALE_SECONDS", "-1", "a number of seconds, at least 0"),
    ("OIDC_ISSUER", "http://issuer.example", "an address that begins with https://, or with http:// on this machine"),
    ("OIDC_JWKS_URL", "file:///etc/passwd", "an address that begins with https://, or with http:// on this machine"),
    ("OIDC_WORKSPACE_CLAIM", "a b", "the name of a claim, without blanks; dots lead to nested ones"),
    ("OIDC_ROLES_CLAIM", " ", "the name of a claim, without blanks; dots lead to nested ones"),
    ("S3_ENDPOINT", "localhost:9000", WEB),
    ("S3_ENDPOINT", "http://", WEB),
    ("BUCKET", "s3://models", "the name of a bucket, of 3 to 63 characters, without s3:// and without slashes"),
    ("REDIS_URL", "localhost:6379", "an address that begins with redis://, rediss:// or unix://"),
    ("VERIFYING_KEYS", "AAAA", "public keys in Base64, separated by commas"),
    ("MAX_UPLOAD_BYTES", "256 MB", f"{NUMBER} of bytes, at least 1"),
    ("MAX_FILE_BYTES", "2e9", f"{NUMBER} of bytes, at least 1"),
    ("MAX_BATCH_ROWS", "many", f"{NUMBER} of rows, at least 1"),
    ("MAX_BODY_BYTES", "0", f"{NUMBER} of bytes, at least 1"),
    ("MAX_RESPONSE_BYTES", "0", f"{NUMBER} of bytes, at least 1"),
    ("MODEL_MAX_BYTES", "0", f"{NUMBER} of bytes, at least 1"),
    ("CACHE_MODEL_BYTES", "0", f"{NUMBER} of bytes, at least 1"),
    ("CACHE_TABLE_BYTES", "0", f"{NUMBER} of bytes, at least 1"),
    ("CACHE_REDIS_ENTRY_BYTES", "-1", f"{NUMBER} of bytes, at least 0"),
    ("CACHE_TTL_SECONDS", "half an hour", f"{NUMBER} of seconds, at least 1"),
    ("TRAINING_THREADS", "all", f"{NUMBER}, at least 0"),
    ("TRAINING_MEMORY_BYTES", "-1", f"{NUMBER} of bytes, at least 0"),
    ("BATCH_SECONDS", "59", f"{NUMBER} of seconds, at least 60"),
    ("BATCH_MEMORY_BYTES", "0", f"{NUMBER} of bytes, at least 1"),
    ("BATCH_ABOVE_BYTES", "-1", f"{NUMBER} of bytes, at least 0"),
    ("JOBS_QUEUE_URL", "jobs", WEB),
    ("RUN_JOBS", "no", "true or false"),
    (
        "STATE_MACHINE",
        "regatta-tasks",
        "the ARN of a state machine, such as arn:aws:states:eu-central-1:123456789012:stateMachine:regatta-tasks",
    ),
    ("CHUNK_ROWS", "-1", f"{NUMBER} of rows, at least 0"),
    ("ANSWER_SECONDS", "nan", "a number of seconds, at least 0"),
    ("REQUEST_SECONDS", "0", "a number of seconds, at least 1"),
    ("PREDICT_SECONDS", "0", "a number of seconds, at least 0.1"),
    ("STATUS_SECONDS", "soon", "a number of seconds, at least 0.1"),
    ("STALE_SECONDS", "-1", "a number of seconds, at least 0"),
    ("JOB_SECONDS", "1.5", f"{NUMBER} of seconds, at least 1"),
    ("JOB_LEASE_SECONDS", "1", "a number of seconds, at least 2"),
    ("RECONCILE_SECONDS", "-1", "a number of seconds, at least 0"),
    ("CORS_ORIGIN", "https://app.example.com/", "* or an origin without a path, such as https://app.example.com"),
    ("BASE_PATH", "/regatta/", "a path without a slash at its end, such as /regatta, or / alone"),
    (
        "ALLOWED_HOSTS",
        "http://regatta.example.com",
        "* or names of hosts without a port, separated by commas, such as regatta.example.com",
    ),
    (
        "TRUSTED_PROXIES",
        "10.0.0.0/99",
        "* or addresses and networks, separated by commas, such as 127.0.0.1, 10.0.0.0/8",
    ),
    ("DOCS", "perhaps", "true or false"),
    ("WEBHOOK_URL", "example.com", WEB),
    ("SNS_TOPIC_ARN", "decisions", "the ARN of a topic, such as arn:aws:sns:eu-central-1:123456789012:decisions"),
    ("KEEP_VERSIONS", "-1", f"{NUMBER}, at least 0"),
    ("KEEP_JOBS_DAYS", "a month", f"{NUMBER} of days, at least 0"),
    ("LOG_LEVEL", "LOUD", "DEBUG, INFO, WARNING or ERROR"),
    ("METRICS", "some", "true or false"),
    ("PORT", "65536", f"{NUMBER} from 1 to 65535"),
    ("AWS_PORT", "0", f"{NUMBER} from 1 to 65535"),
    ("WORKERS", "0", f"{NUMBER} from 1 to 64"),
]


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in DESCRIPTIONS:
        monkeypatch.delenv(f"REGATTA_{name.upper()}", raising=False)


def test_nothing_has_to_be_set() -> None:
    chosen = load()
    assert (chosen.bucket, chosen.port, chosen.redis_url, chosen.s3_endpoint) == ("regatta", 8000, None, None)


def test_a_variable_sets_its_field(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGATTA_PORT", "9001")
    monkeypatch.setenv("REGATTA_HOME", "/srv/regatta")
    assert (load().port, load().home) == (9001, Path("/srv/regatta"))


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_wrong_variable_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"REGATTA_{name}", value)
    with pytest.raises(InvalidSettingError, match=f"^REGATTA_{name} is not usable: "):
        load()


def test_all_wrong_variables_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGATTA_PORT", "http")
    monkeypatch.setenv("REGATTA_LOG_LEVEL", "LOUD")
    with pytest.raises(InvalidSettingError) as caught:
        load()
    assert str(caught.value).splitlines() == [
        "REGATTA_LOG_LEVEL is not usable: it has to be DEBUG, INFO, WARNING or ERROR.",
        "REGATTA_PORT is not usable: it has to be a whole number from 1 to 65535.",
    ]


@pytest.mark.parametrize(("name", "value", "right"), SENTENCES)
def test_a_refusal_says_in_words_what_is_right(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, right: str
) -> None:
    monkeypatch.setenv(f"REGATTA_{name}", value)
    with pytest.raises(InvalidSettingError, match=re.escape(f"it has to be {right}")):
        load()


def test_every_setting_with_a_wrong_value_has_a_sentence() -> None:
    anything = {
        "INTERNAL_KEY",
        "SIGNING_KEY",
        "SIGNING_KEY_FILE",
        "SIGNING_KEY_SECRET",
        "HOME",
        "LOG_FILE",
        "METRICS_DIR",
        "RATES_DIR",
        "OIDC_AUDIENCE",
        "BATCH_QUEUE",
        "BATCH_JOB_DEFINITION",
    }
    assert {name for name, _, _ in SENTENCES} == {name.upper() for name in DESCRIPTIONS} - anything


def test_a_level_may_be_written_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGATTA_LOG_LEVEL", "debug")
    assert load().log_level == "DEBUG"


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("REGATTA_PROT", "REGATTA_PORT"),
        ("REGATTA_S3_ENDPIONT", "REGATTA_S3_ENDPOINT"),
        ("regatta_port", "REGATTA_PORT"),
        ("REGATTA_RUL", "REGATTA_URL"),
        ("REGATTA_LIGHTHOUSE", None),
    ],
)
def test_an_unknown_variable_suggests_the_near_one(name: str, near: str | None) -> None:
    environment = {name: "1", "REGATTA_PORT": "8000", "REGATTA_URL": "http://a", "HOME": "/root"}
    assert unknown_variables(environment, known=("REGATTA_URL",)) == {name: near}


def test_a_refusal_does_not_repeat_the_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGATTA_WORKERS", "hunter2")
    with pytest.raises(InvalidSettingError) as caught:
        load()
    assert "hunter2" not in str(caught.value)


def test_settings_cannot_be_changed_afterwards() -> None:
    with pytest.raises(FrozenInstanceError, match="port"):
        load().port = 1


def test_the_key_is_a_secret_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGATTA_SIGNING_KEY", "hunter2hunter2hunter2")
    chosen = load()
    assert chosen.signing_key is not None
    assert chosen.signing_key.reveal() == "hunter2hunter2hunter2"
    for shown in (repr(chosen), str(chosen), str(asdict(chosen))):
        assert "hunter2" not in shown


@pytest.mark.parametrize("name", DESCRIPTIONS)
def test_every_setting_says_what_it_is(name: str) -> None:
    assert DESCRIPTIONS[name]


@pytest.mark.parametrize("name", ["REDIS_URL", "S3_ENDPOINT"])
def test_an_address_without_a_scheme_is_named_at_start(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(f"REGATTA_{name}", "localhost:6379")
    with pytest.raises(InvalidSettingError, match=name):
        load()


@pytest.mark.parametrize("name", ["REDIS_URL", "S3_ENDPOINT", "SIGNING_KEY_FILE"])
def test_an_empty_variable_is_an_unset_one(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(f"REGATTA_{name}", "")
    assert getattr(load(), name.lower()) is None


def test_a_training_uses_the_cores_that_the_process_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine_limits.os, "cpu_count", lambda: 64)
    monkeypatch.setattr(machine_limits.os, "sched_getaffinity", lambda _: {3, 5}, raising=False)
    monkeypatch.setattr(machine_limits.sys, "platform", "linux")
    machine_limits.available_cores.cache_clear()
    try:
        assert load().threads == 2
        assert load(training_threads=7).threads == 7
    finally:
        machine_limits.available_cores.cache_clear()
