"""The file of keys: made once, rotated, and taken over from earlier versions."""

import secrets
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from core.errors import BadSignatureError
from core.storage.keyring import parse_keyring
from core.storage.s3.object_store import ObjectStore
from core.storage.signing import Subject, is_signed, keyring, sign, webhook_secret
from infra.cli import app
from infra.cli.exit_codes import ExitCode
from infra.local.signing_key import FORMER_DAYS, create_signing_key, rotated, write_keyring
from tests.support.model_versions import publish, publish_beside_manifest
from tests.support.process_state import connect_container, forget_singletons
from tests.support.storage import WORKSPACE, Repositories, home

BOAT = Subject("model", WORKSPACE, "boat", 1)


@pytest.fixture
def key_file(settled: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("REGATTA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("REGATTA_SIGNING_KEY_FILE", str(tmp_path / "signing.key"))
    monkeypatch.delenv("REGATTA_SIGNING_KEY")
    forget_singletons()
    return tmp_path / "signing.key"


def test_a_new_file_is_the_owners_alone_and_an_existing_one_stays(key_file: Path) -> None:
    create_signing_key(key_file)
    made = key_file.read_bytes()
    create_signing_key(key_file)
    assert key_file.read_bytes() == made
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    keys = parse_keyring(made, "a test")
    assert keys.seed and keys.webhooks and keys.internal and keys.hmac_key is None


def test_after_a_rotation_a_running_process_signs_with_the_new_key_and_accepts_both(key_file: Path) -> None:
    create_signing_key(key_file)
    old = sign(BOAT, b"one")
    assert CliRunner().invoke(app, ["keys", "rotate-signing"]).exit_code == 0
    new = sign(BOAT, b"one")
    assert old.split(".")[1] != new.split(".")[1]
    assert is_signed(old, BOAT, b"one") and is_signed(new, BOAT, b"one")
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600


def test_a_rotation_in_another_process_reaches_a_process_that_only_meets_the_new_key(key_file: Path) -> None:
    create_signing_key(key_file)
    before = keyring()
    after = rotated(before)
    write_keyring(key_file, after)
    forget_singletons()
    new = sign(BOAT, b"one")
    key_file.write_text(before.dump())
    forget_singletons()
    assert not is_signed(new, BOAT, b"one")
    write_keyring(key_file, after)
    assert is_signed(new, BOAT, b"one")


def test_a_rotation_keeps_the_secret_of_webhooks_and_the_models_of_before(key_file: Path, bucket: ObjectStore) -> None:
    text = secrets.token_hex(32)
    key_file.write_text(text + "\n")
    connect_container(bucket)
    repositories = Repositories(bucket)
    publish(repositories, "van")
    before, verified = webhook_secret(), repositories.models.load("van", 1)
    assert CliRunner().invoke(app, ["keys", "rotate-signing"]).exit_code == 0
    forget_singletons()
    keys = keyring()
    assert keys.hmac_until == datetime.now(UTC).date() + timedelta(days=FORMER_DAYS)
    assert (webhook_secret(), keys.usable_hmac_key()) == (before, text.encode())
    assert Repositories(bucket).models.load("van", 1) == verified


def test_verifying_prints_what_a_process_without_the_key_needs(key_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    create_signing_key(key_file)
    signature = sign(BOAT, b"one")
    printed = CliRunner().invoke(app, ["keys", "verifying"]).stdout.strip()
    monkeypatch.delenv("REGATTA_SIGNING_KEY_FILE")
    monkeypatch.setenv("REGATTA_VERIFYING_KEYS", printed)
    forget_singletons()
    assert is_signed(signature, BOAT, b"one")
    assert keyring().seed is None


def test_resign_signs_every_model_of_before_and_names_what_is_not_ours(
    bucket: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGATTA_HOME", str(tmp_path / "home"))
    repositories = Repositories(bucket)
    for name in ("boat", "van", "evil"):
        publish_beside_manifest(repositories, name=name)
    key = f"{WORKSPACE}/models/evil/1/manifest.json"
    bucket.put(key, bucket.get(key).replace(b'"ridge"', b'"lasso"'))
    done = CliRunner().invoke(app, ["registry", "resign"])
    assert (done.exit_code, done.stdout) == (1, "2 models were signed anew.\n")
    assert "evil 1" in done.stderr
    for name in ("boat", "van"):
        assert b'"signature":"ed25519.' in bucket.get(f"{WORKSPACE}/models/{name}/1/manifest.json")
    again = CliRunner().invoke(app, ["registry", "resign", "--json"])
    assert '"signed": 0' in again.stdout


def test_resign_needs_the_key_of_before_only_where_models_of_before_are(
    key_file: Path, bucket: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_signing_key(key_file)
    connect_container(bucket)
    publish(Repositories(bucket), "van")
    done = CliRunner().invoke(app, ["registry", "resign"])
    assert (done.exit_code, done.stdout) == (0, "0 models were signed anew.\n")
    monkeypatch.setenv("REGATTA_SIGNING_KEY", "the key of a version before, long enough")
    publish_beside_manifest(Repositories(bucket))
    refused = CliRunner().invoke(app, ["registry", "resign"])
    assert refused.exit_code == ExitCode.USAGE
    assert "1 of the models were signed by a version before 0.3" in refused.stderr


def test_a_process_without_the_former_key_refuses_a_model_of_before(
    bucket: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_beside_manifest(Repositories(bucket))
    (public,) = keyring().verifying.values()
    monkeypatch.setenv("REGATTA_SIGNING_KEY", "another key, of a new deployment")
    connect_container(bucket)
    with pytest.raises(BadSignatureError):
        home().models.load("boat", 1)
    assert b"ed25519" not in bucket.get(f"{WORKSPACE}/models/boat/1/manifest.json")
    assert public not in keyring().verifying.values()
