"""Signatures and authentication codes, and what each is about."""

import base64
import os
from pathlib import Path

import pytest

from core.errors import InvalidSettingError
from core.storage.keyring import key_id, parse_keyring
from core.storage.signing import (
    SCHEME,
    Subject,
    authenticate,
    is_authentic,
    is_signed,
    is_signed_by_hmac,
    keyring,
    sign,
)
from tests.support.former_signatures import sign_before
from tests.support.process_state import forget_singletons

BOAT = Subject("model", "default", "boat", 1)
ELSEWHERE = [
    Subject("job", "default", "boat", 1),
    Subject("model", "other", "boat", 1),
    Subject("model", "default", "van", 1),
    Subject("model", "default", "boat", 2),
    Subject("model", "defaultb", "oat", 1),
    Subject("model", "default", "boat1", 0),
    Subject("model", "default", "\ud800", 1),
]
OTHER_PARTS = [(b"one", b"twO"), (b"two", b"one"), (b"onetwo",), (b"on", b"etwo"), (b"one", b"two", b""), ()]


def test_only_the_same_parts_have_the_signature(settled: None) -> None:
    signature = sign(BOAT, b"one", b"two")
    assert signature == sign(BOAT, b"one", b"two")
    assert is_signed(signature, BOAT, b"one", b"two")
    assert not any(is_signed(signature, BOAT, *parts) for parts in OTHER_PARTS)


def test_a_signature_holds_for_its_kind_workspace_name_and_version_alone(settled: None) -> None:
    signature, code = sign(BOAT, b"one"), authenticate(BOAT, b"one")
    assert is_authentic(code, BOAT, b"one")
    for subject in ELSEWHERE:
        assert not is_signed(signature, subject, b"one")
        assert not is_authentic(code, subject, b"one")


def test_only_the_same_parts_have_the_code(settled: None) -> None:
    code = authenticate(BOAT, b"one", b"two")
    assert is_authentic(code, BOAT, b"one", b"two")
    assert not any(is_authentic(code, BOAT, *parts) for parts in OTHER_PARTS)
    assert not is_authentic(sign(BOAT, b"one", b"two"), BOAT, b"one", b"two")
    assert not is_signed(code, BOAT, b"one", b"two")


@pytest.mark.parametrize("text", ["", "0" * 64, "船", "\ud800", "x" * 1000, "ed25519", "ed25519..", "ed25519.0.AA=="])
def test_anything_else_is_no_signature(settled: None, text: str) -> None:
    assert not is_signed(text, BOAT, b"one")
    assert not is_authentic(text, BOAT, b"one")
    assert not is_signed_by_hmac(text, b"one")


def test_no_character_of_a_signature_may_change(settled: None) -> None:
    scheme, name, encoded = sign(BOAT, b"one").split(".")
    signature = base64.b64decode(encoded)
    for position in range(len(signature)):
        changed = bytearray(signature)
        changed[position] ^= 1
        assert not is_signed(f"{scheme}.{name}.{base64.b64encode(changed).decode()}", BOAT, b"one")


def test_another_key_makes_another_signature(settled: None, monkeypatch: pytest.MonkeyPatch) -> None:
    signature, code = sign(BOAT, b"one"), authenticate(BOAT, b"one")
    monkeypatch.setenv("REGATTA_SIGNING_KEY", "another key for the tests")
    forget_singletons()
    assert not is_signed(signature, BOAT, b"one")
    assert not is_authentic(code, BOAT, b"one")


