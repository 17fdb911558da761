"""A function with a key that is missing or weak does not start on Lambda, and says which."""

import pytest

from core.errors import InvalidSettingError
from functions.lambda_start import start
from tests.support.process_state import process_environment

GOOD = f"{'A' * 43}="  # some public key


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        ({}, "Set REGATTA_VERIFYING_KEYS"),
        ({"REGATTA_SIGNING_KEY": "a" * 32}, "REGATTA_SIGNING_KEY has all bytes equal"),
        ({"REGATTA_VERIFYING_KEYS": GOOD, "REGATTA_INTERNAL_KEY": "ab" * 20}, "REGATTA_INTERNAL_KEY has 2 different"),
        ({"REGATTA_VERIFYING_KEYS": "AAAA"}, "REGATTA_VERIFYING_KEYS is not usable"),
    ],
)
def test_a_missing_or_weak_key_stops_the_start(variables: dict[str, str], reason: str) -> None:
    with (
        process_environment({**variables, "AWS_LAMBDA_FUNCTION_NAME": "f"}),
        pytest.raises(InvalidSettingError, match=reason),
    ):
        start()


@pytest.mark.parametrize(
    "variables",
    [
        {"REGATTA_VERIFYING_KEYS": GOOD},
        # Nobody is asked for it: it was looked at when the stack was created.
        {"REGATTA_SIGNING_KEY_SECRET": "arn:aws:secretsmanager:eu-central-1:1:secret:key"},
    ],
)
def test_the_keys_of_the_template_are_enough(variables: dict[str, str]) -> None:
    with process_environment({**variables, "AWS_LAMBDA_FUNCTION_NAME": "f"}):
        start()


def test_elsewhere_a_module_is_loaded_without_keys() -> None:
    with process_environment({}):
        start()
