"""The settings: read from the environment, and a wrong one named before anything starts."""

from pathlib import Path

import pytest

from core.errors import InvalidSettingError
from core.settings import Settings, load

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


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
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


def test_a_refusal_does_not_repeat_the_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGATTA_WORKERS", "hunter2")
    with pytest.raises(InvalidSettingError) as caught:
        load()
    assert "hunter2" not in str(caught.value)


def test_settings_cannot_be_changed_afterwards() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load().port = 1


def test_the_key_is_a_secret_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGATTA_SIGNING_KEY", "hunter2hunter2hunter2")
    chosen = load()
    assert chosen.signing_key is not None
    assert chosen.signing_key.get_secret_value() == "hunter2hunter2hunter2"
    for shown in (repr(chosen), str(chosen), chosen.model_dump_json()):
        assert "hunter2" not in shown


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_says_what_it_is(name: str) -> None:
    assert Settings.model_fields[name].description


@pytest.mark.parametrize("name", ["REDIS_URL", "S3_ENDPOINT"])
def test_an_address_without_a_scheme_is_named_at_start(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(f"REGATTA_{name}", "localhost:6379")
    with pytest.raises(InvalidSettingError, match=name):
        load()


@pytest.mark.parametrize("name", ["REDIS_URL", "S3_ENDPOINT", "SIGNING_KEY_FILE"])
def test_an_empty_variable_is_an_unset_one(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(f"REGATTA_{name}", "")
    assert getattr(load(), name.lower()) is None
