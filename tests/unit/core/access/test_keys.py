"""How API keys are written and compared."""

import pytest

from core.access.caller import KEY_PREFIX
from core.access.keys import KEY, KEY_CHARACTERS, digest, id_of, is_key, new_key


def test_a_new_key_is_written_as_one_and_is_the_key_of_its_digest() -> None:
    made = new_key()
    assert KEY.fullmatch(made.text)
    assert len(made.text) == KEY_CHARACTERS
    assert id_of(made.text) == made.key_id
    assert is_key(made.text, made.digest)


def test_no_two_keys_are_alike() -> None:
    made = [new_key() for _ in range(50)]
    assert len({key.key_id for key in made}) == len({key.text for key in made}) == 50


def test_what_is_stored_does_not_tell_the_key() -> None:
    made = new_key()
    assert made.text not in repr(made)
    assert made.digest not in made.text
    assert made.digest == digest(made.text)


@pytest.mark.parametrize("place", [4, 20, -20, -1])
def test_a_mistyped_key_is_none(place: int) -> None:
    text = new_key().text
    other = "a" if text[place] != "a" else "b"
    end = "" if place == -1 else text[place + 1 :]
    assert id_of(text[:place] + other + end) is None


@pytest.mark.parametrize("text", ["", KEY_PREFIX, "rgt_a_b", "x" * KEY_CHARACTERS, "rgt_" + "a" * 71 + "\n"])
def test_another_text_is_no_key(text: str) -> None:
    assert id_of(text) is None


def test_a_key_in_capital_letters_is_another_text() -> None:
    assert id_of(new_key().text.upper()) is None
