"""What is said of an address that a server takes."""

import pytest

from core.settings import Settings
from infra.local.serving import ServingError, exposure

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