def test_a_process_with_public_keys_alone_verifies_and_cannot_sign(
    settled: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    signature = sign(BOAT, b"one")
    (public,) = keyring().verifying.values()
    monkeypatch.delenv("REGATTA_SIGNING_KEY")
    monkeypatch.setenv("REGATTA_VERIFYING_KEYS", f"{base64.b64encode(bytes(32)).decode()}, {_encoded(public)}")
    forget_singletons()
    assert is_signed(signature, BOAT, b"one")
    assert not is_signed(signature, BOAT, b"two")
    with pytest.raises(InvalidSettingError, match="REGATTA_SIGNING_KEY_FILE"):
        sign(BOAT, b"one")


def test_a_signature_under_the_id_of_another_key_is_refused(settled: None, monkeypatch: pytest.MonkeyPatch) -> None:
    other = parse_keyring(b"the key of somebody else", "a test")
    (public,) = other.verifying.values()
    monkeypatch.setenv("REGATTA_VERIFYING_KEYS", _encoded(public))
    forget_singletons()
    signature = sign(BOAT, b"one").rpartition(".")[2]
    assert not is_signed(f"{SCHEME}.{key_id(public)}.{signature}", BOAT, b"one")


def test_without_any_key_a_check_names_the_setting(settled: None, monkeypatch: pytest.MonkeyPatch) -> None:
    signature = sign(BOAT, b"one")
    monkeypatch.delenv("REGATTA_SIGNING_KEY")
    forget_singletons()
    with pytest.raises(InvalidSettingError, match="REGATTA_VERIFYING_KEYS"):
        is_signed(signature, BOAT, b"one")
    with pytest.raises(InvalidSettingError, match="REGATTA_SIGNING_KEY_FILE"):
        sign(BOAT, b"one")


def test_codes_are_of_the_internal_key_where_one_is_set(settled: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGATTA_INTERNAL_KEY", "an internal key for the tests")
    forget_singletons()
    code = authenticate(BOAT, b"one")
    monkeypatch.setenv("REGATTA_SIGNING_KEY", "another key for the tests")
    forget_singletons()
    assert is_authentic(code, BOAT, b"one")
    monkeypatch.delenv("REGATTA_SIGNING_KEY")
    forget_singletons()
    assert is_authentic(code, BOAT, b"one")


def test_a_process_without_keys_believes_only_itself(
    settled: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("REGATTA_SIGNING_KEY")
    forget_singletons()
    code = authenticate(BOAT, b"one")
    assert is_authentic(code, BOAT, b"one")
    assert "REGATTA_INTERNAL_KEY is not set" in caplog.text
    forget_singletons()
    assert not is_authentic(code, BOAT, b"one")


def test_a_signature_of_an_earlier_version_is_known_by_its_key(settled: None, monkeypatch: pytest.MonkeyPatch) -> None:
    signature = sign_before(b"one")
    assert is_signed_by_hmac(signature, b"one")
    assert not is_signed_by_hmac(signature, b"two")
    assert not is_signed(signature, BOAT, b"one")
    monkeypatch.setenv("REGATTA_SIGNING_KEY", "another key for the tests")
    forget_singletons()
    assert not is_signed_by_hmac(signature, b"one")


def test_the_key_may_be_in_a_file_and_its_last_line_end_does_not_count(
    settled: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    signature = sign(BOAT, b"one")
    (tmp_path / "key").write_bytes(b"a key for the tests, long enough\n")
    monkeypatch.setenv("REGATTA_SIGNING_KEY_FILE", str(tmp_path / "key"))
    monkeypatch.delenv("REGATTA_SIGNING_KEY")
    forget_singletons()
    assert is_signed(signature, BOAT, b"one")


def test_an_unreadable_key_file_names_the_setting(
    settled: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("REGATTA_SIGNING_KEY_FILE", str(tmp_path / "nothing"))
    forget_singletons()
    with pytest.raises(InvalidSettingError, match=r"REGATTA_SIGNING_KEY_FILE cannot be read: No such file"):
        keyring()


@pytest.mark.parametrize("text", ["", "# cut off", "too short", None])
def test_a_file_that_is_broken_while_a_process_runs_takes_no_key_away(
    settled: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str | None
) -> None:
    path = tmp_path / "key"
    path.write_text("a key for the tests, long enough\n")
    monkeypatch.setenv("REGATTA_SIGNING_KEY_FILE", str(path))
    forget_singletons()
    signature = sign(BOAT, b"one")
    unknown = f"ed25519.{'0' * 16}.{signature.rpartition('.')[2]}"
    if text is None:
        path.unlink()
    else:
        path.write_text(text)
        os.utime(path, ns=(1, 1))
    assert not is_signed(unknown, BOAT, b"one")
    assert is_signed(signature, BOAT, b"one")
    assert sign(BOAT, b"one") == signature


def test_a_short_key_is_refused_with_its_length(settled: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGATTA_SIGNING_KEY", "fifteen letters")
    forget_singletons()
    with pytest.raises(InvalidSettingError, match="15 bytes; it must have at least 16") as caught:
        keyring()
    assert "fifteen" not in str(caught.value)


def test_the_key_does_not_show_in_the_settings_nor_in_the_keyring(settled: None) -> None:
    from core.settings import settings

    assert "a key for the tests" not in repr(settings()) + repr(keyring())


def _encoded(public: bytes) -> str:
    return base64.b64encode(public).decode()
