"""The texts of keys: which are read, and which are refused and why."""

import base64
import secrets
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from core.errors import InvalidSettingError
from core.storage.keyring import Keyring, check_strength, parse_keyring, parse_public_keys, public_key

TODAY = datetime.now(UTC).date()


def new_keyring(until: date = TODAY) -> Keyring:
    seed, before = secrets.token_bytes(32), public_key(secrets.token_bytes(32))
    keys = Keyring(seed=seed, hmac_key=b"of an earlier version", hmac_until=until, webhooks=seed[::-1], internal=before)
    return keys.with_verifying([public_key(seed), before])


def test_what_is_dumped_is_read_again() -> None:
    keys = new_keyring()
    assert parse_keyring(keys.dump().encode(), "a test") == keys


def test_a_key_of_earlier_versions_counts_until_its_day() -> None:
    assert new_keyring().usable_hmac_key() == b"of an earlier version"
    assert new_keyring(TODAY - timedelta(days=1)).usable_hmac_key() is None
    assert Keyring().usable_hmac_key() is None


def test_all_keys_are_derived_from_a_text_of_earlier_versions() -> None:
    text = secrets.token_hex(32).encode()
    keys = parse_keyring(text + b"\n", "a test")
    assert keys == parse_keyring(text, "a test")
    assert keys.hmac_key == text and keys.hmac_until is None
    assert keys.seed is not None and list(keys.verifying.values()) == [public_key(keys.seed)]
    assert len({keys.seed, keys.webhooks, keys.internal, text}) == 4


@pytest.mark.parametrize(
    ("key", "why"),
    [
        (b"", "has 0 bytes; it must have at least 16"),
        (b"a" * 15, "has 15 bytes; it must have at least 16"),
        (b"a" * 16, "has all bytes equal"),
        (bytes(32), "has all bytes equal"),
        (b"abababababababab", "has 2 different bytes"),
        (b"aaaaaaaaaaaaaaaab", "has 2 different bytes"),
        (b"correct horse" * 3, "repeats itself"),
        (b"0123456789abcdef", "is an example or a row of the keyboard"),
        (b"qwertyuiopasdfghjkl", "is an example or a row of the keyboard"),
        (b"changeme-changeme1", "is an example or a row of the keyboard"),
        (b"your-key-change-me", "is an example or a row of the keyboard"),
        (b"password1234567890", "is an example or a row of the keyboard"),
    ],
)
def test_a_weak_key_is_refused_with_the_reason_and_the_way_out(key: bytes, why: str) -> None:
    with pytest.raises(InvalidSettingError, match=rf"The key in REGATTA_X {why}.*openssl rand -hex 32"):
        check_strength(key, "REGATTA_X")


def test_random_keys_are_taken() -> None:
    for _ in range(100):
        check_strength(secrets.token_bytes(32), "a test")
        check_strength(secrets.token_hex(32).encode(), "a test")


@pytest.mark.parametrize(
    "line",
    [
        "signing",
        "signing AAAA",
        "signing no base64",
        f"signing {base64.b64encode(b'x' * 33).decode()}",
        "verifying",
        "hmac someday a text",
        "internal zz",
        "unknown 1",
    ],
)
def test_a_damaged_line_is_named_without_its_key(line: str) -> None:
    text = f"webhooks {secrets.token_hex(32)}\n# a comment\n\n{line}\n"
    with pytest.raises(InvalidSettingError, match="a test: key 2") as caught:
        parse_keyring(text.encode(), "a test")
    assert (line.partition(" ")[2] or "?") not in str(caught.value)


def test_two_signing_keys_are_refused() -> None:
    line = f"signing {base64.b64encode(secrets.token_bytes(32)).decode()}\n"
    with pytest.raises(InvalidSettingError, match="key 2"):
        parse_keyring(2 * line.encode(), "a test")


def test_what_editors_make_of_a_file_is_read_or_refused() -> None:
    keys = new_keyring()
    text = keys.dump()
    for same in (b"\xef\xbb\xbf" + text.encode(), text.replace("\n", "\r\n").encode(), text.rstrip().encode()):
        assert parse_keyring(same, "a test") == keys
    line = f"signing {base64.b64encode(secrets.token_bytes(32)).decode()}"
    mistaken = (line.upper().replace("SIGNING", "SIGNED"), line.replace(" ", ": "), f'"{line}"', line.replace(" ", "="))
    for other in (text.encode("utf-16"), line.encode("utf-16"), *(one.encode() for one in mistaken)):
        with pytest.raises(InvalidSettingError, match="a test is not usable: a line is one of signing"):
            parse_keyring(other, "a test")


def test_a_file_that_was_cut_off_after_its_comment_has_no_key() -> None:
    comment = new_keyring().dump().partition("\n")[0]
    for left in (comment, comment[:40], "\n", ""):
        with pytest.raises(InvalidSettingError, match="a test has no key"):
            parse_keyring(left.encode(), "a test")


def test_a_second_key_of_a_kind_is_refused() -> None:
    text = new_keyring().dump()
    for kind in ("webhooks", "internal"):
        with pytest.raises(InvalidSettingError, match=f"'{kind}'"):
            parse_keyring(f"{text}{kind} {secrets.token_hex(32)}\n".encode(), "a test")


@pytest.mark.parametrize("key", [b"", b"x", b"a" * 16])
def test_an_hmac_key_that_everybody_knows_is_refused(key: bytes) -> None:
    line = b"hmac " + TODAY.isoformat().encode() + b" " + key
    with pytest.raises(InvalidSettingError, match="The key in a test has"):
        parse_keyring(line, "a test")


@pytest.mark.parametrize(
    "key", [bytes(range(120, 152)), b"first half of a key\nsecond half of a key", b"# a comment? no"]
)
def test_any_key_of_before_outlives_a_rotation(key: bytes) -> None:
    kept = parse_keyring(replace(new_keyring(), hmac_key=key + b".").dump().encode(), "a test")
    assert kept.hmac_key == key + b"."


def test_a_weak_key_in_a_line_is_refused() -> None:
    line = f"signing {base64.b64encode(bytes(32)).decode()}\n"
    with pytest.raises(InvalidSettingError, match="all bytes equal"):
        parse_keyring(line.encode(), "a test")


def test_public_keys_are_a_list_with_commas() -> None:
    keys = [public_key(secrets.token_bytes(32)) for _ in range(2)]
    text = ", ".join(base64.b64encode(key).decode() for key in keys)
    assert parse_public_keys(text, "a test") == keys
    with pytest.raises(InvalidSettingError, match="public keys in Base64"):
        parse_public_keys(text[:-5], "a test")
