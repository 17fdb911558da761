"""Signatures, and the key they need."""

from pathlib import Path

import pytest

from core.errors import InvalidSettingError
from core.storage.signing import is_signed, sign, signing_key
from tests.support.process_state import forget_singletons


def test_only_the_same_parts_have_the_signature(settled: None) -> None:
    signature = sign(b"one", b"two")
    assert len(signature) == 64
    assert is_signed(signature, b"one", b"two")
    for parts in ((b"one", b"twO"), (b"two", b"one"), (b"onetwo",), (b"on", b"etwo"), (b"one", b"two", b""), ()):
        assert not is_signed(signature, *parts)


@pytest.mark.parametrize("signature", ["", "0" * 64, "船", "\ud800", "x" * 1000])
def test_anything_else_is_no_signature(settled: None, signature: str) -> None:
    assert not is_signed(signature, b"one")


def test_another_key_makes_another_signature(settled: None, monkeypatch: pytest.MonkeyPatch) -> None:
    signature = sign(b"one")
    monkeypatch.setenv("REGATTA_SIGNING_KEY", "another key for the tests")
    forget_singletons()
    assert not is_signed(signature, b"one")


def test_the_key_may_be_in_a_file_and_its_last_line_end_does_not_count(
    settled: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "key").write_bytes(b"0123456789abcdef\n")
    monkeypatch.setenv("REGATTA_SIGNING_KEY_FILE", str(tmp_path / "key"))
    forget_singletons()
    assert signing_key() == b"0123456789abcdef"


def test_a_missing_key_names_the_setting(settled: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REGATTA_SIGNING_KEY")
    forget_singletons()
    with pytest.raises(InvalidSettingError, match="REGATTA_SIGNING_KEY_FILE"):
        signing_key()


def test_an_unreadable_key_file_names_the_setting(
    settled: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("REGATTA_SIGNING_KEY_FILE", str(tmp_path / "nothing"))
    forget_singletons()
    with pytest.raises(InvalidSettingError, match=r"REGATTA_SIGNING_KEY_FILE cannot be read: No such file"):
        signing_key()


def test_a_short_key_is_refused_with_its_length(settled: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGATTA_SIGNING_KEY", "fifteen letters")
    forget_singletons()
    with pytest.raises(InvalidSettingError, match="15 bytes; it must have at least 16") as caught:
        signing_key()
    assert "fifteen" not in str(caught.value)


def test_the_key_does_not_show_in_the_settings(settled: None) -> None:
    from core.settings import settings

    assert "a key for the tests" not in repr(settings())
