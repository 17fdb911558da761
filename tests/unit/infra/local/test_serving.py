"""What is said of an address that a server takes."""

import pytest

from core.errors import InvalidSettingError
from core.settings import Settings
from infra.local.serving import ServingError, check, exposure
from tests.support.process_state import process_environment

EVERYWHERE = ["0.0.0.0", "::", "10.1.2.3"]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.0.0.9"])
def test_this_machine_alone_needs_no_warning(host: str) -> None:
    assert exposure(Settings(), host, 8000) is None


@pytest.mark.parametrize("host", EVERYWHERE)
def test_an_address_that_others_reach_is_refused_without_authentication(host: str) -> None:
    with pytest.raises(ServingError, match=r"nobody is authenticated.*REGATTA_AUTH=keys.*REGATTA_AUTH=none-i-know"):
        exposure(Settings(), host, 8000)


@pytest.mark.parametrize("host", EVERYWHERE)
def test_who_insists_is_warned(host: str) -> None:
    warning = exposure(Settings(auth="none-i-know"), host, 8000)
    assert warning is not None
    assert "nobody is authenticated" in warning


@pytest.mark.parametrize("auth", ["keys", "oidc", "keys,oidc"])
def test_who_asks_for_keys_or_tokens_may_serve_everywhere(auth: str) -> None:
    chosen = Settings(auth=auth, oidc_issuer="https://issuer.example", oidc_audience="regatta")
    assert exposure(chosen, "0.0.0.0", 8000) is None


@pytest.mark.parametrize("auth", ["iam", "oidc", "keys,oidc"])
def test_authentication_that_cannot_work_is_refused(auth: str) -> None:
    with pytest.raises(ServingError, match="REGATTA_AUTH"):
        exposure(Settings(auth=auth), "127.0.0.1", 8000)


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        ({}, "REGATTA_SIGNING_KEY_FILE"),
        ({"REGATTA_SIGNING_KEY": "a" * 16}, "REGATTA_SIGNING_KEY has all bytes equal"),
        ({"REGATTA_VERIFYING_KEYS": "AAAA"}, "REGATTA_VERIFYING_KEYS is not usable"),
    ],
)
def test_a_server_with_a_missing_or_weak_key_does_not_start(variables: dict[str, str], reason: str) -> None:
    with process_environment(variables), pytest.raises((ServingError, InvalidSettingError), match=reason):
        check(Settings())
